"""What CloudWatch said of alarms, and which metrics guardrails have."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from tests.conformance.harness import NotImplementedHereError, replay
from tests.conformance.replay_bedrock import INSULTS, converse, guardrail

if TYPE_CHECKING:
    from tests.emulator.conftest import Emulator


def _alarm(aws: Emulator) -> dict[str, Any]:
    """Make an alarm on a metric that is not there; return how it is described."""
    client, name = aws.client("cloudwatch"), f"replay-{uuid.uuid4()}"
    client.put_metric_alarm(
        AlarmName=name,
        Namespace="Replay",
        MetricName="None",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=2,
        Threshold=1,
        ComparisonOperator="LessThanThreshold",
        TreatMissingData="breaching",
    )
    (alarm,) = client.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return dict(alarm)


@replay("cw-001")
def missing_data_breaches(aws: Emulator) -> dict[str, Any]:
    alarm = _alarm(aws)
    if alarm["StateValue"] == "INSUFFICIENT_DATA":
        raise NotImplementedHereError("alarms change no state")
    return {"NewStateValue": alarm["StateValue"], "NewStateReason": alarm["StateReason"]}


@replay("cw-002")
def message_of_an_alarm(aws: Emulator) -> dict[str, Any]:
    if _alarm(aws)["StateValue"] == "INSUFFICIENT_DATA":
        raise NotImplementedHereError("alarms change no state, and so tell nobody")
    return {}


@replay("cw-003")
def metrics_of_guardrails(aws: Emulator) -> dict[str, Any]:
    converse(aws, guardrailConfig=guardrail(aws, INSULTS))
    aws.server.app.door.account.logs.flush()
    pages = aws.client("cloudwatch").get_paginator("list_metrics").paginate
    found = [
        metric for page in pages(Namespace="AWS/Bedrock/Guardrails") for metric in page["Metrics"]
    ]
    dimensions = {pair["Name"] for metric in found for pair in metric["Dimensions"]}
    return {
        "metrics": sorted({metric["MetricName"] for metric in found}),
        "dimensions": sorted(dimensions),
    }
