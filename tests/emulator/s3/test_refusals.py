"""What is under object lock stays as it is.

Texts and statuses: localstack/localstack, tests/aws/services/s3/test_s3.snapshot.json and
test_s3_api.snapshot.json.
"""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.emulator.conftest import client_of
from tests.emulator.shown import refusal, shows

SUSPENDED = (
    "An Object Lock configuration is present on this bucket, so the versioning state cannot be"
    " changed."
)
LOCKED = (403, "AccessDenied", "Access Denied because object protected by object lock.")

s3 = client_of("s3")


def bucket(s3: Any, *, locked: bool = True) -> dict[str, str]:
    name = {"Bucket": f"b-{uuid.uuid4()}"}
    region = {"LocationConstraint": "us-east-2"}
    s3.create_bucket(**name, ObjectLockEnabledForBucket=locked, CreateBucketConfiguration=region)
    return name


def later(days: float) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) + timedelta(days=days)


def record(s3: Any, mode: str = "GOVERNANCE", days: float = 2) -> dict[str, str]:
    """Put an object under lock; return where it is."""
    at = {**bucket(s3), "Key": "record"}
    version = s3.put_object(
        **at, Body=b"x", ObjectLockMode=mode, ObjectLockRetainUntilDate=later(days)
    )["VersionId"]
    return {**at, "VersionId": version}


def test_versioning_of_a_locked_bucket_cannot_be_suspended(s3: Any) -> None:
    suspended = {"VersioningConfiguration": {"Status": "Suspended"}}
    name = bucket(s3)
    refused = refusal(s3.put_bucket_versioning, **name, **suspended)
    assert refused == (409, "InvalidBucketState", SUSPENDED)
    assert s3.get_bucket_versioning(**name)["Status"] == "Enabled"
    s3.put_bucket_versioning(**name, VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_versioning(**bucket(s3, locked=False), **suspended)


@pytest.mark.parametrize("mode", ["GOVERNANCE", "COMPLIANCE"])
def test_a_locked_version_cannot_be_deleted(s3: Any, mode: str) -> None:
    version = record(s3, mode)
    assert refusal(s3.delete_object, **version) == LOCKED
    assert s3.delete_object(Bucket=version["Bucket"], Key=version["Key"])["DeleteMarker"] is True
    assert s3.get_object(**version)["Body"].read() == b"x"


@pytest.mark.parametrize(
    ("mode", "wanted", "bypass", "taken"),
    [
        ("GOVERNANCE", {"Mode": "GOVERNANCE", "days": 1}, False, False),
        ("GOVERNANCE", {"Mode": "GOVERNANCE", "days": 1}, True, True),
        ("GOVERNANCE", {"Mode": "GOVERNANCE", "days": 3}, False, True),
        ("GOVERNANCE", {"Mode": "COMPLIANCE", "days": 3}, False, False),
        ("COMPLIANCE", {"Mode": "COMPLIANCE", "days": 1}, True, False),
        ("COMPLIANCE", {"Mode": "COMPLIANCE", "days": 3}, False, True),
        ("COMPLIANCE", {"Mode": "GOVERNANCE", "days": 3}, True, False),
    ],
)
def test_a_retention_can_only_grow(
    s3: Any, *, mode: str, wanted: dict[str, Any], bypass: bool, taken: bool
) -> None:
    version = record(s3, mode)
    retention = {"Mode": wanted["Mode"], "RetainUntilDate": later(wanted["days"])}
    change = {**version, "Retention": retention, "BypassGovernanceRetention": bypass}
    if taken:
        s3.put_object_retention(**change)
    else:
        assert refusal(s3.put_object_retention, **change) == LOCKED
    days = wanted["days"] if taken else 2
    kept = s3.get_object_retention(**version)["Retention"]["RetainUntilDate"]
    assert abs(kept - later(days)) < timedelta(minutes=5)


@shows("s3:PutObjectRetention", "s3:GetObjectRetention")
def test_an_object_without_retention_can_get_one(s3: Any) -> None:
    at = {**bucket(s3), "Key": "free"}
    s3.put_object(**at, Body=b"x")
    none = refusal(s3.get_object_retention, **at)
    assert none[:2] == (404, "NoSuchObjectLockConfiguration")
    s3.put_object_retention(**at, Retention={"Mode": "GOVERNANCE", "RetainUntilDate": later(1)})
    assert s3.get_object_retention(**at)["Retention"]["Mode"] == "GOVERNANCE"


@pytest.mark.parametrize(
    ("enabled", "period"),
    [("Enabled", {}), ("Enabled", {"Days": 1, "Years": 1}), (None, {"Days": 1})],
)
def test_a_lock_configuration_has_days_or_years(
    s3: Any, enabled: str | None, period: dict[str, int]
) -> None:
    name = bucket(s3)
    config: dict[str, Any] = {"Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", **period}}}
    config |= {"ObjectLockEnabled": enabled} if enabled else {}
    put = s3.put_object_lock_configuration
    assert refusal(put, **name, ObjectLockConfiguration=config)[:2] == (400, "MalformedXML")
    rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}
    put(**name, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule})
    read = s3.get_object_lock_configuration(**name)["ObjectLockConfiguration"]
    assert read["Rule"]["DefaultRetention"]["Days"] == 1


def test_a_bucket_with_objects_can_be_locked_once_it_keeps_versions(s3: Any) -> None:
    name = bucket(s3, locked=False)
    s3.put_object(**name, Key="old", Body=b"x")
    config = {"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled"}}
    refused = refusal(s3.put_object_lock_configuration, **name, **config)
    said = "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration"
    assert refused == (409, "InvalidBucketState", said)
    s3.put_bucket_versioning(**name, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object_lock_configuration(**name, **config)
    read = s3.get_object_lock_configuration(**name)["ObjectLockConfiguration"]
    assert read["ObjectLockEnabled"] == "Enabled"
