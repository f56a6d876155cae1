"""What a module's object variables declare, and what a call of the module names beyond that.

Terraform drops an attribute that an object variable does not declare, without a word and before
any validation sees it (Terraform, "Type Constraints": "attributes not in the schema are
discarded"). Standard library only: the policy runs in checkov's environment, the finder in ours.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_TOKEN = re.compile(
    r"""\s+|\#[^\n]*|//[^\n]*|/\*.*?\*/   # skipped
      | (?P<text>"(?:[^"\\]|\\.)*")
      | (?P<name>[A-Za-z_][\w-]*)
      | (?P<sign>[^\s\w])
      | (?P<number>[\w.]+)""",
    re.VERBOSE | re.DOTALL,
)
_VARIABLE = re.compile(r'^variable\s+"([^"]+)"\s*\{(.*?)^\}', re.MULTILINE | re.DOTALL)
_TYPE = re.compile(r"^\s*type\s*=\s*(?=\S)", re.MULTILINE)
_OPEN, _CLOSE = "([{", ")]}"


@dataclass(frozen=True)
class Object:
    """An object type: its attributes, and the type of each; None for what has no attributes."""

    attributes: Mapping[str, Object | Collection | None]


@dataclass(frozen=True)
class Collection:
    """A list or a set of one type, or, where it has keys, a map."""

    of: Object | Collection | None
    keyed: bool = False


@dataclass(frozen=True)
class Unknown:
    """An attribute that nothing declares: where it stands, and what may have been meant."""

    path: str
    declared: tuple[str, ...]

    def __str__(self) -> str:
        """Return one sentence for a person."""
        name = self.path.rpartition(".")[2]
        near = difflib.get_close_matches(name, self.declared, 1)
        meant = f"did you mean {near[0]}?" if near else f"there are {', '.join(self.declared)}"
        return f"{self.path} is not declared, and Terraform drops it without a word: {meant}"


def declared(text: str) -> dict[str, Object | Collection | None]:
    """Return the type of each variable in the text of a module's files."""
    found: dict[str, Object | Collection | None] = {}
    for name, body in _VARIABLE.findall(text):
        start = _TYPE.search(body)
        found[name] = _Reader(body[start.end() :]).type() if start else None
    return found


class _Reader:
    """Reads one type expression, and stops where it ends."""

    def __init__(self, text: str) -> None:
        self._tokens = [match[0] for match in _TOKEN.finditer(text) if match.lastgroup is not None]
        self._at = 0

    def type(self) -> Object | Collection | None:
        match self._take():
            case "object":
                return self._object()
            case "list" | "set":
                return Collection(self._argument())
            case "map":
                return Collection(self._argument(), keyed=True)
            case "optional":
                return self._argument()
            case _:
                return None

    def _object(self) -> Object:
        attributes: dict[str, Object | Collection | None] = {}
        self._take("(")
        self._take("{")
        while self._next() != "}":
            name = self._take().strip('"')
            self._take("=")
            attributes[name] = self.type()
            if self._next() == ",":
                self._take(",")
        self._take("}")
        self._take(")")
        return Object(attributes)

    def _argument(self) -> Object | Collection | None:
        """Read the first argument of a call, and pass over the others."""
        self._take("(")
        found = self.type()
        depth = 1
        while depth:
            token = self._take()
            depth += (token in _OPEN) - (token in _CLOSE)
        return found

    def _next(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self, wanted: str = "") -> str:
        token = self._next()
        if not token or (wanted and token != wanted):
            raise ValueError(f"a type that this cannot read, near {token or 'its end'!r}")
        self._at += 1
        return token


def unknown(value: Any, declared_as: Object | Collection | None, path: str) -> Iterator[Unknown]:
    """Find the attributes of a value that its type does not declare; expressions are passed over.

    Each value may stand in a list of one, as checkov hands them on.
    """
    is_list = isinstance(declared_as, Collection) and not declared_as.keyed
    if isinstance(value, list) and len(value) == 1 and not (is_list and _is_plain(value[0])):
        (value,) = value
    if isinstance(declared_as, Collection):
        items = value.items() if isinstance(value, dict) else enumerate(_list(value))
        for key, item in items:
            if not str(key).startswith("__"):
                yield from unknown(item, declared_as.of, f"{path}[{_plain(key)}]")
    elif isinstance(declared_as, Object) and isinstance(value, dict):
        for key, item in value.items():
            name = _plain(key)
            if name.startswith("__"):  # a parser's own notes
                continue
            if name not in declared_as.attributes:
                yield Unknown(f"{path}.{name}", tuple(declared_as.attributes))
            else:
                yield from unknown(item, declared_as.attributes[name], f"{path}.{name}")


def _is_plain(item: Any) -> bool:
    """Return the one item of a list; a list in a list of one is opened as well."""
    return not isinstance(item, list)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _plain(key: Any) -> str:
    return str(key).strip('"')
