"""The test switches of the store: late, refused, or both, and the items as they were."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator.conftest import Emulator

KEY = {"pk": {"S": "budget/web"}, "sk": {"S": "2026-11"}}


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("InternalServerError", 500),
        ("ProvisionedThroughputExceededException", 400),
        ("RequestLimitExceeded", 400),
        ("ServiceUnavailable", 503),
        ("ThrottlingException", 400),
    ],
)
def test_every_error_can_be_switched_on_and_writes_nothing(
    dynamodb: Any, table: str, faults: Callable[[Any], Any], code: str, status: int
) -> None:
    assert faults({"dynamodb": {"error": code}}).status == 200
    with pytest.raises(ClientError) as caught:
        dynamodb.put_item(TableName=table, Item=KEY)
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert "Item" not in dynamodb.get_item(TableName=table, Key=KEY)


def test_the_store_can_be_late_until_it_is_set_otherwise(
    dynamodb: Any, table: str, faults: Callable[[Any], Any], emulator: Emulator
) -> None:
    switch = {"latency_ms": 200, "times": 0}
    faults({"dynamodb": switch})
    for _ in range(2):
        began = time.monotonic()
        dynamodb.put_item(TableName=table, Item=KEY)
        assert time.monotonic() - began >= 0.2
    shown = emulator.request("GET", "/_aws/faults").json()
    assert shown == {"bedrock": None, "dynamodb": switch, "latency_ms": 0}
    dynamodb.describe_table(TableName=table)  # no item
    emulator.request("DELETE", "/_aws/faults")
    began = time.monotonic()
    assert dynamodb.get_item(TableName=table, Key=KEY)["Item"] == KEY
    assert time.monotonic() - began < 0.2


@pytest.mark.parametrize(
    "store",
    ["text", {"error": "NoSuch"}, {"latency_ms": -1}, {"reply": {"text": "x"}}, {"times": True}],
)
def test_a_wrong_switch_is_refused(faults: Callable[[Any], Any], store: Any) -> None:
    assert faults({"dynamodb": store}).status == 400
