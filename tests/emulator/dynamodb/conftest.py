"""A table as modules/memory has it, and the function's own way to it."""

from collections.abc import Iterator
from typing import Any

import pytest

from chatbot.config import KeySource
from chatbot.credentials import Credentials
from chatbot.endpoint import Endpoint
from chatbot.models import Deadline
from chatbot.signing import Keys
from chatbot.store import Store
from tests.emulator.conftest import REGION, Emulator, client_of
from tests.emulator.shown import unique


def create(dynamodb: Any, name: str, **more: Any) -> str:
    """Create a table as modules/memory has it."""
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        **more,
    )
    return name


dynamodb = client_of("dynamodb")


def soon() -> Deadline:
    return Deadline.after(10)


def items(dynamodb: Any, table: str, owner: str) -> list[dict[str, Any]]:
    """Return what a table has of an owner."""
    found = dynamodb.query(
        TableName=table,
        KeyConditionExpression="pk = :owner",
        ExpressionAttributeValues={":owner": {"S": owner}},
    )
    kept: list[dict[str, Any]] = found["Items"]
    return kept


@pytest.fixture
def table(dynamodb: Any) -> str:
    return create(dynamodb, unique("table"))


@pytest.fixture
def store(emulator: Emulator, table: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """The function's client of the table, with the keys of an administrator."""
    monkeypatch.setattr("chatbot.store.CALL_SECONDS", 20.0)  # this machine has other things to do
    keys = KeySource(Keys("rehearsal", "rehearsal", ""))
    endpoint = Endpoint(emulator.endpoint, "dynamodb", REGION, Credentials(lambda: keys))
    yield Store(endpoint, table)
    while kept := endpoint._take():
        kept.close()
