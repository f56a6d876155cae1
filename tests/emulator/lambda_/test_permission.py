"""Who may invoke a function, by its resource policy."""

from typing import Any

import pytest

from emulator.lambda_ import LambdaRuntime
from emulator.lambda_.functions import may_invoke
from tests.emulator.lambda_.running import ARN, OneFunction
from tests.emulator.shown import allow

SOURCE = "arn:aws:execute-api:us-east-2:123456789012:api1/v1/POST/chat"
STATEMENT = allow(
    "lambda:InvokeFunction",
    f"{ARN}:live",
    Principal={"Service": "apigateway.amazonaws.com"},
    Condition={"ArnLike": {"AWS:SourceArn": SOURCE}},
)


def test_resource_policy_of_the_alias_lets_its_api_in(
    account: OneFunction, functions: LambdaRuntime
) -> None:
    account.policy = [STATEMENT]
    assert functions.allows(f"{ARN}:live", SOURCE)
    assert not functions.allows(ARN, SOURCE)


@pytest.mark.parametrize(
    ("change", "source"),
    [
        ({}, SOURCE.replace("POST", "GET")),
        ({}, SOURCE.replace("api1", "api2")),
        ({}, SOURCE.replace("v1", "test-invoke-stage")),
        ({"Resource": ARN}, SOURCE),
        ({"Principal": {"Service": "s3.amazonaws.com"}}, SOURCE),
        ({"Principal": {"AWS": "arn:aws:iam::123456789012:root"}}, SOURCE),
        ({"Action": "lambda:GetFunction"}, SOURCE),
        ({"Condition": {"StringEquals": {"AWS:SourceAccount": "999999999999"}}}, SOURCE),
        # A key that AWS documents nowhere for this call is not sent, so that no guess is proven.
        ({"Condition": {"StringEquals": {"AWS:SourceAccount": "123456789012"}}}, SOURCE),
        ({"Condition": {"Bool": {"aws:SecureTransport": "true"}}}, SOURCE),
        ({"Condition": {"ArnLike": {"aws:PrincipalArn": "*"}}}, SOURCE),
        ({"Effect": "Deny"}, SOURCE),
    ],
)
def test_resource_policy_refuses_everyone_else(change: dict[str, Any], source: str) -> None:
    assert may_invoke([STATEMENT], f"{ARN}:live", SOURCE)
    assert not may_invoke([{**STATEMENT, **change}], f"{ARN}:live", source)


def test_wildcards_stay_within_their_part_of_the_arn() -> None:
    def allowed(pattern: str) -> bool:
        statement = {**STATEMENT, "Condition": {"ArnLike": {"AWS:SourceArn": pattern}}}
        return may_invoke([statement], f"{ARN}:live", SOURCE)

    assert allowed("arn:aws:execute-api:us-east-2:123456789012:api1/*/POST/*")
    assert not allowed("arn:aws:execute-api:*")
