"""Web ACL capacity units (WCU), by AWS's published prices of each statement.

The sum is the most that AWS asks for: it may charge a transformation of one component once when
several rules share it, and does not say when (AWS WAF Developer Guide, "Web ACL capacity units").
"""

from collections.abc import Callable, Mapping, Sequence

from emulator.wire.documents import Document
from toolkit import aws_facts

_BASE: Mapping[str, Callable[[Document], int]] = {
    "ByteMatchStatement": lambda one: 10 if "CONTAINS" in one["PositionalConstraint"] else 2,
    "RegexMatchStatement": lambda _: 3,
    "RegexPatternSetReferenceStatement": lambda _: 25,
    "SizeConstraintStatement": lambda _: 1,
    "SqliMatchStatement": lambda one: 30 if one.get("SensitivityLevel") == "HIGH" else 20,
    "GeoMatchStatement": lambda _: 1,
    "IPSetReferenceStatement": lambda _: 1,
}


def capacity(rules: Sequence[Document], of_group: Callable[[str], int] = lambda _: 0) -> int:
    """Return the WCU of rules in boto3's shape; `of_group` tells a rule group's by its ARN."""
    return sum(
        of_group(rule["Statement"]["RuleGroupReferenceStatement"]["ARN"])
        if "RuleGroupReferenceStatement" in rule["Statement"]
        else _statement(rule["Statement"])
        for rule in rules
    )


def _statement(shape: Document) -> int:
    ((kind, options),) = shape.items()
    if kind in {"AndStatement", "OrStatement"}:
        return sum(_statement(one) for one in options["Statements"])
    if kind == "NotStatement":
        return _statement(options["Statement"])
    scope_down = options.get("ScopeDownStatement")
    nested = _statement(scope_down) if scope_down else 0
    if kind == "RateBasedStatement":
        return 2 + 30 * len(options.get("CustomKeys") or ()) + nested
    if kind == "ManagedRuleGroupStatement":
        return aws_facts.managed_rule_groups().get(options["Name"], 0) + nested
    base = _BASE[kind](options) if kind in _BASE else 0
    component = options.get("FieldToMatch") or {}
    if "JsonBody" in component:
        base *= 2
    if "AllQueryArguments" in component:
        base += 10
    transformations = [
        *(options.get("TextTransformations") or ()),
        *(options.get("PreParseTextTransformations") or ()),
    ]
    # NONE inspects the text as received: there is nothing to pay for.
    paid = sum(1 for one in transformations if one["Type"] != "NONE")
    return base + 10 * paid
