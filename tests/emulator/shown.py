"""Which operations a test shows to do what AWS's do."""

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

answers: set[tuple[str, int]] = set()
"""Each operation that had an answer since the running test began, and the answer's status."""


def shows[T: Callable[..., None]](
    *operations: str, unset: tuple[str, ...] = ()
) -> Callable[[T], T]:
    """Mark which operations a test shows, as `service:Operation`; each of them must be answered.

    `unset` are those that read what nobody can set here: AWS answers 404, and so must the emulator.
    The names are written out at the test: emulator/operations.toml is compared with them.
    """

    def mark(test: T) -> T:
        test.__dict__["shows"] = (frozenset(operations), frozenset(unset))
        return test

    return mark


def unanswered(test: Any) -> set[str]:
    """Return the operations that a test says it shows, and had no such answer from."""
    operations, unset = getattr(test, "shows", (frozenset(), frozenset()))
    answered = {name for name, status in answers if status < 400}
    absent = {name for name, status in answers if status == 404}
    return {*(operations - answered), *(unset - absent)}


def note(service: str, model: Any, http_response: Any, **_: Any) -> None:
    """Note an answer: a handler of botocore's events."""
    answers.add((f"{service}:{model.name}", http_response.status_code))


def refusal(call: Callable[..., Any], *given: Any, **arguments: Any) -> tuple[int, str, str]:
    """Return status, code and message of an answer that must be an error."""
    with pytest.raises(ClientError) as caught:
        call(*given, **arguments)
    error = caught.value.response
    said = error["Error"]
    return error["ResponseMetadata"]["HTTPStatusCode"], said["Code"], said["Message"]


def unique(prefix: str = "t") -> str:
    """Return a name that no other test has."""
    return f"{prefix}-{uuid.uuid4().hex[:10]}"


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return allow(action, resource, **more) | {"Effect": "Deny"}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust(who: str | dict[str, Any], **condition: Any) -> str:
    """Return the policy of a role that a service, or a principal, may assume."""
    principal = {"Service": who} if isinstance(who, str) else who
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return document(statement | ({"Condition": condition} if condition else {}))
