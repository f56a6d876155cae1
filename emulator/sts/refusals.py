"""What STS refuses before it gives a session, and moto does not."""

from botocore.client import BaseClient
from botocore.exceptions import ClientError, ParamValidationError

from emulator.wire.call import Call
from emulator.wire.errors import AwsError

_DEFAULT_SECONDS = 3600


def refuse(call: Call, iam: BaseClient) -> None:
    """Refuse a session that STS does not give. Raises AwsError."""
    if call.operation not in {"AssumeRole", "AssumeRoleWithWebIdentity"}:
        return
    arn: str = call.params["RoleArn"]
    if not arn.startswith("arn:") or arn.count(":") < 5:
        raise _invalid(f"{arn} is invalid")  # on record
    try:
        role = iam.get_role(RoleName=arn.rpartition("/")[2])["Role"]
    except (ClientError, ParamValidationError):
        role = {}  # no such role, or no name of one
    if role.get("Arn") != arn:
        # The administrator, too, gets no session of a role that does not exist.
        message = f"The caller is not authorized to perform: sts:AssumeRole on resource: {arn}"
        raise AwsError(403, "AccessDenied", message)
    if call.params.get("DurationSeconds", _DEFAULT_SECONDS) > role["MaxSessionDuration"]:
        # API reference, AssumeRole: DurationSeconds.
        raise _invalid(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )


def _invalid(message: str) -> AwsError:
    return AwsError(400, "ValidationError", message)
