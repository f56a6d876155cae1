"""AWS WAF's JSON body parser: tolerant of commas and colons, strict on what it documents.

Source: AWS WAF Developer Guide, "Request components in AWS WAF", JSON body. Parsing fails on
invalid characters, duplicate keys, truncation, and a root that is no object or array; it does not
fully validate. One pass without recursion, so that nesting costs memory and never the stack.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

# Commas and colons are skipped like white space: AWS's own examples of invalid JSON that parses
# (a missing comma, a missing colon, extra colons) follow from that.
_TOKEN = re.compile(
    rb"[ \t\r\n,:]*(?:"
    rb'"([^"\\\x00-\x1f]*(?:\\.[^"\\\x00-\x1f]*)*)"'
    rb"|([\[{])|([\]}])"
    rb"|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![^\s,:\[\]{}\"])"
    rb")",
    re.DOTALL,
)
_BLANK = re.compile(rb"[ \t\r\n,:]*\Z")
_ESCAPE = re.compile(
    rb"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})"
    rb'|u([0-9a-fA-F]{4})|(["\\/bfnrt])|)'
)
_SHORT = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t"}


class _InvalidError(ValueError):
    pass


@dataclass(slots=True)
class ParsedJson:
    """What was read before the end or the first error.

    `parents` and `segments` describe every node of the document, parents first; node 0 is the root.
    An element is (its node, text, is it a key); a key belongs to the node of its object.
    """

    parents: list[int] = field(default_factory=lambda: [-1])
    segments: list[bytes] = field(default_factory=lambda: [b""])
    elements: list[tuple[int, bytes, bool]] = field(default_factory=list)
    valid: bool = True

    def select(self, scope: str, pointers: Sequence[tuple[bytes, ...]] | None) -> list[bytes]:
        """Return the keys or values (ALL, KEY, VALUE) under the given paths; None is everywhere."""
        inside = None if pointers is None else self._inside(pointers)
        return [
            text
            for node, text, is_key in self.elements
            if (inside is None or inside[node]) and scope in {"ALL", "KEY" if is_key else "VALUE"}
        ]

    def _inside(self, pointers: Sequence[tuple[bytes, ...]]) -> list[bool]:
        """Return, for each node, whether it is one of the paths or below one."""
        inside = [() in pointers]
        rest: list[list[tuple[bytes, ...]]] = [[path for path in pointers if path]]
        for parent, segment in zip(self.parents[1:], self.segments[1:], strict=True):
            followed = [path[1:] for path in rest[parent] if path[0] == segment]
            inside.append(inside[parent] or () in followed)
            rest.append([path for path in followed if path])
        return inside


def pointer(text: str) -> tuple[bytes, ...]:
    """Split a JSON Pointer (RFC 6901) such as `/dogs/0/name`."""
    parts = text.split("/")[1:]
    return tuple(part.replace("~1", "/").replace("~0", "~").encode() for part in parts)


def parse(body: bytes) -> ParsedJson:
    """Read a body; never raises, whatever the bytes."""
    document = ParsedJson()
    try:
        _parse(body, document)
    except _InvalidError:
        document.valid = False
    return document


@dataclass(slots=True)
class _Open:
    """A container being read; `keys` is None in an array."""

    node: int
    keys: set[bytes] | None
    key: bytes | None = None
    next_index: int = 0


def _parse(body: bytes, document: ParsedJson) -> None:
    stack: list[_Open] = []
    at = 0
    while True:
        token = _TOKEN.match(body, at)
        if token is None:
            raise _InvalidError
        at = token.end()
        string, opened, closed, scalar = token.groups()
        top = stack[-1] if stack else None
        if closed:
            if top is None or top.key is not None or (closed == b"]") != (top.keys is None):
                raise _InvalidError
            stack.pop()
        elif top is not None and top.keys is not None and top.key is None:
            top.key = _new_key(string, top.keys)
            document.elements.append((top.node, top.key, True))
        elif opened:
            node = _child(document, top)
            stack.append(_Open(node, set() if opened == b"{" else None))
        elif top is None:
            raise _InvalidError
        else:
            value = scalar if string is None else _unescape(string)
            document.elements.append((_child(document, top), value, False))
        if not stack:
            break
    if not _BLANK.match(body, at):
        raise _InvalidError


def _new_key(string: bytes | None, known: set[bytes]) -> bytes:
    if string is None:
        raise _InvalidError
    key = _unescape(string)
    if key in known:
        raise _InvalidError
    known.add(key)
    return key


def _child(document: ParsedJson, parent: _Open | None) -> int:
    """Add a node below the container and return it; the root is there already."""
    if parent is None:
        return 0
    if parent.key is None:
        segment = str(parent.next_index).encode()
        parent.next_index += 1
    else:
        segment = parent.key
        parent.key = None
    document.parents.append(parent.node)
    document.segments.append(segment)
    return len(document.parents) - 1


def _unescape(string: bytes) -> bytes:
    try:
        string.decode("utf-8")
    except UnicodeDecodeError:
        raise _InvalidError from None
    return _ESCAPE.sub(_escaped, string) if b"\\" in string else string


def _escaped(match: re.Match[bytes]) -> bytes:
    high, low, unit, short = match.groups()
    if short:
        return _SHORT.get(short, short)
    if high:
        return chr(0x10000 + ((int(high, 16) & 0x3FF) << 10) + (int(low, 16) & 0x3FF)).encode()
    if unit and not 0xD800 <= int(unit, 16) <= 0xDFFF:
        return chr(int(unit, 16)).encode()
    raise _InvalidError
