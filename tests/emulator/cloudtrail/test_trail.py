"""CloudTrail records what was called, by whom, and nothing secret."""

import json
import re
from dataclasses import replace

from botocore.stub import ANY

from emulator.wire.call import UNKNOWN
from emulator.wire.errors import AwsError, render
from emulator.wire.http import HttpResponse, json_response
from tests.emulator.cloudtrail.recording import (
    BUCKET,
    FUNCTION,
    FUNCTION_ROLE,
    GROUP,
    ROOT,
    Rig,
    apply_guardrail,
    call,
)
from tests.emulator.fake_account import ACCOUNT, REGION


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
    head = rig.account.client("s3").head_object(Bucket=BUCKET, Key=keys[0])
    assert (head["ContentType"], head["ContentEncoding"]) == ("application/json", "gzip")


def test_each_record_is_one_event_in_the_log_group(rig: Rig) -> None:
    rig.record(call("logs", "delete_log_group", logGroupName="a"))
    rig.record(call("iam", "delete_role", RoleName="b"))  # recorded in another region
    rig.trail.flush()
    assert [(group, stream) for group, stream, _ in rig.account.logged] == [
        (GROUP, f"{ACCOUNT}_CloudTrail_{REGION}")
    ] * 2
    names = [json.loads(text)["eventName"] for *_, text in rig.account.logged]
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
        "CreateFunction20150331", "CreateApiKey", "CreateUsagePlanKey", "AssumeRole", "Converse",
    ]  # fmt: skip
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
