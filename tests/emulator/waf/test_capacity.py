"""Web ACL capacity units are what AWS publishes."""

from typing import Any

import pytest

from emulator.waf.capacity import capacity
from tests.emulator.waf.support import SET_ARN, contains, json_values, managed, rule, text

HEADER = {"SingleHeader": {"Name": "host"}}
FOUR = ("HTML_ENTITY_DECODE", "URL_DECODE_UNI", "LOWERCASE", "COMPRESS_WHITE_SPACE")
EXACTLY = {"SearchString": b"example.com", "PositionalConstraint": "EXACTLY"}
HOST = text("ByteMatchStatement", HEADER, "LOWERCASE", **EXACTLY)
WORD = EXACTLY | {"PositionalConstraint": "CONTAINS_WORD"}
GEO = {"GeoMatchStatement": {"CountryCodes": ["US", "IN"]}}
HASH = {"ARN": SET_ARN}


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (text("RegexPatternSetReferenceStatement", json_values(), *FOUR, **HASH), 90),
        (text("RegexMatchStatement", json_values(), *FOUR, RegexString="a"), 46),
        (text("RegexMatchStatement", HEADER, RegexString="a"), 3),
        (text("SizeConstraintStatement", {"Body": {}}, ComparisonOperator="GT", Size=1), 1),
        (text("SizeConstraintStatement", json_values(), ComparisonOperator="GT", Size=1), 2),
        (text("ByteMatchStatement", HEADER, **EXACTLY), 2),
        (contains("a", HEADER), 10),
        (text("ByteMatchStatement", HEADER, **WORD), 10),
        (contains("a", {"AllQueryArguments": {}}, "LOWERCASE"), 30),
        (text("SqliMatchStatement", {"Body": {}}), 20),
        (text("SqliMatchStatement", {"Body": {}}, SensitivityLevel="HIGH"), 30),
        (GEO, 1),
        ({"IPSetReferenceStatement": {"ARN": HASH["ARN"]}}, 1),
        ({"NotStatement": {"Statement": GEO}}, 1),
        ({"OrStatement": {"Statements": [GEO, HOST]}}, 13),
        ({"RateBasedStatement": {"Limit": 10, "AggregateKeyType": "IP"}}, 2),
        ({"RateBasedStatement": {"Limit": 10, "AggregateKeyType": "CUSTOM_KEYS",
         "CustomKeys": [{"IP": {}}, {"HTTPMethod": {}}], "ScopeDownStatement": GEO}}, 63),
        (managed("AWSManagedRulesCommonRuleSet"), 700),
        (managed("AWSManagedRulesKnownBadInputsRuleSet"), 200),
        (managed("AWSManagedRulesSQLiRuleSet", ScopeDownStatement=GEO), 201),
        (managed("AWSManagedRulesAmazonIpReputationList"), 25),
        (managed("AWSManagedRulesAISecurityRuleSet"), 400),
    ],
)  # fmt: skip
def test_a_statement_costs_what_aws_publishes(statement: dict[str, Any], expected: int) -> None:
    assert capacity([rule("one", statement)]) == expected


def test_the_example_of_awss_command_line_reference_costs_fifteen() -> None:
    both: dict[str, Any] = {"AndStatement": {"Statements": [HOST, GEO]}}
    rate = {"RateBasedStatement": {"Limit": 1000, "AggregateKeyType": "IP"}}
    assert capacity([rule("basic-rule", both), rule("rate-rule", rate)]) == 15


def test_a_rule_group_costs_what_it_was_made_for() -> None:
    own = rule("own", {"RuleGroupReferenceStatement": {"ARN": "some"}})
    assert capacity([own, rule("geo", GEO)], {"some": 20}.__getitem__) == 21
