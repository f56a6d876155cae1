"""Changes to moto's S3, each with its reason."""

from datetime import datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.s3.exceptions import AccessDeniedByLock, S3ClientError
from moto.s3.models import S3Backend
from moto.s3.responses import S3Response

from emulator.patching import patch


@patch(AccessDeniedByLock, "__init__")
def _say_that_a_lock_denies(original: Any, error: AccessDeniedByLock) -> None:
    # On record in localstack/localstack, test_s3.snapshot.json, test_s3_object_retention.
    original(error)
    error.message = "Access Denied because object protected by object lock."


@patch(S3Backend, "put_object_lock_configuration")
def _lock_buckets_with_objects(
    original: Any,  # noqa: ARG001  # wants an empty bucket
    backend: S3Backend,
    bucket_name: str,
    *settings: Any,
) -> None:
    # AWS locks a bucket that has objects too (User Guide: "on existing buckets").
    bucket, (enabled, mode, days, years) = backend.get_bucket(bucket_name), settings
    bucket.object_lock_enabled = bool(enabled)
    bucket.default_lock_mode = mode
    bucket.default_lock_days = days
    bucket.default_lock_years = years


@patch(S3Response, "get_object")
def _tell_retention(original: Any, response: S3Response) -> Any:
    # moto answers with the object itself, whatever of it is asked for.
    asked = response.querystring or {}
    if "torrent" in asked:
        raise NotImplementedError
    if "retention" not in asked:
        return original(response)
    key, _ = response._get_key()
    if key.lock_mode is None:
        raise _NoRetentionError
    response.data["Action"] = "GetObjectRetention"
    until = datetime.fromisoformat(key.lock_until)
    return response.serialized(
        ActionResult({"Retention": {"Mode": key.lock_mode, "RetainUntilDate": until}})
    )


class _NoRetentionError(S3ClientError):  # type: ignore[misc]  # moto has no types
    def __init__(self) -> None:
        super().__init__(
            "NoSuchObjectLockConfiguration",
            "The specified object does not have a ObjectLock configuration",
        )
