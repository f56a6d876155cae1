"""What STS answered about sessions of roles."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from tests.conformance.harness import asked, replay
from tests.emulator.conftest import ACCOUNT

if TYPE_CHECKING:
    from tests.emulator.conftest import Emulator


def _role(aws: Emulator, name: str) -> str:
    return str(aws.role(name, [])["Arn"])


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
    role = _role(aws, "replayed-session")
    answer = asked(aws.client("sts").assume_role, RoleArn=role, RoleSessionName="replay")
    role_id = aws.client("iam").get_role(RoleName="replayed-session")["Role"]["RoleId"]
    known_as = answer["AssumedRoleUser"]["AssumedRoleId"].partition(":")[0]
    return answer | {"of the role": known_as == role_id}


@replay("sts-002")
def no_arn(aws: Emulator) -> dict[str, Any]:
    assume = aws.client("sts").assume_role
    return asked(assume, RoleArn="nothing-valid-in-here", RoleSessionName="replay")


@replay("sts-003")
def colon_in_the_name(aws: Emulator) -> dict[str, Any]:
    role = _role(aws, f"replay-{uuid.uuid4()}")
    return asked(aws.client("sts").assume_role, RoleArn=role, RoleSessionName="S:2")
