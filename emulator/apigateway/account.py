"""The role through which API Gateway writes its logs, one for the account and Region.

Source: API Gateway Developer Guide, "Set up CloudWatch logging for REST APIs": the role trusts
API Gateway, and has what AWS's policy AmazonAPIGatewayPushToCloudWatchLogs holds. API Gateway tries
it when it is set.
"""

from emulator.iam import LOG_WRITES, Authorizer
from emulator.iam.resources import roles_handed_on
from emulator.wire.call import Call
from emulator.wire.errors import AwsError

_SERVICE = "apigateway.amazonaws.com"
_ACTIONS = (
    *("logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogGroups"),
    *("logs:DescribeLogStreams", "logs:PutLogEvents", "logs:GetLogEvents", "logs:FilterLogEvents"),
)
_REFUSED = (
    "The role ARN does not have required permissions configured. Please grant trust permission for"
    " API Gateway and add the required role policy."
)


def refuse_role(call: Call, authorizer: Authorizer) -> None:
    """Refuse the account a role that API Gateway could not use. Raises AwsError."""
    for role in roles_handed_on(call):
        if authorizer.problem_of_service(_SERVICE, role, _ACTIONS, "*", {}) is not None:
            raise AwsError(400, "BadRequestException", _REFUSED)


def write_problem(authorizer: Authorizer, role: str, stream_arn: str) -> str | None:
    """Return why API Gateway cannot write to a log stream as this role; None when it can."""
    return authorizer.problem_of_service(_SERVICE, role, LOG_WRITES, stream_arn, {})
