"""The cost page: prices from aws-facts.json, quantities from what Terraform makes."""

import re
from pathlib import Path

from toolkit import aws_facts
from toolkit.cost import (
    ACCOUNT_EVENTS,
    EVENT_KILOBYTES,
    LOG_KILOBYTES,
    MASKED_KILOBYTES,
    METRICS,
    SECONDS,
    Made,
    Message,
    by_use,
    fixed,
)
from toolkit.terraform import ROOT

PAGE = ROOT / "docs" / "cost.md"
TEMPLATE = ROOT / "docs" / "cost.template.md"


def made() -> Made:
    """Return what an environment with every default makes, as far as the modules' files say it."""
    return Made(rules(), alarm_metrics())


def rules() -> int:
    """Return how many rules the web ACL has, without those that are off by default."""
    text = (ROOT / "modules/edge/rules.tf").read_text()
    return len(re.findall(r'\bname += "', text)) - text.count(' : "off"')


def alarm_metrics() -> int:
    """Return how many metrics the alarms read; one reads that of every rule for tampering."""
    alarms, tampering = _keys("alarms.tf"), _keys("tamper-events.tf")
    rules = 1 + sum(name.endswith("ed") for name in tampering)  # and the one of refused attempts
    return len(alarms) - 1 + rules


def _keys(file: str) -> list[str]:
    """Return the keys of governance's maps that open an object on their line."""
    text = (ROOT / "modules" / "governance" / file).read_text(encoding="utf-8")
    return re.findall(r"^(?: {4}| {6})([a-z0-9-]+) = \{$", text, re.MULTILINE)


def pages() -> dict[Path, str]:
    """Return the text of the page."""
    return {PAGE: page()}


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
        totals="\n".join(_total(day, month, thousand) for day in (100, 1_000, 10_000)),
        rules=default.rules,
        alarm_metrics=default.alarm_metrics,
        metrics=METRICS,
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


def _total(day: int, month: float, thousand: float) -> str:
    use = day * 30 * thousand / 1000
    digits = 0 if month + use < 100 else -1
    return (
        f"| {day:,} a day ({day * 30:,}{' a month' if day == 100 else ''}) "
        f"| {month:.0f} | {use:.0f} | **about {round(month + use, digits):.0f}** |"
    )


def _small(dollars: float) -> str:
    return f"{dollars:.2f}" if dollars >= 0.01 else f"{dollars:.3f}"


def _plain(dollars: float) -> str:
    return f"{dollars:.2f}" if dollars >= 0.01 else f"{dollars:.10f}".rstrip("0")
