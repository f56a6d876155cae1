"""The cost page: prices from aws-facts.json, quantities from what Terraform makes."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from statistics import mean

from toolkit import aws_facts
from toolkit.cost import (
    ACCOUNT_EVENTS,
    EVENT_KILOBYTES,
    LATE_HOURS,
    LOG_KILOBYTES,
    MASKED_KILOBYTES,
    METHOD_METRICS,
    METRICS,
    PARTS_BY_LAYER,
    PEOPLE,
    QUESTIONS,
    SECONDS,
    Conversation,
    Made,
    Message,
    by_use,
    fixed,
    messages,
    metrics,
    write_units,
)
from toolkit.pages import cost_chart
from toolkit.terraform import ROOT

PAGE = ROOT / "docs" / "cost.md"
CHART = ROOT / "docs" / "cost.svg"
TEMPLATE = ROOT / "docs" / "cost.template.md"


# Messages a day, and what the common recipe says of a month with so many.
LEVELS = {100: "7 to 10", 1_000: "20 to 40", 10_000: "100 to 200"}
# Management events a month of an account with many workloads in it.
BUSY = 20_000_000


def made() -> Made:
    """Return what an environment with every default makes, as far as the modules' files say it."""
    return Made(rules(), alarm_metrics())


def conversation() -> Conversation:
    """Return how much of a conversation is kept by default, as modules/chatbot's file says it."""
    text = (ROOT / "modules/chatbot/variables.tf").read_text(encoding="utf-8")
    fields = text.partition('variable "conversation" {')[2].partition("})")[0]
    found = re.findall(r"^ +(\w+) = optional\(number, (\d+)\)", fields, re.MULTILINE)
    return Conversation(**{name: int(value) for name, value in found})


def rules() -> int:
    """Return how many rules the web ACL has, without those that are off by default."""
    text = (ROOT / "modules/edge/rules.tf").read_text()
    return len(re.findall(r'\bname += "', text)) - text.count(' : "off"')


def alarm_metrics() -> int:
    """Return how many metrics the alarms read; one reads that of every rule for tampering."""
    tampering = _keys("tamper-events.tf")
    alarms = _keys("alarms.tf", until="name => alarm if local.watched_trail")  # then the table's
    rules = 1 + sum(name.endswith("ed") for name in tampering)  # and the one of refused attempts
    return len(alarms) - 1 + rules


def _keys(file: str, until: str = "\0") -> list[str]:
    """Return the keys of governance's maps that open an object on their line."""
    text = (ROOT / "modules" / "governance" / file).read_text(encoding="utf-8").partition(until)[0]
    return re.findall(r"^(?: {4}| {6})([a-z0-9-]+) = \{$", text, re.MULTILINE)


def pages() -> dict[Path, str]:
    """Return the text of the page, and its chart."""
    return {PAGE: page(), CHART: _chart()}


def _chart() -> str:
    thousand, steady = by_use(Message(), made()), fixed(made())

    def level(day: int, steady: Mapping[str, float]) -> dict[str, float]:
        use = {part: day * 30 * dollars / 1000 for part, dollars in thousand.items()}
        both = {**steady, **use}
        return {layer: sum(both[part] for part in parts) for layer, parts in PARTS_BY_LAYER.items()}

    levels = [(f"{day:,} messages a day", level(day, steady), said) for day, said in LEVELS.items()]
    busy = ("1,000, busy account", level(1_000, fixed(made(), BUSY)), "")
    return cost_chart.chart([*levels, busy])


def page() -> str:
    """Return the whole page."""
    usual, default = Message(), made()
    parts, steady = by_use(usual, default), fixed(default)
    thousand, month = sum(parts.values()), sum(steady.values())
    usd = {name: price.usd for name, price in aws_facts.prices().items()}
    old = usual.input_tokens * usd["old_model_million_input"] / 1000
    old += usual.answer_tokens * usd["old_model_million_output"] / 1000
    old += thousand - sum(parts[name] for name in ("model_in", "model_out", "guardrail"))
    flood = 10 * 60 / SECONDS * thousand / 1000
    return TEMPLATE.read_text(encoding="utf-8").format(
        **{f"use_{name}": _small(dollars) for name, dollars in parts.items()},
        **{f"fixed_{name}": f"{dollars:.2f}" for name, dollars in steady.items()},
        **{f"sure_{name}": price.confidence for name, price in aws_facts.prices().items()},
        **{f"usd_{name}": _plain(dollars) for name, dollars in usd.items()},
        as_of=aws_facts.facts()["as_of"],
        thousand=f"{thousand:.2f}",
        month=f"{month:.2f}",
        totals="\n".join(
            [
                *(_total(f"{d:,} a day ({d * 30:,} a month)", month, d, thousand) for d in LEVELS),
                _total(
                    f"1,000 a day, with {BUSY / 1_000_000:.0f} million events of the account",
                    sum(fixed(default, BUSY).values()),
                    1_000,
                    thousand,
                ),
            ]
        ),
        rules=default.rules,
        alarm_metrics=default.alarm_metrics,
        **_options(usual, default),
        metrics=metrics(default),
        own_metrics=METRICS,
        method_metrics=METHOD_METRICS,
        included_wcu=f"{aws_facts.included_wcu():,}",
        input_tokens=usual.input_tokens,
        answer_tokens=usual.answer_tokens,
        characters=usual.characters,
        units=usual.units,
        seconds=SECONDS,
        gigabytes=default.gigabytes,
        log_kilobytes=LOG_KILOBYTES,
        masked_kilobytes=MASKED_KILOBYTES,
        account_events=f"{ACCOUNT_EVENTS:,}",
        event_kilobytes=EVENT_KILOBYTES,
        million_events=f"{10 * usd['trail_100000_second_copies']:.2f}",
        million_copied=f"{EVENT_KILOBYTES * usd['logs_gb']:.2f}",
        unit=f"{parts['guardrail'] / usual.units:.2f}",
        share=f"{100 * parts['guardrail'] / thousand:.0f}",
        model_in=f"{usd['model_million_input'] * usd['model_geographic_factor']:.2f}",
        model_out=f"{usd['model_million_output'] * usd['model_geographic_factor']:.2f}",
        surcharge=f"{100 * (usd['model_geographic_factor'] - 1):.0f}",
        old=f"{old:.2f}",
        plan=f"{thousand / 2:.2f}",
        plan_longest=f"{sum(by_use(Message(2000, 512), default).values()) / 2:.2f}",
        short=f"{sum(by_use(Message(40, 120), default).values()):.2f}",
        pii=f"{usual.units * usd['guardrail_personal_data']:.2f}",
        topics=f"{usual.units * usd['guardrail_denied_topics']:.2f}",
        kept=f"{LOG_KILOBYTES * 0.3:.0f}",
        kept_year=f"{LOG_KILOBYTES * 0.3 * 12 * usd['logs_gb_month']:.2f}",
        flood=f"{flood:.2f}",
        flood_day=f"{flood * 1440:.0f}",
        rings=f"{200_000 / usual.answer_tokens * thousand / 1000:.2f}",
    )


def _options(usual: Message, default: Made) -> dict[str, object]:
    """Return what budgets, conversations and sign-in add."""
    kept = conversation()
    budget, talk = replace(default, budgets=1), replace(default, conversation=kept)
    alone, use = by_use(usual, default), by_use(usual, talk)
    everything = replace(talk, budgets=1, methods=default.methods + 2, sign_in=True)
    more, usd = metrics(everything) - metrics(default), aws_facts.prices()
    said = messages(usual, talk)
    longest = replace(usual, said_before=kept.max_chars - usual.characters)
    return {
        "budget": f"{by_use(usual, budget)['table']:.4f}",
        "turn_units": f"{write_units(usual, talk):.1f}",
        "turns": f"{use['table']:.4f}",
        "turns_kept": f"{use['table_kept']:.4f}",
        "again": _small(sum(use[part] - alone[part] for part in ("model_in", "guardrail"))),
        "more_tokens": f"{mean(one.input_tokens for one in said) - usual.input_tokens:.0f}",
        "more_units": f"{mean(one.units for one in said) - usual.units:.1f}",
        "more_metrics": more,
        "more_metrics_usd": f"{more * usd['metric'].usd:.2f}",
        "more_alarms": f"{2 * usd['alarm'].usd:.2f}",
        "longest": f"{sum(by_use(longest, default).values()):.2f}",
        "questions": QUESTIONS,
        "people": PEOPLE,
        "sign_in": f"{fixed(everything)['sign_in']:.2f}",
        "ttl_hours": kept.ttl_hours,
        "late_hours": LATE_HOURS,
    }


def _total(name: str, month: float, day: int, thousand: float) -> str:
    use = day * 30 * thousand / 1000
    digits = 0 if month + use < 100 else -1
    said = "" if "events" in name else LEVELS[day]
    both = f"**about {round(month + use, digits):.0f}**"
    return f"| {name} | {month:.0f} | {use:.0f} | {both} | {said} |"


def _small(dollars: float) -> str:
    return f"{dollars:.2f}" if dollars >= 0.01 else f"{dollars:.3f}"


def _plain(dollars: float) -> str:
    exact = f"{dollars:.10f}".rstrip("0")
    return exact if len(exact) > len(f"{dollars:.2f}") else f"{dollars:.2f}"
