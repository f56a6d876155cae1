"""A deployed API, prepared for answering: routes, validators, settings of the stage."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import jsonschema
from referencing import Registry
from referencing.jsonschema import DRAFT4

from emulator.account import Account
from emulator.wire.documents import Document
from emulator.wire.partition import partition_of

Served = Document
"""What `Deployments.served` returns."""


@dataclass(frozen=True)
class Method:
    """One method of one resource."""

    http_method: str  # as deployed: may be ANY
    resource_id: str
    resource_path: str
    api_key_required: bool
    authorization: str
    authorizer_id: str
    authorization_scopes: frozenset[str]
    integration: Document
    declared_headers: Mapping[str, frozenset[str]]  # by method response status, in lower case
    models: Mapping[str, jsonschema.Draft4Validator]  # by content type; empty: body not validated
    required_parameters: tuple[str, ...]


@dataclass(frozen=True)
class Throttle:
    """A rate in requests a second and the size of the bucket."""

    rate: float
    burst: float


class Api:
    """One stage of one API."""

    def __init__(self, account: Account, served: Served) -> None:
        rest_api, stage = served["rest_api"], served["stage"]
        self.api_id: str = rest_api["id"]
        self.name: str = rest_api.get("name", "")
        self.stage_name: str = stage["stageName"]
        self.deployment_id: str = stage.get("deploymentId", "")
        self.variables: Mapping[str, str] = stage.get("variables") or {}
        self.tracing = bool(stage.get("tracingEnabled"))
        self.closed = bool(rest_api.get("disableExecuteApiEndpoint"))
        self.key_is_in_header = rest_api.get("apiKeySource", "HEADER") == "HEADER"
        self.binary_media_types: list[str] = rest_api.get("binaryMediaTypes") or []
        self.minimum_compression_size: int | None = rest_api.get("minimumCompressionSize")
        self.gateway_responses: Document = served.get("gateway_responses") or {}
        self.authorizers: Mapping[str, Document] = served.get("authorizers") or {}
        log_settings = stage.get("accessLogSettings") or {}
        self.log_group = log_settings.get("destinationArn", "").partition(":log-group:")[2]
        self.log_group = self.log_group.removesuffix(":*")
        self.log_format: str = log_settings.get("format", "")
        region, stage_path = account.region, f"/restapis/{self.api_id}/stages/{self.stage_name}"
        self.arn = f"arn:{partition_of(region)}:apigateway:{region}::{stage_path}"
        self.execution_arn = account.arn("execute-api", f"{self.api_id}/{self.stage_name}")
        self._settings: Document = {
            key.replace("~1", "/").lstrip("/"): value
            for key, value in (stage.get("methodSettings") or {}).items()
        }
        if rest_api.get("policy"):
            account.approximations.note("API Gateway", "the API's resource policy is not enforced")
        self._routes = [
            (resource["path"], _methods(served, resource)) for resource in served["resources"]
        ]
        self._routes.sort(key=lambda route: _specificity(route[0]))

    def route(self, http_method: str, path: str) -> tuple[Method, dict[str, str]] | None:
        """Find the method that serves a path, the most specific resource first."""
        segments = [unquote(segment) for segment in path.strip("/").split("/")]
        for resource_path, methods in self._routes:
            parameters = _match(resource_path.strip("/").split("/"), segments)
            if parameters is not None:
                method = methods.get(http_method) or methods.get("ANY")
                return (method, parameters) if method else None
        return None

    def method_throttle(self, method: Method, http_method: str) -> Throttle | None:
        """Return the stage's own limit for a method; its setting wins over the one for all."""
        for key in (f"{method.resource_path.lstrip('/')}/{http_method}", "*/*"):
            settings = self._settings.get(key)
            if settings:
                rate = float(settings.get("throttlingRateLimit", -1))
                burst = float(settings.get("throttlingBurstLimit", -1))
                return Throttle(rate, burst) if rate >= 0 and burst >= 0 else None
        return None


def _methods(served: Served, resource: Document) -> dict[str, Method]:
    methods = {}
    for verb, method in (resource.get("resourceMethods") or {}).items():
        validator = (served.get("validators") or {}).get(method.get("requestValidatorId")) or {}
        models = method.get("requestModels") if validator.get("validateRequestBody") else {}
        parameters = method.get("requestParameters") or {}
        checked = validator.get("validateRequestParameters")
        methods[verb] = Method(
            http_method=verb,
            resource_id=resource["id"],
            resource_path=resource["path"],
            api_key_required=bool(method.get("apiKeyRequired")),
            authorization=method.get("authorizationType") or "NONE",
            authorizer_id=method.get("authorizerId") or "",
            authorization_scopes=frozenset(method.get("authorizationScopes") or ()),
            integration=method.get("methodIntegration") or {},
            declared_headers={
                status: frozenset(
                    name.removeprefix("method.response.header.").lower()
                    for name in response.get("responseParameters") or {}
                )
                for status, response in (method.get("methodResponses") or {}).items()
            },
            models={
                content_type: _validator(served, model)
                for content_type, model in (models or {}).items()
            },
            required_parameters=tuple(
                name for name, required in parameters.items() if required and checked
            ),
        )
    return methods


BUILT_IN_MODELS: Document = {
    "Empty": {"title": "Empty Schema", "type": "object"},
    "Error": {
        "title": "Error Schema",
        "type": "object",
        "properties": {"message": {"type": "string"}},
    },
}
"""The models that every REST API has."""

_NOTHING: Document = {"not": {}}  # no body fits a model that is not there


def _validator(served: Served, model: str) -> jsonschema.Draft4Validator:
    """Compile a model; models refer to each other by their URL (draft-04, as AWS documents)."""
    base = f"https://apigateway.amazonaws.com/restapis/{served['rest_api']['id']}/models/"
    own = {name: json.loads(text) for name, text in (served.get("models") or {}).items()}
    schemas = {**BUILT_IN_MODELS, **own}
    registry: Registry[Any] = Registry().with_resources(
        (base + name, DRAFT4.create_resource(schema)) for name, schema in schemas.items()
    )
    return jsonschema.Draft4Validator(schemas.get(model, _NOTHING), registry=registry)


def _specificity(path: str) -> list[int]:
    """Sort literal segments before parameters, and those before greedy ones."""
    return [
        2 if segment.endswith("+}") else 1 if segment.startswith("{") else 0
        for segment in path.strip("/").split("/")
    ]


def _match(pattern: list[str], segments: list[str]) -> dict[str, str] | None:
    parameters: dict[str, str] = {}
    for index, part in enumerate(pattern):
        if part.endswith("+}"):
            rest = "/".join(segments[index:])
            return {**parameters, part[1:-2]: rest} if rest else None
        if index >= len(segments):
            return None
        if part.startswith("{"):
            parameters[part[1:-1]] = segments[index]
        elif part != segments[index]:
            return None
    return parameters if len(pattern) == len(segments) else None


def media_type(header: str | None) -> str:
    """Return a Content-Type without parameters; API Gateway takes none for JSON."""
    return (header or "application/json").partition(";")[0].strip().lower()
