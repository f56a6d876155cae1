"""KMS's operations, where moto's own do something else."""

from typing import Any

import pytest
from moto.kms.models import kms_backends

from tests.emulator.conftest import ACCOUNT, REGION, client_of
from tests.emulator.shown import allow, document, refusal, shows, unique

kms = client_of("kms")


@pytest.fixture
def key(kms: Any) -> Any:
    return kms.create_key(Description="d", Tags=[{"TagKey": "a", "TagValue": "1"}])["KeyMetadata"]


def policy(*actions: str) -> str:
    statement = allow(actions, Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
    return document(statement)


@shows("kms:CreateKey", "kms:DescribeKey", "kms:ListKeys", "kms:UpdateKeyDescription")
def test_a_key_is_described_by_id_arn_and_alias(kms: Any, key: Any) -> None:
    alias = f"alias/{unique()}"
    kms.create_alias(AliasName=alias, TargetKeyId=key["KeyId"])
    kms.update_key_description(KeyId=key["Arn"], Description="new")
    for name in (key["KeyId"], key["Arn"], alias, f"arn:aws:kms:{REGION}:{ACCOUNT}:{alias}"):
        read = kms.describe_key(KeyId=name)["KeyMetadata"]
        assert (read["KeyId"], read["KeyState"]) == (key["KeyId"], "Enabled")
        assert read["Description"] == "new"
    assert key["KeyId"] in {one["KeyId"] for one in kms.list_keys()["Keys"]}
    assert refusal(kms.describe_key, KeyId="fake-key-id") == (
        400, "NotFoundException", "Invalid keyId 'fake-key-id'",
    )  # fmt: skip
    absent = "12345678-1234-1234-1234-123456789012"
    assert refusal(kms.describe_key, KeyId=absent) == (
        400, "NotFoundException",
        f"Key 'arn:aws:kms:{REGION}:{ACCOUNT}:key/{absent}' does not exist",
    )  # fmt: skip


def test_only_an_asymmetric_key_gets_a_key_pair(kms: Any, key: Any) -> None:
    signs = kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]
    keys = kms_backends[ACCOUNT][REGION].keys
    assert keys[key["KeyId"]].private_key is None
    assert keys[signs["KeyId"]].private_key.key_size == 2048


@shows("kms:PutKeyPolicy", "kms:GetKeyPolicy")
def test_a_key_policy_must_be_one_that_can_be_changed_again(kms: Any, key: Any) -> None:
    good = policy("kms:Put*", "kms:Describe*")
    kms.put_key_policy(KeyId=key["Arn"], PolicyName="default", Policy=good)
    assert kms.get_key_policy(KeyId=key["KeyId"], PolicyName="default")["Policy"] == good
    assert kms.get_key_policy(KeyId=key["KeyId"])["Policy"] == good
    for bad in ("{", '{"Statement": 5}', policy("kms:DescribeKey")):
        put = refusal(kms.put_key_policy, KeyId=key["KeyId"], PolicyName="default", Policy=bad)
        assert put[1] == "MalformedPolicyDocumentException"
        assert refusal(kms.create_key, Policy=bad)[1] == "MalformedPolicyDocumentException"
    assert "in the future" in put[2]
    kms.put_key_policy(KeyId=key["KeyId"], Policy=bad, BypassPolicyLockoutSafetyCheck=True)


@shows(
    "kms:ScheduleKeyDeletion", "kms:CancelKeyDeletion", "kms:EnableKey", "kms:DisableKey",
)  # fmt: skip
def test_a_key_that_is_to_be_deleted_does_nothing_until_it_is_saved(kms: Any, key: Any) -> None:
    arn, at = key["Arn"], {"KeyId": key["Arn"]}
    assert refusal(kms.cancel_key_deletion, **at) == (
        400, "KMSInvalidStateException", f"{arn} is not pending deletion.",
    )  # fmt: skip
    answer = kms.schedule_key_deletion(**at, PendingWindowInDays=7)
    assert (answer["KeyId"], answer["KeyState"], answer["PendingWindowInDays"]) == (
        arn, "PendingDeletion", 7,
    )  # fmt: skip
    read = kms.describe_key(**at)["KeyMetadata"]
    assert (read["KeyState"], read["Enabled"]) == ("PendingDeletion", False)
    assert read["DeletionDate"] > read["CreationDate"]
    tag = [{"TagKey": "b", "TagValue": "2"}]
    for attempt in (
        refusal(kms.schedule_key_deletion, **at),
        refusal(kms.enable_key, **at),
        refusal(kms.disable_key, **at),
        refusal(kms.enable_key_rotation, **at),
        refusal(kms.put_key_policy, **at, Policy=policy("kms:*")),
        refusal(kms.create_alias, AliasName=f"alias/{unique()}", TargetKeyId=key["KeyId"]),
        refusal(kms.tag_resource, **at, Tags=tag),
        refusal(kms.update_key_description, **at, Description="x"),
    ):
        assert attempt == (400, "KMSInvalidStateException", f"{arn} is pending deletion.")
    assert kms.cancel_key_deletion(KeyId=key["KeyId"])["KeyId"] == arn
    assert kms.describe_key(**at)["KeyMetadata"]["KeyState"] == "Disabled"
    kms.enable_key(**at)
    kms.disable_key(KeyId=key["KeyId"])
    kms.enable_key(KeyId=key["KeyId"])
    assert kms.describe_key(**at)["KeyMetadata"]["Enabled"] is True
    too_soon = refusal(kms.schedule_key_deletion, **at, PendingWindowInDays=5)
    assert too_soon[1] == "ValidationException"


@shows("kms:EnableKeyRotation", "kms:DisableKeyRotation", "kms:GetKeyRotationStatus")
def test_rotation_has_a_period_and_a_next_date(kms: Any, key: Any) -> None:
    assert kms.get_key_rotation_status(KeyId=key["KeyId"])["KeyRotationEnabled"] is False
    kms.enable_key_rotation(KeyId=key["Arn"], RotationPeriodInDays=180)
    read = kms.get_key_rotation_status(KeyId=key["KeyId"])
    assert (read["KeyId"], read["KeyRotationEnabled"]) == (key["KeyId"], True)
    assert (read["NextRotationDate"] - key["CreationDate"]).days == 180
    assert read["RotationPeriodInDays"] == 180
    kms.disable_key(KeyId=key["KeyId"])
    assert refusal(kms.enable_key_rotation, KeyId=key["KeyId"])[1] == "DisabledException"
    kms.enable_key(KeyId=key["KeyId"])
    kms.disable_key_rotation(KeyId=key["KeyId"])
    assert "NextRotationDate" not in kms.get_key_rotation_status(KeyId=key["KeyId"])


@shows("kms:CreateAlias", "kms:UpdateAlias", "kms:DeleteAlias", "kms:ListAliases")
def test_an_alias_names_one_key(kms: Any, key: Any) -> None:
    alias, other = f"alias/{unique()}", kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName=alias, TargetKeyId=key["KeyId"])
    again = refusal(kms.create_alias, AliasName=alias, TargetKeyId=other)
    assert again == (
        400, "AlreadyExistsException",
        f"An alias with the name arn:aws:kms:{REGION}:{ACCOUNT}:{alias} already exists",
    )  # fmt: skip
    kms.update_alias(AliasName=alias, TargetKeyId=other)
    (read,) = kms.list_aliases(KeyId=other)["Aliases"]
    assert (read["AliasName"], read["TargetKeyId"]) == (alias, other)
    assert read["LastUpdatedDate"] >= read["CreationDate"]
    assert kms.list_aliases(KeyId=key["KeyId"])["Aliases"] == []
    kms.delete_alias(AliasName=alias)
    assert refusal(kms.delete_alias, AliasName=alias)[1] == "NotFoundException"
    ours = refusal(kms.create_alias, AliasName="alias/aws/mine", TargetKeyId=other)
    assert ours[1] == "NotAuthorizedException"


@shows("kms:TagResource", "kms:UntagResource", "kms:ListResourceTags")
def test_keys_have_tags(kms: Any, key: Any) -> None:
    kms.tag_resource(KeyId=key["Arn"], Tags=[{"TagKey": "b", "TagValue": "2"}])
    kms.untag_resource(KeyId=key["KeyId"], TagKeys=["a"])
    for name in (key["KeyId"], key["Arn"]):
        assert kms.list_resource_tags(KeyId=name)["Tags"] == [{"TagKey": "b", "TagValue": "2"}]
    assert refusal(kms.list_resource_tags, KeyId="none")[1] == "NotFoundException"
