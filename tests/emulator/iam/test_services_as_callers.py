"""AWS services as callers: what they may, and the condition keys that they send."""

from typing import Any

import pytest

from emulator.iam import service_query
from emulator.wire.errors import CallerError
from tests.emulator.fake_account import ACCOUNT, REGION
from tests.emulator.iam.rig import LOGGING, STREAM, Rig
from tests.emulator.shown import allow, document, trust

SOURCE = f"arn:aws:bedrock:{REGION}:{ACCOUNT}:*"
INVOCATIONS = (
    f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/bedrock/model-invocations"
    ":log-stream:aws/bedrock/modelinvocations"
)


def test_bedrock_assumes_its_logging_role_within_the_trust_policy(rig: Rig) -> None:
    rig.account.client("iam").create_role(
        RoleName="BedrockLoggingRole",
        AssumeRolePolicyDocument=trust(
            "bedrock.amazonaws.com",
            StringEquals={"aws:SourceAccount": ACCOUNT},
            ArnLike={"aws:SourceArn": SOURCE},
        ),
    )
    rig.account.client("iam").put_role_policy(
        RoleName="BedrockLoggingRole",
        PolicyName="write",
        PolicyDocument=document(allow(["logs:CreateLogStream", "logs:PutLogEvents"], INVOCATIONS)),
    )
    source = SOURCE.replace("*", "model-invocation")
    bedrock = "bedrock.amazonaws.com"

    def assume(role: str, service: str, source_account: str, source_arn: str) -> Any:
        origin = {"aws:SourceAccount": source_account, "aws:SourceArn": source_arn}
        return rig.authorizer.assume_by_service(role, service, origin)

    assert assume(LOGGING, bedrock, ACCOUNT, source).role_arn == LOGGING
    for service, source_account, source_arn in (
        ("lambda.amazonaws.com", ACCOUNT, source),
        (bedrock, "999999999999", source),
        (bedrock, ACCOUNT, source.replace(REGION, "eu-west-1")),
    ):
        with pytest.raises(CallerError, match="trust policy"):
            assume(LOGGING, service, source_account, source_arn)
    with pytest.raises(CallerError, match="does not exist"):
        assume(LOGGING + "x", bedrock, ACCOUNT, source)

    may = rig.authorizer.authorize_role
    assert may(LOGGING, "logs:PutLogEvents", INVOCATIONS).allowed
    assert not may(LOGGING, "logs:PutLogEvents", STREAM).allowed
    assert not may(LOGGING + "x", "logs:PutLogEvents", INVOCATIONS).allowed


def test_a_service_sends_the_keys_of_the_list_and_no_other() -> None:
    origin = {"aws:SourceArn": "arn:x", "aws:SourceAccount": ACCOUNT, "s3:x-amz-acl": "private"}

    def keys(service: str, action: str) -> set[str]:
        return set(service_query(service, action, "arn:y", origin).context)

    cloudtrail = "cloudtrail.amazonaws.com"
    assert keys(cloudtrail, "sts:AssumeRole") == set()
    assert keys(cloudtrail, "s3:GetBucketAcl") == {"aws:SourceArn", "aws:SecureTransport"}
    assert keys("events.amazonaws.com", "sns:Publish") == {"aws:SecureTransport"}
    assert keys("events.amazonaws.com", "kms:GenerateDataKey") == set()
    assert keys("bedrock.amazonaws.com", "sts:AssumeRole") == {"aws:SourceAccount", "aws:SourceArn"}
    assert keys("apigateway.amazonaws.com", "lambda:InvokeFunction") == {"aws:SourceArn"}


def test_a_call_that_lacks_a_key_of_the_list_is_a_mistake_of_the_emulator() -> None:
    with pytest.raises(KeyError, match="aws:SourceArn"):
        service_query("cloudtrail.amazonaws.com", "s3:GetBucketAcl", "arn:aws:s3:::b", {})
