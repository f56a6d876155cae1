"""The table of lambda/README.md names every module of the function, and what each may import."""

import ast
import re

from toolkit.terraform import ROOT

ROWS = [
    (re.findall(r"`(\w+)\.py`", names), may)
    for names, may in re.findall(
        r"^\| ((?:`\w+\.py` ?)+)\|.*\| (.+?) \|$",
        (ROOT / "lambda/README.md").read_text(),
        re.MULTILINE,
    )
]
PACKAGE = ROOT / "lambda" / "src" / "chatbot"


def imported(module: str) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse((PACKAGE / f"{module}.py").read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("chatbot"):
            _, _, name = str(node.module).partition(".")
            found |= {name} if name else {alias.name for alias in node.names}
    return found


def test_every_module_is_in_the_table_once() -> None:
    listed = [name for names, _ in ROWS for name in names]
    assert sorted(listed) == sorted(path.stem for path in PACKAGE.glob("*.py"))


def test_no_module_imports_more_than_the_table_allows() -> None:
    for place, (names, may) in enumerate(ROWS):
        allowed = set(re.findall(r"\w+", may))
        if may in {"all below", "what follows"}:
            allowed = {name for below, _ in ROWS[place + 1 :] for name in below}
        if "each other" in may:
            allowed |= set(names)
        for name in names:
            assert imported(name) <= allowed, name
