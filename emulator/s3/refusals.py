"""What S3 refuses about versions and object lock, and moto does not, or with another status.

Source: localstack/localstack, tests/aws/services/s3/test_s3.snapshot.json and
test_s3_api.snapshot.json; Amazon S3 User Guide, "Locking objects with Object Lock".
"""

import re
from datetime import UTC, datetime

from moto.s3.models import FakeBucket, s3_backends
from moto.utilities.utils import get_partition

from emulator.account import Account
from emulator.wire.call import Call
from emulator.wire.documents import Document
from emulator.wire.errors import AwsError
from emulator.wire.http import strict_object
from iam_policy import Policy, PolicyError

# Amazon S3 User Guide, "General purpose bucket naming rules".
_NAME = re.compile(r"[a-z0-9](?!.*\.\.)[a-z0-9.-]{1,61}[a-z0-9]")
_BAD_NAME = (400, "InvalidBucketName", "The specified bucket is not valid.")
_FOREIGN = (403, "AccessDenied", "Access Denied")
_LOCKED = (403, "AccessDenied", "Access Denied because object protected by object lock.")
_MALFORMED = (
    400,
    "MalformedXML",
    "The XML you provided was not well-formed or did not validate against our published schema",
)
_SUSPENDED = (
    409,
    "InvalidBucketState",
    (
        "An Object Lock configuration is present on this bucket, so the versioning state cannot be"
        " changed."
    ),
)
_UNVERSIONED = (
    409,
    "InvalidBucketState",
    "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
)

_Refusal = tuple[int, str, str]


def refuse(call: Call, account: Account) -> None:
    """Refuse what S3 refuses of a call. Raises AwsError."""
    owner = call.params.get("ExpectedBucketOwner")
    if owner is not None and owner != account.id:
        raise AwsError(*_FOREIGN)
    if call.operation == "CreateBucket" and not _NAME.fullmatch(call.params["Bucket"]):
        raise AwsError(*_BAD_NAME)
    check = _CHECKS.get(call.operation)
    buckets = s3_backends[account.id][get_partition(account.region)].buckets
    bucket = buckets.get(call.params.get("Bucket"))
    refusal = check(call.params, bucket) if check and bucket else None
    if refusal:
        raise AwsError(*refusal)


def _versioning(params: Document, bucket: FakeBucket) -> _Refusal | None:
    # With versioning suspended, a locked object could be written over.
    status = (params.get("VersioningConfiguration") or {}).get("Status")
    return _SUSPENDED if bucket.object_lock_enabled and status != "Enabled" else None


def _lock(params: Document, bucket: FakeBucket) -> _Refusal | None:
    config = params.get("ObjectLockConfiguration") or {}
    default = (config.get("Rule") or {}).get("DefaultRetention")
    if config.get("ObjectLockEnabled") != "Enabled":
        return _MALFORMED
    if default is not None and (
        "Mode" not in default or ("Days" in default) == ("Years" in default)
    ):
        return _MALFORMED
    return None if bucket.is_versioned else _UNVERSIONED


def _retention(params: Document, bucket: FakeBucket) -> _Refusal | None:
    """Refuse a retention that ends before the one in force, or that is of another mode.

    Whether the caller may bypass governance is for IAM, which was asked before.
    """
    key = bucket.keys.get(params["Key"])
    version = params.get("VersionId")
    if version is not None:
        versions = bucket.keys.getlist(params["Key"], default=[])
        key = next((each for each in versions if each.version_id == version), None)
    mode = getattr(key, "lock_mode", None)
    if key is None or mode is None or _moment(key.lock_until) <= datetime.now(UTC):
        return None
    if mode == "GOVERNANCE" and params.get("BypassGovernanceRetention"):
        return None
    wanted = params.get("Retention") or {}
    until = wanted.get("RetainUntilDate")
    if wanted.get("Mode") != mode or _moment(until) < _moment(key.lock_until):
        return _LOCKED
    return None


def _policy(params: Document, bucket: FakeBucket) -> _Refusal | None:
    """Refuse what is no policy, and one about another bucket (API reference, PutBucketPolicy)."""
    try:
        document = strict_object(params["Policy"])
        raw = document["Statement"]
        statements = raw if isinstance(raw, list) else [raw]
        if not all({"Principal", "NotPrincipal"} & set(statement) for statement in statements):
            return 400, "MalformedPolicy", "Missing required field Principal"
        Policy(document, "bucket policy", "resource")
    except (KeyError, PolicyError, RecursionError, TypeError, ValueError):
        return 400, "MalformedPolicy", "Policies must be valid JSON and the first byte must be '{'"
    for statement in statements:
        resources = statement.get("Resource") or statement.get("NotResource") or []
        for resource in resources if isinstance(resources, list) else [resources]:
            named = resource.partition(":::")[2].partition("/")[0]
            if named != bucket.name and "*" not in named:
                return 400, "MalformedPolicy", "Policy has invalid resource"
    return None


def _moment(given: object) -> datetime:
    if given is None:
        return datetime.min.replace(tzinfo=UTC)
    moment = given if isinstance(given, datetime) else datetime.fromisoformat(str(given))
    return moment.astimezone(UTC)


_CHECKS = {
    "PutBucketPolicy": _policy,
    "PutBucketVersioning": _versioning,
    "PutObjectLockConfiguration": _lock,
    "PutObjectRetention": _retention,
}
