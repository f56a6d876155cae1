"""How the emulator is built, as its README says."""

import ast
import re
from pathlib import Path
from typing import get_args

from emulator.approximations import Part

EMULATOR = Path(__file__).parents[2] / "emulator"
# These change moto, stand before it, or read AWS's models through it.
AROUND_MOTO = {
    *("moto_server.py", "patching.py"),
    *("apigateway/missing.py", "apigateway/refusals.py", "apigateway/tags.py", "s3/refusals.py"),
    *("cloudtrail/records.py", "iam/simulation.py"),
    *("lambda_/objects.py", "lambda_/policies.py", "logs/queries.py"),
    *("wire/operations.py", "wire/parsing.py", "wire/shapes.py"),
}


def imported(file: Path) -> set[str]:
    tree = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    names = set()
    for node in tree:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(str(node.module))
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def files() -> dict[str, set[str]]:
    return {str(one.relative_to(EMULATOR)): imported(one) for one in EMULATOR.rglob("*.py")}


def test_what_serves_reads_through_awss_apis_but_for_what_the_readme_lists() -> None:
    text = (EMULATOR / "README.md").read_text(encoding="utf-8")
    table = text.partition("in-process:\n\n")[2].partition("\n\n")[0]
    listed = set(re.findall(r"`([\w/]+\.py)`", table))
    reading = {
        name
        for name, names in files().items()
        if any(one == "moto" or one.startswith("moto.") for one in names)
        and not name.endswith("/patches.py")
    }
    assert reading - AROUND_MOTO == listed
    assert reading >= AROUND_MOTO


def test_each_folder_has_a_row_in_the_readme() -> None:
    text = (EMULATOR / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.+?`) \|", text.partition("| where | what it is |")[2], re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(\w+/)`", row)}
    assert named == {f"{file.parent.name}/" for file in EMULATOR.glob("*/__init__.py")}


def test_an_approximation_is_of_a_row_in_the_readme() -> None:
    text = (EMULATOR / "README.md").read_text(encoding="utf-8")
    table = text.partition("| part | exact |")[2].partition("\n\n")[0]
    assert {*re.findall(r"^\| ([\w ]+) \|", table, re.MULTILINE)} == {*get_args(Part)}


def test_only_the_server_knows_the_door_and_no_part_knows_the_table() -> None:
    above = {"emulator.door": {"server.py"}, "emulator.services": {"door.py"}}
    for module, allowed in above.items():
        assert {name for name, names in files().items() if module in names} == allowed


def test_no_arrow_runs_up() -> None:
    """What the emulator stands on does not import it."""
    below = {
        "iam_policy": ("emulator", "toolkit"),
        "policies": ("emulator", "toolkit"),
        "toolkit": ("emulator",),
    }
    for folder, above in below.items():
        for file in (EMULATOR.parent / folder).rglob("*.py"):
            tops = {name.partition(".")[0] for name in imported(file)}
            assert not tops & set(above), file
