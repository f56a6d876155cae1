"""The AWS APIs that configure things: moto, and what it lacks."""

import io
import json
import logging
import os
import re
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

# Read by moto when it is imported. Its permissive CORS headers would let any web page that is open
# in a browser read the local account; certificates need no minute of waiting here.
os.environ.setdefault("MOTO_DISABLE_GLOBAL_CORS", "true")
os.environ.setdefault("MOTO_ACM_VALIDATION_WAIT", "0")

from moto.core.request import Request  # after the settings above
from moto.core.routing import get_service_router
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    create_backend_app,
)

from emulator import moto_patches
from emulator.cloud import Cloud
from emulator.guardrails import GuardrailApi
from emulator.http import HttpRequest, HttpResponse, aws_error

_log = logging.getLogger("emulator")

_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/\d+/([^/]+)/([^/]+)/aws4_request")

# Where the name in a signature is not the name of botocore's service model.
_SERVICES = {"monitoring": "cloudwatch"}

# The protocols of the others are JSON.
_XML_SERVICES = {"cloudwatch", "iam", "s3", "sns", "sts"}

_READS = ("Batch", "Describe", "Filter", "Get", "Head", "List", "Lookup", "Search", "Test", "Check")

# These change data, not configuration: snapshots of the configuration stay valid.
_DATA_WRITES = {
    "CreateLogStream",
    "Decrypt",
    "Encrypt",
    "GenerateDataKey",
    "PutEvents",
    "PutLogEvents",
    "PutMetricData",
    "PutObject",
    "PutTelemetryRecords",
    "PutTraceSegments",
    "Publish",
}


@dataclass(frozen=True)
class Call:
    """Who asks which service for what, as a signed request says it."""

    service: str
    operation: str
    region: str
    access_key_id: str

    @property
    def read_only(self) -> bool:
        """Tell whether the operation changes nothing, by its name as AWS names them."""
        return self.operation.startswith(_READS)


class ControlPlane:
    """A WSGI application for every request that is not the data plane's."""

    def __init__(self, cloud: Cloud) -> None:
        moto_patches.apply()
        self._cloud = cloud
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._guardrails = GuardrailApi(cloud.account_id)

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        body = environ["wsgi.input"].read()
        environ["wsgi.input"] = io.BytesIO(body)
        # moto reads paths from here; waitress calls it REQUEST_URI.
        if "REQUEST_URI" in environ:
            environ["RAW_URI"] = environ["REQUEST_URI"]
        call = identify(environ, body)
        status, headers, content = self._answer(call, environ, body)
        if int(status[:3]) < 400:
            self._note(call, environ, content)
        start_response(status, headers)
        return [content]

    def _answer(
        self, call: Call, environ: dict[str, Any], body: bytes
    ) -> tuple[str, list[tuple[str, str]], bytes]:
        if call.service == "bedrock":
            request = HttpRequest(
                method=environ["REQUEST_METHOD"],
                path=environ.get("RAW_URI", environ["PATH_INFO"]).partition("?")[0],
                query=environ.get("QUERY_STRING", ""),
                headers=(),
                body=body,
                source_ip=environ.get("REMOTE_ADDR", ""),
            )
            if self._guardrails.owns(request):
                return _as_wsgi(self._guardrails.handle(request, call.region))
        started: list[Any] = []
        try:
            chunks = self._moto(environ, lambda *given: started.extend(given[:2]))
            content = b"".join(chunks)
            close = getattr(chunks, "close", None)
            if close:
                close()
        except Exception:  # noqa: BLE001  # moto's own errors must not reach the client
            _log.exception("moto cannot answer %s %s", call.service, call.operation or "(unknown)")
            return _as_wsgi(_failure(call, 501))
        status, headers = started
        if status[:3] in {"404", "405"} and content.startswith(b"<!doctype html>"):
            return _as_wsgi(_failure(call, 404))
        return status, headers, content

    def _note(self, call: Call, environ: dict[str, Any], content: bytes) -> None:
        if call.service == "apigateway":
            _note_deployment(self._cloud, call, environ["PATH_INFO"], content)
        if not call.read_only and call.operation not in _DATA_WRITES:
            self._cloud.bump()


def identify(environ: dict[str, Any], body: bytes) -> Call:
    """Read service, operation, region and caller from a request; unknown parts are empty."""
    credential = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    access_key_id, region, service = credential.groups() if credential else ("", "", "")
    service = _SERVICES.get(service, service)
    operation = ""
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    if target:
        operation = target.rpartition(".")[2]
    elif environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        operation = parse_qs(body.decode("utf-8", "replace")).get("Action", [""])[0]
    elif service:
        try:
            request = Request({**environ, "wsgi.input": io.BytesIO(body)})
            operation = get_service_router(service).match(request)[0].name
        except Exception:  # noqa: BLE001  # an unknown service or path is moto's to refuse
            operation = ""
    return Call(service, operation, region, access_key_id)


def _as_wsgi(response: HttpResponse) -> tuple[str, list[tuple[str, str]], bytes]:
    headers = [*response.headers, ("Content-Length", str(len(response.body)))]
    return f"{response.status} AWS", headers, response.body


def _failure(call: Call, status: int) -> HttpResponse:
    """Refuse in the caller's protocol. 501 and not 500: SDKs repeat a 500 for minutes, in vain."""
    code = "UnknownOperationException" if status == 404 else "InternalFailure"
    what = f"{call.service or 'an unsigned request'} {call.operation}".strip()
    message = f"The emulator's control plane cannot answer {what}."
    if call.service not in _XML_SERVICES:
        return aws_error(status, code, message)
    text = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    if call.service != "s3":
        text = f"<ErrorResponse>{text}</ErrorResponse>"
    return HttpResponse(status, (("Content-Type", "text/xml"),), text.encode())


class _Deployments:
    """Frozen copies of REST APIs, made when a deployment is created, as AWS makes them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._copies: dict[tuple[str, str], dict[str, Any]] = {}
        self._clouds: dict[str, Cloud] = {}

    def freeze(self, cloud: Cloud, api_id: str, deployment_id: str) -> None:
        client = cloud.client("apigateway")
        copy = {
            "rest_api": _plain(client.get_rest_api(restApiId=api_id)),
            "resources": client.get_resources(restApiId=api_id, embed=["methods"], limit=500)[
                "items"
            ],
            "models": {
                model["name"]: model.get("schema", "{}")
                for model in client.get_models(restApiId=api_id, limit=500)["items"]
            },
            "validators": {
                validator["id"]: validator
                for validator in client.get_request_validators(restApiId=api_id, limit=500)["items"]
            },
            "gateway_responses": {
                response["responseType"]: response
                for response in client.get_gateway_responses(restApiId=api_id, limit=500)["items"]
            },
        }
        with self._lock:
            self._copies[api_id, deployment_id] = copy
            self._clouds[api_id] = cloud

    def forget(self, api_id: str, deployment_id: str | None) -> None:
        with self._lock:
            for key in list(self._copies):
                if key[0] == api_id and deployment_id in {None, key[1]}:
                    del self._copies[key]
            if deployment_id is None:
                self._clouds.pop(api_id, None)

    def served(self, api_id: str, stage_name: str) -> dict[str, Any] | None:
        cloud = self._clouds.get(api_id)
        if cloud is None:
            return None
        client = cloud.client("apigateway")
        try:
            stage = _plain(client.get_stage(restApiId=api_id, stageName=stage_name))
        except client.exceptions.NotFoundException:
            return None
        copy = self._copies.get((api_id, stage["deploymentId"]))
        if copy is None:
            return None
        return {**copy, "stage": stage, "deployment_id": stage["deploymentId"]}


_deployments = _Deployments()


def deployed_api(api_id: str, stage: str) -> dict[str, Any] | None:
    """Return what a stage of a REST API serves, in boto3's shapes; None without such a stage.

    `rest_api`, `resources` (methods embedded), `models` (name to schema), `validators` (by id) and
    `gateway_responses` (by type) are as they were when the stage's deployment was created: a change
    without a new deployment has no effect. `stage` is live, because its settings act at once.
    """
    return _deployments.served(api_id, stage)


def _note_deployment(cloud: Cloud, call: Call, path: str, content: bytes) -> None:
    parts = path.split("/")
    match call.operation:
        case "CreateDeployment":
            _deployments.freeze(cloud, parts[2], json.loads(content)["id"])
        case "DeleteDeployment":
            _deployments.forget(parts[2], parts[4])
        case "DeleteRestApi":
            _deployments.forget(parts[2], None)


def _plain(answer: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in answer.items() if key != "ResponseMetadata"}
