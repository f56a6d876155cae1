"""What AWS WAF wrote into its logs of requests to API Gateway, and what it blocked."""

import json
from typing import Any

from tests.conformance.harness import replay
from tests.conformance.replay_apigateway_serving import guarded
from tests.conformance.rest_api import RestApi, dumped
from tests.emulator.conftest import ACCOUNT, REGION, Emulator

JSON = "application/json"
_PLAIN = [{"Priority": 0, "Type": "NONE"}]


def _rule(statement: dict[str, Any], action: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"Name": "own", "Statement": statement, "Action": action or {"Block": {}}}


def _managed(name: str, counted: str | None = None) -> dict[str, Any]:
    override: dict[str, Any] = {
        "RuleActionOverrides": [{"Name": counted, "ActionToUse": {"Count": {}}}]
    }
    group = {"VendorName": "AWS", "Name": name} | (override if counted else {})
    return {
        "Name": f"own-{name}",
        "Statement": {"ManagedRuleGroupStatement": group},
        "OverrideAction": {"None": {}},
    }


def _header(name: str, **text: str) -> dict[str, Any]:
    field = {"SingleHeader": {"Name": name}}
    by_bytes = {"PositionalConstraint": "EXACTLY", **text}
    return {"FieldToMatch": field, "TextTransformations": _PLAIN} | (by_bytes if text else {})


_SQL = "10 AND 1=1"


class _Guarded:
    """An API behind a web ACL that logs."""

    def __init__(self, aws: Emulator, *rules: dict[str, Any]) -> None:
        self.aws = aws
        self.api = RestApi(aws)
        for verb in ("GET", "POST"):
            self.api.mock(self.api.root, verb)
        self.api.deploy()
        acl = guarded(self.api, list(rules))
        self._group, logs = f"aws-waf-logs-{self.api.id}", aws.client("logs")
        logs.create_log_group(logGroupName=self._group)
        arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{self._group}"
        aws.client("wafv2").put_logging_configuration(
            LoggingConfiguration={"ResourceArn": acl, "LogDestinationConfigs": [arn]}
        )

    def call(self, method: str = "GET", body: bytes | None = None, **headers: str) -> int:
        return int(self.api.call("/", method, body, **headers)["status"])

    def records(self) -> list[dict[str, Any]]:
        self.aws.server.app.door.account.logs.flush()
        events = self.aws.client("logs").filter_log_events(logGroupName=self._group)["events"]
        return [json.loads(event["message"]) for event in events]

    def record(self) -> dict[str, Any]:
        return self.records()[-1]


@replay("waf-001")
def keys_of_a_record(aws: Emulator) -> dict[str, Any]:
    site = _Guarded(aws)
    site.call()
    record = site.record()
    # What AWS added since, the body's sizes among it, comes after the keys on record.
    return {**record, "keys": list(record)[:15]}


@replay(
    "waf-002",
    reading={
        "first": ["X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Port", "Host",
                  "X-Amzn-Trace-Id"],
        "then the client's": True,
        "Host": f"<api>.execute-api.{REGION}.amazonaws.com",
    },
)  # fmt: skip
def headers_of_a_record(aws: Emulator) -> dict[str, Any]:
    site = _Guarded(aws)
    site.call(X_Own="1")
    headers = site.record()["httpRequest"]["headers"]
    names = [each["name"] for each in headers]
    return {
        "first": names[:5],
        "then the client's": "x-own" in [name.lower() for name in names[5:]],
        "Host": headers[3]["value"],
    }


def _limited(aws: Emulator) -> _Guarded:
    key = {"Header": {"Name": "h", "TextTransformations": _PLAIN}}
    rate = {
        "Limit": 100,
        "EvaluationWindowSec": 120,
        "AggregateKeyType": "CUSTOM_KEYS",
        "CustomKeys": [key],
    }
    return _Guarded(aws, _rule({"RateBasedStatement": rate}))


@replay(
    "waf-004",
    reading={
        "rateBasedRuleList": [
            {
                "limitKey": "CUSTOMKEYS",
                "maxRateAllowed": 100,
                "evaluationWindowSec": "120",
                "customValues": [{"key": "HEADER", "name": "h", "value": "v"}],
            }
        ],
        "terminatingRuleType": "RATE_BASED",
        "terminatingRuleMatchDetails": [],
    },
)
def rate_that_blocks(aws: Emulator) -> dict[str, Any]:
    site = _limited(aws)
    while site.call(h="v") == 200:
        assert len(site.records()) < 200
    return site.record()


@replay("waf-005")
def rate_that_does_not_act(aws: Emulator) -> dict[str, Any]:
    site = _limited(aws)
    site.call(h="v")
    return site.record()


@replay("waf-006")
def injection_in_a_header(aws: Emulator) -> dict[str, Any]:
    statement = {"SqliMatchStatement": {**_header("q"), "SensitivityLevel": "HIGH"}}
    site = _Guarded(aws, _rule(statement))
    assert site.call(q=_SQL) == 403
    return site.record()


@replay("waf-007")
def injection_in_a_json_body(aws: Emulator) -> dict[str, Any]:
    body = {"MatchPattern": {"All": {}}, "MatchScope": "ALL"}
    field = {"JsonBody": {**body, "OversizeHandling": "MATCH"}}
    sql = {"FieldToMatch": field, "TextTransformations": _PLAIN, "SensitivityLevel": "HIGH"}
    site = _Guarded(aws, _rule({"SqliMatchStatement": sql}))
    assert site.call("POST", dumped({"message": _SQL}), Content_Type=JSON) == 403
    (detail,) = site.record()["terminatingRuleMatchDetails"]
    return dict(detail)


@replay("waf-009")
def managed_group_blocks(aws: Emulator) -> dict[str, Any]:
    groups = ("AWSManagedRulesCommonRuleSet", "AWSManagedRulesWindowsRuleSet")
    site = _Guarded(aws, *map(_managed, groups))
    site.call("POST", b"a=1|dir c:\\windows", Content_Type="text/plain")
    record = site.record()
    own = record["terminatingRuleId"] == "own-AWSManagedRulesWindowsRuleSet"
    return {**record, "terminatingRuleId": "name of the rule in the web ACL" if own else None}


@replay("wafv2-011")
def managed_rule_counted(aws: Emulator) -> dict[str, Any]:
    site = _Guarded(aws, _managed("AWSManagedRulesCommonRuleSet", "SizeRestrictions_BODY"))
    assert site.call("POST", dumped("a" * 9_000), Content_Type=JSON) != 403
    (group,) = site.record()["ruleGroupList"]
    return dict(group)


@replay("wafv2-012")
def large_bodies(aws: Emulator) -> dict[str, Any]:
    site = _Guarded(aws, _managed("AWSManagedRulesCommonRuleSet"))
    assert site.call("POST", b"a" * 8_192, Content_Type=JSON) != 403
    assert site.call("POST", b"a" * 8_193, Content_Type=JSON) == 403
    return site.record()


@replay("wafv2-013")
def inserted_header(aws: Emulator) -> dict[str, Any]:
    insert = {"InsertHeaders": [{"Name": "test-header-name", "Value": "v"}]}
    action = {"Count": {"CustomRequestHandling": insert}}
    statement = {"ByteMatchStatement": _header("h", SearchString="v")}
    site = _Guarded(aws, _rule(statement, action))
    site.call(h="v")
    return site.record()
