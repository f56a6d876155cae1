"""What Lambda's API refuses and moto does not, in AWS's words.

Recorded in localstack/localstack, tests/aws/services/lambda_/test_lambda_api.snapshot.json.
"""

import base64
import io
import zipfile

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from emulator.account import Account, every
from emulator.iam import Authorizer
from emulator.lambda_.account import CONCURRENCY, reserved
from emulator.lambda_.execution_role import NOT_ASSUMED, SERVICE
from emulator.wire.call import Call
from emulator.wire.documents import Document
from emulator.wire.errors import AwsError, CallerError

_LONGEST_TIMEOUT = 900
_NO_ZIP = "Could not unzip uploaded file. Please check your file, then try to upload again."
_NO_HANDLER = (
    "Runtime and Handler are mandatory parameters for functions created with deployment packages."
)
_UNRESERVED = 100
_TOO_LITTLE_LEFT = (
    "Specified ReservedConcurrentExecutions for function decreases account's"
    f" UnreservedConcurrentExecution below its minimum value of [{_UNRESERVED}]."
)
_UNQUALIFIED_ONLY = (
    "This operation is permitted on Lambda functions only. Aliases and versions do not support this"
    " operation. Please specify either a function name or an unqualified function ARN."
)


def refuse(call: Call, account: Account, authorizer: Authorizer) -> None:
    """Refuse what Lambda refuses of a call. Raises AwsError."""
    check = _CHECKS.get(call.operation)
    try:
        problem = check(call.params, account.client("lambda")) if check else None
    except ClientError:
        problem = None  # there is no such function, and moto says so
    role = call.params.get("Role")
    if (call.params.get("VpcConfig") or {}).get("SubnetIds"):
        problem = problem or _network(call, role or _role_of(call.params, account), authorizer)
    if role is not None and call.operation in {"CreateFunction", "UpdateFunctionConfiguration"}:
        problem = problem or _role(role, authorizer)
    if problem is not None:
        raise AwsError(400, "InvalidParameterValueException", problem)


def _role(role: str, authorizer: Authorizer) -> str | None:
    """Return why a function cannot have a role; None where Lambda may assume it."""
    try:
        authorizer.assume_by_service(role, SERVICE, {})
    except CallerError:
        return NOT_ASSUMED
    return None


def _role_of(params: Document, account: Account) -> str:
    client = account.client("lambda")
    return str(client.get_function_configuration(FunctionName=params["FunctionName"])["Role"])


def _network(call: Call, role: str, authorizer: Authorizer) -> str | None:
    """Return what a role lacks for a function in a VPC; None where it has all of it."""
    interface = f"arn:{call.partition}:ec2:{call.region}:{role.split(':')[4]}:network-interface/*"
    for action, resource in (
        ("CreateNetworkInterface", interface),
        ("DescribeNetworkInterfaces", "*"),
        ("DeleteNetworkInterface", interface),
    ):
        if not authorizer.authorize_role(role, f"ec2:{action}", resource).allowed:
            return f"The provided execution role does not have permissions to call {action} on EC2"
    return None


def _function(params: Document, client: BaseClient) -> str | None:
    zipped = params.get("PackageType", "Zip") == "Zip"
    if zipped and not (params.get("Runtime") and params.get("Handler")):
        return _NO_HANDLER
    return _package(params, client)


def _package(params: Document, _: object) -> str | None:
    package = (params.get("Code") or params).get("ZipFile")
    if package is None:
        return None
    content = base64.b64decode(package) if isinstance(package, str) else package
    return None if zipfile.is_zipfile(io.BytesIO(content)) else _NO_ZIP


def _concurrency(params: Document, client: BaseClient) -> str | None:
    name = str(params["FunctionName"]).rpartition(":function:")[2]
    if ":" in name:
        return _UNQUALIFIED_ONLY
    others = {one["FunctionName"] for one in every(client, "list_functions", "Functions")} - {name}
    left = CONCURRENCY - reserved(client, others) - params["ReservedConcurrentExecutions"]
    return _TOO_LITTLE_LEFT if left < _UNRESERVED else None


def _timeout(params: Document, _: object) -> str | None:
    # The model knows no longest timeout ("Lambda quotas": 900 seconds).
    seconds = params.get("Timeout")
    if seconds is None or seconds <= _LONGEST_TIMEOUT:
        return None
    return (
        f"Value {seconds} at 'timeout' failed to satisfy constraint: Member must have value less"
        f" than or equal to {_LONGEST_TIMEOUT}"
    )


def _new(params: Document, client: BaseClient) -> str | None:
    return _timeout(params, client) or _function(params, client)


def _publish(params: Document, client: BaseClient) -> str | None:
    wanted = params.get("CodeSha256")
    if not wanted:
        return None
    name = params["FunctionName"]
    current = client.get_function_configuration(FunctionName=name)["CodeSha256"]
    if wanted == current:
        return None
    return (
        f"CodeSHA256 ({wanted}) is different from current CodeSHA256 in $LATEST ({current})."
        " Please try again with the CodeSHA256 in $LATEST."
    )


def _weights(params: Document, client: BaseClient) -> str | None:
    """Return why an alias cannot have its weights: one more version at most, and another one.

    API reference, AliasRoutingConfiguration; Lambda Developer Guide, "Implement Lambda canary
    deployments using a weighted alias". The words are ours.
    """
    given = (params.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    if len(given) > 1:
        return "An alias points to at most two versions: give one additional version."
    for version, weight in given.items():
        if not (version.isdigit() and 0 <= weight <= 1):
            return f"{version}: {weight} is no weight of a published version, from 0.0 to 1.0."
        first = params.get("FunctionVersion")
        if first is None:
            first = client.get_alias(FunctionName=params["FunctionName"], Name=params["Name"])[
                "FunctionVersion"
            ]
        if first in {version, "$LATEST"}:
            return f"An alias with weights points to two published versions, and not {first} alone."
        client.get_function_configuration(FunctionName=params["FunctionName"], Qualifier=version)
    return None


_CHECKS = {
    "CreateAlias": _weights,
    "CreateFunction": _new,
    "PublishVersion": _publish,
    "PutFunctionConcurrency": _concurrency,
    "UpdateAlias": _weights,
    "UpdateFunctionCode": _package,
    "UpdateFunctionConfiguration": _timeout,
}
