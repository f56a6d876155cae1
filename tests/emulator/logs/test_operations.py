"""CloudWatch Logs' operations, where moto's own do something else."""

import json
import time
from typing import Any

import pytest

from emulator.logs.filter_patterns import compile_filter
from tests.emulator.conftest import ACCOUNT, REGION, Aws, client_of
from tests.emulator.shown import allow, document, refusal, shows, unique

NO_GROUP = (400, "ResourceNotFoundException", "The specified log group does not exist.")
NO_STREAM = (400, "ResourceNotFoundException", "The specified log stream does not exist.")

logs = client_of("logs")


@pytest.fixture
def group(logs: Any) -> str:
    name = unique("/operations")
    logs.create_log_group(logGroupName=name, tags={"a": "1"})
    return name


def arn_of(group: str) -> str:
    return f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}"


def described(logs: Any, group: str) -> Any:
    (found,) = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    return found


METRIC = {"metricName": "m", "metricNamespace": "n", "metricValue": "1"}


def put_filter(logs: Any, group: str, name: str = "f", **more: Any) -> None:
    settings: dict[str, Any] = {
        "filterPattern": '{$.message = "test"}',
        "metricTransformations": [METRIC],
    }
    logs.put_metric_filter(logGroupName=group, filterName=name, **settings | more)


@shows("logs:CreateLogGroup", "logs:DescribeLogGroups")
def test_a_group_is_made_once_and_described_whole(logs: Any, group: str) -> None:
    assert refusal(logs.create_log_group, logGroupName=group) == (
        400, "ResourceAlreadyExistsException", "The specified log group already exists",
    )  # fmt: skip
    found = described(logs, group)
    assert (found["arn"], found["logGroupArn"]) == (f"{arn_of(group)}:*", arn_of(group))
    assert found["logGroupClass"] == "STANDARD"
    assert (found["metricFilterCount"], found["storedBytes"]) == (0, 0)
    assert found["deletionProtectionEnabled"] is False
    assert "retentionInDays" not in found
    by_pattern = logs.describe_log_groups(logGroupNamePattern=group[5:].upper())["logGroups"]
    assert [one["logGroupName"] for one in by_pattern] == [group]
    kind = {"logGroupNamePrefix": group, "logGroupClass": "INFREQUENT_ACCESS"}
    assert logs.describe_log_groups(**kind)["logGroups"] == []
    both = {"logGroupNamePrefix": "a", "logGroupNamePattern": "a"}
    assert refusal(logs.describe_log_groups, **both)[1] == "InvalidParameterException"


@shows("logs:DeleteLogGroup", "logs:ListTagsForResource", "logs:DescribeMetricFilters")
def test_a_group_takes_all_that_is_in_it_along(logs: Any, group: str) -> None:
    put_filter(logs, group)
    assert described(logs, group)["metricFilterCount"] == 1
    logs.delete_log_group(logGroupName=group)
    assert refusal(logs.delete_log_group, logGroupName=group) == NO_GROUP
    assert refusal(logs.describe_metric_filters, logGroupName=group) == NO_GROUP
    gone = refusal(logs.list_tags_for_resource, resourceArn=arn_of(group))
    assert gone[1] == "ResourceNotFoundException"
    logs.create_log_group(logGroupName=group)
    assert logs.describe_metric_filters(logGroupName=group)["metricFilters"] == []
    assert logs.list_tags_for_resource(resourceArn=arn_of(group))["tags"] == {}


def test_a_group_has_at_most_a_hundred_metric_filters(logs: Any, group: str) -> None:
    for number in range(100):
        put_filter(logs, group, f"f{number}")
    assert refusal(put_filter, logs, group, "one more")[1] == "InvalidParameterException"
    put_filter(logs, group, "f0")  # which is there


@shows("logs:TagResource", "logs:UntagResource")
def test_only_what_there_is_has_tags(logs: Any, group: str) -> None:
    logs.tag_resource(resourceArn=arn_of(group), tags={"b": "2"})
    logs.untag_resource(resourceArn=arn_of(group), tagKeys=["a"])
    assert logs.list_tags_for_resource(resourceArn=arn_of(group))["tags"] == {"b": "2"}
    absent = {"resourceArn": arn_of("none"), "tags": {"b": "2"}}
    assert refusal(logs.tag_resource, **absent)[1] == "ResourceNotFoundException"


@shows("logs:PutRetentionPolicy", "logs:DeleteRetentionPolicy")
def test_retention_is_one_of_awss_numbers_of_days(logs: Any, group: str) -> None:
    logs.put_retention_policy(logGroupName=group, retentionInDays=30)
    assert described(logs, group)["retentionInDays"] == 30
    status, code, message = refusal(
        logs.put_retention_policy, logGroupName=group, retentionInDays=31
    )
    assert (status, code) == (400, "InvalidParameterException")
    assert "'31' at 'retentionInDays'" in message
    logs.delete_retention_policy(logGroupName=group)
    assert "retentionInDays" not in described(logs, group)
    assert refusal(logs.delete_retention_policy, logGroupName="none") == NO_GROUP


def key_for(aws: Aws, service: str) -> str:
    """Make a key that a service may use for one log group's context, whatever its name."""
    statements = [
        allow("kms:*", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}),
        allow(
            ["kms:Encrypt*", "kms:Decrypt*", "kms:GenerateDataKey*"],
            Principal={"Service": service},
            Condition={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": arn_of("/operations*")}},
        ),
    ]
    return str(aws("kms").create_key(Policy=document(*statements))["KeyMetadata"]["Arn"])


@shows("logs:AssociateKmsKey", "logs:DisassociateKmsKey")
def test_a_group_gets_a_key_that_the_service_may_use(aws: Aws, logs: Any, group: str) -> None:
    key = key_for(aws, f"logs.{REGION}.amazonaws.com")
    logs.associate_kms_key(logGroupName=group, kmsKeyId=key)
    assert described(logs, group)["kmsKeyId"] == key
    logs.disassociate_kms_key(resourceIdentifier=arn_of(group))
    assert "kmsKeyId" not in described(logs, group)
    other = unique("/operations")
    logs.create_log_group(logGroupName=other, kmsKeyId=key)
    assert described(logs, other)["kmsKeyId"] == key
    closed, foreign = key_for(aws, "sns.amazonaws.com"), unique("/elsewhere")
    for attempt in (
        refusal(logs.associate_kms_key, logGroupName=group, kmsKeyId=closed),
        refusal(logs.create_log_group, logGroupName=foreign, kmsKeyId=key),
        refusal(logs.associate_kms_key, logGroupName=group, kmsKeyId=key[:-4] + "0000"),
    ):
        assert attempt[1] == "AccessDeniedException"
        assert attempt[2].startswith("The specified KMS key does not exist or is not allowed")
    assert "kmsKeyId" not in described(logs, group)
    assert refusal(logs.associate_kms_key, logGroupName="/operations", kmsKeyId=key) == NO_GROUP
    assert refusal(logs.disassociate_kms_key)[1] == "InvalidParameterException"


@shows("logs:PutMetricFilter", "logs:DeleteMetricFilter")
def test_a_metric_filter_of_the_same_name_is_replaced(logs: Any, group: str) -> None:
    put_filter(logs, group, metricTransformations=[METRIC | {"defaultValue": 0}])
    (read,) = logs.describe_metric_filters(logGroupName=group)["metricFilters"]
    assert read["metricTransformations"] == [METRIC | {"defaultValue": 0.0}]
    assert read["filterPattern"] == '{$.message = "test"}'
    assert read["applyOnTransformedLogs"] is False
    put_filter(logs, group, filterPattern="{ $.code = 1 }")
    put_filter(logs, group, "g")
    read = logs.describe_metric_filters(logGroupName=group)["metricFilters"]
    patterns = {one["filterName"]: one["filterPattern"][:6] for one in read}
    assert patterns == {"f": "{ $.co", "g": "{$.mes"}
    page = logs.describe_metric_filters(logGroupName=group, limit=1)
    assert [one["filterName"] for one in page["metricFilters"]] == ["f"]
    page = logs.describe_metric_filters(logGroupName=group, nextToken=page["nextToken"])
    assert [one["filterName"] for one in page["metricFilters"]] == ["g"]
    assert "nextToken" not in page
    logs.delete_metric_filter(logGroupName=group, filterName="f")
    refused = refusal(logs.delete_metric_filter, logGroupName=group, filterName="f")
    assert refused == (400, NO_GROUP[1], "The specified metric filter does not exist.")


@pytest.mark.parametrize(
    "bad",
    [
        {"filterPattern": "{ $.a = 1"},
        {"metricTransformations": [METRIC | {"dimensions": {"a": "$.a"}, "defaultValue": 0}]},
    ],
)
def test_a_metric_filter_that_could_not_work_is_refused(
    logs: Any, group: str, bad: dict[str, Any]
) -> None:
    settings = {"filterPattern": "x", "metricTransformations": [METRIC]} | bad
    at = {"logGroupName": group, "filterName": "f"}
    assert refusal(logs.put_metric_filter, **at, **settings)[1] == "InvalidParameterException"
    at["logGroupName"] = "none"
    good = {"filterPattern": "x", "metricTransformations": [METRIC]}
    assert refusal(logs.put_metric_filter, **at, **good) == NO_GROUP


@shows(
    "logs:PutDataProtectionPolicy",
    "logs:GetDataProtectionPolicy",
    "logs:DeleteDataProtectionPolicy",
)
def test_a_data_protection_policy_is_kept(logs: Any, group: str) -> None:
    policy = json.dumps({"Name": "p", "Version": "2021-06-01", "Statement": []})
    logs.put_data_protection_policy(logGroupIdentifier=group, policyDocument=policy)
    read = logs.get_data_protection_policy(logGroupIdentifier=arn_of(group))
    assert read["policyDocument"] == policy
    logs.delete_data_protection_policy(logGroupIdentifier=group)
    assert "policyDocument" not in logs.get_data_protection_policy(logGroupIdentifier=group)
    assert refusal(logs.get_data_protection_policy, logGroupIdentifier="none") == NO_GROUP


@shows("logs:PutResourcePolicy", "logs:DescribeResourcePolicies", "logs:DeleteResourcePolicy")
def test_a_region_has_ten_resource_policies(aws: Aws) -> None:
    logs = aws("logs", region="eu-west-3")
    names = [unique("policy") for _ in range(10)]
    for name in names:
        logs.put_resource_policy(policyName=name, policyDocument=document())
    one_more = {"policyName": unique("policy"), "policyDocument": document()}
    assert refusal(logs.put_resource_policy, **one_more) == (
        400, "LimitExceededException", "Resource limit exceeded.",
    )  # fmt: skip
    logs.put_resource_policy(policyName=names[0], policyDocument=document())
    assert len(logs.describe_resource_policies()["resourcePolicies"]) == 10
    for name in names:
        logs.delete_resource_policy(policyName=name)
    assert refusal(logs.delete_resource_policy, policyName="none") == (
        400, "ResourceNotFoundException", "Policy with name [none] does not exist.",
    )  # fmt: skip


@shows(
    "logs:CreateLogStream", "logs:DeleteLogStream", "logs:DescribeLogStreams",
    "logs:PutLogEvents", "logs:GetLogEvents",
)  # fmt: skip
def test_streams_and_their_events(logs: Any, group: str) -> None:
    at = {"logGroupName": group, "logStreamName": "s"}
    logs.create_log_stream(**at)
    assert refusal(logs.create_log_stream, **at) == (
        400, "ResourceAlreadyExistsException", "The specified log stream already exists",
    )  # fmt: skip
    now = int(time.time() * 1000)
    events = [{"timestamp": now + i, "message": f"line {i}"} for i in range(3)]
    logs.put_log_events(**at, logEvents=events)
    read = logs.get_log_events(**at, startFromHead=True, limit=2)
    assert [one["message"] for one in read["events"]] == ["line 0", "line 1"]
    read = logs.get_log_events(**at, startFromHead=True, nextToken=read["nextForwardToken"])
    assert [one["message"] for one in read["events"]] == ["line 2"]
    (stream,) = logs.describe_log_streams(logGroupName=group)["logStreams"]
    assert (stream["logStreamName"], stream["firstEventTimestamp"]) == ("s", now)
    none = at | {"logStreamName": "none"}
    assert refusal(logs.get_log_events, **none) == NO_STREAM
    assert refusal(logs.delete_log_stream, **none) == NO_STREAM
    assert refusal(logs.put_log_events, **none, logEvents=events) == NO_STREAM
    backwards = [*events[1:], events[0]]
    assert refusal(logs.put_log_events, **at, logEvents=backwards)[1] == "InvalidParameterException"
    logs.delete_log_stream(**at)
    assert logs.describe_log_streams(logGroupName=group)["logStreams"] == []


@shows("logs:FilterLogEvents")
def test_events_are_filtered_by_pattern_stream_and_time(logs: Any, group: str) -> None:
    now = int(time.time() * 1000)
    lines = {
        "a-1": ['{"level": "ERROR", "status": 500}', "plain ERROR text"],
        "a-2": ['{"level": "INFO", "status": 200}'],
        "b-1": ["nothing"],
    }
    for at, (stream, messages) in enumerate(lines.items()):
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
        events = [{"timestamp": now + 10 * i + at, "message": m} for i, m in enumerate(messages)]
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)

    def found(**options: Any) -> list[str]:
        options = {"logGroupName": group} | options
        return [one["message"][:12] for one in logs.filter_log_events(**options)["events"]]

    assert found() == ['{"level": "E', '{"level": "I', "nothing", "plain ERROR "]
    assert found(filterPattern='{ $.level = "ERROR" }') == ['{"level": "E']
    assert found(filterPattern="ERROR -plain") == ['{"level": "E']
    assert found(filterPattern='?nothing ?"ERROR text"') == ["nothing", "plain ERROR "]
    assert (found(logStreamNamePrefix="b"), found(logStreamNamePrefix="c")) == (["nothing"], [])
    assert found(logStreamNames=["a-2"]) == ['{"level": "I']
    assert found(startTime=now + 10) == ["plain ERROR "]
    page = logs.filter_log_events(logGroupName=group, limit=3)
    assert len(page["events"]) == 3
    assert found(nextToken=page["nextToken"]) == ["plain ERROR "]
    assert found(logGroupIdentifier=arn_of(group), logGroupName=group)
    assert refusal(logs.filter_log_events, logGroupName="none") == NO_GROUP
    none = {"logGroupName": group, "logStreamNames": ["none"]}
    assert refusal(logs.filter_log_events, **none) == NO_STREAM
    both = {"logGroupName": group, "logStreamNames": ["a-1"], "logStreamNamePrefix": "a"}
    assert refusal(logs.filter_log_events, **both)[1] == "InvalidParameterException"
    # What the emulator cannot evaluate is not answered with every event.
    unknown = {"logGroupName": group, "filterPattern": "[ip, user, status=5*]"}
    assert refusal(logs.filter_log_events, **unknown)[0] == 501


@pytest.mark.parametrize(
    ("pattern", "message", "matches"),
    [
        ("", "anything", True),
        ("ERROR", "an ERROR", True),
        ("ERROR", "an error", False),
        ('"an ERROR"', "an ERROR", True),
        ("one two", "two and one", True),
        ("one ?three", "one", True),
        ("?one ?two", "two", True),
        ("?one ?two", "three", False),
        ("one -two", "one two", False),
        ('{ $.a = "x*" && $.b != 1 }', '{"a": "xy", "b": 2}', True),
        ("{ $.a = 1 }", "no JSON", False),
        ("{ $.a = 1 }", "[1]", False),
    ],
)
def test_filter_patterns(pattern: str, message: str, *, matches: bool) -> None:
    assert compile_filter(pattern)(message) is matches


@pytest.mark.parametrize("pattern", ["[a, b]", "%re%", '"open', "a&b", "{ $.a LIKE 1 }"])
def test_unknown_filter_patterns_are_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        compile_filter(pattern)


def test_log_groups_tell_their_class(logs: Any) -> None:
    name = unique("/t/class")
    logs.create_log_group(logGroupName=name, logGroupClass="INFREQUENT_ACCESS")
    assert described(logs, name)["logGroupClass"] == "INFREQUENT_ACCESS"
