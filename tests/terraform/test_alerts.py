"""Alarms and dashboard against the code that emits, and who sets off a tamper rule."""

import ast
import json
from typing import Any

import pytest

from chatbot.errors import ChatbotError
from emulator.events.patterns import matches
from tests.terraform.offline import Jobs, resource, resources
from tests.terraform.roles import mine
from toolkit.terraform import ROOT

CODE = ROOT / "lambda" / "src" / "chatbot"
DEPLOY = "arn:aws:iam::111122223333:role/deploy"  # in the usage of modules/governance


def emitted() -> set[str]:
    """Return the names of metrics in the code; one made of parts by its first part."""
    found: set[str] = set()
    for node in ast.walk(ast.parse((CODE / "observability.py").read_text())):
        match node:
            case ast.Assign(targets=[ast.Name(id="metrics")], value=value):
                found |= names(value)
            case ast.AugAssign(target=ast.Name(id="metrics"), value=value):
                found |= names(value)
            case ast.Call(func=ast.Attribute(attr="_write"), args=[_, _, value, _]):
                found |= names(value)
            case ast.FunctionDef(name="_paid"):
                found |= names(node)
    return found | {error.metric for error in ChatbotError.__subclasses__()}


def names(node: ast.AST) -> set[str]:
    """Return the keys of the dictionaries below a node."""
    return {
        part.value
        for each in ast.walk(node)
        if isinstance(each, ast.Dict)
        for key in each.keys
        if key is not None
        for part in ast.walk(key)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    }


@pytest.mark.needs("usages")
def test_every_metric_of_the_code_is_alarmed_or_drawn_and_no_other(usages: dict[str, Any]) -> None:
    code = emitted()
    assert {"Requests", "Answered", "Blocked", "Screened", "Screened.", "InternalErrors"} <= code
    named = {
        alarm["metric_name"]
        for alarm in mine(usages, "aws_cloudwatch_metric_alarm")
        if alarm["namespace"] == "Chatbot" and alarm["dimensions"]
    }
    searched = set()
    (dashboard,) = mine(usages, "aws_cloudwatch_dashboard")
    for widget in json.loads(dashboard["dashboard_body"])["widgets"]:
        for row in widget["properties"].get("metrics", ()):
            if isinstance(row[0], dict) and "{Chatbot,service}" in row[0]["expression"]:
                searched.add(row[0]["expression"].partition("'")[2].split("'")[0].split()[-1])
            elif row[0] == "Chatbot":
                named.add(row[1])
    unseen = {
        name for name in code - named if not any(name.rstrip(".") == term for term in searched)
    }
    assert unseen == set()
    assert named <= code, "an alarm or a drawing of what nobody writes"


@pytest.mark.needs("plan dev")
def test_alarms_know_the_limits_of_the_environment(jobs: Jobs) -> None:
    alarms = resources(jobs.result("plan dev"), "aws_cloudwatch_metric_alarm")
    thresholds = {alarm["alarm_name"]: alarm["threshold"] for alarm in alarms}
    assert thresholds["chatbot-dev-function-concurrency"] == 8  # of 10 reserved
    assert thresholds["chatbot-dev-function-duration"] == 25_200  # of 28 seconds
    assert thresholds["chatbot-dev-quota-nearly-used"] == 93  # in 7 days, of 500 in a month


WAF = {"waf-changed"}


def _event(issuer: str | None, **changes: Any) -> Any:
    session = {"sessionContext": {"sessionIssuer": {"arn": issuer}}} if issuer else {}
    detail = {
        "eventSource": "bedrock.amazonaws.com",
        "eventName": "UpdateGuardrail",
        "userIdentity": {"arn": "arn:aws:iam::111122223333:root", **session},
        "requestParameters": {},
    }
    return {
        "source": "aws.bedrock",
        "detail-type": "AWS API Call via CloudTrail",
        "detail": detail | changes,
    }


@pytest.mark.needs("usages")
@pytest.mark.parametrize(
    ("event", "rules"),
    [
        (_event("arn:aws:iam::111122223333:role/someone"), {"guardrail-changed"}),
        (_event(None), {"guardrail-changed"}),
        (_event(DEPLOY), set()),
        (_event(DEPLOY + "er"), {"guardrail-changed"}),
        (_event(DEPLOY, errorCode="AccessDenied"), {"attempt-refused"}),
        (_event(None, eventName="GetGuardrail"), set()),
        (_event(None, eventName="GetGuardrail", errorCode="AccessDenied"), set()),
        (_event(None, errorCode="ValidationException"), set()),
        (_event(None, eventSource="wafv2.amazonaws.com", eventName="AssociateWebACL"), WAF),
        (_event(None, eventSource="wafv2.amazonaws.com", eventName="DisassociateWebACL"), WAF),
    ],
    ids=[
        *("role", "root", "deploy", "alike", "refused", "read", "read-refused", "invalid"),
        *("other-web-acl", "no-web-acl"),
    ],
)
def test_who_sets_off_a_tamper_rule(jobs: Jobs, event: Any, rules: set[str]) -> None:
    modules = jobs.result("usages")["planned_values"]["root_module"]["child_modules"]
    (governance,) = (one for one in modules if one["address"] == "module.governance")
    patterns = {
        one["index"]: json.loads(one["values"]["event_pattern"])
        for one in governance["resources"]
        if one["type"] == "aws_cloudwatch_event_rule"
    }
    assert len(patterns) > 5
    found = {rule for rule, pattern in patterns.items() if matches(json.dumps(pattern), event)}
    assert found == rules


# Statistic, threshold and seconds, as the runbook explains them.
RINGS = {
    "alerting-changes": ("Sum", 1, 300),
    "alerts-undelivered": ("Sum", 1, 300),
    "api-4xx": ("Sum", 100, 300),
    "api-5xx": ("Sum", 5, 300),
    "api-latency": ("p99", 25_000, 300),
    "function-concurrency": ("Maximum", 8, 60),
    "function-duration": ("p95", 25_200, 300),
    "function-errors": ("Sum", 1, 300),
    "function-throttles": ("Sum", 1, 300),
    "guardrail-blocked": ("Sum", 20, 300),
    "identity-changes": ("Sum", 1, 300),
    "input-tokens": ("Sum", 500_000, 3600),
    "internal-errors": ("Sum", 1, 300),
    "model-errors": ("Sum", 5, 300),
    "model-throttled": ("Sum", 5, 300),
    "model-timeouts": ("Sum", 3, 300),
    "output-tokens": ("Sum", 200_000, 3600),
    "prompt-leak": ("Sum", 1, 300),
    "quota-nearly-used": ("Sum", 93, 604_800),
    "trail-silent": ("Sum", 1, 1200),
    "waf-blocked": ("Sum", 100, 300),
}


def _measured(alarm: dict[str, Any]) -> dict[str, Any]:
    """Return statistic and period of an alarm, on one metric or on a sum of alike ones."""
    if alarm["metric_name"]:
        return {"stat": alarm["statistic"] or alarm["extended_statistic"], **alarm}
    *metrics, total = alarm["metric_query"]
    assert total["expression"] == "SUM(METRICS())"
    assert total["return_data"]
    (measured,) = {(one["metric"][0]["stat"], one["metric"][0]["period"]) for one in metrics}
    return {"stat": measured[0], "period": measured[1]}


@pytest.mark.needs("plan dev")
def test_every_alarm_rings_as_soon_as_its_threshold_is_reached(jobs: Jobs) -> None:
    alarms = {
        alarm["alarm_name"].removeprefix("chatbot-dev-"): alarm
        for alarm in resources(jobs.result("plan dev"), "aws_cloudwatch_metric_alarm")
    }
    assert {
        name: (_measured(alarm)["stat"], alarm["threshold"], _measured(alarm)["period"])
        for name, alarm in alarms.items()
    } == RINGS
    compared = {name: alarm["comparison_operator"] for name, alarm in alarms.items()}
    assert compared.pop("trail-silent") == "LessThanThreshold"
    assert set(compared.values()) == {"GreaterThanOrEqualToThreshold"}
    assert {alarm["evaluation_periods"] for alarm in alarms.values()} == {1}
    assert all(alarm["actions_enabled"] for alarm in alarms.values())


@pytest.mark.needs("plan dev")
def test_the_web_acl_counts_for_the_alarm_and_keeps_no_samples(jobs: Jobs) -> None:
    web_acl = resource(jobs.result("plan dev"), "aws_wafv2_web_acl")
    kept = [one["visibility_config"][0] for one in (web_acl, *web_acl["rule"])]
    assert all(one["cloudwatch_metrics_enabled"] for one in kept)
    assert not any(one["sampled_requests_enabled"] for one in kept)


@pytest.mark.needs("plan dev")
def test_a_spent_budget_is_reported_to_the_topic(jobs: Jobs) -> None:
    (budget,) = (
        change["change"]["after_unknown"]
        for change in jobs.result("plan dev")["resource_changes"]
        if change["type"] == "aws_budgets_budget"
    )
    # The topic's ARN, which waits for AWS to make it.
    reaches = [bool(one["subscriber_sns_topic_arns"]) for one in budget["notification"]]
    assert reaches == [True] * 3
