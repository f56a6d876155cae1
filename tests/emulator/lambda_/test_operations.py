"""Lambda's operations on functions, where moto's own do something else."""

import base64
import hashlib
import json
from typing import Any

import pytest

from tests.emulator.conftest import ACCOUNT, REGION, Aws, Emulator, client_of
from tests.emulator.lambda_.running import make_zip
from tests.emulator.shown import allow, refusal, shows, unique


def arn_of(name: str) -> str:
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


def no_function(name: str) -> tuple[int, str, str]:
    return 404, "ResourceNotFoundException", f"Function not found: {arn_of(name)}"


def code(text: str = "1") -> bytes:
    return make_zip(f"def handler(event, context): return {text}")


functions = client_of("lambda")


@pytest.fixture
def settings(emulator: Emulator) -> dict[str, Any]:
    return {
        "Runtime": "python3.12",
        "Role": emulator.role(unique("role"), [])["Arn"],
        "Handler": "app.handler",
        "Code": {"ZipFile": code()},
    }


@pytest.fixture
def function(functions: Any, settings: dict[str, Any]) -> str:
    name = unique("function")
    functions.create_function(FunctionName=name, **settings, Tags={"a": "1"})
    return name


@shows("lambda:CreateFunction", "lambda:GetFunction", "lambda:GetFunctionConfiguration",
       "lambda:ListFunctions", "lambda:DeleteFunction")  # fmt: skip
def test_a_function_is_made_once(functions: Any, function: str, settings: dict[str, Any]) -> None:
    again = refusal(functions.create_function, FunctionName=function, **settings)
    assert again == (
        409, "ResourceConflictException", f"Function already exist: {function}",
    )  # fmt: skip
    read = functions.get_function(FunctionName=function)
    assert (read["Configuration"]["FunctionArn"], read["Tags"]) == (arn_of(function), {"a": "1"})
    assert functions.get_function_configuration(FunctionName=function)["Timeout"] == 3
    pages = functions.get_paginator("list_functions").paginate()
    assert function in {one["FunctionName"] for page in pages for one in page["Functions"]}
    no_zip = settings | {"Code": {"ZipFile": b"no zip"}}
    bad = refusal(functions.create_function, FunctionName=unique(), **no_zip)
    assert bad[:2] == (400, "InvalidParameterValueException")
    bad = refusal(functions.create_function, FunctionName=unique(), **settings, Timeout=901)
    assert bad[:2] == (400, "InvalidParameterValueException")
    functions.delete_function(FunctionName=function)
    gone = no_function(function)
    assert refusal(functions.get_function, FunctionName=function) == gone
    assert refusal(functions.delete_function, FunctionName=function)[:2] == gone[:2]
    assert refusal(functions.get_function_configuration, FunctionName=function)[:2] == gone[:2]


def sha256(content: bytes) -> str:
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


def test_a_function_runs_the_version_of_an_object_that_it_names(
    aws: Aws, functions: Any, settings: dict[str, Any]
) -> None:
    s3, bucket, name = aws("s3"), unique("packages"), unique("function")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    old, new = code("1"), code("2")
    first, second = (
        s3.put_object(Bucket=bucket, Key="chatbot.zip", Body=body)["VersionId"]
        for body in (old, new)
    )
    s3.put_object(Bucket=bucket, Key="notes", Body=b"no zip")
    at = {"S3Bucket": bucket, "S3Key": "chatbot.zip"}
    made = functions.create_function(
        FunctionName=name, **settings | {"Code": at | {"S3ObjectVersion": first}}
    )
    assert made["CodeSha256"] == sha256(old)
    answer = functions.invoke(FunctionName=name)["Payload"].read()
    assert answer == b"1"
    newest = functions.update_function_code(FunctionName=name, **at, Publish=True)
    assert newest["CodeSha256"] == sha256(new)
    again = functions.update_function_code(FunctionName=name, **at, S3ObjectVersion=second)
    assert again["CodeSha256"] == sha256(new)
    for wrong, says in (
        ({"S3Bucket": unique("nobodys")}, "S3 Error Code: NoSuchBucket"),
        ({"S3Key": "other.zip"}, "S3 Error Code: NoSuchKey"),
        ({"S3ObjectVersion": "other"}, "S3 Error Code: NoSuchVersion"),
        ({"S3Key": "notes"}, "Could not unzip uploaded file"),
    ):
        bad = at | wrong
        update = refusal(functions.update_function_code, FunctionName=name, **bad)
        creation = refusal(
            functions.create_function, FunctionName=unique(), **settings | {"Code": bad}
        )
        for status, kind, text in (update, creation):
            assert (status, kind) == (400, "InvalidParameterValueException")
            assert says in text


def test_a_function_in_a_vpc_needs_a_role_that_may_make_interfaces(
    emulator: Emulator, functions: Any, settings: dict[str, Any]
) -> None:
    network = {"SubnetIds": ["subnet-0a"], "SecurityGroupIds": ["sg-0b"]}
    inside, name = settings | {"VpcConfig": network}, unique("function")
    bad = refusal(functions.create_function, FunctionName=name, **inside)
    said = "The provided execution role does not have permissions to call CreateNetworkInterface"
    assert bad == (400, "InvalidParameterValueException", f"{said} on EC2")
    functions.create_function(FunctionName=name, **settings)
    update = {"FunctionName": name, "VpcConfig": network}
    assert refusal(functions.update_function_configuration, **update) == bad
    interfaces = [
        allow("ec2:CreateNetworkInterface", "arn:aws:ec2:*:*:network-interface/*"),
        allow("ec2:DeleteNetworkInterface", "arn:aws:ec2:*:*:*/*"),
        allow("ec2:DescribeNetworkInterfaces"),
    ]
    role = emulator.role(unique("role"), interfaces)["Arn"]
    functions.update_function_configuration(**update, Role=role)
    shown = functions.get_function_configuration(FunctionName=name)["VpcConfig"]
    assert (shown["SubnetIds"], shown["SecurityGroupIds"]) == (["subnet-0a"], ["sg-0b"])


@shows("lambda:UpdateFunctionConfiguration", "lambda:UpdateFunctionCode", "lambda:PublishVersion",
       "lambda:ListVersionsByFunction")  # fmt: skip
def test_a_version_is_what_the_function_was(functions: Any, function: str) -> None:
    first = functions.publish_version(FunctionName=function)
    assert first["Version"] == "1"
    # Lambda Developer Guide, "Manage Lambda function versions": nothing changed, no new version.
    assert functions.publish_version(FunctionName=function)["Version"] == "1"
    functions.update_function_configuration(
        FunctionName=function, Timeout=20, Environment={"Variables": {"AB": "1"}}
    )
    functions.update_function_code(FunctionName=function, ZipFile=code("2"))
    second = functions.publish_version(FunctionName=function)
    assert (second["Version"], second["Timeout"]) == ("2", 20)
    old = functions.get_function_configuration(FunctionName=function, Qualifier="1")
    assert (old["Timeout"], old["CodeSha256"]) == (3, first["CodeSha256"])
    assert "Environment" not in old
    listed = functions.list_versions_by_function(FunctionName=function)["Versions"]
    assert [one["Version"] for one in listed] == ["$LATEST", "1", "2"]
    functions.delete_function(FunctionName=function, Qualifier="1")
    gone = refusal(functions.get_function, FunctionName=function, Qualifier="1")
    assert gone[:2] == (404, "ResourceNotFoundException")
    assert functions.get_function(FunctionName=function)["Configuration"]["Timeout"] == 20
    none = unique("none")
    for call, change in (
        (functions.update_function_configuration, {"Timeout": 1}),
        (functions.update_function_code, {"ZipFile": code()}),
        (functions.publish_version, {}),
    ):
        assert refusal(call, FunctionName=none, **change)[:2] == no_function(none)[:2]


@shows("lambda:CreateAlias", "lambda:GetAlias", "lambda:UpdateAlias", "lambda:DeleteAlias",
       "lambda:ListAliases")  # fmt: skip
def test_an_alias_points_at_a_version_that_is_there(functions: Any, function: str) -> None:
    functions.publish_version(FunctionName=function)
    at = {"FunctionName": function, "Name": "live"}
    functions.create_alias(**at, FunctionVersion="1")
    again = refusal(functions.create_alias, **at, FunctionVersion="1")
    assert again == (
        409, "ResourceConflictException", f"Alias already exists: {arn_of(function)}:live",
    )  # fmt: skip
    functions.update_function_configuration(FunctionName=function, Timeout=9)
    functions.publish_version(FunctionName=function)
    functions.update_alias(**at, FunctionVersion="2", Description="d")
    read = functions.get_alias(**at)
    assert (read["FunctionVersion"], read["Description"]) == ("2", "d")
    assert read["AliasArn"] == f"{arn_of(function)}:live"
    shown = functions.get_function_configuration(FunctionName=function, Qualifier="live")
    assert shown["Timeout"] == 9
    listed = functions.list_aliases(FunctionName=function)["Aliases"]
    assert [one["Name"] for one in listed] == ["live"]
    missing = (404, "ResourceNotFoundException")
    assert refusal(functions.update_alias, **at, FunctionVersion="9")[:2] == missing
    other = at | {"Name": "other"}
    assert refusal(functions.create_alias, **other, FunctionVersion="9")[:2] == missing
    used = refusal(functions.delete_function, FunctionName=function, Qualifier="2")
    assert used[:2] == (409, "ResourceConflictException")

    def shift(**weights: float) -> dict[str, Any]:
        versions = {name.removeprefix("v"): weight for name, weight in weights.items()}
        return at | {"RoutingConfig": {"AdditionalVersionWeights": versions}}

    shifted = functions.update_alias(**shift(v1=0.25))
    assert shifted["RoutingConfig"] == {"AdditionalVersionWeights": {"1": 0.25}}
    functions.update_alias(**at, Description="kept")
    assert functions.get_alias(**at)["RoutingConfig"] == shifted["RoutingConfig"]
    used = refusal(functions.delete_function, FunctionName=function, Qualifier="1")
    assert used[:2] == (409, "ResourceConflictException")
    for wrong in (shift(v1=0.5, v2=0.5), shift(v2=0.5), shift(v1=1.5), shift(latest=0.5)):
        assert refusal(functions.update_alias, **wrong)[0] == 400
    functions.update_alias(**shift())
    assert not functions.get_alias(**at).get("RoutingConfig", {}).get("AdditionalVersionWeights")
    functions.delete_alias(**at)
    functions.delete_alias(**at)  # says nothing of an alias that is gone
    assert refusal(functions.get_alias, **at) == (
        *missing, f"Cannot find alias arn: {arn_of(function)}:live",
    )  # fmt: skip


@shows("lambda:AddPermission", "lambda:RemovePermission", "lambda:GetPolicy")
def test_permissions_are_of_function_version_or_alias(functions: Any, function: str) -> None:
    functions.publish_version(FunctionName=function)
    functions.create_alias(FunctionName=function, Name="live", FunctionVersion="1")
    of, live = {"FunctionName": function}, {"FunctionName": function, "Qualifier": "live"}
    grant = {
        "StatementId": "api",
        "Action": "lambda:InvokeFunction",
        "Principal": "apigateway.amazonaws.com",
        "SourceArn": f"arn:aws:execute-api:{REGION}:{ACCOUNT}:x/*",
    }
    functions.add_permission(**live, **grant)
    again = refusal(functions.add_permission, **live, **grant)
    assert again[:2] == (409, "ResourceConflictException")
    (statement,) = json.loads(functions.get_policy(**live)["Policy"])["Statement"]
    assert statement["Resource"] == f"{arn_of(function)}:live"
    assert statement["Condition"] == {"ArnLike": {"AWS:SourceArn": grant["SourceArn"]}}
    none = (404, "ResourceNotFoundException", "The resource you requested does not exist.")
    assert refusal(functions.get_policy, **of) == none
    assert refusal(functions.get_policy, **of, Qualifier="1") == none
    functions.add_permission(**of, **grant)  # the same id, of another policy
    functions.remove_permission(**live, StatementId="api")
    assert refusal(functions.get_policy, **live) == none
    gone = refusal(functions.remove_permission, **live, StatementId="api")
    assert gone[:2] == (404, "ResourceNotFoundException")
    (statement,) = json.loads(functions.get_policy(**of)["Policy"])["Statement"]
    assert statement["Resource"] == arn_of(function)
    functions.delete_function(**of)
    assert refusal(functions.get_policy, **of)[:2] == none[:2]


@shows("lambda:PutFunctionConcurrency", "lambda:GetFunctionConcurrency",
       "lambda:DeleteFunctionConcurrency", "lambda:GetAccountSettings")  # fmt: skip
def test_reserved_concurrency_leaves_a_hundred(functions: Any, function: str) -> None:
    at = {"FunctionName": function}
    assert "ReservedConcurrentExecutions" not in functions.get_function_concurrency(**at)
    for number in (5, 0):
        functions.put_function_concurrency(**at, ReservedConcurrentExecutions=number)
        assert functions.get_function_concurrency(**at)["ReservedConcurrentExecutions"] == number
        shown = functions.get_function(**at)["Concurrency"]
        assert shown == {"ReservedConcurrentExecutions": number}
    limit = functions.get_account_settings()["AccountLimit"]["ConcurrentExecutions"]
    # Lambda Developer Guide, "Configuring reserved concurrency": 100 stay unreserved.
    too_many = refusal(
        functions.put_function_concurrency, **at, ReservedConcurrentExecutions=limit - 99
    )
    assert too_many[:2] == (400, "InvalidParameterValueException")
    functions.delete_function_concurrency(**at)
    assert "ReservedConcurrentExecutions" not in functions.get_function_concurrency(**at)
    none = refusal(functions.get_function_concurrency, FunctionName="none")
    assert none[:2] == (404, "ResourceNotFoundException")


@shows("lambda:TagResource", "lambda:UntagResource", "lambda:ListTags",
       "lambda:GetFunctionCodeSigningConfig")  # fmt: skip
def test_functions_have_tags(functions: Any, function: str) -> None:
    arn = arn_of(function)
    functions.tag_resource(Resource=arn, Tags={"b": "2"})
    functions.untag_resource(Resource=arn, TagKeys=["a"])
    assert functions.list_tags(Resource=arn)["Tags"] == {"b": "2"}
    signing = functions.get_function_code_signing_config(FunctionName=function)
    assert not signing.get("CodeSigningConfigArn")
    gone = refusal(functions.list_tags, Resource=arn_of("none"))
    assert gone[:2] == (404, "ResourceNotFoundException")
