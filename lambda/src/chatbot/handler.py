"""The Lambda entry point: an event in, an HTTP answer out, whatever happens in between."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chatbot import config, gateway
from chatbot.bedrock import Bedrock
from chatbot.credentials import Credentials
from chatbot.endpoint import Endpoint
from chatbot.errors import ChatbotError, InternalError, UnauthenticatedError
from chatbot.leaks import LeakDetector
from chatbot.models import ChatRequest, Deadline
from chatbot.observability import Telemetry, where
from chatbot.screening import Screen
from chatbot.service import ChatService

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatbot.budgets import Budgets
    from chatbot.conversations import Conversations
    from chatbot.models import ChatAnswer, RequestIds

# Kept back from the time that is left, to write the log and to send the answer.
MARGIN_SECONDS = 0.5


class Handler:
    """Turns events into HTTP answers; the one place where errors become statuses."""

    def __init__(
        self,
        service: ChatService | InternalError,
        telemetry: Telemetry,
        *,
        max_message_chars: int,
        origins: tuple[str, ...],
        sign_in: bool,
    ) -> None:
        self._service = service
        self._telemetry = telemetry
        self._max_message_chars = max_message_chars
        self._origins = origins
        self._sign_in = sign_in

    def __call__(self, event: object, context: Any) -> Mapping[str, Any]:
        started = time.monotonic()
        ids = gateway.read_ids(event, context)
        origin = gateway.read_origin(event, self._origins)
        try:
            answer = self._answer(event, context, ids)
        except ChatbotError as error:
            failure = error
        except Exception as error:  # noqa: BLE001  a bug must not put a prompt into Lambda's log
            failure = InternalError(cause=type(error).__name__, where=where(error))
        else:
            duration = _milliseconds_since(started)
            if answer is None:
                self._telemetry.deleted(ids, duration_ms=duration)
                return gateway.gone(origin=origin)
            self._telemetry.answered(answer, ids, duration_ms=duration)
            return gateway.success(answer, ids, origin=origin)
        self._telemetry.failed(failure, ids, duration_ms=_milliseconds_since(started))
        return gateway.failure(failure, ids, origin=origin)

    def _answer(self, event: object, context: Any, ids: RequestIds) -> ChatAnswer | None:
        """Answer a message; None once a conversation is deleted."""
        if isinstance(self._service, InternalError):
            raise InternalError(**self._service.details)
        service = self._service
        deadline = Deadline.after(gateway.seconds_left(event, context) - MARGIN_SECONDS)
        deleted, message, conversation_id = gateway.deleted(event), "", None
        if deleted is None:
            message, conversation_id = gateway.read_message(
                event, max_chars=self._max_message_chars, conversations=service.keeps_conversations
            )
        if self._sign_in and ids.person is None and gateway.enveloped(event):
            # API Gateway should have refused it: somebody has taken the authorizer away.
            raise UnauthenticatedError
        if deleted is not None:
            service.delete(ids, deleted, deadline)
            return None
        return service.answer(ChatRequest(message, ids, conversation_id), deadline)


def start() -> Handler:
    """Make the handler; with a wrong configuration, one that says so to every request."""
    telemetry = Telemetry(config.telemetry())
    origins = config.allowed_origins()
    try:
        settings = config.load()
        service = _service(settings)
    except InternalError as error:
        return Handler(error, telemetry, max_message_chars=0, origins=origins, sign_in=False)
    return Handler(
        service,
        telemetry,
        max_message_chars=settings.max_message_chars,
        origins=origins,
        sign_in=settings.sign_in,
    )


def _service(settings: config.Config) -> ChatService:
    credentials = Credentials(config.key_source)
    # With a budget each sending is counted, so that none may be repeated unseen.
    endpoint = Endpoint(
        *(settings.endpoint, "bedrock", settings.region, credentials),
        resends=settings.budget is None,
    )
    endpoint.connect()
    budgets, conversations = _memory(settings, credentials)
    screen = _screen(settings.prompt_injection_patterns)
    leaks = LeakDetector(settings.system_prompt, salt=settings.guardrail_id)
    return ChatService(
        Bedrock(replace(settings, system_prompt=leaks.text), endpoint),
        screen,
        leaks,
        screening_blocks=settings.screening_mode == "block",
        leaks_block=settings.leak_mode == "block",
        blocked_message=settings.blocked_message,
        budgets=budgets,
        conversations=conversations,
    )


def _screen(own: tuple[str, ...]) -> Screen:
    try:
        return Screen.own(own) if own else Screen.load()
    except (OSError, ValueError) as error:
        packed = "the package lacks its prompt-injection patterns; build it again"
        hint = f"PROMPT_INJECTION_PATTERNS: {error}" if own else packed
        raise InternalError(cause=type(error).__name__, hint=hint) from None


def _memory(
    settings: config.Config, credentials: Credentials
) -> tuple[Budgets | None, Conversations | None]:
    """Return the budgets and the conversations that the settings have, and import no others."""
    if not settings.table:
        return None, None
    from chatbot.store import Store

    endpoint = Endpoint(settings.store_endpoint, "dynamodb", settings.region, credentials)
    endpoint.connect()
    store = Store(endpoint, settings.table)
    budgets = conversations = None
    if settings.budget:
        from chatbot.budgets import Budgets

        budgets = Budgets(settings.budget, store)
    if settings.conversation:
        from chatbot.conversations import Conversations

        conversations = Conversations(settings.conversation, store)
    return budgets, conversations


def _milliseconds_since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)


# Lambda imports this module once, before the first event, with the processor time that start-up
# gets; SnapStart takes its picture after that.
lambda_handler = start()
