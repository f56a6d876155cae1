"""What API Gateway's API refuses before it configures anything, and moto does not.

An environment that AWS would refuse must not be rehearsed as if it had been applied.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jsonschema
from botocore.exceptions import ClientError

from emulator.http import HttpResponse, aws_error

# Where a header's value may come from: 'a text', or a part of what is known then.
_TEXT = r"'[^']*'"
_KNOWN = r"(?:context|stageVariables)\.\S+"
_OF_INTEGRATION = re.compile(
    rf"{_TEXT}|{_KNOWN}|integration\.response\.(?:(?:multivalue)?header\.\S+|body(?:\.\S+)?)"
)
_OF_GATEWAY = re.compile(
    rf"{_TEXT}|{_KNOWN}|method\.request\.(?:(?:multivalue)?(?:header|querystring)|path)\.\S+"
)


class _RefusalError(Exception):
    pass


def answer(operation: str, params: Mapping[str, Any], client: Any) -> HttpResponse | None:
    """Return AWS's refusal of an operation of API Gateway; None when there is none here.

    Args:
        client: boto3 client of API Gateway, to look up what the request is about.
    """
    check = _CHECKS.get(operation)
    try:
        if check is not None:
            check(params, client)
    except _RefusalError as refusal:
        return aws_error(400, "BadRequestException", str(refusal))
    except ClientError:
        return None  # there is no such thing, and moto says so
    return None


def _check_model(params: Mapping[str, Any], _: Any) -> None:
    schemas = [params.get("schema"), *_set(params, "/schema")]
    for schema in schemas:
        try:
            jsonschema.Draft4Validator.check_schema(json.loads(schema or "{}"))
        except (ValueError, RecursionError, jsonschema.SchemaError):
            raise _RefusalError(
                "Invalid model specified: Validation Result: warnings : [], errors : [Invalid"
                " modelschema specified]"
            ) from None


def _check_integration_response(params: Mapping[str, Any], client: Any) -> None:
    mapped = params.get("responseParameters") or {}
    if not mapped:
        return
    method_response = client.get_method_response(
        **{key: params[key] for key in ("restApiId", "resourceId", "httpMethod", "statusCode")}
    )
    declared = method_response.get("responseParameters") or {}
    for name in mapped:
        if name not in declared:
            raise _invalid_mapping(f"expression parameter specified: {name}")
    _check_expressions(mapped, _OF_INTEGRATION)


def _check_gateway_response(params: Mapping[str, Any], _: Any) -> None:
    mapped = params.get("responseParameters") or {}
    for name in mapped:
        if not name.startswith("gatewayresponse.header."):
            raise _invalid_mapping(f"expression parameter specified: {name}")
    _check_expressions(mapped, _OF_GATEWAY)


def _check_expressions(mapped: Mapping[str, str], valid: re.Pattern[str]) -> None:
    for expression in mapped.values():
        if not valid.fullmatch(expression):
            raise _invalid_mapping(f"expression specified: {expression}")


def _invalid_mapping(what: str) -> _RefusalError:
    return _RefusalError(
        "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid"
        f" mapping {what}]"
    )


def _check_stage(params: Mapping[str, Any], client: Any) -> None:
    logs = [*_set(params, "/accessLogSettings/destinationArn")]
    levels = [value for value in _set(params, "/logging/loglevel") if value != "OFF"]
    if (logs or levels) and not client.get_account().get("cloudwatchRoleArn"):
        raise _RefusalError(
            "CloudWatch Logs role ARN must be set in account settings to enable logging"
        )


def _check_deletion(params: Mapping[str, Any], client: Any) -> None:
    stages = client.get_stages(restApiId=params["restApiId"])["item"]
    if any(stage["deploymentId"] == params["deploymentId"] for stage in stages):
        raise _RefusalError("Active stages pointing to this deployment must be moved or deleted")


def _set(params: Mapping[str, Any], path: str) -> Iterator[str]:
    """Yield what a patch puts at the end of a path."""
    for operation in params.get("patchOperations") or ():
        if operation.get("op") != "remove" and str(operation.get("path")).endswith(path):
            yield operation.get("value") or ""


_CHECKS: Mapping[str, Callable[[Mapping[str, Any], Any], None]] = {
    "CreateModel": _check_model,
    "DeleteDeployment": _check_deletion,
    "PutGatewayResponse": _check_gateway_response,
    "PutIntegrationResponse": _check_integration_response,
    "UpdateModel": _check_model,
    "UpdateStage": _check_stage,
}
