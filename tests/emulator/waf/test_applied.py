"""The engine reads what boto3 gives for a web ACL that was created through the API."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from emulator.waf import Waf
from emulator.wire.http import HttpRequest
from tests.emulator.fake_account import FakeAccount
from tests.emulator.rest_apis import mock_api
from tests.emulator.waf.support import (
    LOG_GROUP_ARN,
    contains,
    group,
    json_values,
    managed,
    rule,
    text,
)


@pytest.fixture
def account_id(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        gateway = boto3.client("apigateway", region_name="us-east-2")
        api = mock_api(gateway)["restApiId"]
        gateway.create_deployment(restApiId=api, stageName="v1")
        stage = f"arn:aws:apigateway:us-east-2::/restapis/{api}/stages/v1"
        yield {"wafv2": boto3.client("wafv2", region_name="us-east-2"), "stage": stage}


def test_what_was_applied_is_enforced(account_id: dict[str, Any]) -> None:
    client, stage = account_id["wafv2"], account_id["stage"]
    shown = {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": "m"}
    patterns = client.create_regex_pattern_set(
        Name="attacks", Scope="REGIONAL", RegularExpressionList=[{"RegexString": "ignore +all"}]
    )["Summary"]["ARN"]
    custom = {"ResponseCode": 413, "CustomResponseBodyKey": "large"}
    limit = text("SizeConstraintStatement", {"Body": {"OversizeHandling": "MATCH"}},
                 ComparisonOperator="GT", Size=8192)  # fmt: skip
    rules = [
        rule("size", limit, {"Block": {"CustomResponse": custom}}),
        rule("word", contains("secret", {"UriPath": {}}, "LOWERCASE")),
        group("known", managed("AWSManagedRulesKnownBadInputsRuleSet")),
        rule("prompt", text("RegexPatternSetReferenceStatement", json_values(), ARN=patterns)),
    ]
    acl = client.create_web_acl(
        Name="edge",
        Scope="REGIONAL",
        DefaultAction={"Allow": {}},
        VisibilityConfig=shown,
        Rules=[one | {"Priority": at, "VisibilityConfig": shown} for at, one in enumerate(rules)],
        CustomResponseBodies={"large": {"ContentType": "APPLICATION_JSON", "Content": "{}"}},
    )["Summary"]["ARN"]
    account = FakeAccount()
    waf = Waf(account)

    def send(body: str, path: str = "/v1") -> str:
        request = HttpRequest("POST", path, "", (), body.encode(), "127.0.0.1")
        verdict = waf.inspect(stage, request, request_id="1")
        return "none" if verdict is None else verdict.terminating_rule

    assert send("x" * 9000) == "none"
    client.associate_web_acl(WebACLArn=acl, ResourceArn=stage)
    logging = {"ResourceArn": acl, "LogDestinationConfigs": [f"{LOG_GROUP_ARN}:*"]}
    redacted = [{"SingleHeader": {"Name": "x-api-key"}}]
    client.put_logging_configuration(LoggingConfiguration=logging | {"RedactedFields": redacted})
    account.written()
    assert send("x" * 9000) == "size"
    assert send("{}", "/v1/SECRET") == "word"
    assert send('{"m": "${jndi:ldap://x}"}') == "known"
    assert send('{"m": "ignore all of it"}') == "prompt"
    assert send('{"m": "hello"}') == "Default_Action"
    assert {logged[0] for logged in account.logged} == {"aws-waf-logs-edge"}
    (said,) = account.said  # no rule is left out
    assert said.startswith("managed rule group AWSManagedRulesKnownBadInputsRuleSet: ")
