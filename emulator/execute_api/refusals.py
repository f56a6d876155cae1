"""What API Gateway's API refuses before it configures anything, and moto does not.

An environment that AWS would refuse must not be rehearsed as if it had been applied.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jsonschema
from botocore.exceptions import ClientError, ParamValidationError

from emulator.execute_api.deployed import BUILT_IN_MODELS
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


_METHODS = ("GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "HEAD", "ANY")
_MILLISECONDS = (50, 29_000)
"""Shortest and longest timeout of an integration (Amazon API Gateway quotas)."""


class _RefusalError(Exception):
    """A refusal in AWS's words, with its status and its name."""

    def __init__(self, message: str, status: int = 400, code: str = "BadRequestException") -> None:
        super().__init__(message)
        self.response = aws_error(status, code, message)


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
        return refusal.response
    except ClientError:
        return None  # there is no such thing, and moto says so
    return None


def _not_found(what: str) -> _RefusalError:
    return _RefusalError(what, 404, "NotFoundException")


def _check_resource(params: Mapping[str, Any], client: Any) -> None:
    resources = client.get_resources(restApiId=params["restApiId"], limit=500)["items"]
    parent, part = params["parentId"], params.get("pathPart")
    # moto looks for the parent when the child is there already, and can list neither afterwards.
    if all(resource["id"] != parent for resource in resources):
        raise _not_found("Invalid Resource identifier specified")
    if any((each.get("parentId"), each.get("pathPart")) == (parent, part) for each in resources):
        raise _RefusalError(
            f"Another resource with the same parent already has this name: {part}",
            status=409,
            code="ConflictException",
        )


def _check_method(params: Mapping[str, Any], client: Any) -> None:
    if params["httpMethod"] not in _METHODS:
        raise _RefusalError(f"Invalid HttpMethod specified. Valid options are {','.join(_METHODS)}")
    api = {"restApiId": params["restApiId"]}
    validators = [params.get("requestValidatorId"), *_set(params, "/requestValidatorId")]
    known = {each["id"] for each in client.get_request_validators(**api, limit=500)["items"]}
    if any(validator and validator not in known for validator in validators):
        raise _not_found("Invalid Request Validator identifier specified")
    models = {*(params.get("requestModels") or {}).values(), *_set(params, "/requestModels/.+")}
    known = {each["name"] for each in client.get_models(**api, limit=500)["items"]}
    for model in sorted(models - known - BUILT_IN_MODELS.keys()):
        raise _RefusalError(f"Invalid model identifier specified: {model}")


def _check_integration(params: Mapping[str, Any], _: Any) -> None:
    shortest, longest = _MILLISECONDS
    for value in [params.get("timeoutInMillis"), *_set(params, "/timeoutInMillis")]:
        if value is None:
            continue
        if not str(value).isdecimal() or not shortest <= int(value) <= longest:
            raise _RefusalError(f"Timeout should be between {shortest} ms and {longest} ms")


def _check_new_stage(params: Mapping[str, Any], client: Any) -> None:
    if not re.fullmatch(r"[\w-]+", params["stageName"], re.ASCII):
        raise _RefusalError("Stage name only allows a-zA-Z0-9_-")
    deployments = client.get_deployments(restApiId=params["restApiId"], limit=500)["items"]
    if all(each["id"] != params["deploymentId"] for each in deployments):
        raise _not_found("Invalid Deployment identifier specified")


def _check_usage_plan(params: Mapping[str, Any], client: Any) -> None:
    stages = [
        f"{each.get('apiId', '')}:{each.get('stage', '')}" for each in params.get("apiStages") or ()
    ]
    for stage in [*stages, *_set(params, "/apiStages")]:
        api, _, name = stage.partition(":")
        try:
            client.get_stage(restApiId=api, stageName=name)
        except (ClientError, ParamValidationError):
            raise _not_found(f"API Stage not found: {stage}") from None


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
    """Yield what a patch puts at paths that end like this pattern."""
    for operation in params.get("patchOperations") or ():
        if operation.get("op") != "remove" and re.search(f"{path}$", str(operation.get("path"))):
            yield operation.get("value") or ""


_CHECKS: Mapping[str, Callable[[Mapping[str, Any], Any], None]] = {
    "CreateModel": _check_model,
    "CreateResource": _check_resource,
    "CreateStage": _check_new_stage,
    "CreateUsagePlan": _check_usage_plan,
    "DeleteDeployment": _check_deletion,
    "PutGatewayResponse": _check_gateway_response,
    "PutIntegration": _check_integration,
    "PutIntegrationResponse": _check_integration_response,
    "PutMethod": _check_method,
    "UpdateIntegration": _check_integration,
    "UpdateMethod": _check_method,
    "UpdateModel": _check_model,
    "UpdateStage": _check_stage,
    "UpdateUsagePlan": _check_usage_plan,
}
