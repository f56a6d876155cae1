"""A trail that logs to a bucket and a log group, and calls for it to record."""

import gzip
import json
from dataclasses import replace
from typing import Any

from emulator.cloudtrail.trail import Trail
from emulator.iam import Authorizer
from emulator.wire.call import Call, Principal
from emulator.wire.http import HttpRequest, HttpResponse, json_response
from emulator.wire.operations import recognize
from tests.emulator.fake_account import ACCOUNT, REGION, FakeAccount, captured_request
from tests.emulator.shown import allow, document, trust

NAME = "chatbot-dev"
SERVICE = "cloudtrail.amazonaws.com"
BUCKET = f"chatbot-dev-trail-{ACCOUNT}"
GROUP = "/aws/cloudtrail/chatbot-dev"
GROUP_ARN = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{GROUP}"
TRAIL_ARN = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/{NAME}"
LOG_ROLE = f"arn:aws:iam::{ACCOUNT}:role/chatbot-dev-trail"
FUNCTION_ROLE = f"arn:aws:iam::{ACCOUNT}:role/chatbot-dev-execution"
OK = json_response(200, {})

FUNCTION = Principal(
    arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/chatbot-dev-execution/chatbot-dev",
    account=ACCOUNT,
    type="AssumedRole",
    role_name="chatbot-dev-execution",
    session_name="chatbot-dev",
    role_arn=FUNCTION_ROLE,
    user_id="AROAEXAMPLE:chatbot-dev",
    access_key_id="ASIAEXAMPLE",
)
ROOT = Principal(
    arn=f"arn:aws:iam::{ACCOUNT}:root",
    account=ACCOUNT,
    type="Root",
    user_id=ACCOUNT,
    access_key_id="rehearsal",
)


def bucket_policy(trail: str = TRAIL_ARN) -> str:
    def statement(action: str, resource: str, **more: str) -> dict[str, Any]:
        condition = {"StringEquals": {"aws:SourceArn": trail, **more}}
        return allow(action, resource, Principal={"Service": SERVICE}, Condition=condition)

    bucket = f"arn:aws:s3:::{BUCKET}"
    owner = {"s3:x-amz-acl": "bucket-owner-full-control"}
    return document(
        statement("s3:GetBucketAcl", bucket),
        statement("s3:PutObject", f"{bucket}/AWSLogs/{ACCOUNT}/*", **owner),
    )


class Rig:
    """A trail that logs to a bucket and a log group, as the governance module applies it."""

    def __init__(self) -> None:
        self.account = FakeAccount()
        s3 = self.account.client("s3")
        s3.create_bucket(
            Bucket=BUCKET,
            CreateBucketConfiguration={"LocationConstraint": REGION},
            ObjectLockEnabledForBucket=True,
        )
        s3.put_bucket_policy(Bucket=BUCKET, Policy=bucket_policy())
        self.account.client("logs").create_log_group(logGroupName=GROUP)
        self.account.client("iam").create_role(
            RoleName="chatbot-dev-trail", AssumeRolePolicyDocument=trust(SERVICE)
        )
        self.allow_logs("*")
        self.client = self.account.client("cloudtrail")
        self.client.create_trail(
            Name=NAME,
            S3BucketName=BUCKET,
            IsMultiRegionTrail=True,
            CloudWatchLogsLogGroupArn=f"{GROUP_ARN}:*",
            CloudWatchLogsRoleArn=LOG_ROLE,
        )
        self.client.start_logging(Name=NAME)
        self.trail = Trail(self.account, Authorizer(self.account), flush_seconds=60)

    def allow_logs(self, stream: str) -> None:
        actions = ["logs:CreateLogStream", "logs:PutLogEvents"]
        self.account.client("iam").put_role_policy(
            RoleName="chatbot-dev-trail",
            PolicyName="write",
            PolicyDocument=document(allow(actions, f"{GROUP_ARN}:log-stream:{stream}")),
        )
        self.account.written()

    def record(
        self, request: HttpRequest, response: HttpResponse = OK, principal: Principal = FUNCTION
    ) -> None:
        self.trail.record(made(request, principal), response)

    def objects(self) -> dict[str, list[dict[str, Any]]]:
        """Deliver, and return the records of every object in the bucket by its key."""
        self.trail.flush()
        s3 = self.account.client("s3")
        found = {}
        for item in s3.list_objects_v2(Bucket=BUCKET).get("Contents", []):
            body = s3.get_object(Bucket=BUCKET, Key=item["Key"])["Body"].read()
            if body[:2] == b"\x1f\x8b":
                body = gzip.decompress(body)
            found[item["Key"]] = json.loads(body)["Records"]
        return found

    def records(self) -> list[dict[str, Any]]:
        return [record for records in self.objects().values() for record in records]

    def only(self) -> dict[str, Any]:
        (record,) = self.records()
        return record


def made(request: HttpRequest, principal: Principal = FUNCTION) -> Call:
    return replace(recognize(request), request_id="r-1", principal=principal)


def call(service: str, operation: str, **given: Any) -> HttpRequest:
    return captured_request(service, operation, **given)


STOP = {"Name": NAME}

ASSESSMENT = {
    "sensitiveInformationPolicy": {
        "piiEntities": [
            {"type": "EMAIL", "match": "topsecret", "action": "ANONYMIZED", "detected": True}
        ],
        "regexes": [],
    },
    "invocationMetrics": {"usage": {"topicPolicyUnits": 1}},
}


def apply_guardrail(rig: Rig) -> None:
    rig.record(
        call(
            "bedrock-runtime",
            "apply_guardrail",
            guardrailIdentifier="abc",
            guardrailVersion="1",
            source="INPUT",
            content=[{"text": {"text": "topsecret"}}],
        ),
        json_response(200, {"action": "GUARDRAIL_INTERVENED", "assessments": [ASSESSMENT]}),
    )
    rig.trail.record_guardrail(
        made(call("bedrock-runtime", "converse", modelId="m", messages=[])),
        guardrail_arn=f"arn:aws:bedrock:{REGION}:{ACCOUNT}:guardrail/abc",
        guardrail_version="1",
        source="OUTPUT",
        action="GUARDRAIL_INTERVENED",
        assessment=ASSESSMENT,
    )
