"""CloudWatch's operations, where moto's own do something else."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.emulator.conftest import ACCOUNT, REGION, client_of
from tests.emulator.shown import refusal, shows, unique

SETTINGS: dict[str, Any] = {
    "Namespace": "Operations",
    "MetricName": "m",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanThreshold",
}
BODY = json.dumps({"widgets": [{"type": "text", "properties": {"markdown": "x"}}]})

cloudwatch = client_of("cloudwatch")


@pytest.fixture
def alarm(cloudwatch: Any) -> str:
    name = unique("alarm")
    tags = [{"Key": "a", "Value": "1"}]
    cloudwatch.put_metric_alarm(AlarmName=name, **SETTINGS, Tags=tags)
    return name


def read(cloudwatch: Any, name: str) -> Any:
    (found,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return found


def arn_of(name: str) -> str:
    return f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}"


@shows("cloudwatch:PutMetricAlarm", "cloudwatch:DescribeAlarms", "cloudwatch:DeleteAlarms")
def test_an_alarm_is_replaced_as_a_whole(cloudwatch: Any, alarm: str) -> None:
    made = read(cloudwatch, alarm)
    assert (made["AlarmArn"], made["StateValue"]) == (arn_of(alarm), "INSUFFICIENT_DATA")
    assert (made["ActionsEnabled"], made["AlarmActions"]) == (True, [])
    cloudwatch.put_metric_alarm(
        AlarmName=alarm, **SETTINGS | {"Threshold": 5.0}, AlarmDescription="d", AlarmActions=[]
    )
    assert read(cloudwatch, alarm)["Threshold"] == 5.0
    cloudwatch.put_metric_alarm(AlarmName=alarm, **SETTINGS)
    assert "AlarmDescription" not in read(cloudwatch, alarm)
    tags = cloudwatch.list_tags_for_resource(ResourceARN=arn_of(alarm))["Tags"]
    assert tags == [{"Key": "a", "Value": "1"}]
    found = cloudwatch.describe_alarms(AlarmNamePrefix=alarm)["MetricAlarms"]
    assert [one["AlarmName"] for one in found] == [alarm]
    cloudwatch.delete_alarms(AlarmNames=[alarm])
    cloudwatch.delete_alarms(AlarmNames=[alarm])  # says nothing of an alarm that is gone
    assert cloudwatch.describe_alarms(AlarmNames=[alarm])["MetricAlarms"] == []


@pytest.mark.parametrize(
    "bad",
    [
        {"Period": 45},
        {"EvaluationPeriods": 10, "Period": 86_400 * 2},
        {"DatapointsToAlarm": 2},
        {"ExtendedStatistic": "p99"},
        {"TreatMissingData": "nonsense"},
    ],
)
def test_an_alarm_that_could_not_be_evaluated_is_refused(
    cloudwatch: Any, bad: dict[str, Any]
) -> None:
    refused = refusal(cloudwatch.put_metric_alarm, AlarmName=unique(), **SETTINGS | bad)
    assert refused[0] == 400
    assert refused[1] in {"ValidationError", "InvalidParameterCombination", "InvalidParameterValue"}


@shows(
    "cloudwatch:SetAlarmState", "cloudwatch:DisableAlarmActions", "cloudwatch:EnableAlarmActions"
)
def test_an_alarms_state_and_actions(cloudwatch: Any, alarm: str) -> None:
    cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="tried")
    found = read(cloudwatch, alarm)
    assert (found["StateValue"], found["StateReason"]) == ("ALARM", "tried")
    cloudwatch.disable_alarm_actions(AlarmNames=[alarm])
    assert read(cloudwatch, alarm)["ActionsEnabled"] is False
    cloudwatch.enable_alarm_actions(AlarmNames=[alarm])
    assert read(cloudwatch, alarm)["ActionsEnabled"] is True
    state = {"AlarmName": "none", "StateValue": "OK", "StateReason": "x"}
    assert refusal(cloudwatch.set_alarm_state, **state)[:2] == (404, "ResourceNotFound")


@shows(
    "cloudwatch:PutDashboard", "cloudwatch:GetDashboard", "cloudwatch:DeleteDashboards",
    "cloudwatch:ListDashboards",
)  # fmt: skip
def test_a_dashboard_is_kept_as_it_is_put(cloudwatch: Any) -> None:
    name = unique("board")
    cloudwatch.put_dashboard(DashboardName=name, DashboardBody=BODY)
    found = cloudwatch.get_dashboard(DashboardName=name)
    assert json.loads(found["DashboardBody"]) == json.loads(BODY)
    assert found["DashboardArn"] == f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/{name}"
    listed = cloudwatch.list_dashboards(DashboardNamePrefix=name)["DashboardEntries"]
    assert [one["DashboardName"] for one in listed] == [name]
    for bad in ("{", '{"widgets": 1}'):
        refused = refusal(cloudwatch.put_dashboard, DashboardName=name, DashboardBody=bad)
        assert refused[:2] == (400, "InvalidParameterInput")
    cloudwatch.delete_dashboards(DashboardNames=[name])
    gone = (404, "ResourceNotFound", f"Dashboard {name} does not exist")
    assert refusal(cloudwatch.get_dashboard, DashboardName=name) == gone
    assert refusal(cloudwatch.delete_dashboards, DashboardNames=[name])[:2] == gone[:2]


@shows("cloudwatch:TagResource", "cloudwatch:UntagResource", "cloudwatch:ListTagsForResource")
def test_alarms_have_tags(cloudwatch: Any, alarm: str) -> None:
    arn = arn_of(alarm)
    cloudwatch.tag_resource(ResourceARN=arn, Tags=[{"Key": "b", "Value": "2"}])
    cloudwatch.untag_resource(ResourceARN=arn, TagKeys=["a"])
    read_back = cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"]
    assert read_back == [{"Key": "b", "Value": "2"}]
    cloudwatch.delete_alarms(AlarmNames=[alarm])
    gone = refusal(cloudwatch.list_tags_for_resource, ResourceARN=arn)
    assert gone[:2] == (404, "ResourceNotFoundException")
    cloudwatch.put_metric_alarm(AlarmName=alarm, **SETTINGS)
    assert cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"] == []


@shows(
    "cloudwatch:PutMetricData", "cloudwatch:ListMetrics", "cloudwatch:GetMetricStatistics",
    "cloudwatch:GetMetricData",
)  # fmt: skip
def test_metrics_are_counted(cloudwatch: Any) -> None:
    name, now = unique("metric"), datetime.now(UTC)
    pair = {"Name": "d", "Value": "x"}
    for value in (1.0, 3.0):
        datum = {"MetricName": name, "Dimensions": [pair], "Value": value, "Unit": "Count"}
        cloudwatch.put_metric_data(Namespace="Operations", MetricData=[datum])
    (metric,) = cloudwatch.list_metrics(Namespace="Operations", MetricName=name)["Metrics"]
    assert metric["Dimensions"] == [pair]
    times = {"StartTime": now - timedelta(minutes=5), "EndTime": now + timedelta(minutes=5)}
    of = {"Namespace": "Operations", "MetricName": name, "Dimensions": [pair]}
    (point,) = cloudwatch.get_metric_statistics(
        **of,
        **times,
        Period=600,
        Statistics=["Sum", "Average", "Minimum", "Maximum", "SampleCount"],
    )["Datapoints"]
    assert (point["Sum"], point["Average"], point["Minimum"], point["Maximum"]) == (4, 2, 1, 3)
    assert point["SampleCount"] == 2
    query = {"Id": "q", "MetricStat": {"Metric": of, "Period": 600, "Stat": "Sum"}}
    answer = cloudwatch.get_metric_data(MetricDataQueries=[query], **times)
    assert answer["MetricDataResults"][0]["Values"] == [4.0]
    bad = {"Id": "q", "Expression": "m1 * 2"}
    refused = refusal(cloudwatch.get_metric_data, MetricDataQueries=[bad], **times)
    assert refused[0] in {400, 501}
