"""Each call of the control plane is recorded with its caller."""

import json
from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError

from tests.emulator.cloudtrail.test_operations import bucket_policy
from tests.emulator.conftest import ACCOUNT, REGION, Emulator
from tests.emulator.shown import allow, document, trust, unique


def test_calls_of_the_control_plane_are_recorded_with_their_caller(
    emulator: Emulator, log_events: Callable[[str, str], list[str]]
) -> None:
    name = unique("trail")
    s3, logs, iam, trails = map(emulator.client, ("s3", "logs", "iam", "cloudtrail"))
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_policy(Bucket=name, Policy=bucket_policy(name))
    logs.create_log_group(logGroupName=name)
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}"
    role = iam.create_role(
        RoleName=name, AssumeRolePolicyDocument=trust("cloudtrail.amazonaws.com")
    )["Role"]["Arn"]
    write = document(allow("logs:*", f"{group}:log-stream:*"))
    iam.put_role_policy(RoleName=name, PolicyName="logs", PolicyDocument=write)
    trails.create_trail(
        Name=name,
        S3BucketName=name,
        CloudWatchLogsLogGroupArn=f"{group}:*",
        CloudWatchLogsRoleArn=role,
    )
    trails.start_logging(Name=name)
    emulator.client("sns").create_topic(Name=name)
    nobody = emulator.role(unique("nobody"), [])
    with pytest.raises(ClientError):
        emulator.client("kms", nobody).list_keys()
    with pytest.raises(ClientError, match="security token"):  # somebody who only knows its key id
        emulator.client("kms", nobody | {"SessionToken": "made-up"}).list_aliases()
    trails.stop_logging(Name=name)
    emulator.server.app.door.trail.flush()

    records = [json.loads(each) for each in log_events(name, f"{ACCOUNT}_CloudTrail_{REGION}")]
    by_name = {record["eventName"]: record for record in records}
    assert by_name["CreateTopic"]["userIdentity"]["arn"] == f"arn:aws:iam::{ACCOUNT}:root"
    assert by_name["ListKeys"]["errorCode"] == "AccessDenied"
    assert ":assumed-role/nobody-" in by_name["ListKeys"]["userIdentity"]["arn"]
    assert "StopLogging" in by_name
    assert "ListAliases" not in by_name
