"""Check a request's JSON against AWS's own service model, which botocore carries."""

import functools
import math
import re
from typing import Any

from botocore.session import Session

_FAILED = "failed to satisfy constraint"


@functools.cache
def _service_model(service: str) -> Any:
    return Session().get_service_model(service)


def violation(service: str, operation: str, document: Any) -> str | None:
    """Say in AWS's words what an operation's input breaks; None when it is fine.

    Fields that the model does not know are ignored, as AWS ignores them.
    """
    errors: list[str] = []
    _check(_service_model(service).operation_model(operation).input_shape, document, "", errors)
    if not errors:
        return None
    plural = "" if len(errors) == 1 else "s"
    return f"{len(errors)} validation error{plural} detected: {'; '.join(errors)}"


def _check(shape: Any, value: Any, path: str, errors: list[str]) -> None:
    match shape.type_name:
        case "structure" if getattr(shape, "is_document_type", False):
            return
        case "structure":
            _check_structure(shape, value, path, errors)
        case "list":
            if _is(value, list, path, errors):
                _check_size(shape, len(value), value, path, errors, what="length")
                for index, item in enumerate(value, 1):
                    _check(shape.member, item, f"{path}.{index}.member", errors)
        case "map":
            if _is(value, dict, path, errors):
                _check_size(shape, len(value), value, path, errors, what="length")
                for key, item in value.items():
                    _check(shape.key, key, f"{path}.key", errors)
                    _check(shape.value, item, f"{path}.{key}.value", errors)
        case "string":
            if _is(value, str, path, errors):
                _check_string(shape, value, path, errors)
        case "boolean":
            _is(value, bool, path, errors)
        case "integer" | "long":
            if isinstance(value, bool) or not isinstance(value, int):
                errors.append(f"Value at '{path}' must be an integer")
            else:
                _check_size(shape, value, value, path, errors, what="value")
        case "float" | "double":
            if isinstance(value, bool) or not isinstance(value, int | float):
                errors.append(f"Value at '{path}' must be a number")
            elif math.isfinite(value):
                _check_size(shape, value, value, path, errors, what="value")


def _check_structure(shape: Any, value: Any, path: str, errors: list[str]) -> None:
    if not _is(value, dict, path, errors):
        return
    errors.extend(
        f"Value at '{_join(path, name)}' {_FAILED}: Member must not be null"
        for name in shape.required_members
        if value.get(_key(shape, name)) is None
    )
    if getattr(shape, "is_tagged_union", False):
        given = [name for name in shape.members if value.get(_key(shape, name)) is not None]
        if len(given) != 1:
            errors.append(
                f"Value at '{path}' {_FAILED}: exactly one of"
                f" {', '.join(shape.members)} must be set"
            )
    for name, member in shape.members.items():
        item = value.get(_key(shape, name))
        if item is not None:
            _check(member, item, _join(path, name), errors)


def _check_string(shape: Any, value: str, path: str, errors: list[str]) -> None:
    _check_size(shape, len(value), value, path, errors, what="length")
    enum = getattr(shape, "enum", None)
    if enum and value not in enum:
        errors.append(
            f"Value {_quoted(shape, value)}at '{path}' {_FAILED}: Member must satisfy"
            f" enum value set: [{', '.join(enum)}]"
        )
    pattern = shape.metadata.get("pattern")
    if pattern and not _pattern(pattern).fullmatch(value):
        errors.append(
            f"Value {_quoted(shape, value)}at '{path}' {_FAILED}: Member must satisfy"
            f" regular expression pattern: {pattern}"
        )


def _check_size(
    shape: Any, size: float, value: Any, path: str, errors: list[str], *, what: str
) -> None:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    for broken, word, limit in (
        (least is not None and size < least, "greater", least),
        (most is not None and size > most, "less", most),
    ):
        if broken:
            errors.append(
                f"Value {_quoted(shape, value)}at '{path}' {_FAILED}: Member must"
                f" have {what} {word} than or equal to {limit}"
            )


def _is(value: Any, kind: type, path: str, errors: list[str]) -> bool:
    if isinstance(value, kind):
        return True
    names = {dict: "a structure", list: "a list", str: "a string", bool: "a boolean"}
    errors.append(f"Value at '{path}' must be {names[kind]}")
    return False


def _quoted(shape: Any, value: Any) -> str:
    return "" if shape.metadata.get("sensitive") else f"'{value}' "


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _key(shape: Any, name: str) -> str:
    key: str = shape.members[name].serialization.get("name", name)
    return key


@functools.cache
def _pattern(pattern: str) -> re.Pattern[str]:
    # AWS writes Java's \p{...} classes in a few shapes that the emulator does not check.
    try:
        return re.compile(pattern, re.DOTALL)
    except re.error:
        return re.compile(".*", re.DOTALL)
