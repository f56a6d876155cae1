"""What workflows call is there, and the list of commands stays on one screen."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from toolkit.terraform import ROOT

if TYPE_CHECKING:
    from pathlib import Path

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_calls_what_is_there(workflow: Path) -> None:
    text = workflow.read_text(encoding="utf-8")
    assert set(re.findall(r"\bmake ([a-z-]+)", text)) <= TARGETS
    for listed in re.findall(r"env: \[(.+)\]", text):
        assert set(listed.split(", ")) == {path.parent.name for path in ROOT.glob("envs/*/main.tf")}
    assert "secrets." not in text


def test_the_help_fits_one_screen() -> None:
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert 10 < len(shown.stdout.splitlines()) <= 24
