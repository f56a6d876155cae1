"""What the chatbot does: screen, ask the model, and decide what the caller may see of its reply."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from chatbot.errors import ModelFailedError
from chatbot.models import ChatAnswer, ModelReply, Usage
from chatbot.visible import visible

if TYPE_CHECKING:
    from chatbot.bedrock import Bedrock
    from chatbot.leaks import LeakDetector
    from chatbot.models import ChatRequest, Deadline
    from chatbot.screening import Screen

# The reply is all there, or as much of it as had room; the caller sees which in `stop_reason`.
ANSWERED = frozenset({"end_turn", "stop_sequence", "max_tokens", "model_context_window_exceeded"})
# The model or its provider would not answer. Converse does not list `refusal`, which Anthropic's
# own API has for its newer models (Anthropic API, "Handling stop reasons").
REFUSED = frozenset({"content_filtered", "refusal"})

# The only policies that can mask and let the rest through (Amazon Bedrock API, GuardrailAssessment:
# every other one has BLOCKED and NONE as its actions).
MASKING = frozenset({"sensitiveInformationPolicy"})

NOT_ASKED = ModelReply(text="", stop_reason="screened", usage=Usage(), latency_ms=0, attempts=0)


class ChatService:
    """Answers messages, and keeps back what nobody should send or see.

    With `screening_blocks`, a message that looks like an attack goes no further; with
    `leaks_block`, an answer that recites the system prompt is not shown. Otherwise both are only
    counted.
    """

    def __init__(
        self,
        bedrock: Bedrock,
        screen: Screen,
        leaks: LeakDetector,
        *,
        screening_blocks: bool,
        leaks_block: bool,
        blocked_message: str,
    ) -> None:
        self._bedrock = bedrock
        self._screen = screen
        self._leaks = leaks
        self._screening_blocks = screening_blocks
        self._leaks_block = leaks_block
        self._blocked_message = blocked_message

    def answer(self, request: ChatRequest, deadline: Deadline) -> ChatAnswer:
        """Answer a message, or raise a ChatbotError."""
        family = self._screen.screen(request.message)
        score = self._screen.score(request.message) if family else None
        answer = partial(ChatAnswer, screened=family, score=score)
        if family and self._screening_blocks:
            return answer(self._blocked_message, blocked=True, reply=NOT_ASKED)
        reply = self._bedrock.ask(request, deadline)
        if _blocked(reply):
            return answer(self._blocked_message, blocked=True, reply=reply)
        if reply.stop_reason not in ANSWERED | {"guardrail_intervened"}:
            # malformed_model_output, malformed_tool_use, tool_use without a tool, or one that AWS
            # has yet to invent: nothing says that such text is fit to be shown.
            raise _failed(reply, reply.stop_reason)
        if not visible(reply.text):
            raise _failed(reply, f"empty answer, {reply.stop_reason}")
        leaked = self._leaks.leaks(reply.text)
        if leaked and self._leaks_block:
            return answer(self._blocked_message, blocked=True, reply=reply, leaked=True)
        return answer(reply.text, blocked=False, reply=reply, leaked=leaked)


def _blocked(reply: ModelReply) -> bool:
    """Tell a blocked reply from one in which the guardrail has only masked personal data.

    Bedrock gives both the stop reason guardrail_intervened. A finding that blocks is a block
    whatever the stop reason. An intervention is masking alone where the trace proves it: a text,
    and nothing found but masks by a policy that can mask.
    """
    if reply.stop_reason in REFUSED or any(one.action == "BLOCKED" for one in reply.findings):
        return True
    masks = [one.action == "ANONYMIZED" and one.policy in MASKING for one in reply.findings]
    masked_only = bool(masks) and all(masks)
    shown = masked_only and visible(reply.text)
    return reply.stop_reason == "guardrail_intervened" and not shown


def _failed(reply: ModelReply, cause: str) -> ModelFailedError:
    """Return the error for a reply that cannot be shown, with the tokens that it cost."""
    return ModelFailedError(
        cause=cause,
        attempts=reply.attempts,
        input_tokens=reply.usage.input_tokens,
        output_tokens=reply.usage.output_tokens,
        model_latency_ms=reply.latency_ms,
    )
