"""Every way in which a request can fail, each with its HTTP status, code and public text.

ChatbotError
├── InvalidRequestError     400 invalid_request
├── UnauthenticatedError    401 unauthenticated
├── NotFoundError           404 not_found
├── ConversationBusyError   409 conversation_busy
├── BudgetExhaustedError    429 budget_exhausted
├── ModelThrottledError     429 model_throttled
├── ModelFailedError        502 model_error
├── ModelUnavailableError   503 model_unavailable
├── MemoryUnavailableError  503 memory_unavailable
├── ModelTimeoutError       504 model_timeout
└── InternalError           500 internal_error
"""

from __future__ import annotations

from typing import ClassVar


class ChatbotError(Exception):
    """A failure whose text may be shown to the caller.

    `details` are for the log alone: codes, ids and hints for the operator. They never hold anything
    that a caller, the model or an AWS message said, for such text may repeat the prompt.
    """

    status: ClassVar[int]
    code: ClassVar[str]
    metric: ClassVar[str]
    message: ClassVar[str]
    retry_after_seconds: int | None = None

    def __init__(self, message: str | None = None, /, **details: str | int) -> None:
        self.public_message = message or self.message
        self.details: dict[str, str | int] = details
        super().__init__(self.public_message)


class InvalidRequestError(ChatbotError):
    status = 400
    code = "invalid_request"
    metric = "Refused"
    message = "The request is not valid."


class UnauthenticatedError(ChatbotError):
    status = 401
    code = "unauthenticated"
    metric = "Refused"
    message = "You are not signed in, or your sign-in has ended. Sign in, and ask again."


class NotFoundError(ChatbotError):
    status = 404
    code = "not_found"
    metric = "Refused"
    message = "There is no such conversation, or no longer. Begin another one."


class ConversationBusyError(ChatbotError):
    status = 409
    code = "conversation_busy"
    metric = "Refused"
    message = "The conversation is waiting for another answer. Send one message after the other."
    retry_after_seconds = 5


class BudgetExhaustedError(ChatbotError):
    """A budget is spent until `retry_after_seconds` have passed."""

    status = 429
    code = "budget_exhausted"
    metric = "BudgetExhausted"
    message = "The budget for this period is used up. Try again when the next one begins."

    def __init__(self, retry_after_seconds: int, **details: str | int) -> None:
        super().__init__(**details)
        self.retry_after_seconds = retry_after_seconds


class ModelThrottledError(ChatbotError):
    status = 429
    code = "model_throttled"
    metric = "ModelThrottled"
    message = "The model is busy. Try again in a few seconds."
    retry_after_seconds = 5


class ModelFailedError(ChatbotError):
    status = 502
    code = "model_error"
    metric = "ModelErrors"
    message = "The model could not answer. Try again, or put the question differently."


class ModelUnavailableError(ChatbotError):
    status = 503
    code = "model_unavailable"
    metric = "ModelErrors"
    message = "The model is not available at the moment. Try again in a few seconds."
    retry_after_seconds = 5


class MemoryUnavailableError(ChatbotError):
    status = 503
    code = "memory_unavailable"
    metric = "MemoryErrors"
    message = "The chatbot cannot look up what it needs at the moment. Try again in a few seconds."
    retry_after_seconds = 5


class ModelTimeoutError(ChatbotError):
    status = 504
    code = "model_timeout"
    metric = "ModelTimeouts"
    message = "The model did not answer in time. Try again, or ask a shorter question."


class InternalError(ChatbotError):
    status = 500
    code = "internal_error"
    metric = "InternalErrors"
    message = (
        "The chatbot is not working as it should. Its operators can find out more by request_id."
    )
