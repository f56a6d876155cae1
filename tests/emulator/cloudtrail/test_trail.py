"""CloudTrail records what was called, by whom, and delivers it only where it may."""

import gzip
import json
import logging
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from botocore.stub import ANY
from moto import mock_aws

from emulator.bedrock.trace import recorded
from emulator.cloudtrail.trail import Trail
from emulator.iam import Authorizer
from emulator.wire.call import UNKNOWN, Call, Principal
from emulator.wire.errors import AwsError, render
from emulator.wire.http import HttpRequest, HttpResponse, json_response
from emulator.wire.operations import recognize
from tests.emulator.fake_cloud import ACCOUNT, REGION, FakeCloud, captured_request

NAME = "chatbot-dev"
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


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def bucket_policy(trail: str = TRAIL_ARN) -> str:
    def statement(action: str, resource: str, **more: str) -> dict[str, Any]:
        return {
            "Effect": "Allow",
            "Principal": {"Service": "cloudtrail.amazonaws.com"},
            "Action": action,
            "Resource": resource,
            "Condition": {"StringEquals": {"aws:SourceArn": trail, **more}},
        }

    bucket = f"arn:aws:s3:::{BUCKET}"
    owner = {"s3:x-amz-acl": "bucket-owner-full-control"}
    return document(
        statement("s3:GetBucketAcl", bucket),
        statement("s3:PutObject", f"{bucket}/AWSLogs/{ACCOUNT}/*", **owner),
    )


class Rig:
    """A trail that logs to a bucket and a log group, as the governance module applies it."""

    def __init__(self) -> None:
        self.cloud = FakeCloud()
        s3 = self.cloud.client("s3")
        s3.create_bucket(
            Bucket=BUCKET,
            CreateBucketConfiguration={"LocationConstraint": REGION},
            ObjectLockEnabledForBucket=True,
        )
        s3.put_bucket_policy(Bucket=BUCKET, Policy=bucket_policy())
        self.cloud.client("logs").create_log_group(logGroupName=GROUP)
        iam = self.cloud.client("iam")
        iam.create_role(
            RoleName="chatbot-dev-trail",
            AssumeRolePolicyDocument=document(
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "cloudtrail.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ),
        )
        self.allow_logs("*")
        self.client = self.cloud.client("cloudtrail")
        self.client.create_trail(
            Name=NAME,
            S3BucketName=BUCKET,
            IsMultiRegionTrail=True,
            CloudWatchLogsLogGroupArn=f"{GROUP_ARN}:*",
            CloudWatchLogsRoleArn=LOG_ROLE,
        )
        self.client.start_logging(Name=NAME)
        self.trail = Trail(self.cloud, Authorizer(self.cloud), flush_seconds=60)

    def trust(self, **more: Any) -> None:
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "cloudtrail.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
        self.cloud.client("iam").update_assume_role_policy(
            RoleName="chatbot-dev-trail", PolicyDocument=document(statement | more)
        )
        self.cloud.bump()

    def allow_logs(self, stream: str) -> None:
        self.cloud.client("iam").put_role_policy(
            RoleName="chatbot-dev-trail",
            PolicyName="write",
            PolicyDocument=document(
                {
                    "Effect": "Allow",
                    "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                    "Resource": f"{GROUP_ARN}:log-stream:{stream}",
                }
            ),
        )
        self.cloud.bump()

    def record(
        self,
        request: HttpRequest,
        response: HttpResponse = OK,
        principal: Principal = FUNCTION,
    ) -> None:
        self.trail.record(made(request, principal), response)

    def objects(self) -> dict[str, list[dict[str, Any]]]:
        """Deliver, and return the records of every object in the bucket by its key."""
        self.trail.flush()
        s3 = self.cloud.client("s3")
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


@pytest.fixture
def rig() -> Iterator[Rig]:
    with mock_aws():
        made = Rig()
        yield made
        made.trail.close()


def made(request: HttpRequest, principal: Principal = FUNCTION) -> Call:
    return replace(recognize(request), request_id="r-1", principal=principal)


def call(service: str, operation: str, **given: Any) -> HttpRequest:
    return captured_request(service, operation, **given)


STOP = {"Name": NAME}


def test_a_record_has_awss_shape(rig: Rig) -> None:
    rig.record(call("logs", "put_retention_policy", logGroupName="g", retentionInDays=1))
    record = rig.only()
    assert record == {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": "AROAEXAMPLE:chatbot-dev",
            "arn": FUNCTION.arn,
            "accountId": ACCOUNT,
            "accessKeyId": "ASIAEXAMPLE",
            "sessionContext": {
                "sessionIssuer": {
                    "type": "Role",
                    "principalId": "AROAEXAMPLE",
                    "arn": FUNCTION_ROLE,
                    "accountId": ACCOUNT,
                    "userName": "chatbot-dev-execution",
                },
                "attributes": {"creationDate": ANY, "mfaAuthenticated": "false"},
            },
        },
        "eventTime": ANY,
        "eventSource": "logs.amazonaws.com",
        "eventName": "PutRetentionPolicy",
        "awsRegion": REGION,
        "sourceIPAddress": "127.0.0.1",
        "userAgent": ANY,
        "requestParameters": {"logGroupName": "g", "retentionInDays": 1},
        "responseElements": None,
        "requestID": "r-1",
        "eventID": ANY,
        "readOnly": False,
        "tlsDetails": {"clientProvidedHostHeader": f"logs.{REGION}.amazonaws.com"},
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", record["eventTime"])
    assert record["userAgent"].startswith("Boto3/")


def test_objects_lie_where_cloudtrail_puts_them(rig: Rig) -> None:
    rig.record(call("logs", "delete_log_group", logGroupName="g"))
    rig.record(call("iam", "detach_role_policy", RoleName="r", PolicyArn="arn:aws:iam::1:policy/p"))
    keys = sorted(rig.objects())
    for key, region in zip(keys, ("us-east-1", REGION), strict=True):  # IAM is a global service
        day = r"\d{4}/\d\d/\d\d"
        name = rf"{ACCOUNT}_CloudTrail_{region}_\d{{8}}T\d{{4}}Z_[A-Za-z0-9]{{16}}\.json\.gz"
        assert re.fullmatch(rf"AWSLogs/{ACCOUNT}/CloudTrail/{region}/{day}/{name}", key)
    head = rig.cloud.client("s3").head_object(Bucket=BUCKET, Key=keys[0])
    assert (head["ContentType"], head["ContentEncoding"]) == ("application/json", "gzip")


def test_each_record_is_one_event_in_the_log_group(rig: Rig) -> None:
    rig.record(call("logs", "delete_log_group", logGroupName="a"))
    rig.record(call("iam", "delete_role", RoleName="b"))  # recorded in another region
    rig.trail.flush()
    assert [(group, stream) for group, stream, _ in rig.cloud.logged] == [
        (GROUP, f"{ACCOUNT}_CloudTrail_{REGION}")
    ] * 2
    names = [json.loads(text)["eventName"] for *_, text in rig.cloud.logged]
    assert names == ["DeleteLogGroup", "DeleteRole"]


def test_a_denied_call_has_its_error(rig: Rig) -> None:
    message = f"User: {FUNCTION.arn} is not authorized to perform: bedrock:DeleteGuardrail"
    request = call("bedrock", "delete_guardrail", guardrailIdentifier="abc")
    rig.record(request, render(AwsError(403, "AccessDeniedException", message), "rest-json"))
    record = rig.only()
    assert (record["errorCode"], record["errorMessage"]) == ("AccessDenied", message)
    assert record["eventSource"] == "bedrock.amazonaws.com"
    assert record["requestParameters"] == {"guardrailIdentifier": "abc"}
    assert record["responseElements"] is None


def test_the_error_is_read_in_every_protocol(rig: Rig) -> None:
    bucket = b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>"
    query = b"<ErrorResponse>" + bucket + b"</ErrorResponse>"
    rig.record(
        call("iam", "delete_role", RoleName="r"),
        HttpResponse(403, (("Content-Type", "text/xml"),), query),
    )
    target = json.dumps({"__type": "AccessDeniedException", "message": "no"}).encode()
    rig.record(
        call("kms", "disable_key", KeyId="k"),
        HttpResponse(400, (("Content-Type", "application/x-amz-json-1.1"),), target),
    )
    rig.record(
        call("s3", "delete_bucket", Bucket="b"),
        HttpResponse(403, (("Content-Type", "application/xml"),), bucket),
    )
    assert {(record["errorCode"], record["errorMessage"]) for record in rig.records()} == {
        ("AccessDenied", "no")
    }


def test_writes_have_response_elements_and_reads_have_none(rig: Rig) -> None:
    body = {"guardrailId": "abc", "guardrailArn": "arn:x", "version": "DRAFT"}
    given = {"name": "n", "blockedInputMessaging": "secret-in", "blockedOutputsMessaging": "s"}
    rig.record(call("bedrock", "create_guardrail", **given), json_response(202, body))
    rig.record(call("bedrock", "list_guardrails"), json_response(200, {"guardrails": []}))
    write, read = rig.records()
    assert write["responseElements"]["guardrailArn"] == "arn:x"
    assert write["requestParameters"]["blockedInputMessaging"] == "HIDDEN_DUE_TO_SECURITY_REASONS"
    assert (read["readOnly"], read["responseElements"]) == (True, None)


def test_nothing_secret_is_recorded(rig: Rig) -> None:
    rig.record(
        call(
            "lambda",
            "create_function",
            FunctionName="chatbot-dev",
            Role=FUNCTION_ROLE,
            Code={"ZipFile": b"topsecret-zip"},
            Environment={"Variables": {"SYSTEM_PROMPT": "topsecret-prompt"}},
        ),
        json_response(
            201,
            {
                "FunctionName": "chatbot-dev",
                "Environment": {"Variables": {"SYSTEM_PROMPT": "topsecret-prompt"}},
            },
        ),
    )
    rig.record(
        call("apigateway", "create_api_key", name="web", value="topsecret-key-0123456789"),
        json_response(201, {"id": "k1", "value": "topsecret-key-0123456789", "name": "web"}),
    )
    rig.record(
        call("apigateway", "create_usage_plan_key", usagePlanId="p", keyId="k1", keyType="API_KEY"),
        json_response(201, {"id": "k1", "value": "topsecret-key-0123456789"}),
    )
    assumed = (
        b"<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAEXAMPLE00000</AccessKeyId>"
        b"<SecretAccessKey>topsecret-1</SecretAccessKey><SessionToken>topsecret-2</SessionToken>"
        b"</Credentials></AssumeRoleResult></AssumeRoleResponse>"
    )
    rig.record(
        call("sts", "assume_role", RoleArn=FUNCTION_ROLE, RoleSessionName="me"),
        HttpResponse(200, (("Content-Type", "text/xml"),), assumed),
    )
    rig.record(
        call(
            "bedrock-runtime",
            "converse",
            modelId="us.anthropic.claude-haiku-4-5-20251001-v1:0",
            system=[{"text": "topsecret-system"}],
            messages=[{"role": "user", "content": [{"text": "topsecret-prompt"}]}],
        ),
        json_response(200, {"output": {"message": {"content": [{"text": "topsecret-answer"}]}}}),
    )
    records = rig.records()
    assert "topsecret" not in json.dumps(records)
    assert [record["eventName"] for record in records] == [
        "CreateFunction20150331",
        "CreateApiKey",
        "CreateUsagePlanKey",
        "AssumeRole",
        "Converse",
    ]
    assert records[0]["requestParameters"]["functionName"] == "chatbot-dev"
    assert records[3]["responseElements"]["credentials"]["accessKeyId"] == "ASIAEXAMPLE00000"


def test_converse_is_a_management_event_without_the_prompt(rig: Rig) -> None:
    request = call("bedrock-runtime", "converse", modelId="us.anthropic.m", messages=[])
    rig.record(request)
    record = rig.only()
    assert record["requestParameters"] == {"modelId": "us.anthropic.m"}
    assert record["additionalEventData"] == {"inferenceRegion": REGION}
    assert (record["managementEvent"], record["readOnly"]) == (True, False)
    assert record["responseElements"] is None


def test_data_events_are_not_management_events(rig: Rig) -> None:
    rig.record(call("s3", "put_object", Bucket="b", Key="k", Body=b"x"))
    rig.record(call("lambda", "invoke", FunctionName="f"))
    rig.record(call("xray", "put_trace_segments", TraceSegmentDocuments=[]))
    rig.record(call("logs", "get_log_events", logGroupName="g", logStreamName="s"))
    apply_guardrail(rig)
    assert rig.records() == []


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
        assessment=recorded(ASSESSMENT),
    )


def advanced(*fields: dict[str, Any]) -> dict[str, Any]:
    return {"Name": "n", "FieldSelectors": list(fields)}


MANAGEMENT = advanced({"Field": "eventCategory", "Equals": ["Management"]})
GUARDRAILS = advanced(
    {"Field": "eventCategory", "Equals": ["Data"]},
    {"Field": "resources.type", "Equals": ["AWS::Bedrock::Guardrail"]},
)


def test_guardrail_evaluations_are_recorded_if_selected(rig: Rig) -> None:
    rig.client.put_event_selectors(TrailName=NAME, AdvancedEventSelectors=[GUARDRAILS])
    apply_guardrail(rig)
    rig.record(call("logs", "delete_log_group", logGroupName="g"))  # no longer selected
    records = rig.records()
    assert [record["eventName"] for record in records] == ["ApplyGuardrail"] * 2
    for record in records:
        assert (record["eventCategory"], record["managementEvent"]) == ("Data", False)
        assert record["resources"][0]["ARN"].endswith(":guardrail/abc")
        # As the sample record in the Bedrock User Guide: the id, and what the guardrail did.
        assert record["requestParameters"]["guardrailIdentifier"] == "abc"
        found = {"type": "EMAIL", "action": "ANONYMIZED", "detected": True}
        assert record["responseElements"] == {
            "action": "GUARDRAIL_INTERVENED",
            "assessments": [{"sensitiveInformationPolicy": {"piiEntities": [found]}}],
        }
    assert "topsecret" not in json.dumps(records)


@pytest.mark.parametrize(
    ("selectors", "expected"),
    [
        ({"EventSelectors": [{"ReadWriteType": "WriteOnly"}]}, {"DeleteLogGroup", "DisableKey"}),
        ({"EventSelectors": [{"ReadWriteType": "ReadOnly"}]}, {"DescribeLogGroups"}),
        (
            {"EventSelectors": [{"ExcludeManagementEventSources": ["kms.amazonaws.com"]}]},
            {"DeleteLogGroup", "DescribeLogGroups"},
        ),
        ({"EventSelectors": [{"IncludeManagementEvents": False}]}, set()),
        (
            {"AdvancedEventSelectors": [MANAGEMENT]},
            {"DeleteLogGroup", "DescribeLogGroups", "DisableKey"},
        ),
        (
            {
                "AdvancedEventSelectors": [
                    advanced(
                        {"Field": "eventCategory", "Equals": ["Management"]},
                        {"Field": "readOnly", "Equals": ["false"]},
                        {"Field": "eventSource", "NotEquals": ["kms.amazonaws.com"]},
                    )
                ]
            },
            {"DeleteLogGroup"},
        ),
    ],
)
def test_event_selectors_are_honoured(
    rig: Rig, selectors: dict[str, Any], expected: set[str]
) -> None:
    rig.client.put_event_selectors(TrailName=NAME, **selectors)
    rig.record(call("logs", "delete_log_group", logGroupName="g"))
    rig.record(call("logs", "describe_log_groups"))
    rig.record(call("kms", "disable_key", KeyId="k"))
    assert {record["eventName"] for record in rig.records()} == expected


def test_nothing_is_recorded_unless_a_trail_logs(rig: Rig) -> None:
    delete = call("logs", "delete_log_group", logGroupName="g")
    rig.record(delete)
    rig.client.stop_logging(Name=NAME)
    rig.record(call("cloudtrail", "stop_logging", **STOP), principal=ROOT)
    rig.record(delete)
    names = [record["eventName"] for record in rig.records()]
    assert names == ["DeleteLogGroup", "StopLogging"]  # that it was stopped is on record
    rig.client.start_logging(Name=NAME)
    rig.record(call("cloudtrail", "start_logging", **STOP), principal=ROOT)
    rig.record(delete)
    names = sorted(record["eventName"] for record in rig.records())
    assert names == ["DeleteLogGroup", "DeleteLogGroup", "StartLogging", "StopLogging"]


def test_the_emulators_own_calls_are_not_recorded(rig: Rig) -> None:
    request = call("logs", "delete_log_group", logGroupName="g")
    rig.record(request, principal=replace(ROOT, access_key_id="emulator"))
    rig.record(request, principal=UNKNOWN)
    rig.record(replace(call("logs", "delete_log_group", logGroupName="g"), headers=()))
    assert rig.records() == []


def test_the_administrator_is_root(rig: Rig) -> None:
    rig.record(call("logs", "delete_log_group", logGroupName="g"), principal=ROOT)
    assert rig.only()["userIdentity"] == {
        "type": "Root",
        "principalId": ACCOUNT,
        "arn": f"arn:aws:iam::{ACCOUNT}:root",
        "accountId": ACCOUNT,
        "accessKeyId": "rehearsal",
    }


# --- delivery is asked for ----------------------------------------------------


def test_a_bucket_policy_for_another_trail_delivers_nothing(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    rig.cloud.client("s3").put_bucket_policy(
        Bucket=BUCKET, Policy=bucket_policy(f"{TRAIL_ARN}-other")
    )
    with caplog.at_level(logging.WARNING, "emulator"):
        for _ in range(2):
            rig.record(call("logs", "delete_log_group", logGroupName="g"))
            assert rig.records() == []
    assert len([one for one in caplog.messages if "bucket policy" in one]) == 1  # said once
    assert len(rig.cloud.logged) == 2  # the log group is asked for apart


@pytest.mark.parametrize("allowed", [True, False])
def test_the_key_policy_is_asked_as_well(rig: Rig, allowed: bool) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudtrail.amazonaws.com"},
        "Action": "kms:GenerateDataKey*",
        "Resource": "*",
        "Condition": {
            "StringEquals": {
                "kms:EncryptionContext:aws:cloudtrail:arn": TRAIL_ARN if allowed else "arn:other"
            }
        },
    }
    looking = {"Effect": "Allow", "Principal": statement["Principal"], "Resource": "*"}
    policy = document(statement, looking | {"Action": "kms:DescribeKey"})
    key = rig.cloud.client("kms").create_key(Policy=policy, BypassPolicyLockoutSafetyCheck=True)[
        "KeyMetadata"
    ]["Arn"]
    rig.client.update_trail(Name=NAME, KmsKeyId=key)
    rig.record(call("logs", "delete_log_group", logGroupName="g"))
    assert len(rig.records()) == (1 if allowed else 0)


def test_the_trails_role_must_be_allowed_to_write_its_stream(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    rig.allow_logs("another")
    rig.record(call("logs", "delete_log_group", logGroupName="g"))
    with caplog.at_level(logging.WARNING, "emulator"):
        assert len(rig.records()) == 1
    assert rig.cloud.logged == []
    assert "logs:CreateLogStream" in caplog.text


def test_a_condition_on_the_source_ends_delivery_to_the_log_group(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    """As on AWS: https://github.com/prowler-cloud/prowler/issues/4714."""
    rig.trust(Condition={"StringEquals": {"aws:SourceArn": TRAIL_ARN}})
    rig.record(call("logs", "delete_log_group", logGroupName="g"))
    with caplog.at_level(logging.WARNING, "emulator"):
        assert len(rig.records()) == 1  # in the bucket
    assert rig.cloud.logged == []
    assert "trust policy says no" in caplog.text


# --- limits -------------------------------------------------------------------


def test_a_large_request_is_named_but_not_kept(rig: Rig) -> None:
    rig.record(call("iam", "create_policy", PolicyName="p", PolicyDocument="x" * 120_000))
    parameters = rig.only()["requestParameters"]
    assert parameters["omitted"] is True
    assert parameters["reason"] == "requestParameters too large"


def test_memory_is_bounded_and_the_loss_is_told(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("emulator.cloudtrail.trail._MAX_BUFFERED", 5_000)
    request = call("logs", "delete_log_group", logGroupName="g")
    for _ in range(20):
        rig.record(request)
    with caplog.at_level(logging.WARNING, "emulator"):
        kept = len(rig.records())
    assert 0 < kept < 20
    assert f"dropped {20 - kept} records" in caplog.text


def test_a_call_never_fails_for_its_record(rig: Rig) -> None:
    request = call("logs", "delete_log_group", logGroupName="g")
    rig.record(replace(request, body=b"\xff{"))
    rig.record(request, HttpResponse(200, (), b"\xff"))
    rig.record(request, HttpResponse(500, (), b"<html>"))
    assert len(rig.records()) == 3


def test_records_are_delivered_without_being_asked(rig: Rig) -> None:
    trail = Trail(rig.cloud, Authorizer(rig.cloud), flush_seconds=0.05)
    trail.record(made(call("logs", "delete_log_group", logGroupName="g")), OK)
    assert trail._thread is not None
    deadline = time.monotonic() + 5
    while not rig.cloud.logged and time.monotonic() < deadline:
        time.sleep(0.02)
    assert rig.cloud.logged
    trail.close()
    assert not trail._thread.is_alive()
