"""What S3 answered about object lock."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.conformance.harness import asked, replay

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.emulator.conftest import Emulator

_LOCKED = {"ObjectLockEnabled": "Enabled"}


def _bucket(aws: Emulator, *, locked: bool = True) -> tuple[Any, dict[str, str]]:
    """Make a bucket, with object lock or without; return a client and the bucket's name."""
    client, name = aws.client("s3"), {"Bucket": f"replay-{uuid.uuid4()}"}
    client.create_bucket(
        **name,
        ObjectLockEnabledForBucket=locked,
        CreateBucketConfiguration={"LocationConstraint": "us-east-2"},
    )
    return client, name


def _versioning(status: str) -> Callable[[Emulator], dict[str, Any]]:
    def ask(aws: Emulator) -> dict[str, Any]:
        client, bucket = _bucket(aws)
        put = client.put_bucket_versioning
        return asked(put, **bucket, VersioningConfiguration={"Status": status})

    return ask


replay("s3-001")(_versioning("Suspended"))
replay("s3-002")(_versioning("Enabled"))


def _in(days: float) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) + timedelta(days=days)


def _locked_object(aws: Emulator, mode: str = "GOVERNANCE") -> tuple[Any, dict[str, str]]:
    client, bucket = _bucket(aws)
    at = {**bucket, "Key": "record"}
    version = client.put_object(
        **at, Body=b"x", ObjectLockMode=mode, ObjectLockRetainUntilDate=_in(days=2)
    )["VersionId"]
    return client, {**at, "VersionId": version}


@replay("s3-003")
def locked_version_deleted(aws: Emulator) -> dict[str, Any]:
    client, version = _locked_object(aws)
    return asked(client.delete_object, **version)


@replay("s3-004")
def deleted_with_bypass(aws: Emulator) -> dict[str, Any]:
    client, version = _locked_object(aws)
    return asked(client.delete_object, **version, BypassGovernanceRetention=True)


@replay("s3-005")
def delete_marker(aws: Emulator) -> dict[str, Any]:
    client, version = _locked_object(aws)
    return asked(client.delete_object, Bucket=version["Bucket"], Key=version["Key"])


@replay("s3-006")
def retention_shortened(aws: Emulator) -> dict[str, Any]:
    client, version = _locked_object(aws)
    retention = {"Mode": "GOVERNANCE", "RetainUntilDate": _in(days=1)}
    return asked(client.put_object_retention, **version, Retention=retention)


@replay("s3-008")
def rule_without_days(aws: Emulator) -> dict[str, Any]:
    client, bucket = _bucket(aws)
    rule = {"DefaultRetention": {"Mode": "GOVERNANCE"}}
    put = client.put_object_lock_configuration
    return asked(put, **bucket, ObjectLockConfiguration={**_LOCKED, "Rule": rule})


@replay("s3-009")
def lock_without_versions(aws: Emulator) -> dict[str, Any]:
    client, bucket = _bucket(aws, locked=False)
    put = client.put_object_lock_configuration
    return asked(put, **bucket, ObjectLockConfiguration=_LOCKED)


@replay("s3-010")
def lock_that_is_not_there(aws: Emulator) -> dict[str, Any]:
    client, bucket = _bucket(aws, locked=False)
    return asked(client.get_object_lock_configuration, **bucket)
