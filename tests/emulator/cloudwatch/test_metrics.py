"""What the local CloudWatch counts: embedded metrics, log groups, metric filters, services."""

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from emulator.account import Account
from emulator.cloudwatch import metrics as module
from emulator.cloudwatch.metrics import Metrics, compiled
from tests.emulator.conftest import ACCOUNT, REGION, Emulator

ROLE = "arn:aws:iam::111122223333:role/deploy"
FILTER = (
    '{ ($.eventSource = "iam.amazonaws.com") && ($.readOnly IS FALSE) && '
    '(($.requestParameters.policyArn = "*:policy/chat-*") || '
    '($.requestParameters.roleName = "chat-*")) && '
    "(($.userIdentity.sessionContext.sessionIssuer.arn NOT EXISTS) || "
    f'(($.userIdentity.sessionContext.sessionIssuer.arn != "{ROLE}"))) }}'
)


def record(role: str | None = None, **changes: Any) -> dict[str, Any]:
    issuer = {"sessionContext": {"sessionIssuer": {"arn": role}}} if role else {}
    made = {
        "eventSource": "iam.amazonaws.com",
        "readOnly": False,
        "requestParameters": {"roleName": "chat-execution"},
        "userIdentity": issuer,
    }
    return made | changes


@pytest.fixture
def account(emulator: Emulator) -> Account:
    emulator.client("cloudwatch").list_metrics()  # the parts come with their first use
    return emulator.server.app.door.account


def stats(
    emulator: Emulator, namespace: str, name: str, dimensions: Mapping[str, str]
) -> list[tuple[float, float, float]]:
    """Return (count, sum, greatest) of each minute."""
    now = datetime.now(UTC)
    points = emulator.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": one, "Value": value} for one, value in dimensions.items()],
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=1),
        Period=600,
        Statistics=["SampleCount", "Sum", "Maximum"],
    )["Datapoints"]
    return [(one["SampleCount"], one["Sum"], one["Maximum"]) for one in points]


def test_values_of_a_series_add_up_in_one_datum(emulator: Emulator, account: Account) -> None:
    generation = account.generation
    for value in (3.0, 1.0, 2.0):
        account.metrics.add("M/Sum", "Took", {"Of": "it", "In": "here"}, value, "Milliseconds")
    account.metrics.add("M/Sum", "Took", {"Of": "other", "In": "here"}, 9.0)
    assert stats(emulator, "M/Sum", "Took", {"Of": "it", "In": "here"}) == [(3, 6, 3)]
    both = [("Took", 4.0, "Milliseconds"), ("Took", 5.0, "Milliseconds")]
    account.metrics.add_all("M/Sum", {"In": "here", "Of": "it"}, both)
    assert stats(emulator, "M/Sum", "Took", {"Of": "it", "In": "here"}) == [(5, 15, 5)]
    listed = emulator.client("cloudwatch").list_metrics(Namespace="M/Sum")["Metrics"]
    assert len(listed) == 2
    assert account.generation == generation, "a metric is no change of the configuration"


def test_memory_is_bounded_and_the_newest_stay(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_DATA", 40)
    metrics = Metrics(ACCOUNT, REGION)
    for number in range(100):
        metrics.add("M/Bound", f"N{number}", {})
    client = emulator.client("cloudwatch")
    names = {one["MetricName"] for one in client.list_metrics(Namespace="M/Bound")["Metrics"]}
    assert len(names) <= 40
    assert "N99" in names
    assert "N0" not in names


def test_log_lines_become_metrics(emulator: Emulator, account: Account) -> None:
    emulator.client("logs").create_log_group(logGroupName="/m/embedded")
    line = {
        "_aws": {
            "Timestamp": int(time.time() * 1000),
            "CloudWatchMetrics": [
                {
                    "Namespace": "M/Embedded",
                    "Dimensions": [["service"]],
                    "Metrics": [{"Name": "Requests", "Unit": "Count"}, {"Name": "Tokens"}],
                }
            ],
        },
        "service": "chat",
        "Requests": [1.0],
        "Tokens": 7,
        "message": "not a metric",
    }
    for message in (json.dumps(line), json.dumps(line), "no JSON at all", '{"_aws": broken'):
        account.logs.put("/m/embedded", "s", message)
    account.logs.flush()
    assert stats(emulator, "M/Embedded", "Requests", {"service": "chat"}) == [(2, 2, 1)]
    assert stats(emulator, "M/Embedded", "Tokens", {"service": "chat"}) == [(2, 14, 7)]
    assert stats(emulator, "AWS/Logs", "IncomingLogEvents", {"LogGroupName": "/m/embedded"}) == [
        (4, 4, 1)
    ]


def test_a_metric_filter_counts_what_it_matches(emulator: Emulator, account: Account) -> None:
    logs = emulator.client("logs")
    for group in ("/m/filtered", "/m/unfiltered"):
        logs.create_log_group(logGroupName=group)
    logs.put_metric_filter(
        logGroupName="/m/filtered",
        filterName="identity",
        filterPattern=FILTER,
        metricTransformations=[
            {"metricName": "Changes", "metricNamespace": "M/Filter", "metricValue": "1"}
        ],
    )
    for message in (record(), record(readOnly=True), record(ROLE)):
        account.logs.put("/m/filtered", "s", json.dumps(message))
        account.logs.put("/m/unfiltered", "s", json.dumps(message))
    account.logs.put("/m/filtered", "s", "no JSON")
    account.logs.flush()
    assert stats(emulator, "M/Filter", "Changes", {}) == [(1, 1, 1)]


def test_what_cannot_be_counted_costs_no_log_event(emulator: Emulator, account: Account) -> None:
    logs = emulator.client("logs")
    for group in ("/m/odd", "/m/even"):
        logs.create_log_group(logGroupName=group)
    for name, pattern, value in (
        ("words", "ERROR", "1"),
        ("field", "{ $.took IS TRUE }", "$.seconds"),
        ("text", "{ $.took IS TRUE }", "many"),
    ):
        logs.put_metric_filter(
            logGroupName="/m/odd",
            filterName=name,
            filterPattern=pattern,
            metricTransformations=[
                {"metricName": name, "metricNamespace": "M/Odd", "metricValue": value}
            ],
        )
    lines = [
        '{"_aws": 5}',
        '{"_aws": {"CloudWatchMetrics": 5}}',
        '{"_aws": {"CloudWatchMetrics": [{"Metrics": [{"Name": "a"}]}], "a": 1}, "a": 1}',
        '{"_aws": {"CloudWatchMetrics": [{"Dimensions": [[[]]]}]}}',
        '{"took": true, "seconds": 2.5}',
        '{"took": true, "seconds": "2.5"}',
    ]
    for line in lines:
        account.logs.put("/m/odd", "s", line)
        account.logs.put("/m/even", "s", line)
    account.logs.flush()
    for group in ("/m/odd", "/m/even"):
        events = logs.get_log_events(logGroupName=group, logStreamName="s")["events"]
        assert [event["message"] for event in events] == lines
        dimensions = {"LogGroupName": group}
        assert stats(emulator, "AWS/Logs", "IncomingLogEvents", dimensions) == [(6, 6, 1)]
    assert stats(emulator, "M/Odd", "field", {}) == [(1, 2.5, 2.5)]
    met = [each["text"] for each in account.approximations.listed()]
    assert "the metric filter words of /m/odd counts nothing: its pattern is not known here" in met


@pytest.mark.parametrize(
    ("event", "matches"),
    [
        (record(), True),
        (record("arn:aws:iam::111122223333:role/other"), True),
        (record(ROLE), False),
        (record(readOnly=True), False),
        (record(eventSource="sts.amazonaws.com"), False),
        (record(requestParameters={"roleName": "other"}), False),
        (record(requestParameters=None), False),
        (record(requestParameters={"policyArn": "arn:aws:iam::1:policy/chat-deny"}), True),
    ],
)
def test_filters_understand_the_applied_syntax(event: dict[str, Any], matches: bool) -> None:
    assert compiled(FILTER)(event) is matches


@pytest.mark.parametrize("pattern", ["", "ERROR", "{ $.a > 3 }", '{ $.a = "b" ', "{ $.a IS GONE }"])
def test_a_filter_that_is_not_understood_says_so(pattern: str) -> None:
    with pytest.raises(ValueError, match="metric filter"):
        compiled(pattern)
