"""What a policy compares with: wildcards, policy variables and condition operators.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators", "Policy variables",
"Multivalued context keys".
"""

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Literal

Context = Mapping[str, "str | list[str]"]
Matcher = Callable[[str, "Keys"], bool]


class PolicyError(ValueError):
    """A policy document that AWS would refuse, or that this evaluator cannot decide."""


class Keys:
    """Condition context keys of one request, found whatever their case."""

    __slots__ = ("_context", "_lower")

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lower: dict[str, str | list[str]] | None = None

    def get(self, key: str) -> str | list[str] | None:
        """Return the value of a lower-case key; an empty list counts as absent."""
        if self._lower is None:
            self._lower = {name.lower(): value for name, value in self._context.items()}
        value = self._lower.get(key)
        return None if value == [] else value


# --- text with wildcards and variables ------------------------------------------------------

Style = Literal["exact", "glob", "arn", "resource"]


@dataclass(frozen=True)
class _Variable:
    key: str
    default: str | None


_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_VARIABLE_BODY = re.compile(r"\s*([^,'\s]+:[^,']*?)\s*(?:,\s*'([^']*)'\s*)?")

Char = tuple[str, bool]  # a character, and whether it may act as a wildcard


class Text:
    """A policy's string, with its `${variables}` found once."""

    def __init__(self, text: str, style: Style, *, variables: bool) -> None:
        """Variables need policy version 2012-10-17; older ones take `${` literally."""
        self.source = text
        self.style = style
        self._parts: list[tuple[Char, ...] | _Variable] = []
        end = 0
        for found in _VARIABLE.finditer(text) if variables else ():
            self._add(text[end : found.start()], wild=True)
            self._add_variable(found.group(1))
            end = found.end()
        rest = text[end:]
        if variables and "${" in rest:
            raise PolicyError(f"policy variable in {text!r} is not closed with a brace")
        self._add(rest, wild=True)
        self.dynamic = any(isinstance(part, _Variable) for part in self._parts)

    def _add(self, text: str, *, wild: bool) -> None:
        self._parts.append(tuple((char, wild) for char in text))

    def _add_variable(self, body: str) -> None:
        if body in {"*", "?", "$"}:
            self._add(body, wild=False)
            return
        found = _VARIABLE_BODY.fullmatch(body)
        if found is None:
            raise PolicyError(f"policy variable ${{{body}}} in {self.source!r} is malformed")
        self._parts.append(_Variable(found.group(1).lower(), found.group(2)))

    def pattern(self, keys: Keys | None = None) -> str | None:
        """Return a regular expression; None when a variable has no value, which matches nothing.

        A value put in for a variable is literal: its own `*` is no wildcard.
        """
        chars: list[Char] = []
        for part in self._parts:
            if isinstance(part, _Variable):
                value = keys.get(part.key) if keys is not None else None
                if not isinstance(value, str):  # absent, or multivalued: not usable here
                    value = part.default
                if value is None:
                    return None
                chars.extend((char, False) for char in value)
            else:
                chars.extend(part)
        return _expression(chars, self.style)


def _expression(chars: Sequence[Char], style: Style) -> str:
    """Translate wildcards.

    An `arn` comparison looks at each of the six components apart, so a wildcard stays inside its
    component. In the Resource element (`resource`) a `*` that ends a component may run past the
    colon, so `arn:aws:s3:*` is legal there.
    """
    out: list[str] = []
    colons = 0
    for index, (char, wild) in enumerate(chars):
        last = index + 1 == len(chars) or chars[index + 1][0] == ":"
        if char == ":":
            colons += 1
        if not wild or style == "exact" or char not in "*?":
            out.append(re.escape(char))
            continue
        bounded = style in {"arn", "resource"} and colons < 5
        if style == "resource" and char == "*" and last:
            bounded = False
        any_char = "[^:]" if bounded else "."
        out.append(any_char + "*" if char == "*" else any_char)
    return "".join(out)


class Texts:
    """True for a text that any of the policy's strings matches."""

    __slots__ = ("_dynamic", "_exact", "_fold", "_fullmatch")

    def __init__(
        self, texts: Sequence[str], style: Style, *, variables: bool, ignore_case: bool = False
    ) -> None:
        compiled = [Text(text, style, variables=variables) for text in texts]
        self._fold = ignore_case
        self._dynamic = [text for text in compiled if text.dynamic]
        exact: set[str] = set()
        patterns: list[str] = []
        for text in compiled:
            if text.dynamic:
                continue
            if not any(mark in text.source for mark in "*?$"):
                exact.add(text.source.casefold() if ignore_case else text.source)
            else:
                patterns.append(text.pattern() or "")
        self._exact = frozenset(exact)
        flags = re.DOTALL | (re.IGNORECASE if ignore_case else 0)
        self._fullmatch = re.compile("|".join(patterns), flags).fullmatch if patterns else None

    def __call__(self, value: str, keys: Keys) -> bool:
        if (value.casefold() if self._fold else value) in self._exact:
            return True
        if self._fullmatch is not None and self._fullmatch(value):
            return True
        for text in self._dynamic:
            pattern = text.pattern(keys)
            flags = re.DOTALL | (re.IGNORECASE if self._fold else 0)
            if pattern is not None and re.fullmatch(pattern, value, flags):
                return True
        return False


# --- operators ------------------------------------------------------------------------------


def _number(text: str) -> Decimal:
    value = Decimal(text.strip())
    if not value.is_finite():
        raise InvalidOperation
    return value


def _date(text: str) -> Decimal:
    """Return seconds since 1970 of a W3C date or of a number of seconds."""
    try:
        return _number(text)
    except InvalidOperation:
        moment = datetime.fromisoformat(text.strip())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return Decimal(str(moment.timestamp()))


def _bool(text: str) -> bool:
    lower = text.lower()
    if lower not in {"true", "false"}:
        raise ValueError(text)
    return lower == "true"


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _in_network(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
    network: ipaddress.IPv4Network | ipaddress.IPv6Network,
) -> bool:
    return address.version == network.version and address in network


_UNREADABLE = (ValueError, InvalidOperation, binascii.Error)


def _parsed[Wanted, Actual](
    read_policy: Callable[[str], Wanted],
    read_value: Callable[[str], Actual],
    compare: Callable[[Actual, Wanted], bool],
    kind: str,
) -> Callable[[Sequence[str], bool], Matcher]:
    """Build an operator that reads both sides as numbers, dates, addresses or the like."""

    def build(texts: Sequence[str], _: bool) -> Matcher:
        wanted = []
        for text in texts:
            try:
                wanted.append(read_policy(text))
            except _UNREADABLE as error:
                raise PolicyError(f"{text!r} is not {kind}") from error

        def matches(value: str, _keys: Keys) -> bool:
            try:
                actual = read_value(value)
            except _UNREADABLE:
                return False
            return any(compare(actual, one) for one in wanted)

        return matches

    return build


def _text(style: Style, *, ignore_case: bool = False) -> Callable[[Sequence[str], bool], Matcher]:
    def build(texts: Sequence[str], variables: bool) -> Matcher:
        if style == "arn":
            for text in texts:
                if text.count(":") < 5 and "${" not in text:
                    raise PolicyError(f"{text!r} is not an ARN: it needs six parts between colons")
        return Texts(texts, style, variables=variables, ignore_case=ignore_case)

    return build


def _comparisons[Value: (Decimal, datetime)](
    prefix: str, read: Callable[[str], Value], kind: str
) -> dict[str, Callable[[Sequence[str], bool], Matcher]]:
    return {
        f"{prefix}equals": _parsed(read, read, lambda a, b: a == b, kind),
        f"{prefix}lessthan": _parsed(read, read, lambda a, b: a < b, kind),
        f"{prefix}lessthanequals": _parsed(read, read, lambda a, b: a <= b, kind),
        f"{prefix}greaterthan": _parsed(read, read, lambda a, b: a > b, kind),
        f"{prefix}greaterthanequals": _parsed(read, read, lambda a, b: a >= b, kind),
    }


_OPERATORS: dict[str, Callable[[Sequence[str], bool], Matcher]] = {
    "stringequals": _text("exact"),
    "stringequalsignorecase": _text("exact", ignore_case=True),
    "stringlike": _text("glob"),
    "arnequals": _text("arn"),  # the same as ArnLike: both know wildcards
    "arnlike": _text("arn"),
    "bool": _parsed(_bool, _bool, lambda a, b: a == b, "true or false"),
    "binaryequals": _parsed(_bytes, _bytes, lambda a, b: a == b, "base64"),
    "ipaddress": _parsed(
        lambda text: ipaddress.ip_network(text, strict=False),
        ipaddress.ip_address,
        _in_network,
        "an IP address or CIDR range",
    ),
    **_comparisons("numeric", _number, "a number"),
    **_comparisons("date", _date, "a date"),
}

_NEGATED = {
    "stringnotequals": "stringequals",
    "stringnotequalsignorecase": "stringequalsignorecase",
    "stringnotlike": "stringlike",
    "arnnotequals": "arnequals",
    "arnnotlike": "arnlike",
    "numericnotequals": "numericequals",
    "datenotequals": "dateequals",
    "notipaddress": "ipaddress",
}


def _values(operator: str, key: str, raw: object) -> list[str]:
    items = raw if isinstance(raw, list) else [raw]
    texts = []
    for item in items:
        match item:
            case bool():
                texts.append("true" if item else "false")
            case str() | int() | float():
                texts.append(str(item))
            case _:
                raise PolicyError(f"{operator} {key}: a value is text, a number or a boolean")
    return texts


class Condition:
    """One operator on one key."""

    __slots__ = (
        "_allow",
        "_if_exists",
        "_key",
        "_matches",
        "_negated",
        "_null",
        "_set",
        "_void",
        "key",
    )

    def __init__(
        self, operator: str, key: str, raw: object, *, variables: bool, allow: bool = True
    ) -> None:
        """Raise PolicyError for an operator, key or value that AWS does not know.

        `allow` is the statement's effect: where AWS's documents are silent, an Allow does not hold.
        """
        self._allow = allow
        name = operator.lower()
        self._set = ""
        for prefix in ("forallvalues:", "foranyvalue:"):
            if name.startswith(prefix):
                self._set, name = prefix, name.removeprefix(prefix)
        self._if_exists = name.endswith("ifexists")
        base = name.removesuffix("ifexists")
        if ":" not in key:
            raise PolicyError(f"condition key {key!r} needs a prefix such as aws:")
        self.key = key
        self._key = key.lower()
        texts = _values(operator, key, raw)
        self._null = None
        self._negated = base in _NEGATED
        # AWS saves an empty list of values: no value equals, and that none does allows nothing.
        self._void = not texts and (allow or not self._negated)
        if base == "null":
            if self._if_exists or self._set:
                raise PolicyError(f"{operator}: Null takes neither IfExists nor a set operator")
            try:
                self._null = frozenset(_bool(text) for text in texts)
            except ValueError as error:
                raise PolicyError(f"Null {key} is compared with true or false only") from error
            return
        build = _OPERATORS.get(_NEGATED.get(base, base))
        if build is None:
            raise PolicyError(f"condition operator {operator!r} does not exist")
        self._matches = build(texts, variables)

    def holds(self, keys: Keys) -> bool:
        """Return whether the request's context satisfies this condition."""
        if self._void:
            return False
        value = keys.get(self._key)
        if self._null is not None:
            return (value is None) in self._null
        if self._set and isinstance(value, (str, list)) and not "".join(value):
            value = None  # AWS: a null data set, such as an empty string
        if value is None:
            if self._if_exists and self._set == "foranyvalue:":
                # AWS's documents are silent. Two other engines let the set operator decide, which
                # is false; IfExists alone is true. Either way a Deny holds and an Allow does not.
                return not self._allow
            if self._if_exists:
                return True
            if self._set:
                return self._set == "forallvalues:"
            return self._negated
        if isinstance(value, str):
            return self._matches(value, keys) is not self._negated
        results = [self._matches(one, keys) is not self._negated for one in value]
        # Without a set operator: one of the values equals, or, negated, none does.
        every = self._set == "forallvalues:" or (self._negated and not self._set)
        return all(results) if every else any(results)


def parse_conditions(block: object, *, variables: bool, allow: bool) -> tuple[Condition, ...]:
    """Read a statement's Condition element: every entry of it must hold."""
    if not isinstance(block, dict):
        raise PolicyError("Condition must be an object")
    conditions = []
    for operator, keys in block.items():
        if not isinstance(keys, dict):
            raise PolicyError(f"Condition {operator} must be an object of keys and values")
        conditions += [
            Condition(operator, key, raw, variables=variables, allow=allow)
            for key, raw in keys.items()
        ]
    return tuple(conditions)
