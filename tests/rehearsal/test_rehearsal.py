"""The whole path: a real apply to the local AWS, real requests, and nothing left behind."""

import re
import shutil

import pytest

from scripts.evidence import main as evidence
from tests.conftest import missing
from tests.rehearsal.probing import smoke
from toolkit.evidence import DOCUMENT, verify
from toolkit.processes import is_free
from toolkit.proofs import targets
from toolkit.rehearsal import Rehearsal
from toolkit.terraform import ROOT


def test_dev_keeps_what_the_smoke_test_asks(
    dev: Rehearsal, capsys: pytest.CaptureFixture[str]
) -> None:
    assert smoke(dev, capsys) == (0, [])


def test_a_second_plan_is_empty(dev: Rehearsal) -> None:
    plan = dev.terraform().run("plan", "-detailed-exitcode", "-no-color", ok=(0, 2))
    assert plan.returncode == 0, plan.stdout


def test_the_web_acls_capacity_is_what_the_module_says(dev: Rehearsal) -> None:
    waf = dev.client("wafv2", "us-east-2")
    acl = waf.list_web_acls(Scope="REGIONAL")["WebACLs"][0]
    known = waf.get_web_acl(Name=acl["Name"], Scope="REGIONAL", Id=acl["Id"])["WebACL"]
    assert known["Capacity"] == dev.terraform().outputs()["web_acl_wcu"]


def test_evidence_names_who_decided_and_holds_no_key(
    dev: Rehearsal, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(targets, "named", lambda _: targets.rehearsal(dev))
    assert evidence(["--rehearsal", dev.env]) == 0
    printed = re.search(r"--verify (\S+) --digest (\S+)", capsys.readouterr().out)
    assert printed
    folder = ROOT / printed[1]
    try:
        kept = verify(folder, printed[2])
        text = (folder / DOCUMENT).read_text(encoding="utf-8")
    finally:
        shutil.rmtree(folder)
    assert len(kept["package_sha256"]) == 64
    assert len(kept["policies_sha256"]) >= 4
    asked = [one for proof in kept["proofs"] for one in proof["asked"]]
    assert sum(bool(one.get("record")) for one in asked) > 100
    assert targets.rehearsal(dev).api_key not in text


# The last test of the last folder, since every other one needs the environment.
def test_destroy_empties_it_and_down_leaves_nothing(dev: Rehearsal) -> None:
    dev.terraform().run("destroy", "-auto-approve", "-refresh=false", "-no-color")
    assert dev.terraform().run("state", "list").stdout == ""
    assert missing(dev) == set()
    region = "us-east-2"
    assert dev.client("apigateway", region).get_rest_apis()["items"] == []
    assert dev.client("lambda", region).list_functions()["Functions"] == []
    assert dev.client("bedrock", region).list_guardrails()["guardrails"] == []
    assert dev.client("wafv2", region).list_web_acls(Scope="REGIONAL")["WebACLs"] == []
    assert dev.client("iam", region).list_roles()["Roles"] == []
    assert dev.client("s3", region).list_buckets()["Buckets"] == []
    port, folder = dev.port, dev.folder
    assert dev.down()
    assert not folder.exists()
    assert is_free(port)
