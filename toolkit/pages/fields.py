"""The attributes of an object type and their comments, as `terraform fmt` lays them out."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_ATTRIBUTE = re.compile(r"([\w-]+)\s*=\s*(.*)")
_OPENING = re.compile(r"(?:optional\()?((?:(?:map|list|set)\()*)object\(\{")
_WRAPPED = re.compile(r"optional\((.*)\)", re.DOTALL)


@dataclass(frozen=True)
class Field:
    """One attribute: its path from the variable, type, default ("" where it is required)."""

    path: str
    type: str
    default: str
    about: str


def fields(variable: str, body: str) -> list[Field]:
    """Return the attributes of a variable's type, nested ones below their own.

    `body` is the variable's block as it stands in the file. An attribute whose type opens an object
    over several lines is followed by that object's attributes.
    """
    lines = body.splitlines()
    start = next((at for at, line in enumerate(lines) if re.match(r"\s*type\s*=", line)), None)
    if start is None or not (opened := _OPENING.search(lines[start])):
        return []
    return list(_object(lines, start + 1, variable + _step(opened[1]))[0])


def _object(lines: list[str], at: int, path: str) -> tuple[list[Field], int]:
    """Read attributes until the object closes; return them, and the line that closes it."""
    found: list[Field] = []
    before = ""
    while not lines[at].strip().startswith("}"):
        code, comment = _split(lines[at].strip())
        if not code:
            before = f"{before} {comment}".strip()
            at += 1
            continue
        attribute = _ATTRIBUTE.fullmatch(code)
        if not attribute:
            raise ValueError(f"{path}: {code!r} is no attribute")
        name, text = f"{path}.{attribute[1]}", attribute[2]
        about = f"{before} {comment}".strip()
        before = ""
        opened = _OPENING.fullmatch(text)
        if opened:
            inner, at = _object(lines, at + 1, name + _step(opened[1]))
            closing = _split(lines[at].strip())[0]
            kind = f"{opened[1]}object{')' * opened[1].count('(')}"
            found.append(Field(name, kind, _default_of(text, closing), about))
            found += inner
        else:
            while text.count("(") + text.count("{") > text.count(")") + text.count("}"):
                at += 1
                text += " " + _split(lines[at].strip())[0]
            kind, default = _parts(text)
            found.append(Field(name, kind, default, about))
        at += 1
    return found, at


def _split(line: str) -> tuple[str, str]:
    """Return the code of a line and its comment; a # inside a text begins none."""
    for hash_ in re.finditer("#", line):
        if line[: hash_.start()].count('"') % 2 == 0:
            return line[: hash_.start()].strip(), line[hash_.end() :].strip()
    return line, ""


def _step(collections: str) -> str:
    """Return what stands for an element of a collection in a path."""
    return "".join("[*]" for _ in re.findall(r"\w+", collections))


def _default_of(opening: str, closing: str) -> str:
    if not opening.startswith("optional("):
        return ""
    _, comma, default = closing.partition(",")
    return default.strip().removesuffix(")") if comma else "null"


def _parts(text: str) -> tuple[str, str]:
    """Return type and default of an attribute on one line."""
    optional = _WRAPPED.fullmatch(text)
    if not optional:
        return text, ""
    return next(_split_at_comma(optional[1]), (optional[1], "null"))


def _split_at_comma(text: str) -> Iterator[tuple[str, str]]:
    depth = 0
    for at, sign in enumerate(text):
        depth += (sign in "([{") - (sign in ")]}")
        if sign == "," and depth == 0:
            yield text[:at].strip(), text[at + 1 :].strip()
