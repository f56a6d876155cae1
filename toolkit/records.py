"""What single log records say: a web ACL's rules, a guardrail's findings, the price of tokens."""

from collections.abc import Iterator
from typing import Any

from toolkit import aws_facts

type Record = dict[str, Any]


def plain(text: str) -> str:
    """Return a text on one line, without the controls that a terminal would act on.

    Logs hold what an attacker has sent.
    """
    return "".join(one if one.isprintable() else "\ufffd" for one in " ".join(text.split()))


def stopped(waf: Record, access: Record, function: Record) -> tuple[str, str] | None:
    """Return the layer that refused a request or kept its answer back, and by what; or None."""
    if waf.get("action") == "BLOCK":
        return "edge", str(waf.get("terminatingRuleId"))
    if (error := str(access.get("errorType", "-"))) not in {"-", ""}:
        return "api", error
    if int(function.get("status", 200)) != 200:
        return "compute", str(function.get("code"))
    if function.get("stop_reason") == "screened":
        return "compute", f"screening: {function.get('screened')}"
    if not function.get("blocked"):
        return None
    if function.get("leaked"):
        return "compute", "prompt leak"
    blocking = [one for one in function.get("guardrail") or () if one.endswith(".BLOCKED")]
    return "guardrail", ", ".join(blocking) or str(function.get("stop_reason"))


def counted(record: Record) -> Iterator[tuple[str, list[Record]]]:
    """Yield each rule that matched and only counted, with its match details."""
    for rule in record.get("nonTerminatingMatchingRules") or ():
        if rule.get("action") == "COUNT":
            yield str(rule["ruleId"]), rule.get("ruleMatchDetails") or []
    for group in record.get("ruleGroupList") or ():
        for rule in group.get("nonTerminatingMatchingRules") or ():
            yield str(rule["ruleId"]), rule.get("ruleMatchDetails") or []


def signature(record: Record) -> str:
    """Return the rule inside a managed group that blocked, "" where none did."""
    groups = record.get("ruleGroupList") or ()
    return next(
        (str(g["terminatingRule"]["ruleId"]) for g in groups if g.get("terminatingRule")), ""
    )


def short(label: str) -> str:
    """Return the telling end of a label: its namespace repeats the web ACL."""
    return ":".join(label.split(":")[-2:])


def match(detail: Record) -> str:
    """Return what a rule matched, and where; the log may redact the text."""
    data = " ".join(map(str, detail.get("matchedData") or ()))
    shown = f": {data}" if data not in {"", "REDACTED"} else ""
    return f"{detail.get('conditionType')} in {detail.get('location')}{shown}"


def acted(assessments: list[Record], action: str) -> bool:
    """Return whether a guardrail did this to anything that it found."""
    return any(verdict == action for verdict, _ in findings(assessments))


def findings(assessments: list[Record]) -> Iterator[tuple[str, str]]:
    """Yield what a guardrail acted on: the action and its name, never the personal data itself."""
    for assessment in assessments:
        for policy, parts in assessment.items():
            if not policy.endswith("Policy"):
                continue
            for kind, items in parts.items():
                for one in items if isinstance(items, list) else ():
                    name = one.get("name") or one.get("type") or one.get("match") or kind
                    if policy == "wordPolicy":
                        name = f"word {one.get('match')}"
                    sure = f" ({one['confidence']})" if one.get("confidence") else ""
                    if one.get("action", "NONE") != "NONE":
                        yield one["action"], f"{name}{sure} {one['action'].lower()}"


def cost(model: str, asked: int, answered: int) -> str:
    """Return what the model's tokens cost, where the data file has the model's price."""
    if aws_facts.priced_model() not in model:
        return ""
    usd = {name: price.usd for name, price in aws_facts.prices().items()}
    dollars = asked * usd["model_million_input"] + answered * usd["model_million_output"]
    return f"${dollars * usd['model_geographic_factor'] / 1e6:.6f}"
