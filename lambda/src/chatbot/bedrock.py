"""The call to Amazon Bedrock: one Converse, guarded, and never longer than the time there is."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from random import SystemRandom
from typing import TYPE_CHECKING, Any, Protocol

import botocore.config
import botocore.exceptions
import botocore.parsers
import botocore.session

from chatbot.errors import (
    ChatbotError,
    InternalError,
    ModelFailedError,
    ModelThrottledError,
    ModelTimeoutError,
    ModelUnavailableError,
)
from chatbot.models import GuardrailFinding, ModelReply, Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from chatbot.config import Config
    from chatbot.models import ChatRequest, Deadline

CONNECT_TIMEOUT_SECONDS = 3
# No invocation lasts longer, so this only ends calls that were given up on.
READ_TIMEOUT_SECONDS = 29

MAX_ATTEMPTS = 3
# With less than this left a retry would only turn a clear error into a timeout.
WORTH_A_RETRY_SECONDS = 3.0
BACKOFF_SECONDS = 0.5

# The system's randomness, for copies of one SnapStart snapshot would share a seed.
_RANDOM = SystemRandom()

# Bedrock API Reference, Converse, Errors; a code that is not here is judged by its HTTP status.
ERRORS: Mapping[str, type[ChatbotError]] = {
    "ThrottlingException": ModelThrottledError,
    "ModelNotReadyException": ModelThrottledError,
    "ServiceQuotaExceededException": ModelThrottledError,
    "ModelErrorException": ModelFailedError,
    "InternalServerException": ModelFailedError,
    "ServiceUnavailableException": ModelUnavailableError,
    "ModelTimeoutException": ModelTimeoutError,
    "AccessDeniedException": InternalError,
    "ResourceNotFoundException": InternalError,
    "ValidationException": InternalError,
}
# A model error is a verdict and a timeout has used up the time; these may pass.
TRANSIENT_CODES = frozenset(
    {
        "ThrottlingException",
        "ModelNotReadyException",
        "InternalServerException",
        "ServiceUnavailableException",
    }
)
FAILURES = (
    botocore.exceptions.BotoCoreError,
    botocore.exceptions.ClientError,
    botocore.parsers.ResponseParserError,
)
TRANSIENT_CONNECTION_ERRORS = (
    botocore.exceptions.ConnectionClosedError,
    botocore.exceptions.ConnectTimeoutError,
    botocore.exceptions.EndpointConnectionError,
)


class Client(Protocol):
    def converse(self, **request: Any) -> Mapping[str, Any]: ...


def connect(region: str) -> Client:
    """Make a bedrock-runtime client that tries once; the retries are ours, inside the deadline."""
    try:
        client: Client = botocore.session.Session().create_client(
            "bedrock-runtime",
            region_name=region,
            config=botocore.config.Config(
                connect_timeout=CONNECT_TIMEOUT_SECONDS,
                read_timeout=READ_TIMEOUT_SECONDS,
                retries={"mode": "standard", "total_max_attempts": 1},
            ),
        )
    except (botocore.exceptions.BotoCoreError, ValueError) as error:
        raise InternalError(
            cause=type(error).__name__,
            hint="no Bedrock client could be made; check AWS_REGION and the AWS_* variables",
        ) from None
    return client


class Bedrock:
    """Asks the model, with the guardrail on."""

    def __init__(
        self,
        config: Config,
        client: Client,
        *,
        sleep: Callable[[float], None] = time.sleep,
        uniform: Callable[[float, float], float] = _RANDOM.uniform,
    ) -> None:
        self._config = config
        self._client = client
        self._sleep = sleep
        self._uniform = uniform
        # botocore's timeouts bound each connect and each read, not the call: several addresses, a
        # slow name server or an answer that trickles add up. Waiting for a thread bounds it all.
        self._threads = ThreadPoolExecutor(thread_name_prefix="bedrock")

    def ask(self, request: ChatRequest, deadline: Deadline) -> ModelReply:
        """Return the model's reply, or raise a ChatbotError before the deadline."""
        arguments = self._arguments(request)
        for attempt in range(1, MAX_ATTEMPTS + 1):
            try:
                response = self._call(arguments, deadline)
            except FAILURES as error:
                pause = self._uniform(0, BACKOFF_SECONDS * 2**attempt)
                hopeless = deadline.remaining() - pause < WORTH_A_RETRY_SECONDS
                if attempt == MAX_ATTEMPTS or hopeless or not _transient(error):
                    raise _translate(error, attempt) from None
                self._sleep(pause)
            else:
                return _reply(response, attempt)
        raise AssertionError  # the last attempt returns or raises

    def _call(self, arguments: Mapping[str, Any], deadline: Deadline) -> Mapping[str, Any]:
        if deadline.remaining() == 0:
            raise ModelTimeoutError(hint="no time was left to call Bedrock")
        future = self._threads.submit(self._client.converse, **arguments)
        try:
            return future.result(timeout=deadline.remaining())
        except TimeoutError:
            future.cancel()
            raise ModelTimeoutError(hint="no answer from Bedrock within the time left") from None

    def _arguments(self, request: ChatRequest) -> Mapping[str, Any]:
        metadata = {"request_id": request.ids.request_id}
        if request.ids.extended_request_id:
            metadata["extended_request_id"] = request.ids.extended_request_id
        return {
            "modelId": self._config.model_id,
            # One plain text block: with a guardContent block anywhere the guardrail would assess
            # nothing else. (Bedrock User Guide, Use a guardrail with the Converse API.)
            "messages": [{"role": "user", "content": [{"text": request.message}]}],
            "system": [{"text": self._config.system_prompt}],
            "inferenceConfig": {"maxTokens": self._config.max_output_tokens},
            "guardrailConfig": {
                "guardrailIdentifier": self._config.guardrail_id,
                "guardrailVersion": self._config.guardrail_version,
                "trace": "enabled",
            },
            "requestMetadata": metadata,
        }


def _reply(response: Mapping[str, Any], attempts: int) -> ModelReply:
    blocks = response.get("output", {}).get("message", {}).get("content", [])
    usage = response.get("usage", {})
    return ModelReply(
        # Reasoning comes as blocks of its own, before and between the text.
        text="".join(block["text"] for block in blocks if "text" in block),
        stop_reason=response.get("stopReason", "none"),
        usage=Usage(usage.get("inputTokens", 0), usage.get("outputTokens", 0)),
        latency_ms=response.get("metrics", {}).get("latencyMs", 0),
        attempts=attempts,
        findings=tuple(_findings(response.get("trace", {}).get("guardrail", {}))),
    )


def _findings(trace: Mapping[str, Any]) -> Iterator[GuardrailFinding]:
    """Yield what the guardrail did, whatever the policy; matches and names stay behind."""
    assessments = [("input", one) for one in trace.get("inputAssessment", {}).values()]
    for many in trace.get("outputAssessments", {}).values():
        assessments += [("output", one) for one in many]
    for source, assessment in assessments:
        for policy, parts in assessment.items():
            if not policy.endswith("Policy"):
                continue
            for found in parts.values():
                for item in found if isinstance(found, list) else ():
                    action = item.get("action", "UNKNOWN")
                    if action != "NONE":
                        yield GuardrailFinding(source, policy, action)


def _transient(error: Exception) -> bool:
    if isinstance(error, botocore.exceptions.ClientError):
        return error.response.get("Error", {}).get("Code") in TRANSIENT_CODES
    return isinstance(error, TRANSIENT_CONNECTION_ERRORS)


def _translate(error: Exception, attempts: int) -> ChatbotError:
    """Make a ChatbotError of what botocore raised, without its text, which may quote the prompt."""
    if isinstance(error, botocore.exceptions.ClientError):
        return _translate_client_error(error, attempts)
    cause = type(error).__name__
    if isinstance(error, botocore.exceptions.ReadTimeoutError):
        return ModelTimeoutError(cause=cause, attempts=attempts)
    if isinstance(error, botocore.exceptions.SSLError | botocore.exceptions.ProxyConnectionError):
        hint = "the connection is not trusted or goes through a proxy; check the AWS_* variables"
        return InternalError(cause=cause, attempts=attempts, hint=hint)
    if isinstance(error, botocore.exceptions.HTTPClientError | botocore.exceptions.ConnectionError):
        hint = "Bedrock could not be reached; check the region and the way out of a VPC"
        return ModelUnavailableError(cause=cause, attempts=attempts, hint=hint)
    if isinstance(error, botocore.parsers.ResponseParserError):
        return ModelFailedError(cause=cause, attempts=attempts)
    hint = "the call never left; check the role's credentials and the request's parameters"
    return InternalError(cause=cause, attempts=attempts, hint=hint)


def _translate_client_error(error: botocore.exceptions.ClientError, attempts: int) -> ChatbotError:
    about = error.response.get("Error", {})
    metadata = error.response.get("ResponseMetadata", {})
    code, status = str(about.get("Code", "")), metadata.get("HTTPStatusCode", 0)
    kind = ERRORS.get(code) or _by_status(status)
    result = kind(
        cause=code,
        aws_status=status,
        aws_request_id=str(metadata.get("RequestId", "")),
        attempts=attempts,
    )
    if kind is InternalError:
        result.details["hint"] = _hint(code, str(about.get("Message", "")).lower())
    return result


def _by_status(status: int) -> type[ChatbotError]:
    if status == 429:
        return ModelThrottledError
    if status == 503:
        return ModelUnavailableError
    return ModelFailedError if status >= 500 else InternalError


def _hint(code: str, message: str) -> str:
    """Tell the operator where to look; `message` only steers the choice and is never repeated."""
    if "guardrail" in message:
        return (
            "the guardrail or this version of it does not exist in this region, or the role may "
            "not apply it: compare GUARDRAIL_ID, GUARDRAIL_VERSION and AWS_REGION with it"
        )
    if "on-demand throughput" in message:
        return "MODEL_ID must name an inference profile (such as us.…), not a bare model id"
    if "end of life" in message or "legacy" in message or code == "ResourceNotFoundException":
        return (
            "MODEL_ID names a model or profile that is not in this region, or is at its end of life"
        )
    if code == "AccessDeniedException":
        return (
            "the execution role may not invoke this profile, its models in every destination "
            "region or this guardrail version; or the account has no access to the model"
        )
    if code == "ValidationException":
        return "Bedrock refused the request: check MODEL_ID, MAX_OUTPUT_TOKENS and the guardrail"
    return "Bedrock refused the call: check the role's credentials, the region and the endpoint"
