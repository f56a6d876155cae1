"""Changes to moto's API Gateway, each with its reason."""

import json
import re
import time
from collections.abc import Callable
from typing import Any

from moto.apigateway.exceptions import (
    BadRequestException,
    BasePathConflictException,
    ConflictException,
)
from moto.apigateway.models import (
    APIGatewayBackend,
    Authorizer,
    GatewayResponse,
    Integration,
    RequestValidator,
    RestAPI,
    Stage,
    UsagePlan,
)
from moto.apigateway.responses import APIGatewayResponse
from moto.core.utils import camelcase_to_underscores

from emulator.apigateway.deployed import BUILT_IN_MODELS
from emulator.apigateway.refusal import not_found
from emulator.apigateway.responses import STATUSES, TEMPLATES
from emulator.patching import Moto, add, patch
from emulator.wire.documents import JsonObject


@patch(Integration, "to_json")
def _omit_empty_fields(original: Moto, integration: Integration) -> object:
    # As AWS does; the provider would otherwise see an empty map appear after its first read.
    empty: tuple[object, ...] = (None, [], {})
    return {name: value for name, value in original(integration).items() if value not in empty}


@patch(RestAPI, "to_dict")
def _show_api_status(original: Moto, api: RestAPI) -> object:
    # botocore's model; a Regional API that names no policy has TLS_1_0 (API Gateway Developer
    # Guide, "Choose a security policy for your REST API").
    policy = getattr(api, "security_policy", None) or "TLS_1_0"
    mode = getattr(api, "endpoint_access_mode", None)
    known = original(api) | {"apiStatus": "AVAILABLE", "securityPolicy": policy}
    return known | ({"endpointAccessMode": mode} if mode else {})


@patch(APIGatewayResponse, "create_rest_api")
def _keep_security_policy(original: Moto, response: APIGatewayResponse) -> object:
    status, headers, body = original(response)
    if "id" not in (made := json.loads(body)):
        return status, headers, body
    api = response.backend.get_rest_api(made["id"])
    api.security_policy = response._get_param("securityPolicy")
    api.endpoint_access_mode = response._get_param("endpointAccessMode")
    return status, headers, json.dumps(api.to_dict())


@patch(RestAPI, "apply_patch_operations")
def _change_settings(original: Moto, api: RestAPI, operations: list[JsonObject]) -> None:
    # moto takes the text "false" for true, and does not know the other two.
    original(api, operations)
    for operation in operations:
        match operation["path"]:
            case "/disableExecuteApiEndpoint":
                api.disableExecuteApiEndpoint = operation["value"] == "true"
            case "/securityPolicy":
                api.security_policy = operation.get("value")
            case "/endpointAccessMode":
                api.endpoint_access_mode = operation.get("value")


# Updates that moto lacks: an environment that is edited and applied again sends them.
_PATCHED = {
    *("apiKeyRequired", "authorizationScopes", "authorizationType", "authorizerId"),
    *("contentHandling", "credentials", "description", "httpMethod", "operationName"),
    *("passthroughBehavior", "requestModels", "requestParameters", "requestTemplates"),
    *("requestValidatorId", "responseModels", "responseParameters", "responseTemplates", "schema"),
    *("selectionPattern", "statusCode", "timeoutInMillis", "uri"),
}


def _patch_fields(target: object, operations: list[JsonObject]) -> None:
    for operation in operations:
        name, _, key = operation["path"][1:].partition("/")
        if name not in _PATCHED:
            raise NotImplementedError(name)
        attribute, value = camelcase_to_underscores(name), operation.get("value")
        attribute = attribute.replace("behavior", "behaviour")  # as moto spells it
        if value in {"true", "false"}:
            value = value == "true"
        elif name == "timeoutInMillis":
            value = int(str(value))
        if name == "authorizationScopes":
            scopes = set(getattr(target, attribute) or ()) - {value}
            scopes |= set() if operation["op"] == "remove" else {value}
            setattr(target, attribute, sorted(scopes))
            continue
        if not key:
            setattr(target, attribute, None if operation["op"] == "remove" else value)
            continue
        entries = dict(getattr(target, attribute) or {})
        key = key.replace("~1", "/").replace("~0", "~")
        if operation["op"] == "remove":
            entries.pop(key, None)
        else:
            entries[key] = value
        setattr(target, attribute, entries)


def _add_update(name: str, find: Callable[[APIGatewayBackend, list[str]], Any]) -> None:
    def update(response: APIGatewayResponse) -> str:
        target = find(response.backend, response.path.split("/"))
        _patch_fields(target, response._get_param("patchOperations"))
        return json.dumps(target.to_json())

    add(APIGatewayResponse, name)(update)


# /restapis/<2>/models/<4>, /restapis/<2>/resources/<4>/methods/<6>/responses/<8> and so on
_add_update("update_model", lambda apis, at: apis.get_model(at[2], at[4]))
_add_update("update_deployment", lambda apis, at: apis.get_deployment(at[2], at[4]))
_add_update("update_method", lambda apis, at: apis.get_method(at[2], at[4], at[6]))
_add_update("update_integration", lambda apis, at: apis.get_integration(at[2], at[4], at[6]))
_add_update(
    "update_method_response", lambda apis, at: apis.get_method_response(at[2], at[4], at[6], at[8])
)
_add_update(
    "update_integration_response",
    lambda apis, at: apis.get_integration_response(at[2], at[4], at[6], at[9]),
)


@patch(RestAPI, "__init__")
def _begin_with_models(original: Moto, api: RestAPI, *args: object, **kwargs: object) -> None:
    # Every API has two models from the start, and may not make others of their names.
    original(api, *args, **kwargs)
    for name, schema in BUILT_IN_MODELS.items():
        text = {"$schema": "http://json-schema.org/draft-04/schema#"} | schema
        api.add_model(
            name=name,
            description=f"This is a default {name.lower()} schema model",
            schema=json.dumps(text),
            content_type="application/json",
        )


@patch(RequestValidator, "apply_patch_operations")
def _read_no_value_as_false(
    original: Moto, validator: RequestValidator, operations: list[JsonObject]
) -> None:
    # moto asks for a value. It takes each part of the word true for true, nothing at all as well.
    original(validator, [{"value": "false", **operation} for operation in operations])


@patch(APIGatewayBackend, "delete_resource")
def _delete_children(
    original: Moto, apis: APIGatewayBackend, function_id: str, resource_id: str
) -> object:
    # moto leaves what is below a resource behind, and cannot list it afterwards.
    resources = apis.get_rest_api(function_id).resources
    for child in [each for each in resources.values() if each.parent_id == resource_id]:
        apis.delete_resource(function_id, child.id)
    return original(apis, function_id, resource_id)


# Gateway responses: moto knows only those that were put, as they were put. AWS lists all, each
# with what it takes from the response for its class (recorded in localstack/localstack,
# test_apigateway_api.snapshot.json, test_gateway_response_crud and test_gateway_response_put).


def put_gateway_responses(apis: APIGatewayBackend, api_id: str) -> dict[str, JsonObject]:
    """Return the gateway responses that an author put, with no value but the author's, by type."""
    return {kind: own.to_json() for kind, own in apis.apis[api_id].gateway_responses.items()}


def _described(api: RestAPI, kind: str) -> JsonObject:
    status, own = STATUSES[kind], api.gateway_responses.get(kind)
    of_class = "DEFAULT_5XX" if status is not None and status >= 500 else "DEFAULT_4XX"
    configured = own or (api.gateway_responses.get(of_class) if status is not None else None)
    status = (configured and configured.status_code) or status
    return {
        "responseType": kind,
        "defaultResponse": own is None,
        "responseParameters": (configured and configured.response_parameters) or {},
        "responseTemplates": (configured and configured.response_templates) or TEMPLATES,
    } | ({"statusCode": str(status)} if status else {})


def _api_and_kind(response: APIGatewayResponse) -> tuple[RestAPI, str]:
    _, _, api_id, _, *kind = response.path.split("/")
    return response.backend.get_rest_api(api_id), kind[0] if kind else ""


@patch(APIGatewayResponse, "put_gateway_response")
def _show_put_response(original: Moto, response: APIGatewayResponse) -> object:
    status, headers, _ = original(response)
    return status, headers, json.dumps(_described(*_api_and_kind(response)))


@patch(APIGatewayResponse, "get_gateway_response")
def _show_response(original: Moto, response: APIGatewayResponse) -> object:  # noqa: ARG001  # knows too few
    return 200, {}, json.dumps(_described(*_api_and_kind(response)))


@patch(APIGatewayResponse, "get_gateway_responses")
def _show_responses(original: Moto, response: APIGatewayResponse) -> object:  # noqa: ARG001  # knows too few
    api, _ = _api_and_kind(response)
    return 200, {}, json.dumps({"item": [_described(api, kind) for kind in sorted(STATUSES)]})


@add(APIGatewayResponse, "update_gateway_response")
def _update_response(response: APIGatewayResponse) -> str:
    api, kind = _api_and_kind(response)
    own = api.gateway_responses.setdefault(kind, GatewayResponse(kind, None, {}, {}))
    _patch_fields(own, response._get_param("patchOperations"))
    return json.dumps(_described(api, kind))


# Stages


@patch(Stage, "__init__")
def _note_when_made(original: Moto, stage: Stage, *args: object, **kwargs: object) -> None:
    original(stage, *args, **kwargs)
    stage.created = stage.updated = int(time.time())


@patch(Stage, "to_json")
def _show_stage(original: Moto, stage: Stage) -> JsonObject:
    # What AWS returns for every stage, and moto for none or some.
    shown: JsonObject = {
        "cacheClusterStatus": "NOT_AVAILABLE",
        "createdDate": stage.created,
        "lastUpdatedDate": stage.updated,
        "tracingEnabled": False,
    }
    kept: JsonObject = original(stage)
    return shown | kept


@patch(Stage, "apply_operations")
def _remove_method_settings(original: Moto, stage: Stage, operations: list[JsonObject]) -> object:
    # moto goes on throttling a method whose settings were removed.
    stage.updated = int(time.time())
    for operation in operations:
        if operation["op"] == "remove":
            stage.method_settings.pop(operation["path"].lstrip("/"), None)
    return original(stage, operations)


@patch(Stage, "_get_default_method_settings")
def _default_method_settings(original: Moto, stage: Stage) -> JsonObject:
    # As recorded in localstack/localstack, test_apigateway_common.snapshot.json, TestStages.
    recorded = {
        "cacheDataEncrypted": False,
        "throttlingBurstLimit": 5_000,
        "throttlingRateLimit": 10_000.0,
    }
    settings: JsonObject = original(stage)
    return settings | recorded


# Usage plans


@patch(UsagePlan, "to_json")
def _show_quota_offset(original: Moto, plan: UsagePlan) -> JsonObject:
    shown: JsonObject = original(plan)
    if plan.quota:
        shown["quota"] = {"offset": 0} | plan.quota
    return shown


@patch(APIGatewayBackend, "create_domain_name")
def _one_domain_of_a_name(
    original: Moto, backend: APIGatewayBackend, domain_name: str, *settings: object
) -> object:
    if domain_name in backend.domain_names:
        raise BadRequestException("The domain name you provided already exists.")
    made = original(backend, domain_name, *settings)
    # moto takes a domain without mappings for none, and keeps those of one that is gone.
    backend.base_path_mappings[domain_name] = {}
    return made


@patch(APIGatewayBackend, "create_base_path_mapping")
def _one_mapping_of_a_path(
    original: Moto, backend: APIGatewayBackend, domain_name: str, api_id: str, *place: str
) -> object:
    # moto replaces the mapping of the empty path.
    if (place[0] or "(none)") in backend.base_path_mappings.get(domain_name, {}):
        raise BasePathConflictException
    return original(backend, domain_name, api_id, *place)


@patch(APIGatewayBackend, "delete_domain_name")
def _delete_with_mappings(original: Moto, backend: APIGatewayBackend, domain_name: str) -> None:
    # moto keeps them for the next domain of the name.
    original(backend, domain_name)
    backend.base_path_mappings.pop(domain_name, None)


@patch(APIGatewayBackend, "get_integration")
def _missing_integration(original: Moto, backend: APIGatewayBackend, *args: object) -> object:
    # moto fails on a method without integration, and Terraform could not go on after a half apply.
    integration = original(backend, *args)
    if integration is None:
        raise not_found("Invalid Integration identifier specified")
    return integration


_PLAN_STAGE = re.compile(
    r"/apiStages/([^:/]+):([^/]+)/throttle(?:/(.+?))?(?:/(rateLimit|burstLimit))?"
)


@patch(UsagePlan, "apply_patch_operations")
def _update_usage_plan(original: Moto, plan: UsagePlan, operations: list[JsonObject]) -> None:
    # moto knows no throttle of one method, cannot remove a stage that has one, keeps a quota as
    # text, and cuts the fraction off a rate.
    for operation in operations:
        path, value = operation["path"], operation.get("value")
        if path == "/apiStages" and operation["op"] == "remove":
            api_id, _, stage = str(value).partition(":")
            plan.api_stages = [
                each
                for each in plan.api_stages
                if (each["apiId"], each["stage"]) != (api_id, stage)
            ]
        elif found := _PLAN_STAGE.fullmatch(path):
            _update_method_throttle(plan, found, operation)
        elif path == "/throttle/rateLimit" and operation["op"] != "remove":
            plan.throttle["rateLimit"] = float(str(value))
        else:
            original(plan, [operation])
    for name in ("limit", "offset"):
        if name in plan.quota:
            plan.quota[name] = int(plan.quota[name])


def _update_method_throttle(plan: UsagePlan, found: re.Match[str], operation: JsonObject) -> None:
    api_id, stage, method, limit = found.groups()
    for each in plan.api_stages:
        if (each["apiId"], each["stage"]) != (api_id, stage):
            continue
        throttles = each.setdefault("throttle", {})
        if operation["op"] != "remove" and method and limit:
            number = float(operation["value"]) if limit == "rateLimit" else int(operation["value"])
            throttles.setdefault(method.replace("~1", "/"), {})[limit] = number
        elif method:
            throttles.pop(method.replace("~1", "/"), None)
        else:
            throttles.clear()


@patch(APIGatewayBackend, "create_usage_plan_key")
def _one_place_in_a_plan(
    original: Moto, backend: APIGatewayBackend, usage_plan_id: str, payload: JsonObject
) -> object:
    # moto takes a key into its plan again, and into a plan that is not there.
    backend.get_usage_plan(usage_plan_id)
    if payload["keyId"] in backend.usage_plan_keys.get(usage_plan_id, {}):
        raise ConflictException(
            f"Usage Plan {usage_plan_id} cannot be added because API Key cannot reference multiple"
            " Usage Plans with the same API stage"
        )
    return original(backend, usage_plan_id, payload)


# Authorizers


@patch(Authorizer, "__init__")
def _keep_validation_expression(
    original: Moto, authorizer: Authorizer, *args: object, **kwargs: object
) -> None:
    # moto hands it on under a misspelled name, and loses it.
    original(authorizer, *args, **kwargs)
    authorizer.identity_validation_expression = kwargs.get("identiy_validation_expression")


@patch(Authorizer, "apply_operations")
def _change_user_pools(
    original: Moto, authorizer: Authorizer, operations: list[JsonObject]
) -> Authorizer:
    # moto fails to change the user pools.
    for operation in operations:
        if operation["path"] != "/providerARNs":
            original(authorizer, [operation])
            continue
        arn, arns = operation["value"], list(authorizer.provider_arns or ())
        arns = [each for each in arns if each != arn]
        authorizer.provider_arns = arns if operation["op"] == "remove" else [*arns, arn]
    return authorizer
