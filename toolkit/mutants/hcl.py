"""Mutants of Terraform: operators over the syntax tree of HCL, as edits of the text.

Drop a block, an attribute, an element of a list or one side of `&&` and `||`; flip a boolean; make
a number ten times as large; put a weaker value in place of a known one; let a policy name anything.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import hcl2
from lark import Token, Tree

from toolkit.mutants.mutant import Mutant, distinct, edit, short

if TYPE_CHECKING:
    from collections.abc import Iterator


def _words(text: str) -> list[str]:
    return text.split()


# What people read, and what controls nothing: a change of it is no mutant.
WORDS = _words(
    "alarm_description comment description error_message label nullable sid tags title view"
)
LAYOUT = _words("height width x y")
# Terraform refuses to go without these, or they say what a whole block is for.
NEEDED = _words("condition count default for_each iterator providers source type value")
KEPT_BLOCKS = _words("content locals moved output provider terraform variable")
# In a policy, what makes a statement narrow.
NARROW = _words("identifiers resources")
# Each value beside one that protects less, or that AWS takes as well. `block` and `none` are also
# names of blocks: actions of AWS WAF.
_PAIRS = _words("""
AccessDenied NoSuchError  Active PassThrough  Allow Deny  ANONYMIZE BLOCK
ArnEquals ArnNotEquals  ArnLike ArnNotLike  ArnNotLike ArnLike  aws:kms AES256
BLOCK ANONYMIZE  block count  Bool BoolIfExists  breaching notBreaching
BucketOwnerEnforced ObjectWriter  COMPLIANCE GOVERNANCE  Deny Allow  Enabled Suspended
ForAnyValue:StringEquals ForAllValues:StringEquals  GOVERNANCE COMPLIANCE
GreaterThanOrEqualToThreshold LessThanThreshold  GT LT  HEADER AUTHORIZER  HIGH NONE
INFO WARN  IP FORWARDED_IP  JSON Text  LessThanThreshold GreaterThanOrEqualToThreshold
MATCH CONTINUE  MEDIUM LOW  MONTH DAY  MONTHLY ANNUALLY  NEVER WHEN_NO_MATCH  NONE HIGH
notBreaching breaching  OFF ERROR  REGIONAL EDGE  StringEquals StringNotEquals
StringLike StringNotLike  StringNotEquals StringEquals  Sum Minimum  TLS_1_2 TLS_1_0
VALUE KEY
""")
SWAPS = dict(zip(_PAIRS[::2], _PAIRS[1::2], strict=True))
BOOLEANS = {"true": "false", "false": "true"}
# An attribute that distinguishes a block from its siblings, in the name of a mutant.
NAMES = ("sid", "name", "variable")
OWN_NAME = re.compile(r'\{[^{}]*?\bname +=\s*"([^"]+)"')

Node = Tree[Token]


def mutants(file: str, source: str) -> list[Mutant]:
    """Return the mutants of a Terraform file."""
    return list(distinct(_Walk(file, source).body(hcl2.parses_to_tree(source), ())))


class _Walk:
    def __init__(self, file: str, source: str) -> None:
        self._file = file
        self._source = source

    def body(self, tree: Node, path: tuple[str, ...]) -> Iterator[Mutant]:
        """Walk what is neither a value nor in one: blocks and their attributes."""
        for child in _trees(tree):
            if child.data == "attribute":
                name = self._text(child.children[0])
                if name in WORDS:
                    continue
                if name not in NEEDED and not {"locals", "output"} & set(path):
                    yield self._edit((*path, name), "drop", child)
                if name in NARROW:
                    yield self._edit((*path, name), 'any: ["*"]', child.children[2], '["*"]')
                yield from self._value(child, (*path, name))
            elif child.data == "block":
                yield from self._block(child, path)
            elif child.data == "body":
                yield from self.body(child, path)

    def _block(self, block: Node, path: tuple[str, ...]) -> Iterator[Mutant]:
        kind, *labels = [
            self._text(part)
            for part in block.children
            if _is(part, "identifier", "string", "keyword")
        ]
        words = [label.strip('"') for label in labels]
        if kind in ("resource", "data"):
            name = ".".join(words)
        else:
            own = self._own_name(block)
            name = ".".join([kind, *words]) + (f"[{own}]" if own else "")
        inside = path if kind == "content" else (*path, name)
        if kind not in KEPT_BLOCKS:
            yield self._edit(inside, "drop", block)
        if kind in ("block", "none"):
            yield self._edit(inside, f"{kind} -> count", block.children[0], "count")
        if kind not in ("moved", "provider", "terraform"):
            yield from self.body(block, ("locals", *inside) if kind == "locals" else inside)

    def _own_name(self, block: Node) -> str:
        for body in _trees(block):
            for attribute in _trees(body):
                if attribute.data == "attribute":
                    text = self._text(attribute.children[2])
                    if self._text(attribute.children[0]) in NAMES and text.startswith('"'):
                        return text.strip('"')
        return ""

    def _value(self, tree: Node, path: tuple[str, ...]) -> Iterator[Mutant]:
        """Walk an expression."""
        typed = path[0].startswith("variable") and path[1] == "type"
        for at, child in enumerate(tree.children):
            if not isinstance(child, Tree) or child.data == "new_line_or_comment":
                continue
            inside = path
            if child.data == "object_elem":
                key = self._text(child.children[0]).strip('"')
                if key in WORDS:
                    continue
                inside = (*path, key)
                if not typed:
                    yield self._edit(inside, "drop", child, comma=_comma(tree, at))
            elif tree.data == "tuple":
                if any(part.startswith("validation") for part in path):
                    continue  # A shorter list of what is taken refuses more.
                change = f"drop {short(self._text(child))}"
                if own := OWN_NAME.match(self._text(child)):
                    inside, change = (*path[:-1], f"{path[-1]}[{own[1]}]"), "drop"
                yield self._edit(inside, change, child, comma=_comma(tree, at))
            elif child.data == "binary_op":
                yield from self._operands(child, path)
            yield from self._literal(child, path)
            if child.data not in ("braces_index", "short_index", "object_elem_key"):
                yield from self._value(child, inside)

    def _operands(self, tree: Node, path: tuple[str, ...]) -> Iterator[Mutant]:
        left, term = _trees(tree)[:2]
        operator, *_, right = _trees(term)
        if self._text(operator) in ("&&", "||"):
            for kept, dropped in ((left, right), (right, left)):
                change = f"drop {short(self._text(dropped))}"
                yield self._edit(path, change, tree, self._text(kept))

    def _literal(self, tree: Node, path: tuple[str, ...]) -> Iterator[Mutant]:
        text = self._text(tree)
        other = ""
        if tree.data == "literal_value":
            other = BOOLEANS.get(text, "")
        elif tree.data == "string":
            swapped = SWAPS.get(text.strip('"'))
            other = f'"{swapped}"' if swapped else ""
        elif tree.data == "int_lit" and path[-1] not in LAYOUT:
            lone = path[-1] == "priority" and "text_transformation" in path
            other = "" if lone else str(int(text) * 10 or 1)
        if other:
            yield self._edit(path, f"{text} -> {other}", tree, other)

    def _edit(
        self, path: tuple[str, ...], change: str, tree: Any, text: str = "", *, comma: int = 0
    ) -> Mutant:
        where = "/".join(part for part in path if part != "locals")
        end = comma or tree.meta.end_pos
        return Mutant(self._file, where, change, edit(tree.meta.start_pos, end, text))

    def _text(self, tree: Any) -> str:
        if isinstance(tree, Token):
            return str(tree)
        return self._source[tree.meta.start_pos : tree.meta.end_pos].strip()


def _trees(tree: Node) -> list[Node]:
    return [child for child in tree.children if isinstance(child, Tree)]


def _is(part: object, *kinds: str) -> bool:
    return isinstance(part, Tree) and part.data in kinds


def _comma(tree: Node, at: int) -> int:
    """Return where the comma after a child ends, or 0 where none follows."""
    for child in tree.children[at + 1 :]:
        if isinstance(child, Token):
            return child.end_pos or 0 if child.type == "COMMA" else 0
        if child.data != "new_line_or_comment":
            return 0
    return 0
