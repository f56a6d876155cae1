"""A store that is slow, throttled or away: the function refuses in time, and loses nothing."""

import time
from typing import Any

import pytest

from chatbot.budgets import BudgetConfig, Budgets, Limits
from chatbot.conversations import HELD_SECONDS, ConversationConfig, Conversations
from chatbot.errors import ConversationBusyError, MemoryUnavailableError
from chatbot.models import RequestIds, Turn
from chatbot.store import CALL_SECONDS, MAX_ATTEMPTS, Store
from tests.emulator.dynamodb.conftest import items, soon

WEB = RequestIds("r", "f", client="web")
AWAY = [
    {"error": "InternalServerError"},
    {"error": "ProvisionedThroughputExceededException"},
    {"error": "RequestLimitExceeded"},
    {"error": "ServiceUnavailable"},
    {"error": "ThrottlingException"},
    {"latency_ms": round(1000 * CALL_SECONDS) + 300},
]


class Kept:
    """A budget, and a conversation of one turn, on a table that answers at first."""

    def __init__(self, store: Store) -> None:
        self.now = 1_800_000_000.0
        limits = BudgetConfig(client=Limits(day=1000), user=Limits())
        config = ConversationConfig(max_chars=100, max_turns=3, ttl_hours=1)
        self.budgets = Budgets(limits, store, clock=lambda: self.now)
        self.conversations = Conversations(config, store, clock=lambda: self.now)
        conversation = self.conversations.begin(WEB, None, soon())
        self.conversations.keep(conversation, Turn("q", "a"), soon())
        self.id = conversation.id

    def reserve(self) -> object:
        spending = self.budgets.open(WEB, 100, soon())
        spending.call()
        return spending.used

    def begin(self) -> object:
        return self.conversations.begin(WEB, self.id, soon()).turns


@pytest.mark.parametrize("fault", AWAY, ids=lambda fault: str(*fault.values()))
def test_a_store_that_does_not_answer_refuses_in_time_and_loses_nothing(
    store: Store, faults: Any, fault: dict[str, Any], dynamodb: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, table = Kept(store), store._table
    with monkeypatch.context() as as_on_aws:
        as_on_aws.setattr("chatbot.store.CALL_SECONDS", CALL_SECONDS)
        faults({"dynamodb": fault | {"times": 0}})
        for ask in (kept.reserve, kept.begin):
            began = time.monotonic()
            with pytest.raises(MemoryUnavailableError):
                ask()
            assert time.monotonic() - began < CALL_SECONDS + 5  # it would try for ten
    faults({})
    late = "latency_ms" in fault
    if late:  # done after all, and nobody heard: counted, and held until nobody can be on the way
        for _ in range(100):
            if "holder" in items(dynamodb, table, "conversation/web")[0]:
                break
            time.sleep(0.2)
        with pytest.raises(ConversationBusyError):
            kept.begin()
        kept.now += HELD_SECONDS
    assert kept.begin() == (Turn("q", "a"),)
    assert kept.reserve() == (20 if late else 10)  # percent


@pytest.mark.parametrize("fault", AWAY[:-1], ids=lambda fault: fault["error"])
def test_a_store_that_hesitates_is_asked_again(
    store: Store, faults: Any, fault: dict[str, Any]
) -> None:
    kept = Kept(store)
    faults({"dynamodb": fault | {"times": MAX_ATTEMPTS - 1, "latency_ms": 50}})
    assert kept.begin() == (Turn("q", "a"),)
    assert kept.reserve() == 10
