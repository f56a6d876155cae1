"""Which operations tests show to do what AWS's do."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

shown: set[str] = set()


def shows[T: Callable[..., None]](*operations: str) -> Callable[[T], T]:
    """Say which operations a test shows, as `service:Operation`; it must ask each of them."""

    def mark(test: T) -> T:
        test.__dict__["shows"] = frozenset(operations)
        shown.update(operations)
        return test

    return mark


def named_by(test: Any) -> frozenset[str]:
    """Return the operations that a test says it shows."""
    named: frozenset[str] = getattr(test, "shows", frozenset())
    return named


def asked_in(asked: set[str], service: str) -> Callable[..., None]:
    """Return a handler of botocore's events that notes what succeeded."""

    def note(model: Any, http_response: Any, **_: Any) -> None:
        if http_response.status_code < 400:
            asked.add(f"{service}:{model.name}")

    return note


def refusal(call: Callable[..., Any], **arguments: Any) -> tuple[int, str, str]:
    """Return status, code and message of an answer that must be an error."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response
    said = error["Error"]
    return error["ResponseMetadata"]["HTTPStatusCode"], said["Code"], said["Message"]


def unique(prefix: str = "t") -> str:
    """Return a name that no other test has."""
    return f"{prefix}-{uuid.uuid4().hex[:10]}"
