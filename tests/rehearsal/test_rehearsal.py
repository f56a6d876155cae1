"""The whole path: a real apply to the local AWS, real requests, and nothing left behind."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.conftest import HOME, apply
from toolkit.terraform import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from toolkit.rehearsal import Rehearsal


def _smoke(rehearsal: Rehearsal) -> tuple[int, str]:
    session = rehearsal.session()
    command = [sys.executable, str(ROOT / "scripts" / "smoke_test.py"), "--json"]
    done = subprocess.run(
        [*command, "--url", session.url, "--api-key", session.api_key],
        text=True,
        capture_output=True,
        check=False,
    )
    failed = [check for check in json.loads(done.stdout)["checks"] if check["status"] != "pass"]
    return done.returncode, json.dumps(failed, indent=2)


@pytest.fixture(scope="module")
def prod(package: None) -> Iterator[Rehearsal]:  # noqa: ARG001 - it must be built first
    rehearsal = apply("prod")
    yield rehearsal
    rehearsal.down()


def test_dev_keeps_what_the_smoke_test_asks(dev: Rehearsal) -> None:
    assert _smoke(dev) == (0, "[]")


def test_prod_keeps_what_the_smoke_test_asks(prod: Rehearsal) -> None:
    assert _smoke(prod) == (0, "[]")


@pytest.mark.parametrize("env", ["dev", "prod"])
def test_a_second_plan_is_empty(env: str, request: pytest.FixtureRequest) -> None:
    rehearsal: Rehearsal = request.getfixturevalue(env)
    plan = rehearsal.terraform().run("plan", "-detailed-exitcode", "-no-color", ok=(0, 2))
    assert plan.returncode == 0, plan.stdout


def test_destroy_empties_it_and_down_leaves_nothing(prod: Rehearsal) -> None:
    prod.destroy()
    assert prod.terraform().run("state", "list").stdout == ""
    region = "us-east-2"
    assert prod.client("apigateway", region).get_rest_apis()["items"] == []
    assert prod.client("lambda", region).list_functions()["Functions"] == []
    assert prod.client("bedrock", region).list_guardrails()["guardrails"] == []
    assert prod.client("wafv2", region).list_web_acls(Scope="REGIONAL")["WebACLs"] == []
    assert prod.client("iam", region).list_roles()["Roles"] == []
    assert prod.client("s3", region).list_buckets()["Buckets"] == []
    assert prod.down()
    assert not prod.is_up()
    assert not (HOME / "prod").exists()
    found = subprocess.run(["ps", "-eo", "command="], text=True, capture_output=True, check=True)
    assert not [line for line in found.stdout.splitlines() if f"--port {prod.port}" in line]
