"""The tables of a module's README show what an object variable takes."""

import re

import pytest

from policies.attributes import Collection, Object, declared
from toolkit.pages.fields import Field, fields
from toolkit.pages.modules import blocks, tables
from toolkit.terraform import ROOT

BODY = """  description = "Anything."
  type = map(object({
    # Above it,
    # in two lines.
    plain = string # And beside it: "#" is no comment.
    count = optional(number, 3)
    none  = optional(list(string))
    inner = optional(object({ # null = none
      deep = optional(map(object({ a = string })), {})
    }))
    more = optional(object({
      text = optional(string, "a # b, c")
    }), {})
    long = optional(map(list(string)), {
      one = ["A", "B"]
    })
  }))
"""


def test_every_attribute_has_its_path_type_default_and_comment() -> None:
    assert fields("v", BODY) == [
        Field(
            "v[*].plain", "string", "", 'Above it, in two lines. And beside it: "#" is no comment.'
        ),
        Field("v[*].count", "number", "3", ""),
        Field("v[*].none", "list(string)", "null", ""),
        Field("v[*].inner", "object", "null", "null = none"),
        Field("v[*].inner.deep", "map(object({ a = string }))", "{}", ""),
        Field("v[*].more", "object", "{}", ""),
        Field("v[*].more.text", "string", '"a # b, c"', ""),
        Field("v[*].long", "map(list(string))", '{ one = ["A", "B"] }', ""),
    ]


def names(kind: Object | Collection | None) -> set[str]:
    if isinstance(kind, Collection):
        return names(kind.of)
    if kind is None:
        return set()
    return set(kind.attributes).union(*map(names, kind.attributes.values()))


@pytest.mark.parametrize(
    "module", sorted(path.parent.name for path in ROOT.glob("modules/*/variables.tf"))
)
def test_no_attribute_of_a_module_is_left_out_of_its_table(module: str) -> None:
    """Compared with the reader of types that finds misspelled attributes."""
    folder = ROOT / "modules" / module
    table = tables(folder)
    types = declared((folder / "variables.tf").read_text(encoding="utf-8"))
    for variable in blocks(folder / "variables.tf", "variable"):
        shown = " ".join(re.findall(rf"^\| `{variable}\b[^`]*` .*$", table, re.MULTILINE))
        missing = {name for name in names(types[variable]) if not re.search(rf"\b{name}\b", shown)}
        assert missing == set(), variable
