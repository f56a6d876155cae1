"""What the chatbot does: screen, ask the model, and decide what the caller may see of its reply."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from chatbot.errors import ModelFailedError, NotFoundError
from chatbot.models import ChatAnswer, Deadline, ModelReply, Turn, Usage
from chatbot.spending import Spending
from chatbot.visible import visible

if TYPE_CHECKING:
    from chatbot.bedrock import Bedrock
    from chatbot.budgets import Budgets
    from chatbot.conversations import Conversations
    from chatbot.leaks import LeakDetector
    from chatbot.models import ChatRequest, RequestIds
    from chatbot.screening import Screen

# The reply is all there, or as much of it as had room; the caller sees which in `stop_reason`.
ANSWERED = frozenset({"end_turn", "stop_sequence", "max_tokens", "model_context_window_exceeded"})
# The model or its provider would not answer. Converse does not list `refusal`, which Anthropic's
# own API has for its newer models (Anthropic API, "Handling stop reasons").
REFUSED = frozenset({"content_filtered", "refusal"})

# The only policies that can mask and let the rest through (Amazon Bedrock API, GuardrailAssessment:
# every other one has BLOCKED and NONE as its actions).
MASKING = frozenset({"sensitiveInformationPolicy"})

# Of the time that is left, kept for the store once the model has answered, or has not.
STORE_SECONDS = 1.0

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
        budgets: Budgets | None = None,
        conversations: Conversations | None = None,
    ) -> None:
        self._bedrock = bedrock
        self._screen = screen
        self._leaks = leaks
        self._screening_blocks = screening_blocks
        self._leaks_block = leaks_block
        self._blocked_message = blocked_message
        self._budgets = budgets
        self._conversations = conversations

    @property
    def keeps_conversations(self) -> bool:
        return self._conversations is not None

    def delete(self, ids: RequestIds, conversation_id: str, deadline: Deadline) -> None:
        """Delete a conversation, or raise a ChatbotError."""
        if self._conversations is None:
            raise NotFoundError
        self._conversations.delete(ids, conversation_id, deadline)

    def answer(self, request: ChatRequest, deadline: Deadline) -> ChatAnswer:
        """Answer a message, or raise a ChatbotError.

        A turn is kept in its conversation only when its answer was shown: of a blocked one neither
        question nor answer can steer or block what comes later.
        """
        family = self._screen.screen(request.message)
        if family and self._screening_blocks:
            return ChatAnswer(
                self._blocked_message,
                blocked=True,
                reply=NOT_ASKED,
                screened=family,
                score=self._screen.score(request.message),
            )
        if self._conversations is None:
            return self._judged(request, deadline, family)
        conversation = self._conversations.begin(request.ids, request.conversation_id, deadline)
        kept = False
        try:
            history = self._conversations.given(conversation, request.message)
            answer = self._judged(replace(request, history=history), deadline, family)
            if not answer.blocked:
                turn = Turn(request.message, answer.response)
                self._conversations.keep(conversation, turn, deadline)
                kept = True
        finally:
            if not kept:
                self._conversations.release(conversation, deadline)
        known = kept or conversation.holder
        return replace(answer, conversation_id=conversation.id if known else None)

    def _judged(self, request: ChatRequest, deadline: Deadline, family: str | None) -> ChatAnswer:
        """Ask the model, and judge its reply; `family` is the message's own, if it has one."""
        attack = request.message
        if family is None and request.history:
            attack = "\n".join([*(turn.question for turn in request.history), request.message])
            family = self._screen.screen(attack)  # in pieces, over several turns
        score = self._screen.score(attack) if family else None
        answer = partial(ChatAnswer, screened=family, score=score)
        if family and self._screening_blocks:
            return answer(self._blocked_message, blocked=True, reply=NOT_ASKED)
        reply, used = self._ask(request, deadline)
        answer = partial(answer, reply=reply, budget_used=used)
        if _blocked(reply):
            return answer(self._blocked_message, blocked=True)
        if reply.stop_reason not in ANSWERED | {"guardrail_intervened"}:
            # malformed_model_output, malformed_tool_use, tool_use without a tool, or one that AWS
            # has yet to invent: nothing says that such text is fit to be shown.
            raise _failed(reply, reply.stop_reason)
        if not visible(reply.text):
            raise _failed(reply, f"empty answer, {reply.stop_reason}")
        leaked = self._leaks.leaks(reply.text)
        if leaked and self._leaks_block:
            return answer(self._blocked_message, blocked=True, leaked=True)
        return answer(reply.text, blocked=False, leaked=leaked)

    def _ask(self, request: ChatRequest, deadline: Deadline) -> tuple[ModelReply, int | None]:
        """Return the model's reply, and how many percent of the nearest budget are used."""
        asking = deadline
        if self._budgets or self._conversations:
            asking = Deadline(deadline.at - STORE_SECONDS)
        spending = Spending()
        if self._budgets:
            spending = self._budgets.open(request.ids, self._bedrock.worst(request), deadline)
        try:
            reply = self._bedrock.ask(request, asking, spending)
        finally:
            spending.settle()
        return reply, spending.used


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
