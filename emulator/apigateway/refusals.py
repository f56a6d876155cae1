"""What API Gateway's API refuses before it configures anything, and moto does not.

An environment that AWS would refuse must not be rehearsed as if it had been applied.
"""

import contextlib
import json
import re
from collections.abc import Callable, Iterator, Mapping

import jsonschema
from botocore.client import BaseClient
from botocore.exceptions import ClientError, ParamValidationError
from moto.apigateway.models import apigateway_backends

from emulator.account import Account
from emulator.apigateway import missing, patch_operations
from emulator.apigateway.deployed import BUILT_IN_MODELS
from emulator.apigateway.refusal import RefusalError, conflict, not_found
from emulator.apigateway.sign_in import COGNITO
from emulator.wire.call import Call
from emulator.wire.documents import Document

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
_LONGEST_KEY = 128

# What an integration calls: any action of AWS, and the two that take a proxied request. AWS takes
# two slashes before the version of Lambda's API.
_ACTION = re.compile(r"arn:[\w-]+:apigateway:[\w-]+:[\w.-]+:(?:path|action)/.*")
_PROXIED = re.compile(
    r"arn:[\w-]+:apigateway:[\w-]+:(?:lambda:path/+2015-03-31/functions/[^/]+/invocations"
    r"|firehose:action/PutRecord)"
)
_POOL = re.compile(r"arn:[\w-]+:cognito-idp:[\w-]+:\d{12}:userpool/[\w-]+_[0-9a-zA-Z]+")


def refuse(call: Call, account: Account) -> None:
    """Refuse what AWS refuses of an operation of API Gateway. Raises RefusalError."""
    if call.region != account.region:
        return
    operation, params = call.operation, call.params
    apis = apigateway_backends[account.id][account.region]
    missing.check(operation, params, apis)
    patch_operations.check(operation, params, apis)
    if operation in _CHECKS:
        with contextlib.suppress(ClientError):  # there is no such thing, and moto says so
            _CHECKS[operation](params, account.client("apigateway"))


def _check_rest_api(params: Document, _: object) -> None:
    if params.get("description") == "":
        raise RefusalError("Description cannot be an empty string")
    patch_operations.check_compression(params.get("minimumCompressionSize"))
    endpoint = params.get("endpointConfiguration") or {}
    types = endpoint.get("types")
    if types == []:
        raise RefusalError("REGIONAL Configuration and EDGE Configuration cannot be both DISABLED.")
    if len(types or ()) > 1:
        raise RefusalError("Cannot create an api with multiple Endpoint Types.")
    if types == ["PRIVATE"] and endpoint.get("ipAddressType") == "ipv4":
        raise RefusalError("Only dualstack ipAddressType is supported for Private APIs.")


def _check_resource(params: Document, client: BaseClient) -> None:
    resources = client.get_resources(restApiId=params["restApiId"], limit=500)["items"]
    parent, part = params["parentId"], params.get("pathPart") or ""
    siblings = [each["pathPart"] for each in resources if each.get("parentId") == parent]
    if part in siblings:
        raise conflict(f"Another resource with the same parent already has this name: {part}")
    above = next(each for each in resources if each["id"] == parent).get("pathPart", "")
    if above.endswith("+}"):
        raise RefusalError(
            f"Cannot create a child of a resource with a greedy path variable: {above}"
        )
    variable = next((each for each in siblings if each.startswith("{")), None)
    if part.startswith("{") and variable:
        raise RefusalError(
            f"A sibling ({variable}) of this resource already has a variable path part -- only one"
            " is allowed"
        )


def _check_new_method(params: Document, client: BaseClient) -> None:
    if params["httpMethod"] not in _METHODS:
        raise RefusalError(f"Invalid HttpMethod specified. Valid options are {','.join(_METHODS)}")
    names = [name.rpartition(".")[2] for name in params.get("requestParameters") or {}]
    if len(names) != len(set(names)):
        raise RefusalError("Parameter names must be unique across querystring, header and path")
    _check_authorizer(params, params.get("authorizationType"), params.get("authorizerId"), client)
    _check_method(params, client)


def _check_patched_method(params: Document, client: BaseClient) -> None:
    place = {key: params[key] for key in ("restApiId", "resourceId", "httpMethod")}
    method = client.get_method(**place)
    kind = next(_set(params, "/authorizationType"), method.get("authorizationType"))
    authorizer = next(_set(params, "/authorizerId"), method.get("authorizerId"))
    _check_authorizer(params, kind, authorizer, client)
    _check_method(params, client)


def _check_authorizer(
    params: Document, kind: str | None, authorizer: str | None, client: BaseClient
) -> None:
    if kind not in {"CUSTOM", COGNITO}:
        return
    made = client.get_authorizers(restApiId=params["restApiId"], limit=500)["items"]
    types = {each["id"]: each["type"] for each in made}
    if (types.get(authorizer or "") == COGNITO) != (kind == COGNITO):
        authorizer = None
    if authorizer not in types:
        raise RefusalError(
            "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or"
            " COGNITO_USER_POOLS requires a valid authorizer."
        )


def _check_method(params: Document, client: BaseClient) -> None:
    api = {"restApiId": params["restApiId"]}
    validators = [params.get("requestValidatorId"), *_set(params, "/requestValidatorId")]
    known = {each["id"] for each in client.get_request_validators(**api, limit=500)["items"]}
    if any(validator and validator not in known for validator in validators):
        raise RefusalError("Invalid Request Validator identifier specified")
    models = {*(params.get("requestModels") or {}).values(), *_set(params, "/requestModels/.+")}
    known = {each["name"] for each in client.get_models(**api, limit=500)["items"]}
    for model in sorted(models - known - BUILT_IN_MODELS.keys()):
        raise RefusalError(f"Invalid model identifier specified: {model}")


def _check_integration(params: Document, _: object) -> None:
    shortest, longest = _MILLISECONDS
    for value in [params.get("timeoutInMillis"), *_set(params, "/timeoutInMillis")]:
        if value is None:
            continue
        if not str(value).isdecimal() or not shortest <= int(value) <= longest:
            raise RefusalError(f"Timeout should be between {shortest} ms and {longest} ms")
    mapped = params.get("requestParameters") or {}
    for name in mapped:
        if not re.fullmatch(r"integration\.request\.(?:header|querystring|path)\.\S+", name):
            raise _invalid_mapping(f"expression parameter specified: {name}")
    _check_expressions(mapped, _OF_GATEWAY)
    uri = params.get("uri") or ""
    if params.get("type") == "AWS_PROXY" and _ACTION.fullmatch(uri) and not _PROXIED.fullmatch(uri):
        raise RefusalError(
            "Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose"
            " stream invocations."
        )


def _check_new_stage(params: Document, client: BaseClient) -> None:
    if not re.fullmatch(r"[\w-]+", params["stageName"], re.ASCII):
        raise RefusalError("Stage name only allows a-zA-Z0-9_-")
    deployments = client.get_deployments(restApiId=params["restApiId"], limit=500)["items"]
    if all(each["id"] != params["deploymentId"] for each in deployments):
        raise not_found("Invalid Deployment identifier specified")


def _check_usage_plan(params: Document, client: BaseClient) -> None:
    stages = [
        f"{each.get('apiId', '')}:{each.get('stage', '')}" for each in params.get("apiStages") or ()
    ]
    for stage in [*stages, *_set(params, "/apiStages")]:
        api, _, name = stage.partition(":")
        try:
            client.get_stage(restApiId=api, stageName=name)
        except (ClientError, ParamValidationError):
            raise not_found(f"API Stage not found: {stage}") from None


def _check_new_model(params: Document, client: BaseClient) -> None:
    name = params["name"]
    if not name:
        raise RefusalError("Model name must be non-empty")
    # The API reference: "Must be an alphanumeric string." The text is not on record.
    if not re.fullmatch(r"[A-Za-z0-9]+", name):
        raise RefusalError(f"Model name must be alphanumeric: {name}")
    models = client.get_models(restApiId=params["restApiId"], limit=500)["items"]
    if name in {each["name"] for each in models} | BUILT_IN_MODELS.keys():
        raise conflict("Model name already exists for this REST API")
    _check_schema(params.get("schema") or "")


def _check_patched_model(params: Document, _: object) -> None:
    for schema in _set(params, "/schema"):
        _check_schema(schema)


def _check_schema(schema: str) -> None:
    if not schema:
        raise RefusalError("Model schema must have at least 1 property or array items defined")
    try:
        jsonschema.Draft4Validator.check_schema(json.loads(schema))
    except (ValueError, RecursionError, jsonschema.SchemaError):
        raise RefusalError(
            "Invalid model specified: Validation Result: warnings : [], errors : [Invalid"
            " modelschema specified]"
        ) from None


def _check_deleted_model(params: Document, client: BaseClient) -> None:
    name = params["modelName"]
    api, embed = params["restApiId"], ["methods"]
    for resource in client.get_resources(restApiId=api, embed=embed, limit=500)["items"]:
        for verb, method in (resource.get("resourceMethods") or {}).items():
            if name in (method.get("requestModels") or {}).values():
                raise conflict(
                    f"Cannot delete model '{name}', is referenced in method request:"
                    f" {resource['path']}/{verb}"
                )


def _check_validator(params: Document, _: object) -> None:
    if any(not name for name in _set(params, "/name")):
        raise RefusalError("Request Validator name cannot be blank")


def _check_new_user_pools(params: Document, _: object) -> None:
    """Refuse an authorizer of user pools that names none. AWS's own words are not on record."""
    arns = params.get("providerARNs") or []
    if params.get("type") == COGNITO and not (arns and all(map(_POOL.fullmatch, arns))):
        raise RefusalError("Invalid Authorizer Provider ARN specified")


def _check_user_pools(params: Document, _: object) -> None:
    for arn in _set(params, "/providerARNs"):
        _check_new_user_pools({"type": COGNITO, "providerARNs": [arn]}, _)


def _check_key(params: Document, _: object) -> None:
    if len(params.get("value") or "") > _LONGEST_KEY:
        raise RefusalError(f"API Key value exceeds maximum size of {_LONGEST_KEY} characters")


def _check_integration_response(params: Document, client: BaseClient) -> None:
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


def _check_gateway_response(params: Document, _: object) -> None:
    mapped = params.get("responseParameters") or {}
    for name in mapped:
        if not name.startswith("gatewayresponse.header."):
            raise _invalid_mapping(f"expression parameter specified: {name}")
    _check_expressions(mapped, _OF_GATEWAY)


def _check_expressions(mapped: Mapping[str, str], valid: re.Pattern[str]) -> None:
    for expression in mapped.values():
        if not valid.fullmatch(expression):
            raise _invalid_mapping(f"expression specified: {expression}")


def _invalid_mapping(what: str) -> RefusalError:
    return RefusalError(
        "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid"
        f" mapping {what}]"
    )


def _check_stage(params: Document, client: BaseClient) -> None:
    logs = [*_set(params, "/accessLogSettings/destinationArn")]
    levels = [value for value in _set(params, "/logging/loglevel") if value != "OFF"]
    if (logs or levels) and not client.get_account().get("cloudwatchRoleArn"):
        raise RefusalError(
            "CloudWatch Logs role ARN must be set in account settings to enable logging"
        )


def _check_deletion(params: Document, client: BaseClient) -> None:
    stages = client.get_stages(restApiId=params["restApiId"])["item"]
    if any(stage["deploymentId"] == params["deploymentId"] for stage in stages):
        raise RefusalError("Active stages pointing to this deployment must be moved or deleted")


def _check_plan_deletion(params: Document, client: BaseClient) -> None:
    # The provider takes a plan's stages away first, for this refusal.
    plan = params["usagePlanId"]
    if client.get_usage_plan(usagePlanId=plan).get("apiStages"):
        raise RefusalError(f"Cannot delete usage plan {plan} because it contains API stages.")


def _set(params: Document, path: str) -> Iterator[str]:
    """Yield what a patch puts at paths that end like this pattern."""
    for operation in params.get("patchOperations") or ():
        if operation.get("op") != "remove" and re.search(f"{path}$", str(operation.get("path"))):
            yield operation.get("value") or ""


_CHECKS: Mapping[str, Callable[[Document, BaseClient], None]] = {
    "CreateApiKey": _check_key,
    "CreateAuthorizer": _check_new_user_pools,
    "CreateModel": _check_new_model,
    "CreateResource": _check_resource,
    "CreateRestApi": _check_rest_api,
    "CreateStage": _check_new_stage,
    "CreateUsagePlan": _check_usage_plan,
    "DeleteDeployment": _check_deletion,
    "DeleteUsagePlan": _check_plan_deletion,
    "DeleteModel": _check_deleted_model,
    "PutGatewayResponse": _check_gateway_response,
    "PutIntegration": _check_integration,
    "PutIntegrationResponse": _check_integration_response,
    "PutMethod": _check_new_method,
    "UpdateAuthorizer": _check_user_pools,
    "UpdateIntegration": _check_integration,
    "UpdateMethod": _check_patched_method,
    "UpdateModel": _check_patched_model,
    "UpdateRequestValidator": _check_validator,
    "UpdateStage": _check_stage,
    "UpdateUsagePlan": _check_usage_plan,
}
