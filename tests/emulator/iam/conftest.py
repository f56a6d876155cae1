"""The account of the tests of this folder."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from emulator.iam import Authorizer
from tests.emulator.fake_account import FakeAccount
from tests.emulator.iam.rig import ROLE, ROLE_ARN, Rig
from tests.emulator.shown import allow, deny, document, trust


@pytest.fixture
def rig() -> Iterator[Rig]:
    with mock_aws():
        account = FakeAccount()
        iam = account.client("iam")
        boundary = iam.create_policy(
            PolicyName="chatbot-dev-boundary",
            PolicyDocument=document(allow(["logs:*", "kms:*", "s3:*", "sts:*", "bedrock:*"])),
        )["Policy"]["Arn"]
        iam.create_role(
            RoleName=ROLE,
            AssumeRolePolicyDocument=trust("lambda.amazonaws.com"),
            PermissionsBoundary=boundary,
            Tags=[{"Key": "team", "Value": "blue"}],
        )
        managed = iam.create_policy(
            PolicyName="chatbot-dev-deny-tampering",
            PolicyDocument=document(
                deny(["logs:Delete*", "bedrock:UpdateGuardrail"], Sid="KeepLogs")
            ),
        )["Policy"]["Arn"]
        iam.attach_role_policy(RoleName=ROLE, PolicyArn=managed)
        credentials = account.client("sts").assume_role(
            RoleArn=ROLE_ARN, RoleSessionName="chatbot-dev"
        )["Credentials"]
        made = Rig(
            account,
            Authorizer(account),
            credentials["AccessKeyId"],
            credentials["SessionToken"],
            boundary,
        )
        made.grant("logs", allow(["logs:*", "xray:*"], ["*"]))
        yield made


@pytest.fixture(scope="module")
def authorizer() -> Iterator[Authorizer]:
    with mock_aws():
        yield Authorizer(FakeAccount())
