"""The account of the tests of this folder."""

from collections.abc import Iterator
from typing import Any

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

        def policy(name: str, statement: dict[str, Any]) -> str:
            made = iam.create_policy(PolicyName=name, PolicyDocument=document(statement))
            return str(made["Policy"]["Arn"])

        services = ["logs:*", "kms:*", "s3:*", "sts:*", "bedrock:*"]
        boundary = policy("chatbot-dev-boundary", allow(services))
        iam.create_role(
            RoleName=ROLE,
            AssumeRolePolicyDocument=trust("lambda.amazonaws.com"),
            PermissionsBoundary=boundary,
            Tags=[{"Key": "team", "Value": "blue"}],
        )
        tampering = deny(["logs:Delete*", "bedrock:UpdateGuardrail"], Sid="KeepLogs")
        managed = policy("chatbot-dev-deny-tampering", tampering)
        iam.attach_role_policy(RoleName=ROLE, PolicyArn=managed)
        session = {"RoleArn": ROLE_ARN, "RoleSessionName": "chatbot-dev"}
        keys = account.client("sts").assume_role(**session)["Credentials"]
        key, token = keys["AccessKeyId"], keys["SessionToken"]
        made = Rig(account, Authorizer(account), key, token, boundary)
        made.grant("logs", allow(["logs:*", "xray:*"], ["*"]))
        yield made


@pytest.fixture(scope="module")
def authorizer() -> Iterator[Authorizer]:
    with mock_aws():
        yield Authorizer(FakeAccount())
