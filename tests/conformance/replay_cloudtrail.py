"""What CloudTrail recorded of Bedrock's calls, and what it refused of trails."""

import gzip
import json
import uuid
from collections.abc import Callable
from typing import Any

from tests.conformance.harness import NotImplementedHereError, asked, replay
from tests.conformance.replay_bedrock import INSULTS, PROFILE, guardrail
from tests.emulator.conftest import ACCOUNT, REGION, Emulator
from tests.emulator.shown import allow, document, trust

_ADVANCED = [
    {"Name": "management", "FieldSelectors": [{"Field": "eventCategory",
     "Equals": ["Management"]}]},
    {"Name": "guardrails", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]},
     {"Field": "resources.type", "Equals": ["AWS::Bedrock::Guardrail"]}]},
]  # fmt: skip


class ReplayTrail:
    """A trail with a bucket, a log group and a role, all as AWS's guide has them."""

    def __init__(self, aws: Emulator) -> None:
        self.aws, self.name = aws, f"replay-{uuid.uuid4()}"
        s3, iam, logs = aws.client("s3"), aws.client("iam"), aws.client("logs")
        s3.create_bucket(Bucket=self.name, CreateBucketConfiguration={"LocationConstraint": REGION})
        service = {"Service": "cloudtrail.amazonaws.com"}
        bucket = f"arn:aws:s3:::{self.name}"
        s3.put_bucket_policy(
            Bucket=self.name,
            Policy=document(
                allow("s3:GetBucketAcl", bucket, Principal=service),
                allow("s3:PutObject", f"{bucket}/AWSLogs/{ACCOUNT}/*", Principal=service),
            ),
        )
        logs.create_log_group(logGroupName=self.name)
        self.group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{self.name}:*"
        self.role = iam.create_role(
            RoleName=self.name, AssumeRolePolicyDocument=trust("cloudtrail.amazonaws.com")
        )["Role"]["Arn"]

    def create(self, *, may_write: bool = True) -> dict[str, Any]:
        """Make the trail; its role may write to the log group, or may not."""
        if may_write:
            actions = ["logs:CreateLogStream", "logs:PutLogEvents"]
            self.aws.client("iam").put_role_policy(
                RoleName=self.name,
                PolicyName="logs",
                PolicyDocument=document(allow(actions, self.group)),
            )
        return asked(
            self.aws.client("cloudtrail").create_trail,
            Name=self.name,
            S3BucketName=self.name,
            CloudWatchLogsLogGroupArn=self.group,
            CloudWatchLogsRoleArn=self.role,
        )

    def records(self, act: Callable[[Any], Any]) -> list[dict[str, Any]]:
        """Return what is recorded of a caller of Bedrock who does something."""
        trails = self.aws.client("cloudtrail")
        assert self.create()["status"] == 200
        trails.put_event_selectors(TrailName=self.name, AdvancedEventSelectors=_ADVANCED)
        trails.start_logging(Name=self.name)
        caller = self.aws.role(f"caller-{uuid.uuid4()}", [allow("bedrock:*")])
        try:
            act(self.aws.client("bedrock-runtime", caller))
        finally:
            self.aws.server.app.door.trail.flush()
            trails.delete_trail(Name=self.name)
        s3, found = self.aws.client("s3"), []
        for item in s3.list_objects_v2(Bucket=self.name).get("Contents", []):
            body = s3.get_object(Bucket=self.name, Key=item["Key"])["Body"].read()
            found += json.loads(gzip.decompress(body))["Records"]
        return [each for each in found if each["eventSource"] == "bedrock.amazonaws.com"]

    def streams(self) -> list[str]:
        self.aws.server.app.door.account.logs.flush()
        read = self.aws.client("logs").describe_log_streams(logGroupName=self.name)
        return [stream["logStreamName"] for stream in read["logStreams"]]


def _question(text: str = "Where is my parcel?") -> dict[str, Any]:
    return {"modelId": PROFILE, "messages": [{"role": "user", "content": [{"text": text}]}]}


@replay("trail-001")
def model_call(aws: Emulator) -> dict[str, Any]:
    # Recorded of InvokeModel, which is absent; a call of Converse is the same kind of event.
    (record,) = ReplayTrail(aws).records(lambda bedrock: bedrock.converse(**_question()))
    return record


def _blocked(aws: Emulator, bedrock: Any) -> None:
    config = guardrail(aws, INSULTS)
    version = aws.client("bedrock").create_guardrail_version(
        guardrailIdentifier=config["guardrailIdentifier"]
    )["version"]
    bedrock.converse(
        **_question("You are a useless, stupid bot."),
        guardrailConfig=config | {"guardrailVersion": version},
    )


@replay(
    "trail-002",
    reading={  # the ids are this account's, and the filter the one that was violated
        "requestParameters": {
            "guardrailIdentifier": "<id>",
            "guardrailVersion": "1",
            "source": "INPUT",
        },
        "an id": True,
        "responseElements": {
            "action": "GUARDRAIL_INTERVENED",
            "assessments": [
                {
                    "contentPolicy": {
                        "filters": [
                            {
                                "type": "INSULTS",
                                "confidence": "HIGH",
                                "action": "BLOCKED",
                                "detected": True,
                            }
                        ]
                    }
                }
            ],
        },
        "readOnly": True,
        "managementEvent": False,
        "eventCategory": "Data",
        "resources": [
            {"accountId": ACCOUNT, "type": "AWS::Bedrock::Guardrail", "ARN": "arn:aws:<arn>"}
        ],
    },
)
def guardrail_evaluation(aws: Emulator) -> dict[str, Any]:
    records = ReplayTrail(aws).records(lambda bedrock: _blocked(aws, bedrock))
    (record,) = [each for each in records if each["eventName"] == "ApplyGuardrail"]
    return record | {"an id": ":" not in record["requestParameters"]["guardrailIdentifier"]}


@replay("trail-003", reading={"Converse": "Management", "ApplyGuardrail": "Data"})
def kinds_of_events(aws: Emulator) -> dict[str, Any]:
    records = ReplayTrail(aws).records(lambda bedrock: _blocked(aws, bedrock))
    return {each["eventName"]: each["eventCategory"] for each in records}


@replay("trail-004")
def end_of_a_stream(aws: Emulator) -> dict[str, Any]:
    answer = asked(aws.client("bedrock-runtime").converse_stream, **_question())
    raise NotImplementedHereError(answer)


@replay("trail-005", reading={"streams": [f"{ACCOUNT}_CloudTrail_{REGION}"]})
def stream_of_a_trail(aws: Emulator) -> dict[str, Any]:
    trail = ReplayTrail(aws)
    trail.records(lambda bedrock: bedrock.converse(**_question()))
    return {"streams": trail.streams()}


@replay("trail-006")
def role_may_not_write(aws: Emulator) -> dict[str, Any]:
    return ReplayTrail(aws).create(may_write=False)
