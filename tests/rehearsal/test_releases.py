"""A bad package is deployed while the environment is in use, and put back; a good one follows."""

import json
import shutil
import time
import zipfile
from pathlib import Path

import pytest

from tests.rehearsal.live import PART, REGION, write
from tests.rehearsal.probing import QUESTION, Probes, ask, smoke
from toolkit.package import OUTPUT
from toolkit.proofs import targets
from toolkit.rehearsal import Rehearsal
from toolkit.release import Release, Serving

pytestmark = pytest.mark.long

GROUP = "/aws/lambda/chatbot-life"


def package_with(folder: Path, name: str, handler: str) -> str:
    """Return the package with another handler; "" keeps its own beside a new file."""
    path = folder / f"{name}.zip"
    shutil.copyfile(OUTPUT, path)
    entry = "chatbot/handler.py" if handler else "another"
    with zipfile.ZipFile(path) as before:
        files = {one: before.read(one) for one in before.namelist()}
    with zipfile.ZipFile(path, "w") as after:
        for file, content in (files | {entry: handler.encode()}).items():
            if not (handler and file.endswith(".pyc")):
                after.writestr(file, content)
    return str(path)


def answered_by(life: Rehearsal, version: str) -> int:
    """Return how many requests a version was given, by the function's own log."""
    pages = life.client("logs", REGION).get_paginator("filter_log_events")
    events = [e for page in pages.paginate(logGroupName=GROUP) for e in page["events"]]
    records = [json.loads(event["message"]) for event in events]
    return sum(
        one.get("type") == "platform.start" and one["record"]["version"] == version
        for one in records
    )


def drift(life: Rehearsal) -> str:
    done = life.terraform().run("plan", "-detailed-exitcode", ok=(0, 2))
    return done.stdout if done.returncode else ""


def test_a_bad_package_costs_only_what_it_was_sent(
    life: Rehearsal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    release = Release.of(targets.rehearsal(life))
    assert release.serving() == Serving("1")
    write(life, package=package_with(tmp_path, "bad", "raise RuntimeError('bad')\n"))
    with Probes(life.session()) as probes:
        life.apply(lambda _: None)
        assert release.serving() == Serving("2")
        code, failed = smoke(life, capsys)
        assert code != 0
        assert failed
        begun = time.monotonic()
        assert release.roll_back() == Serving("2", "1", 1.0)
        assert time.monotonic() - begun < 5.0
        # What was being asked has its answer, and all that follows is well.
        time.sleep(2.0)
        before = len(probes.noticed)
        assert smoke(life, capsys) == (0, [])
    assert len(probes.noticed) == before
    assert 0 < before <= answered_by(life, "2")
    assert all("an honest question got (502" in one for one in probes.noticed)
    assert drift(life) == ""


def test_what_is_deployed_then_waits_until_it_is_promoted(
    life: Rehearsal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    release = Release.of(targets.rehearsal(life))
    write(life, package=package_with(tmp_path, "mended", ""))
    said: list[str] = []
    with Probes(life.session()) as probes:
        life.apply(lambda _: None)
        assert release.serving() == Serving("3", "1", 1.0)
        assert answered_by(life, "3") == 0
        assert drift(life) == ""
        assert release.promote(said.append, minutes=0.05) == Serving("3")
        assert smoke(life, capsys) == (0, [])
    assert probes.noticed == []
    assert [one.partition(",")[0] for one in said] == [
        "version 1 answers 90% of requests",
        "version 1 answers 50% of requests",
        "version 3 answers",
    ]
    assert ask(life.session(), QUESTION)[0] == 200
    assert answered_by(life, "3") > 0
    assert drift(life) == ""


def test_a_new_package_is_planned_without_the_web_acl_and_leaves_no_drift(
    life: Rehearsal, tmp_path: Path
) -> None:
    package = package_with(tmp_path, "next", "")
    write(life, package=package)
    life.apply(lambda _: None)
    life.open_session()
    with zipfile.ZipFile(package, "a") as changed:
        changed.writestr("one-more", "")
    said: list[str] = []
    life.apply(said.append)
    assert said[0] == PART
    assert any("update module.chatbot.module.compute.aws_lambda_function" in one for one in said)
    assert drift(life) == ""
