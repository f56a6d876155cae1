"""Items of one DynamoDB table, each named by its key, in DynamoDB's own JSON protocol.

An item is changed by one UpdateItem under a condition, and read by what that returns. Every call is
bounded in time: a store that is slow, throttled or away is one that refuses.
"""

from __future__ import annotations

import time
from random import SystemRandom
from typing import TYPE_CHECKING, Protocol

from chatbot.credentials import CredentialsError
from chatbot.endpoint import (
    Bounded,
    EndpointError,
    RefusedError,
    UnreachableError,
    UntrustedError,
)
from chatbot.errors import ChatbotError, InternalError, MemoryUnavailableError
from chatbot.models import Deadline

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_ATTEMPTS = 4
BACKOFF_SECONDS = 0.05
# DynamoDB answers within milliseconds; what takes longer leaves no time for the model.
CALL_SECONDS = 2.0
# Amazon DynamoDB Developer Guide, "Error handling with DynamoDB": these are worth another try, and
# so is what has a status of 500 or more.
TRANSIENT_CODES = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
    }
)

_RANDOM = SystemRandom()

Item = dict[str, "str | int"]


# A client without a name: whoever invokes the function directly. No client can be called so.
NOBODY = "-"


def owner(kind: str, client: str | None, person: str | None = None) -> str:
    """Return the first part of the keys of what is kept of a client, or of a person at one."""
    return "/".join(filter(None, (kind, client or NOBODY, person)))


class ConditionFailedError(Exception):
    """The item did not meet the condition; `item` is as it is, empty where there is none."""

    def __init__(self, item: Item) -> None:
        super().__init__()
        self.item = item


class Endpoint(Protocol):
    def post(self, path: str, document: object, target: str = "") -> object: ...


class Store:
    """Changes and deletes items."""

    def __init__(self, endpoint: Endpoint, table: str) -> None:
        self._endpoint = endpoint
        self._table = table
        self._bounded = Bounded("store")

    def update(
        self, key: tuple[str, str], change: str, condition: str, values: Item, deadline: Deadline
    ) -> Item:
        """Change an item if it meets a condition, and return it as it is then.

        In `change` and `condition` each attribute begins with #, each of `values` with a colon.
        Raises ConditionFailedError, or a ChatbotError before the deadline.
        """
        names = {one.strip("(),") for one in f"{change} {condition}".replace("(", " ").split()}
        document: dict[str, object] = {
            "UpdateExpression": change,
            "ConditionExpression": condition,
            "ExpressionAttributeNames": {one: one[1:] for one in names if one.startswith("#")},
            "ExpressionAttributeValues": {f":{name}": _sent(one) for name, one in values.items()},
            "ReturnValues": "ALL_NEW",
        }
        return _item(self._call("UpdateItem", key, document, deadline).get("Attributes"))

    def delete(
        self, key: tuple[str, str], condition: str, values: Item, deadline: Deadline
    ) -> None:
        """Delete an item if it meets a condition on its attribute #expires; raises as `update`."""
        document: dict[str, object] = {
            "ConditionExpression": condition,
            "ExpressionAttributeNames": {"#expires": "expires"},
            "ExpressionAttributeValues": {f":{name}": _sent(one) for name, one in values.items()},
        }
        self._call("DeleteItem", key, document, deadline)

    def _call(
        self, operation: str, key: tuple[str, str], document: dict[str, object], deadline: Deadline
    ) -> Mapping[str, object]:
        document |= {
            "TableName": self._table,
            "Key": {"pk": {"S": key[0]}, "sk": {"S": key[1]}},
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        end = Deadline.after(min(CALL_SECONDS, deadline.remaining()))
        attempt = 0
        while True:
            attempt += 1
            try:
                return self._once(f"DynamoDB_20120810.{operation}", document, end)
            except (CredentialsError, EndpointError, RefusedError) as error:
                if isinstance(error, RefusedError) and "ConditionalCheckFailed" in error.code:
                    raise ConditionFailedError(_item(error.item)) from None
                pause = _RANDOM.uniform(0, BACKOFF_SECONDS * 2**attempt)
                if attempt == MAX_ATTEMPTS or pause >= end.remaining() or not _may_pass(error):
                    raise _translate(error, attempt) from None
                time.sleep(pause)

    def _once(self, target: str, document: object, end: Deadline) -> Mapping[str, object]:
        left, post = end.remaining(), self._endpoint.post
        try:
            answer = self._bounded.call(left, post, "/", document, target)
        except TimeoutError as late:
            raise MemoryUnavailableError(hint=f"DynamoDB: {late}") from None
        return answer if isinstance(answer, dict) else {}


def _may_pass(error: Exception) -> bool:
    if isinstance(error, RefusedError):
        return error.code in TRANSIENT_CODES or error.status >= 500
    return isinstance(error, UnreachableError)


def _translate(
    error: CredentialsError | EndpointError | RefusedError, attempts: int
) -> ChatbotError:
    """Make a ChatbotError of a failed call, without its text, which may quote the item."""
    if isinstance(error, CredentialsError):
        return InternalError(cause="CredentialsError", hint=f"the call never left: {error}")
    if isinstance(error, RefusedError):
        if _may_pass(error):
            return MemoryUnavailableError(cause=error.code, attempts=attempts)
        return InternalError(
            cause=error.code,
            aws_status=error.status,
            aws_request_id=error.request_id,
            hint="DynamoDB refused the call: the table, its key, or what the role may do with them",
        )
    if isinstance(error, UntrustedError):
        hint = "the connection is not trusted; check AWS_ENDPOINT_URL and the way out of a VPC"
        return InternalError(cause=error.cause, hint=hint)
    return MemoryUnavailableError(cause=error.cause, attempts=attempts)


def _sent(value: str | int) -> dict[str, str]:
    return {"S": value} if isinstance(value, str) else {"N": str(value)}


def _item(attributes: object) -> Item:
    """Return an item's texts and numbers; what is of another type is none of ours."""
    found: Item = {}
    for name, typed in attributes.items() if isinstance(attributes, dict) else ():
        if isinstance(typed, dict) and isinstance(text := typed.get("S"), str):
            found[name] = text
        elif isinstance(typed, dict) and isinstance(number := typed.get("N"), str):
            found[name] = int(number)
    return found
