"""The READMEs of the modules, with the tables of inputs and outputs that Terraform declares."""

import json
import re
from pathlib import Path
from typing import Any

import hcl2

from toolkit.errors import ToolkitError
from toolkit.pages.fields import fields
from toolkit.terraform import ROOT

BEGIN = "<!-- BEGIN inputs and outputs -->"
END = "<!-- END inputs and outputs -->"
SHORT = 40  # Longer defaults are only in variables.tf.
_SOURCE = re.compile(r'^variable "([^"]+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)


def blocks(path: Path, kind: str) -> dict[str, dict[str, Any]]:
    """Return the blocks of one kind in a file, by label, in the file's order."""
    with path.open(encoding="utf-8") as file:
        parsed = hcl2.load(file).get(kind, [])
    return {json.loads(label): body for block in parsed for label, body in block.items()}


def text(value: Any) -> str:
    """Return a string literal as it reads, fit for a cell of a table."""
    literal = value if isinstance(value, str) else ""
    if literal.startswith('"'):
        literal = json.loads(literal)
    return literal.replace("|", "\\|").replace("\n", " ").strip()


def type_of(body: dict[str, Any]) -> str:
    """Return a variable's type; the attributes of an object have rows of their own."""
    declared = str(body["type"]).removeprefix("${").removesuffix("}")
    if "object(" not in declared:
        return f"`{declared}`"
    outer = declared.split("object(", 1)[0]
    return f"`{outer}object{')' * outer.count('(')}`"


def rows_of_fields(name: str, source: str) -> list[str]:
    """Return a row for each attribute of a variable's object type."""
    rows = []
    for field in fields(name, source):
        default = f"`{field.default}`" if field.default else "required"
        default = default if len(field.default) <= SHORT else "[long](variables.tf)"
        about = field.about.replace("|", "\\|")
        rows.append(f"| `{field.path}` | {about} | `{field.type}` | {default} |")
    return rows


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
    sources = dict(_SOURCE.findall(variables.read_text(encoding="utf-8")))
    for name, body in blocks(variables, "variable").items():
        if "description" not in body or "type" not in body:
            raise ToolkitError(f"{variables}: variable {name} lacks a description or a type")
        cells = [f"`{name}`", text(body["description"]), type_of(body), default_of(body)]
        rows.append(f"| {' | '.join(cells)} |")
        rows += rows_of_fields(name, sources[name])
    rows += ["", "| output | what it is |", "|---|---|"]
    for name, body in blocks(module / "outputs.tf", "output").items():
        if "description" not in body:
            raise ToolkitError(f"{module}/outputs.tf: output {name} lacks a description")
        rows.append(f"| `{name}` | {text(body['description'])} |")
    return "\n".join(rows)


def pages() -> dict[Path, str]:
    """Return the README of every module with fresh tables. Raises ToolkitError."""
    modules = sorted(path.parent for path in (ROOT / "modules").glob("*/variables.tf"))
    return {module / "README.md": documented(module) for module in modules}


def documented(module: Path) -> str:
    """Return the README of a module with fresh tables."""
    readme = (module / "README.md").read_text(encoding="utf-8")
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ToolkitError(f"{module}/README.md lacks the lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{tables(module)}\n{END}{after}"
