"""What CloudTrail tries before it makes or changes a trail: the bucket, the key, the log group.

The two texts about the log group are on record (shared recordings iam-010 and trail-006); that
about the bucket is in CloudTrail's guide, "Fixing a wrong bucket policy", that about the key in
"CreateTrail", whose errors the API reference lists.
"""

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from emulator.account import Account
from emulator.cloudtrail.trail import Trail
from emulator.wire.call import Call
from emulator.wire.documents import JsonObject
from emulator.wire.errors import AwsError


def refuse(call: Call, trail: Trail, account: Account) -> None:
    """Refuse a trail that could not deliver. Raises AwsError."""
    if call.operation not in {"CreateTrail", "UpdateTrail"}:
        return
    settings = _settings(call, account.client("cloudtrail"))
    if settings is None or not _exists(settings["S3BucketName"], account.client("s3")):
        return  # moto knows what to say
    match trail.delivery.problem(settings):
        case None:
            return
        case "bucket":
            bucket = settings["S3BucketName"]
            code = "InsufficientS3BucketPolicyException"
            message = f"Incorrect S3 bucket policy is detected for bucket: {bucket}"
        case "key":
            bucket, key = settings["S3BucketName"], settings["KmsKeyId"]
            code = "InsufficientEncryptionPolicyException"
            message = f"Insufficient permissions to access S3 bucket {bucket} or KMS key {key}."
        case "trust":
            code = "InvalidCloudWatchLogsRoleArnException"
            message = "Access denied. Check the trust relationships for your role."
        case "group":
            code = "InvalidCloudWatchLogsLogGroupArnException"
            message = "CloudTrail cannot validate the specified log group ARN."
        case _:
            code = "InvalidCloudWatchLogsLogGroupArnException"
            message = "Access denied. Check the permissions for your role."
    raise AwsError(400, code, message)


def _exists(bucket: str, client: BaseClient) -> bool:
    try:
        client.head_bucket(Bucket=bucket)
    except ClientError:
        return False
    return True


def _settings(call: Call, client: BaseClient) -> JsonObject | None:
    """Return the trail as it would be; None where there is none to change."""
    known: JsonObject = {}
    if call.operation == "UpdateTrail":
        try:
            known = client.get_trail(Name=call.params["Name"])["Trail"]
        except ClientError:
            return None
    return known | {name: value for name, value in call.params.items() if value is not None}
