"""EventBridge's operations, where moto's own do something else."""

import json
from typing import Any

import pytest

from emulator.events.patterns import PatternError, compiled, matches
from tests.emulator.conftest import ACCOUNT, REGION, client_of
from tests.emulator.shown import refusal, shows, unique

TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"
PATTERN = json.dumps({"source": ["aws.iam"]})

events = client_of("events")


@pytest.fixture
def rule(events: Any) -> str:
    name = unique("rule")
    events.put_rule(Name=name, EventPattern=PATTERN, Tags=[{"Key": "a", "Value": "1"}])
    return name


def missing(name: str) -> tuple[int, str, str]:
    return 400, "ResourceNotFoundException", f"Rule {name} does not exist on EventBus default."


@shows("events:PutRule", "events:DescribeRule", "events:ListRules")
def test_a_rule_is_replaced_and_keeps_targets_and_tags(events: Any, rule: str) -> None:
    events.put_targets(Rule=rule, Targets=[{"Id": "t", "Arn": TOPIC}])
    events.disable_rule(Name=rule)
    new = json.dumps({"source": ["aws.kms"]})
    events.put_rule(Name=rule, EventPattern=new, Tags=[{"Key": "b", "Value": "2"}])
    read = events.describe_rule(Name=rule)
    assert (read["EventPattern"], read["State"]) == (new, "ENABLED")
    assert "Description" not in read
    assert [one["Id"] for one in events.list_targets_by_rule(Rule=rule)["Targets"]] == ["t"]
    assert events.list_tags_for_resource(ResourceARN=read["Arn"])["Tags"] == [
        {"Key": "a", "Value": "1"}
    ]
    assert [one["Name"] for one in events.list_rules(NamePrefix=rule)["Rules"]] == [rule]
    assert events.list_rules(NamePrefix=rule.replace("-", "."))["Rules"] == []
    assert refusal(events.describe_rule, Name="none") == missing("none")
    nothing = refusal(events.put_rule, Name="none")
    assert nothing[1] == "ValidationException"
    bad = refusal(events.put_rule, Name="none", EventPattern='{"source": []}')
    assert bad == (
        400, "InvalidEventPatternException",
        "Event pattern is not valid. Reason: Empty arrays are not allowed",
    )  # fmt: skip
    unknown = '{"source": [{"unknown": 1}]}'
    assert refusal(events.put_rule, Name="none", EventPattern=unknown)[1] == bad[1]


@shows("events:DeleteRule", "events:PutTargets", "events:RemoveTargets")
def test_a_rule_with_targets_is_not_deleted(events: Any, rule: str) -> None:
    events.put_targets(Rule=rule, Targets=[{"Id": "t", "Arn": TOPIC}])
    assert refusal(events.delete_rule, Name=rule) == (
        400, "ValidationException", "Rule can't be deleted since it has targets.",
    )  # fmt: skip
    events.remove_targets(Rule=rule, Ids=["t"])
    events.delete_rule(Name=rule)
    events.delete_rule(Name=rule)  # says nothing of a rule that is gone
    for attempt in (
        refusal(events.list_targets_by_rule, Rule=rule),
        refusal(events.put_targets, Rule=rule, Targets=[{"Id": "t", "Arn": TOPIC}]),
        refusal(events.remove_targets, Rule=rule, Ids=["t"]),
    ):
        assert attempt == missing(rule)


@shows("events:ListTargetsByRule")
def test_a_rule_has_five_targets(events: Any, rule: str) -> None:
    targets = [{"Id": str(at), "Arn": TOPIC} for at in range(6)]
    events.put_targets(Rule=rule, Targets=targets[:5])
    events.put_targets(Rule=rule, Targets=targets[:1])
    assert len(events.list_targets_by_rule(Rule=rule)["Targets"]) == 5
    refused = refusal(events.put_targets, Rule=rule, Targets=targets[5:])
    assert refused[1] == "LimitExceededException"


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ({"InputTransformer": {"InputPathsMap": {"a": "$.a"}, "InputTemplate": '"<a> <b>"'}},
         "InputTemplate for target t contains invalid placeholder b."),
        ({"Input": "{}", "InputPath": "$.a"},
         "Only one of Input, InputPath, or InputTransformer must be provided for target t."),
    ],
)  # fmt: skip
def test_a_target_that_could_not_be_notified_is_refused(
    events: Any, rule: str, target: dict[str, Any], says: str
) -> None:
    targets = [{"Id": "t", "Arn": TOPIC} | target]
    refused = refusal(events.put_targets, Rule=rule, Targets=targets)
    assert refused == (400, "ValidationException", says)
    assert events.list_targets_by_rule(Rule=rule)["Targets"] == []
    good = {"InputPathsMap": {"a": "$.a"}, "InputTemplate": '"<a> <aws.events.rule-arn>"'}
    targets = [{"Id": "t", "Arn": TOPIC, "InputTransformer": good}]
    events.put_targets(Rule=rule, Targets=targets)
    assert events.list_targets_by_rule(Rule=rule)["Targets"] == targets


@shows("events:EnableRule", "events:DisableRule")
def test_a_rule_is_turned_off_and_on(events: Any, rule: str) -> None:
    for change, state in ((events.disable_rule, "DISABLED"), (events.enable_rule, "ENABLED")):
        change(Name=rule)
        assert events.describe_rule(Name=rule)["State"] == state
        assert refusal(change, Name="none") == missing("none")


@shows("events:TagResource", "events:UntagResource", "events:ListTagsForResource")
def test_rules_have_tags(events: Any, rule: str) -> None:
    arn = events.describe_rule(Name=rule)["Arn"]
    events.tag_resource(ResourceARN=arn, Tags=[{"Key": "b", "Value": "2"}])
    events.untag_resource(ResourceARN=arn, TagKeys=["a"])
    read = events.list_tags_for_resource(ResourceARN=arn)["Tags"]
    assert read == [{"Key": "b", "Value": "2"}]
    events.delete_rule(Name=rule)
    gone = refusal(events.list_tags_for_resource, ResourceARN=arn)
    assert gone[1] == "ResourceNotFoundException"


EVENT = {
    "id": "1",
    "account": ACCOUNT,
    "source": "aws.iam",
    "time": "2026-11-27T00:00:00Z",
    "region": REGION,
    "resources": [],
    "detail-type": "AWS API Call via CloudTrail",
    "detail": {"a": {"b": "x"}, "items": [{"k": 1, "v": 2}, {"k": 3, "v": 4}], "flag": True},
}


@shows("events:TestEventPattern")
def test_a_pattern_can_be_tried(events: Any) -> None:
    def tried(pattern: str) -> Any:
        return events.test_event_pattern(EventPattern=pattern, Event=json.dumps(EVENT))["Result"]

    assert tried(PATTERN) is True
    assert tried('{"source": ["aws.kms"]}') is False
    ask = events.test_event_pattern
    bad = refusal(ask, EventPattern='{"source": "x"}', Event=json.dumps(EVENT))
    assert bad[1] == "InvalidEventPatternException"
    assert refusal(ask, EventPattern=PATTERN, Event="{}")[1] == "ValidationException"


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ({"detail": {"a": {"b": ["x"]}}}, True),
        ({"detail": {"a": {"B": ["x"]}}}, False),
        ({"detail": {"a": {"b": [{"anything-but": ["x", "y"]}]}}}, False),
        ({"detail": {"a": {"b": [{"anything-but": ["z"]}]}}}, True),
        ({"detail": {"a": {"c": [{"anything-but": ["z"]}]}}}, False),
        ({"detail": {"a": {"c": [{"anything-but": ["z"]}, {"exists": False}]}}}, True),
        ({"detail": {"a": {"b": [{"anything-but": {"prefix": "x"}}]}}}, False),
        ({"detail": {"a": [{"exists": True}]}}, False),  # only leaves exist
        ({"resources": [{"exists": True}]}, False),
        ({"resources": [{"exists": False}]}, True),
        ({"source": [{"prefix": "aws."}]}, True),
        ({"source": [{"suffix": ".iam"}]}, True),
        ({"source": [{"prefix": {"equals-ignore-case": "AWS."}}]}, True),
        ({"source": [{"equals-ignore-case": "AWS.IAM"}]}, True),
        ({"source": [{"wildcard": "a*.i*m"}]}, True),
        ({"source": [{"wildcard": "a*x"}]}, False),
        ({"detail": {"items": {"k": [1], "v": [2]}}}, True),
        ({"detail": {"items": {"k": [1], "v": [4]}}}, False),  # of one object
        ({"detail": {"items": {"k": [{"numeric": [">", 2, "<=", 3]}]}}}, True),
        ({"detail": {"flag": [True]}}, True),
        ({"detail": {"flag": [1]}}, False),
        ({"$or": [{"source": ["x"]}, {"account": [ACCOUNT]}]}, True),
        ({"detail": {"a": {"b": [{"cidr": "10.0.0.0/8"}]}}}, False),
    ],
)
def test_events_meet_patterns_as_awss_guide_says(pattern: Any, *, expected: bool) -> None:
    assert matches(json.dumps(pattern), EVENT) is expected


@pytest.mark.parametrize(
    "pattern",
    [
        "{", "[]", "{}", '{"a": "x"}', '{"a": []}', '{"a": [{"unknown": 1}]}',
        '{"a": [{"exists": 1}]}', '{"a": [{"prefix": 1}]}', '{"a": [{"numeric": ["~", 1]}]}',
        '{"a": [{"cidr": "x"}]}', '{"a": [{"anything-but": {"numeric": 1}}]}',
        '{"$or": [{"a": [1]}]}', '{"a": [{"wildcard": "**"}]}', '{"a": [{"anything-but": []}]}',
        '{"$or": [{"a": [1]}, 5]}', '{"a": [{"anything-but": {"exists": true}}]}',
        '{"a": [{"prefix": "x", "suffix": "y"}]}',
    ],
)  # fmt: skip
def test_patterns_that_eventbridge_does_not_know(pattern: str) -> None:
    with pytest.raises(PatternError):
        compiled(pattern)
