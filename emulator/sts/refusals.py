"""What STS refuses before it gives a session, and moto does not."""

from typing import Any

from botocore.exceptions import ClientError, ParamValidationError

from emulator.iam.requests import ApiCall
from emulator.wire.errors import service_error
from emulator.wire.http import HttpResponse

_DEFAULT_SECONDS = 3600


def answer(call: ApiCall, iam: Any) -> HttpResponse | None:
    """Return AWS's refusal of a session; None if the call may go on."""
    if call.operation != "AssumeRole":
        return None
    arn: str = call.params["RoleArn"]
    if not arn.startswith("arn:") or arn.count(":") < 5:
        return _invalid(call, f"{arn} is invalid")  # on record
    try:
        role = iam.get_role(RoleName=arn.rpartition("/")[2])["Role"]
    except (ClientError, ParamValidationError):
        role = {}  # no such role, or no name of one
    if role.get("Arn") != arn:
        # The administrator, too, gets no session of a role that does not exist.
        message = f"The caller is not authorized to perform: sts:AssumeRole on resource: {arn}"
        return service_error(call.protocol, 403, "AccessDenied", message)
    if call.params.get("DurationSeconds", _DEFAULT_SECONDS) > role["MaxSessionDuration"]:
        # API reference, AssumeRole: DurationSeconds.
        return _invalid(
            call, "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )
    return None


def _invalid(call: ApiCall, message: str) -> HttpResponse:
    return service_error(call.protocol, 400, "ValidationError", message)
