"""A function's settings, its snapshot, who may invoke it, and the role that it runs as."""

import pytest
from botocore.exceptions import ClientError

from emulator.lambda_ import patches
from tests.emulator.conftest import ACCOUNT, REGION, Emulator
from tests.emulator.shown import allow, refusal, trust, unique


@pytest.fixture
def function(emulator: Emulator, package: bytes) -> str:
    made = emulator.function(
        unique("function"),
        package,
        Publish=True,
        Architectures=["arm64"],
        LoggingConfig={"LogFormat": "JSON", "ApplicationLogLevel": "WARN", "LogGroup": "/x"},
        SnapStart={"ApplyOn": "PublishedVersions"},
        TracingConfig={"Mode": "Active"},
    )
    return str(made["FunctionName"])


def test_a_functions_settings_are_kept(emulator: Emulator, function: str) -> None:
    lambda_ = emulator.client("lambda")
    read = lambda_.get_function_configuration(FunctionName=function)
    assert read["LoggingConfig"] == {
        "LogFormat": "JSON",
        "ApplicationLogLevel": "WARN",
        "SystemLogLevel": "INFO",
        "LogGroup": "/x",
    }
    assert read["SnapStart"] == {"ApplyOn": "PublishedVersions", "OptimizationStatus": "Off"}


def test_a_version_with_snapstart_is_pending_until_its_snapshot_is_there(
    emulator: Emulator, function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lambda_ = emulator.client("lambda")
    version = {"FunctionName": function, "Qualifier": "1"}
    permission = {"Action": "lambda:InvokeFunction", "Principal": ACCOUNT, "StatementId": "one"}
    monkeypatch.setattr(patches, "SNAPSHOT_SECONDS", 60.0)
    read = lambda_.get_function_configuration(**version)
    assert (read["State"], read["SnapStart"]["OptimizationStatus"]) == ("Pending", "Off")
    assert "LastUpdateStatus" not in read
    for action, given in ((lambda_.invoke, {}), (lambda_.add_permission, permission)):
        refused = refusal(action, **version, **given)
        assert refused[:2] == (409, "ResourceConflictException")
    assert lambda_.get_function_configuration(FunctionName=function)["State"] == "Active"
    monkeypatch.setattr(patches, "SNAPSHOT_SECONDS", 0.0)
    read = lambda_.get_function_configuration(**version)
    assert (read["State"], read["SnapStart"]["OptimizationStatus"]) == ("Active", "On")
    assert read["LastUpdateStatus"] == "Successful"
    assert lambda_.invoke(**version)["StatusCode"] == 200
    lambda_.add_permission(**version, **permission)


def test_a_functions_settings_change_and_its_versions_do_not(
    emulator: Emulator, function: str, package: bytes
) -> None:
    lambda_ = emulator.client("lambda")
    lambda_.update_function_configuration(
        FunctionName=function,
        LoggingConfig={"LogFormat": "Text"},
        TracingConfig={"Mode": "PassThrough"},
        SnapStart={"ApplyOn": "None"},
        Timeout=9,
    )
    lambda_.update_function_code(FunctionName=function, ZipFile=package, Architectures=["x86_64"])
    read = lambda_.get_function_configuration(FunctionName=function)
    assert read["LoggingConfig"]["LogFormat"] == "Text"
    assert (read["TracingConfig"]["Mode"], read["Architectures"]) == ("PassThrough", ["x86_64"])
    old = lambda_.get_function_configuration(FunctionName=function, Qualifier="1")
    assert (old["LoggingConfig"]["LogFormat"], old["TracingConfig"]["Mode"]) == ("JSON", "Active")
    assert old["Architectures"] == ["arm64"]


def test_invoking_asks_for_leave(emulator: Emulator, function: str) -> None:
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}"
    may = emulator.role(unique("may"), [allow("lambda:InvokeFunction", arn)])
    may_not = emulator.role(unique("may-not"), [])
    reply = emulator.client("lambda", may).invoke(FunctionName=function, InvocationType="DryRun")
    assert reply["StatusCode"] == 204
    with pytest.raises(ClientError, match="not authorized to perform: lambda:InvokeFunction"):
        emulator.client("lambda", may_not).invoke(FunctionName=function, InvocationType="DryRun")


def test_a_function_runs_as_a_role_that_trusts_lambda(
    emulator: Emulator, function: str, package: bytes
) -> None:
    iam, lambda_ = emulator.client("iam"), emulator.client("lambda")
    ec2 = trust("ec2.amazonaws.com")
    stranger = iam.create_role(RoleName=unique("stranger"), AssumeRolePolicyDocument=ec2)["Role"]
    message = "The role defined for the function cannot be assumed by Lambda"
    with pytest.raises(ClientError, match=f"InvalidParameterValueException.*{message}"):
        emulator.function(unique("function"), package, Role=stranger["Arn"])
    with pytest.raises(ClientError, match=message):
        lambda_.update_function_configuration(FunctionName=function, Role=stranger["Arn"])

    # Once made, a function starts no further worker when the trust is withdrawn.
    role = lambda_.get_function_configuration(FunctionName=function)["Role"].rpartition("/")[2]
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=ec2)
    with pytest.raises(ClientError, match=f"AccessDeniedException.*{message}"):
        lambda_.invoke(FunctionName=function)


def test_lambda_sends_no_key_that_is_not_on_the_list(emulator: Emulator, function: str) -> None:
    iam, lambda_ = emulator.client("iam"), emulator.client("lambda")
    role = lambda_.get_function_configuration(FunctionName=function)["Role"].rpartition("/")[2]
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}"
    bound = trust("lambda.amazonaws.com", ArnLike={"aws:SourceArn": arn})
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=bound)
    with pytest.raises(ClientError, match="cannot be assumed by Lambda"):
        lambda_.update_function_configuration(
            FunctionName=function, Role=f"arn:aws:iam::{ACCOUNT}:role/{role}"
        )
