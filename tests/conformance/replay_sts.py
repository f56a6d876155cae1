"""What STS answered about sessions of roles."""

import uuid
from typing import Any

from tests.conformance.harness import asked, asking, replay
from tests.emulator.conftest import ACCOUNT, Emulator

_NO_ARN = "nothing-valid-in-here"
asking("sts-002", "sts", "assume_role", RoleArn=_NO_ARN, RoleSessionName="replay")


@replay(
    "sts-001",
    reading={  # the id of the role itself, and not just any
        "AssumedRoleUser": {
            "Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/replayed-session/replay",
            "AssumedRoleId": "<role id>:replay",
        },
        "of the role": True,
    },
)
def session(aws: Emulator) -> dict[str, Any]:
    role = aws.role("replayed-session", [])["Arn"]
    answer = asked(aws.client("sts").assume_role, RoleArn=role, RoleSessionName="replay")
    role_id = aws.client("iam").get_role(RoleName="replayed-session")["Role"]["RoleId"]
    known_as = answer["AssumedRoleUser"]["AssumedRoleId"].partition(":")[0]
    return answer | {"of the role": known_as == role_id}


@replay("sts-003")
def colon_in_the_name(aws: Emulator) -> dict[str, Any]:
    role = aws.role(f"replay-{uuid.uuid4()}", [])["Arn"]
    return asked(aws.client("sts").assume_role, RoleArn=role, RoleSessionName="S:2")
