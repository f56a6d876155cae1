"""Which calls are recorded, and which records a trail wants: guardrail evaluations, if selected."""

import json
from typing import Any

import pytest

from emulator.cloudtrail.records import is_unrecorded
from emulator.wire.call import Call
from emulator.wire.http import HttpRequest
from tests.emulator.cloudtrail.recording import NAME, ROOT, STOP, Rig, apply_guardrail, call


def advanced(*fields: dict[str, Any]) -> dict[str, Any]:
    return {"Name": "n", "FieldSelectors": list(fields)}


MANAGEMENT = advanced({"Field": "eventCategory", "Equals": ["Management"]})
GUARDRAILS = advanced(
    {"Field": "eventCategory", "Equals": ["Data"]},
    {"Field": "resources.type", "Equals": ["AWS::Bedrock::Guardrail"]},
)


def test_guardrail_evaluations_are_recorded_if_selected(rig: Rig) -> None:
    rig.client.put_event_selectors(TrailName=NAME, AdvancedEventSelectors=[GUARDRAILS])
    apply_guardrail(rig)
    rig.record(call("logs", "delete_log_group", logGroupName="g"))  # no longer selected
    records = rig.records()
    assert [record["eventName"] for record in records] == ["ApplyGuardrail"] * 2
    for record in records:
        assert (record["eventCategory"], record["managementEvent"]) == ("Data", False)
        assert record["resources"][0]["ARN"].endswith(":guardrail/abc")
        # As the sample record in the Bedrock User Guide: the id, and what the guardrail did.
        assert record["requestParameters"]["guardrailIdentifier"] == "abc"
        found = {"type": "EMAIL", "action": "ANONYMIZED", "detected": True}
        assert record["responseElements"] == {
            "action": "GUARDRAIL_INTERVENED",
            "assessments": [{"sensitiveInformationPolicy": {"piiEntities": [found]}}],
        }
    assert "topsecret" not in json.dumps(records)


@pytest.mark.parametrize(
    ("selectors", "expected"),
    [
        ({"EventSelectors": [{"ReadWriteType": "WriteOnly"}]}, {"DeleteLogGroup", "DisableKey"}),
        ({"EventSelectors": [{"ReadWriteType": "ReadOnly"}]}, {"DescribeLogGroups"}),
        ({"EventSelectors": [{"ExcludeManagementEventSources": ["kms.amazonaws.com"]}]},
         {"DeleteLogGroup", "DescribeLogGroups"}),
        ({"EventSelectors": [{"IncludeManagementEvents": False}]}, set()),
        ({"AdvancedEventSelectors": [MANAGEMENT]},
         {"DeleteLogGroup", "DescribeLogGroups", "DisableKey"}),
        ({"AdvancedEventSelectors": [advanced({"Field": "eventCategory", "Equals": ["Management"]},
         {"Field": "readOnly", "Equals": ["false"]},
         {"Field": "eventSource", "NotEquals": ["kms.amazonaws.com"]})]}, {"DeleteLogGroup"}),
    ],
)  # fmt: skip
def test_event_selectors_are_honoured(
    rig: Rig, selectors: dict[str, Any], expected: set[str]
) -> None:
    rig.client.put_event_selectors(TrailName=NAME, **selectors)
    rig.record(call("logs", "delete_log_group", logGroupName="g"))
    rig.record(call("logs", "describe_log_groups"))
    rig.record(call("kms", "disable_key", KeyId="k"))
    assert {record["eventName"] for record in rig.records()} == expected


def test_nothing_is_recorded_unless_a_trail_logs(rig: Rig) -> None:
    delete = call("logs", "delete_log_group", logGroupName="g")
    rig.record(delete)
    rig.client.stop_logging(Name=NAME)
    rig.record(call("cloudtrail", "stop_logging", **STOP), principal=ROOT)
    rig.record(delete)
    names = [record["eventName"] for record in rig.records()]
    assert names == ["DeleteLogGroup", "StopLogging"]  # that it was stopped is on record
    rig.client.start_logging(Name=NAME)
    rig.record(call("cloudtrail", "start_logging", **STOP), principal=ROOT)
    rig.record(delete)
    names = sorted(record["eventName"] for record in rig.records())
    assert names == ["DeleteLogGroup", "DeleteLogGroup", "StartLogging", "StopLogging"]


@pytest.mark.parametrize(
    ("service", "operation", "unrecorded"),
    [
        # Data events (CloudTrail User Guide, "Logging data events").
        ("cloudwatch", "PutMetricData", True),
        ("cloudwatch", "GetMetricData", True),
        ("cloudwatch", "ListMetrics", True),
        ("cloudwatch", "PutMetricAlarm", False),
        ("lambda", "Invoke", True),
        ("lambda", "UpdateFunctionCode", False),
        ("logs", "PutLogEvents", True),
        ("logs", "PutRetentionPolicy", False),
        ("sns", "Publish", True),
        ("sns", "SetTopicAttributes", False),
        ("xray", "PutTraceSegments", True),
    ],
)
def test_data_events_are_not_recorded(service: str, operation: str, *, unrecorded: bool) -> None:
    request = HttpRequest("POST", "/", "", (), b"", "127.0.0.1")
    assert is_unrecorded(Call(request, service=service, operation=operation)) is unrecorded
