"""What workflows call is there."""

import re
from pathlib import Path

import pytest

from toolkit import bootstrap
from toolkit.terraform import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_calls_what_is_there(workflow: Path) -> None:
    text = workflow.read_text(encoding="utf-8")
    assert set(re.findall(r"\bmake ([a-z-]+)", text)) <= TARGETS
    for listed in re.findall(r"env: \[(.+)\]", text):
        named = {path.parent.name for path in ROOT.glob("envs/*/main.tf")}
        assert set(listed.split(", ")) == named - {bootstrap.NAME}
    assert "secrets." not in text
