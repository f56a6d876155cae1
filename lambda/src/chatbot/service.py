"""What the chatbot does: screen, ask the model, and decide what the caller may see of its reply."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot.errors import ModelFailedError
from chatbot.models import ChatAnswer, ModelReply, Usage

if TYPE_CHECKING:
    from chatbot.bedrock import Bedrock
    from chatbot.models import ChatRequest, Deadline
    from chatbot.screening import Screen

# The reply is all there, or as much of it as had room; the caller sees which in `stop_reason`.
ANSWERED = frozenset({"end_turn", "stop_sequence", "max_tokens", "model_context_window_exceeded"})

NOT_ASKED = ModelReply(text="", stop_reason="screened", usage=Usage(), latency_ms=0, attempts=0)


class ChatService:
    """Answers messages; with `screening_blocks`, what looks like an attack goes no further."""

    def __init__(
        self, bedrock: Bedrock, screen: Screen, *, screening_blocks: bool, blocked_message: str
    ) -> None:
        self._bedrock = bedrock
        self._screen = screen
        self._screening_blocks = screening_blocks
        self._blocked_message = blocked_message

    def answer(self, request: ChatRequest, deadline: Deadline) -> ChatAnswer:
        """Answer a message, or raise a ChatbotError."""
        family = self._screen.screen(request.message)
        if family and self._screening_blocks:
            return ChatAnswer(self._blocked_message, blocked=True, reply=NOT_ASKED, screened=family)
        reply = self._bedrock.ask(request, deadline)
        if _blocked(reply):
            return ChatAnswer(self._blocked_message, blocked=True, reply=reply, screened=family)
        if reply.stop_reason not in ANSWERED | {"guardrail_intervened"}:
            # malformed_model_output, malformed_tool_use, tool_use without a tool, or one that AWS
            # has yet to invent: nothing says that such text is fit to be shown.
            raise ModelFailedError(cause=reply.stop_reason, attempts=reply.attempts)
        if not reply.text.strip():
            raise ModelFailedError(
                cause=f"empty answer, {reply.stop_reason}", attempts=reply.attempts
            )
        return ChatAnswer(reply.text, blocked=False, reply=reply, screened=family)


def _blocked(reply: ModelReply) -> bool:
    """Tell a blocked reply from one in which the guardrail has only masked personal data.

    Bedrock gives both the stop reason guardrail_intervened. Without a trace that proves it was
    masking alone, the reply is blocked. content_filtered is the model provider's own filter.
    """
    if reply.stop_reason == "content_filtered":
        return True
    masked_only = {finding.action for finding in reply.findings} == {"ANONYMIZED"}
    return reply.stop_reason == "guardrail_intervened" and not masked_only
