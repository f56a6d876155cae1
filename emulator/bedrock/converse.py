"""Bedrock's runtime: Converse as AWS answers it, the applied guardrail around a scripted model."""

import json
import logging
import re
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from emulator.bedrock.filters import Assessment, Source, assess
from emulator.bedrock.guardrails import DRAFT
from emulator.bedrock.model import Reply, answer, count_tokens
from emulator.bedrock.trace import Guard, action_of, action_reason, measures, recorded
from emulator.cloud import Cloud
from emulator.cloudtrail.trail import Trail
from emulator.iam import Authorizer, CallerError, Principal, request_keys
from emulator.iam.requests import credential
from emulator.wire.http import HttpRequest, HttpResponse, aws_error, json_response, strict_json
from emulator.wire.partition import partition_of
from emulator.wire.shapes import violation
from iam_policy import access_denied_message
from toolkit import aws_facts

_log = logging.getLogger("emulator")

_PART = "Converse"
_LOG_STREAM = "aws/bedrock/modelinvocations"
_INLINE_LOG_BYTES = 100_000
_MAX_BODY = 25 * 1024 * 1024
_DEFAULT_MAX_TOKENS = 4096
_WINDOW_TOKENS = 200_000

_NOT_TEMPERATURE_AND_TOP_P = re.compile(r"anthropic\.claude-(?:haiku-4-5|sonnet-4-5|opus-4)")

# Inference that the emulator does not answer, and the action that each is.
_OTHER_INFERENCE = {
    "invoke": "bedrock:InvokeModel",
    "invoke-with-response-stream": "bedrock:InvokeModelWithResponseStream",
    "converse-stream": "bedrock:InvokeModelWithResponseStream",
}

_STATUS = {
    "AccessDeniedException": (403, "You don't have access to the model with that model ID."),
    "InternalServerException": (500, "The system encountered an unexpected error."),
    "ModelErrorException": (424, "The request failed due to an error while processing the model."),
    "ModelNotReadyException": (429, "The model is not ready for inference."),
    "ModelTimeoutException": (408, "The request took too long to process."),
    "ResourceNotFoundException": (404, "The specified resource ARN was not found."),
    "ServiceUnavailableException": (503, "Bedrock is unable to process your request."),
    "ThrottlingException": (429, "Too many requests, please wait before trying again."),
    "ValidationException": (400, "The request is not valid."),
}


class _RuntimeError(Exception):
    def __init__(self, code: str, message: str | None = None, status: int | None = None) -> None:
        known_status, known_message = _STATUS.get(code, (400, ""))
        super().__init__(message or known_message)
        self.code = code
        self.status = status or known_status


@dataclass(frozen=True)
class _Fault:
    error: str | None
    message: str | None
    reply: Mapping[str, Any] | None
    thinking_tokens: int


class Faults:
    """Test switches: `PUT /_aws/faults` makes the next calls fail, answer otherwise, or be slow.

    `{"bedrock": {"error": "ThrottlingException", "message": "…", "times": 1}, "latency_ms": 50}`.
    Instead of `error`, `reply` sets what the model says: `{"text": "…", "stopReason": "end_turn"}`,
    before the guardrail sees it, and `thinking_tokens` how long it thinks first, unless the request
    turns that off or bounds it. `times` is 1 unless given, and 0 means until the next PUT.
    `GET` tells what is left, `DELETE` ends it all.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._fault: dict[str, Any] = {}
        self._left = 0
        self._latency_ms = 0
        self._closed = threading.Event()

    def close(self) -> None:
        """Let nobody wait any longer."""
        self._closed.set()

    def handle(self, request: HttpRequest) -> HttpResponse:
        """Answer the switches' endpoint."""
        match request.method:
            case "GET":
                return json_response(200, self._told())
            case "DELETE":
                with self._lock:
                    self._fault, self._left, self._latency_ms = {}, 0, 0
                return json_response(200, self._told())
            case "PUT":
                return self._set(request.body)
        return aws_error(405, "UnknownOperationException", "Faults take GET, PUT and DELETE.")

    def _set(self, body: bytes) -> HttpResponse:
        try:
            wanted = json.loads(body)
        except (RecursionError, ValueError):
            wanted = None
        if problem := _fault_problem(wanted):
            return aws_error(400, "ValidationException", problem)
        fault = wanted.get("bedrock") or {}
        with self._lock:
            acts = any(fault.get(name) for name in ("error", "reply", "thinking_tokens"))
            self._fault = fault if acts else {}
            self._left = fault.get("times", 1)
            self._latency_ms = wanted.get("latency_ms", 0)
        return json_response(200, self._told())

    def _told(self) -> dict[str, Any]:
        with self._lock:
            fault = {**self._fault, "times": self._left} if self._fault else None
            return {"bedrock": fault, "latency_ms": self._latency_ms}

    def next(self) -> _Fault | None:
        """Wait as long as the latency says, and return what the current call must do."""
        with self._lock:
            latency, fault = self._latency_ms / 1000, self._fault
            if fault and self._left:
                self._left -= 1
                if not self._left:
                    self._fault = {}
        if latency:
            self._closed.wait(latency)
        if not fault:
            return None
        return _Fault(
            *(fault.get("error"), fault.get("message"), fault.get("reply")),
            fault.get("thinking_tokens", 0),
        )


def _fault_problem(wanted: Any) -> str | None:
    """Say what is wrong with a description of faults; None when nothing is."""
    if not isinstance(wanted, dict):
        return "Faults are described by a JSON object."
    fault = wanted.get("bedrock")
    fault = {} if fault is None else fault
    if not isinstance(fault, dict):
        return "bedrock must be an object"
    reply = fault.get("reply")
    reply = {"text": ""} if reply is None else reply
    if not isinstance(reply, dict) or not isinstance(reply.get("text"), str):
        return "reply must be an object with a text"
    for given, known in (
        (wanted, ("bedrock", "latency_ms")),
        (fault, ("error", "message", "reply", "thinking_tokens", "times")),
        (reply, ("text", "stopReason")),
    ):
        if unknown := sorted(set(given) - set(known)):
            return f"{unknown[0]} is no switch; known here are {', '.join(known)}"
    if fault.get("error") not in [None, *_STATUS]:
        return f"error must be one of {', '.join(_STATUS)}"
    for name, text in (
        ("message", fault.get("message")),
        ("stopReason", reply.get("stopReason", "")),
    ):
        if not isinstance(text, str | None):
            return f"{name} must be text"
    for name, number, most in (
        ("latency_ms", wanted.get("latency_ms", 0), 120_000),
        ("thinking_tokens", fault.get("thinking_tokens", 0), 100_000),
        ("times", fault.get("times", 1), 1_000_000),
    ):
        if type(number) is not int or not 0 <= number <= most:
            return f"{name} must be a whole number from 0 to {most}"
    return None


@dataclass(frozen=True)
class _Target:
    """A model as it was named: through a profile, or (refused later) directly."""

    model_id: str
    profile_arn: str | None
    destinations: tuple[tuple[str, str], ...]  # (requested region, foundation model ARN)


@dataclass(frozen=True)
class _Call:
    """One authenticated request."""

    request: HttpRequest
    request_id: str
    principal: Principal


class BedrockRuntime:
    """The `bedrock-runtime` operations Converse and ApplyGuardrail."""

    def __init__(self, cloud: Cloud, authorizer: Authorizer, trail: Trail) -> None:
        self._cloud = cloud
        self._authorizer = authorizer
        self._trail = trail
        self.faults = Faults()

    def close(self) -> None:
        """Stop waiting."""
        self.faults.close()

    def handle(self, request: HttpRequest) -> HttpResponse:
        """Answer any request below /model/ and /guardrail/."""
        parts = [unquote(part) for part in request.path.split("/")[1:]]
        match parts:
            case ["model", model_id, "converse"]:
                return self.converse(model_id, request)
            case ["guardrail", identifier, "version", version, "apply"]:
                return self.apply_guardrail(identifier, version, request)
            case ["model", model_id, operation] if operation in _OTHER_INFERENCE:
                return self._answered(
                    request, lambda call: self._decline(model_id, _OTHER_INFERENCE[operation], call)
                )
        return self._answered(request, self._unsupported)

    # Converse

    def converse(self, model_id: str, request: HttpRequest) -> HttpResponse:
        """Answer one Converse call: validate, authorise, guard, ask the model, guard, log."""
        return self._answered(request, lambda call: self._converse(model_id, call))

    def _answered(
        self, request: HttpRequest, operation: Callable[[_Call], dict[str, Any]]
    ) -> HttpResponse:
        """Run an operation for an authenticated caller, and write it into the trail."""
        request_id = str(uuid.uuid4())
        principal = None
        try:
            principal = self._principal(request)
            response = json_response(200, operation(_Call(request, request_id, principal)))
        except _RuntimeError as error:
            response = aws_error(error.status, error.code, str(error))
        if principal is not None:
            self._trail.record(
                request,
                response,
                request_id=request_id,
                principal=principal,
                inference_region=self._cloud.region if request.path.endswith("/converse") else None,
            )
        headers = (*response.headers, ("x-amzn-RequestId", request_id))
        return HttpResponse(response.status, headers, response.body)

    def _converse(self, model_id: str, call: _Call) -> dict[str, Any]:
        started = time.monotonic()
        request = call.request
        document = _parse(request.body)
        if problem := violation("bedrock-runtime", "Converse", {**document, "modelId": model_id}):
            raise _RuntimeError("ValidationException", problem)
        _check_conversation(document)
        if "toolConfig" in document or any(
            not {"text", "guardContent"} & block.keys() for block in _blocks(document)
        ):
            self._cloud.approximation(_PART, "the model overlooks images, documents and tools")
        target = self._target(model_id)
        guard_config = document.get("guardrailConfig") or {}
        guard_arn = self._guardrail_arn(guard_config)
        self._authorise(call, target, guard_arn, guard_config.get("guardrailVersion", ""))
        self._refuse_direct_use(target)
        # Amazon Bedrock User Guide, "Model lifecycle": on, or soon after, that day.
        model = aws_facts.models().get(target.model_id)
        if model and model.ends and model.ends <= datetime.now(UTC).date():
            raise _RuntimeError(
                "ResourceNotFoundException",
                "This model version has reached the end of its life. Please refer to the AWS"
                " documentation for more details.",
            )
        _check_inference(document.get("inferenceConfig") or {}, target.model_id)
        if count_tokens(_characters(document)) > _WINDOW_TOKENS:
            raise _RuntimeError("ValidationException", "Input is too long for requested model.")
        guard = self._guard(guard_config, guard_arn)
        record = _Record(target, call.principal, call.request_id, document)
        fault = self.faults.next()
        if fault and fault.error:
            self._log_invocation(record, error=fault.error)
            raise _RuntimeError(fault.error, fault.message)
        reply = self._guarded_reply(call, document, guard, fault)
        reply["metrics"] = {"latencyMs": round((time.monotonic() - started) * 1000)}
        self._log_invocation(record, response=reply)
        return reply

    def _guarded_reply(
        self, call: _Call, document: dict[str, Any], guard: Guard | None, fault: _Fault | None
    ) -> dict[str, Any]:
        trace: dict[str, Any] = {}
        question, size = _question(document, None), _characters(document)
        if guard:
            before = [guard.judge(text, "INPUT") for text in _guarded_texts(document)]
            trace["inputAssessment"] = {guard.id: guard.assessment(before)}
            self._note_guardrail(call, guard, "INPUT", before)
            if any(each.blocked for each in before):
                trace["actionReason"] = action_reason(before)
                return _response(
                    guard.policy["blockedInputMessaging"],
                    "guardrail_intervened",
                    usage=(0, 0),
                    trace=trace if guard.trace else None,
                )
            question = _question(document, guard.policy)
        reply = _ask(question, size, document, fault)
        text, stop_reason = reply.text, reply.stop_reason
        if guard:
            after = guard.judge(reply.text, "OUTPUT")
            self._note_guardrail(call, guard, "OUTPUT", [after])
            # On record: empty where the answer went out as it was.
            trace["modelOutput"] = [reply.text] if after.intervened else []
            trace["outputAssessments"] = {guard.id: [guard.assessment([after])]}
            trace["actionReason"] = action_reason(before, [after])
            if after.intervened:
                stop_reason = "guardrail_intervened"
                text = guard.policy["blockedOutputsMessaging"] if after.blocked else after.text
        return _response(
            text,
            stop_reason,
            usage=(reply.input_tokens, reply.output_tokens),
            trace=trace if guard and guard.trace else None,
            reasoning="" if stop_reason == "guardrail_intervened" else reply.reasoning,
        )

    def _note_guardrail(
        self, call: _Call, guard: Guard, source: Source, judged: Sequence[Assessment]
    ) -> None:
        for name, dimensions, value in measures(guard, source, judged):
            self._cloud.metric("AWS/Bedrock/Guardrails", name, dimensions, value)
        self._trail.record_guardrail(
            call.request,
            request_id=call.request_id,
            principal=call.principal,
            guardrail_arn=guard.arn,
            guardrail_version=guard.version,
            source=source,
            action=action_of(judged),
            assessment=recorded(guard.assessment(judged)),
        )

    # ApplyGuardrail

    def apply_guardrail(self, identifier: str, version: str, request: HttpRequest) -> HttpResponse:
        """Judge texts without asking a model."""
        return self._answered(
            request, lambda call: self._apply_guardrail(identifier, version, call)
        )

    def _apply_guardrail(self, identifier: str, version: str, call: _Call) -> dict[str, Any]:
        document = _parse(call.request.body)
        config = {"guardrailIdentifier": identifier, "guardrailVersion": version}
        if problem := violation("bedrock-runtime", "ApplyGuardrail", document | config):
            raise _RuntimeError("ValidationException", problem)
        arn = self._guardrail_arn(config)
        self._allow(call, "bedrock:ApplyGuardrail", str(arn), {})
        guard = self._guard(config, arn)
        if guard is None:
            raise _RuntimeError("ValidationException", "A guardrail and its version are needed.")
        texts = [each["text"]["text"] for each in document["content"] if "text" in each]
        judged = [guard.judge(text, document["source"]) for text in texts]
        outputs = [{"text": each.text} for each in judged]
        if any(each.blocked for each in judged):
            side = "Input" if document["source"] == "INPUT" else "Outputs"
            outputs = [{"text": guard.policy[f"blocked{side}Messaging"]}]
        told = action_of(judged)
        outputs = [] if told == "NONE" else outputs
        described = guard.assessment(judged)
        return {
            "usage": described["invocationMetrics"]["usage"],
            "action": told,
            "actionReason": action_reason(judged),
            "output": outputs,  # on record beside outputs, and not in the API reference
            "outputs": outputs,
            "assessments": [described],
            "guardrailCoverage": described["invocationMetrics"]["guardrailCoverage"],
        }

    # What is absent: asked for leave all the same, as the caller's policies are tried with it

    def _decline(self, model_id: str, action: str, call: _Call) -> dict[str, Any]:
        header = call.request.header
        guard_config = {
            "guardrailIdentifier": header("x-amzn-bedrock-guardrailidentifier"),
            "guardrailVersion": header("x-amzn-bedrock-guardrailversion"),
        }
        if call.request.path.endswith("/converse-stream"):
            document = _parse(call.request.body)
            problem = violation(
                "bedrock-runtime", "ConverseStream", document | {"modelId": model_id}
            )
            if problem:
                raise _RuntimeError("ValidationException", problem)
            guard_config = document.get("guardrailConfig") or {}
        version = guard_config.get("guardrailVersion") or ""
        self._authorise(
            call,
            self._target(model_id),
            self._guardrail_arn(guard_config),
            version,
            action,
        )
        raise self._absent()

    def _unsupported(self, call: _Call) -> dict[str, Any]:
        asked = self._authorizer.action_for_request(call.request)
        if asked is not None:
            action, resources = asked
            for resource in resources:
                self._allow(call, action, resource, {})
        raise self._absent()

    def _absent(self) -> _RuntimeError:
        self._cloud.approximation(_PART, "of the runtime only Converse and ApplyGuardrail answer")
        return _RuntimeError(
            "UnsupportedOperation", "The emulator answers Converse and ApplyGuardrail only.", 501
        )

    # What a request names

    def _target(self, model_id: str) -> _Target:
        region, account = self._cloud.region, self._cloud.account_id
        bedrock = f"arn:{partition_of(region)}:bedrock"
        profile_prefix = f"{bedrock}:{region}:{account}:inference-profile/"
        name = model_id.removeprefix(profile_prefix)
        name = name.removeprefix(f"{bedrock}:{region}::foundation-model/")
        geography, _, rest = name.partition(".")
        invalid = _RuntimeError("ValidationException", "The provided model identifier is invalid.")
        if name.startswith("arn:") or "." not in name:
            raise invalid
        if geography not in aws_facts.geographies():
            own = f"{bedrock}:{region}::foundation-model/{name}"
            return _Target(name, None, ((region, own),))
        route = aws_facts.route(geography, rest, region)
        if route is None or not re.fullmatch(r"[a-z0-9-]+\.[A-Za-z0-9.:-]+", rest):
            raise invalid
        if not route.documented:
            self._cloud.approximation(
                _PART, f"{name} answers from {region} alone: where AWS routes it is not known here"
            )
        destinations = tuple(
            (each, f"{bedrock}:{each}::foundation-model/{rest}") for each in sorted(route.regions)
        )
        if geography == "global":
            anywhere = f"{bedrock}:::foundation-model/{rest}"
            destinations += (("unspecified", anywhere),)
        return _Target(rest, f"{profile_prefix}{geography}.{rest}", destinations)

    @staticmethod
    def _refuse_direct_use(target: _Target) -> None:
        if target.profile_arn is None:
            raise _RuntimeError(
                "ValidationException",
                f"Invocation of model ID {target.model_id} with on-demand throughput isn\u2019t"
                " supported. Retry your request with the ID or ARN of an inference profile that"
                " contains this model.",
            )

    def _guardrail_arn(self, config: Mapping[str, Any]) -> str | None:
        """Return the ARN of the guardrail that a request names; None when it names none.

        AWS applies no guardrail, without a word, unless both identifier and version are given.
        """
        identifier = config.get("guardrailIdentifier") or ""
        if not identifier or not config.get("guardrailVersion"):
            return None
        if identifier.startswith("arn:"):
            return str(identifier)
        region, account = self._cloud.region, self._cloud.account_id
        return f"arn:{partition_of(region)}:bedrock:{region}:{account}:guardrail/{identifier}"

    def _guard(self, config: Mapping[str, Any], arn: str | None) -> Guard | None:
        if arn is None:
            return None
        version = str(config["guardrailVersion"])
        policy = self._cloud.snapshot(
            f"bedrock:guardrail:{arn}:{version}", lambda: self._read_guardrail(arn, version)
        )
        if policy is None:
            # On record in five reports, for a version and for an identifier alike.
            raise _RuntimeError(
                "ValidationException",
                "The guardrail identifier or version provided in the request does not exist.",
            )
        if "contextualGroundingPolicy" in policy:
            self._cloud.approximation("Guardrail", "contextual grounding is not evaluated")
        self._cloud.approximation(_PART, "the model is a script")
        trace = config.get("trace") in {"enabled", "enabled_full"}
        return Guard(policy["guardrailId"], policy["guardrailArn"], version, trace, policy)

    def _read_guardrail(self, arn: str, version: str) -> dict[str, Any] | None:
        """Read a guardrail through its API; return None when there is none of that version."""
        bedrock = self._cloud.client("bedrock")
        try:
            policy: dict[str, Any] = bedrock.get_guardrail(
                guardrailIdentifier=arn, guardrailVersion=version
            )
        except bedrock.exceptions.ResourceNotFoundException:
            return None
        return policy

    # Leave

    def _principal(self, request: HttpRequest) -> Principal:
        signed = credential(request)
        if signed is None:
            raise _RuntimeError(
                "MissingAuthenticationTokenException", "Missing Authentication Token", 403
            )
        scope = None
        if signed.service != "bedrock":
            scope = "correct service: 'bedrock'"
        elif signed.region != self._cloud.region:
            scope = "a valid region"
        if scope is not None:
            raise _RuntimeError(
                "InvalidSignatureException", f"Credential should be scoped to {scope}.", 403
            )
        try:
            return self._authorizer.authenticate(signed)
        except CallerError as error:
            expired = error.code == "ExpiredToken"
            code = "ExpiredTokenException" if expired else "UnrecognizedClientException"
            raise _RuntimeError(code, str(error), 403) from error

    def _authorise(
        self,
        call: _Call,
        target: _Target,
        guard_arn: str | None,
        version: str,
        action: str = "bedrock:InvokeModel",
    ) -> None:
        """Ask IAM as AWS does for Converse, whose action is bedrock:InvokeModel.

        AWS asks for the one destination that it picks. Here all must be allowed, because a policy
        that lacks one works until the day when that one is picked. Whether AWS sets the guardrail's
        key for the profile and the project is not documented: here it does not.
        """
        region, account = self._cloud.region, self._cloud.account_id
        guarded: dict[str, str | list[str]] = {}
        if guard_arn is not None:
            known_as = guard_arn if version == DRAFT else f"{guard_arn}:{version}"
            guarded = {"bedrock:GuardrailIdentifier": known_as}
        if target.profile_arn is not None:
            self._allow(call, action, target.profile_arn, {})
            guarded["bedrock:InferenceProfileArn"] = target.profile_arn
        for requested_region, arn in target.destinations:
            context = {**guarded, "aws:RequestedRegion": requested_region}
            self._allow(call, action, arn, context)
        if action == "bedrock:InvokeModel":  # streaming knows no projects
            project = f"arn:{partition_of(region)}:bedrock:{region}:{account}:project/default"
            self._allow(call, action, project, {})
        if guard_arn is not None:
            self._allow(call, "bedrock:ApplyGuardrail", guard_arn, {})

    def _allow(
        self,
        call: _Call,
        action: str,
        resource: str,
        context: dict[str, str | list[str]],
    ) -> None:
        principal = call.principal
        context = {**request_keys(call.request), **context}
        decision = self._authorizer.authorize(principal.access_key_id, action, resource, context)
        if not decision.allowed:
            message = access_denied_message(decision, principal.arn, action, resource)
            raise _RuntimeError("AccessDeniedException", message)

    # Invocation log

    def _log_invocation(
        self,
        record: "_Record",
        *,
        response: dict[str, Any] | None = None,
        error: str | None = None,
    ) -> None:
        group = self._cloud.snapshot("bedrock:invocation-log", self._invocation_log_group)
        if group is not None:
            account, region = self._cloud.account_id, self._cloud.region
            self._cloud.log(group, _LOG_STREAM, record.written(account, region, response, error))

    def _invocation_log_group(self) -> str | None:
        """Return where invocations are logged; None when nowhere, or when the role may not."""
        bedrock = self._cloud.client("bedrock")
        config = bedrock.get_model_invocation_logging_configuration().get("loggingConfig") or {}
        logs = config.get("cloudWatchConfig")
        if not logs or not config.get("textDataDeliveryEnabled", True):
            return None
        group, role = logs["logGroupName"], logs["roleArn"]
        if problem := log_delivery_problem(self._cloud, self._authorizer, group, role):
            _log.warning("invocations are not logged to %s: %s", group, problem)
            return None
        return str(group)


def log_delivery_problem(
    cloud: Cloud, authorizer: Authorizer, group: str, role_arn: str
) -> str | None:
    """Say why Bedrock cannot write invocations to a log group as a role; None when it can."""
    region, account = cloud.region, cloud.account_id
    partition = partition_of(region)
    origin = {
        "aws:SourceAccount": account,
        "aws:SourceArn": f"arn:{partition}:bedrock:{region}:{account}:*",
    }
    try:
        authorizer.assume_by_service(role_arn, "bedrock.amazonaws.com", origin)
    except CallerError as error:
        return str(error)
    stream = f"arn:{partition}:logs:{region}:{account}:log-group:{group}:log-stream:{_LOG_STREAM}"
    for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
        decision = authorizer.authorize_role(role_arn, action, stream)
        if not decision.allowed:
            return f"{role_arn} may not {action} on {stream} ({decision.reason})"
    return None


@dataclass(frozen=True)
class _Record:
    """What an invocation log record says of the request (schema version 1.0)."""

    target: _Target
    principal: Principal
    request_id: str
    document: dict[str, Any]

    def written(
        self, account: str, region: str, response: dict[str, Any] | None, error: str | None
    ) -> str:
        """Return the record as the line that goes to the log group."""
        usage = (response or {}).get("usage", {})
        request = {key: value for key, value in self.document.items() if key != "requestMetadata"}
        entry: dict[str, Any] = {
            "timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "accountId": account,
            "identity": {"arn": self.principal.arn},
            "region": region,
            "requestId": self.request_id,
            "operation": "Converse",
            "modelId": self.target.profile_arn,
            "input": {"inputContentType": "application/json"}
            | _inline("inputBodyJson", request)
            | {
                "inputTokenCount": usage.get("inputTokens", 0),
                "cacheReadInputTokenCount": 0,
                "cacheWriteInputTokenCount": 0,
            },
        }
        if response is not None:
            entry["output"] = (
                {"outputContentType": "application/json"}
                | _inline("outputBodyJson", response)
                | {"outputTokenCount": usage.get("outputTokens", 0)}
            )
            entry["inferenceRegion"] = region
        if error is not None:
            entry["errorCode"] = error
        if self.document.get("requestMetadata"):
            entry["requestMetadata"] = self.document["requestMetadata"]
        return json.dumps(entry | {"schemaType": "ModelInvocationLog", "schemaVersion": "1.0"})


def _inline(name: str, body: dict[str, Any]) -> dict[str, Any]:
    # AWS keeps larger bodies out of CloudWatch Logs, and puts them into a bucket if given one.
    return {name: body} if len(json.dumps(body)) <= _INLINE_LOG_BYTES else {}


# Reading a request


def _parse(body: bytes) -> dict[str, Any]:
    if len(body) > _MAX_BODY:
        raise _RuntimeError("ValidationException", "The request body is too large.", 413)
    try:
        document = strict_json(body or b"{}")
    except (RecursionError, ValueError):
        document = None
    if not isinstance(document, dict):
        raise _RuntimeError("SerializationException", "The request body is no JSON object.", 400)
    return document


def _check_conversation(document: Mapping[str, Any]) -> None:
    messages = document.get("messages") or []
    if not messages or messages[0]["role"] != "user":
        raise _RuntimeError(
            "ValidationException",
            "A conversation must start with a user message. Try again with a conversation that"
            " starts with a user message.",
        )
    for index, message in enumerate(messages):
        if not message["content"]:
            raise _RuntimeError(
                "ValidationException",
                f"The content field in the Message object at messages.{index} is empty. Add a"
                " ContentBlock object to the content field and try again.",
            )
        for place, block in enumerate(message["content"]):
            if "text" in block and not block["text"].strip():
                raise _RuntimeError(
                    "ValidationException",
                    f"The text field in the ContentBlock object at messages.{index}.content."
                    f"{place} is blank. Add text to the text field, and try again.",
                )


def _check_inference(config: Mapping[str, Any], model_id: str) -> None:
    both = "temperature" in config and "topP" in config
    if both and _NOT_TEMPERATURE_AND_TOP_P.search(model_id):
        raise _RuntimeError(
            "ValidationException",
            "`temperature` and `top_p` cannot both be specified for this model. Please use only"
            " one.",
        )


def _blocks(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [block for message in document["messages"] for block in message["content"]]


def _guarded_texts(document: Mapping[str, Any]) -> list[str]:
    """Return what a guardrail looks at.

    Everything in the messages, unless some of it is marked as guardContent: then only that. Of the
    system prompt, only what is marked (Amazon Bedrock User Guide, Use a guardrail with Converse).
    """
    marked = [text for block in _blocks(document) if (text := _marked(block))]
    if not marked:
        marked = [block["text"] for block in _blocks(document) if "text" in block]
    return marked + [text for block in document.get("system") or [] if (text := _marked(block))]


def _marked(block: Mapping[str, Any]) -> str | None:
    text: str | None = ((block.get("guardContent") or {}).get("text") or {}).get("text")
    return text


def _question(document: Mapping[str, Any], policy: Mapping[str, Any] | None) -> str:
    """Return the last user message, masked as the policy says: what the model gets to read."""
    last = next(each for each in reversed(document["messages"]) if each["role"] == "user")
    texts = [text for block in last["content"] if (text := block.get("text") or _marked(block))]
    if policy is not None:
        texts = [assess(policy, text, "INPUT").text for text in texts]
    return "\n".join(texts)


def _characters(document: Mapping[str, Any]) -> int:
    blocks = [*_blocks(document), *(document.get("system") or [])]
    return sum(len(block.get("text") or _marked(block) or "") for block in blocks)


# Answering


def _ask(question: str, size: int, document: Mapping[str, Any], fault: _Fault | None) -> Reply:
    if fault and fault.reply:
        text = fault.reply["text"]
        stop_reason = fault.reply.get("stopReason") or "end_turn"
        return Reply(text, stop_reason, count_tokens(size), count_tokens(len(text)))
    config = document.get("inferenceConfig") or {}
    return answer(
        question,
        input_characters=size,
        max_tokens=config.get("maxTokens", _DEFAULT_MAX_TOKENS),
        thinking_tokens=_thinking(document, fault.thinking_tokens if fault else 0),
    )


def _thinking(document: Mapping[str, Any], tokens: int) -> int:
    """Return how long the model thinks when it would for so long (Claude, extended thinking)."""
    fields = document.get("additionalModelRequestFields")
    asked = fields.get("thinking") if isinstance(fields, dict) else None
    if not isinstance(asked, dict):
        return tokens
    if asked.get("type") == "disabled":
        return 0
    budget = asked.get("budget_tokens")
    return min(tokens, budget) if isinstance(budget, int) else tokens


def _response(
    text: str,
    stop_reason: str,
    *,
    usage: tuple[int, int],
    trace: dict[str, Any] | None,
    reasoning: str = "",
) -> dict[str, Any]:
    content: list[dict[str, Any]] = []
    if reasoning:
        thought = {"text": reasoning, "signature": "c2NyaXB0"}
        content.append({"reasoningContent": {"reasoningText": thought}})
    if text:
        content.append({"text": text})
    response: dict[str, Any] = {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": stop_reason,
        "usage": {
            "inputTokens": usage[0],
            "outputTokens": usage[1],
            "totalTokens": sum(usage),
            "serverToolUsage": {},  # on record, and not in botocore 1.44.8
        },
    }
    if trace is not None:
        response["trace"] = {"guardrail": trace}
    return response
