"""A person sees what an apply will change, and waits only where there is something to wait for."""

import time
from pathlib import Path
from typing import Any

import pytest

from toolkit.applying import (
    LISTED,
    LONG_SECONDS,
    OF_A_PART,
    SLEPT_SECONDS,
    SLOW,
    Narrator,
    errors_of,
    listed,
)


def _resource(address: str) -> dict[str, Any]:
    module, _, name = address.rpartition(".aws_")
    return {"addr": address, "module": module, "resource_type": "aws_" + name.partition(".")[0]}


def _planned(action: str, address: str) -> dict[str, Any]:
    return {"type": "planned_change", "change": {"action": action, "resource": _resource(address)}}


def _hook(kind: str, address: str, action: str = "create", seconds: int = 0) -> dict[str, Any]:
    hook = {"resource": _resource(address), "action": action, "elapsed_seconds": seconds}
    return {"type": kind, "hook": hook}


SUMMARY = {"type": "change_summary", "changes": {"operation": "plan"}}
ROLE = "module.chatbot.module.compute.aws_iam_role.execution"
BUCKET = f"module.chatbot.module.governance.{SLOW[0]}.trail[0]"


class _Screen:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.stood = self.planned = 0
        self.narrator = Narrator(self.lines.append, self._stand, self._plan)

    def _stand(self) -> None:
        self.stood += 1

    def _plan(self) -> None:
        assert not self.lines
        self.planned += 1

    def tell(self, *messages: dict[str, Any]) -> list[str]:
        before = len(self.lines)
        for message in messages:
            self.narrator(message)
        return [line.strip() for line in self.lines[before:]]


def test_the_end_of_the_plan_is_reported_once_and_what_took_long_by_name() -> None:
    screen = _Screen()
    screen.tell(_planned("create", ROLE), _planned("create", BUCKET))
    assert screen.planned == 0
    screen.tell(SUMMARY)
    quick = screen.tell(_hook("apply_complete", ROLE, seconds=SLEPT_SECONDS - 1))
    slow = screen.tell(_hook("apply_complete", BUCKET, seconds=SLEPT_SECONDS))
    assert screen.planned == 1
    assert not any("took" in line for line in quick)
    assert slow[0] == f"{BUCKET} took {SLEPT_SECONDS} s"


def test_each_change_of_an_edit_is_listed() -> None:
    messages = _Screen().tell(
        _planned("update", ROLE),
        _planned("noop", BUCKET),
        _planned("read", "data.aws_x.y"),
        SUMMARY,
    )
    assert messages == ["1 change planned", f"update {ROLE}"]


@pytest.mark.parametrize(
    ("action", "address", "has_lost"),
    [
        ("update", ROLE, False),
        ("create", ROLE, False),
        ("delete", ROLE, True),
        ("replace", ROLE, True),
        ("replace", "module.api.aws_api_gateway_deployment.this", False),
    ],
)
def test_a_plan_that_replaces_or_removes_something_may_lose_what_is_attached_to_it(
    action: str, address: str, has_lost: bool
) -> None:
    screen = _Screen()
    screen.tell(_planned("update", BUCKET), _planned(action, address), _planned("noop", ROLE))
    assert screen.narrator.has_lost is has_lost


@pytest.mark.parametrize("number", [1, LISTED, LISTED + 1, 400])
def test_at_most_fifteen_lines_are_listed(number: int) -> None:
    planned = [
        ("create", _resource(f"module.a{index // 2}.aws_thing.x{index}")) for index in range(number)
    ]
    lines = listed(planned)
    assert len(lines) <= LISTED
    assert len(lines) == number or number > LISTED
    assert (lines[0] == "create 2 in module.a0") is (number > LISTED)


def test_a_wait_is_reported_once_and_only_when_it_is_long() -> None:
    screen = _Screen()
    short = [_hook("apply_progress", ROLE, seconds=at) for at in range(10, LONG_SECONDS, 10)]
    assert screen.tell(*short) == []
    long = [_hook("apply_progress", ROLE, seconds=LONG_SECONDS + at) for at in range(0, 60, 10)]
    assert screen.tell(*long) == [f"Terraform still waits for {ROLE}"]


def test_requests_can_be_answered_once_only_slow_things_are_left() -> None:
    screen = _Screen()
    screen.tell(
        _planned("create", BUCKET), _planned("replace", ROLE), _planned("create", "m.aws_x.y")
    )
    screen.tell(SUMMARY, _hook("apply_complete", "m.aws_x.y"))
    screen.tell(_hook("apply_complete", ROLE, "delete"))
    assert screen.stood == 0  # what is replaced is only gone
    screen.tell(_hook("apply_complete", ROLE))
    assert screen.stood == 1
    screen.tell(_hook("apply_complete", BUCKET))
    assert screen.stood == 1


def test_a_failure_is_reported_at_once() -> None:
    assert _Screen().tell(_hook("apply_errored", ROLE)) == [f"failed: {ROLE}"]


def test_a_warning_is_reported_once() -> None:
    warning = {"type": "diagnostic", "@level": "warn", "diagnostic": {"detail": "mind this"}}
    assert _Screen().tell(warning, warning) == ["warning: mind this"]


@pytest.mark.parametrize("summary", OF_A_PART)
def test_that_a_plan_looks_at_a_part_is_no_warning(summary: str) -> None:
    diagnostic = {"summary": summary, "detail": "The plan may not include all changes"}
    assert _Screen().tell({"type": "diagnostic", "@level": "warn", "diagnostic": diagnostic}) == []


def test_an_error_of_the_local_aws_is_reported_within_seconds(tmp_path: Path) -> None:
    log = tmp_path / "emulator.log"
    log.write_text("06:00 ERROR emulator: of an earlier run\n")
    messages: list[str] = []
    with errors_of(log, messages.append):
        with log.open("a") as lines:
            lines.write("06:01 INFO emulator: well\n06:02 ERROR emulator: internal error\nTrace\n")
        deadline = time.monotonic() + 5
        while not messages and time.monotonic() < deadline:
            time.sleep(0.05)
        assert messages == [f"local AWS: 06:02 ERROR emulator: internal error (more in {log})"]
