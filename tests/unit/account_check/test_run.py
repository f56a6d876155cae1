"""What may not be asked, and the whole."""

import json
from dataclasses import replace

import pytest

from scripts import account_check
from tests.unit.account_check.support import ACCOUNT, ME, PROFILE, SETTINGS, Account, about
from toolkit.account_check import account, model, run
from toolkit.account_check.asking import attempt
from toolkit.planned import Plan, Settings
from toolkit.terraform import ROOT, TerraformError


def test_a_denied_check_is_skipped_and_names_the_permission(aws: Account) -> None:
    said = f"User: {ME} is not authorized to perform: bedrock:GetInferenceProfile on {PROFILE}"
    aws.refuses("bedrock", "get_inference_profile", "AccessDeniedException", said)
    found = attempt(model.destinations, about(aws))
    assert (found.status, found.do) == ("skip", "ask for bedrock:GetInferenceProfile")
    aws.refuses("s3", "get_object", "AccessDenied", "Access Denied")
    found = attempt(account.names, about(aws))
    assert (found.status, found.do) == ("skip", "ask for s3:GetObject")


def test_a_check_that_cannot_be_asked_is_skipped_and_says_why(aws: Account) -> None:
    aws.refuses("bedrock", "get_inference_profile", "ThrottlingException", "Slow down")
    found = attempt(model.destinations, about(aws))
    assert (found.status, "Slow down" in found.detail) == ("skip", True)


def test_a_wrong_account_is_asked_nothing_else(
    aws: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(account_check, "Aws", lambda: aws)
    assert account_check.main(["--env", "dev", "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["passed"] is False
    first, *others = document["checks"]
    assert (first["status"], "placeholder 1" in first["do"]) == ("fail", True)
    assert {check["status"] for check in others} == {"skip"}


def test_an_environment_that_does_not_plan_is_asked_nothing_else(
    aws: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> Plan:
        raise TerraformError("Error: Invalid value for variable")

    monkeypatch.setattr(run, "planned", broken)
    monkeypatch.setattr(Settings, "read", lambda _: replace(SETTINGS, bucket="REPLACE-ME"))
    aws.says("sts", "get_caller_identity", {"Account": ACCOUNT, "Arn": ME})
    reported: list[str] = []
    results = run.run("dev", ROOT, aws, lambda one: reported.append(one.name))  # type: ignore[arg-type]  # clients all the same
    assert [result.status for result in results[:3]] == ["pass", "fail", "fail"]
    assert {result.status for result in results[3:]} == {"skip"}
    assert reported == [result.name for result in results]


def test_an_unknown_environment_cannot_be_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert account_check.main(["--env", "nowhere"]) == 2
    assert "There are: bootstrap, dev, prod." in capsys.readouterr().err
