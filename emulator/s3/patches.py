"""Changes to moto's S3, each with its reason."""

from datetime import datetime

import xmltodict
from moto.core.responses import ActionResult
from moto.iam.access_control import PermissionResult
from moto.s3.exceptions import AccessDeniedByLock
from moto.s3.models import FakeBucket, FakeKey, PublicAccessBlock, S3Backend, s3_backends
from moto.s3.responses import S3Response
from moto.s3control.models import S3ControlBackend

from emulator.patching import Moto, patch
from emulator.wire.documents import JsonObject
from emulator.wire.errors import AwsError


@patch(AccessDeniedByLock, "__init__")
def _say_that_a_lock_denies(original: Moto, error: AccessDeniedByLock) -> None:
    # On record in localstack/localstack, test_s3.snapshot.json, test_s3_object_retention.
    original(error)
    error.message = "Access Denied because object protected by object lock."


@patch(S3Backend, "put_object_lock_configuration")
def _lock_buckets_with_objects(
    original: Moto,  # noqa: ARG001  # wants an empty bucket
    backend: S3Backend,
    bucket_name: str,
    *settings: object,
) -> None:
    # AWS locks a bucket that has objects too (User Guide: "on existing buckets").
    bucket, (enabled, mode, days, years) = backend.get_bucket(bucket_name), settings
    bucket.object_lock_enabled = bool(enabled)
    bucket.default_lock_mode = mode
    bucket.default_lock_days = days
    bucket.default_lock_years = years


@patch(S3Response, "list_objects")
def _list_no_folders(original: Moto, response: S3Response) -> object:
    # A page counts folders as it counts keys (API reference, ListObjects), and moto's does not.
    if response.querystring.get("delimiter"):
        raise NotImplementedError
    return original(response)


@patch(S3Backend, "list_objects")
def _mark_no_pages(original: Moto, backend: S3Backend, *asked: object, **named: object) -> object:
    # API reference, ListObjects: there is no NextMarker without a delimiter.
    return (*original(backend, *asked, **named)[:3], None)


@patch(S3Response, "get_object")
def _show_retention(original: Moto, response: S3Response) -> object:
    # moto answers with the object itself, whatever of it is asked for.
    asked = response.querystring or {}
    if "torrent" in asked:
        raise NotImplementedError
    if "retention" not in asked:
        return original(response)
    key, _ = response._get_key()
    if key.lock_mode is None:
        raise AwsError(
            404,
            "NoSuchObjectLockConfiguration",
            "The specified object does not have a ObjectLock configuration",
        )
    response.data["Action"] = "GetObjectRetention"
    until = datetime.fromisoformat(key.lock_until)
    return response.serialized(
        ActionResult({"Retention": {"Mode": key.lock_mode, "RetainUntilDate": until}})
    )


@patch(S3ControlBackend, "list_tags_for_resource")
def _tags_of_a_bucket_that_is_there(
    original: Moto, backend: S3ControlBackend, resource_arn: str
) -> object:
    # moto returns no tags for a bucket that does not exist. S3 Control's code is not on record.
    name = resource_arn.rpartition(":")[2]
    s3_backends[backend.account_id][backend.partition].get_bucket(name)
    return original(backend, resource_arn)


# What a bucket is when nobody has configured it: closed, encrypted, without ACLs (Amazon S3 User
# Guide, "Default security settings for new buckets"). moto's is as it was before 2023.

_ENCRYPTION = {"Rule": {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}}


@patch(S3Backend, "create_bucket")
def _close_a_new_bucket(
    original: Moto, backend: S3Backend, name: str, *rest: object, **more: object
) -> object:
    known = name in backend.buckets
    bucket = original(backend, name, *rest, **more)
    if not known:
        bucket.public_access_block = PublicAccessBlock(True, True, True, True)
        bucket.ownership_rule = bucket.ownership_rule or "BucketOwnerEnforced"
    return bucket


@patch(S3Backend, "get_bucket_encryption")
def _always_encrypted(original: Moto, backend: S3Backend, bucket_name: str) -> object:
    return original(backend, bucket_name) or _ENCRYPTION


@patch(S3Response, "_bucket_response_get")
def _show_who_pays(
    original: Moto, response: S3Response, bucket_name: str, querystring: JsonObject
) -> object:
    # moto answers what it does not know with a list of objects.
    if "requestPayment" in querystring:
        response.backend.get_bucket(bucket_name)
        response.data["Action"] = "GetBucketRequestPayment"
        return response.serialized(ActionResult({"Payer": "BucketOwner"}))
    return original(response, bucket_name, querystring)


@patch(S3Response, "get_object_lock_configuration")
def _days_or_years(original: Moto, response: S3Response) -> object:
    # moto returns both, one of them 0.
    bucket = response.backend.get_bucket(response.bucket_name)
    if not bucket.object_lock_enabled:
        return original(response)
    locked: JsonObject = {"ObjectLockEnabled": "Enabled"}
    if bucket.default_lock_mode:
        period = {"Days": bucket.default_lock_days, "Years": bucket.default_lock_years}
        given = {name: int(value) for name, value in period.items() if value}
        locked["Rule"] = {"DefaultRetention": {"Mode": bucket.default_lock_mode, **given}}
    response.data["Action"] = "GetObjectLockConfiguration"
    return response.serialized(ActionResult({"ObjectLockConfiguration": locked}))


@patch(FakeBucket, "get_permission")
def _leave_policies_to_iam(*_: object) -> object:
    # moto reads a bucket policy without its conditions: "deny what is not encrypted" denies all.
    # The emulator has evaluated the policy, conditions and all, before moto sees the request.
    return PermissionResult.NEUTRAL


@patch(FakeKey, "dispose")
def _close_quietly(original: Moto, key: FakeKey, garbage: bool = False) -> None:  # noqa: ARG001  # moto would complain
    original(key)


@patch(S3Response, "_bucket_response_put")
def _tag_new_bucket_of_s3(
    original: Moto, response: S3Response, request: object, name: str, query: JsonObject
) -> object:
    # moto overlooks the tags that CreateBucket may bring along.
    answer = original(response, request, name, query)
    if query or not response.body:
        return answer
    found = xmltodict.parse(response.body, force_list=("Tag",)).get("CreateBucketConfiguration")
    tags = ((found or {}).get("Tags") or {}).get("Tag", [])
    if tags:
        response.backend.put_bucket_tagging(name, {tag["Key"]: tag["Value"] for tag in tags})
    return answer
