"""The console's files and rules; what it shows is tested in a browser (tests/browser)."""

import pytest

from emulator.console import environment
from tests.emulator.conftest import Emulator
from toolkit.proofs.applied import Applied

HTML = {"Accept": "text/html,application/xhtml+xml"}
SUMMARY = b'{"env": "dev", "path": "/_aws/execute-api/a/v1/chat", "outputs": {}}'


def ours(emulator: Emulator) -> dict[str, str]:
    host = emulator.endpoint.removeprefix("http://")
    return {"Host": host, "Origin": emulator.endpoint, "Sec-Fetch-Site": "same-origin"}


def test_the_root_is_a_page_for_a_browser_and_lists_buckets_for_a_program(
    emulator: Emulator,
) -> None:
    page = emulator.request("GET", "/", headers=HTML)
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    assert b"<script>" not in page.body
    assert b" style=" not in page.body
    assert "Buckets" in emulator.client("s3").list_buckets()


@pytest.mark.parametrize("name", ["console.js", "trace.js", "console.css", "icon.svg"])
def test_its_files_are_served(emulator: Emulator, name: str) -> None:
    # Chromium names the origin of a page that loads a module.
    answer = emulator.request("GET", f"/_aws/console/{name}", headers=ours(emulator))
    assert answer.status == 200


@pytest.mark.parametrize(
    "name",
    ["environment.py", "..%2Fdoor.py", "../door.py", "nothing.css", "a%00.js", "a" * 5000 + ".js"],
)
def test_other_files_are_not(emulator: Emulator, name: str) -> None:
    assert emulator.request("GET", f"/_aws/console/{name}").status == 404


@pytest.mark.parametrize("path", ["/_aws/console/ask", "/_aws/faults"])
def test_the_console_may_ask_and_switch_and_no_other_page(emulator: Emulator, path: str) -> None:
    own = ours(emulator)
    assert emulator.request("POST", path, headers=own).status != 403
    for other in (
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Host": "attacker.example", "Origin": "http://attacker.example"},
    ):
        refused = emulator.request("POST", path, headers=own | other)
        assert (refused.status, b"web page" in refused.body) == (403, True)


def test_a_page_cannot_tell_it_what_is_applied(emulator: Emulator) -> None:
    path = "/_aws/console/deployment"
    assert emulator.request("PUT", path, headers=ours(emulator), body=SUMMARY).status == 403
    assert emulator.request("PUT", path, body=b"[]").status == 400
    assert emulator.request("PUT", path, body=b'{"env": "dev"}').status == 400
    assert emulator.request("PUT", path, body=SUMMARY.replace(b"{}}", b"[]}")).status == 400


def test_before_an_apply_it_says_what_to_do(emulator: Emulator) -> None:
    said = emulator.request("GET", "/_aws/console/about")
    assert (said.status, "make up" in said.json()["message"]) == (404, True)


def test_what_some_clients_or_pages_have_alone_is_reported() -> None:
    def summary(**values: object) -> list[str]:
        applied = Applied({"origin": "https://a", "usage_plan_id": "p"} | values)
        return [
            one["text"] for one in environment.configuration(applied, {}) if one["layer"] == "api"
        ]

    assert summary() == ["Clients: none.", "Web pages of https://a may read answers."]
    keys = [{"client": name, "plan_id": plan} for name, plan in (("web", "p"), ("partner", "q"))]
    assert summary(client_keys=keys, further_origins=[{"further_origin": "https://b"}])[1:] == [
        "Clients with limits of their own: partner.",
        "Web pages of https://a, https://b may read answers.",
    ]


def test_budgets_and_conversations_are_reported_where_there_are_any() -> None:
    def summary(**outputs: object) -> list[str]:
        said = environment.configuration(Applied({}, {}), outputs)
        return [one["text"] for one in said if one["layer"] == "compute"]

    assert summary(budget=None, conversation=None) == []
    budget = {
        "client_tokens_per_day": 40000,
        "client_tokens_per_month": 900000,
        "clients": {"web": {"tokens_per_day": None, "tokens_per_month": 7000}},
        "on_store_failure": "refuse",
        "user_tokens_per_day": 1000,
    }
    kept = {"max_chars": 2000, "max_turns": 5, "ttl_hours": 24}
    assert summary(budget=budget, conversation=kept) == [
        "Budget of a client: 40,000 tokens a day, 900,000 tokens a month, by UTC.",
        "Budget of a person: 1,000 tokens a day, by UTC.",
        "Budget of web: 7,000 tokens a month, by UTC.",
        "Conversations of up to 5 turns and 2,000 characters, kept for 24 hours.",
    ]
