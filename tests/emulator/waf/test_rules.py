"""Rules run in order and their actions, labels, groups, overrides and responses are AWS's."""

import time
from collections import Counter
from typing import Any

import pytest

from tests.emulator.waf.support import (
    GROUP_ARN,
    SET_ARN,
    Edge,
    contains,
    group,
    json_values,
    managed,
    rule,
    text,
)

BODY: dict[str, Any] = {"Body": {}}
COUNT: dict[str, Any] = {"Count": {}}
ALLOW: dict[str, Any] = {"Allow": {}}
SILENT = {"CloudWatchMetricsEnabled": False, "MetricName": "silent"}
CRS = "AWSManagedRulesCommonRuleSet"


def test_a_stage_without_a_web_acl_is_not_inspected(edge: Edge) -> None:
    edge.apply(DefaultAction={"Block": {}})
    other = "arn:aws:apigateway:us-east-2::/restapis/other/stages/v1"
    assert edge.send().action == "BLOCK"
    assert edge.waf.inspect(other, edge.request(), request_id="1") is None


def test_rules_run_by_priority_and_the_first_that_ends_wins(edge: Edge) -> None:
    edge.apply(
        rule("late", contains("a", BODY), Priority=9),
        rule("early", contains("a", BODY), ALLOW, Priority=1),
    )
    verdict = edge.send("a")
    assert (verdict.action, verdict.terminating_rule) == ("ALLOW", "early")
    assert edge.send("b").terminating_rule == "Default_Action"


def test_the_default_action_can_block(edge: Edge) -> None:
    edge.apply(rule("known", contains("good", BODY), ALLOW), DefaultAction={"Block": {}})
    assert (edge.send("good").action, edge.send("other").action) == ("ALLOW", "BLOCK")
    assert edge.send("other").terminating_rule == "Default_Action"


def test_a_block_answers_with_the_custom_response_of_its_rule(edge: Edge) -> None:
    custom = {
        "ResponseCode": 413,
        "CustomResponseBodyKey": "too_large",
        "ResponseHeaders": [{"Name": "Cache-Control", "Value": "no-store"}],
    }
    edge.apply(
        rule("size", contains("big", BODY), {"Block": {"CustomResponse": custom}}),
        rule("plain", contains("bad", BODY)),
        rule("bare", contains("ugly", BODY), {"Block": {"CustomResponse": {"ResponseCode": 418}}}),
        CustomResponseBodies={
            "too_large": {"ContentType": "APPLICATION_JSON", "Content": '{"error": "é"}'}
        },
    )
    response = edge.send("big").response
    assert response is not None
    assert (response.status, response.body) == (413, '{"error": "é"}'.encode())
    assert response.header("content-type") == "application/json"
    assert response.header("cache-control") == "no-store"
    assert edge.send("big").log_record["responseCodeSent"] == 413
    # Without one the API's WAF_FILTERED gateway response answers.
    assert edge.send("bad").response is None
    assert edge.send("good").response is None
    bare = edge.send("ugly").response
    assert bare is not None
    assert (bare.status, bare.body) == (418, b"")


def test_count_goes_on_and_its_headers_reach_the_api_with_the_later_of_two_winning(
    edge: Edge,
) -> None:
    def insert(name: str, value: str) -> dict[str, Any]:
        return {"CustomRequestHandling": {"InsertHeaders": [{"Name": name, "Value": value}]}}

    edge.apply(
        rule("first", contains("a", BODY), {"Count": insert("Team", "1")}),
        rule("second", contains("a", BODY), {"Count": insert("team", "2")}),
        rule("third", contains("b", BODY), {"Allow": insert("other", "3")}),
        rule("fourth", contains("c", BODY)),
        DefaultAction={"Allow": insert("default", "4")},
    )
    assert edge.send("a").insert_headers == (("x-amzn-waf-team", "2"), ("x-amzn-waf-default", "4"))
    assert edge.send("b").insert_headers == (("x-amzn-waf-other", "3"),)
    assert edge.send("ac").insert_headers == ()
    assert edge.send("b").log_record["requestHeadersInserted"] == [
        {"name": "x-amzn-waf-other", "value": "3"}
    ]


@pytest.mark.parametrize("action", ["Captcha", "Challenge"])
def test_an_action_that_serves_a_puzzle_blocks_and_says_so(edge: Edge, action: str) -> None:
    edge.apply(rule("puzzle", contains("a", BODY), {action: {}}))
    assert edge.send("a").action == "BLOCK"
    assert edge.account.said == [f"the action {action} blocks: no puzzle or challenge is served"]


def test_a_rule_labels_the_request_for_the_log(edge: Edge) -> None:
    edge.apply(rule("labels", contains("a", BODY), COUNT, RuleLabels=[{"Name": "seen"}]))
    assert edge.send("a").labels == ("awswaf:123456789012:webacl:edge:seen",)
    assert edge.send("b").labels == ()


def test_a_rule_of_a_group_can_be_overridden(edge: Edge) -> None:
    edge.apply(group("crs", managed(CRS)))
    assert edge.send(headers=[]).action == "BLOCK"
    override = [{"Name": "NoUserAgent_HEADER", "ActionToUse": COUNT}]
    edge.apply(group("crs", managed(CRS, RuleActionOverrides=override)))
    verdict = edge.send(headers=[])
    assert verdict.action == "ALLOW"
    assert verdict.labels == ("awswaf:managed:aws:core-rule-set:NoUserAgent_Header",)
    (record,) = verdict.log_record["ruleGroupList"]
    (found,) = record["nonTerminatingMatchingRules"]
    assert (found["ruleId"], found["overriddenAction"]) == ("NoUserAgent_HEADER", "BLOCK")
    # The group's other rules are as they were.
    assert edge.send(headers=[("User-Agent", "sqlmap")]).action == "BLOCK"


@pytest.mark.parametrize(
    "options",
    [
        {"ExcludedRules": [{"Name": "NoUserAgent_HEADER"}]},
        {"ScopeDownStatement": contains("/v1/chat", {"UriPath": {}})},
    ],
)
def test_a_managed_group_with_what_is_not_evaluated_is_left_out_and_said(
    edge: Edge, options: dict[str, Any]
) -> None:
    edge.apply(group("crs", managed(CRS, **options)))
    assert edge.send(headers=[]).action == "ALLOW"
    (name,) = options
    said = f"{name} of a managed rule group is not evaluated"
    assert edge.account.said == [f"rule crs is left out: {said}"]


def test_a_count_rule_of_a_group_can_be_made_to_allow(edge: Edge) -> None:
    override = [{"Name": "NoUserAgent_HEADER", "ActionToUse": ALLOW}]
    edge.apply(
        group("crs", managed(CRS, RuleActionOverrides=override)), rule("all", contains("", BODY))
    )
    assert edge.send(headers=[]).terminating_rule == "crs"
    assert (edge.send(headers=[]).action, edge.send().action) == ("ALLOW", "BLOCK")


def test_a_managed_group_that_is_not_evaluated_is_said(edge: Edge) -> None:
    edge.apply(group("bots", managed("AWSManagedRulesBotControlRuleSet")))
    assert edge.send().action == "ALLOW"
    name = "AWSManagedRulesBotControlRuleSet"
    assert edge.account.said == [f"managed rule group {name} is not evaluated: it matches nothing"]


def test_metrics_count_what_cloudwatch_would(edge: Edge) -> None:
    edge.apply(
        rule("counts", contains("a", BODY), COUNT),
        rule("counts-too", contains("a", BODY), COUNT),
        rule("blocks", contains("b", BODY)),
        rule("allows", contains("c", BODY), ALLOW),
        rule("silent", contains("d", BODY), VisibilityConfig=SILENT),
        group("crs", managed(CRS), counted=True),
    )
    for body in ("ab", "a", "c", "d"):
        edge.send(body)
    edge.send(headers=[])
    metrics = [(on["WebACL"], on["Rule"], name) for name, on, _ in edge.account.counted]
    assert Counter(metrics) == {
        ("edge", "counts", "CountedRequests"): 2,
        ("edge", "counts-too", "CountedRequests"): 2,
        ("edge", "crs", "CountedRequests"): 1,
        ("edge", "ALL", "CountedRequests"): 3,
        ("edge", "blocks", "BlockedRequests"): 1,
        ("edge", "ALL", "BlockedRequests"): 2,
        ("edge", "allows", "AllowedRequests"): 1,
        ("edge", "Default_Action", "AllowedRequests"): 2,
        ("edge", "ALL", "AllowedRequests"): 3,
    }


def milliseconds(edge: Edge, body: str) -> float:
    edge.send(body)
    rounds = 50
    started = time.thread_time()
    for _ in range(rounds):
        edge.send(body)
    return (time.thread_time() - started) * 1000 / rounds


def test_inspection_is_fast(edge: Edge) -> None:
    edge.patterns(*[f"(?:ignore|forget) +(?:all|the) +word{at}" for at in range(10)])
    own = [
        rule("size", text("SizeConstraintStatement", BODY, ComparisonOperator="GT", Size=8192)),
        rule("rate", {"RateBasedStatement": {"Limit": 10_000, "AggregateKeyType": "IP"}}),
        rule(
            "set",
            text(
                "RegexPatternSetReferenceStatement",
                json_values(),
                "HTML_ENTITY_DECODE",
                "URL_DECODE_UNI",
                "LOWERCASE",
                "COMPRESS_WHITE_SPACE",
                ARN=SET_ARN,
            ),
        ),
    ]
    groups = [
        group(name, managed(f"AWSManagedRules{name}RuleSet"))
        for name in ("Common", "KnownBadInputs", "SQLi", "Linux", "Unix", "PHP")
    ]
    small = '{"message": "Where is my order? I cannot find it in my list."}'
    large = '{"message": "' + "Where is my order, please? " * 290 + '"}'
    # Generous bounds: a tenth is usual, and a shared machine is slow at times.
    edge.apply(*own)
    assert milliseconds(edge, small) < 2
    edge.apply(*own, *groups)
    assert milliseconds(edge, small) < 10
    assert milliseconds(edge, large) < 60


OWN = {"RuleGroupReferenceStatement": {"ARN": GROUP_ARN}}


def test_a_rule_group_of_ones_own_blocks_with_its_own_body(edge: Edge) -> None:
    response = {"ResponseCode": 451, "CustomResponseBodyKey": "no"}
    edge.group(
        rule("labels", contains("b", BODY), COUNT, RuleLabels=[{"Name": "seen"}]),
        rule("blocks", contains("bad", BODY), {"Block": {"CustomResponse": response}}),
        CustomResponseBodies={"no": {"ContentType": "TEXT_PLAIN", "Content": "not here"}},
    )
    edge.apply(group("own", OWN))
    verdict = edge.send("bad")
    assert verdict.response
    assert (verdict.action, verdict.response.status) == ("BLOCK", 451)
    assert verdict.response.body == b"not here"
    record = verdict.log_record
    assert (record["terminatingRuleId"], record["terminatingRuleType"]) == ("own", "GROUP")
    (ran,) = record["ruleGroupList"]
    assert (ran["ruleGroupId"], ran["terminatingRule"]["ruleId"]) == (GROUP_ARN, "blocks")
    passed = edge.send("b")
    assert (passed.action, passed.labels) == ("ALLOW", ("awswaf:123456789012:rulegroup:own:seen",))
    edge.apply(group("own", OWN, counted=True))
    assert edge.send("bad").action == "ALLOW"
    edge.account.rule_group = {}
    edge.apply(group("own", OWN), rule("next", contains("bad", BODY)))
    assert edge.send("bad").terminating_rule == "next"
    assert edge.account.said == ["rule own is left out: KeyError('LabelNamespace')"]
