"""AWS WAF's API takes no rule that could not work, and tells what rules cost."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator.shown import refusal, unique
from tests.emulator.waf.support import contains, group, json_values, managed, rule, text
from tests.emulator.waf.test_operations import HERE, METRICS, SETTINGS, at

METHOD: dict[str, Any] = {"Method": {}}
GEO = {"GeoMatchStatement": {"CountryCodes": ["FR"]}}
ABSENT = "arn:aws:wafv2:us-east-2:123456789012:regional/regexpatternset/absent/1"
GROUP = "arn:aws:logs:us-east-2:123456789012:log-group:aws-waf-logs-edge"
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
    ("rules", "code", "says"),
    [
        ([rule("r", text("RegexMatchStatement", METHOD, RegexString="(a)"))],
         "WAFInvalidParameterException", "capturing groups are not supported"),
        ([rule("r", {"NotStatement": {"Statement": text("RegexMatchStatement", METHOD,
                                                        RegexString="a++")}})],
         "WAFInvalidParameterException", "possessive quantifiers"),
        ([rule("r", {})], "WAFInvalidParameterException", "exactly one value., field: STATEMENT"),
        ([rule("r", GEO | contains("a", METHOD))],
         "WAFInvalidParameterException", "exactly one value., field: STATEMENT"),
        ([rule("r", {"OrStatement": {"Statements": [GEO]}})],
         "WAFInvalidParameterException", "field: OR_STATEMENT"),
        ([rule("r", managed("AWSManagedRulesSQLiRuleSet"))],
         "WAFInvalidParameterException", "A reference in your rule statement is not valid."),
        ([group("r", GEO)],
         "WAFInvalidParameterException", "A reference in your rule statement is not valid."),
        ([rule("r", {"NotStatement": {"Statement": managed("AWSManagedRulesSQLiRuleSet")}})],
         "WAFInvalidParameterException", "A reference in your rule statement is not valid."),
        ([group("r", {"RuleGroupReferenceStatement": {"ARN": NO_GROUP}})],
         "WAFNonexistentItemException", "doesn't exist"),
        ([rule("r", {"IPSetReferenceStatement": {"ARN": ABSENT}})],
         "WAFInvalidParameterException", "The ARN isn't valid."),
        ([group("r", managed("AWSManagedRulesNoSuchSet"))],
         "WAFNonexistentItemException", "doesn't exist"),
        ([rule("r", text("RegexPatternSetReferenceStatement", METHOD, ARN=ABSENT))],
         "WAFNonexistentItemException", "doesn't exist"),
        ([rule("r", text("RegexPatternSetReferenceStatement", METHOD, ARN="a-name-and-no-arn-xx"))],
         "WAFInvalidParameterException", "The ARN isn't valid."),
        ([rule("r", GEO, {"Block": {"CustomResponse": {"ResponseCode": 403,
                                                       "CustomResponseBodyKey": "none"}}})],
         "WAFInvalidParameterException", "field: CUSTOM_RESPONSE"),
        ([rule("r", GEO), rule("r", GEO)], "WAFInvalidParameterException", "a name of its own"),
        ([rule("r", GEO, Priority=1), rule("s", GEO)],
         "WAFInvalidParameterException", "a priority of its own"),
        ([group(f"r{at}", managed("AWSManagedRulesCommonRuleSet")) for at in range(8)],
         "WAFLimitsExceededException", "5600 capacity units"),
    ],
)  # fmt: skip
def test_a_web_acl_that_could_not_work_is_refused(
    create: Any, rules: list[dict[str, Any]], code: str, says: str
) -> None:
    _, refused, why = refusal(create, "refused", *rules)
    assert refused == code
    assert re.search(says, why)


def test_an_update_is_refused_like_a_creation(waf: Any, create: Any) -> None:
    acl = create("updated", rule("r", GEO))
    with pytest.raises(ClientError, match="WAFInvalidParameterException"):
        update(waf, acl, rule("r", {}))


@pytest.mark.parametrize(
    ("patterns", "code"),
    [
        (["a(?:b|c)+", "(a)"], "WAFInvalidParameterException"),
        (["(?:a"], "WAFInvalidParameterException"),
        (["a" * 201], "WAFInvalidParameterException"),
        ([f"a{at}" for at in range(11)], "WAFLimitsExceededException"),
    ],
)
def test_a_pattern_set_that_could_not_work_is_refused(
    waf: Any, patterns: list[str], code: str
) -> None:
    new = {**HERE, "Name": unique("patterns")}
    whole = {"RegularExpressionList": [{"RegexString": pattern} for pattern in patterns]}
    assert refusal(waf.create_regex_pattern_set, **new, **whole)[1] == code
    longest = [{"RegexString": "a" * 200}]
    made = waf.create_regex_pattern_set(**new, RegularExpressionList=longest)["Summary"]
    these = {**at(made), "LockToken": made["LockToken"]}
    assert refusal(waf.update_regex_pattern_set, **these, **whole)[1] == code


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
