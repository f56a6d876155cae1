"""Lambda's API answers as AWS was recorded to.

Source: localstack/localstack, tests/aws/services/lambda_/test_lambda_api.snapshot.json.
"""

import io
import json
import zipfile
from typing import Any

import pytest

from tests.emulator.conftest import ACCOUNT, REGION, Emulator
from tests.emulator.shown import refusal, unique

INVALID = "InvalidParameterValueException"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/any"
NO_HANDLER = (
    "Runtime and Handler are mandatory parameters for functions created with deployment packages."
)
TOO_MUCH = (
    "Specified ReservedConcurrentExecutions for function decreases account's"
    " UnreservedConcurrentExecution below its minimum value of [100]."
)
NO_ZIP = "Could not unzip uploaded file. Please check your file, then try to upload again."
NO_FUNCTION = f"Function not found: arn:aws:lambda:{REGION}:{ACCOUNT}:function:none:$LATEST"


def made(emulator: Emulator, package: bytes, **settings: Any) -> tuple[Any, str, Any]:
    """Make a function; return a client, its name and AWS's answer."""
    name = unique("f")
    answer = emulator.function(name, package, **settings)
    return emulator.client("lambda"), name, answer


@pytest.fixture
def function(emulator: Emulator, package: bytes) -> Any:
    """Make a function with version 1 and the alias live; return (client, name, ARN)."""
    client, name, _ = made(emulator, package, Publish=True)
    client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    return client, name, f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


def permission(**settings: str) -> dict[str, str]:
    return {
        "StatementId": "own",
        "Action": "lambda:InvokeFunction",
        "Principal": "apigateway.amazonaws.com",
    } | settings


@pytest.mark.parametrize(
    ("given", "principal", "condition"),
    [
        ({"Principal": "s3.amazonaws.com", "SourceArn": "arn:aws:s3:::b"},
         {"Service": "s3.amazonaws.com"}, {"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::b"}}),
        ({"Principal": ACCOUNT}, {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, None),
        ({"Principal": "*"}, "*", None),
        ({"Principal": "s3.amazonaws.com", "SourceAccount": ACCOUNT},
         {"Service": "s3.amazonaws.com"}, {"StringEquals": {"AWS:SourceAccount": ACCOUNT}}),
        ({"Principal": "*", "PrincipalOrgID": "o-1234567890"}, "*",
         {"StringEquals": {"aws:PrincipalOrgID": "o-1234567890"}}),
    ],
)  # fmt: skip
def test_a_permission_becomes_a_statement(
    function: Any, given: dict[str, str], principal: Any, condition: Any
) -> None:
    client, name, arn = function
    made = client.add_permission(FunctionName=name, **permission(**given))
    expected = {"Sid": "own", "Effect": "Allow", "Principal": principal, "Resource": arn}
    expected |= {"Action": "lambda:InvokeFunction"}
    assert json.loads(made["Statement"]) == expected | (
        {"Condition": condition} if condition else {}
    )


def test_statements_are_refused_that_are_not_there(function: Any) -> None:
    client, name, _ = function
    of, own = {"FunctionName": name}, {"StatementId": "own"}
    none = (404, "ResourceNotFoundException", "No policy is associated with the given resource.")
    absent = (404, none[1], "Statement none is not found in resource policy.")
    latest = (400, INVALID, "We currently do not support adding policies for $LATEST.")
    assert refusal(client.remove_permission, **of, **own) == none
    client.add_permission(**of, **permission())
    assert refusal(client.remove_permission, **of, StatementId="none") == absent
    assert refusal(client.remove_permission, **of, **own, RevisionId="old")[0] == 412
    assert refusal(client.add_permission, **of, **permission(), Qualifier="$LATEST") == latest


def test_a_version_is_published_of_the_code_that_was_meant(function: Any) -> None:
    client, name, _ = function
    current = client.get_function_configuration(FunctionName=name)["CodeSha256"]
    differs = (
        f"CodeSHA256 (other) is different from current CodeSHA256 in $LATEST ({current})."
        " Please try again with the CodeSHA256 in $LATEST."
    )
    refused = refusal(client.publish_version, FunctionName=name, CodeSha256="other")
    assert refused == (400, INVALID, differs)
    assert client.publish_version(FunctionName=name, CodeSha256=current)["CodeSha256"] == current


def test_what_lambda_does_not_take_is_refused(function: Any) -> None:
    client, name, arn = function
    of, unknown = {"FunctionName": name}, {"FunctionName": "none"}
    reserve = client.put_function_concurrency
    said = refusal(reserve, FunctionName=f"{arn}:1", ReservedConcurrentExecutions=1)[2]
    assert said.startswith("This operation is permitted on Lambda functions only.")
    reserve(FunctionName=arn, ReservedConcurrentExecutions=1)
    made = {"FunctionName": f"{name}-2", "Role": ROLE, "Code": {"ZipFile": b"PK"}}
    for call, arguments, expected in (
        (reserve, of | {"ReservedConcurrentExecutions": 901}, (400, INVALID, TOO_MUCH)),
        (client.create_function, made, (400, INVALID, NO_HANDLER)),
        (client.update_function_code, of | {"ZipFile": b"none"}, (400, INVALID, NO_ZIP)),
        (client.invoke, unknown, (404, "ResourceNotFoundException", NO_FUNCTION)),
    ):
        assert refusal(call, **arguments) == expected
    assert refusal(client.list_versions_by_function, **unknown)[0] == 404
    assert refusal(client.invoke, **of, Payload=b"{")[1] == "InvalidRequestContentException"
    assert refusal(client.invoke, **of, InvocationType="Event")[0] == 501


def test_each_change_of_a_function_is_a_revision(function: Any, package: bytes) -> None:
    client, name, _ = function
    of = {"FunctionName": name}
    revisions = [client.get_function_configuration(**of)["RevisionId"] for _ in range(2)]
    revisions.append(client.update_function_configuration(**of, Timeout=9)["RevisionId"])
    revisions.append(client.update_function_code(**of, ZipFile=package)["RevisionId"])
    assert len(set(revisions)) == 3


def test_a_function_just_made_is_pending_and_then_active(
    emulator: Emulator, package: bytes
) -> None:
    client, name, answer = made(emulator, package)
    assert (answer["State"], answer["StateReasonCode"]) == ("Pending", "Creating")
    assert "Layers" not in answer
    read = client.get_function_configuration(FunctionName=name)
    assert (read["State"], "StateReason" in read) == ("Active", False)


def test_a_wrapper_runs_the_runtime(emulator: Emulator) -> None:
    """AWS_LAMBDA_EXEC_WRAPPER; recorded in test_lambda.snapshot.json of the same source."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(
            "app.py", "import os\ndef handler(event, context):\n    return os.getenv('WRAPPED')\n"
        )
        script = zipfile.ZipInfo("wrapper")
        script.external_attr = 0o755 << 16
        archive.writestr(script, '#!/bin/sh\nexport WRAPPED=yes\nexec "$@"\n')
    variables = {"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/wrapper"}
    client, name, _ = made(emulator, content.getvalue(), Environment={"Variables": variables})
    assert json.loads(client.invoke(FunctionName=name)["Payload"].read()) == "yes"
    client.update_function_configuration(
        FunctionName=name, Environment={"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/none"}}
    )
    failed = json.loads(client.invoke(FunctionName=name)["Payload"].read())
    assert failed["errorType"] == "Runtime.ExitError"
    assert failed["errorMessage"].endswith("Runtime exited with error: exit status 127")
