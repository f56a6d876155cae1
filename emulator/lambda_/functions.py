"""What was deployed: a function's configuration, code and permission to be invoked."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from botocore.exceptions import ClientError
from moto.awslambda.models import lambda_backends

from emulator.account import Account
from emulator.iam import service_query
from emulator.wire.documents import Document
from emulator.wire.errors import AwsError
from emulator.wire.partition import partition_of
from iam_policy import Policy, PolicyError, evaluate

_API_GATEWAY = "apigateway.amazonaws.com"
PENDING = (
    "The operation cannot be performed at this time. The function is currently in the following "
    "state: Pending"
)

LoadCode = Callable[[Account, str, str], bytes]
"""Gives the zip of a function's version: (account, function name, version) -> bytes."""


@dataclass(frozen=True)
class Function:
    """One published version (or $LATEST), as far as running it needs to know."""

    name: str
    version: str
    arn: str  # without a qualifier
    role: str
    handler: str
    runtime: str
    timeout: float  # seconds
    memory_mb: int
    environment: tuple[tuple[str, str], ...]
    code_sha256: str
    tracing: bool
    log_group: str
    json_logs: bool
    application_log_level: str
    system_log_level: str


@dataclass(frozen=True)
class Resolved:
    """What a name and a qualifier resolve to at this moment."""

    function: Function
    invoked_arn: str
    reserved_concurrency: int | None


class LambdaError(AwsError):
    """An error of the Lambda API itself: the function was not run."""

    def __init__(self, status: int, code: str, message: str, **members: str) -> None:
        super().__init__(status, code, message, members=members)
        self.payload = json.dumps({**members, "message": message}).encode()


def runtime_version_arn(region: str, runtime: str) -> str:
    """Return the ARN of the one version that each runtime has here."""
    version = hashlib.sha256(f"{runtime}.v0".encode()).hexdigest()
    return f"arn:{partition_of(region)}:lambda:{region}::runtime:{version}"


def split_name(function: str, qualifier: str | None) -> tuple[str, str | None]:
    """Take a name, partial or whole ARN, with or without a qualifier, apart."""
    parts = function.rsplit(":function:", maxsplit=1)[-1].split(":")
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", parts[0]) or len(parts) > 2:
        raise LambdaError(
            400, "ValidationException", "The function name must be a name, a partial or a whole ARN"
        )
    inner = parts[1] if len(parts) == 2 else None
    if inner and qualifier and inner != qualifier:
        raise LambdaError(
            400,
            "InvalidParameterValueException",
            "The derived qualifier from the function name does not match the specified qualifier.",
        )
    return parts[0], inner or qualifier


def resolve(account: Account, name: str, qualifier: str | None) -> Resolved:
    """Look a function up by name and alias, version or nothing ($LATEST)."""
    client = account.client("lambda")
    request = {"FunctionName": name} | ({"Qualifier": qualifier} if qualifier else {})
    arn = account.arn("lambda", f"function:{name}")
    invoked_arn = f"{arn}:{qualifier}" if qualifier else arn
    try:
        config = client.get_function_configuration(**request)
        concurrency = client.get_function_concurrency(FunctionName=name)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            raise LambdaError(
                404,
                "ResourceNotFoundException",
                f"Function not found: {arn}:{qualifier or '$LATEST'}",
                Type="User",
            ) from error
        raise
    if config.get("State") == "Pending":
        raise LambdaError(409, "ResourceConflictException", PENDING, Type="User")
    logging_config = config.get("LoggingConfig") or {}
    function = Function(
        name=name,
        version=config["Version"],
        arn=arn,
        role=config["Role"],
        handler=config.get("Handler", ""),
        runtime=config.get("Runtime", ""),
        timeout=config.get("Timeout", 3),
        memory_mb=config.get("MemorySize", 128),
        environment=tuple(sorted(config.get("Environment", {}).get("Variables", {}).items())),
        code_sha256=config["CodeSha256"],
        tracing=config.get("TracingConfig", {}).get("Mode") == "Active",
        log_group=logging_config.get("LogGroup") or f"/aws/lambda/{name}",
        json_logs=logging_config.get("LogFormat") == "JSON",
        application_log_level=logging_config.get("ApplicationLogLevel") or "",
        system_log_level=logging_config.get("SystemLogLevel") or "INFO",
    )
    return Resolved(function, invoked_arn, concurrency.get("ReservedConcurrentExecutions"))


def weights(account: Account, name: str, qualifier: str | None) -> Mapping[str, float]:
    """Return what part of an alias's invocations goes to a second version: version -> 0 to 1.

    It is empty for what is no alias, or has one version.
    """
    if not qualifier or qualifier.isdigit() or qualifier == "$LATEST":
        return {}
    client = account.client("lambda")
    try:
        alias = client.get_alias(FunctionName=name, Name=qualifier)
    except ClientError:
        return {}
    found: Mapping[str, float] = (alias.get("RoutingConfig") or {}).get(
        "AdditionalVersionWeights", {}
    )
    return found


def moto_code(account: Account, name: str, version: str) -> bytes:
    """Read the stored zip from moto, whose GetFunction offers no URL that answers."""
    backend = lambda_backends[account.id][account.region]
    code: bytes = backend.get_function(name, version).code_bytes
    return code


def may_invoke(statements: Sequence[Document], invoked_arn: str, source_arn: str) -> bool:
    """Return whether a function's resource policy lets API Gateway invoke this very ARN.

    The policy of an alias and the one of the bare function are separate: the Resource decides
    (AWS Lambda Developer Guide, Using resource-based policies).
    """
    origin = {"aws:SourceArn": source_arn}
    query = service_query(_API_GATEWAY, "lambda:InvokeFunction", invoked_arn, origin)
    document = {"Version": "2012-10-17", "Statement": statements}
    try:
        policy = Policy(document, "function policy", "resource")
    except PolicyError:
        return False  # there is none, or none that AWS would have taken
    return evaluate(query, identity=(), resource_policy=policy).allowed
