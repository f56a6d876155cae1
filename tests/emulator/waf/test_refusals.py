"""AWS WAF's API takes no rule that could not work, and tells what rules cost."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.emulator.shown import refusal, unique
from tests.emulator.waf.support import contains, group, json_values, managed, rule, text
from tests.emulator.waf.test_operations import HERE, INVALID, METRICS, MISSING, SETTINGS, at

METHOD: dict[str, Any] = {"Method": {}}
GEO = {"GeoMatchStatement": {"CountryCodes": ["FR"]}}
ABSENT = "arn:aws:wafv2:us-east-2:123456789012:regional/regexpatternset/absent/1"
GROUP = "arn:aws:logs:us-east-2:123456789012:log-group:aws-waf-logs-edge"
LIMIT = (400, "WAFLimitsExceededException")
NO_GROUP = ABSENT.replace("regexpatternset", "rulegroup")


def numbered(*rules: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"Priority": at, "VisibilityConfig": METRICS} | dict(one) for at, one in enumerate(rules)
    ]


@pytest.fixture
def create(waf: Any) -> Callable[..., Any]:
    """Return a function that creates a web ACL of these rules, and returns its summary."""

    def make(name: str, *rules: Mapping[str, Any], **more: Any) -> Any:
        return waf.create_web_acl(Name=name, **HERE, **SETTINGS, Rules=numbered(*rules), **more)[
            "Summary"
        ]

    return make


def update(waf: Any, acl: dict[str, Any], *rules: Mapping[str, Any]) -> None:
    """Give a web ACL, as `create` returned it, these rules instead."""
    waf.update_web_acl(**at(acl), **SETTINGS, LockToken=acl["LockToken"], Rules=numbered(*rules))


def test_a_web_acl_tells_its_capacity(waf: Any, create: Any) -> None:
    refused = {"CustomResponse": {"ResponseCode": 403, "CustomResponseBodyKey": "no"}}
    word = text("RegexMatchStatement", json_values(), "LOWERCASE", RegexString="a")
    rules = (
        rule("word", word, {"Block": refused}),
        group("sqli", managed("AWSManagedRulesSQLiRuleSet")),
    )
    assert waf.check_capacity(**HERE, Rules=numbered(*rules))["Capacity"] == 216
    body = {"ContentType": "TEXT_PLAIN", "Content": "no"}
    acl = create("capacity", *rules, CustomResponseBodies={"no": body})
    assert waf.get_web_acl(**at(acl))["WebACL"]["Capacity"] == 216
    update(waf, acl, rules[1])
    assert waf.get_web_acl(**at(acl))["WebACL"]["Capacity"] == 200


@pytest.mark.parametrize(
    ("rules", "error", "says"),
    [
        ([rule("r", text("RegexMatchStatement", METHOD, RegexString="(a)"))],
         INVALID, "capturing groups are not supported"),
        ([rule("r", {"NotStatement": {"Statement": text("RegexMatchStatement", METHOD,
                                                        RegexString="a++")}})],
         INVALID, "possessive quantifiers"),
        ([rule("r", {})], INVALID, "exactly one value., field: STATEMENT"),
        ([rule("r", GEO | contains("a", METHOD))], INVALID, "exactly one value., field: STATEMENT"),
        ([rule("r", {"OrStatement": {"Statements": [GEO]}})], INVALID, "field: OR_STATEMENT"),
        ([rule("r", managed("AWSManagedRulesSQLiRuleSet"))],
         INVALID, "A reference in your rule statement is not valid."),
        ([group("r", GEO)], INVALID, "A reference in your rule statement is not valid."),
        ([rule("r", {"NotStatement": {"Statement": managed("AWSManagedRulesSQLiRuleSet")}})],
         INVALID, "A reference in your rule statement is not valid."),
        ([group("r", {"RuleGroupReferenceStatement": {"ARN": NO_GROUP}})],
         MISSING, "doesn't exist"),
        ([rule("r", {"IPSetReferenceStatement": {"ARN": ABSENT}})],
         INVALID, "The ARN isn't valid."),
        ([group("r", managed("AWSManagedRulesNoSuchSet"))], MISSING, "doesn't exist"),
        ([rule("r", text("RegexPatternSetReferenceStatement", METHOD, ARN=ABSENT))],
         MISSING, "doesn't exist"),
        ([rule("r", text("RegexPatternSetReferenceStatement", METHOD, ARN="a-name-and-no-arn-xx"))],
         INVALID, "The ARN isn't valid."),
        ([rule("r", GEO, {"Block": {"CustomResponse": {"ResponseCode": 403,
                                                       "CustomResponseBodyKey": "none"}}})],
         INVALID, "field: CUSTOM_RESPONSE"),
        ([rule("r", GEO), rule("r", GEO)], INVALID, "a name of its own"),
        ([rule("r", GEO, Priority=1), rule("s", GEO)], INVALID, "a priority of its own"),
        ([group(f"r{at}", managed("AWSManagedRulesCommonRuleSet")) for at in range(8)],
         LIMIT, "5600 capacity units"),
    ],
)  # fmt: skip
def test_a_web_acl_that_could_not_work_is_refused(
    create: Any, rules: list[dict[str, Any]], error: tuple[int, str], says: str
) -> None:
    *refused, why = refusal(create, "refused", *rules)
    assert tuple(refused) == error
    assert re.search(says, why)


def test_an_update_is_refused_like_a_creation(waf: Any, create: Any) -> None:
    acl = create("updated", rule("r", GEO))
    assert refusal(update, waf, acl, rule("r", {}))[:2] == INVALID


@pytest.mark.parametrize(
    ("patterns", "error"),
    [
        (["a(?:b|c)+", "(a)"], INVALID),
        (["(?:a"], INVALID),
        (["a" * 201], INVALID),
        ([f"a{at}" for at in range(11)], LIMIT),
    ],
)
def test_a_pattern_set_that_could_not_work_is_refused(
    waf: Any, patterns: list[str], error: tuple[int, str]
) -> None:
    new = {**HERE, "Name": unique("patterns")}
    whole = {"RegularExpressionList": [{"RegexString": pattern} for pattern in patterns]}
    assert refusal(waf.create_regex_pattern_set, **new, **whole)[:2] == error
    longest = [{"RegexString": "a" * 200}]
    made = waf.create_regex_pattern_set(**new, RegularExpressionList=longest)["Summary"]
    these = {**at(made), "LockToken": made["LockToken"]}
    assert refusal(waf.update_regex_pattern_set, **these, **whole)[:2] == error


@pytest.mark.parametrize(
    "destinations",
    [
        [GROUP.replace("aws-waf", "waf")],
        [GROUP, GROUP],
        ["arn:aws:s3:::logs-aws-waf-logs-edge"],
    ],
)
def test_logs_go_to_one_group_of_the_right_name(
    waf: Any, create: Any, destinations: list[str]
) -> None:
    acl = create(unique("logged"), rule("r", GEO))["ARN"]
    bad, good = (
        {"ResourceArn": acl, "LogDestinationConfigs": each} for each in (destinations, [GROUP])
    )
    refused = refusal(waf.put_logging_configuration, LoggingConfiguration=bad)
    assert "field: LOG_DESTINATION" in refused[2]
    waf.put_logging_configuration(LoggingConfiguration=good)
