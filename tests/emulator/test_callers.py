"""Who calls, and the errors for a caller that is not allowed and for a malformed call."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator.conftest import ACCOUNT, REGION, Emulator, signed
from tests.emulator.shown import allow, refusal, unique


def test_terraforms_key_is_the_account_itself(emulator: Emulator) -> None:
    identity = emulator.client("sts").get_caller_identity()
    assert (identity["Account"], identity["Arn"]) == (ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root")


Bad = tuple[str, str, str, str, str]


BAD: list[Bad] = [
    ("logs", "Logs_20140328.CreateLogStream", "POST /", "{", "SerializationException"),
    ("logs", "Logs_20140328.CreateLogStream", "POST /", "[]", "SerializationException"),
    ("logs", "Logs_20140328.CreateLogStream", "POST /", "{}", "InvalidParameterException"),
    ("kms", "TrentService.DescribeKey", "POST /", "", "SerializationException"),
    ("kms", "TrentService.DescribeKey", "POST /", "{}", "ValidationException"),
    ("kms", "TrentService.DescribeKey", "POST /", '{"KeyId": 5}', "SerializationException"),
    ("wafv2", "AWSWAF_20190729.GetWebACL", "POST /", "[]", "SerializationException"),
    ("apigateway", "", "POST /usageplans", "{}", "ValidationException"),
    ("apigateway", "", "POST /usageplans", "{", "SerializationException"),
    ("apigateway", "", "DELETE /restapis/none", "", "NotFoundException"),
    ("lambda", "", "POST /2015-03-31/functions", "{", "InvalidRequestContentException"),
    ("lambda", "", "POST /2015-03-31/functions", "{}", "ValidationException"),
    ("bedrock", "", "PUT /logging/modelinvocations", "{}", "ValidationException"),
    (*("bedrock", "", "PUT /logging/modelinvocations"),
     *('{"loggingConfig": {"cloudWatchConfig": {}}}', "ValidationException")),
    ("iam", "", "POST /", "Action=GetRole&Version=2010-05-08", "ValidationError"),
    ("s3", "", "PUT /some-bucket", "<", "MalformedXML"),
]  # fmt: skip


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: " ".join(bad[:4]))
def test_a_bad_request_gets_awss_error(
    emulator: Emulator, caplog: pytest.LogCaptureFixture, bad: Bad
) -> None:
    service, target, line, body, code = bad
    kind = "x-www-form-urlencoded" if body.startswith("Action") else "json"
    headers = signed(service) | {"Content-Type": f"application/{kind}"}
    if target:
        headers["X-Amz-Target"] = target
    method, path = line.split()
    answer = emulator.request(method, path, body.encode(), headers)
    assert answer.status == (404 if code == "NotFoundException" else 400), answer.body
    assert code in answer.headers.get("x-amzn-errortype", "") + answer.body.decode()
    assert not [record for record in caplog.records if record.exc_info]


def test_a_role_may_do_what_its_policies_say_and_no_more(emulator: Emulator) -> None:
    group = unique("/t/allowed")
    emulator.client("logs").create_log_group(logGroupName=group)
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}:*"
    role = emulator.role(unique("role"), [allow("logs:*", [arn])])
    logs = emulator.client("logs", role)
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    with pytest.raises(ClientError, match="not authorized to perform: logs:CreateLogGroup"):
        logs.create_log_group(logGroupName=unique("/t/other"))
    assert refusal(emulator.client("sns", role).list_topics)[1] == "AccessDenied"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/no-such-role"}, "AccessDenied"),
        ({"RoleArn": "arn:aws:iam::999999999999:role/elsewhere"}, "AccessDenied"),
        ({"RoleSessionName": "with space"}, "ValidationError"),
        ({"DurationSeconds": 100_000}, "ValidationError"),
    ],
)
def test_no_session_of_what_is_not_there(
    emulator: Emulator, given: dict[str, Any], code: str
) -> None:
    role = emulator.role(unique("there"), [])["Arn"]
    request = {"RoleArn": role, "RoleSessionName": "me"} | given
    assert refusal(emulator.client("sts").assume_role, **request)[1] == code
