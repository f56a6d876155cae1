"""The most tokens that a text can have, and what a request spends; tests/emulator has the table."""

import contextlib
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unicodedata import normalize

import pytest

from chatbot.bedrock import Bedrock
from chatbot.budgets import (
    TOKENS_PER_REQUEST,
    TOKENS_PER_TEXT,
    Account,
    BudgetConfig,
    Budgets,
    Limits,
    most_tokens,
)
from chatbot.config import Config
from chatbot.endpoint import RefusedError, UnreachableError
from chatbot.errors import BudgetExhaustedError, ChatbotError, MemoryUnavailableError
from chatbot.models import ChatRequest, Deadline, RequestIds, Turn
from chatbot.spending import Spending
from chatbot.store import ConditionFailedError, Store
from tests.unit.chatbot.conftest import ScriptedEndpoint, reply

CORPUS = tomllib.loads(Path(__file__).with_name("tokens.toml").read_text("utf-8"))
FILTERED = "Output blocked by content filtering policy"
IDS = RequestIds("r", "f", client="web", person="0123")


@pytest.mark.parametrize("name", CORPUS)
def test_no_tokenizer_passes_the_bound(name: str) -> None:
    text, tokens = CORPUS[name]["text"], CORPUS[name]["tokens"]
    bound = most_tokens([text]) - TOKENS_PER_REQUEST - TOKENS_PER_TEXT
    # A tokenizer of pieces puts a mark before the text.
    assert max(tokens.values()) <= bound + 1


def test_the_corpus_has_ten_languages_and_what_is_harder() -> None:
    assert len([name for name in CORPUS if len(name) == 2]) >= 10  # ISO 639
    assert {"emoji", "ligatures", "zalgo"} <= set(CORPUS)


def test_a_text_that_a_tokenizer_makes_longer_is_counted_as_it_becomes() -> None:
    """ﷺ is three bytes, and eighteen letters once it is in the form NFKC."""
    ligatures = CORPUS["ligatures"]
    assert max(ligatures["tokens"].values()) > len(ligatures["text"].encode())


def test_the_bound_counts_every_text_and_what_stands_round_them() -> None:
    assert most_tokens(["abc", "é"]) == TOKENS_PER_REQUEST + 2 * TOKENS_PER_TEXT + 3 + 3


@pytest.mark.parametrize(
    ("text", "size"),
    [("가", 6), ("가Ａ", 9), ("ＡＡＡ가", 15), ("ﷺ", 33), ("\u212b", 3), ("\ud800", 3)],
)
def test_a_text_counts_as_its_longest_normal_form(text: str, size: int) -> None:
    assert most_tokens([text]) - most_tokens([""]) == size


def test_no_normal_form_is_longer_than_the_decomposed_ones() -> None:
    """Only those two are counted; for whole texts it follows from each character."""
    scalars = (chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000)
    for char in scalars:
        assert len(normalize("NFC", char).encode()) <= len(normalize("NFD", char).encode())
        assert len(normalize("NFKC", char).encode()) <= len(normalize("NFKD", char).encode())


def test_the_worst_of_a_request_counts_prompt_history_message_and_answer(config: Config) -> None:
    request = ChatRequest("abc", IDS, history=(Turn("de", "f"),))
    texts = [config.system_prompt, "de", "f", "abc"]
    assert Bedrock(config, ScriptedEndpoint([])).worst(request) == most_tokens(texts) + 512


class Till:
    """Stands in for the store: keeps what was asked of it, and fails as it is set to."""

    def __init__(self, *failures: Exception | None) -> None:
        self.failures = list(failures)
        self.asked: list[tuple[str, int]] = []
        self.expiry = 0

    def update(self, key: Any, change: Any, condition: Any, values: Any, deadline: Any) -> Any:
        del change, condition, deadline
        self.asked.append((key[0], values["tokens"]))
        self.expiry = values.get("expires", self.expiry)
        if self.failures and (failure := self.failures.pop(0)):
            raise failure
        return {"total": 10, "d27": 10}


def spending(store: Any, at: str = "2026-11-27T22:00:00", **config: Any) -> Spending:
    """Return the account of a request whose calls cost 100 tokens at most."""
    limits = {"client": Limits(day=1000), "user": Limits(month=1000)} | config
    clock = datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp
    return Budgets(BudgetConfig(**limits), store, clock=clock).open(IDS, 100, Deadline.after(5))


def test_what_was_not_spent_is_given_back_to_person_and_client() -> None:
    till = Till()
    opened = spending(till)
    opened.call()
    opened.cost(30)
    opened.settle()
    opened.settle()  # nothing is left
    owners = ["budget/web/0123", "budget/web"]
    assert till.asked == [(one, tokens) for tokens in (100, -70) for one in owners]


def test_each_call_of_unknown_cost_is_reserved_for_itself() -> None:
    till = Till()
    opened = spending(till, user=Limits())
    opened.call()
    opened.cost(0)  # it was refused: its reservation serves the next
    opened.call()
    opened.call()  # nobody knows what the one before cost
    opened.cost(10)
    opened.settle()
    assert [tokens for _, tokens in till.asked] == [100, 100, -90]


@pytest.mark.parametrize(
    ("outcomes", "spent"),
    [
        ([reply("Yes.")], 34),
        ([RefusedError("ThrottlingException", 429), reply("Yes.")], 34),
        ([RefusedError("InternalServerException", 500), reply("Yes.")], 34 + 100),
        ([UnreachableError(OSError()), reply("Yes.")], 34 + 100),
        ([RefusedError("AccessDeniedException", 403)], 0),
        ([RefusedError("ModelNotReadyException", 429)], 0),
        ([RefusedError("ResourceNotFoundException", 404)], 0),
        ([RefusedError("ServiceQuotaExceededException", 400)], 0),
        ([RefusedError("ValidationException", 400)], 0),
        ([RefusedError("ModelErrorException", 424)], 100),
        ([RefusedError("ValidationException", 400, FILTERED)], 100),
        ([{**reply("Yes."), "usage": {}}], 100),
        ([reply("No.") | {"usage": {"inputTokens": 0, "outputTokens": 0}}], 0),
    ],
)  # fmt: skip
def test_whatever_the_outcome_what_may_have_been_paid_is_counted(
    config: Config, outcomes: list[object], spent: int
) -> None:
    till = Till()
    opened = spending(till, user=Limits())
    model = Bedrock(config, ScriptedEndpoint(outcomes), sleep=lambda _: None)
    with contextlib.suppress(ChatbotError):
        model.ask(ChatRequest("m", IDS), Deadline.after(20), opened)
    opened.settle()
    assert sum(tokens for _, tokens in till.asked) == spent


@pytest.mark.parametrize("failure", [BudgetExhaustedError(60), MemoryUnavailableError()])
def test_a_client_without_room_gives_the_person_its_tokens_back(failure: ChatbotError) -> None:
    till = Till(None, failure)
    with pytest.raises(type(failure)):
        spending(till).call()
    assert till.asked == [("budget/web/0123", 100), ("budget/web", 100), ("budget/web/0123", -100)]


SPENT, LEFT = {"total": 301, "d27": 10}, {"total": 300, "d27": 300}
NOBODYS = Limits()


@pytest.mark.parametrize(
    ("client", "user", "item", "budget"),
    [
        (Limits(day=99), NOBODYS, None, "client, day"),
        (Limits(month=99), NOBODYS, None, "client, month"),
        (Limits(day=1000, month=99), NOBODYS, None, "client, month"),
        (Limits(day=99, month=100), NOBODYS, None, "client, day"),
        (Limits(day=350, month=400), NOBODYS, LEFT, "client, day"),
        (Limits(day=350, month=400), NOBODYS, SPENT, "client, month"),
        (NOBODYS, Limits(day=99), None, "person, day"),
        (NOBODYS, Limits(month=400), SPENT, "person, month"),
    ],
)
def test_who_is_refused_learns_when_to_ask_again_and_the_operator_which_budget_it_was(
    client: Limits, user: Limits, item: Any, budget: str
) -> None:
    till = Till(ConditionFailedError(item) if item else None)
    with pytest.raises(BudgetExhaustedError) as caught:
        spending(till, client=client, user=user).call()
    assert caught.value.details == {"budget": budget}
    hours = 2 if "day" in budget else 3 * 24 + 2
    assert caught.value.retry_after_seconds == hours * 3600
    assert len(till.asked) == bool(item), "what no limit holds is not asked of the table"


def test_the_last_token_of_a_budget_can_be_used() -> None:
    till = Till()
    spending(till, client=Limits(day=100), user=Limits(month=100)).call()
    assert [tokens for _, tokens in till.asked] == [100, 100]


def test_nobody_is_asked_to_come_back_at_once() -> None:
    with pytest.raises(BudgetExhaustedError) as caught:
        spending(Till(), at="2026-11-27T23:59:59.900", user=Limits(day=1)).call()
    assert caught.value.retry_after_seconds == 1


def test_what_was_counted_can_be_looked_at_for_another_month() -> None:
    till = Till()
    spending(till, at="2026-07-01T00:00:00").call()
    assert datetime.fromtimestamp(till.expiry, UTC) == datetime(2026, 9, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("limits", "item", "percent"),
    [
        (Limits(100, 1000), {"total": 50, "d27": 10}, 10),
        (Limits(100, 1000), {"total": 990, "d27": 10}, 99),
        (Limits(100, 1000), {"total": 1000, "d27": 100}, 100),
        (Limits(100), {"total": 1000}, 0),
    ],
)
def test_the_limit_that_is_nearest_says_how_much_is_used(
    limits: Limits, item: Any, percent: int
) -> None:
    assert Account(("budget/web", "2026-11"), limits, "d27", item).used() == percent


def test_a_store_that_fails_between_two_accounts_leaves_neither_out() -> None:
    person, client = "budget/web/0123", "budget/web"
    uncounted = Till(MemoryUnavailableError())
    opened = spending(uncounted, answers_without_store=True)
    opened.call()
    opened.cost(30)
    opened.settle()
    assert uncounted.asked == [(person, 100), (client, 100), (client, -70)]
    stuck = Till(None, None, MemoryUnavailableError())
    opened = spending(stuck)
    opened.call()
    opened.cost(30)
    opened.settle()
    assert stuck.asked == [(person, 100), (client, 100), (person, -70), (client, -70)]


def test_a_store_that_is_away_refuses_or_lets_answer() -> None:
    away = MemoryUnavailableError()
    with pytest.raises(MemoryUnavailableError):
        spending(Till(away), user=Limits()).call()
    opened = spending(Till(away), user=Limits(), answers_without_store=True)
    opened.call()
    opened.settle()
    assert opened.used is None


def test_a_wrong_permission_is_no_store_that_is_away() -> None:
    denied = ScriptedEndpoint([RefusedError("AccessDeniedException", 400)])
    opened = spending(Store(denied_store(denied), "t"), answers_without_store=True)
    with pytest.raises(ChatbotError) as caught:
        opened.call()
    assert caught.value.code == "internal_error"


def denied_store(endpoint: ScriptedEndpoint) -> Any:
    class Posting:
        def post(self, path: str, document: object, target: str = "") -> object:
            del target
            return endpoint.post(path, document)

    return Posting()


def test_what_cannot_be_given_back_counts_as_spent() -> None:
    till = Till(None, MemoryUnavailableError())
    opened = spending(till, user=Limits())
    opened.call()
    opened.cost(1)
    opened.settle()
    assert opened.used == 1  # as it was reserved: 10 of 1,000


def test_without_budgets_nothing_is_counted() -> None:
    free = Spending()
    free.call()
    free.cost(5)
    free.settle()
    assert free.used is None
