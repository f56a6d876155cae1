"""The call to Amazon Bedrock: one Converse with the guardrail, within the time that is left."""

from __future__ import annotations

import time
from random import SystemRandom
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

from chatbot import refusals, replies
from chatbot.credentials import CredentialsError
from chatbot.endpoint import (
    Bounded,
    EndpointError,
    RefusedError,
    UnansweredError,
    UnreachableError,
    UntrustedError,
)
from chatbot.errors import (
    ChatbotError,
    InternalError,
    ModelFailedError,
    ModelTimeoutError,
    ModelUnavailableError,
)
from chatbot.models import ModelReply, Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chatbot.config import Config
    from chatbot.models import ChatRequest, Deadline
    from chatbot.spending import Spending

MAX_ATTEMPTS = 3
# With less than this left a retry would only turn a clear error into a timeout.
WORTH_A_RETRY_SECONDS = 3.0
BACKOFF_SECONDS = 0.5

# The system's randomness, for copies of one SnapStart snapshot would share a seed.
_RANDOM = SystemRandom()


class Endpoint(Protocol):
    def post(self, path: str, document: object) -> object: ...


class Bedrock:
    """Asks the model, with the guardrail on."""

    def __init__(
        self,
        config: Config,
        endpoint: Endpoint,
        *,
        sleep: Callable[[float], None] = time.sleep,
        uniform: Callable[[float, float], float] = _RANDOM.uniform,
    ) -> None:
        self._config = config
        self._endpoint = endpoint
        self._path = f"/model/{quote(config.model_id, safe='')}/converse"
        self._sleep = sleep
        self._uniform = uniform
        self._bounded = Bounded("bedrock")

    def worst(self, request: ChatRequest) -> int:
        """Return the most tokens that one call for a request can cost."""
        from chatbot.budgets import most_tokens

        texts = [self._config.system_prompt, *request.texts]
        return most_tokens(texts) + self._config.max_output_tokens

    def ask(self, request: ChatRequest, deadline: Deadline, spending: Spending) -> ModelReply:
        """Return the model's reply, or raise a ChatbotError before the deadline."""
        document = self._document(request)
        attempt = 0
        while True:
            attempt += 1
            spending.call()
            try:
                response = self._call(document, deadline)
            except (CredentialsError, EndpointError, RefusedError) as error:
                if isinstance(error, RefusedError) and refusals.unpaid(error):
                    spending.cost(0)
                pause = self._uniform(0, BACKOFF_SECONDS * 2**attempt)
                hopeless = deadline.remaining() - pause < WORTH_A_RETRY_SECONDS
                if attempt == MAX_ATTEMPTS or hopeless or not _may_pass(error):
                    if isinstance(error, RefusedError) and refusals.filtered(error):
                        return ModelReply("", "content_filtered", Usage(), 0, attempt)
                    raise self._translate(error, attempt) from None
                self._sleep(pause)
            else:
                reply = replies.read(response, attempt)
                if reply.usage.known:
                    spending.cost(reply.usage.tokens)
                return reply

    def _call(self, document: Mapping[str, Any], deadline: Deadline) -> object:
        left, post = deadline.remaining(), self._endpoint.post
        try:
            return self._bounded.call(left, post, self._path, document)
        except TimeoutError as late:
            raise ModelTimeoutError(hint=f"Bedrock: {late}") from None

    def _document(self, request: ChatRequest) -> Mapping[str, Any]:
        metadata = {"request_id": request.ids.request_id}
        if request.ids.extended_request_id:
            metadata["extended_request_id"] = request.ids.extended_request_id
        document = {
            "messages": _messages(request),
            "system": [{"text": self._config.system_prompt}],
            "inferenceConfig": {"maxTokens": self._config.max_output_tokens},
            "guardrailConfig": {
                "guardrailIdentifier": self._config.guardrail_id,
                "guardrailVersion": self._config.guardrail_version,
                "trace": "enabled",
            },
            "requestMetadata": metadata,
        }
        if self._config.additional_request_fields:
            document["additionalModelRequestFields"] = self._config.additional_request_fields
        return document

    def _translate(
        self, error: CredentialsError | EndpointError | RefusedError, attempts: int
    ) -> ChatbotError:
        """Make a ChatbotError of a failed call, without its text, which may quote the prompt."""
        if isinstance(error, RefusedError):
            return refusals.translate(error, attempts, self._config.guardrail_id)
        if isinstance(error, CredentialsError):
            hint = f"the call never left: {error}"
            return InternalError(cause="CredentialsError", attempts=attempts, hint=hint)
        if isinstance(error, UnansweredError):
            return ModelTimeoutError(cause=error.cause, attempts=attempts)
        if isinstance(error, UntrustedError):
            hint = "the connection is not trusted; check AWS_ENDPOINT_URL and the way out of a VPC"
            return InternalError(cause=error.cause, attempts=attempts, hint=hint)
        if isinstance(error, UnreachableError):
            hint = "Bedrock could not be reached; check the region and the way out of a VPC"
            return ModelUnavailableError(cause=error.cause, attempts=attempts, hint=hint)
        return ModelFailedError(cause=error.cause, attempts=attempts)


def _messages(request: ChatRequest) -> list[Mapping[str, Any]]:
    """Return the conversation in plain text blocks, all of which the guardrail assesses.

    With a guardContent block anywhere it would assess nothing else (Bedrock User Guide, "Include a
    guardrail with the Converse API"), and an attack in pieces would pass one piece at a time.
    """
    return [
        {"role": "assistant" if place % 2 else "user", "content": [{"text": text}]}
        for place, text in enumerate(request.texts)
    ]


def _may_pass(error: Exception) -> bool:
    if isinstance(error, RefusedError):
        return refusals.may_pass(error)
    return isinstance(error, UnreachableError)
