"""The AWS APIs that configure things: moto, and what it lacks."""

import io
import json
import logging
import os
import threading
import uuid
from collections.abc import Callable, Iterable
from typing import Any
from xml.parsers.expat import ExpatError

from emulator.lambda_.account import CONCURRENCY
from emulator.lambda_.account import settings as lambda_account

# Read by moto when it is imported. Its permissive CORS headers would let any web page that is open
# in a browser read the local account; certificates need no minute of waiting here; and moto
# reserves any concurrency unless it is told of the account's.
os.environ.setdefault("MOTO_DISABLE_GLOBAL_CORS", "true")
os.environ.setdefault("MOTO_ACM_VALIDATION_WAIT", "0")
os.environ.setdefault("MOTO_LAMBDA_CONCURRENCY_QUOTA", str(CONCURRENCY))

from moto.apigateway.models import apigateway_backends
from moto.core.utils import get_service_model
from moto.moto_server.werkzeug_app import (  # after the settings above
    DomainDispatcherApplication,
    create_backend_app,
)

from emulator import lambda_, patching
from emulator.apigateway import tags as api_tags
from emulator.apigateway import usage_log
from emulator.apigateway.account import refuse_role
from emulator.apigateway.patches import put_gateway_responses
from emulator.apigateway.refusals import answer as api_answer
from emulator.bedrock import inference_profiles
from emulator.bedrock.guardrails import GuardrailApi
from emulator.bedrock.invocation_log import log_delivery_problem
from emulator.cloud import OPERATOR_KEY_ID, Cloud
from emulator.cloudtrail.history import public_keys
from emulator.cloudtrail.refusals import answer as cloudtrail_answer
from emulator.cloudtrail.trail import Trail
from emulator.cloudwatch.metrics import compiled
from emulator.events.alerts import Alerts
from emulator.iam import Authorizer, CallerError, simulation
from emulator.iam.requests import ApiCall, Credential, credential, identify
from emulator.lambda_.refusals import answer as lambda_answer
from emulator.logs.refusals import answer as logs_answer
from emulator.operations import unimplemented
from emulator.s3.refusals import answer as s3_answer
from emulator.sts.refusals import answer as sts_answer
from emulator.waf.refusals import answer as waf_answer
from emulator.wire.errors import service_error
from emulator.wire.http import HttpRequest, HttpResponse, aws_error, request_of
from emulator.wire.validation import refusal, unreadable

_log = logging.getLogger("emulator")

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


_MAILS_NOTHING = ("CloudWatch", "SNS mails nothing: the emulator's log shows what it would send")

# What is kept as configured, and does nothing or less than AWS's: part of README.md, and what.
_APPROXIMATIONS = {
    ("bedrock", "CreateGuardrail"): (
        "Guardrail",
        "topics, content filters and personal data are phrase lists",
    ),
    ("budgets", "CreateBudget"): ("Control plane", "a budget counts no cost"),
    ("cloudwatch", "PutMetricAlarm"): ("CloudWatch", "alarms change state by SetAlarmState only"),
    ("kms", "CreateKey"): ("Control plane", "keys encrypt nothing; who may use one is decided"),
    ("lambda", "CreateFunction"): (
        "Lambda",
        "neither the processor nor the memory of a function is limited",
    ),
    ("logs", "PutDataProtectionPolicy"): ("CloudWatch", "a data protection policy masks nothing"),
    ("sns", "Subscribe"): _MAILS_NOTHING,
}


class ControlPlane:
    """A WSGI application for every request that is not the data plane's."""

    def __init__(self, cloud: Cloud, authorizer: Authorizer, trail: Trail, alerts: Alerts) -> None:
        patching.apply()
        self._cloud = cloud
        self._authorizer = authorizer
        self._trail = trail
        self._alerts = alerts
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._guardrails = GuardrailApi(cloud.account_id)

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        request = request_of(environ)
        environ["wsgi.input"] = io.BytesIO(request.body)
        # moto reads paths from here; waitress calls it REQUEST_URI.
        if "REQUEST_URI" in environ:
            environ["RAW_URI"] = environ["REQUEST_URI"]
        signed = credential(request)
        call = identify(request, signed) if signed else None
        refused = self._authorizer.authorize_request(request, call)
        if refused is None and call is not None and signed is not None:
            refused = self._alerts.refusal(call, signed)
        if refused is not None:
            status, headers, content = _as_wsgi(refused)
        else:
            alarm = self._alerts.alarm(call)
            status, headers, content = self._answer(request, call, environ)
            if call is not None and int(status[:3]) < 400:
                self._note(call, content)
                self._alerts.ring(alarm)
        if signed is not None and signed.access_key_id != OPERATOR_KEY_ID:
            self._record(request, signed, status, headers, content)
        start_response(status, headers)
        return [content]

    def _record(
        self,
        request: HttpRequest,
        signed: Credential,
        status: str,
        headers: list[tuple[str, str]],
        content: bytes,
    ) -> None:
        response = HttpResponse(int(status[:3]), tuple(headers), content)
        given = response.header("x-amzn-requestid") or response.header("x-amz-request-id")
        try:
            principal = self._authorizer.authenticate(signed)
        except CallerError:
            return  # nobody: CloudTrail, too, has no identity to write down
        self._trail.record(
            request, response, request_id=given or str(uuid.uuid4()), principal=principal
        )

    def refuse_invoke(self, request: HttpRequest) -> HttpResponse | None:
        """Return AWS's refusal of a Lambda invocation; None when the caller may."""
        return self._authorizer.authorize_request(request)

    def _answer(
        self, request: HttpRequest, call: ApiCall | None, environ: dict[str, Any]
    ) -> tuple[str, list[tuple[str, str]], bytes]:
        absent = unimplemented(call, request)
        if absent is not None:
            return _as_wsgi(absent)
        if call is not None:
            refused = self._refusal(call)
            if refused is not None:
                return _as_wsgi(refused)
            answered = self._own(request, call)
            if answered is not None:
                return _as_wsgi(answered)
        started: list[Any] = []
        try:
            chunks = self._moto(environ, lambda *given: started.extend(given[:2]))
            content = b"".join(chunks)
            close = getattr(chunks, "close", None)
            if close:
                close()
        except (ImportError, NotImplementedError):
            _log.warning("moto lacks %s", _name(call))
            return _as_wsgi(_failure(call, 501))
        except Exception as error:  # noqa: BLE001  # moto's own errors must not reach the client
            explained = _explained(call, error) if call is not None else None
            if explained is not None:
                return _as_wsgi(explained)
            _log.error(
                "moto cannot answer %s: %r",
                _name(call),
                error,
                exc_info=_log.isEnabledFor(logging.DEBUG),
            )
            return _as_wsgi(_failure(call, 501))
        status, headers = started
        page = not content or content.startswith(b"<!doctype html>")
        if status[:3] in {"404", "405"} and page and environ["REQUEST_METHOD"] != "HEAD":
            return _as_wsgi(_failure(call, 404))
        if status.startswith("500") and page:
            return _as_wsgi(_failure(call, 501))
        return _modeled_status(call, status), headers, content

    def _own(self, request: HttpRequest, call: ApiCall) -> HttpResponse | None:
        """Answer what moto lacks; None for the rest."""
        match call.service, call.operation:
            case "bedrock", "GetInferenceProfile" | "ListInferenceProfiles":
                return inference_profiles.answer(call, self._cloud.account_id)
            case "bedrock", _ if self._guardrails.owns(request):
                return self._guardrails.handle(request, call.region)
            case "cloudtrail", "LookupEvents":
                return self._trail.history.answer(call)
            case "cloudtrail", "ListPublicKeys":
                return public_keys(self._trail.delivery.signer, call)
            case "apigateway", "GetTags" | "TagResource" | "UntagResource":
                return api_tags.answer(call, self._cloud.account_id)
            case "apigateway", "GetUsage":
                return usage_log.answer(call, self._cloud.client("apigateway"))
            case "lambda", "GetAccountSettings":
                return lambda_account(self._cloud.client("lambda"))
            case "iam", "SimulateCustomPolicy" | "SimulatePrincipalPolicy":
                return simulation.answer(call, self._authorizer)
        return None

    def _refusal(self, call: ApiCall) -> HttpResponse | None:
        """Check what AWS checks before it configures anything, and moto does not."""
        malformed = refusal(call)
        if malformed is not None:
            return malformed
        match call.service, call.operation:
            case "wafv2", operation if call.region == self._cloud.region:
                return waf_answer(operation, call.params, self._cloud.client("wafv2"))
            case "apigateway", "UpdateAccount":
                return refuse_role(call, self._authorizer)
            case "apigateway", operation if call.region == self._cloud.region:
                return api_answer(operation, call.params, self._cloud)
            case "cloudtrail", _:
                return cloudtrail_answer(call, self._trail, self._cloud)
            case "s3", _:
                return s3_answer(call, self._cloud)
            case "logs", _:
                return logs_answer(call, self._authorizer, self._cloud.account_id)
            case "bedrock", "PutModelInvocationLoggingConfiguration":
                return self._refuse_logging(call)
            case "lambda", _:
                return lambda_answer(call, self._cloud) or self._refuse_role(call)
            case "sts", _:
                return sts_answer(call, self._cloud.client("iam"))
        return None

    def _refuse_role(self, call: ApiCall) -> HttpResponse | None:
        """Refuse a function a role that Lambda may not assume for it."""
        role = call.params.get("Role")
        made = call.operation in {"CreateFunction", "UpdateFunctionConfiguration"}
        if role is None or not made:
            return None
        try:
            self._authorizer.assume_by_service(role, lambda_.SERVICE, {})
        except CallerError:
            return aws_error(400, "InvalidParameterValueException", lambda_.NOT_ASSUMED)
        return None

    def _refuse_logging(self, call: ApiCall) -> HttpResponse | None:
        """Try the delivery of invocation logs before it is configured, as AWS does."""
        logs = (call.params.get("loggingConfig") or {}).get("cloudWatchConfig")
        if not logs:
            return None
        group, role = logs["logGroupName"], logs["roleArn"]
        problem = log_delivery_problem(self._cloud, self._authorizer, group, role)
        if problem is None:
            return None
        _log.warning("invocation logging to %s is refused: %s", group, problem)
        return aws_error(
            400,
            "ValidationException",
            f"Failed to validate permissions for log group: {group}, with role: {role}. Verify the"
            " IAM role permissions are correct.",
        )

    def _note(self, call: ApiCall, content: bytes) -> None:
        self._tell_approximations(call)
        if call.service == "apigateway":
            _note_deployment(self._cloud, call, content)
        if not call.operation.startswith(_READS) and call.operation not in _DATA_WRITES:
            self._cloud.bump()

    def _tell_approximations(self, call: ApiCall) -> None:
        told = _APPROXIMATIONS.get((call.service, call.operation))
        if call.operation == "PutMetricFilter":
            try:
                compiled(call.params["filterPattern"])
            except ValueError:
                name, group = call.params["filterName"], call.params["logGroupName"]
                what = f"the metric filter {name} of {group} counts nothing"
                told = ("CloudWatch", f"{what}: its pattern is not known here")
        if told is not None:
            self._cloud.approximation(*told)


def _as_wsgi(response: HttpResponse) -> tuple[str, list[tuple[str, str]], bytes]:
    headers = [*response.headers, ("Content-Length", str(len(response.body)))]
    return f"{response.status} AWS", headers, response.body


def _modeled_status(call: ApiCall | None, status: str) -> str:
    """Return the status of a success as AWS's model has it: moto says 200 to much that makes."""
    if call is None or call.protocol != "rest-json" or status[:3] not in {"200", "201", "202"}:
        return status
    expected: int = (
        get_service_model(call.service)
        .operation_model(call.operation)
        .http.get("responseCode", 200)
    )
    return status if status[:3] == str(expected) else f"{expected} AWS"


def _name(call: ApiCall | None) -> str:
    return f"{call.service} {call.operation}" if call else "an unknown operation"


def _failure(call: ApiCall | None, status: int) -> HttpResponse:
    """Refuse in the caller's protocol. 501 and not 500: SDKs repeat a 500 for minutes, in vain."""
    code = "UnknownOperationException" if status == 404 else "InternalFailure"
    message = f"The emulator's control plane cannot answer {_name(call)}."
    return service_error(call.protocol if call else "rest-json", status, code, message)


def _explained(call: ApiCall, error: Exception) -> HttpResponse | None:
    """Say as AWS does what is wrong with a request on which moto failed; None if nothing is."""
    if isinstance(error, KeyError) and error.args and error.args[0] in call.params.values():
        code = "NotFoundException" if call.service == "apigateway" else "ResourceNotFoundException"
        return service_error(call.protocol, 404, code, f"{error.args[0]} does not exist.")
    if call.protocol == "rest-xml" and isinstance(error, KeyError | ExpatError):
        return unreadable(call)
    return None


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
            # As they were put: an error keeps its own status where the author gave none.
            "gateway_responses": put_gateway_responses(
                apigateway_backends[cloud.account_id][cloud.region], api_id
            ),
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


def _note_deployment(cloud: Cloud, call: ApiCall, content: bytes) -> None:
    match call.operation:
        case "CreateDeployment":
            _deployments.freeze(cloud, call.params["restApiId"], json.loads(content)["id"])
        case "DeleteDeployment":
            _deployments.forget(call.params["restApiId"], call.params["deploymentId"])
        case "DeleteRestApi":
            _deployments.forget(call.params["restApiId"], None)


def _plain(answer: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in answer.items() if key != "ResponseMetadata"}
