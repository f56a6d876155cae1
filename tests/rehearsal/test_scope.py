"""After a change of a module that was planned alone, everything is as a plan of all has it."""

import shutil
from collections.abc import Iterator

import pytest

from tests.conftest import applied
from tests.rehearsal.live import write
from toolkit.package import OUTPUT
from toolkit.rehearsal import Rehearsal
from toolkit.terraform import ROOT

pytestmark = pytest.mark.long

FOLLOWED = "other modules may have to follow: planning everything"


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
    """Change each place of a module's file that reads so, apply, and return what is printed."""
    path = life.home.parent / "modules" / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    lines: list[str] = []
    life.apply(lines.append)
    life.open_session()
    return lines


@pytest.mark.parametrize(
    ("file", "old", "new", "is_followed"),
    [
        ("compute/main.tf", "Answers POST", "Takes POST", False),
        ("governance/alarms.tf", "close to its timeout", "near it", False),
        # The function's policies take what the rest reads of governance as a whole.
        (
            "governance/deny-tampering.tf",
            '"lambda:Update*",',
            '"lambda:Update*", "lambda:Invoke*",',
            True,
        ),
        # The API calls the alias and permits itself to.
        ("compute/main.tf", '"live"\n  desc', '"next"\n  desc', True),
        ("governance/alarms.tf", '_alarm" "this"', '_alarm" "each"', True),
    ],
)
def test_a_change_within_a_module_leaves_no_drift(
    file: str, old: str, new: str, is_followed: bool, life: Rehearsal
) -> None:
    lines = edit(life, file, old, new)
    assert lines[0].startswith("planning chatbot.compute"), lines
    assert any("planned" in line and not line.startswith("0 ") for line in lines), lines
    assert (FOLLOWED in lines) is is_followed
    done = life.terraform().run("plan", "-detailed-exitcode", ok=(0, 2))
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("guardrail/version.tf", "policy sha256", "policy SHA-256"),
        ("api/stage.tf", "Made by Terraform", "Made here"),
    ],
)
def test_a_change_of_another_module_is_planned_with_everything(
    file: str, old: str, new: str, life: Rehearsal
) -> None:
    lines = edit(life, file, old, new)
    assert not lines[0].startswith("planning"), lines
    done = life.terraform().run("plan", "-detailed-exitcode", ok=(0, 2))
    assert done.returncode == 0, done.stdout
