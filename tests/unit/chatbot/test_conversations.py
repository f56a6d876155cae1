"""What needs no table: which turns fit, and what is no id; tests/emulator has the table."""

from typing import Any

import pytest

from chatbot.conversations import Conversation, ConversationConfig, Conversations
from chatbot.errors import NotFoundError
from chatbot.models import Deadline, RequestIds, Turn

NO_STORE: Any = None


@pytest.fixture
def conversations() -> Conversations:
    return Conversations(ConversationConfig(max_chars=40, max_turns=3, ttl_hours=1), NO_STORE)


@pytest.mark.parametrize(("question", "turns"), [(10, 2), (11, 1), (34, 1), (35, 0)])
def test_the_model_is_given_the_newest_turns_that_fit_with_the_question(
    conversations: Conversations, question: int, turns: int
) -> None:
    said = (Turn("q" * 12, "a" * 12), Turn("q" * 4, "a" * 2))
    conversation = Conversation(("conversation/web", "A" * 24), said, "holder")
    given = conversations.given(conversation, "?" * question)
    assert given == said[len(said) - turns :]


@pytest.mark.parametrize(
    "name", ["", "A" * 23, "A" * 25, "A" * 24 + "\n", "A" * 20 + "/../", "é" * 24, "A" * 5000]
)
def test_what_is_no_id_is_never_looked_up(conversations: Conversations, name: str) -> None:
    """DynamoDB would refuse some of them, and raise an alarm that any caller could ring."""
    for ask in (conversations.begin, conversations.delete):
        with pytest.raises(NotFoundError):
            ask(RequestIds("r", "f"), name, Deadline.after(5))
