"""What S3 answered about object lock."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.conformance.harness import asked, replay
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


def _of_a_locked_version(operation: str, **arguments: Any) -> Callable[[Emulator], dict[str, Any]]:
    """Ask an operation of a version that is locked for two days."""

    def ask(aws: Emulator) -> dict[str, Any]:
        client, bucket = _bucket(aws)
        at = {**bucket, "Key": "record"}
        lock = {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": _in(days=2)}
        version = {"VersionId": client.put_object(**at, Body=b"x", **lock)["VersionId"]}
        given = {name: value for name, value in (version | arguments).items() if value}
        return asked(getattr(client, operation), **at, **given)

    return ask


_SHORTER = {"Mode": "GOVERNANCE", "RetainUntilDate": _in(days=1)}
replay("s3-003")(_of_a_locked_version("delete_object"))
replay("s3-004")(_of_a_locked_version("delete_object", BypassGovernanceRetention=True))
replay("s3-005")(_of_a_locked_version("delete_object", VersionId=None))
replay("s3-006")(_of_a_locked_version("put_object_retention", Retention=_SHORTER))


@replay("s3-008")
def rule_without_days(aws: Emulator) -> dict[str, Any]:
    client, bucket = _bucket(aws)
    rule = {"DefaultRetention": {"Mode": "GOVERNANCE"}}
    put = client.put_object_lock_configuration
    return asked(put, **bucket, ObjectLockConfiguration={**_LOCKED, "Rule": rule})


@replay("s3-009")
def lock_without_versions(aws: Emulator) -> dict[str, Any]:
    client, bucket = _bucket(aws, locked=False)
    return asked(client.put_object_lock_configuration, **bucket, ObjectLockConfiguration=_LOCKED)


@replay("s3-010")
def lock_that_is_not_there(aws: Emulator) -> dict[str, Any]:
    client, bucket = _bucket(aws, locked=False)
    return asked(client.get_object_lock_configuration, **bucket)
