"""With sign-in, every proof holds, and none of it is asked of an environment without."""

import json
import shutil
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import applied, missing
from tests.rehearsal.probing import full
from toolkit.rehearsal import Rehearsal
from toolkit.talk import ask
from toolkit.terraform import ROOT

# A rehearsal of its own; the proofs of sign-in are asked of the customised one as well.
pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def staff(package: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:  # noqa: ARG001 - built first
    """Rehearse examples/sign-in, with the backend and the lock file of envs/dev."""
    source = tmp_path_factory.mktemp("envs") / "staff"
    shutil.copytree(ROOT / "examples" / "sign-in", source)
    for file in ("terraform.tf", ".terraform.lock.hcl"):
        shutil.copyfile(ROOT / "envs" / "dev" / file, source / file)
    with applied("staff", source=source) as rehearsal:
        yield rehearsal


def test_a_question_is_asked_for_a_person(
    staff: Rehearsal, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(staff, "", "") == 0
    assert capsys.readouterr().out.startswith("200 ")


def test_the_console_asks_for_a_person(staff: Rehearsal) -> None:
    def call(path: str, body: bytes | None = None) -> Any:
        request = urllib.request.Request(f"{staff.endpoint}/_aws/console/{path}", body)
        with urllib.request.urlopen(request, timeout=30) as reply:
            return json.load(reply)

    assert call("about")["token"].count(".") == 2
    asked = call("ask", b'{"message": "Where is my order?", "client": "web"}')
    assert asked["status"] == 200
    (compute,) = [one for one in asked["trace"]["steps"] if one["place"] == "compute"]
    assert len(compute["facts"]["person"]) == 32
    summary = [one["text"] for one in call("applied")["configuration"]]
    assert "People sign in: access tokens with chatbot/ask." in summary


def test_every_proof_holds_those_of_sign_in_among_them(
    staff: Rehearsal, capsys: pytest.CaptureFixture[str]
) -> None:
    checks = full(staff, capsys)
    failed = [f"{one['name']}: {one['detail']}" for one in checks if one["status"] == "fail"]
    assert failed == []
    own = {one["name"]: one["status"] for one in checks if one["name"].startswith("api/sign-in/")}
    assert len(own) == 17
    assert set(own.values()) == {"pass"}
    assert missing(staff) == set()


def test_a_second_plan_changes_nothing(staff: Rehearsal) -> None:
    assert staff.terraform().run("plan", "-detailed-exitcode", ok=(0, 2)).returncode == 0


def test_without_the_authorizer_the_proofs_fail(
    staff: Rehearsal, capsys: pytest.CaptureFixture[str]
) -> None:
    """Take the authorizer off the method, as somebody in the console might, and deploy."""
    apis = staff.client("apigateway", "us-east-2")
    outputs = staff.terraform().outputs()
    api = {"restApiId": outputs["api_id"]}
    resources = apis.get_resources(**api)["items"]
    (chat,) = [one["id"] for one in resources if one["path"] == "/chat"]
    nobody = [{"op": "replace", "path": "/authorizationType", "value": "NONE"}]
    apis.update_method(**api, resourceId=chat, httpMethod="POST", patchOperations=nobody)
    apis.create_deployment(**api, stageName=outputs["stage_name"])
    checks = full(staff, capsys)
    failed = {one["name"] for one in checks if one["status"] == "fail"}
    assert failed >= {
        "api/sign-in/no token",
        "api/sign-in/a token that nobody signed (alg: none)",
        "api/sign-in/the method asks for a token, and for its scopes",
        "api/sign-in/a token and a key, with the person in the function's log",
    }
