"""Conversations on a table: whose they are, what is kept, and one question at a time."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chatbot.conversations import HELD_SECONDS, ConversationConfig, Conversations
from chatbot.errors import ChatbotError, ConversationBusyError, NotFoundError
from chatbot.models import Deadline, RequestIds, Turn
from chatbot.store import Store
from tests.emulator.dynamodb.conftest import items, soon
from tests.emulator.fake_account import Clock

ANN = RequestIds("r", "f", client="web", person="ann")
NOW = 1_800_000_000.0


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def conversations(store: Store, clock: Clock) -> Conversations:
    config = ConversationConfig(max_chars=40, max_turns=3, ttl_hours=1)
    return Conversations(config, store, clock=clock)


def said(conversations: Conversations, *turns: Turn, ids: RequestIds = ANN) -> str:
    """Return the id of a conversation of these turns."""
    known = None
    for turn in turns:
        conversation = conversations.begin(ids, known, soon())
        conversations.keep(conversation, turn, soon())
        known = conversation.id
    assert known
    return known


def test_the_next_question_is_given_what_was_kept(
    conversations: Conversations, dynamodb: Any, table: str
) -> None:
    known = said(conversations, Turn("q1", "a1"), Turn("q2", "ä2"))
    conversation = conversations.begin(ANN, known, soon())
    assert conversations.given(conversation, "q3") == (Turn("q1", "a1"), Turn("q2", "ä2"))
    # In its own letters: DynamoDB counts bytes.
    (kept,) = items(dynamodb, table, "conversation/web/ann")
    assert kept["turns"] == {"S": '[["q1", "a1"], ["q2", "ä2"]]'}


def test_an_id_cannot_be_guessed(conversations: Conversations) -> None:
    made = {conversations.begin(ANN, None, soon()).id for _ in range(200)}
    assert len(made) == 200
    assert {len(one) for one in made} == {24}


@pytest.mark.parametrize(
    "ids",
    [
        RequestIds("r", "f", client="web", person="bob"),
        RequestIds("r", "f", client="web"),
        RequestIds("r", "f", client="app", person="ann"),
        RequestIds("r", "f"),
    ],
)
def test_anothers_conversation_is_as_good_as_none(
    conversations: Conversations, ids: RequestIds
) -> None:
    known = said(conversations, Turn("q", "a"))
    texts = set()
    for name in (known, "A" * 24, "../../etc", ""):
        with pytest.raises(NotFoundError) as caught:
            conversations.begin(ids, name, soon())
        texts.add(str(caught.value))
        with pytest.raises(NotFoundError):
            conversations.delete(ids, name, soon())
    assert len(texts) == 1
    assert conversations.begin(ANN, known, soon()).turns == (Turn("q", "a"),)


def test_the_oldest_turns_fall_away_first(conversations: Conversations) -> None:
    turns = [Turn(f"q{number}", f"a{number}") for number in range(5)]
    known = said(conversations, *turns)
    conversation = conversations.begin(ANN, known, soon())
    assert conversation.turns == tuple(turns[-3:])
    assert conversations.given(conversation, "x" * 32) == tuple(turns[-2:])
    assert conversations.given(conversation, "x" * 33) == (turns[-1],)
    assert conversations.given(conversation, "x" * 40) == ()


def test_a_turn_that_is_too_long_is_not_cut(conversations: Conversations) -> None:
    known = said(conversations, Turn("q", "a"), Turn("q" * 20, "a" * 21))
    assert conversations.begin(ANN, known, soon()).turns == ()


def test_a_second_question_at_once_is_refused_and_loses_nothing(
    conversations: Conversations,
) -> None:
    known = said(conversations, Turn("q", "a"))
    start = threading.Barrier(8)

    def ask(number: int) -> str:
        start.wait()
        try:
            conversation = conversations.begin(ANN, known, soon())
        except ConversationBusyError:
            return "busy"
        conversations.keep(conversation, Turn(f"q{number}", "a"), soon())
        return "kept"

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(ask, range(8)))
    assert "busy" in outcomes
    kept = conversations.begin(ANN, known, soon()).turns
    assert len(kept) == min(3, 1 + outcomes.count("kept"))


def test_what_was_not_answered_leaves_the_conversation_as_it_was(
    conversations: Conversations,
) -> None:
    known = said(conversations, Turn("q", "a"))
    conversations.release(conversations.begin(ANN, known, soon()), soon())
    assert conversations.begin(ANN, known, soon()).turns == (Turn("q", "a"),)


def test_a_crash_frees_the_conversation_after_a_while(
    conversations: Conversations, clock: Clock
) -> None:
    known = said(conversations, Turn("q", "a"))
    crashed = conversations.begin(ANN, known, soon())
    with pytest.raises(ConversationBusyError):
        conversations.begin(ANN, known, soon())
    clock.now += HELD_SECONDS
    conversations.begin(ANN, known, soon())
    with pytest.raises(NotFoundError):  # it was not so dead after all, and comes too late
        conversations.keep(crashed, Turn("late", "late"), soon())


def test_what_has_expired_is_gone_for_readers_at_once(
    conversations: Conversations, clock: Clock, dynamodb: Any, table: str
) -> None:
    known = said(conversations, Turn("q", "a"))
    clock.now += 3600 - 1
    conversations.release(conversations.begin(ANN, known, soon()), soon())
    clock.now += 1
    for attempt in (conversations.begin, conversations.delete):
        with pytest.raises(NotFoundError):
            attempt(ANN, known, soon())
    # DynamoDB has it still, with the time from which on it may delete it.
    key = {"pk": {"S": "conversation/web/ann"}, "sk": {"S": known}}
    item = dynamodb.get_item(TableName=table, Key=key)["Item"]
    assert item["expires"] == {"N": str(int(NOW) + 3600)}


def test_what_is_deleted_is_gone_also_while_a_question_is_answered(
    conversations: Conversations, dynamodb: Any, table: str
) -> None:
    known = said(conversations, Turn("q", "a"))
    conversation = conversations.begin(ANN, known, soon())
    conversations.delete(ANN, known, soon())
    with pytest.raises(NotFoundError):
        conversations.keep(conversation, Turn("q2", "a2"), soon())
    conversations.release(conversation, soon())
    assert items(dynamodb, table, "conversation/web/ann") == []


def test_without_time_nothing_is_asked(conversations: Conversations) -> None:
    with pytest.raises(ChatbotError):
        conversations.begin(ANN, "A" * 24, Deadline.after(0))
