"""After a change of a module that was planned alone, everything is as a plan of all has it."""

import shutil
from collections.abc import Iterator

import pytest

from tests.conftest import applied
from tests.rehearsal.live import PART, write
from toolkit.package import OUTPUT
from toolkit.rehearsal import Rehearsal
from toolkit.terraform import ROOT

pytestmark = pytest.mark.long

OUTPUTS = "outputs may have to follow: planning everything"
WHOLE = "what was left out may have to follow: planning everything"
FUNCTION = """  function = {
    screening_mode = "count"
  }

  guardrail ="""
STANDS = "requests can be answered"


@pytest.fixture(scope="module")
def life(package: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:  # noqa: ARG001 - it must be built first
    """Rehearse modules of its own."""
    root = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "modules", root / "modules")

    def change(rehearsal: Rehearsal) -> None:
        write(rehearsal, package=str(OUTPUT))

    with applied("dev", root / "rehearsals", change=change) as rehearsal:
        rehearsal.open_session()
        yield rehearsal


def edit(life: Rehearsal, file: str, old: str, new: str) -> list[str]:
    """Change each place of a file that reads so, apply, and return what is printed."""
    path = life.home.parent / "modules" / file if "/" in file else life.folder / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    lines: list[str] = []
    life.apply(lines.append, lambda: lines.append(STANDS))
    life.open_session()
    done = life.terraform().run("plan", "-detailed-exitcode", ok=(0, 2))
    assert done.returncode == 0, done.stdout
    return [line for line in lines if line in {PART, OUTPUTS, WHOLE, STANDS}]


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("compute/main.tf", "Answers POST", "Takes POST", [PART, STANDS]),
        ("governance/alarms.tf", "close to its timeout", "near it", [PART, STANDS]),
        ("api/stage.tf", "Made by Terraform", "Made here", [PART, STANDS]),
        ("main.tf", "  guardrail =", FUNCTION, [PART, STANDS]),
        # The outputs name the version.
        ("guardrail/version.tf", "policy sha256", "policy SHA-256", [PART, STANDS, OUTPUTS]),
        # A service control policy with the same actions may be too long, as an output says.
        (
            "governance/deny-tampering.tf",
            '"lambda:Update*",',
            '"lambda:Update*", "lambda:Invoke*",',
            [PART, WHOLE, STANDS],
        ),
        # What is made anew may have lost what is attached to it.
        ("compute/main.tf", '"live"\n  desc', '"next"\n  desc', [PART, WHOLE, STANDS]),
        ("governance/alarms.tf", '_alarm" "this"', '_alarm" "each"', [PART, WHOLE, STANDS]),
        ("edge/main.tf", "What may reach", "What reaches", [STANDS]),
    ],
)
def test_a_change_leaves_no_drift(
    file: str, old: str, new: str, expected: list[str], life: Rehearsal
) -> None:
    assert edit(life, file, old, new) == expected
