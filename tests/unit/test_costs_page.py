"""The cost page and `make cost` say what the facts about prices say."""

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from toolkit import aws_facts
from toolkit.cost import (
    PARTS_BY_LAYER,
    Conversation,
    Made,
    Message,
    by_use,
    fixed,
    report,
    write_units,
)
from toolkit.errors import ToolkitError
from toolkit.pages.costs import CHART, PAGE, alarm_metrics, made, page, pages, rules
from toolkit.planned import Plan, Resource


def test_the_page_is_fresh() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make docs`"


@pytest.mark.parametrize("name", sorted(aws_facts.prices()))
def test_another_price_makes_another_page(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before, prices = page(), aws_facts.prices()
    dearer = prices | {name: replace(prices[name], usd=prices[name].usd * 7)}
    monkeypatch.setattr(aws_facts, "prices", lambda: dearer)
    assert page() != before


def test_the_chart_is_fresh_and_shows_every_layer_at_the_recipes_levels() -> None:
    chart = pages()[CHART]
    assert CHART.read_text(encoding="utf-8") == chart, "run `make docs`"
    assert ET.fromstring(chart).tag.endswith("svg")  # noqa: S314 - our own
    for layer in PARTS_BY_LAYER:
        assert chart.count(f"<title>{layer}: ") == 4
    for said in ("7 to 10", "20 to 40", "100 to 200"):
        assert f"recipe: {said}" in chart
        assert f"| {said} |" in page()
    assert "busy account" in chart


def test_what_terraform_makes_is_counted() -> None:
    assert rules() >= 10
    assert alarm_metrics() >= 26


def test_each_part_is_paid_by_one_layer() -> None:
    parts = {**by_use(Message(), made()), **fixed(made())}
    assert sorted(part for layer in PARTS_BY_LAYER.values() for part in layer) == sorted(parts)


def plan(
    profile: str = f"us.{aws_facts.priced_model()}",
    options: Mapping[str, Any] | None = None,
    **guardrail: Any,
) -> Plan:
    """Return the plan of a small chatbot; `options` are what it has of budgets and the like."""
    outputs = {
        "limits": {"output_tokens": 512, "system_prompt_chars": 40},
        "model": {"inference_profile_id": profile},
        **(options or {"budget": None, "conversation": None}),
    }
    kinds: dict[str, dict[str, Any]] = {
        "aws_api_gateway_method": {},
        "aws_bedrock_guardrail": guardrail,
        "aws_cloudtrail": {},
        "aws_kms_key": {},
        "aws_cloudwatch_metric_alarm": {"metric_query": [{"metric": [{}]}, {"metric": []}]},
        "aws_lambda_function": {"memory_size": 1024, "architectures": ["x86_64"]},
        "aws_wafv2_web_acl": {"rule": [{}, {}]},
    }
    if options:
        kinds["aws_api_gateway_authorizer"] = {}
    resources = tuple(Resource(kind, kind, values) for kind, values in kinds.items())
    return Plan("us-east-2", resources, outputs)


def test_a_plan_is_counted() -> None:
    filtered = plan(
        f"global.{aws_facts.priced_model()}", content_policy_config=[{}], topic_policy_config=[]
    )
    assert Made.of(filtered) == Made(
        rules=2,
        alarm_metrics=1,
        gigabytes=1.0,
        architecture="x86_64",
        policies=("guardrail_content_filters",),
        geographic=False,
        dashboards=0,
        keys=1,
        methods=1,
    )


OPTIONS = {
    "budget": {
        "client_tokens_per_day": None,
        "client_tokens_per_month": None,
        "clients": {"web": {"tokens_per_day": 90000}},
        "on_store_failure": "refuse",
        "user_tokens_per_month": 9000,
    },
    "conversation": {"max_chars": 4000, "max_turns": 2, "ttl_hours": 1},
}


def test_what_is_not_there_costs_nothing() -> None:
    made = Made.of(plan())
    assert (made.budgets, made.conversation, made.sign_in) == (0, None, False)
    parts = {**by_use(Message(), made), **fixed(made, people=9999)}
    assert [parts[name] for name in ("table", "table_kept", "sign_in")] == [0, 0, 0]
    assert not any(word in line for line in report(plan(), 1, 0) for word in ("table", "sign in"))


def test_budgets_conversations_and_sign_in_are_priced_as_they_are() -> None:
    made = Made.of(plan(options=OPTIONS, content_policy_config=[{}]))
    assert (made.budgets, made.conversation) == (2, Conversation(4000, 2, 1))
    parts = {**by_use(Message(), made), **fixed(made, people=200)}
    assert parts["sign_in"] == pytest.approx(200 * aws_facts.prices()["signed_in_person"].usd)
    price = aws_facts.prices()["table_million_write_units"].usd
    assert parts["table"] == pytest.approx(write_units(Message(), made) * price / 1000)
    assert write_units(Message(), replace(made, conversation=None)) == 4
    dearer = by_use(Message(), replace(made, conversation=Conversation(8000, 10, 100)))
    assert dearer["table_kept"] > parts["table_kept"] > 0
    alone = by_use(Message(), replace(made, conversation=None))
    assert parts["model_in"] > alone["model_in"]
    assert parts["guardrail"] > alone["guardrail"]
    said = "\n".join(report(plan(options=OPTIONS), 1000, 0, people=200))
    assert "write units each" in said
    assert "what was said before" in said
    assert "3.00 are 200 people who sign in" in said


def test_a_budget_of_people_or_of_clients_alone_is_one() -> None:
    for name in ("client_tokens_per_day", "user_tokens_per_day"):
        made = Made.of(plan(options={"budget": {name: 9000, "on_store_failure": "refuse"}}))
        assert made.budgets == 1


def test_a_model_without_a_price_is_refused() -> None:
    with pytest.raises(ToolkitError, match=r"Write those of us\.anthropic\.claude-other there"):
        Made.of(plan("us.anthropic.claude-other"))


def together(requests: int, events: int) -> float:
    (line,) = (line for line in report(plan(), requests, events) if line.startswith("together"))
    return float(line.split()[-1])


def test_a_month_is_what_is_fixed_and_what_is_asked() -> None:
    none, some = together(0, 0), together(1000, 0)
    assert none == pytest.approx(sum(fixed(Made.of(plan()), 0).values()), abs=0.01)
    use = sum(by_use(Message(), Made.of(plan())).values())
    assert some - none == pytest.approx(30 * use, abs=0.02)


def test_a_busy_account_pays_for_its_trail() -> None:
    price = aws_facts.prices()["logs_gb"].usd
    assert together(0, 20_000_000) - together(0, 0) == pytest.approx(30 * price, abs=0.02)
    (note,) = (line for line in report(plan(), 0, 20_000_000) if "If it has a trail" in line)
    assert "400.00 more" in note
