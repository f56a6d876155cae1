"""Check a request's JSON against AWS's own service model, which botocore carries."""

import functools
import math
import re
from typing import Any

_FAILED = "failed to satisfy constraint"


def input_shape(service: str, operation: str) -> Any:
    """Return the shape of an operation's input, None when it takes nothing."""
    from moto.core.utils import get_service_model  # noqa: PLC0415  # loads moto

    return get_service_model(service).operation_model(operation).input_shape


def violation(
    service: str, operation: str, document: Any, *, wire: bool = True, values: bool = True
) -> str | None:
    """Say in AWS's words what an operation's input breaks; None when it is fine.

    Fields that the model does not know are ignored, as AWS ignores them. `wire` says that fields
    are named as in the request's JSON, and not as the SDK calls them. Without `values` only what is
    missing or of another type is told.
    """
    check, shape = _Check(wire=wire, values=values), input_shape(service, operation)
    if shape is not None:
        check.value(shape, document, "")
    errors = check.errors
    if not errors:
        return None
    plural = "" if len(errors) == 1 else "s"
    return f"{len(errors)} validation error{plural} detected: {'; '.join(errors)}"


class _Check:
    """Collects what is wrong with one input."""

    def __init__(self, *, wire: bool, values: bool) -> None:
        self.errors: list[str] = []
        self._wire = wire
        self._values = values

    def value(self, shape: Any, value: Any, path: str) -> None:
        match shape.type_name:
            case "structure" if getattr(shape, "is_document_type", False):
                return
            case "structure":
                self._structure(shape, value, path)
            case "list":
                if self._is(value, list, path):
                    self._size(shape, len(value), value, path, what="length")
                    for index, item in enumerate(value, 1):
                        self.value(shape.member, item, f"{path}.{index}.member")
            case "map":
                if self._is(value, dict, path):
                    self._size(shape, len(value), value, path, what="length")
                    for key, item in value.items():
                        self.value(shape.key, key, f"{path}.key")
                        self.value(shape.value, item, f"{path}.{key}.value")
            case "string":
                if self._is(value, str, path):
                    self._string(shape, value, path)
            case "boolean":
                self._is(value, bool, path)
            case "integer" | "long":
                if isinstance(value, bool) or not isinstance(value, int):
                    self.errors.append(f"Value at '{path}' must be an integer")
                else:
                    self._size(shape, value, value, path, what="value")
            case "float" | "double":
                if isinstance(value, bool) or not isinstance(value, int | float):
                    self.errors.append(f"Value at '{path}' must be a number")
                elif math.isfinite(value):
                    self._size(shape, value, value, path, what="value")

    def _structure(self, shape: Any, value: Any, path: str) -> None:
        if not self._is(value, dict, path):
            return
        given = {
            name: value.get(self._key(shape, name))
            for name in shape.members
            if value.get(self._key(shape, name)) is not None
        }
        self.errors.extend(
            f"Value at '{_join(path, name)}' {_FAILED}: Member must not be null"
            for name in shape.required_members
            if name not in given
        )
        if getattr(shape, "is_tagged_union", False) and len(given) != 1:
            self.errors.append(
                f"Value at '{path}' {_FAILED}: exactly one of"
                f" {', '.join(shape.members)} must be set"
            )
        for name, item in given.items():
            self.value(shape.members[name], item, _join(path, name))

    def _string(self, shape: Any, value: str, path: str) -> None:
        self._size(shape, len(value), value, path, what="length")
        if not self._values:
            return
        enum = getattr(shape, "enum", None)
        if enum and value not in enum:
            self.errors.append(
                f"Value {_quoted(shape, value)}at '{path}' {_FAILED}: Member must satisfy"
                f" enum value set: [{', '.join(enum)}]"
            )
        pattern = shape.metadata.get("pattern")
        if pattern and not _pattern(pattern).fullmatch(value):
            self.errors.append(
                f"Value {_quoted(shape, value)}at '{path}' {_FAILED}: Member must satisfy"
                f" regular expression pattern: {pattern}"
            )

    def _size(self, shape: Any, size: float, value: Any, path: str, *, what: str) -> None:
        if not self._values:
            return
        least, most = shape.metadata.get("min"), shape.metadata.get("max")
        for broken, word, limit in (
            (least is not None and size < least, "greater", least),
            (most is not None and size > most, "less", most),
        ):
            if broken:
                self.errors.append(
                    f"Value {_quoted(shape, value)}at '{path}' {_FAILED}: Member must"
                    f" have {what} {word} than or equal to {limit}"
                )

    def _is(self, value: Any, kind: type, path: str) -> bool:
        if isinstance(value, kind):
            return True
        names = {dict: "a structure", list: "a list", str: "a string", bool: "a boolean"}
        self.errors.append(f"Value at '{path}' must be {names[kind]}")
        return False

    def _key(self, shape: Any, name: str) -> str:
        key: str = shape.members[name].serialization.get("name", name) if self._wire else name
        return key


def _quoted(shape: Any, value: Any) -> str:
    return "" if shape.metadata.get("sensitive") else f"'{value}' "


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


@functools.cache
def _pattern(pattern: str) -> re.Pattern[str]:
    # AWS writes Java's \p{...} classes in a few shapes that the emulator does not check.
    try:
        return re.compile(pattern, re.DOTALL)
    except re.error:
        return re.compile(".*", re.DOTALL)
