"""What the store asks of DynamoDB, and what becomes of its errors; tests/emulator has the table."""

from typing import Any

import pytest

from chatbot import store as store_module
from chatbot.credentials import CredentialsError
from chatbot.endpoint import (
    GarbledError,
    RefusedError,
    UnansweredError,
    UnreachableError,
    UntrustedError,
)
from chatbot.errors import ChatbotError, MemoryUnavailableError
from chatbot.models import Deadline
from chatbot.store import ConditionFailedError, Item, Store

KEY = ("budget/web", "2026-11")
NETWORK = OSError("my secret")


class Table:
    """An endpoint that gives the next outcome, and the last one for ever."""

    def __init__(self, *outcomes: object) -> None:
        self.outcomes = list(outcomes)
        self.asked = 0

    def post(self, path: str, document: object, target: str = "") -> object:
        del path, document, target
        self.asked += 1
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, float]]:
    """Between what each pause was chosen, at random; none is made."""
    chosen: list[tuple[float, float]] = []

    class Lowest:
        def uniform(self, low: float, high: float) -> float:
            chosen.append((low, high))
            return low

    monkeypatch.setattr(store_module, "_RANDOM", Lowest())
    return chosen


def update(table: Table, seconds: float = 5) -> Item:
    return Store(table, "t").update(
        KEY, "SET #a = :a", "#a = :a", {"a": 1}, Deadline.after(seconds)
    )


BECOMES = [
    # error, tries, what it becomes
    (RefusedError("ThrottlingException", 400), 4, "memory_unavailable"),
    (RefusedError("RequestLimitExceeded", 400), 4, "memory_unavailable"),
    (RefusedError("ProvisionedThroughputExceededException", 400), 4, "memory_unavailable"),
    (RefusedError("SomethingNew", 500), 4, "memory_unavailable"),
    (UnreachableError(NETWORK), 4, "memory_unavailable"),
    # It may have been done, or nobody knows.
    (UnansweredError(NETWORK), 1, "memory_unavailable"),
    (GarbledError(NETWORK), 1, "memory_unavailable"),
    (RefusedError("SomethingNew", 499), 1, "internal_error"),
    (RefusedError("AccessDeniedException", 400, "my secret", "aws-1"), 1, "internal_error"),
    (UntrustedError(NETWORK), 1, "internal_error"),
    (CredentialsError("no keys were served"), 1, "internal_error"),
]


@pytest.mark.usefixtures("pauses")
@pytest.mark.parametrize(("error", "tries", "code"), BECOMES, ids=str)
def test_only_what_may_pass_is_tried_again_and_each_error_has_its_code(
    error: Exception, tries: int, code: str
) -> None:
    table = Table(error)
    with pytest.raises(ChatbotError) as caught:
        update(table)
    assert (table.asked, caught.value.code) == (tries, code)
    assert caught.value.details["cause"] in {str(error), type(error).__name__}
    assert "my secret" not in str(caught.value.details)
    if isinstance(error, RefusedError) and error.request_id:
        assert caught.value.details["aws_request_id"] == "aws-1"


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (UntrustedError(NETWORK), "the connection is not trusted"),
        (CredentialsError("no keys were served"), "no keys were served"),
        (RefusedError("AccessDeniedException", 400), "what the role may do"),
    ],
    ids=str,
)
def test_a_misconfiguration_says_where_to_look(error: Exception, hint: str) -> None:
    with pytest.raises(ChatbotError) as caught:
        update(Table(error))
    assert hint in str(caught.value.details["hint"])


def test_backs_off_longer_each_time_and_at_random(
    pauses: list[tuple[float, float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr("chatbot.store.time.sleep", slept.append)
    with pytest.raises(MemoryUnavailableError):
        update(Table(UnreachableError(NETWORK)))
    assert pauses[:3] == [(0, 0.1), (0, 0.2), (0, 0.4)]
    assert slept == [0, 0, 0]


def test_a_pause_that_the_time_does_not_allow_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "BACKOFF_SECONDS", 1e9)
    table = Table(UnreachableError(NETWORK))
    with pytest.raises(MemoryUnavailableError) as caught:
        update(table)
    assert (table.asked, caught.value.details["attempts"]) == (1, 1)


@pytest.mark.parametrize(
    ("answer", "item"),
    [
        ({"Attributes": {"a": {"S": "text"}, "b": {"N": "-7"}}}, {"a": "text", "b": -7}),
        ({"Attributes": {"a": {"S": 7}, "b": {"N": 7}, "c": {"B": "eA=="}, "d": {}}}, {}),
        ({"Attributes": {"a": "S", "b": ["N"], "c": None, "d": {"S": "text"}}}, {"d": "text"}),
        ({"Attributes": ["a"]}, {}),
        ({}, {}),
        ([], {}),
        (None, {}),
    ],
)
def test_of_an_item_only_texts_and_numbers_are_read(answer: Any, item: Item) -> None:
    assert update(Table(answer)) == item
    attributes = answer.get("Attributes") if isinstance(answer, dict) else None
    with pytest.raises(ConditionFailedError) as caught:
        update(Table(RefusedError("ConditionalCheckFailedException", 400, item=attributes)))
    assert (caught.value.item, str(caught.value)) == (item, "")
