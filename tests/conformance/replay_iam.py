"""What IAM answered, and the words in which other services refuse for it."""

import uuid
from typing import Any

from tests.conformance.harness import asked, asking, replay
from tests.conformance.replay_cloudtrail import ReplayTrail
from tests.emulator.conftest import ACCOUNT, REGION, Emulator
from tests.emulator.shown import allow, document

_MODEL = "anthropic.claude-haiku-4-5-20251001-v1:0"


asking("iam-001", "iam", "create_role", RoleName="r", AssumeRolePolicyDocument="{invalid}")
_ABSENT = f"arn:aws:iam::{ACCOUNT}:policy/replay-none"
asking("iam-004", "iam", "delete_policy", PolicyArn=_ABSENT)


@replay("iam-002")
def policy_arn_that_is_none(aws: Emulator) -> dict[str, Any]:
    name = f"replay-{uuid.uuid4()}"
    aws.role(name, [])
    attach = aws.client("iam").attach_role_policy
    return asked(attach, RoleName=name, PolicyArn="longpolicynamebutstillnoarn")


def _stream(aws: Emulator, model: str, statements: list[dict[str, Any]]) -> dict[str, Any]:
    runtime = aws.client("bedrock-runtime", aws.role(f"replay-{uuid.uuid4()}", statements))
    messages = [{"role": "user", "content": [{"text": "x"}]}]
    return asked(runtime.converse_stream, modelId=model, messages=messages)


@replay(
    "iam-005",
    reading={  # of the Region's own geography: another's profile is no model here
        "status": 403,
        "code": "AccessDeniedException",
        "message": f"User: arn:aws:sts::{ACCOUNT}:assumed-role/<role>/<session> is not authorized"
        " to perform: bedrock:InvokeModelWithResponseStream on resource:"
        f" arn:aws:bedrock:{REGION}:{ACCOUNT}:inference-profile/us.<model> because no"
        " identity-based policy allows the bedrock:InvokeModelWithResponseStream action",
    },
)
def nothing_allowed(aws: Emulator) -> dict[str, Any]:
    other = allow("s3:GetObject")
    return _stream(aws, f"us.{_MODEL}", [other])


@replay("iam-006")
def model_behind_a_profile_denied(aws: Emulator) -> dict[str, Any]:
    everything = allow("bedrock:*")
    elsewhere = {"StringNotEquals": {"aws:RequestedRegion": REGION}}
    deny = everything | {"Effect": "Deny", "Condition": elsewhere}
    return _stream(aws, f"global.{_MODEL}", [everything, deny])


@replay("iam-010")
def role_of_a_trail_refused(aws: Emulator) -> dict[str, Any]:
    trail = ReplayTrail(aws)
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    aws.client("iam").update_assume_role_policy(RoleName=trail.name, PolicyDocument=document(trust))
    return trail.create()
