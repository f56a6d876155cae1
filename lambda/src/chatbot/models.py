"""What passes between the layers."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Deadline:
    """The time at which the caller gives up."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        return cls(time.monotonic() + seconds)

    def remaining(self) -> float:
        """Seconds left, never below zero."""
        return max(0.0, self.at - time.monotonic())


@dataclass(frozen=True, slots=True)
class RequestIds:
    """The ids that join the logs of API Gateway, Lambda and Bedrock, and those of who asks."""

    request_id: str
    function_request_id: str
    extended_request_id: str | None = None
    client: str | None = None  # its name, or the id of its key; None for a direct invocation
    person: str | None = None  # who signed in, as a hash; None without sign-in


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and the answer that was shown."""

    question: str
    answer: str

    @property
    def chars(self) -> int:
        return len(self.question) + len(self.answer)


@dataclass(frozen=True, slots=True)
class ChatRequest:
    message: str
    ids: RequestIds
    conversation_id: str | None = None
    history: tuple[Turn, ...] = ()  # of the conversation, the oldest first

    @property
    def texts(self) -> list[str]:
        """Return the conversation, question and answer in turns, the new message last."""
        said = [text for turn in self.history for text in (turn.question, turn.answer)]
        return [*said, self.message]


@dataclass(frozen=True, slots=True)
class Usage:
    input_tokens: int = 0
    output_tokens: int = 0
    known: bool = True  # False where Bedrock's answer does not say

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True, slots=True)
class GuardrailFinding:
    """One thing that the guardrail did; the text that made it act stays out."""

    source: str
    policy: str
    action: str

    def __str__(self) -> str:
        return f"{self.source}.{self.policy}.{self.action}"


@dataclass(frozen=True, slots=True)
class ModelReply:
    text: str
    stop_reason: str
    usage: Usage
    latency_ms: int
    attempts: int
    findings: tuple[GuardrailFinding, ...] = ()


@dataclass(frozen=True, slots=True)
class ChatAnswer:
    response: str
    blocked: bool
    reply: ModelReply
    screened: str | None = None  # the family of attacks that the message looks like
    score: str | None = None  # how much it does: high or low
    leaked: bool = False  # the reply recites the system prompt
    budget_used: int | None = None  # percent of the budget that is nearest to its end
    conversation_id: str | None = None  # to be sent with the next message

    @property
    def stop_reason(self) -> str:
        return "leak" if self.blocked and self.leaked else self.reply.stop_reason
