"""Bedrock's invocation log: written in AWS's schema, while its role may."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator.bedrock.conftest import PROFILE_ARN, QUESTION
from tests.emulator.conftest import ACCOUNT, REGION, Emulator
from tests.emulator.shown import allow, shows, unique


@pytest.fixture
def invocation_log(emulator: Emulator) -> Iterator[str]:
    group = unique("/t/invocations")
    emulator.client("logs").create_log_group(logGroupName=group)
    stream = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}:log-stream:*"
    actions = ["logs:CreateLogStream", "logs:PutLogEvents"]
    role = emulator.role(unique("logging"), [allow(actions, stream)])
    bedrock = emulator.client("bedrock")
    bedrock.put_model_invocation_logging_configuration(
        loggingConfig={
            "textDataDeliveryEnabled": True,
            "cloudWatchConfig": {"logGroupName": group, "roleArn": role["Arn"]},
        }
    )
    yield group
    bedrock.delete_model_invocation_logging_configuration()


def test_invocations_are_logged_in_awss_schema(
    converse: Any, invocation_log: str, log_events: Callable[[str, str], list[str]]
) -> None:
    converse(QUESTION, requestMetadata={"request_id": "abc"})
    converse("Is Gemini better?")

    answered, blocked = (
        json.loads(each) for each in log_events(invocation_log, "aws/bedrock/modelinvocations")
    )
    assert (answered["schemaType"], answered["schemaVersion"]) == ("ModelInvocationLog", "1.0")
    assert (answered["operation"], answered["accountId"]) == ("Converse", ACCOUNT)
    assert (answered["region"], answered["modelId"]) == (REGION, PROFILE_ARN)
    assert answered["identity"] == {"arn": f"arn:aws:iam::{ACCOUNT}:root"}
    assert answered["requestMetadata"] == {"request_id": "abc"}
    assert answered["input"]["inputBodyJson"]["messages"][0]["content"] == [{"text": QUESTION}]
    assert answered["input"]["inputTokenCount"] == 5
    assert answered["output"]["outputBodyJson"]["stopReason"] == "end_turn"
    assert answered["output"]["outputTokenCount"] > 0
    assert blocked["output"]["outputBodyJson"]["stopReason"] == "guardrail_intervened"


def test_an_error_is_logged_by_its_name_and_a_large_body_left_out(
    converse: Any,
    faults: Any,
    invocation_log: str,
    log_events: Callable[[str, str], list[str]],
) -> None:
    faults({"bedrock": {"error": "ThrottlingException"}})
    with pytest.raises(ClientError, match="ThrottlingException"):
        converse(QUESTION)
    converse("Where is it? " * 10_000)

    failed, large = (
        json.loads(each) for each in log_events(invocation_log, "aws/bedrock/modelinvocations")
    )
    assert (failed["errorCode"], "output" in failed) == ("ThrottlingException", False)
    assert "inputBodyJson" in failed["input"]
    assert "inputBodyJson" not in large["input"]
    assert large["input"]["inputTokenCount"] > 30_000


def test_no_text_is_logged_where_text_is_not_delivered(
    emulator: Emulator,
    converse: Any,
    invocation_log: str,
    log_events: Callable[[str, str], list[str]],
) -> None:
    bedrock = emulator.client("bedrock")
    config = bedrock.get_model_invocation_logging_configuration()["loggingConfig"]
    converse(QUESTION)
    bedrock.put_model_invocation_logging_configuration(
        loggingConfig=config | {"textDataDeliveryEnabled": False}
    )
    converse(QUESTION)
    assert len(log_events(invocation_log, "aws/bedrock/modelinvocations")) == 1


def test_nothing_is_logged_once_the_role_may_not_write(
    emulator: Emulator,
    converse: Any,
    invocation_log: str,
    log_events: Callable[[str, str], list[str]],
) -> None:
    converse(QUESTION)
    config = emulator.client("bedrock").get_model_invocation_logging_configuration()
    role = config["loggingConfig"]["cloudWatchConfig"]["roleArn"].rpartition("/")[2]
    emulator.client("iam").delete_role_policy(RoleName=role, PolicyName="inline")
    converse(QUESTION)
    assert len(log_events(invocation_log, "aws/bedrock/modelinvocations")) == 1


@shows("bedrock:PutModelInvocationLoggingConfiguration",
       "bedrock:GetModelInvocationLoggingConfiguration",
       "bedrock:DeleteModelInvocationLoggingConfiguration")  # fmt: skip
def test_invocation_logging_needs_a_role_that_may_write(emulator: Emulator) -> None:
    bedrock, group = emulator.client("bedrock"), unique("/t/invocations")
    emulator.client("logs").create_log_group(logGroupName=group)
    stream = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}:log-stream:*"
    may_not = emulator.role(unique("mute"), [])["Arn"]
    may = emulator.role(
        unique("logger"), [allow(["logs:CreateLogStream", "logs:PutLogEvents"], stream)]
    )["Arn"]

    def configure(role: str) -> None:
        bedrock.put_model_invocation_logging_configuration(
            loggingConfig={"cloudWatchConfig": {"logGroupName": group, "roleArn": role}}
        )

    with pytest.raises(ClientError, match="Failed to validate permissions for log group"):
        configure(may_not)
    assert not bedrock.get_model_invocation_logging_configuration().get("loggingConfig")
    configure(may)
    assert bedrock.get_model_invocation_logging_configuration()["loggingConfig"]
    bedrock.delete_model_invocation_logging_configuration()
