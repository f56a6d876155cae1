"""What a message takes of the table, counted at the table, is what the cost page reckons with."""

import math
from dataclasses import asdict, replace
from typing import Any

import pytest

from chatbot.budgets import BudgetConfig, Budgets, Limits
from chatbot.conversations import ConversationConfig, Conversations
from chatbot.models import Deadline, RequestIds, Turn
from chatbot.store import Item, Store
from toolkit.cost import QUESTIONS, Conversation, Made, Message, messages, write_units

MESSAGE = Message()
PLAIN = Made(rules=0, alarm_metrics=0)
KEPT = Conversation(max_chars=8000, max_turns=10, ttl_hours=24)


class Counted:
    """A store whose calls are counted, in the write units that DynamoDB takes for each."""

    def __init__(self, store: Store, dynamodb: Any, table: str) -> None:
        self._store, self._dynamodb, self._table = store, dynamodb, table
        self.units = 0

    def update(self, key: tuple[str, str], *args: Any) -> Item:
        before = self._size(key)
        item = self._store.update(key, *args)
        self.units += math.ceil(max(before, self._size(key)) / 1024)
        return item

    def _size(self, key: tuple[str, str]) -> float:
        """Return the bytes of an item (Amazon DynamoDB Developer Guide, "Item sizes")."""
        named = {"pk": {"S": key[0]}, "sk": {"S": key[1]}}
        found = self._dynamodb.get_item(TableName=self._table, Key=named, ConsistentRead=True)
        return sum(
            len(name) + (len(text.encode()) if kind == "S" else len(text) / 2 + 1)
            for name, typed in found.get("Item", {}).items()
            for kind, text in typed.items()
        )


@pytest.fixture
def counted(store: Store, dynamodb: Any, table: str) -> Any:
    return Counted(store, dynamodb, table)


@pytest.mark.parametrize("budgets", [0, 1, 2])
@pytest.mark.parametrize("kept", [None, KEPT, replace(KEPT, max_chars=2000)])
def test_a_message_takes_the_units_that_are_priced(
    counted: Any, budgets: int, kept: Conversation | None
) -> None:
    ids = RequestIds("r", "f", client="web", person="a" * 32)
    limits = [Limits(day=10**6, month=10**7) if place < budgets else Limits() for place in (0, 1)]
    spent = Budgets(BudgetConfig(client=limits[0], user=limits[1]), counted)
    config = ConversationConfig(**asdict(kept or KEPT))
    talk = Conversations(config, counted)
    question, answer = "q" * MESSAGE.characters, "a" * MESSAGE.answer_tokens * 4
    known, given, soon = None, [], Deadline.after(60)
    for _ in range(QUESTIONS):
        if kept:
            conversation = talk.begin(ids, known, soon)
            given.append(sum(turn.chars for turn in talk.given(conversation, question)))
        spending = spent.open(ids, 3000, soon)
        spending.call()
        spending.cost(400)
        spending.settle()
        if kept:
            talk.keep(conversation, Turn(question, answer), soon)
            known = conversation.id
    made = replace(PLAIN, budgets=budgets, conversation=kept)
    assert counted.units == pytest.approx(QUESTIONS * write_units(MESSAGE, made))
    if kept:
        assert given == [one.said_before for one in messages(MESSAGE, made)]
