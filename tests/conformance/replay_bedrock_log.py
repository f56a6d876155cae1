"""What Bedrock wrote to the invocation log, and to whom it delivered."""

import json
import uuid
from collections.abc import Callable
from typing import Any

from tests.conformance.harness import asked, replay
from tests.conformance.replay_bedrock import INSULTS, PROFILE, QUESTION, converse, guardrail
from tests.emulator import shown
from tests.emulator.conftest import ACCOUNT, REGION, Emulator
from tests.emulator.shown import allow


def _recorded(
    aws: Emulator,
    condition: dict[str, Any] | None = None,
    ask: Callable[[], Any] | None = None,
    **document: Any,
) -> dict[str, Any]:
    """Ask with invocation logging on, to a role as AWS's guide makes it; return the record."""
    group, name = f"/replay/{uuid.uuid4()}", f"logging-{uuid.uuid4()}"
    aws.client("logs").create_log_group(logGroupName=group)
    iam, bedrock = aws.client("iam"), aws.client("bedrock")
    condition = condition or {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:bedrock:{REGION}:{ACCOUNT}:*"},
    }
    trusting = shown.trust("bedrock.amazonaws.com", **condition)
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusting)["Role"]
    stream = f"log-group:{group}:log-stream:aws/bedrock/modelinvocations"
    actions = ["logs:CreateLogStream", "logs:PutLogEvents"]
    allowed = shown.document(allow(actions, f"arn:aws:logs:{REGION}:{ACCOUNT}:{stream}"))
    iam.put_role_policy(RoleName=name, PolicyName="logs", PolicyDocument=allowed)
    answer = asked(
        bedrock.put_model_invocation_logging_configuration,
        loggingConfig={
            "textDataDeliveryEnabled": True,
            "cloudWatchConfig": {"logGroupName": group, "roleArn": role["Arn"]},
        },
    )
    if answer["status"] != 200:
        return answer
    try:
        if ask is None:
            converse(aws, **document)
        else:
            ask()
        aws.server.app.door.account.logs.flush()
        events = aws.client("logs").filter_log_events(logGroupName=group)["events"]
    finally:
        bedrock.delete_model_invocation_logging_configuration()
    (event,) = events
    return dict(json.loads(event["message"]))


@replay(
    "bedrock-031",
    reading={"modelId": f"arn:aws:bedrock:{REGION}:<account>:inference-profile/{PROFILE}"},
)
def model_of_a_record(aws: Emulator) -> dict[str, Any]:
    return _recorded(aws)


@replay("bedrock-032", reading={"inputTokenCount": 0, "outputTokenCount": 0, "output": "Blocked."})
def record_of_a_blocked_call(aws: Emulator) -> dict[str, Any]:
    # Recorded of InvokeModelWithResponseStream, which is absent; Converse leaves such a record too.
    record = _recorded(
        aws,
        messages=[{"role": "user", "content": [{"text": "You are a useless, stupid bot."}]}],
        guardrailConfig=guardrail(aws, INSULTS),
    )
    message = record["output"]["outputBodyJson"]["output"]["message"]
    return {
        "inputTokenCount": record["input"]["inputTokenCount"],
        "outputTokenCount": record["output"]["outputTokenCount"],
        "output": message["content"][0]["text"],
    }


@replay("bedrock-033")
def cache_counts(aws: Emulator) -> dict[str, Any]:
    return _recorded(aws)


@replay(
    "bedrock-034",
    reading={
        "without": None,
        "with": {"a": "b"},
        "identity": {"arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/<role>/<session>"},
    },
)
def metadata_of_a_record(aws: Emulator) -> dict[str, Any]:
    everything = allow("bedrock:*")
    runtime = aws.client("bedrock-runtime", aws.role(f"asks-{uuid.uuid4()}", [everything]))
    messages = [{"role": "user", "content": [{"text": QUESTION}]}]

    def ask() -> None:
        runtime.converse(modelId=PROFILE, messages=messages, requestMetadata={"a": "b"})

    record = _recorded(aws, ask=ask)
    return {
        "without": _recorded(aws).get("requestMetadata"),
        "with": record.get("requestMetadata"),
        "identity": record["identity"],
    }


@replay("bedrock-035", reading={"as in the guide": True, "other account": 400})
def trust_of_the_logging_role(aws: Emulator) -> dict[str, Any]:
    other = {"StringEquals": {"aws:SourceAccount": "999999999999"}}
    return {
        "as in the guide": "modelId" in _recorded(aws),
        "other account": _recorded(aws, other)["status"],
    }
