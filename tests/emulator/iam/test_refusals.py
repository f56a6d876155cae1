"""A refusal is in the service's own words and protocol."""

import json
import uuid
from dataclasses import replace
from typing import Any

import pytest

from emulator.wire.http import HttpRequest
from tests.emulator.fake_account import captured_request
from tests.emulator.iam.asking import error_code, parsed, refused
from tests.emulator.iam.rig import LOGGING, SESSION_ARN, Rig
from tests.emulator.rest_apis import change
from tests.emulator.shown import allow

Refused = tuple[str, str, dict[str, Any], int, str]

REFUSED: list[Refused] = [
    ("logs", "delete_log_group", {"logGroupName": "g"}, 400, "AccessDeniedException"),
    ("bedrock", "get_guardrail", {"guardrailIdentifier": "g"}, 403, "AccessDeniedException"),
    ("lambda", "get_function", {"FunctionName": "f"}, 403, "AccessDeniedException"),
    ("iam", "delete_role", {"RoleName": "r"}, 403, "AccessDenied"),
    ("sns", "delete_topic", {"TopicArn": "arn:aws:sns:us-east-2:1:t"}, 403, "AccessDenied"),
    ("s3", "delete_bucket", {"Bucket": "trail"}, 403, "AccessDenied"),
    ("cloudwatch", "delete_alarms", {"AlarmNames": ["a"]}, 400, "AccessDeniedException"),
]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case[0])
def test_a_refusal_speaks_the_services_protocol(rig: Rig, case: Refused) -> None:
    service, operation, given, status, code = case
    answer = refused(rig.authorizer, rig.request(service, operation, **given))
    error = parsed(answer, service, operation, **given)
    assert error.response["Error"]["Code"] == code
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == status
    message = error.response["Error"]["Message"]
    assert message.startswith(f"User: {SESSION_ARN} is not authorized to perform: ")
    assert uuid.UUID(error.response["ResponseMetadata"]["RequestId"]).version == 4


def test_a_refusal_of_head_has_no_body(rig: Rig) -> None:
    answer = refused(rig.authorizer, rig.request("s3", "head_bucket", Bucket="trail"))
    assert answer is not None
    assert (answer.status, answer.body) == (403, b"")


def test_a_permitted_request_goes_on(rig: Rig) -> None:
    rig.grant("logs", allow("logs:*"))
    request = rig.request("logs", "get_log_events", logGroupName="g", logStreamName="s")
    assert refused(rig.authorizer, request) is None
    assert refused(rig.authorizer, rig.request("sts", "get_caller_identity")) is None


@pytest.mark.parametrize(
    ("service", "operation", "given", "code"),
    [
        ("logs", "describe_log_groups", {}, "UnrecognizedClientException"),
        ("bedrock", "list_guardrails", {}, "UnrecognizedClientException"),
        ("iam", "list_roles", {}, "InvalidClientTokenId"),
        ("s3", "list_buckets", {}, "InvalidAccessKeyId"),
    ],
)
def test_an_unknown_key_is_named_as_unknown(
    rig: Rig, service: str, operation: str, given: dict[str, Any], code: str
) -> None:
    request = captured_request(service, operation, key="AKIAUNKNOWN", **given)
    assert error_code(refused(rig.authorizer, request), service, operation, **given) == code


def test_a_key_without_its_session_token_is_no_key(rig: Rig) -> None:
    for token in (None, "made-up"):
        request = captured_request("logs", "describe_log_groups", key=rig.key, token=token)
        answer = refused(rig.authorizer, request)
        assert error_code(answer, "logs", "describe_log_groups") == "UnrecognizedClientException"


def test_unsigned_and_unrecognised_requests_are_refused(rig: Rig) -> None:
    signed = rig.request("logs", "describe_log_groups")
    unsigned = replace(signed, headers=(("X-Amz-Target", "Logs_20140328.DescribeLogGroups"),))
    answer = refused(rig.authorizer, unsigned)
    assert answer is not None
    assert b"MissingAuthenticationTokenException" in answer.body
    invoke = HttpRequest("POST", "/2015-03-31/functions/f/invocations", "", (), b"{}", "127.0.0.1")
    answer = refused(rig.authorizer, invoke)
    assert answer is not None
    assert answer.header("x-amzn-errortype") == "MissingAuthenticationTokenException"
    assert json.loads(answer.body)["message"] == "Missing Authentication Token"
    twice = replace(
        signed, headers=(*signed.headers, ("X-Amz-Target", "Logs_20140328.DeleteLogGroup"))
    )
    assert refused(rig.authorizer, twice) is not None


LOGS = {"cloudWatchConfig": {"logGroupName": "g", "roleArn": LOGGING}}
TARGET = {"Id": "1", "Arn": "arn:a:b:c:d:e", "RoleArn": LOGGING}
PASSED: list[tuple[str, str, dict[str, Any]]] = [
    ("lambda", "create_function", {"FunctionName": "f", "Role": LOGGING, "Code": {}}),
    ("lambda", "update_function_configuration", {"FunctionName": "f", "Role": LOGGING}),
    ("cloudtrail", "update_trail", {"Name": "t", "CloudWatchLogsRoleArn": LOGGING}),
    ("bedrock", "put_model_invocation_logging_configuration", {"loggingConfig": LOGS}),
    ("events", "put_targets", {"Rule": "r", "Targets": [TARGET]}),
    ("apigateway", "update_account", {"patchOperations": change("/cloudwatchRoleArn", LOGGING)}),
]


@pytest.mark.parametrize("case", PASSED, ids=lambda case: f"{case[0]}-{case[1]}")
def test_a_role_is_handed_on_only_with_leave(
    rig: Rig, case: tuple[str, str, dict[str, Any]]
) -> None:
    service, operation, given = case
    rig.widen_boundary()
    rig.grant("most", {"Effect": "Allow", "NotAction": "iam:PassRole", "Resource": "*"})
    request = rig.request(service, operation, **given)
    answer = refused(rig.authorizer, request)
    assert answer is not None
    assert f"iam:PassRole on resource: {LOGGING}".encode() in answer.body

    for receiver, allowed in ((service, True), ("ec2", False)):
        condition = {"StringEquals": {"iam:PassedToService": f"{receiver}.amazonaws.com"}}
        rig.grant("pass", allow("iam:PassRole", LOGGING, Condition=condition))
        assert (refused(rig.authorizer, request) is None) is allowed


def test_every_action_of_a_request_is_asked(rig: Rig) -> None:
    rig.grant("s3", allow("s3:PutObject", "arn:aws:s3:::out/*"))
    put = rig.request("s3", "put_object", Bucket="out", Key="k", Body=b"x")
    copy = rig.request("s3", "copy_object", Bucket="out", Key="k", CopySource="secret/k")
    assert refused(rig.authorizer, put) is None
    answer = refused(rig.authorizer, copy)
    assert answer is not None
    assert b"s3:GetObject on resource: arn:aws:s3:::secret/k" in answer.body
