"""Budgets on a table, with as many clients at once as there may be."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from chatbot.budgets import BudgetConfig, Budgets, Limits
from chatbot.errors import BudgetExhaustedError, MemoryUnavailableError
from chatbot.models import Deadline, RequestIds
from chatbot.store import Store
from tests.emulator.dynamodb.conftest import items, soon

WEB = RequestIds("r", "f", client="web")
WORST, PAID = 700, 130


def moment(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def counters(dynamodb: Any, table: str, owner: str = "budget/web") -> dict[str, dict[str, int]]:
    """Return what is counted for somebody, by month."""
    return {
        item.pop("sk")["S"]: {
            name: int(value["N"])
            for name, value in item.items()
            if "N" in value and name != "expires"
        }
        for item in items(dynamodb, table, owner)
    }


def hammer(store: Store, limit: int, seconds: float, clients: int = 50) -> tuple[int, int, int]:
    """Let clients ask at once; return answers, what the model was paid, and refusals at the end."""
    budgets = Budgets(BudgetConfig(client=Limits(day=limit), user=Limits()), store)
    start, lock = threading.Barrier(clients), threading.Lock()
    answers, paid, late = 0, 0, 0
    most = (limit - WORST) // PAID + 1
    end = time.monotonic() + seconds

    def client(number: int) -> None:
        nonlocal answers, paid, late
        pauses = Random(number)  # noqa: S311 - the same every time
        start.wait()
        while time.monotonic() < end:
            done = answers >= most
            spending = budgets.open(WEB, WORST, Deadline.after(20))
            try:
                spending.call()
            except BudgetExhaustedError:
                late += done
                if done:
                    return
                time.sleep(pauses.uniform(0, 0.5))
                continue
            time.sleep(pauses.uniform(0, 0.02))  # the model answers
            with lock:
                answers, paid = answers + 1, paid + PAID
            spending.cost(PAID)
            spending.settle()

    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(client, range(clients)))
    return answers, paid, late


def test_fifty_clients_at_once_get_as_many_answers_as_the_budget_holds(
    store: Store, dynamodb: Any, table: str
) -> None:
    limit = 5 * WORST
    answers, paid, late = hammer(store, limit, seconds=30)
    assert answers == (limit - WORST) // PAID + 1
    assert paid <= limit
    assert late > 0  # somebody asked after the last answer, and got none
    ((month, counted),) = counters(dynamodb, table).items()
    assert set(counted.values()) == {paid}
    assert month == f"{datetime.now(UTC):%Y-%m}"


def test_without_a_reservation_they_would_get_more(store: Store) -> None:
    """The test above can fail: here each client looks first and pays afterwards."""
    limit = 5 * WORST
    most = (limit - WORST) // PAID + 1
    budgets = Budgets(BudgetConfig(client=Limits(day=limit), user=Limits()), store)
    start = threading.Barrier(most + 10)

    def client(_: int) -> bool:
        spending = budgets.open(WEB, 0, soon())
        start.wait()
        try:
            spending.call()
        except BudgetExhaustedError:
            return False
        spending.cost(PAID)
        spending.settle()
        return True

    with ThreadPoolExecutor(most + 10) as pool:
        assert sum(pool.map(client, range(most + 10))) > most


def budgets_at(store: Store, at: list[float], **limits: Any) -> Budgets:
    """Return budgets whose clock is the first of a list."""
    config = BudgetConfig(**{"client": Limits(day=1000), "user": Limits(), **limits})
    return Budgets(config, store, clock=lambda: at[0])


def refused(budgets: Budgets, worst: int = WORST) -> int:
    with pytest.raises(BudgetExhaustedError) as caught:
        budgets.open(WEB, worst, soon()).call()
    assert caught.value.retry_after_seconds is not None
    return caught.value.retry_after_seconds


def test_a_reservation_is_settled_in_the_day_in_which_it_was_made(
    store: Store, dynamodb: Any, table: str
) -> None:
    at = [moment("2026-11-30T23:59:58")]
    budgets = budgets_at(store, at)
    before = budgets.open(WEB, WORST, soon())
    before.call()
    assert refused(budgets) == 2
    at[0] = moment("2026-12-01T00:00:01")
    after = budgets.open(WEB, WORST, soon())
    after.call()
    before.cost(PAID)
    before.settle()
    after.settle()
    assert counters(dynamodb, table) == {
        "2026-11": {"total": PAID, "d30": PAID},
        "2026-12": {"total": WORST, "d01": WORST},
    }


@pytest.mark.parametrize(
    ("edge", "counted"),
    [
        (("2026-11-27T23:59:59", "2026-11-28T00:00:01"), {"2026-11": ("d27", "d28")}),
        (("2026-11-30T23:59:59", "2026-12-01T00:00:01"), {"2026-11": ["d30"], "2026-12": ["d01"]}),
    ],
    ids=["day", "month"],
)
def test_on_both_sides_of_midnight_at_once_each_period_has_its_own(
    store: Store, dynamodb: Any, table: str, edge: tuple[str, str], counted: dict[str, Any]
) -> None:
    """Two functions' clocks differ by seconds: each counts in the period that it believes in."""
    limit = 3 * WORST
    most = (limit - WORST) // PAID + 1
    sides = [budgets_at(store, [moment(at)], client=Limits(day=limit)) for at in edge]

    def ask(number: int) -> int:
        spending = sides[number % 2].open(WEB, WORST, Deadline.after(20))
        try:
            spending.call()
        except BudgetExhaustedError:
            return 0
        spending.cost(PAID)
        spending.settle()
        return 1

    with ThreadPoolExecutor(20) as pool:
        answered = list(pool.map(ask, range(40)))
    for side in range(2):
        at_once = sum(answered[side::2])
        assert 0 < at_once <= most
        assert at_once + sum(ask(side) for _ in range(most)) == most
    assert counters(dynamodb, table) == {
        month: {"total": len(days) * most * PAID, **dict.fromkeys(days, most * PAID)}
        for month, days in counted.items()
    }


def test_a_months_budget_ends_with_the_month(store: Store) -> None:
    at = [moment("2026-02-26T12:00:00")]
    budgets = budgets_at(store, at, client=Limits(day=1000, month=1500))
    budgets.open(WEB, WORST, soon()).call()
    assert refused(budgets) == 12 * 3600  # the day's
    at[0] += 86400
    budgets.open(WEB, WORST, soon()).call()
    assert refused(budgets) == 36 * 3600  # the month's
    at[0] += 86400
    assert refused(budgets) == 12 * 3600
    at[0] += 86400
    budgets.open(WEB, WORST, soon()).call()


def test_a_crash_leaves_the_reservation_until_the_day_ends(store: Store) -> None:
    at = [moment("2026-11-27T12:00:00")]
    budgets = budgets_at(store, at)
    budgets.open(WEB, WORST, soon()).call()  # and never again heard of
    assert refused(budgets) == 12 * 3600
    at[0] += 12 * 3600
    budgets.open(WEB, WORST, soon()).call()


def test_clients_and_persons_have_their_own(store: Store, dynamodb: Any, table: str) -> None:
    at = [moment("2026-11-27T12:00:00")]
    small, large = Limits(day=700), Limits(day=1400)
    budgets = budgets_at(store, at, client=small, clients={"app": large}, user=Limits(month=700))
    budgets.open(WEB, WORST, soon()).call()
    refused(budgets)
    ann, bob = (RequestIds("r", "f", client="app", person=one) for one in ("ann", "bob"))
    budgets.open(ann, WORST, soon()).call()
    with pytest.raises(BudgetExhaustedError):
        budgets.open(ann, WORST, soon()).call()
    budgets.open(bob, WORST, soon()).call()
    assert counters(dynamodb, table, "budget/app")["2026-11"]["d27"] == 2 * WORST
    nobody = RequestIds("r", "f")  # invoked directly
    budgets.open(nobody, WORST, soon()).call()
    assert counters(dynamodb, table, "budget/-")["2026-11"]["d27"] == WORST


def test_what_was_reset_meanwhile_is_not_corrected(store: Store, dynamodb: Any, table: str) -> None:
    budgets = budgets_at(store, [moment("2026-11-27T12:00:00")])
    spending = budgets.open(WEB, WORST, soon())
    spending.call()
    reset(dynamodb, table)
    spending.cost(PAID)
    spending.settle()
    other = budgets.open(WEB, WORST, soon())
    other.call()
    reset(dynamodb, table)
    budgets.open(WEB, 200, soon()).call()
    other.cost(PAID)
    other.settle()
    assert counters(dynamodb, table)["2026-11"] == {"total": 200, "d27": 200}


def reset(dynamodb: Any, table: str) -> None:
    dynamodb.update_item(
        TableName=table,
        Key={"pk": {"S": "budget/web"}, "sk": {"S": "2026-11"}},
        UpdateExpression="REMOVE #total, d27 SET #reset = :new",
        ExpressionAttributeNames={"#total": "total", "#reset": "reset"},
        ExpressionAttributeValues={":new": {"S": str(time.monotonic_ns())}},
    )


def test_how_much_is_used_is_known_from_the_store(store: Store) -> None:
    budgets = budgets_at(store, [moment("2026-11-27T12:00:00")], client=Limits(1000, 10000))
    spending = budgets.open(WEB, WORST, soon())
    assert spending.used is None
    spending.call()
    assert spending.used == 70
    spending.cost(PAID)
    spending.settle()
    assert spending.used == 13


def test_a_store_that_is_too_slow_is_given_up_on_in_time(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_: object) -> object:
        time.sleep(1)
        return {}

    monkeypatch.setattr(store._endpoint, "post", slow)
    started = time.monotonic()
    with pytest.raises(MemoryUnavailableError):
        budgets_at(store, [0.0]).open(WEB, WORST, Deadline.after(0.2)).call()
    assert time.monotonic() - started < 0.9
