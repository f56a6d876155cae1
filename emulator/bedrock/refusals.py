"""What Bedrock tries before it configures the logging of invocations."""

import logging

from emulator.account import Account
from emulator.bedrock.invocation_log import log_delivery_problem
from emulator.iam import Authorizer
from emulator.wire.call import Call
from emulator.wire.errors import AwsError

_log = logging.getLogger("emulator")


def refuse(call: Call, account: Account, authorizer: Authorizer) -> None:
    """Refuse a log group that invocations could not be delivered to. Raises AwsError."""
    if call.operation != "PutModelInvocationLoggingConfiguration":
        return
    logs = (call.params.get("loggingConfig") or {}).get("cloudWatchConfig")
    if not logs:
        return
    group, role = logs["logGroupName"], logs["roleArn"]
    problem = log_delivery_problem(account, authorizer, group, role)
    if problem is None:
        return
    _log.warning("invocation logging to %s is refused: %s", group, problem)
    raise AwsError(
        400,
        "ValidationException",
        f"Failed to validate permissions for log group: {group}, with role: {role}. Verify the"
        " IAM role permissions are correct.",
    )
