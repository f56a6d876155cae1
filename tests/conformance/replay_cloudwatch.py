"""What CloudWatch said of alarms, and which metrics guardrails have."""

import json
import uuid
from typing import Any
from unittest import mock

from emulator.sns.publishing import Publisher
from tests.conformance.harness import replay
from tests.conformance.replay_bedrock import INSULTS, converse, guardrail
from tests.emulator.conftest import Emulator


def _alarm(aws: Emulator, **settings: Any) -> dict[str, Any]:
    """Make an alarm on a metric that is not there; return how it is described a minute later."""
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
        **settings,
    )
    aws.request("PUT", "/_aws/clock", b'{"forward_seconds": 0}')
    (alarm,) = client.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return dict(alarm)


@replay("cw-001")
def missing_data_breaches(aws: Emulator) -> dict[str, Any]:
    alarm = _alarm(aws)
    return {"NewStateValue": alarm["StateValue"], "NewStateReason": alarm["StateReason"]}


@replay("cw-002")
def message_of_an_alarm(aws: Emulator) -> dict[str, Any]:
    with mock.patch.object(Publisher, "publish", return_value="") as publish:
        name = _alarm(aws, AlarmActions=["arn:aws:sns:us-east-2:123456789012:t"])["AlarmName"]
    messages = [json.loads(call.args[2]) for call in publish.call_args_list]
    (message,) = [one for one in messages if one["AlarmName"] == name]
    wanted = (
        "AWSAccountId", "AlarmName", "NewStateValue", "NewStateReason", "OldStateValue", "Region",
        "StateChangeTime", "Trigger",
    )  # fmt: skip
    return {
        "keys": [each for each in wanted if each in message],
        "OldStateValue": message["OldStateValue"],
    }


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
