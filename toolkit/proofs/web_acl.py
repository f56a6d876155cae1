"""What proofs may name of a web ACL, as GetWebACLForResource describes it."""

from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from typing import Any

from toolkit.proofs.applied import Gap, number
from toolkit.terraform import ROOT

PATTERNS = ROOT / "modules" / "edge" / "prompt-injection-patterns.txt"
# What AWS WAF inspects of a body at API Gateway by default (Developer Guide, "AWS WAF
# body inspection").
INSPECTED = "KB_16"

Values = dict[str, Any]


def settings(web_acl: Mapping[str, Any], modes: Mapping[str, str]) -> Values:
    """Return limits and modes; `modes` is what the environment wants of its managed groups."""
    rules = {rule["Name"]: rule for rule in web_acl["Rules"]}
    rate = _statement(rules, "rate-per-ip", "RateBasedStatement")
    limit = (web_acl.get("AssociationConfig") or {}).get("RequestBody", {}).get("API_GATEWAY", {})
    kilobytes = limit.get("DefaultSizeInspectionLimit", INSPECTED).removeprefix("KB_")
    return {
        "body_bytes": number(_statement(rules, "body-size", "SizeConstraintStatement").get("Size")),
        "counted_rules": dict(_counted(rules)),
        "group_modes": modes,
        "injection_mode": _mode(rules.get("prompt-injection")),
        "inspected_bytes": 1024 * int(kilobytes),
        "ip_reputation": modes.get("ip-reputation", "block"),
        "rate_requests": number(rate.get("Limit")),
        # AWS WAF API Reference, RateBasedStatement: 300 unless given.
        "rate_seconds": number(rate.get("EvaluationWindowSec", 300)) if rate else None,
    }


def addresses(web_acl: Mapping[str, Any], edge: Any) -> Values:
    """Return an address of this machine that a rule makes an exception for, of each such rule."""
    statements = {rule["Name"]: rule["Statement"] for rule in web_acl["Rules"]}
    chosen: Values = {}
    for name, rule, what in (
        ("allowed_address", "allowed-addresses", "allows"),
        ("exempt_address", "rate-per-ip", "exempts from the rate rule"),
    ):
        held = []
        for one in _parts(statements.get(rule), "IPSetReferenceStatement"):
            set_name, set_id = one["ARN"].split("/")[-2:]
            answer = edge.get_ip_set(Name=set_name, Scope="REGIONAL", Id=set_id)
            held += [ip_network(address) for address in answer["IPSet"]["Addresses"]]
        own = next((str(network[0]) for network in held if network.is_loopback), None)
        said = f"this environment {what} no address" + (" of this machine" if held else "")
        chosen[name] = own or Gap(said, removed=False)
    return chosen


def patterns(web_acl: Mapping[str, Any], edge: Any) -> Values:
    """Return the caller's own patterns, and how texts are transformed before they are matched."""
    rule = next(rule for rule in web_acl["Rules"] if rule["Name"] == "prompt-injection")
    sets = list(_parts(rule["Statement"], "RegexPatternSetReferenceStatement"))
    name, set_id = sets[0]["ARN"].split("/")[-2:]
    answer = edge.get_regex_pattern_set(Name=name, Scope="REGIONAL", Id=set_id)
    lines = map(str.strip, PATTERNS.read_text(encoding="utf-8").splitlines())
    patterns = [one["RegexString"] for one in answer["RegexPatternSet"]["RegularExpressionList"]]
    ours = {line for line in lines if line and not line.startswith("#")}
    return {
        "own_patterns": patterns if set(patterns) != ours else [],
        "transformations": sorted(
            {one["Type"] for each in sets for one in each.get("TextTransformations") or ()}
        ),
    }


def _statement(rules: Mapping[str, Any], rule: str, kind: str) -> Mapping[str, Any]:
    return ((rules.get(rule) or {}).get("Statement") or {}).get(kind) or {}


def _mode(rule: Mapping[str, Any] | None) -> str | Gap:
    action = (rule or {}).get("Action") or {}
    return next((mode.lower() for mode in action), Gap("there is no rule prompt-injection"))


def _counted(rules: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """Yield each managed group with the rules of it that are only counted."""
    for name in rules:
        group = _statement(rules, name, "ManagedRuleGroupStatement")
        overridden = group.get("RuleActionOverrides") or ()
        yield name, [one["Name"] for one in overridden if "Count" in one["ActionToUse"]]


def _parts(statement: Any, kind: str) -> Iterator[Mapping[str, Any]]:
    """Yield every statement of a kind inside another."""
    if isinstance(statement, list):
        for one in statement:
            yield from _parts(one, kind)
    elif isinstance(statement, dict):
        for name, inner in statement.items():
            if name == kind:
                yield inner
            else:
                yield from _parts(inner, kind)
