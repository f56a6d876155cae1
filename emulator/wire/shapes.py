"""Check a request against AWS's own service model, which botocore carries."""

import functools
import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeGuard

from botocore.model import Shape
from moto.core.utils import get_service_model

from emulator.wire.documents import JsonObject

# The newer of AWS's frameworks quote no null; on record for Bedrock.
_QUOTE_NO_NULL = frozenset({"bedrock", "bedrock-runtime"})
# IAM says in words which characters a name may have (IAM API reference, common errors on record
# in hashicorp/terraform-provider-aws issues).
_IAM_NAMES = "It must contain only alphanumeric characters and/or the following: +=,.@_-"


def input_shape(service: str, operation: str) -> Shape:
    """Return the shape of an operation's input, None when it takes nothing."""
    return get_service_model(service).operation_model(operation).input_shape


@dataclass(frozen=True)
class Violation:
    """One broken constraint: the member that breaks it, and the sentence AWS says about it."""

    path: str
    text: str


def violations(
    service: str, operation: str, document: object, *, wire: bool = True
) -> list[Violation]:
    """Return what an operation's input breaks of its model.

    Fields that the model does not know are ignored, as AWS ignores them. `wire` says that fields
    are named as in the request's JSON, and not as the SDK calls them.
    """
    check, shape = _Check(service, wire=wire), input_shape(service, operation)
    if shape is not None:
        check.value(shape, document, "")
    return check.found


def violation(service: str, operation: str, document: object) -> str | None:
    """Return in AWS's words what a JSON document breaks; None when it is fine."""
    found = violations(service, operation, document)
    return summary(found) if found else None


def summary(found: list[Violation]) -> str:
    """Return AWS's message about one or more violations."""
    if len(found) == 1 and found[0].text.endswith(_IAM_NAMES):
        return found[0].text
    plural = "" if len(found) == 1 else "s"
    return f"{len(found)} validation error{plural} detected: {'; '.join(x.text for x in found)}"


class _Check:
    """Collects what is wrong with one input."""

    def __init__(self, service: str, *, wire: bool) -> None:
        self.found: list[Violation] = []
        self._service = service
        self._wire = wire

    def value(self, shape: Shape, value: object, path: str) -> None:
        match shape.type_name:
            case "structure" if getattr(shape, "is_document_type", False):
                return
            case "structure":
                self._structure(shape, value, path)
            case "list":
                if self._is(value, list, path):
                    self._constraints(shape, value, path)
                    self._members(shape.member, value, value, path, "Member")
            case "map":
                if self._is(value, dict, path):
                    self._constraints(shape, value, path)
                    self._members(shape.key, value, value, path, "Map keys")
                    self._members(shape.value, value.values(), value, path, "Map value")
            case "string":
                if self._is(value, str, path):
                    self._constraints(shape, value, path)
            case "boolean":
                self._is(value, bool, path)
            case "blob":
                self._constraints(shape, value, path)
            case "integer" | "long" | "float" | "double":
                if self._is(value, _NUMBERS[shape.type_name], path) and math.isfinite(float(value)):
                    self._constraints(shape, value, path)

    def _structure(self, shape: Shape, value: object, path: str) -> None:
        if not self._is(value, dict, path):
            return
        given = {
            name: item
            for name in shape.members
            if (item := value.get(self._key(shape, name))) is not None
        }
        null = "" if self._service in _QUOTE_NO_NULL else "null "
        for name in shape.required_members:
            if name not in given:
                self._add(_join(path, name), null, "Member must not be null")
        if getattr(shape, "is_tagged_union", False) and len(given) != 1:
            self._add(path, "", f"exactly one of {', '.join(shape.members)} must be set")
        for name, item in given.items():
            self.value(shape.members[name], item, _join(path, name))

    def _members(
        self, shape: Shape, items: Iterable[object], whole: object, path: str, what: str
    ) -> None:
        """Check what a list or a map holds; of what is simple AWS quotes the whole."""
        if shape.type_name in {"structure", "list", "map"}:
            for index, item in enumerate(items, 1):
                key = list(whole)[index - 1] if isinstance(whole, dict) else index
                end = "value" if isinstance(whole, dict) else "member"
                self.value(shape, item, f"{path}.{key}.{end}")
            return
        if any(_broken(shape, item) for item in items if self._fits(shape, item, path)):
            expected = ", ".join(_constraints(shape))
            self._add(path, _quoted(shape, whole), f"{what} must satisfy constraint: [{expected}]")

    def _fits(self, shape: Shape, value: object, path: str) -> bool:
        kind = _KINDS.get(shape.type_name)
        return kind is None or self._is(value, kind, path)

    def _constraints(self, shape: Shape, value: object, path: str) -> None:
        for constraint in _broken(shape, value):
            if self._service == "iam" and constraint.endswith(_IAM_PATTERN):
                text = f"The specified value for {path} is invalid. {_IAM_NAMES}"
                self.found.append(Violation(path, text))
            else:
                self._add(path, _quoted(shape, value), constraint)

    def _add(self, path: str, quoted: str, constraint: str) -> None:
        text = f"Value {quoted}at '{path}' failed to satisfy constraint: {constraint}"
        self.found.append(Violation(path, text))

    def _is[Kind](self, value: object, kind: type[Kind], path: str) -> TypeGuard[Kind]:
        if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
            return True
        self.found.append(Violation(path, f"Value at '{path}' must be {_NAMES[kind]}"))
        return False

    def _key(self, shape: Shape, name: str) -> str:
        key: str = shape.members[name].serialization.get("name", name) if self._wire else name
        return key


_IAM_PATTERN = r"pattern: [\w+=,.@-]+"
_NUMBERS: JsonObject = {"integer": int, "long": int, "float": int | float, "double": int | float}
_KINDS: JsonObject = {"string": str, "boolean": bool, **_NUMBERS}
_NAMES: dict[object, str] = {
    dict: "a structure",
    list: "a list",
    str: "a string",
    bool: "a boolean",
    int: "an integer",
    int | float: "a number",
}


def _broken(shape: Shape, value: Any) -> list[str]:
    """Return the constraints that a value of the right type breaks, in AWS's words."""
    size = value if isinstance(value, int | float) else len(value)
    limits, enum = shape.metadata, getattr(shape, "enum", None)
    broken = []
    if "max" in limits and size > limits["max"]:
        broken.append(_limit(shape, "max"))
    if "min" in limits and size < limits["min"]:
        broken.append(_limit(shape, "min"))
    if not isinstance(value, str):
        return broken
    pattern = limits.get("pattern")
    if pattern and not _pattern(pattern).fullmatch(value):
        broken.append(_pattern_constraint(pattern))
    if enum and value not in enum:
        broken.append(_enum_constraint(enum))
    return broken


def _constraints(shape: Shape) -> list[str]:
    """Return all constraints of a simple shape, in AWS's order (on record for ACM and Lambda)."""
    found = [_limit(shape, end) for end in ("max", "min") if end in shape.metadata]
    if pattern := shape.metadata.get("pattern"):
        found.append(_pattern_constraint(pattern))
    if enum := getattr(shape, "enum", None):
        found.append(_enum_constraint(enum))
    return found


def _limit(shape: Shape, end: str) -> str:
    word = "less" if end == "max" else "greater"
    what = "value" if shape.type_name in _NUMBERS else "length"
    return f"Member must have {what} {word} than or equal to {shape.metadata[end]}"


def _pattern_constraint(pattern: str) -> str:
    return f"Member must satisfy regular expression pattern: {pattern}"


# AWS lists some values in another order than its model (localstack/localstack, tests/aws/services/
# apigateway/test_apigateway_api.snapshot.json).
_LISTED = (
    ("add", "remove", "move", "test", "replace", "copy"),
    ("PRIVATE", "EDGE", "REGIONAL"),
    (
        *("REQUEST_TOO_LARGE", "RESOURCE_NOT_FOUND", "AUTHORIZER_CONFIGURATION_ERROR"),
        *("MISSING_AUTHENTICATION_TOKEN", "BAD_REQUEST_BODY", "INVALID_SIGNATURE"),
        *("INVALID_API_KEY", "BAD_REQUEST_PARAMETERS", "AUTHORIZER_FAILURE", "UNAUTHORIZED"),
        *("INTEGRATION_TIMEOUT", "ACCESS_DENIED", "DEFAULT_4XX", "DEFAULT_5XX", "WAF_FILTERED"),
        *("QUOTA_EXCEEDED", "THROTTLED", "API_CONFIGURATION_ERROR", "UNSUPPORTED_MEDIA_TYPE"),
        *("INTEGRATION_FAILURE", "EXPIRED_TOKEN"),
    ),
)


def _enum_constraint(enum: list[str]) -> str:
    listed = next((each for each in _LISTED if set(each) == set(enum)), enum)
    return f"Member must satisfy enum value set: [{', '.join(listed)}]"


def _quoted(shape: Shape, value: object) -> str:
    return "" if shape.metadata.get("sensitive") else f"'{_java(value)}' "


def _java(value: object) -> str:
    """Write a value as AWS quotes it: as Java writes lists and maps."""
    match value:
        case bool():
            return str(value).lower()
        case list():
            return f"[{', '.join(map(_java, value))}]"
        case dict():
            return f"{{{', '.join(f'{_java(key)}={_java(item)}' for key, item in value.items())}}}"
        case _:
            return str(value)


def _join(path: str, name: str) -> str:
    name = name[:1].lower() + name[1:]
    return f"{path}.{name}" if path else name


# --- Java's regular expressions --------------------------------------------------------------


# S3 Control's pattern of an ARN fits no bucket's, which names no Region; buckets' tags are read by
# it all the same (version 6 of the AWS provider, from 6.23 on, at every refresh).
_NOT_ENFORCED = frozenset({r"arn:[^:]+:s3(express)?:[^:].*"})


@functools.cache
def _pattern(pattern: str) -> re.Pattern[str]:
    """Return a model's pattern; one that Python cannot read, of a service not in use, fits all."""
    enforced = None if pattern in _NOT_ENFORCED else _java_pattern(pattern)
    return enforced or re.compile(".*", re.DOTALL)


def _java_pattern(pattern: str) -> re.Pattern[str] | None:
    """Return a pattern in Java's syntax for Python's engine, None for what is not known here."""
    python = pattern.replace(r"\p{Print}", "[ -~]")  # POSIX's, which stands in no other class
    python = python.replace(r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF")  # in UTF-16
    python = re.sub(r"\\p\{(\w+)\}", lambda found: _category(found[1]), python)
    python = re.sub(r"\\w-(?=[^\]])", r"\\w\\-", python)  # a bad range here, a hyphen there
    python = re.sub(r"\(\?i\)([^()]*)\)", r"(?i:\1))", python)  # the flag holds to the group's end
    try:
        return re.compile(python, re.DOTALL | re.ASCII)
    except re.error:
        return None


def _category(name: str) -> str:
    r"""Return the inside of a character class for \p{L}, \p{Zs} and the like."""
    return "".join(
        ranges for category, ranges in _categories().items() if category.startswith(name)
    )


@functools.cache
def _categories() -> dict[str, str]:
    """Return the ranges of characters of each of Unicode's categories, as far as it has any."""
    codes = defaultdict[str, list[int]](list)
    for code in range(_LAST_LETTER):
        codes[unicodedata.category(chr(code))].append(code)
    return {category: _ranges(members) for category, members in codes.items()}


def _ranges(codes: list[int]) -> str:
    text, first = [], codes[0]
    for code, following in zip(codes, [*codes[1:], 0], strict=True):
        if following != code + 1:
            text.append(f"\\U{first:08x}-\\U{code:08x}")
            first = following
    return "".join(text)


_LAST_LETTER = 0x32400  # what follows in Unicode has no letters, digits, marks or signs
