"""DynamoDB's operations, and what moto's own would do otherwise."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from moto.dynamodb.models import table as tables

from tests.emulator.conftest import ACCOUNT, REGION, Aws, Emulator
from tests.emulator.dynamodb.conftest import create, items
from tests.emulator.shown import allow, refusal, shows, unique


def key(pk: str, sk: str = "1") -> dict[str, Any]:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


@shows(
    "dynamodb:CreateTable", "dynamodb:DescribeTable", "dynamodb:UpdateTable",
    "dynamodb:DeleteTable",
    "dynamodb:UpdateTimeToLive", "dynamodb:DescribeTimeToLive",
    "dynamodb:UpdateContinuousBackups", "dynamodb:DescribeContinuousBackups",
)  # fmt: skip
def test_a_table_is_protected_and_says_how_it_is_kept(dynamodb: Any) -> None:
    name = create(dynamodb, unique("table"), DeletionProtectionEnabled=True)
    made = dynamodb.describe_table(TableName=name)["Table"]
    assert made["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert made["DeletionProtectionEnabled"] is True
    assert refusal(dynamodb.delete_table, TableName=name)[:2] == (400, "ValidationException")
    expiry = {"Enabled": True, "AttributeName": "expires"}
    dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=expiry)
    assert dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"] == {
        "TimeToLiveStatus": "ENABLED", "AttributeName": "expires",
    }  # fmt: skip
    on = {"PointInTimeRecoveryEnabled": True}
    dynamodb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=on)
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    recovery = backups["PointInTimeRecoveryDescription"]
    assert recovery["PointInTimeRecoveryStatus"] == "ENABLED"
    dynamodb.update_table(TableName=name, DeletionProtectionEnabled=False)
    dynamodb.delete_table(TableName=name)
    gone = refusal(dynamodb.describe_table, TableName=name)
    assert gone[:2] == (400, "ResourceNotFoundException")


@shows(
    "dynamodb:PutItem", "dynamodb:GetItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem",
    "dynamodb:Query",
)  # fmt: skip
def test_items_are_written_under_conditions(dynamodb: Any, table: str) -> None:
    new = {"TableName": table, "ConditionExpression": "attribute_not_exists(pk)"}
    dynamodb.put_item(Item={**key("a"), "used": {"N": "1"}}, **new)
    again = refusal(dynamodb.put_item, Item=key("a"), **new)
    assert again[:2] == (400, "ConditionalCheckFailedException")
    add: dict[str, Any] = {
        "TableName": table,
        "Key": key("a"),
        "UpdateExpression": "ADD #used :some",
        "ConditionExpression": "attribute_not_exists(#used) OR #used <= :room",
        "ExpressionAttributeNames": {"#used": "used"},
        "ExpressionAttributeValues": {":some": {"N": "4"}, ":room": {"N": "1"}},
        "ReturnValues": "ALL_NEW",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    assert dynamodb.update_item(**add)["Attributes"]["used"] == {"N": "5"}
    with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException) as caught:
        dynamodb.update_item(**add)
    assert caught.value.response["Item"]["used"] == {"N": "5"}
    assert [one["used"] for one in items(dynamodb, table, "a")] == [{"N": "5"}]
    dynamodb.delete_item(TableName=table, Key=key("a"))
    assert "Item" not in dynamodb.get_item(TableName=table, Key=key("a"), ConsistentRead=True)


@shows("dynamodb:TagResource", "dynamodb:UntagResource", "dynamodb:ListTagsOfResource")
def test_tables_have_tags(dynamodb: Any, table: str) -> None:
    arn = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table}"
    tags = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
    dynamodb.tag_resource(ResourceArn=arn, Tags=tags)
    dynamodb.untag_resource(ResourceArn=arn, TagKeys=["a"])
    assert dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"] == [tags[1]]


def test_of_many_writes_at_once_as_many_succeed_as_the_condition_lets(
    emulator: Emulator, dynamodb: Any, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow_down_moto(monkeypatch)
    start = threading.Barrier(8)

    def spend(client: Any) -> int:
        start.wait()
        done = 0
        for _ in range(4):
            try:
                client.update_item(
                    TableName=table,
                    Key=key("budget"),
                    UpdateExpression="ADD used :one",
                    ConditionExpression="attribute_not_exists(used) OR used < :most",
                    ExpressionAttributeValues={":one": {"N": "1"}, ":most": {"N": "10"}},
                )
            except client.exceptions.ConditionalCheckFailedException:
                continue
            done += 1
        return done

    clients = [emulator.client("dynamodb") for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(spend, clients)) == 10
    item = dynamodb.get_item(TableName=table, Key=key("budget"))["Item"]
    assert item["used"] == {"N": "10"}


def slow_down_moto(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let other threads run between moto's comparison and its write, as any thread switch may."""
    original = tables.Table.get_item

    def slow(*args: Any, **kwargs: Any) -> Any:
        found = original(*args, **kwargs)
        time.sleep(0.002)
        return found

    monkeypatch.setattr(tables.Table, "get_item", slow)


def test_a_role_reaches_only_the_items_whose_partition_key_it_is_given(
    emulator: Emulator, table: str
) -> None:
    arn = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table}"
    own = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["budget/*"]}}
    actions = [f"dynamodb:{one}Item" for one in ("Get", "Put", "Update", "Delete")]
    may = allow([*actions, "dynamodb:Query"], arn, Condition=own)
    role = emulator.client("dynamodb", emulator.role(unique("may"), [may]))
    role.put_item(TableName=table, Item=key("budget/web"))
    spend: dict[str, Any] = {
        "TableName": table,
        "UpdateExpression": "ADD used :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }
    role.update_item(Key=key("budget/web"), **spend)
    assert "Item" in role.get_item(TableName=arn, Key=key("budget/web"))
    query: dict[str, Any] = {"TableName": table, "KeyConditionExpression": "#p = :p AND sk = :s"}
    names = {"ExpressionAttributeNames": {"#p": "pk"}}

    def values(pk: str) -> dict[str, Any]:
        return {"ExpressionAttributeValues": {":p": {"S": pk}, ":s": {"S": "1"}}}

    assert role.query(**query, **names, **values("budget/web"))["Count"] == 1
    role.delete_item(TableName=table, Key=key("budget/web"))
    other = key("conversation/web")
    for attempt in (
        refusal(role.put_item, TableName=table, Item=other),
        refusal(role.update_item, Key=other, **spend),
        refusal(role.get_item, TableName=table, Key=other),
        refusal(role.delete_item, TableName=table, Key=other),
        refusal(role.query, **query, **names, **values("conversation/web")),
        refusal(role.scan, TableName=table),
        refusal(role.delete_table, TableName=table),
    ):
        assert attempt[:2] == (400, "AccessDeniedException")


def test_items_are_refused_to_who_may_not_use_the_tables_key(
    emulator: Emulator, aws: Aws, dynamodb: Any
) -> None:
    made = aws("kms").create_key()["KeyMetadata"]["Arn"]
    sse = {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": made}
    table = create(dynamodb, unique("table"), SSESpecification=sse)
    arn = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table}"
    items = allow("dynamodb:GetItem", arn)

    def decrypt(name: str) -> dict[str, Any]:
        context = {
            "kms:ViaService": f"dynamodb.{REGION}.amazonaws.com",
            "kms:EncryptionContext:aws:dynamodb:tableName": name,
        }
        return allow("kms:Decrypt", made, Condition={"StringEquals": context})

    may = emulator.client("dynamodb", emulator.role(unique("may"), [items, decrypt(table)]))
    assert "Item" not in may.get_item(TableName=table, Key=key("a"))
    for statements in ([items], [items, decrypt("another")]):
        role = emulator.client("dynamodb", emulator.role(unique("may-not"), statements))
        denied = refusal(role.get_item, TableName=table, Key=key("a"))
        assert denied[:2] == (400, "AccessDeniedException")
        assert "kms:Decrypt" in denied[2]
