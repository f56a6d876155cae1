"""scripts/budget.py on a table: what is used, a reset, and a person who is forgotten."""

from typing import Any

import pytest

from chatbot.budgets import BudgetConfig, Budgets, Limits
from chatbot.conversations import ConversationConfig, Conversations
from chatbot.gateway import person
from chatbot.models import RequestIds, Turn
from chatbot.store import Store
from scripts import budget
from tests.emulator.conftest import Emulator
from tests.emulator.dynamodb.conftest import soon
from toolkit.proofs import targets
from toolkit.proofs.deployment import Deployment

ANN = person("https://issuer.example", "ann")
LIMITS: dict[str, Any] = {
    "client_tokens_per_day": 1000,
    "clients": {"app": {"tokens_per_month": 4000}},
    "user_tokens_per_day": 500,
}


@pytest.fixture
def run(
    emulator: Emulator,
    table: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Any:
    """Return a function that runs the program, and gives what it prints."""
    outputs = {"table_name": table, "budget": LIMITS, "api_key_ids": {"app": "1", "web": "2"}}
    deployment = Deployment("http://x", "k", client=emulator.client, outputs=outputs)
    monkeypatch.setattr(targets, "named", lambda _: deployment)

    def printed(*arguments: str, code: int = 0) -> list[str]:
        assert budget.main(["--env", "any", *arguments]) == code
        return capsys.readouterr().out.splitlines()

    return printed


@pytest.fixture
def used(store: Store) -> None:
    """Let somebody have used 300 tokens at web, and have a conversation."""
    config = BudgetConfig(client=Limits(day=1000), user=Limits(day=500))
    ids = RequestIds("r", "f", client="web", person=ANN)
    Budgets(config, store).open(ids, 300, soon()).call()
    conversations = Conversations(ConversationConfig(max_chars=99, max_turns=9, ttl_hours=1), store)
    conversations.keep(conversations.begin(ids, None, soon()), Turn("q", "a"), soon())


@pytest.mark.usefixtures("used")
def test_it_shows_what_is_used_of_each_budget(run: Any) -> None:
    assert run("show") == [
        "app: day 0, no limit",
        "app: month 0 of 4,000 (0 %)",
        "web: day 300 of 1,000 (30 %)",
        "web: month 300, no limit",
    ]
    whose = ("--client", "web", "--issuer", "https://issuer.example", "--subject", "ann")
    assert run("show", *whose)[0] == "web: day 300 of 500 (60 %)"


@pytest.mark.usefixtures("used")
def test_a_reset_lets_the_client_begin_anew(run: Any) -> None:
    assert run("reset", "--client", "web")[0] == "web: day 0 of 1,000 (0 %)"
    assert run("show", "--client", "web", "--person", str(ANN))[0].startswith("web: day 300")
    assert run("reset", "--client", "nobody", code=1) == []


@pytest.mark.usefixtures("used")
def test_a_person_is_forgotten_at_every_client(run: Any) -> None:
    assert run("forget", "--person", str(ANN)) == ["2 items are deleted."]
    assert run("forget", "--person", str(ANN)) == ["0 items are deleted."]
    assert run("show", "--client", "web")[0] == "web: day 300 of 1,000 (30 %)"
