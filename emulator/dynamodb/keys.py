"""The partition keys that a call names, for IAM's `dynamodb:LeadingKeys`.

Source: DynamoDB Developer Guide, "Using IAM policy conditions for fine-grained access control".
"""

import re

from emulator.account import Account
from emulator.wire.call import Call
from emulator.wire.documents import Document

ITEMS = frozenset({"DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem"})
"""Operations on items that are served."""

_EQUALS = re.compile(r"([#\w.-]+)\s*=\s*(:\w+)")


def described(table: str, account: Account) -> Document:
    """Return what describes a table, nothing where there is none."""
    dynamodb = account.client("dynamodb")
    try:
        found: Document = dynamodb.describe_table(TableName=table)["Table"]
    except dynamodb.exceptions.ResourceNotFoundException:
        return {}
    return found


def leading_keys(call: Call, account: Account) -> list[str]:
    """Return the values of the partition key that a call names: `dynamodb:LeadingKeys`."""
    if call.operation not in ITEMS:
        return []
    table = str(call.params.get("TableName", ""))
    name = account.snapshot(f"dynamodb:leading:{table}", lambda: _partition_key(table, account))
    value = (call.params.get("Item") or call.params.get("Key") or {}).get(name)
    if call.operation == "Query":
        value = _queried(call.params, name)
    return [str(one) for one in value.values()] if isinstance(value, dict) else []


def _partition_key(table: str, account: Account) -> str:
    schema = described(table, account).get("KeySchema", ())
    return next((str(one["AttributeName"]) for one in schema if one["KeyType"] == "HASH"), "")


def _queried(params: Document, name: str) -> object:
    names = params.get("ExpressionAttributeNames") or {}
    values = params.get("ExpressionAttributeValues") or {}
    for found, value in _EQUALS.findall(str(params.get("KeyConditionExpression", ""))):
        if names.get(found, found) == name:
            return values.get(value)
    return None
