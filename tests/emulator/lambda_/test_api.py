"""Lambda's API answers as AWS was recorded to.

Source: localstack/localstack, tests/aws/services/lambda_/test_lambda_api.snapshot.json.
"""

import io
import json
import uuid
import zipfile
from typing import Any

import pytest

from tests.emulator.conftest import ACCOUNT, REGION, Emulator
from tests.emulator.shown import refusal

INVALID = "InvalidParameterValueException"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/any"
NO_HANDLER = (
    "Runtime and Handler are mandatory parameters for functions created with deployment packages."
)
TOO_MUCH = (
    "Specified ReservedConcurrentExecutions for function decreases account's"
    " UnreservedConcurrentExecution below its minimum value of [100]."
)


def made(emulator: Emulator, package: bytes, **settings: Any) -> tuple[Any, str, Any]:
    """Make a function; return a client, its name and AWS's answer."""
    client, name = emulator.client("lambda"), f"f-{uuid.uuid4()}"
    answer = client.create_function(
        FunctionName=name,
        Role=emulator.role(name, [])["Arn"],
        Runtime="python3.12",
        Handler="app.handler",
        Code={"ZipFile": package},
        **settings,
    )
    return client, name, answer


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


def test_function_version_and_alias_have_policies_of_their_own(function: Any) -> None:
    client, name, arn = function
    of = {"FunctionName": name}
    missing = (404, "ResourceNotFoundException", "The resource you requested does not exist.")
    assert refusal(client.get_policy, **of) == missing
    client.add_permission(**of, **permission(), Qualifier="live")
    (statement,) = json.loads(client.get_policy(**of, Qualifier="live")["Policy"])["Statement"]
    assert statement["Resource"] == f"{arn}:live"
    assert refusal(client.get_policy, **of) == missing
    assert refusal(client.get_policy, **of, Qualifier="1") == missing
    client.add_permission(**of, **permission())  # the same id, of another policy
    client.remove_permission(**of, StatementId="own", Qualifier="live")
    assert refusal(client.get_policy, **of, Qualifier="live") == missing
    (statement,) = json.loads(client.get_policy(**of)["Policy"])["Statement"]
    assert statement["Resource"] == arn


@pytest.mark.parametrize(
    ("given", "principal", "condition"),
    [
        (
            {"Principal": "s3.amazonaws.com", "SourceArn": "arn:aws:s3:::b"},
            {"Service": "s3.amazonaws.com"},
            {"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::b"}},
        ),
        ({"Principal": ACCOUNT}, {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, None),
        ({"Principal": "*"}, "*", None),
        (
            {"Principal": "s3.amazonaws.com", "SourceAccount": ACCOUNT},
            {"Service": "s3.amazonaws.com"},
            {"StringEquals": {"AWS:SourceAccount": ACCOUNT}},
        ),
        (
            {"Principal": "*", "PrincipalOrgID": "o-1234567890"},
            "*",
            {"StringEquals": {"aws:PrincipalOrgID": "o-1234567890"}},
        ),
    ],
)
def test_a_permission_becomes_a_statement(
    function: Any, given: dict[str, str], principal: Any, condition: Any
) -> None:
    client, name, arn = function
    made = client.add_permission(FunctionName=name, **permission(**given))
    expected = {
        "Sid": "own",
        "Effect": "Allow",
        "Principal": principal,
        "Action": "lambda:InvokeFunction",
        "Resource": arn,
    }
    if condition:
        expected["Condition"] = condition
    assert json.loads(made["Statement"]) == expected


def test_statements_are_refused_that_are_taken_or_not_there(function: Any) -> None:
    client, name, _ = function
    of = {"FunctionName": name}
    assert refusal(client.remove_permission, **of, StatementId="own") == (
        404,
        "ResourceNotFoundException",
        "No policy is associated with the given resource.",
    )
    client.add_permission(**of, **permission())
    assert refusal(client.add_permission, **of, **permission())[:2] == (
        409,
        "ResourceConflictException",
    )
    assert refusal(client.remove_permission, **of, StatementId="none") == (
        404,
        "ResourceNotFoundException",
        "Statement none is not found in resource policy.",
    )
    assert refusal(client.remove_permission, **of, StatementId="own", RevisionId="old")[:2] == (
        412,
        "PreconditionFailedException",
    )
    assert refusal(client.add_permission, **of, **permission(), Qualifier="$LATEST") == (
        400,
        INVALID,
        "We currently do not support adding policies for $LATEST.",
    )


def test_what_lambda_does_not_take_is_refusal(function: Any) -> None:
    client, name, arn = function
    current = client.get_function_configuration(FunctionName=name)["CodeSha256"]
    differs = (
        f"CodeSHA256 (other) is different from current CodeSHA256 in $LATEST ({current})."
        " Please try again with the CodeSHA256 in $LATEST."
    )
    assert refusal(client.publish_version, FunctionName=name, CodeSha256="other") == (
        400,
        INVALID,
        differs,
    )
    assert client.publish_version(FunctionName=name, CodeSha256=current)["CodeSha256"] == current
    status, code, said = refusal(
        client.put_function_concurrency, FunctionName=f"{arn}:1", ReservedConcurrentExecutions=1
    )
    assert (status, code) == (400, INVALID)
    assert said.startswith("This operation is permitted on Lambda functions only.")
    client.put_function_concurrency(FunctionName=arn, ReservedConcurrentExecutions=1)
    reserve = {"FunctionName": name, "ReservedConcurrentExecutions": 901}
    assert refusal(client.put_function_concurrency, **reserve) == (
        400,
        INVALID,
        TOO_MUCH,
    )
    made = {"FunctionName": f"{name}-2", "Role": ROLE, "Code": {"ZipFile": b"PK"}}
    assert refusal(client.create_function, **made) == (400, INVALID, NO_HANDLER)
    assert refusal(client.list_versions_by_function, FunctionName="none")[0] == 404
    alias = {"FunctionName": name, "Name": "live", "FunctionVersion": "1"}
    assert refusal(client.create_alias, **alias) == (
        409,
        "ResourceConflictException",
        f"Alias already exists: {arn}:live",
    )
    unzipped = "Could not unzip uploaded file. Please check your file, then try to upload again."
    update = client.update_function_code
    assert refusal(update, FunctionName=name, ZipFile=b"none") == (400, INVALID, unzipped)
    assert refusal(client.invoke, FunctionName=name, Payload=b"{")[1:][0] == (
        "InvalidRequestContentException"
    )
    assert refusal(client.invoke, FunctionName="none") == (
        404,
        "ResourceNotFoundException",
        f"Function not found: arn:aws:lambda:{REGION}:{ACCOUNT}:function:none:$LATEST",
    )
    assert refusal(client.invoke, FunctionName=name, InvocationType="Event")[0] == 501


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
    answer = client.invoke(FunctionName=name)
    assert json.loads(answer["Payload"].read()) == "yes"
    client.update_function_configuration(
        FunctionName=name, Environment={"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/none"}}
    )
    failed = json.loads(client.invoke(FunctionName=name)["Payload"].read())
    assert failed["errorType"] == "Runtime.ExitError"
    assert failed["errorMessage"].endswith("Runtime exited with error: exit status 127")
