"""What API Gateway checks of a request before it hands it on: parameters, and the body's model."""

import json
import re
from typing import Any

import jsonschema

from emulator.apigateway.deployed import media_type
from emulator.apigateway.exchange import Exchange
from emulator.apigateway.responses import GatewayError
from emulator.wire.http import strict_json


def check_parameters(exchange: Exchange) -> None:
    """Refuse a request that lacks required parameters or leaves them blank. Raises GatewayError.

    On record, those in headers come before those in the path and those in the query string.
    """
    missing = []
    for name in sorted(exchange.routed.required_parameters):
        _, _, place, parameter = name.split(".", 3)
        present = {
            "header": bool(exchange.request.header(parameter)),
            "querystring": any(exchange.query.get(parameter, ())),
            "path": parameter in exchange.path_parameters,
        }
        if not present.get(place):
            missing.append(parameter)
    if missing:
        text = f"Missing required request parameters: [{', '.join(missing)}]"
        raise GatewayError("BAD_REQUEST_PARAMETERS", text)


def check_body(exchange: Exchange) -> None:
    """Refuse a body that the method's model does not allow. Raises GatewayError, may quote it.

    An empty body is validated as an empty object. No model for the content type and none for
    `$default`: nothing is validated (Amazon API Gateway Developer Guide, Request validation).
    """
    models = exchange.routed.models
    content_type = media_type(exchange.request.header("content-type"))
    validator = models.get(content_type) or models.get("$default")
    if validator is None:
        return
    try:
        document = strict_json(exchange.body.decode() or "{}")
        errors = dict.fromkeys(_describe(error) for error in validator.iter_errors(document))
    except (ValueError, RecursionError):
        raise GatewayError("BAD_REQUEST_BODY", validation="Invalid JSON") from None
    if errors:
        raise GatewayError("BAD_REQUEST_BODY", validation=f"[{', '.join(errors)}]")


# The texts of the Java library json-schema-validator, which API Gateway shows as they are.
_MESSAGES = {
    "additionalProperties": "object instance has properties which are not allowed by the schema:"
    " {names}",
    "enum": "instance value ({instance}) not found in enum (possible values: {limit})",
    "maxItems": "array is too long: must have at most {limit} elements but instance has {size}"
    " elements",
    "maxLength": "string {instance} is too long (length: {size}, maximum allowed: {limit})",
    "maximum": "numeric instance is greater than the required maximum (maximum: {limit}, found:"
    " {instance})",
    "minItems": "array is too short: must have at least {limit} elements but instance has {size}"
    " elements",
    "minLength": "string {instance} is too short (length: {size}, required minimum: {limit})",
    "minimum": "numeric instance is lower than the required minimum (minimum: {limit}, found:"
    " {instance})",
    "pattern": "ECMA 262 regex {limit} does not match input string {instance}",
    "required": "object has missing required properties ({names})",
    "type": "instance type ({type}) does not match any allowed primitive type (allowed: {names})",
}
_TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")


def _describe(error: jsonschema.ValidationError) -> str:
    keyword, limit, instance = str(error.validator), error.validator_value, error.instance
    return _MESSAGES.get(keyword, "instance does not satisfy {keyword}").format(
        keyword=keyword,
        instance=_json(instance),
        limit=_json(limit),
        names=_json(_names(keyword, error)),
        size=len(instance) if isinstance(instance, str | list) else 0,
        type=next(
            each
            for each in _TYPES
            if jsonschema.Draft4Validator.TYPE_CHECKER.is_type(instance, each)
        ),
    )


def _names(keyword: str, error: jsonschema.ValidationError) -> list[str]:
    limit: Any = error.validator_value
    schema: Any = error.schema
    instance: Any = error.instance
    match keyword:
        case "required":
            return [name for name in limit if name not in instance]
        case "additionalProperties":
            known, patterns = schema.get("properties", ()), schema.get("patternProperties", ())
            return [
                name
                for name in instance
                if name not in known and not any(re.search(each, name) for each in patterns)
            ]
        case "type":
            allowed = {limit} if isinstance(limit, str) else set(limit)
            return sorted(allowed | ({"integer"} if "number" in allowed else set()))
    return []


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
