"""What a chatbot costs: dated prices, times what Terraform makes and people ask."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from toolkit import aws_facts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from toolkit.planned import Plan, Resource

# Assumptions about a message. A token is four characters of English.
CHARACTERS, SYSTEM_PROMPT_TOKENS, ANSWER_TOKENS = 400, 50, 250
SECONDS, LOG_KILOBYTES, MASKED_KILOBYTES = 3, 14, 4
# About 15 metrics of our own and 10 of API Gateway's methods.
METRICS = 25
# Management events of a quiet account in a month; 1,500 bytes each (AWS, "Estimating Cost: Moving
# from CloudTrail Trails to CloudWatch Logs Ingestion", observability best practices).
ACCOUNT_EVENTS, EVENT_KILOBYTES = 100_000, 1.5
GUARDRAIL = {
    "guardrail_content_filters": "content_policy_config",
    "guardrail_denied_topics": "topic_policy_config",
    "guardrail_personal_data": "sensitive_information_policy_config",
}
# Who pays for which part. The model is asked by the function.
LAYERS = {
    "edge": ("web_acl", "waf"),
    "api": ("api",),
    "compute": ("lambda", "traces"),
    "guardrail": ("guardrail",),
    "model": ("model_in", "model_out"),
    "governance": (
        *("metrics", "dashboard", "alarms", "key", "trail_copy", "rest"),
        *("logs", "masking", "trail"),
    ),
}


class CostError(Exception):
    """The cost cannot be told. The text says why, and what to do."""


@dataclass(frozen=True)
class Message:
    """A question and its answer, in characters and tokens."""

    characters: int = CHARACTERS
    answer_tokens: int = ANSWER_TOKENS
    system_prompt_tokens: int = SYSTEM_PROMPT_TOKENS

    @property
    def input_tokens(self) -> int:
        """Return the tokens that the model reads."""
        return self.characters // 4 + self.system_prompt_tokens

    @property
    def units(self) -> int:
        """Return the guardrail's text units of 1,000 characters; each begun one counts."""
        return math.ceil(self.characters / 1000) + self.answer_tokens * 4 // 1000 + 1


@dataclass(frozen=True)
class Made:
    """What Terraform makes and AWS has a price for."""

    rules: int  # of the web ACL
    alarm_metrics: int  # that the alarms read
    gigabytes: float = 0.5  # of the function
    architecture: str = "arm64"
    policies: tuple[str, ...] = tuple(GUARDRAIL)  # of the guardrail
    trails: int = 1
    dashboards: int = 1
    keys: int = 1  # that are made here
    geographic: bool = True  # profiles of a geography cost more than the list price

    @classmethod
    def of(cls, plan: Plan) -> Self:
        """Count what a plan makes. Raises CostError."""
        function, acl = plan.one("aws_lambda_function"), plan.one("aws_wafv2_web_acl")
        if function is None or acl is None:
            raise CostError("The plan makes no chatbot: there is nothing to price.")
        priced, profile = aws_facts.priced_model(), plan.outputs["model"]["inference_profile_id"]
        geography, _, model = profile.rpartition("/")[2].partition(".")
        if model != priced:
            raise CostError(
                f"modules/chatbot/aws-facts.json has the price of {priced} and of no other model. "
                f"Write those of {profile} there, with the model's id, and run this again."
            )
        guardrail = plan.one("aws_bedrock_guardrail")
        return cls(
            rules=len(acl.values["rule"]),
            alarm_metrics=sum(map(_metrics, plan.all("aws_cloudwatch_metric_alarm"))),
            gigabytes=function.values["memory_size"] / 1024,
            architecture=function.values["architectures"][0],
            # One that was made elsewhere may have all of them.
            policies=tuple(
                name
                for name, policy in GUARDRAIL.items()
                if guardrail is None or guardrail.values.get(policy)
            ),
            trails=len(plan.all("aws_cloudtrail")),
            dashboards=len(plan.all("aws_cloudwatch_dashboard")),
            keys=len(plan.all("aws_kms_key")),
            geographic=geography != "global",
        )


def _metrics(alarm: Resource) -> int:
    return sum(bool(one.get("metric")) for one in alarm.values.get("metric_query") or ()) or 1


def by_use(message: Message, made: Made) -> dict[str, float]:
    """Return the dollars of 1,000 messages, by part."""
    usd = {name: price.usd for name, price in aws_facts.prices().items()}
    factor = usd["model_geographic_factor"] if made.geographic else 1
    return {
        "model_in": message.input_tokens * usd["model_million_input"] * factor / 1000,
        "model_out": message.answer_tokens * usd["model_million_output"] * factor / 1000,
        "guardrail": message.units * sum(usd[name] for name in made.policies),
        "lambda": (
            SECONDS * made.gigabytes * usd[f"lambda_gb_second_{made.architecture}"] * 1000
            + usd["lambda_million_requests"] / 1000
        ),
        "logs": LOG_KILOBYTES * usd["logs_gb"] / 1000,
        "masking": MASKED_KILOBYTES * usd["logs_gb_masked"] / 1000,
        "traces": usd["traces_million"] / 1000,
        "api": usd["api_million_requests"] / 1000,
        "trail": 2 * usd["trail_100000_data_events"] / 100,
        "waf": usd["web_acl_million_requests"] / 1000,
    }


def fixed(made: Made, account_events: int = ACCOUNT_EVENTS) -> dict[str, float]:
    """Return the dollars of a month without a single message, by part.

    `account_events` are the account's management events of a month.
    """
    usd = {name: price.usd for name, price in aws_facts.prices().items()}
    return {
        "web_acl": usd["web_acl"] + made.rules * usd["web_acl_rule"],
        "metrics": METRICS * usd["metric"],
        "dashboard": made.dashboards * usd["dashboard"],
        "alarms": made.alarm_metrics * usd["alarm"],
        "key": made.keys * usd["key"],
        "trail_copy": made.trails * account_events * EVENT_KILOBYTES * usd["logs_gb"] / 1_000_000,
        "rest": 0.10,
    }


def report(plan: Plan, requests_per_day: int, account_events: int) -> Iterator[str]:
    """Return the lines of a table: each layer's fixed and variable dollars. Raises CostError."""
    made, limits = Made.of(plan), plan.outputs["limits"]
    message = Message(
        answer_tokens=min(ANSWER_TOKENS, limits["output_tokens"]),
        system_prompt_tokens=max(SYSTEM_PROMPT_TOKENS, limits["system_prompt_chars"] // 4),
    )
    steady, use = fixed(made, account_events), by_use(message, made)
    month = requests_per_day * 30
    yield (
        f"US dollars, list prices of us-east-2 of {aws_facts.facts()['as_of']}, an estimate: "
        "docs/cost.md has the assumptions"
    )
    yield f"{'layer':12}{'fixed a month':>15}{'1,000 requests':>16}{f'{month:,} a month':>22}"
    rows = {
        layer: (
            sum(steady.get(part, 0) for part in parts),
            sum(use.get(part, 0) for part in parts),
        )
        for layer, parts in LAYERS.items()
    }
    rows["together"] = (sum(steady.values()), sum(use.values()))
    for name, (a_month, thousand) in rows.items():
        total = a_month + month * thousand / 1000
        yield f"{name:12}{a_month:15.2f}{thousand:16.3f}{total:22.2f}"
    if made.trails:
        copies = account_events * aws_facts.prices()["trail_100000_second_copies"].usd / 100_000
        yield (
            f"Of governance, {steady['trail_copy']:.2f} are the trail's copy in CloudWatch Logs of "
            f"{account_events:,} events of the account. If it has a trail already: {copies:.2f} "
            "more."
        )
