"""A web ACL on a stage, without a control plane: what boto3 would return is given as data."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

from botocore.exceptions import ClientError

from emulator.waf import Verdict, Waf
from emulator.waf.rates import RateCounters
from emulator.wire.http import HttpRequest
from tests.emulator.fake_account import Clock, FakeAccount

STAGE = "arn:aws:apigateway:us-east-2::/restapis/abc123/stages/v1"
ACL_ARN = "arn:aws:wafv2:us-east-2:123456789012:regional/webacl/edge/acl-id"
IPS_ARN = "arn:aws:wafv2:us-east-2:123456789012:regional/ipset/offices/ips-id"
GROUP_ARN = "arn:aws:wafv2:us-east-2:123456789012:regional/rulegroup/own/group-id"
SET_ARN = "arn:aws:wafv2:us-east-2:123456789012:regional/regexpatternset/attacks/set-id"
LOG_GROUP_ARN = "arn:aws:logs:us-east-2:123456789012:log-group:aws-waf-logs-edge"
NONE = [{"Priority": 0, "Type": "NONE"}]


class WebAclAccount(FakeAccount):
    def __init__(self) -> None:
        super().__init__()
        self.acl: dict[str, Any] | None = None
        self.logging: dict[str, Any] | None = None
        self.pattern_set: dict[str, Any] = {}
        self.addresses: list[str] = []
        self.rule_group: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        assert service == "wafv2"
        return self

    def get_web_acl_for_resource(self, **arguments: str) -> dict[str, Any]:
        return {"WebACL": self.acl} if arguments["ResourceArn"] == STAGE and self.acl else {}

    def get_logging_configuration(self, **_: str) -> dict[str, Any]:
        if self.logging is None:
            error = {"Error": {"Code": "WAFNonexistentItemException", "Message": "none"}}
            raise ClientError(cast("Any", error), "GetLoggingConfiguration")
        return {"LoggingConfiguration": self.logging}

    def get_regex_pattern_set(self, **arguments: str) -> dict[str, Any]:
        assert (arguments["Scope"], arguments["Id"]) == ("REGIONAL", "set-id")
        return {"RegexPatternSet": self.pattern_set}

    def get_ip_set(self, **arguments: str) -> dict[str, Any]:
        assert (arguments["Scope"], arguments["Id"]) == ("REGIONAL", "ips-id")
        return {"IPSet": {"Addresses": self.addresses}}

    def get_rule_group(self, **arguments: str) -> dict[str, Any]:
        assert (arguments["Scope"], arguments["Id"]) == ("REGIONAL", "group-id")
        return {"RuleGroup": self.rule_group}


class Edge:
    stage = STAGE

    def __init__(self) -> None:
        self.account = WebAclAccount()
        self.clock = Clock()
        self.waf = Waf(self.account, rates=RateCounters(self.clock))
        self.patterns()

    @property
    def logged(self) -> list[tuple[str, str, dict[str, Any]]]:
        return [(*where, json.loads(record)) for *where, record in self.account.logged]

    def patterns(self, *patterns: str) -> None:
        self.account.pattern_set = {
            "RegularExpressionList": [{"RegexString": pattern} for pattern in patterns]
        }

    def apply(self, *rules: Mapping[str, Any], **acl: Any) -> None:
        """Put a web ACL with these rules, in this order, before the stage."""
        self.account.written()
        self.account.acl = {
            "Name": "edge",
            "Id": "acl-id",
            "ARN": ACL_ARN,
            "DefaultAction": {"Allow": {}},
            "LabelNamespace": "awswaf:123456789012:webacl:edge:",
            "VisibilityConfig": {"MetricName": "edge", "CloudWatchMetricsEnabled": True},
            "Rules": [
                {"Priority": at, "VisibilityConfig": {"MetricName": rule["Name"]}} | dict(rule)
                for at, rule in enumerate(rules)
            ],
        } | acl

    def group(self, *rules: Mapping[str, Any], **group: Any) -> None:
        """Give the account's own rule group these rules."""
        self.account.written()
        self.account.rule_group = {
            "LabelNamespace": "awswaf:123456789012:rulegroup:own:",
            "Rules": [{"Priority": at} | dict(rule) for at, rule in enumerate(rules)],
        } | group

    def request(self, body: bytes | str = b"", **parts: Any) -> HttpRequest:
        """Return a POST /v1/chat, with the given parts in place of the usual ones."""
        headers: Sequence[tuple[str, str]] = parts.pop("headers", (("User-Agent", "tests"),))
        usual: dict[str, Any] = {
            "method": "POST",
            "path": "/v1/chat",
            "query": "",
            "headers": tuple(headers),
            "body": body.encode() if isinstance(body, str) else body,
            "source_ip": "203.0.113.9",
        }
        return HttpRequest(**usual | parts)

    def send(self, body: bytes | str = b"", **parts: Any) -> Verdict:
        verdict = self.waf.inspect(STAGE, self.request(body, **parts), request_id="request-1")
        assert verdict is not None
        return verdict

    def matches(self, statement: Mapping[str, Any], body: bytes | str = b"", **parts: Any) -> bool:
        self.apply(rule("under-test", statement))
        before = self.account.said
        blocked = self.send(body, **parts).action == "BLOCK"
        assert self.account.said == before
        return blocked


def rule(
    name: str, statement: Mapping[str, Any], action: Any = None, **more: Any
) -> dict[str, Any]:
    """Return a rule in boto3's shape; it blocks by default."""
    return {"Name": name, "Statement": dict(statement), "Action": action or {"Block": {}}} | more


def group(name: str, statement: Mapping[str, Any], *, counted: bool = False) -> dict[str, Any]:
    """Return a rule that runs a rule group, in boto3's shape."""
    override: dict[str, Any] = {"Count": {}} if counted else {"None": {}}
    return {"Name": name, "Statement": dict(statement), "OverrideAction": override}


def managed(name: str, **options: Any) -> dict[str, Any]:
    """Return a managed rule group statement in boto3's shape."""
    return {"ManagedRuleGroupStatement": {"VendorName": "AWS", "Name": name} | options}


def text(kind: str, component: Mapping[str, Any], *transforms: str, **more: Any) -> dict[str, Any]:
    """Return a statement on a request component in boto3's shape."""
    chain = [{"Priority": at, "Type": name} for at, name in enumerate(transforms)] or NONE
    return {kind: {"FieldToMatch": dict(component), "TextTransformations": chain} | more}


def contains(wanted: str, component: Mapping[str, Any], *transforms: str) -> dict[str, Any]:
    """Return a string match in boto3's shape."""
    return text(
        "ByteMatchStatement",
        component,
        *transforms,
        SearchString=wanted.encode(),
        PositionalConstraint="CONTAINS",
    )


def json_values(**more: Any) -> dict[str, Any]:
    """Return the component `every value of the JSON body`, which a broken body matches."""
    return {
        "JsonBody": {
            "MatchPattern": {"All": {}},
            "MatchScope": "VALUE",
            "InvalidFallbackBehavior": "MATCH",
            "OversizeHandling": "MATCH",
        }
        | more
    }
