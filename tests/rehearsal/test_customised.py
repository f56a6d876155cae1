"""Smoke test and proofs follow whatever was applied: here, an environment unlike the defaults."""

import json
import re
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

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
# What only an environment with such addresses, such a key and such a trail can be asked.
ASKED = {
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
