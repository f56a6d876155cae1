"""Alarms and dashboard against the code that emits, and who sets off a tamper rule."""

from __future__ import annotations

import ast
import json
from typing import TYPE_CHECKING, Any

import pytest
from moto.events.models import EventPattern

from chatbot.errors import ChatbotError
from tests.terraform.offline import resources
from toolkit.terraform import ROOT

if TYPE_CHECKING:
    from tests.terraform.offline import Jobs

CODE = ROOT / "lambda" / "src" / "chatbot"
DEPLOY = "arn:aws:iam::111122223333:role/deploy"  # in the usage of modules/governance


def emitted() -> set[str]:
    """Return the names of metrics in the code; one made of parts by its first part."""
    found: set[str] = set()
    for node in ast.walk(ast.parse((CODE / "observability.py").read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr not in {"add_metric", "_count"}:
                continue
            found |= {
                each.value
                for each in ast.walk(node.args[0])
                if isinstance(each, ast.Constant) and isinstance(each.value, str)
            }
    return found | {error.metric for error in ChatbotError.__subclasses__()}


@pytest.mark.needs("plan dev")
def test_every_metric_of_the_code_is_alarmed_or_drawn_and_no_other(jobs: Jobs) -> None:
    plan = jobs.result("plan dev")
    code = emitted()
    assert {"Requests", "Answered", "Blocked", "Screened", "Screened.", "InternalErrors"} <= code
    named = {
        alarm["metric_name"]
        for alarm in resources(plan, "aws_cloudwatch_metric_alarm")
        if alarm["namespace"] == "Chatbot" and alarm["dimensions"]
    }
    searched = set()
    (dashboard,) = resources(plan, "aws_cloudwatch_dashboard")
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
    ],
    ids=["role", "root", "deploy", "alike", "refused", "read", "read-refused", "invalid"],
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
    found = {
        rule
        for rule, pattern in patterns.items()
        if EventPattern(None, pattern).matches_event(event)
    }
    assert found == rules
