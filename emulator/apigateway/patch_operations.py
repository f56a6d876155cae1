"""What API Gateway's API says of patches that it does not take.

Texts recorded from AWS in localstack/localstack, tests/aws/services/apigateway/
test_apigateway_api.snapshot.json (test_update_…) and test_apigateway_common.snapshot.json (stages).
"""

import re
from collections.abc import Callable, Mapping

from botocore.client import BaseClient

from emulator.apigateway.missing import Named
from emulator.apigateway.refusal import RefusalError, not_found
from emulator.wire.documents import Document

# Updates that replace one of a few values.
_REPLACED: Mapping[str, tuple[str, ...]] = {
    "UpdateModel": ("/description", "/schema"),
    "UpdateRequestValidator": ("/name", "/validateRequestParameters", "/validateRequestBody"),
}
_REPLACED_OF_METHOD = (
    *("/apiKeyRequired", "/authorizationType", "/authorizerId", "/operationName"),
    "/requestValidatorId",
)
_ENTRY_OF_METHOD = re.compile(r"/request(?:Parameters|Models)/[^/]+|/authorizationScopes(?:/.*)?")
_ENTRY_OF_ANSWER = re.compile(r"/(responseParameters|responseTemplates|responseModels)/([^/]+)")
_COMPRESSION = "Invalid minimum compression size, must be between 0 and 10485760"
_MOST_BYTES = 10_485_760

_STAGE_PATHS = re.compile(
    r"/(?:deploymentId|description|documentationVersion|cacheClusterEnabled|cacheClusterSize|clientCertificateId"
    r"|tracingEnabled|canarySettings(?:/.+)?|accessLogSettings(?:/.+)?|variables/[^/]+"
    r"|.+/[A-Z*]+/(?:metrics/enabled|logging/(?:dataTrace|loglevel)"
    r"|throttling/(?:burstLimit|rateLimit)"
    r"|caching/(?:ttlInSeconds|enabled|dataEncrypted|requireAuthorizationForCacheControl"
    r"|unauthorizedCacheControlHeaderStrategy)))"
)
_METHOD_OF_STAGE = re.compile(r"/(.+/(?:[A-Z]+|\*))")
_LOG_PATHS = ("/accessLogSettings/destinationArn", "/accessLogSettings/format")


def _settings(prefix: str, between: str) -> str:
    """List the settings of methods as AWS does: between some of them the comma is missing."""
    return (
        f"{prefix}/metrics/enabled, {prefix}/logging/dataTrace, {prefix}/logging/loglevel,"
        f" {prefix}/throttling/burstLimit{between}{prefix}/throttling/rateLimit{between}"
        f"{prefix}/caching/ttlInSeconds, {prefix}/caching/enabled, {prefix}/caching/dataEncrypted,"
        f" {prefix}/caching/requireAuthorizationForCacheControl,"
        f" {prefix}/caching/unauthorizedCacheControlHeaderStrategy"
    )


_STAGE_PATHS_IN_WORDS = (
    "/deploymentId, /description, /cacheClusterEnabled, /cacheClusterSize, /clientCertificateId,"
    " /accessLogSettings, /accessLogSettings/destinationArn, /accessLogSettings/format,"
    f" {_settings('/{resourcePath}/{httpMethod}', '')}, {_settings('/*/*', ' ')},"
    " /variables/{variable_name}, /tracingEnabled"
)


def check(operation: str, params: Document, apis: BaseClient) -> None:
    """Refuse a patch that AWS does not take. Raises RefusalError."""
    for patch in params.get("patchOperations") or ():
        if operation in _REPLACED:
            _check_replaced(patch, _REPLACED[operation])
        elif operation in _CHECKS:
            _CHECKS[operation](patch, Named(params, apis))


def _check_replaced(patch: Document, paths: tuple[str, ...]) -> None:
    what = f"Invalid patch path  '{patch.get('path')}' specified for op '{patch['op']}'."
    if patch["op"] != "replace":
        raise RefusalError(f"{what} Please choose supported operations")
    if patch.get("path") not in paths:
        raise RefusalError(f"{what} Must be one of: [{', '.join(paths)}]")


def _invalid(patch: Document) -> RefusalError:
    return RefusalError(f"Invalid patch path {patch.get('path') or 'null'}")


def _only_replace(patch: Document) -> None:
    if patch["op"] != "replace":
        raise RefusalError("Invalid patch operation specified. Must be one of: [replace]")


def _check_method(patch: Document, _: Named) -> None:
    path = patch.get("path") or ""
    if path in _REPLACED_OF_METHOD:
        _only_replace(patch)
    elif not _ENTRY_OF_METHOD.fullmatch(path):
        raise _invalid(patch)


def _check_rest_api(patch: Document, _: Named) -> None:
    if patch.get("path") == "/minimumCompressionSize":
        _only_replace(patch)
        check_compression(patch.get("value"))
    elif patch.get("path") == "/binaryMediaTypes":
        raise _invalid(patch)


def check_compression(value: object) -> None:
    """Refuse a minimum compression size that is none. Raises RefusalError."""
    if value not in {None, ""} and not (str(value).isdecimal() and int(str(value)) <= _MOST_BYTES):
        raise RefusalError(_COMPRESSION)


def _check_gateway_response(patch: Document, named: Named) -> None:
    if patch.get("path") == "/statusCode":
        if patch["op"] != "replace":
            raise _invalid(patch)
        return
    kind, name = _entry(patch)
    if patch["op"] != "remove" and not patch.get("value"):
        raise RefusalError(f"Invalid null or empty value in {kind}")
    known = named.of_api("gateway_responses", "responseType")
    entries = getattr(known, _ATTRIBUTES[kind], None) or {}
    if patch["op"] == "replace" and kind == "responseParameters" and name not in entries:
        raise not_found("Invalid parameter name specified")


_ATTRIBUTES = {
    "responseModels": "response_models",
    "responseParameters": "response_parameters",
    "responseTemplates": "response_templates",
}


def _check_method_response(patch: Document, named: Named) -> None:
    kind, name = _entry(patch)
    entries = getattr(named.method_response, _ATTRIBUTES[kind], None) or {}
    if patch["op"] == "add" or name in entries:
        return
    if kind == "responseParameters":
        raise not_found("Invalid parameter name specified")
    raise not_found("Content-Type specified was not found")


def _entry(patch: Document) -> tuple[str, str]:
    found = _ENTRY_OF_ANSWER.fullmatch(patch.get("path") or "")
    if found is None:
        raise _invalid(patch)
    return found[1], found[2].replace("~1", "/").replace("~0", "~")


def _check_stage(patch: Document, named: Named) -> None:
    path = patch.get("path") or ""
    if path.startswith("/accessLogSettings/"):
        if path not in _LOG_PATHS:
            raise RefusalError(
                f"Invalid accessLogSettings path. Must be one of : [{', '.join(_LOG_PATHS)}]"
            )
        if patch["op"] != "remove" and not patch.get("value"):
            raise RefusalError("Access Log value must not be empty")
    method = _METHOD_OF_STAGE.fullmatch(path)
    if patch["op"] == "remove" and method:
        if named.stage and method[1] not in named.stage.method_settings:
            raise RefusalError(
                f"Cannot remove method setting {method[1]} because there is no method setting for"
                " this method "
            )
    elif not _STAGE_PATHS.fullmatch(path):
        raise RefusalError(
            f"Invalid method setting path: {path}. Must be one of: [{_STAGE_PATHS_IN_WORDS}]"
        )


def _check_usage_plan(patch: Document, named: Named) -> None:
    if patch["op"] != "remove" or patch.get("path") != "/apiStages":
        return
    api, colon, stage = (patch.get("value") or "").partition(":")
    if not colon:
        raise RefusalError("Invalid API Stage specified")
    if all((each["apiId"], each["stage"]) != (api, stage) for each in named.plan.api_stages):
        raise not_found(
            f"Invalid API Stage {{api: {api}, stage: {stage}}} specified for usageplan"
            f" {named.plan.id}"
        )


_CHECKS: Mapping[str, Callable[[Document, Named], None]] = {
    "UpdateGatewayResponse": _check_gateway_response,
    "UpdateMethod": _check_method,
    "UpdateMethodResponse": _check_method_response,
    "UpdateRestApi": _check_rest_api,
    "UpdateStage": _check_stage,
    "UpdateUsagePlan": _check_usage_plan,
}
