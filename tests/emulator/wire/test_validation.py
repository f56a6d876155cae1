"""Requests against AWS's service models: what is refused, and in whose words."""

import json
import re
from typing import Any

import pytest
from moto.core.utils import get_service_model

from emulator.wire import shapes
from emulator.wire.call import Call
from emulator.wire.errors import AwsError, render
from emulator.wire.http import HttpRequest, HttpResponse
from emulator.wire.operations import recognize
from emulator.wire.validation import validate
from tests.emulator.conftest import signed
from tests.services import SERVICES as CONFIGURED


def identified(request: HttpRequest) -> Call:
    call = recognize(request)
    assert call.operation
    return call


def refusal(call: Call) -> HttpResponse | None:
    try:
        validate(call)
    except AwsError as error:
        return render(error, call.protocol, head=call.method == "HEAD")
    return None


def call(service: str, line: str, body: str | bytes, *headers: tuple[str, str]) -> Call:
    method, target = line.split()
    path, _, query = target.partition("?")
    content = body.encode() if isinstance(body, str) else body
    sent = (("Host", "127.0.0.1"), ("Authorization", signed(service)["Authorization"]), *headers)
    request = HttpRequest(method, path, query, sent, content, "127.0.0.1")
    return identified(request)


def logs(operation: str, body: Any) -> Call:
    text = body if isinstance(body, str) else json.dumps(body)
    return call("logs", "POST /", text, ("X-Amz-Target", f"Logs_20140328.{operation}"))


FORM = ("Content-Type", "application/x-www-form-urlencoded")
VERSIONING = (
    '<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    "<Status>{}</Status></VersioningConfiguration>"
)

DESCRIBE_ALARMS = "POST /service/GraniteServiceVersion20100801/operation/DescribeAlarms"

# Per protocol: what AWS takes, what it refuses, the error's code, and part of its text.
PROTOCOLS: dict[str, tuple[Call, Call, str, str]] = {
    "json": (
        logs("CreateLogGroup", {"logGroupName": "/aws/x"}),
        logs("CreateLogGroup", {"logGroupName": "no spaces"}),
        "InvalidParameterException",
        ("1 validation error detected: Value 'no spaces' at 'logGroupName' failed to satisfy"
        r" constraint: Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+"),
    ),
    "query": (
        call("sts", "POST /", "Action=AssumeRole&RoleArn=arn:aws:iam::1:role/r&RoleSessionName=s2"
             "&Version=2011-06-15", FORM),
        call("sts", "POST /", "Action=AssumeRole&RoleArn=arn:aws:iam::1:role/r&RoleSessionName=S:2"
             "&Version=2011-06-15", FORM),
        "ValidationError",
        ("1 validation error detected: Value 'S:2' at 'roleSessionName' failed to satisfy"
        r" constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*"),
    ),
    "cbor": (
        call("monitoring", DESCRIBE_ALARMS, b"\xa1\x6aMaxRecords\x18\x64"),
        call("monitoring", DESCRIBE_ALARMS, b"\xa1\x6aMaxRecords\x18\x65"),
        "ValidationException",
        ("Value '101' at 'maxRecords' failed to satisfy constraint: Member must have value less"
        " than or equal to 100"),
    ),
    "rest-json": (
        call("lambda", "PUT /2017-10-31/functions/f/concurrency",
             '{"ReservedConcurrentExecutions": 0}'),
        call("lambda", "PUT /2017-10-31/functions/f/concurrency",
             '{"ReservedConcurrentExecutions": -1}'),
        "ValidationException",
        ("Value '-1' at 'reservedConcurrentExecutions' failed to satisfy constraint: Member must"
        " have value greater than or equal to 0"),
    ),
    "rest-xml": (
        call("s3", "PUT /bucket?versioning", VERSIONING.format("Enabled")),
        call("s3", "PUT /bucket?versioning", VERSIONING.format("On")),
        "MalformedXML",
        "did not validate against our published schema",
    ),
}  # fmt: skip


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_each_protocol_takes_what_aws_takes_and_refuses_the_rest(protocol: str) -> None:
    good, bad, code, text = PROTOCOLS[protocol]
    assert good.protocol == bad.protocol == protocol
    assert refusal(good) is None
    refused = refusal(bad)
    assert refused is not None
    assert refused.status == 400
    body = refused.body.decode("utf-8", "replace").replace("\\\\", "\\")
    assert code in body + (refused.header("x-amzn-errortype") or "")
    assert text in body


def test_cloudwatch_tells_the_query_protocols_code_in_each() -> None:
    """Its model is awsQueryCompatible: SDKs take the code from this header."""
    refused = refusal(call("monitoring", DESCRIBE_ALARMS, b"\xa1\x6aMaxRecords\x18\x65"))
    assert refused is not None
    assert refused.header("x-amzn-query-error") == "ValidationError;Sender"


def text_of(refused: Call) -> str:
    answer = refusal(refused)
    assert answer is not None
    body = answer.body.decode()
    return str(json.loads(body)["message"]) if body.startswith("{") else body


@pytest.mark.parametrize(
    ("bad", "text"),
    [
        (logs("DescribeLogGroups", {"limit": 51}),
         ("1 validation error detected: Value '51' at 'limit' failed to satisfy constraint:"
         " Member must have value less than or equal to 50")),
        (logs("CreateLogGroup", {}),
         ("1 validation error detected: Value null at 'logGroupName' failed to satisfy"
         " constraint: Member must not be null")),
        (logs("StartQuery", {"startTime": 0, "endTime": 1, "queryString": "", "limit": 0}),
         ("1 validation error detected: Value '0' at 'limit' failed to satisfy constraint:"
         " Member must have value greater than or equal to 1")),
        (logs("TagResource", {"resourceArn": "arn", "tags": {"#": "x"}}),
         ("1 validation error detected: Value '{#=x}' at 'tags' failed to satisfy constraint:"
         " Map keys must satisfy constraint: [Member must have length less than or equal to"
         " 128, Member must have length greater than or equal to 1, Member must satisfy"
         r" regular expression pattern: ^([\p{L}\p{Z}\p{N}_.:/=+\-@]+)$]")),
        (logs("CreateLogGroup", {"logGroupName": ["x"]}), "Start of list found where not expected"),
        (logs("DescribeLogGroups", {"limit": "5"}),
         "STRING_VALUE can not be converted to an Integer"),
        (call("lambda", "PUT /2015-03-31/functions/f/configuration", '{"Runtime": "x"}'),
         ("Value x at 'runtime' failed to satisfy constraint: Member must satisfy enum value"
         " set: [")),
        (call("iam", "POST /", "Action=GetRole&RoleName=a%20b&Version=2010-05-08", FORM),
         ("The specified value for roleName is invalid. It must contain only alphanumeric"
         " characters and/or the following: +=,.@_-")),
        (call("s3", "PUT /bucket?versioning", ""), "MissingRequestBodyError"),
        (call("s3", "PUT /bucket?versioning", "<"), "MalformedXML"),
        (call("s3", "PUT /bucket", "", ("x-amz-acl", "everybody")), "InvalidArgument"),
        (call("sts", "POST /", "Action=AssumeRole&DurationSeconds=x&Version=2011-06-15", FORM),
         "MalformedInput"),
    ],
    ids=lambda each: each.operation if isinstance(each, Call) else "",
)  # fmt: skip
def test_the_words_are_the_services(bad: Call, text: str) -> None:
    assert text in text_of(bad)


@pytest.mark.parametrize(
    "good",
    [
        logs("TagResource", {"resourceArn": "arn", "tags": {"Größe": "groß"}}),
        logs("CreateLogGroup", {"logGroupName": "x", "unknown": 1}),
        call("s3", "PUT /bucket", ""),
        call("lambda", "PUT /2015-03-31/functions/f/configuration", '{"Runtime": "python3.12"}'),
    ],
    ids=lambda each: each.operation,
)
def test_what_aws_takes_goes_on(good: Call) -> None:
    assert refusal(good) is None


def test_a_body_cannot_name_what_the_path_names() -> None:
    """IAM decides on the parameters: they must be those that the service then acts on."""
    parsed = call("lambda", "PUT /2017-10-31/functions/mine/concurrency",
                  '{"ReservedConcurrentExecutions": 1, "FunctionName": "yours"}')  # fmt: skip
    assert parsed.params["FunctionName"] == "mine"


# The services that the modules, the function, the proofs and the account check speak to.
SERVICES = (*CONFIGURED, "acm", "bedrock-runtime", "service-quotas", "xray")


@pytest.mark.parametrize("service", SERVICES)
def test_every_pattern_of_a_service_can_be_checked(service: str) -> None:
    model, seen = get_service_model(service), set()
    waiting = [model.operation_model(name).input_shape for name in model.operation_names]
    while waiting:
        shape = waiting.pop()
        if shape is None or shape.name in seen:
            continue
        seen.add(shape.name)
        waiting += [getattr(shape, of, None) for of in ("member", "key", "value")]
        waiting += getattr(shape, "members", {}).values()
        if pattern := shape.metadata.get("pattern"):
            assert isinstance(shapes._java_pattern(pattern), re.Pattern), pattern
