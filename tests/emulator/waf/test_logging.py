"""Log records have AWS's shape, go where they should, and show no more than they may."""

import base64
import hashlib
import json
from typing import Any

import pytest

from tests.emulator.waf.support import (
    ACL_ARN,
    LOG_GROUP_ARN,
    Edge,
    contains,
    group,
    json_values,
    managed,
    rule,
    text,
)

BODY: dict[str, Any] = {"Body": {}}
SECRET = "sk-secret-key"  # made up


def configure(edge: Edge, **more: Any) -> None:
    edge.account.logging = {"ResourceArn": ACL_ARN, "LogDestinationConfigs": [LOG_GROUP_ARN]} | more


def sqli(component: dict[str, Any], action: str = "Block") -> dict[str, Any]:
    statement = text("SqliMatchStatement", component, SensitivityLevel="HIGH")
    return rule("sqli", statement, {action: {}})


def test_a_record_has_every_field_that_aws_documents(edge: Edge) -> None:
    configure(edge)
    edge.apply(rule("word", contains("bad", BODY), RuleLabels=[{"Name": "word"}]))
    traces = [("X-Amzn-Trace-Id", "Root=theirs"), ("x-amzn-trace-id", "Root=ours")]
    verdict = edge.send("bad", query="a=1", headers=[*traces, ("User-Agent", "tests")])
    ((log_group, stream, record),) = edge.logged
    assert (log_group, stream) == ("aws-waf-logs-edge", "us-east-2_edge_0")
    assert record == verdict.log_record
    assert isinstance(record.pop("timestamp"), int)
    assert record == {
        "formatVersion": 1,
        "webaclId": ACL_ARN,
        "terminatingRuleId": "word",
        "terminatingRuleType": "REGULAR",
        "action": "BLOCK",
        "terminatingRuleMatchDetails": [],
        "httpSourceName": "APIGW",
        "httpSourceId": "123456789012:abc123:v1",
        "ruleGroupList": [],
        "rateBasedRuleList": [],
        "nonTerminatingMatchingRules": [],
        "requestHeadersInserted": None,
        "responseCodeSent": None,
        "httpRequest": {
            "clientIp": "203.0.113.9",
            "country": "-",
            "headers": [
                {"name": "X-Forwarded-For", "value": "203.0.113.9"},
                {"name": "X-Forwarded-Proto", "value": "https"},
                {"name": "X-Forwarded-Port", "value": "443"},
                {"name": "Host", "value": "abc123.execute-api.us-east-2.amazonaws.com"},
                {"name": "X-Amzn-Trace-Id", "value": "Root=ours"},
                {"name": "User-Agent", "value": "tests"},
            ],
            "uri": "/v1/chat",
            "args": "a=1",
            "httpVersion": "HTTP/1.1",
            "httpMethod": "POST",
            "requestId": "request-1",
        },
        "labels": [{"name": "awswaf:123456789012:webacl:edge:word"}],
        "requestBodySize": 3,
        "requestBodySizeInspectedByWAF": 3,
    }


def test_a_rate_limited_record_names_the_key_and_the_limit(edge: Edge) -> None:
    edge.apply(rule("rate", {"RateBasedStatement": {"Limit": 10, "AggregateKeyType": "IP"}}))
    *before, record = [edge.send(source_ip="127.0.0.1").log_record for _ in range(11)]
    assert all(one["rateBasedRuleList"] == [] for one in before)  # it did not act yet
    assert (record["terminatingRuleId"], record["terminatingRuleType"]) == ("rate", "RATE_BASED")
    assert record["httpRequest"]["country"] == "-"
    assert record["rateBasedRuleList"] == [
        {
            "rateBasedRuleId": "rate",
            "rateBasedRuleName": "rate",
            "limitKey": "IP",
            "maxRateAllowed": 10,
            "evaluationWindowSec": "300",
            "limitValue": "127.0.0.1",
        }
    ]


def test_sql_matches_are_described(edge: Edge) -> None:
    edge.apply(sqli({"SingleHeader": {"Name": "X-Probe"}}))
    record = edge.send(headers=[("x-probe", "10 AND 1=1")]).log_record
    assert record["terminatingRuleMatchDetails"] == [
        {
            "conditionType": "SQL_INJECTION",
            "sensitivityLevel": "HIGH",
            "location": "HEADER",
            "matchedData": ["10", "AND", "1"],
            "matchedFieldName": "x-probe",
        }
    ]


def test_a_match_shows_keywords_and_none_of_the_prompt(edge: Edge) -> None:
    edge.apply(group("sqli", managed("AWSManagedRulesSQLiRuleSet")), sqli(json_values()))
    prompt = "My card 4111111111111111 belongs to Jane' OR 'a'='a"
    logged = json.dumps(edge.send(json.dumps({"message": prompt})).log_record)
    for private in ("4111", "Jane", "card", "message"):
        assert private not in logged
    assert "SQL_INJECTION" in logged


def test_only_what_made_the_rule_match_is_described(edge: Edge) -> None:
    injection: dict[str, Any] = text("SqliMatchStatement", BODY)
    never = contains("never there", BODY)
    edge.apply(
        rule("no", {"AndStatement": {"Statements": [injection, never]}}),
        rule("yes", contains("OR", BODY)),
    )
    assert edge.send("x' OR '1'='1").log_record["terminatingRuleMatchDetails"] == []
    twice: dict[str, Any] = {
        "NotStatement": {"Statement": {"NotStatement": {"Statement": injection}}}
    }
    edge.apply(rule("not-not", twice))
    record = edge.send("x' OR '1'='1").log_record
    assert (record["action"], record["terminatingRuleMatchDetails"]) == ("BLOCK", [])


def test_the_first_hundred_labels_are_logged(edge: Edge) -> None:
    labels = [{"Name": f"label{at}"} for at in range(120)]
    edge.apply(rule("many", contains("", BODY), {"Count": {}}, RuleLabels=labels))
    verdict = edge.send()
    assert (len(verdict.labels), len(verdict.log_record["labels"])) == (120, 100)


def test_oversize_components_are_named_when_a_rule_looked_at_them(edge: Edge) -> None:
    edge.apply(
        rule("word", contains("bad", json_values(OversizeHandling="CONTINUE")), {"Count": {}})
    )
    record = edge.send("x" * 20_000).log_record
    assert (record["oversizeFields"], record["requestBodySize"]) == (["REQUEST_JSON_BODY"], 20_000)
    assert record["requestBodySizeInspectedByWAF"] == 16_384
    edge.apply(rule("word", contains("bad", {"UriPath": {}})))
    assert "oversizeFields" not in edge.send("x" * 20_000).log_record


@pytest.mark.parametrize(
    ("component", "shown"),
    [
        ({"SingleHeader": {"Name": "X-API-Key"}}, SECRET),
        ({"QueryString": {}}, "token=1"),
        ({"UriPath": {}}, "/v1/chat"),
        ({"Method": {}}, "POST"),
    ],
)
def test_a_redacted_field_is_not_in_the_record(
    edge: Edge, component: dict[str, Any], shown: str
) -> None:
    edge.apply()
    configure(edge)
    parts: dict[str, Any] = {"headers": [("x-api-key", SECRET)], "query": "token=1"}
    edge.send(**parts)
    configure(edge, RedactedFields=[component])
    edge.account.written()
    edge.send(**parts)
    before, after = (json.dumps(record) for _, _, record in edge.logged)
    assert shown in before
    assert shown not in after
    assert after.count("REDACTED") == 1


def test_redaction_reaches_the_rate_and_match_details(edge: Edge) -> None:
    configure(edge, RedactedFields=[{"SingleHeader": {"Name": "x-api-key"}}])
    keys = [{"Header": {"Name": "x-api-key", "TextTransformations": []}}]
    statement = {"Limit": 10, "AggregateKeyType": "CUSTOM_KEYS", "CustomKeys": keys}
    edge.apply(
        rule("rate", {"RateBasedStatement": statement}),
        sqli({"SingleHeader": {"Name": "x-api-key"}}, "Count"),
    )
    sent = [edge.send(headers=[("x-api-key", "77 AND 1=1")]).log_record for _ in range(11)]
    assert sent[-1]["rateBasedRuleList"]
    assert "77" not in json.dumps(sent[-1]["rateBasedRuleList"])
    record = sent[0]
    assert "77" not in json.dumps(record["nonTerminatingMatchingRules"])
    assert "77" not in json.dumps(record["httpRequest"]["headers"])


def protect(kind: str, *keys: str, action: str = "SUBSTITUTION", **more: Any) -> dict[str, Any]:
    field = {"FieldType": kind} | ({"FieldKeys": list(keys)} if keys else {})
    return {"DataProtections": [{"Field": field, "Action": action} | more]}


def hashed(value: str) -> str:
    return base64.b64encode(hashlib.sha256(("123456789012" + value).encode()).digest()).decode()


def test_data_protection_masks_arguments_and_cookies_by_name(edge: Edge) -> None:
    config = protect("SINGLE_QUERY_ARGUMENT", "hoppy", action="HASH")
    edge.apply(DataProtectionConfig=config)
    args = edge.send(query="HOPPY=x&yellow=hello").log_record["httpRequest"]["args"]
    assert args == f"HOPPY={hashed('x')}&yellow=hello"
    for config in (protect("SINGLE_COOKIE", "MILO"), protect("SINGLE_HEADER", "cookie")):
        edge.apply(DataProtectionConfig=config)
        headers = edge.send(headers=[("Cookie", "milo=cat")]).log_record["httpRequest"]["headers"]
        assert headers[-1] == {"name": "Cookie", "value": "milo=REDACTED"}
    edge.apply(DataProtectionConfig=protect("QUERY_STRING"))
    assert edge.send(query="a=1").log_record["httpRequest"]["args"] == "REDACTED"


def test_a_protected_field_without_keys_is_protected_whole(edge: Edge) -> None:
    edge.apply(DataProtectionConfig=protect("SINGLE_HEADER"))
    sent = [("X-Anything", "secret"), ("Cookie", "milo=cat")]
    headers = edge.send(headers=sent).log_record["httpRequest"]["headers"]
    assert {header["value"] for header in headers} == {"REDACTED", "milo=REDACTED"}


@pytest.mark.parametrize("component", [BODY, json_values()])
def test_data_protection_of_the_body_reaches_the_match_details(
    edge: Edge, component: dict[str, Any]
) -> None:
    attack = "{\"m\": \"x' OR '1'='1\"}"
    edge.apply(sqli(component), DataProtectionConfig=protect("BODY"))
    (detail,) = edge.send(attack).log_record["terminatingRuleMatchDetails"]
    assert detail["matchedData"] == ["REDACTED"]
    kept = protect("BODY", ExcludeRuleMatchDetails=True)
    edge.apply(sqli(component), DataProtectionConfig=kept)
    (detail,) = edge.send(attack).log_record["terminatingRuleMatchDetails"]
    assert "OR" in detail["matchedData"]


def test_a_redacted_query_string_hides_its_arguments_names(edge: Edge) -> None:
    attack = {"query": "secret=1'+OR+'1'='1"}
    statement = text("SqliMatchStatement", {"AllQueryArguments": {}}, "URL_DECODE")
    for config, name in (
        (protect("QUERY_STRING"), "REDACTED"),
        (protect("SINGLE_QUERY_ARGUMENT", "secret"), "secret"),
    ):
        edge.apply(rule("sqli", statement), DataProtectionConfig=config)
        (detail,) = edge.send(**attack).log_record["terminatingRuleMatchDetails"]
        assert (detail["matchedFieldName"], detail["matchedData"]) == (name, ["REDACTED"])


def test_data_protection_can_spare_the_rate_details(edge: Edge) -> None:
    keys = [{"Header": {"Name": "dogname", "TextTransformations": []}}]
    statement = {"Limit": 10, "AggregateKeyType": "CUSTOM_KEYS", "CustomKeys": keys}
    for spared, value in ((False, "REDACTED"), (True, "ella")):
        config = protect("SINGLE_HEADER", "dogname", ExcludeRateBasedDetails=spared)
        edge.apply(rule("rate", {"RateBasedStatement": statement}), DataProtectionConfig=config)
        sent = [edge.send(headers=[("dogname", "ella")]).log_record for _ in range(11)]
        (record,) = sent[-1]["rateBasedRuleList"]
        assert record["customValues"] == [{"key": "HEADER", "value": value, "name": "dogname"}]


def log_filter(behavior: str, default: str, *conditions: dict[str, Any], **more: Any) -> Any:
    one = {"Behavior": behavior, "Requirement": "MEETS_ANY", "Conditions": list(conditions)}
    return {"Filters": [one | more], "DefaultBehavior": default}


def action_is(name: str) -> dict[str, Any]:
    return {"ActionCondition": {"Action": name}}


LABEL = {"LabelNameCondition": {"LabelName": "awswaf:123456789012:webacl:edge:counted"}}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (None, ["good", "bad", "odd"]),
        (log_filter("KEEP", "DROP", action_is("BLOCK")), ["bad"]),
        (log_filter("DROP", "KEEP", action_is("ALLOW")), ["bad"]),
        (log_filter("KEEP", "DROP", action_is("COUNT")), ["odd"]),
        (log_filter("KEEP", "DROP", LABEL), ["odd"]),
        (log_filter("KEEP", "DROP", LABEL, action_is("BLOCK")), ["bad", "odd"]),
        (log_filter("KEEP", "DROP", LABEL, action_is("BLOCK"), Requirement="MEETS_ALL"), []),
    ],
)
def test_a_logging_filter_keeps_what_it_says(edge: Edge, given: Any, kept: list[str]) -> None:
    configure(edge, **({"LoggingFilter": given} if given else {}))
    edge.apply(
        rule("counts", contains("odd", BODY), {"Count": {}}, RuleLabels=[{"Name": "counted"}]),
        rule("blocks", contains("bad", BODY)),
    )
    for word in ("good", "bad", "odd"):
        edge.send(word, query=word)
    assert [record["httpRequest"]["args"] for _, _, record in edge.logged] == kept


def test_a_destination_that_is_no_log_group_is_said(edge: Edge) -> None:
    configure(edge, LogDestinationConfigs=["arn:aws:s3:::aws-waf-logs-edge"])
    edge.apply()
    edge.send()
    assert edge.logged == []
    assert edge.account.said == ["log records go to CloudWatch Logs only: none are written"]


def test_without_a_logging_configuration_nothing_is_written(edge: Edge) -> None:
    edge.apply()
    edge.send()
    assert edge.logged == []
