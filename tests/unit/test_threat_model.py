"""The threat model and the OWASP table name controls that exist, and miss none of the ten items."""

import re

import pytest

from toolkit.proofs.data import Item, load, owasp
from toolkit.terraform import ROOT

CONTROLS = {f"{control.layer}/{control.name}" for control in load()}
MODEL = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the table below a heading."""
    section = MODEL.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines[1:]]


def test_every_threat_names_proofs_that_exist() -> None:
    threats = rows("What each layer stops")
    assert len(threats) > 10
    for threat in threats:
        proofs = re.findall(r"`([\w-]+/[\w-]+)`", threat[-1])
        assert proofs, threat[0]
        assert set(proofs) <= CONTROLS, set(proofs) - CONTROLS


def test_every_layer_stops_something() -> None:
    named = set(re.findall(r"`([\w-]+)/[\w-]+`", MODEL))
    assert named == {control.partition("/")[0] for control in CONTROLS}


def test_the_ten_items_of_owasp_are_all_there() -> None:
    items = owasp()
    assert [item.id[:10] for item in items] == [f"LLM{n:02}:2025" for n in range(1, 11)]
    assert {control.owasp for control in load()} - {""} <= {item.id for item in items}


@pytest.mark.parametrize("item", owasp(), ids=lambda item: item.id[:5])
def test_a_verdict_has_controls_or_says_that_there_is_nothing_to_stop(item: Item) -> None:
    assert set(item.controls) <= {control.name for control in load()}
    counted = [control.name for control in load() if control.owasp == item.id]
    assert item.why
    assert item.verdict in {"covered", "partly", "not"}
    assert bool(counted or item.controls) == (item.verdict != "not")
