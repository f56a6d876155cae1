"""What a chatbot costs: dated prices, times what Terraform makes and people ask."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from statistics import mean
from typing import TYPE_CHECKING, Self

from toolkit import aws_facts
from toolkit.errors import ToolkitError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from toolkit.planned import Plan, Resource

# Assumptions about a message. A token is four characters of English.
CHARACTERS, SYSTEM_PROMPT_TOKENS, ANSWER_TOKENS = 400, 50, 250
SECONDS, LOG_KILOBYTES, MASKED_KILOBYTES = 3, 14, 4
# About 15 metrics of our own, one more with budgets, and 5 of each of API Gateway's methods.
METRICS, METHOD_METRICS = 15, 5
# People who sign in in a month; questions of a conversation.
PEOPLE, QUESTIONS = 100, 3
# Of an item of the table beside what was said: its key, its names, its numbers. DynamoDB deletes
# one within days of its end (Amazon DynamoDB Developer Guide, "Time to Live").
ITEM_BYTES, LATE_HOURS = 250, 48
# Management events of a quiet account in a month; 1,500 bytes each (AWS, "Estimating Cost: Moving
# from CloudTrail Trails to CloudWatch Logs Ingestion", observability best practices).
ACCOUNT_EVENTS, EVENT_KILOBYTES = 100_000, 1.5
GUARDRAIL = {
    "guardrail_content_filters": "content_policy_config",
    "guardrail_denied_topics": "topic_policy_config",
    "guardrail_personal_data": "sensitive_information_policy_config",
}
# Who pays for which part. The model is asked by the function.
PARTS_BY_LAYER = {
    "edge": ("web_acl", "waf"),
    "api": ("api", "sign_in"),
    "compute": ("lambda", "traces", "table", "table_kept"),
    "guardrail": ("guardrail",),
    "model": ("model_in", "model_out"),
    "governance": (
        *("metrics", "dashboard", "alarms", "key", "trail_copy", "rest"),
        *("logs", "masking", "trail"),
    ),
}


@dataclass(frozen=True)
class Message:
    """A question and its answer, in characters and tokens."""

    characters: int = CHARACTERS
    answer_tokens: int = ANSWER_TOKENS
    system_prompt_tokens: int = SYSTEM_PROMPT_TOKENS
    said_before: int = 0  # characters of the conversation that are given along

    @property
    def input_tokens(self) -> int:
        """Return the tokens that the model reads."""
        return (self.characters + self.said_before) // 4 + self.system_prompt_tokens

    @property
    def units(self) -> int:
        """Return the guardrail's text units of 1,000 characters; each begun one counts."""
        asked = math.ceil((self.characters + self.said_before) / 1000)
        return asked + self.answer_tokens * 4 // 1000 + 1

    @property
    def turn(self) -> int:
        """Return the characters of the question and its answer."""
        return self.characters + self.answer_tokens * 4


@dataclass(frozen=True)
class Conversation:
    """How much of a conversation an environment keeps."""

    max_chars: int
    max_turns: int
    ttl_hours: int

    def kept(self, turns: int, turn: int, room: int) -> int:
        """Return the characters of the newest turns that a number of characters has room for."""
        return turn * min(turns, self.max_turns, room // turn)


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
    methods: int = 2  # of the API, preflights among them
    budgets: int = 0  # that one message is counted in: its client's, and its person's
    conversation: Conversation | None = None
    sign_in: bool = False

    @classmethod
    def of(cls, plan: Plan) -> Self:
        """Count what a plan makes. Raises ToolkitError."""
        function, acl = plan.one("aws_lambda_function"), plan.one("aws_wafv2_web_acl")
        if function is None or acl is None:
            raise ToolkitError("The plan makes no chatbot: there is nothing to price.")
        priced, profile = aws_facts.priced_model(), plan.outputs["model"]["inference_profile_id"]
        geography, _, model = profile.rpartition("/")[2].partition(".")
        if model != priced:
            raise ToolkitError(
                f"modules/chatbot/aws-facts.json has the price of {priced} and of no other model. "
                f"Write those of {profile} there, with the model's id, and run this again."
            )
        guardrail = plan.one("aws_bedrock_guardrail")
        conversation = plan.outputs.get("conversation")
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
            methods=len(plan.all("aws_api_gateway_method")),
            budgets=_budgets(plan.outputs.get("budget") or {}),
            conversation=Conversation(**conversation) if conversation else None,
            sign_in=bool(plan.all("aws_api_gateway_authorizer")),
        )


def _budgets(limits: Mapping[str, object]) -> int:
    """Return in how many budgets a message is counted at most: a client's and a person's."""
    limited = [name for name, limit in limits.items() if limit]
    return sum(any(name.startswith(whose) for name in limited) for whose in ("client", "user"))


def _metrics(alarm: Resource) -> int:
    return sum(bool(one.get("metric")) for one in alarm.values.get("metric_query") or ()) or 1


def messages(message: Message, made: Made) -> list[Message]:
    """Return the messages of one conversation, each with what is given along; or the one alone."""
    if made.conversation is None:
        return [message]
    room = made.conversation.max_chars - message.characters
    return [
        replace(message, said_before=made.conversation.kept(turns, message.turn, room))
        for turns in range(QUESTIONS)
    ]


def write_units(message: Message, made: Made) -> float:
    """Return DynamoDB's write units that a message takes: each KB of an item, begun ones too.

    A budget is reserved and settled. A conversation is held, but for its first message, and kept.
    (Amazon DynamoDB Developer Guide, "Capacity unit consumption for write operations": UpdateItem
    takes what the larger of the item before and after it needs.) What it returns takes no read
    units (Amazon DynamoDB API Reference, UpdateItem, ReturnValues), and nothing else reads.
    """
    units = 2.0 * made.budgets
    if made.conversation is not None:
        sizes = [math.ceil(size / 1024) for size in _item_bytes(message, made.conversation)]
        units += (sum(sizes) + sum(sizes[:-1])) / QUESTIONS
    return units


def _item_bytes(message: Message, conversation: Conversation) -> list[int]:
    """Return how large the item of a conversation is after each of its messages."""
    return [
        ITEM_BYTES + conversation.kept(turns, message.turn, conversation.max_chars)
        for turns in range(1, QUESTIONS + 1)
    ]


def _kept_gigabytes(message: Message, made: Made) -> float:
    """Return the GB and months for which the conversations of 1,000 messages are kept."""
    if made.conversation is None:
        return 0.0
    size = _item_bytes(message, made.conversation)[-1] / 1e9
    return 1000 / QUESTIONS * size * (made.conversation.ttl_hours + LATE_HOURS) / 720


def by_use(message: Message, made: Made) -> dict[str, float]:
    """Return the dollars of 1,000 messages, by part."""
    usd = {name: price.usd for name, price in aws_facts.prices().items()}
    factor = usd["model_geographic_factor"] if made.geographic else 1
    said = messages(message, made)
    input_tokens, units = mean(one.input_tokens for one in said), mean(one.units for one in said)
    return {
        "model_in": input_tokens * usd["model_million_input"] * factor / 1000,
        "model_out": message.answer_tokens * usd["model_million_output"] * factor / 1000,
        "guardrail": units * sum(usd[name] for name in made.policies),
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
        "table": write_units(message, made) * usd["table_million_write_units"] / 1000,
        "table_kept": (
            _kept_gigabytes(message, made) * (usd["table_gb_month"] + usd["table_gb_month_backup"])
        ),
    }


def fixed(
    made: Made, account_events: int = ACCOUNT_EVENTS, people: int = PEOPLE
) -> dict[str, float]:
    """Return the dollars of a month without a single message, by part.

    `account_events` are the account's management events of a month, `people` those who sign in.
    """
    usd = {name: price.usd for name, price in aws_facts.prices().items()}
    return {
        "web_acl": usd["web_acl"] + made.rules * usd["web_acl_rule"],
        "metrics": metrics(made) * usd["metric"],
        "dashboard": made.dashboards * usd["dashboard"],
        "alarms": made.alarm_metrics * usd["alarm"],
        "key": made.keys * usd["key"],
        "trail_copy": made.trails * account_events * EVENT_KILOBYTES * usd["logs_gb"] / 1_000_000,
        "rest": 0.10,
        "sign_in": made.sign_in * people * usd["signed_in_person"],
    }


def metrics(made: Made) -> int:
    """Return how many metrics there are that CloudWatch has a price for."""
    return METRICS + (made.budgets > 0) + made.methods * METHOD_METRICS


def report(
    plan: Plan, requests_per_day: int, account_events: int, people: int = PEOPLE
) -> Iterator[str]:
    """Return the lines of a table: each layer's fixed and variable dollars. Raises ToolkitError."""
    made, limits = Made.of(plan), plan.outputs["limits"]
    message = Message(
        answer_tokens=min(ANSWER_TOKENS, limits["output_tokens"]),
        system_prompt_tokens=max(SYSTEM_PROMPT_TOKENS, limits["system_prompt_chars"] // 4),
    )
    steady, use = fixed(made, account_events, people), by_use(message, made)
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
        for layer, parts in PARTS_BY_LAYER.items()
    }
    rows["together"] = (sum(steady.values()), sum(use.values()))
    for name, (a_month, thousand) in rows.items():
        total = a_month + month * thousand / 1000
        yield f"{name:12}{a_month:15.2f}{thousand:16.3f}{total:22.2f}"
    if use["table"]:
        yield (
            f"Of compute, {use['table'] + use['table_kept']:.3f} for 1,000 requests are the table:"
            f" {write_units(message, made):.1f} write units each."
        )
    if made.conversation:
        alone = by_use(message, replace(made, conversation=None))
        again = sum(use[name] - alone[name] for name in ("model_in", "guardrail"))
        yield (
            f"Of guardrail and model, {again:.3f} for 1,000 requests are what was said before, in"
            f" conversations of {QUESTIONS} questions."
        )
    if made.sign_in:
        price = aws_facts.prices()["signed_in_person"].usd
        yield f"Of api, {steady['sign_in']:.2f} are {people:,} people who sign in, {price} each."
    if made.trails:
        copies = account_events * aws_facts.prices()["trail_100000_second_copies"].usd / 100_000
        yield (
            f"Of governance, {steady['trail_copy']:.2f} are the trail's copy in CloudWatch Logs of "
            f"{account_events:,} events of the account. If it has a trail already: {copies:.2f} "
            "more."
        )
