"""EventBridge's event patterns.

Source: EventBridge User Guide, "Creating event patterns" and "Comparison operators for use in event
patterns".
"""

import functools
import ipaddress
import json
import re
import sys
from collections.abc import Callable
from operator import eq, ge, gt, le, lt

from emulator.wire.documents import Document, JsonObject
from emulator.wire.http import strict_json

_ABSENT = object()
_NUMERIC = {"<": lt, "<=": le, "=": eq, ">=": ge, ">": gt}

Test = Callable[[object], bool]


class PatternError(ValueError):
    """A pattern that EventBridge refuses, with its reason."""


def matches(pattern: str, event: Document) -> bool:
    """Return whether an event meets a pattern. Raises PatternError."""
    return compiled(pattern)(event)


@functools.lru_cache(maxsize=256)
def compiled(pattern: str) -> Test:
    """Return the test that a pattern makes of an event. Raises PatternError."""
    try:
        document = strict_json(pattern)
    except (ValueError, RecursionError) as error:
        raise PatternError("Invalid JSON") from error
    if not isinstance(document, dict):
        raise PatternError("Filter is not an object")
    return _object(document)


def _object(node: Document) -> Test:
    """Return a test of an object; of an array of objects one must match as a whole."""
    if not node:
        raise PatternError("Empty objects are not allowed")
    members = [_member(name, wanted) for name, wanted in sorted(node.items(), key=_cost)]

    def test(value: object) -> bool:
        if isinstance(value, list):
            return any(test(one) for one in value)
        event = value if isinstance(value, dict) else {}
        for name, inner in members:
            if not inner(event if name is None else event.get(name, _ABSENT)):
                return False
        return True

    return test


def _cost(member: tuple[str, object]) -> int:
    """Order members, so that what costs least is asked first."""
    name, wanted = member
    return len(wanted) if isinstance(wanted, list) and name != "$or" else sys.maxsize


def _member(name: str, wanted: object) -> tuple[str | None, Test]:
    """Return what a member tests: the field of its name, or the whole object."""
    if name == "$or":
        return None, _any(_alternatives(wanted))
    if isinstance(wanted, dict):
        return name, _object(wanted)
    if not isinstance(wanted, list):
        raise PatternError(f'"{name}" must be an object or an array')
    if not wanted:
        raise PatternError("Empty arrays are not allowed")
    return name, _leaves(wanted)


def _any(tests: list[Test]) -> Test:
    return lambda value: any(test(value) for test in tests)


def _alternatives(value: object) -> list[Test]:
    if not isinstance(value, list) or len(value) < 2:
        raise PatternError("$or needs an array of at least two objects")
    if not all(isinstance(one, dict) for one in value):
        raise PatternError("$or needs an array of objects")
    return [_object(one) for one in value]


def _leaves(entries: list[object]) -> Test:
    """Return the test of a list; an empty array and an object are no leaf: absent."""
    texts = frozenset(one for one in entries if isinstance(one, str))
    tests = [_test(one) for one in entries if not isinstance(one, str)]
    presence = [one["exists"] for one in entries if isinstance(one, dict) and "exists" in one]

    def meets(value: object) -> bool:
        if isinstance(value, str) and value in texts:
            return True
        return any(test(value) for test in tests)

    def test(value: object) -> bool:
        if isinstance(value, str):
            return True in presence or meets(value)
        values = _flat(value)
        return bool(values) in presence or any(map(meets, values))

    return test


def _flat(value: object) -> list[object]:
    if isinstance(value, list):
        return [one for each in value for one in _flat(each)]
    return [] if value is _ABSENT or isinstance(value, dict) else [value]


def _test(wanted: object) -> Test:
    """Return the test that an entry of a pattern makes. Raises PatternError for none."""
    if not isinstance(wanted, dict | list):
        return lambda value: value == wanted and isinstance(value, bool) == isinstance(wanted, bool)
    if not isinstance(wanted, dict) or len(wanted) != 1:
        raise PatternError("A match type is an object with one member")
    ((kind, operand),) = wanted.items()
    make = _TESTS.get(kind)
    if make is None:
        raise PatternError(f"Unrecognized match type {kind}")
    return make(operand)


def _exists(operand: object) -> Test:
    if not isinstance(operand, bool):
        raise PatternError("exists match pattern must be either true or false.")
    return lambda _: False  # of a value; whether there is one, _leaves asks


def _text(kind: str, compare: Callable[[str, str], bool]) -> Callable[[object], Test]:
    """Return a maker of tests of text; the operand may ask to ignore case."""

    def make(operand: object) -> Test:
        wanted, folded = operand, False
        if isinstance(operand, dict) and list(operand) == ["equals-ignore-case"]:
            wanted, folded = operand["equals-ignore-case"], True
        if not isinstance(wanted, str):
            raise PatternError(f"{kind} match pattern must be a string")
        if folded:
            return lambda value: isinstance(value, str) and compare(value.lower(), wanted.lower())
        return lambda value: isinstance(value, str) and compare(value, wanted)

    return make


def _numeric(operand: object) -> Test:
    if not isinstance(operand, list) or len(operand) not in {2, 4}:
        raise PatternError("Value of numeric must be an array of one or two comparisons")
    pairs = list(zip(operand[::2], operand[1::2], strict=True))
    for sign, number in pairs:
        if sign not in _NUMERIC or isinstance(number, bool) or not isinstance(number, int | float):
            raise PatternError(f"Unrecognized numeric range operator: {sign}")
    return lambda value: (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and all(_NUMERIC[sign](value, number) for sign, number in pairs)
    )


def _cidr(operand: object) -> Test:
    try:
        network = ipaddress.ip_network(str(operand), strict=False)
    except ValueError as error:
        raise PatternError(f"Malformed CIDR: {operand}") from error

    def test(value: object) -> bool:
        try:
            return isinstance(value, str) and ipaddress.ip_address(value) in network
        except ValueError:
            return False

    return test


def _wildcard(operand: object) -> Test:
    if not isinstance(operand, str):
        raise PatternError("wildcard match pattern must be a string")
    if "**" in operand:
        raise PatternError("Consecutive wildcard characters")
    parts = re.split(r"(?<!\\)\*", operand)
    texts = (re.escape(re.sub(r"\\([*\\])", r"\1", part)) for part in parts)
    whole = re.compile(".*".join(texts), re.DOTALL).fullmatch
    return lambda value: isinstance(value, str) and whole(value) is not None


def _anything_but(operand: object) -> Test:
    if isinstance(operand, dict):
        if len(operand) != 1 or not operand.keys() <= _BUT_KINDS:
            raise PatternError("Unsupported anything-but pattern")
        ((kind, inner),) = operand.items()
        tests = [_TESTS[kind](one) for one in (inner if isinstance(inner, list) else [inner])]
    else:
        entries = operand if isinstance(operand, list) else [operand]
        if not entries or any(
            isinstance(one, dict | list | bool) or one is None for one in entries
        ):
            raise PatternError("anything-but list must hold strings or numbers")
        tests = [_test(one) for one in entries]
    return lambda value: not any(test(value) for test in tests)


_TESTS: dict[str, Callable[[object], Test]] = {
    "anything-but": _anything_but,
    "cidr": _cidr,
    "equals-ignore-case": _text(
        "equals-ignore-case", lambda value, wanted: value.lower() == wanted.lower()
    ),
    "exists": _exists,
    "numeric": _numeric,
    "prefix": _text("prefix", str.startswith),
    "suffix": _text("suffix", str.endswith),
    "wildcard": _wildcard,
}
_BUT_KINDS = {"equals-ignore-case", "prefix", "suffix", "wildcard"}


def event_of(text: str) -> JsonObject:
    """Return an event as TestEventPattern gets it. Raises ValueError."""
    event = json.loads(text)
    if not isinstance(event, dict):
        raise TypeError(text)
    missing = {"id", "account", "source", "time", "region", "resources", "detail-type"} - set(event)
    if missing:
        raise ValueError(", ".join(sorted(missing)))
    return event
