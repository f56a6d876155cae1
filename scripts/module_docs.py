#!/usr/bin/env python3
"""Write the tables of inputs and outputs into the READMEs of the modules.

scripts/module_docs.py           write them
scripts/module_docs.py --check   exit with 1 if one is not fresh, and say which
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import hcl2

ROOT = Path(__file__).resolve().parent.parent
BEGIN = "<!-- BEGIN inputs and outputs -->"
END = "<!-- END inputs and outputs -->"
SHORT = 40  # Longer defaults are for variables.tf to tell.


class DocumentationError(Exception):
    """A README or a variable cannot be documented. The text says which and why."""


def blocks(path: Path, kind: str) -> dict[str, dict[str, Any]]:
    """Return the blocks of one kind in a file, by label, in the file's order."""
    with path.open(encoding="utf-8") as file:
        found = hcl2.load(file).get(kind, [])
    return {json.loads(label): body for block in found for label, body in block.items()}


def text(value: Any) -> str:
    """Return a string literal as it reads, fit for a cell of a table."""
    literal = value if isinstance(value, str) else ""
    if literal.startswith('"'):
        literal = json.loads(literal)
    return literal.replace("|", "\\|").replace("\n", " ").strip()


def type_of(body: dict[str, Any]) -> str:
    """Return a variable's type; one with attributes links to where they are described."""
    declared = str(body["type"]).removeprefix("${").removesuffix("}")
    if "object(" not in declared:
        return f"`{declared}`"
    outer = declared.split("object(", 1)[0]
    return f"[`{outer}object{')' * outer.count('(')}`](variables.tf)"


def default_of(body: dict[str, Any]) -> str:
    """Return a variable's default, or that it has none."""
    if "default" not in body:
        return "required"
    value = body["default"]
    if isinstance(value, str) and value.startswith('"'):
        value = json.loads(value)
    shown = json.dumps(value, ensure_ascii=False)
    return f"`{shown}`" if len(shown) <= SHORT else "[long](variables.tf)"


def tables(module: Path) -> str:
    """Return the two tables of a module."""
    variables = module / "variables.tf"
    rows = ["| input | what it is | type | default |", "|---|---|---|---|"]
    for name, body in blocks(variables, "variable").items():
        if "description" not in body or "type" not in body:
            raise DocumentationError(f"{variables}: variable {name} lacks a description or a type")
        cells = [f"`{name}`", text(body["description"]), type_of(body), default_of(body)]
        rows.append(f"| {' | '.join(cells)} |")
    rows += ["", "| output | what it is |", "|---|---|"]
    for name, body in blocks(module / "outputs.tf", "output").items():
        if "description" not in body:
            raise DocumentationError(f"{module}/outputs.tf: output {name} lacks a description")
        rows.append(f"| `{name}` | {text(body['description'])} |")
    return "\n".join(rows)


def documented(module: Path) -> str:
    """Return the README of a module with fresh tables."""
    readme = (module / "README.md").read_text(encoding="utf-8")
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise DocumentationError(f"{module}/README.md lacks the lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{tables(module)}\n{END}{after}"


def stale(modules: list[Path]) -> list[Path]:
    """Return the READMEs whose tables differ from what the modules say."""
    readmes = [module / "README.md" for module in modules]
    return [
        readme
        for readme in readmes
        if readme.read_text(encoding="utf-8") != documented(readme.parent)
    ]


def main() -> int:
    """Write or check the tables of every module."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="change nothing; exit with 1 if stale")
    check: bool = parser.parse_args().check
    modules = sorted(path.parent for path in (ROOT / "modules").glob("*/variables.tf"))
    try:
        found = stale(modules)
        for readme in found:
            if check:
                print(f"{readme.relative_to(ROOT)} is stale: run scripts/module_docs.py")
            else:
                readme.write_text(documented(readme.parent), encoding="utf-8")
                print(f"wrote {readme.relative_to(ROOT)}")
    except (DocumentationError, OSError) as error:
        print(f"module_docs: {error}", file=sys.stderr)
        return 2
    return 1 if check and found else 0


if __name__ == "__main__":
    sys.exit(main())
