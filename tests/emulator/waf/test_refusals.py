"""AWS WAF's API takes no rule that could not work, and tells what rules cost."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator.conftest import Emulator
from tests.emulator.rest_apis import mock_api
from tests.emulator.waf.support import contains, group, json_values, managed, rule, text

METRICS = {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": "m"}
METHOD: dict[str, Any] = {"Method": {}}
GEO = {"GeoMatchStatement": {"CountryCodes": ["FR"]}}
ABSENT = "arn:aws:wafv2:us-east-2:123456789012:regional/regexpatternset/absent/1"

NO_GROUP = ABSENT.replace("regexpatternset", "rulegroup")


def numbered(*rules: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"Priority": at, "VisibilityConfig": METRICS} | dict(one) for at, one in enumerate(rules)
    ]


@pytest.fixture
def create(emulator: Emulator) -> Callable[..., Any]:
    """Return a function that creates a web ACL of these rules, and reads it and its lock token."""
    client = emulator.client("wafv2")

    def make(name: str, *rules: Mapping[str, Any], **more: Any) -> Any:
        made = client.create_web_acl(
            Name=name,
            Scope="REGIONAL",
            DefaultAction={"Allow": {}},
            VisibilityConfig=METRICS,
            Rules=numbered(*rules),
            **more,
        )["Summary"]
        read = client.get_web_acl(Name=name, Scope="REGIONAL", Id=made["Id"])
        return read["WebACL"] | {"LockToken": read["LockToken"]}

    return make


def update(emulator: Emulator, acl: Mapping[str, Any], *rules: Mapping[str, Any]) -> None:
    """Give a web ACL, as `create` returned it, these rules instead."""
    emulator.client("wafv2").update_web_acl(
        **{key: acl[key] for key in ("Name", "Id", "LockToken")},
        Scope="REGIONAL",
        DefaultAction={"Allow": {}},
        VisibilityConfig=METRICS,
        Rules=numbered(*rules),
    )


def test_a_web_acl_tells_its_capacity(emulator: Emulator, create: Any) -> None:
    client = emulator.client("wafv2")
    refusal = {"CustomResponse": {"ResponseCode": 403, "CustomResponseBodyKey": "no"}}
    word = text("RegexMatchStatement", json_values(), "LOWERCASE", RegexString="a")
    rules = (
        rule("word", word, {"Block": refusal}),
        group("sqli", managed("AWSManagedRulesSQLiRuleSet")),
    )
    asked = client.check_capacity(Scope="REGIONAL", Rules=numbered(*rules))
    body = {"ContentType": "TEXT_PLAIN", "Content": "no"}
    acl = create("capacity", *rules, CustomResponseBodies={"no": body})
    assert (asked["Capacity"], acl["Capacity"]) == (216, 216)
    update(emulator, acl, rules[1])
    acl = client.get_web_acl(Name="capacity", Scope="REGIONAL", Id=acl["Id"])["WebACL"]
    assert acl["Capacity"] == 200


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
    with pytest.raises(ClientError, match=says) as refused:
        create("refused", *rules)
    assert refused.value.response["Error"]["Code"] == code


def test_an_update_is_refused_like_a_creation(emulator: Emulator, create: Any) -> None:
    acl = create("updated", rule("r", GEO))
    with pytest.raises(ClientError, match="WAFInvalidParameterException"):
        update(emulator, acl, rule("r", {}))


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
    emulator: Emulator, patterns: list[str], code: str
) -> None:
    client = emulator.client("wafv2")
    whole = {
        "Scope": "REGIONAL",
        "RegularExpressionList": [{"RegexString": pattern} for pattern in patterns],
    }
    with pytest.raises(ClientError, match=code):
        client.create_regex_pattern_set(Name="refused", **whole)
    made = client.create_regex_pattern_set(
        Name=f"patterns{len(patterns)}{len(patterns[0])}",
        Scope="REGIONAL",
        RegularExpressionList=[{"RegexString": "a" * 200}],
    )["Summary"]
    with pytest.raises(ClientError, match=code):
        client.update_regex_pattern_set(
            Name=made["Name"], Id=made["Id"], LockToken=made["LockToken"], **whole
        )


@pytest.mark.parametrize(
    "destinations",
    [
        ["arn:aws:logs:us-east-2:123456789012:log-group:waf-logs-edge"],
        ["arn:aws:logs:us-east-2:123456789012:log-group:aws-waf-logs-edge"] * 2,
        ["arn:aws:s3:::logs-aws-waf-logs-edge"],
    ],
)
def test_logs_go_to_one_group_of_the_right_name(
    emulator: Emulator, create: Any, destinations: list[str]
) -> None:
    client = emulator.client("wafv2")
    acl = create(f"logged{len(destinations)}{len(destinations[0])}", rule("r", GEO))
    good = "arn:aws:logs:us-east-2:123456789012:log-group:aws-waf-logs-edge"
    with pytest.raises(ClientError, match="field: LOG_DESTINATION"):
        client.put_logging_configuration(
            LoggingConfiguration={"ResourceArn": acl["ARN"], "LogDestinationConfigs": destinations}
        )
    client.put_logging_configuration(
        LoggingConfiguration={"ResourceArn": acl["ARN"], "LogDestinationConfigs": [good]}
    )


def test_what_is_in_use_cannot_be_deleted(emulator: Emulator, create: Any) -> None:
    client, apis = emulator.client("wafv2"), emulator.client("apigateway")
    patterns = client.create_regex_pattern_set(
        Name="used", Scope="REGIONAL", RegularExpressionList=[{"RegexString": "a"}]
    )["Summary"]
    whole = {key: patterns[key] for key in ("Name", "Id", "LockToken")} | {"Scope": "REGIONAL"}
    matched = text("RegexPatternSetReferenceStatement", METHOD, ARN=patterns["ARN"])
    acl = create("using", rule("r", {"NotStatement": {"Statement": matched}}))
    with pytest.raises(ClientError, match="WAFAssociatedItemException"):
        client.delete_regex_pattern_set(**whole)

    api = mock_api(apis)["restApiId"]
    apis.create_deployment(restApiId=api, stageName="v1")
    stage = f"arn:aws:apigateway:us-east-2::/restapis/{api}/stages/v1"
    client.associate_web_acl(WebACLArn=acl["ARN"], ResourceArn=stage)
    assert client.get_web_acl_for_resource(ResourceArn=stage)["WebACL"]["Name"] == "using"
    this = {key: acl[key] for key in ("Name", "Id", "LockToken")} | {"Scope": "REGIONAL"}
    with pytest.raises(ClientError, match="WAFAssociatedItemException"):
        client.delete_web_acl(**this)
    client.associate_web_acl(WebACLArn=create("instead", rule("r", GEO))["ARN"], ResourceArn=stage)
    assert client.get_web_acl_for_resource(ResourceArn=stage)["WebACL"]["Name"] == "instead"
    client.delete_web_acl(**this)
    client.delete_regex_pattern_set(**whole)
    apis.delete_rest_api(restApiId=api)
