"""S3's operations on buckets, where moto's own do something else."""

import json
from typing import Any

import pytest

from tests.emulator.conftest import ACCOUNT, REGION, client_of
from tests.emulator.shown import allow, deny, document, refusal, shows, unique

WHERE = {"LocationConstraint": REGION}

s3 = client_of("s3")


@pytest.fixture
def bucket(s3: Any) -> str:
    name = unique("operations")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration=WHERE)
    return name


NO_BUCKET = (404, "NoSuchBucket", "The specified bucket does not exist")


@shows(
    "s3:CreateBucket", "s3:HeadBucket", "s3:ListBuckets", "s3:GetBucketLocation", "s3:DeleteBucket"
)
def test_a_bucket_is_made_once_and_deleted_empty(s3: Any, bucket: str) -> None:
    again = refusal(s3.create_bucket, Bucket=bucket, CreateBucketConfiguration=WHERE)
    assert again[:2] == (409, "BucketAlreadyOwnedByYou")
    s3.head_bucket(Bucket=bucket)
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] == REGION
    assert bucket in {one["Name"] for one in s3.list_buckets()["Buckets"]}
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    full = refusal(s3.delete_bucket, Bucket=bucket)
    assert full == (409, "BucketNotEmpty", "The bucket you tried to delete is not empty")
    s3.delete_object(Bucket=bucket, Key="k")
    s3.delete_bucket(Bucket=bucket)
    assert refusal(s3.delete_bucket, Bucket=bucket) == NO_BUCKET
    assert refusal(s3.head_bucket, Bucket=bucket)[0] == 404
    elsewhere = {"LocationConstraint": "nowhere-1"}
    bad = refusal(s3.create_bucket, Bucket=unique(), CreateBucketConfiguration=elsewhere)
    assert bad[:2] == (400, "InvalidLocationConstraint")
    names = refusal(s3.create_bucket, Bucket="No_Capitals", CreateBucketConfiguration=WHERE)
    assert names[:2] == (400, "InvalidBucketName")


def test_a_bucket_with_old_versions_is_not_empty(s3: Any, bucket: str) -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    s3.delete_object(Bucket=bucket, Key="k")
    assert refusal(s3.delete_bucket, Bucket=bucket)[:2] == (409, "BucketNotEmpty")


@shows("s3:PutBucketPolicy", "s3:GetBucketPolicy", "s3:DeleteBucketPolicy")
def test_a_bucket_policy_must_be_one(s3: Any, bucket: str) -> None:
    service = {"Service": "cloudtrail.amazonaws.com"}
    policy = document(allow("s3:GetBucketAcl", f"arn:aws:s3:::{bucket}", Principal=service))
    none = (404, "NoSuchBucketPolicy", "The bucket policy does not exist")
    assert refusal(s3.get_bucket_policy, Bucket=bucket) == none
    s3.put_bucket_policy(Bucket=bucket, Policy=policy)
    assert json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"]) == json.loads(policy)
    unread = "Policies must be valid JSON and the first byte must be '{'"
    for bad, message in (
        *(("{", unread), ("[]", unread), ('{"Version": "2012-10-17"}', unread)),
        (policy.replace("Allow", "Permit"), unread),
        (policy.replace("Principal", "Nobody"), "Missing required field Principal"),
    ):
        refused = refusal(s3.put_bucket_policy, Bucket=bucket, Policy=bad)
        assert refused == (400, "MalformedPolicy", message)
    foreign = policy.replace(f":::{bucket}", ":::other")
    refused = refusal(s3.put_bucket_policy, Bucket=bucket, Policy=foreign)
    assert refused == (400, "MalformedPolicy", "Policy has invalid resource")
    s3.delete_bucket_policy(Bucket=bucket)
    assert refusal(s3.get_bucket_policy, Bucket=bucket) == none
    assert refusal(s3.put_bucket_policy, Bucket="none-such", Policy=policy)[:2] == NO_BUCKET[:2]


@shows("s3:PutBucketEncryption", "s3:GetBucketEncryption", "s3:DeleteBucketEncryption")
def test_a_bucket_is_always_encrypted(s3: Any, bucket: str) -> None:
    def rule() -> Any:
        read = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
        (one,) = read["Rules"]
        return one["ApplyServerSideEncryptionByDefault"]

    # Amazon S3 User Guide, "Setting default server-side encryption": since 2023 AES256 at least.
    assert rule() == {"SSEAlgorithm": "AES256"}
    own = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/k"}
    s3.put_bucket_encryption(
        Bucket=bucket,
        ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": own}]},
    )
    assert rule() == own
    s3.delete_bucket_encryption(Bucket=bucket)
    assert rule() == {"SSEAlgorithm": "AES256"}


@shows("s3:PutPublicAccessBlock", "s3:GetPublicAccessBlock", "s3:DeletePublicAccessBlock")
def test_a_new_bucket_is_closed(s3: Any, bucket: str) -> None:
    # Amazon S3 User Guide, "Blocking public access": on for every new bucket since April 2023.
    closed = dict.fromkeys(
        ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
    )
    read = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert read == closed
    opened = closed | {"BlockPublicAcls": False}
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=opened)
    read = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert read == opened
    s3.delete_public_access_block(Bucket=bucket)
    gone = refusal(s3.get_public_access_block, Bucket=bucket)
    assert gone[:2] == (404, "NoSuchPublicAccessBlockConfiguration")


@shows("s3:PutBucketOwnershipControls", "s3:GetBucketOwnershipControls",
       "s3:DeleteBucketOwnershipControls", "s3:GetBucketAcl")  # fmt: skip
def test_a_new_bucket_knows_no_acls(s3: Any, bucket: str) -> None:
    def owner() -> str:
        (rule,) = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
        return str(rule["ObjectOwnership"])

    # Amazon S3 User Guide, "Controlling ownership of objects": the default since April 2023.
    assert owner() == "BucketOwnerEnforced"
    controls = {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=controls)
    assert owner() == "BucketOwnerPreferred"
    (grant,) = s3.get_bucket_acl(Bucket=bucket)["Grants"]
    assert grant["Permission"] == "FULL_CONTROL"
    s3.delete_bucket_ownership_controls(Bucket=bucket)
    gone = refusal(s3.get_bucket_ownership_controls, Bucket=bucket)
    assert gone[:2] == (404, "OwnershipControlsNotFoundError")


@shows("s3:PutBucketVersioning", "s3:GetBucketVersioning", "s3:ListObjectVersions",
       "s3:PutObject", "s3:GetObject", "s3:HeadObject", "s3:DeleteObject", "s3:DeleteObjects",
       "s3:ListObjectsV2", "s3:CopyObject")  # fmt: skip
def test_versions_stay_until_they_are_deleted(s3: Any, bucket: str) -> None:
    at = {"Bucket": bucket, "Key": "state"}
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    first = s3.put_object(**at, Body=b"1")["VersionId"]
    s3.put_object(**at, Body=b"2")
    assert s3.get_object(**at)["Body"].read() == b"2"
    assert s3.head_object(**at, VersionId=first)["ContentLength"] == 1
    s3.copy_object(**at, CopySource=f"{bucket}/state?versionId={first}")
    assert s3.get_object(**at)["Body"].read() == b"1"
    assert [one["Key"] for one in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["state"]
    assert s3.delete_object(**at)["DeleteMarker"] is True
    assert refusal(s3.get_object, **at)[:2] == (404, "NoSuchKey")
    listed = s3.list_object_versions(Bucket=bucket, Prefix="state")
    assert (len(listed["Versions"]), len(listed["DeleteMarkers"])) == (3, 1)
    every = [
        {"Key": "state", "VersionId": one["VersionId"]}
        for one in [*listed["Versions"], *listed["DeleteMarkers"]]
    ]
    assert len(s3.delete_objects(Bucket=bucket, Delete={"Objects": every})["Deleted"]) == 4
    assert "Versions" not in s3.list_object_versions(Bucket=bucket)
    assert refusal(s3.list_objects_v2, Bucket="none-such")[:2] == NO_BUCKET[:2]


@shows("s3:ListObjects")
def test_objects_are_listed_in_pages(s3: Any, bucket: str) -> None:
    for key in ("a/1", "a/2", "a/3", "b/1"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    page = s3.list_objects(Bucket=bucket, Prefix="a/", MaxKeys=2)
    assert [one["Key"] for one in page["Contents"]] == ["a/1", "a/2"]
    # S3 API reference, ListObjects: no NextMarker without a delimiter; the last key is the marker.
    assert page["IsTruncated"] is True
    assert "NextMarker" not in page
    rest = s3.list_objects(Bucket=bucket, Prefix="a/", Marker="a/2")
    assert [one["Key"] for one in rest["Contents"]] == ["a/3"]
    assert refusal(s3.list_objects, Bucket=bucket, Delimiter="/")[0] == 501  # folders: not here
    assert refusal(s3.list_objects, Bucket="none-such")[:2] == NO_BUCKET[:2]


@shows("s3:PutBucketLifecycleConfiguration", "s3:GetBucketLifecycleConfiguration",
       "s3:DeleteBucketLifecycle")  # fmt: skip
def test_lifecycle_rules_are_replaced(s3: Any, bucket: str) -> None:
    none = (404, "NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist")
    assert refusal(s3.get_bucket_lifecycle_configuration, Bucket=bucket) == none

    def put(name: str, **more: Any) -> None:
        rule = {"ID": name, "Status": "Enabled", "Filter": {}, "Expiration": {"Days": 30}} | more
        s3.put_bucket_lifecycle_configuration(
            Bucket=bucket, LifecycleConfiguration={"Rules": [rule]}
        )

    put("a")
    put("b", NoncurrentVersionExpiration={"NoncurrentDays": 7})
    (read,) = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert (read["ID"], read["NoncurrentVersionExpiration"]) == ("b", {"NoncurrentDays": 7})
    s3.delete_bucket_lifecycle(Bucket=bucket)
    assert refusal(s3.get_bucket_lifecycle_configuration, Bucket=bucket) == none


@shows("s3:PutBucketTagging", "s3:GetBucketTagging", "s3:DeleteBucketTagging")
def test_a_buckets_tags_are_replaced(s3: Any, bucket: str) -> None:
    none = (404, "NoSuchTagSet", "The TagSet does not exist")
    assert refusal(s3.get_bucket_tagging, Bucket=bucket) == none
    for name in "ab":
        tags = [{"Key": name, "Value": "1"}]
        s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == tags
    s3.delete_bucket_tagging(Bucket=bucket)
    assert refusal(s3.get_bucket_tagging, Bucket=bucket) == none


@shows("s3:GetBucketAccelerateConfiguration", "s3:GetBucketLogging", "s3:GetBucketRequestPayment",
       unset=("s3:GetBucketCors", "s3:GetBucketReplication", "s3:GetBucketWebsite"))  # fmt: skip
def test_what_nobody_configured(s3: Any, bucket: str) -> None:
    assert "Status" not in s3.get_bucket_accelerate_configuration(Bucket=bucket)
    assert "LoggingEnabled" not in s3.get_bucket_logging(Bucket=bucket)
    assert s3.get_bucket_request_payment(Bucket=bucket)["Payer"] == "BucketOwner"
    for call, code in (
        (s3.get_bucket_cors, "NoSuchCORSConfiguration"),
        (s3.get_bucket_website, "NoSuchWebsiteConfiguration"),
        (s3.get_bucket_replication, "ReplicationConfigurationNotFoundError"),
        (s3.get_object_lock_configuration, "ObjectLockConfigurationNotFoundError"),
    ):
        assert refusal(call, Bucket=bucket)[:2] == (404, code)


@shows("s3:PutObjectLockConfiguration", "s3:GetObjectLockConfiguration")
def test_object_lock_is_of_a_versioned_bucket_and_changes_while_it_is_in_use(s3: Any) -> None:
    name = unique("locked")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration=WHERE, ObjectLockEnabledForBucket=True)
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    s3.put_object(Bucket=name, Key="k", Body=b"x")
    rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 3}}
    for more in ({"Rule": rule}, {}):
        locked = {"ObjectLockEnabled": "Enabled", **more}
        s3.put_object_lock_configuration(Bucket=name, ObjectLockConfiguration=locked)
        assert s3.get_object_lock_configuration(Bucket=name)["ObjectLockConfiguration"] == locked


def test_the_owner_of_a_bucket_can_be_named(s3: Any, bucket: str) -> None:
    s3.get_bucket_acl(Bucket=bucket, ExpectedBucketOwner=ACCOUNT)
    refused = refusal(s3.get_bucket_acl, Bucket=bucket, ExpectedBucketOwner="999999999999")
    assert refused == (403, "AccessDenied", "Access Denied")


def test_a_bucket_policy_denies_only_what_its_condition_says(s3: Any, bucket: str) -> None:
    unencrypted = {"Bool": {"aws:SecureTransport": "false"}}
    statement = deny("s3:*", f"arn:aws:s3:::{bucket}/*", Principal="*", Condition=unencrypted)
    s3.put_bucket_policy(Bucket=bucket, Policy=document(statement))
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")


@shows("s3:PutObjectTagging", "s3:GetObjectTagging", "s3:DeleteObjectTagging")
def test_an_object_has_tags_of_its_own(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", Tagging="team=chat")
    s3.put_object(Bucket=bucket, Key="other", Body=b"x")
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == [
        {"Key": "team", "Value": "chat"}
    ]
    changed = [{"Key": "team", "Value": "web"}, {"Key": "cost", "Value": "1"}]
    s3.put_object_tagging(Bucket=bucket, Key="k", Tagging={"TagSet": changed})
    tags = s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"team": "web", "cost": "1"}
    assert s3.get_object_tagging(Bucket=bucket, Key="other")["TagSet"] == []
    s3.delete_object_tagging(Bucket=bucket, Key="k")
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == []
    assert refusal(s3.get_object_tagging, Bucket=bucket, Key="none")[:2] == (404, "NoSuchKey")
