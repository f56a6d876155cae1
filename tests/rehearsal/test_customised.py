"""Smoke test and proofs follow whatever was applied: here, an environment unlike the defaults."""

import json
import re
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import ask, enter, looks_well, served
from tests.conftest import applied, missing
from tests.rehearsal.probing import full
from toolkit.proofs import report, targets
from toolkit.rehearsal import Rehearsal
from toolkit.terraform import ROOT, TerraformError

CUSTOMISED = Path(__file__).parent / "customised" / "main.tf"
REGION = "eu-central-1"
# Some of the reasons why a proof is not asked here.
REASONS = {
    "CREDIT_DEBIT_CARD_NUMBER is not among this environment's blocked data",
    "INSULTS is not among this environment's prompt filters",
    "this environment does not manage the trail",
    "this environment has the rule group sql-injection off",
    "this environment only counts CrossSiteScripting_BODY",
}
# What only an environment with such addresses, such a key, such a trail and a table can be asked.
ASKED = {
    "compute/budgets/a message while the table is away",
    "compute/budgets/a message while the table is slow, and answers in time",
    "compute/budgets/a message while the table is throttled",
    "compute/budgets/a message while the table takes longer than the function waits",
    "compute/conversations/a CORS preflight of deleting one",
    "compute/conversations/an attack in two pieces",
    "compute/conversations/an id that nobody has",
    "compute/conversations/another client's",
    "compute/conversations/deleting one's own",
    "compute/conversations/one that its holder deleted",
    "compute/conversations/the next message while the table is away",
    "compute/conversations/the next message, with the newest turns before it",
    "compute/conversations/two messages at once",
    "api/cors/a CORS preflight of each further origin",
    "api/cors/a refusal before the function names the first origin to a further one",
    "api/cors/an answer to each further origin",
    "governance/alerts/the trail's log shows what EventBridge does not",
    "governance/encryption-key/every log group of the environment",
    "governance/encryption-key/the function has no use for it",
    "edge/allowed-addresses/a question from an allowed address",
    "edge/allowed-addresses/an attack from an allowed address: the function stops it",
    "edge/allowed-addresses/a body over the limit from an allowed address",
    "edge/rate-per-ip/not an exempt address: it is the API that refuses its missing key",
}


@pytest.fixture(scope="module")
def customised(package: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:  # noqa: ARG001 - built first
    """Rehearse the files of envs/dev with another main.tf, in another Region."""
    source = tmp_path_factory.mktemp("envs") / "customised"
    shutil.copytree(ROOT / "envs" / "dev", source, ignore=shutil.ignore_patterns(".terraform"))
    shutil.copyfile(CUSTOMISED, source / "main.tf")
    providers = source / "providers.tf"
    providers.write_text(providers.read_text().replace("us-east-2", REGION))
    with applied("customised", source=source) as rehearsal:
        yield rehearsal


def test_the_smoke_test_holds(customised: Rehearsal, capsys: pytest.CaptureFixture[str]) -> None:
    code = report.smoke(targets.rehearsal(customised), as_json=True)
    checks = {one["name"]: one for one in json.loads(capsys.readouterr().out)["checks"]}
    assert code == 0
    assert {name: one["detail"] for name, one in checks.items() if one["status"] == "skip"} == {
        "SQL injection is blocked at the edge (403)": (
            "this environment has the rule group sql-injection off"
        ),
        "prompt injection is blocked at the edge (403)": (
            "this environment only counts it, as the logs show"
        ),
    }


def test_a_customers_conversation_goes_on_and_is_deleted(customised: Rehearsal, page: Page) -> None:
    """At the API's further origin, signed in: what the page does with all that dev lacks."""
    keys = customised.client("apigateway", REGION).get_api_keys(includeValues=True)["items"]
    key = next(one["value"] for one in keys if one["name"].startswith("dienst-kunde-partner"))
    with served(customised, "--origin", "http://localhost:5174") as url:
        page.goto(url)
        expect(page.get_by_role("link", name="Sign in")).to_be_focused()
        page.keyboard.press("Enter")
        enter(page, key)
        for question in ("Wo ist mein Paket?", "Und wann kommt es?"):
            ask(page, question)
            expect(page.locator("#messages .theirs:not(.waiting)").last).to_be_visible()
            expect(page.locator("#messages .waiting")).to_have_count(0)
        expect(page.locator("#messages .problem")).to_have_count(0)
        with page.expect_response(lambda one: one.request.method == "DELETE") as deleted:
            page.get_by_role("button", name="Delete this conversation").press("Enter")
        assert deleted.value.status == 204
        expect(page.locator("#messages li")).to_contain_text(["The conversation is deleted."])
        looks_well(page)


def test_the_console_goes_on_with_a_conversation_and_deletes_it(
    customised: Rehearsal, page: Page
) -> None:
    page.goto(f"{customised.endpoint}/")
    expect(page.locator("#configuration")).to_contain_text("Conversations of up to 2 turns")
    expect(page.locator("#configuration")).to_contain_text("Budget of a client: 50,000,000 tokens")
    page.get_by_label("Client").select_option("partner")
    delete = page.get_by_role("button", name="Delete conversation")
    expect(delete).to_be_hidden()
    page.get_by_label("Message", exact=True).fill("Wo ist mein Paket?")
    page.keyboard.press("Enter")
    meta = page.locator(".exchange .meta").first
    expect(meta).to_contain_text("conversation goes on")
    expect(meta).to_contain_text("budget 0 % used")
    delete.press("Enter")
    expect(page.locator("#exchanges li").last).to_contain_text("The conversation is deleted")
    expect(delete).to_be_hidden()
    looks_well(page)


def test_every_proof_holds_or_says_why_it_is_not_asked(
    customised: Rehearsal, capsys: pytest.CaptureFixture[str]
) -> None:
    checks = full(customised, capsys)
    failed = [f"{one['name']}: {one['detail']}" for one in checks if one["status"] == "fail"]
    assert failed == []
    skipped = [one["detail"] for one in checks if one["status"] == "skip"]
    assert set(skipped) >= REASONS
    assert {one["name"] for one in checks if one["status"] == "pass"} >= ASKED
    assert "" not in skipped
    assert len(skipped) < len(checks) / 4
    assert missing(customised) == set()


def test_a_rule_group_of_the_callers_own_refuses(customised: Rehearsal) -> None:
    statuses = {}
    for agent in ("KundenApp/1.9", "KundenApp/2.0"):
        headers = {"Content-Type": "application/json", "User-Agent": agent}
        asked = urllib.request.Request(
            customised.session().url, data=b'{"message": "Hallo"}', headers=headers
        )
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(asked)
        statuses[agent] = json.loads(refused.value.read())["error"]["code"]
    assert statuses == {"KundenApp/1.9": "request_blocked", "KundenApp/2.0": "unauthenticated"}


def test_a_package_that_is_another_than_promised_gets_no_callers(customised: Rehearsal) -> None:
    function = customised.client("lambda", REGION)
    alias = {"FunctionName": "dienst-kunde", "Name": "live"}
    before = function.get_alias(**alias)["FunctionVersion"]
    main = customised.folder / "main.tf"
    text = main.read_text()
    main.write_text(re.sub(r"sha256 += .*", f'sha256 = "{"0" * 64}"', text))
    try:
        with pytest.raises(TerraformError, match="is another package than the one whose SHA-256"):
            customised.apply(lambda _: None)
        assert function.get_alias(**alias)["FunctionVersion"] == before
    finally:
        main.write_text(text)
    customised.apply(lambda _: None)
