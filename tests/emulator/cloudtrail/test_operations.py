"""CloudTrail's operations, where moto's own do something else."""

import json
from collections.abc import Callable, Iterator

import pytest

from emulator.cloudtrail.patches import MAX_TRAILS
from tests.emulator.conftest import ACCOUNT, REGION, Aws, Emulator
from tests.emulator.shown import allow, document, refusal, shows, trust, unique


def bucket_policy(bucket: str) -> str:
    arn, service = f"arn:aws:s3:::{bucket}", {"Service": "cloudtrail.amazonaws.com"}
    return document(
        allow("s3:GetBucketAcl", arn, Principal=service),
        allow("s3:PutObject", f"{arn}/*", Principal=service),
    )


@pytest.fixture
def bucket(emulator: Emulator) -> str:
    """Make a bucket that CloudTrail may write to."""
    name = unique("trail-bucket")
    s3 = emulator.client("s3")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_policy(Bucket=name, Policy=bucket_policy(name))
    return name


@pytest.fixture
def trail(aws: Aws, bucket: str) -> Iterator[str]:
    name = unique("trail")
    client = aws("cloudtrail")
    client.create_trail(Name=name, S3BucketName=bucket, TagsList=[{"Key": "a", "Value": "1"}])
    yield name
    names = {one["Name"] for one in client.describe_trails()["trailList"]}
    if name in names:
        client.delete_trail(Name=name)


def arn_of(name: str) -> str:
    return f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/{name}"


@shows("cloudtrail:DescribeTrails", "cloudtrail:GetTrail", "cloudtrail:ListTrails")
def test_trails_are_described_by_name_and_by_arn(aws: Aws, trail: str) -> None:
    client = aws("cloudtrail")

    def described(*names: str) -> list[str]:
        return [one["Name"] for one in client.describe_trails(trailNameList=names)["trailList"]]

    assert described(trail) == described(arn_of(trail)) == [trail]
    assert described("no-such-trail") == []
    assert trail in described()
    assert client.get_trail(Name=arn_of(trail))["Trail"]["HomeRegion"] == REGION
    assert arn_of(trail) in {one["TrailARN"] for one in client.list_trails()["Trails"]}
    assert refusal(client.get_trail, Name="no-such-trail") == (
        400, "TrailNotFoundException", f"Unknown trail: no-such-trail for the user: {ACCOUNT}",
    )  # fmt: skip


@shows("cloudtrail:DeleteTrail")
@pytest.mark.parametrize("named", [str, arn_of])
def test_a_trail_is_deleted_by_name_or_arn_and_its_tags_with_it(
    aws: Aws, trail: str, bucket: str, named: Callable[[str], str]
) -> None:
    client = aws("cloudtrail")
    client.delete_trail(Name=named(trail))
    assert client.describe_trails(trailNameList=[trail])["trailList"] == []
    assert refusal(client.delete_trail, Name=named(trail))[1] == "TrailNotFoundException"
    client.create_trail(Name=trail, S3BucketName=bucket)
    (tags,) = client.list_tags(ResourceIdList=[arn_of(trail)])["ResourceTagList"]
    assert tags["TagsList"] == []


@shows("cloudtrail:CreateTrail", "cloudtrail:UpdateTrail")
def test_a_trail_is_not_made_twice_and_changes_in_place(aws: Aws, trail: str, bucket: str) -> None:
    client = aws("cloudtrail")
    assert refusal(client.create_trail, Name=trail, S3BucketName=bucket) == (
        400, "TrailAlreadyExistsException",
        f"Trail {trail} already exists for customer: {ACCOUNT}",
    )  # fmt: skip
    client.update_trail(Name=arn_of(trail), IsMultiRegionTrail=True, EnableLogFileValidation=True)
    read = client.get_trail(Name=trail)["Trail"]
    assert (read["IsMultiRegionTrail"], read["LogFileValidationEnabled"]) == (True, True)
    assert read["S3BucketName"] == bucket
    assert refusal(client.update_trail, Name="no-such")[1] == "TrailNotFoundException"
    missing = refusal(client.create_trail, Name=unique(), S3BucketName="no-such-bucket")
    assert missing[:2] == (400, "S3BucketDoesNotExistException")
    assert "KmsKeyId" not in read


def test_a_region_has_five_trails(aws: Aws, bucket: str) -> None:
    client = aws("cloudtrail", region="eu-west-3")
    names = [unique("trail") for _ in range(MAX_TRAILS)]
    for name in names:
        client.create_trail(Name=name, S3BucketName=bucket)
    refused = refusal(client.create_trail, Name=unique("trail"), S3BucketName=bucket)
    assert refused[1] == "MaximumNumberOfTrailsExceededException"
    for name in names:
        client.delete_trail(Name=name)


def test_a_trail_that_could_not_deliver_is_refused(aws: Aws, bucket: str) -> None:
    trails, logs, iam = aws("cloudtrail"), aws("logs"), aws("iam")
    closed = unique("closed")
    where = {"LocationConstraint": REGION}
    aws("s3").create_bucket(Bucket=closed, CreateBucketConfiguration=where)
    name = unique("trail")
    assert refusal(trails.create_trail, Name=name, S3BucketName=closed) == (
        400, "InsufficientS3BucketPolicyException",
        f"Incorrect S3 bucket policy is detected for bucket: {closed}",
    )  # fmt: skip

    key = aws("kms").create_key()["KeyMetadata"]["Arn"]  # trusts the account alone
    refused = refusal(trails.create_trail, Name=name, S3BucketName=bucket, KmsKeyId=key)
    assert refused[1] == "InsufficientEncryptionPolicyException"

    group = unique("/trail")
    logs.create_log_group(logGroupName=group)
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}:*"
    roles = {}
    for service in ("lambda.amazonaws.com", "cloudtrail.amazonaws.com"):
        made = iam.create_role(RoleName=unique(), AssumeRolePolicyDocument=trust(service))
        roles[service.partition(".")[0]] = made["Role"]

    def create(role: str, to: str = arn) -> tuple[int, str, str]:
        settings = {"CloudWatchLogsLogGroupArn": to, "CloudWatchLogsRoleArn": roles[role]["Arn"]}
        return refusal(trails.create_trail, Name=name, S3BucketName=bucket, **settings)

    assert create("lambda") == (
        400, "InvalidCloudWatchLogsRoleArnException",
        "Access denied. Check the trust relationships for your role.",
    )  # fmt: skip
    assert create("cloudtrail") == (
        400, "InvalidCloudWatchLogsLogGroupArnException",
        "Access denied. Check the permissions for your role.",
    )  # fmt: skip
    assert create("cloudtrail", arn.replace(group, "none"))[1] == (
        "InvalidCloudWatchLogsLogGroupArnException"
    )
    assert trails.describe_trails(trailNameList=[name])["trailList"] == []


@shows("cloudtrail:PutEventSelectors", "cloudtrail:GetEventSelectors")
def test_a_trail_has_one_kind_of_selectors(aws: Aws, trail: str) -> None:
    client = aws("cloudtrail")
    default = {
        "ReadWriteType": "All",
        "IncludeManagementEvents": True,
        "DataResources": [],
        "ExcludeManagementEventSources": [],
    }
    assert client.get_event_selectors(TrailName=trail)["EventSelectors"] == [default]
    assert client.get_trail(Name=trail)["Trail"]["HasCustomEventSelectors"] is False
    management = {"Field": "eventCategory", "Equals": ["Management"]}
    advanced = [{"Name": "m", "FieldSelectors": [management]}]
    client.put_event_selectors(TrailName=arn_of(trail), AdvancedEventSelectors=advanced)
    read = client.get_event_selectors(TrailName=trail)
    assert read["AdvancedEventSelectors"] == advanced
    assert "EventSelectors" not in read
    assert client.get_trail(Name=trail)["Trail"]["HasCustomEventSelectors"] is True
    client.put_event_selectors(TrailName=trail, EventSelectors=[{"ReadWriteType": "ReadOnly"}])
    read = client.get_event_selectors(TrailName=trail)
    assert "AdvancedEventSelectors" not in read
    assert read["EventSelectors"] == [default | {"ReadWriteType": "ReadOnly"}]
    both = {"EventSelectors": [default], "AdvancedEventSelectors": advanced}
    refused = refusal(client.put_event_selectors, TrailName=trail, **both)
    assert refused[1] == "InvalidEventSelectorsException"
    assert refusal(client.get_event_selectors, TrailName="none")[1] == "TrailNotFoundException"


@shows("cloudtrail:StartLogging", "cloudtrail:StopLogging", "cloudtrail:GetTrailStatus")
def test_the_status_tells_what_was_delivered_and_what_was_not(
    aws: Aws, emulator: Emulator, trail: str, bucket: str
) -> None:
    client = aws("cloudtrail")
    client.start_logging(Name=arn_of(trail))
    aws("sns").create_topic(Name=unique())
    emulator.server.app.door.trail.flush()
    status = client.get_trail_status(Name=trail)
    assert status["IsLogging"] is True
    assert "LatestDeliveryError" not in status
    assert "LatestDeliveryTime" in status
    aws("s3").delete_bucket_policy(Bucket=bucket)
    aws("sns").create_topic(Name=unique())
    emulator.server.app.door.trail.flush()
    assert client.get_trail_status(Name=arn_of(trail))["LatestDeliveryError"] == "AccessDenied"
    client.stop_logging(Name=trail)
    status = client.get_trail_status(Name=trail)
    assert status["IsLogging"] is False
    assert status["StopLoggingTime"]
    aws("s3").put_bucket_policy(Bucket=bucket, Policy=bucket_policy(bucket))
    client.delete_trail(Name=trail)
    client.create_trail(Name=trail, S3BucketName=bucket)
    assert "LatestDeliveryError" not in client.get_trail_status(Name=trail)
    assert refusal(client.stop_logging, Name="none")[1] == "TrailNotFoundException"


def test_calls_of_the_control_plane_are_recorded_with_their_caller(
    aws: Aws, emulator: Emulator, trail: str, log_events: Callable[[str, str], list[str]]
) -> None:
    trails, iam = aws("cloudtrail"), aws("iam")
    aws("logs").create_log_group(logGroupName=trail)
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{trail}"
    anybody = trust("cloudtrail.amazonaws.com")
    role = iam.create_role(RoleName=trail, AssumeRolePolicyDocument=anybody)["Role"]["Arn"]
    write = document(allow("logs:*", f"{group}:log-stream:*"))
    iam.put_role_policy(RoleName=trail, PolicyName="logs", PolicyDocument=write)
    settings = {"CloudWatchLogsLogGroupArn": f"{group}:*", "CloudWatchLogsRoleArn": role}
    trails.update_trail(Name=trail, **settings)
    trails.start_logging(Name=trail)
    aws("sns").create_topic(Name=trail)
    nobody = emulator.role(unique("nobody"), [])
    assert refusal(aws("kms", nobody).list_keys)[1] == "AccessDeniedException"
    stranger = nobody | {"SessionToken": "made-up"}  # somebody who only knows its key id
    assert "security token" in refusal(aws("kms", stranger).list_aliases)[2]
    trails.stop_logging(Name=trail)
    emulator.server.app.door.trail.flush()

    records = [json.loads(each) for each in log_events(trail, f"{ACCOUNT}_CloudTrail_{REGION}")]
    by_name = {record["eventName"]: record for record in records}
    assert by_name["CreateTopic"]["userIdentity"]["arn"] == f"arn:aws:iam::{ACCOUNT}:root"
    assert by_name["ListKeys"]["errorCode"] == "AccessDenied"
    assert ":assumed-role/nobody-" in by_name["ListKeys"]["userIdentity"]["arn"]
    assert "StopLogging" in by_name
    assert "ListAliases" not in by_name


@shows("cloudtrail:AddTags", "cloudtrail:RemoveTags", "cloudtrail:ListTags")
def test_only_a_trail_has_tags(aws: Aws, trail: str) -> None:
    client = aws("cloudtrail")
    client.add_tags(ResourceId=arn_of(trail), TagsList=[{"Key": "b", "Value": "2"}])
    client.remove_tags(ResourceId=arn_of(trail), TagsList=[{"Key": "a", "Value": "1"}])
    (read,) = client.list_tags(ResourceIdList=[arn_of(trail)])["ResourceTagList"]
    assert read["TagsList"] == [{"Key": "b", "Value": "2"}]
    tags = [{"Key": "a", "Value": "1"}]
    refused = refusal(client.add_tags, ResourceId=arn_of("none"), TagsList=tags)
    assert refused[1] == "ResourceNotFoundException"
    assert refusal(client.list_tags, ResourceIdList=["none"])[1] == "CloudTrailARNInvalidException"
