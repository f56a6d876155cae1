"""WAFv2's operations, where moto's own do something else."""

import uuid
from typing import Any

import pytest

from tests.emulator.conftest import ACCOUNT, REGION, Aws, client_of
from tests.emulator.shown import refusal, shows, unique

HERE = {"Scope": "REGIONAL"}
METRICS = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": True, "MetricName": "m"}
GEO = {"GeoMatchStatement": {"CountryCodes": ["KP"]}}
RULE = {
    "Name": "geo",
    "Priority": 0,
    "Statement": GEO,
    "Action": {"Block": {}},
    "VisibilityConfig": METRICS,
}
SETTINGS: dict[str, Any] = {"DefaultAction": {"Allow": {}}, "VisibilityConfig": METRICS}
MISSING = (400, "WAFNonexistentItemException")
STALE = (400, "WAFOptimisticLockException")

waf = client_of("wafv2")


@pytest.fixture
def acl(waf: Any) -> dict[str, Any]:
    tags = [{"Key": "a", "Value": "1"}]
    name = unique("acl")
    made: dict[str, Any] = waf.create_web_acl(
        Name=name, **HERE, **SETTINGS, Rules=[RULE], Tags=tags
    )["Summary"]
    return made


def at(made: dict[str, Any]) -> dict[str, Any]:
    return {**HERE, "Name": made["Name"], "Id": made["Id"]}


@pytest.fixture
def stage(aws: Aws) -> str:
    apis = aws("apigateway")
    api = apis.create_rest_api(name=unique("api"))["id"]
    root = apis.get_resources(restApiId=api)["items"][0]["id"]
    method = {"restApiId": api, "resourceId": root, "httpMethod": "GET"}
    apis.put_method(**method, authorizationType="NONE")
    apis.put_integration(**method, type="MOCK")
    apis.create_deployment(restApiId=api, stageName="v1")
    return f"arn:aws:apigateway:{REGION}::/restapis/{api}/stages/v1"


@shows("wafv2:CreateWebACL", "wafv2:GetWebACL", "wafv2:UpdateWebACL", "wafv2:DeleteWebACL",
       "wafv2:ListWebACLs", "wafv2:CheckCapacity")  # fmt: skip
def test_a_web_acl_is_changed_by_who_has_read_it(waf: Any, acl: dict[str, Any]) -> None:
    again = refusal(waf.create_web_acl, Name=acl["Name"], **HERE, **SETTINGS)
    assert again[:2] == (400, "WAFDuplicateItemException")
    read = waf.get_web_acl(**at(acl))
    assert (read["WebACL"]["Rules"], read["WebACL"]["Capacity"]) == ([RULE], 1)
    assert waf.check_capacity(**HERE, Rules=[RULE])["Capacity"] == 1
    token = read["LockToken"]
    new = waf.update_web_acl(**at(acl), **SETTINGS, Rules=[], LockToken=token)["NextLockToken"]
    assert new != token
    assert waf.get_web_acl(**at(acl))["WebACL"]["Rules"] == []
    assert refusal(waf.update_web_acl, **at(acl), **SETTINGS, LockToken=token)[:2] == STALE
    assert refusal(waf.delete_web_acl, **at(acl), LockToken=token)[:2] == STALE
    assert acl["Name"] in {one["Name"] for one in waf.list_web_acls(**HERE, Limit=100)["WebACLs"]}
    waf.delete_web_acl(**at(acl), LockToken=new)
    assert refusal(waf.get_web_acl, **at(acl))[:2] == MISSING
    assert refusal(waf.delete_web_acl, **at(acl), LockToken=new)[:2] == MISSING


@shows("wafv2:CreateRegexPatternSet", "wafv2:GetRegexPatternSet", "wafv2:UpdateRegexPatternSet",
       "wafv2:DeleteRegexPatternSet", "wafv2:ListRegexPatternSets")  # fmt: skip
def test_a_pattern_set_is_changed_by_who_has_read_it(waf: Any) -> None:
    name, patterns = unique("patterns"), [{"RegexString": "a"}]
    made = waf.create_regex_pattern_set(Name=name, **HERE, RegularExpressionList=patterns)[
        "Summary"
    ]
    again = refusal(waf.create_regex_pattern_set, Name=name, **HERE, RegularExpressionList=patterns)
    assert again[:2] == (400, "WAFDuplicateItemException")
    read = waf.get_regex_pattern_set(**at(made))
    assert read["RegexPatternSet"]["RegularExpressionList"] == patterns
    token, other = read["LockToken"], [{"RegexString": "b"}]
    new = waf.update_regex_pattern_set(**at(made), RegularExpressionList=other, LockToken=token)[
        "NextLockToken"
    ]
    read = waf.get_regex_pattern_set(**at(made))
    assert read["RegexPatternSet"]["RegularExpressionList"] == other
    late = {**at(made), "LockToken": token}
    assert refusal(waf.update_regex_pattern_set, **late, RegularExpressionList=[])[:2] == STALE
    assert refusal(waf.delete_regex_pattern_set, **late)[:2] == STALE
    listed = waf.list_regex_pattern_sets(**HERE, Limit=100)["RegexPatternSets"]
    assert name in {one["Name"] for one in listed}
    waf.delete_regex_pattern_set(**at(made), LockToken=new)
    assert refusal(waf.get_regex_pattern_set, **at(made))[:2] == MISSING


@shows("wafv2:CreateIPSet", "wafv2:GetIPSet", "wafv2:UpdateIPSet", "wafv2:DeleteIPSet",
       "wafv2:ListIPSets")  # fmt: skip
def test_an_ip_set_is_changed_by_who_has_read_it(waf: Any) -> None:
    name, sets = unique("ips"), {**HERE, "IPAddressVersion": "IPV4"}
    made = waf.create_ip_set(Name=name, **sets, Addresses=["192.0.2.0/24"])["Summary"]
    again = refusal(waf.create_ip_set, Name=name, **sets, Addresses=[])
    assert again[:2] == (400, "WAFDuplicateItemException")
    read = waf.get_ip_set(**at(made))
    assert read["IPSet"]["Addresses"] == ["192.0.2.0/24"]
    token = read["LockToken"]
    for bad in ("0.0.0.0/0", "192.0.2.7", "2001:db8::/32", "office"):
        refused = refusal(waf.update_ip_set, **at(made), Addresses=[bad], LockToken=token)
        assert refused[:2] == (400, "WAFInvalidParameterException")
        refused = refusal(waf.create_ip_set, Name=unique("ips"), **sets, Addresses=[bad])
        assert refused[:2] == (400, "WAFInvalidParameterException")
    new = waf.update_ip_set(**at(made), Addresses=[], LockToken=token)["NextLockToken"]
    assert waf.get_ip_set(**at(made))["IPSet"]["Addresses"] == []
    late = {**at(made), "LockToken": token}
    assert refusal(waf.update_ip_set, **late, Addresses=[])[:2] == STALE
    assert refusal(waf.delete_ip_set, **late)[:2] == STALE
    assert name in {one["Name"] for one in waf.list_ip_sets(**HERE, Limit=100)["IPSets"]}
    user = RULE | {"Statement": {"IPSetReferenceStatement": {"ARN": made["ARN"]}}}
    acl = waf.create_web_acl(Name=unique("acl"), **HERE, **SETTINGS, Rules=[user])["Summary"]
    in_use = refusal(waf.delete_ip_set, **at(made), LockToken=new)
    assert in_use[:2] == (400, "WAFAssociatedItemException")
    waf.delete_web_acl(**at(acl), LockToken=acl["LockToken"])
    waf.delete_ip_set(**at(made), LockToken=new)
    assert refusal(waf.get_ip_set, **at(made))[:2] == MISSING


@shows("wafv2:CreateRuleGroup", "wafv2:GetRuleGroup", "wafv2:UpdateRuleGroup",
       "wafv2:DeleteRuleGroup", "wafv2:ListRuleGroups")  # fmt: skip
def test_a_rule_group_is_changed_by_who_has_read_it(waf: Any) -> None:
    name, bodies = unique("group"), {"k": {"ContentType": "TEXT_PLAIN", "Content": "c"}}
    group = {**HERE, "Name": name, "VisibilityConfig": METRICS}
    small = refusal(waf.create_rule_group, **group, Capacity=1, Rules=[RULE, RULE | {
        "Name": "other", "Priority": 1}])  # fmt: skip
    assert small[:2] == (400, "WAFInvalidParameterException")
    made = waf.create_rule_group(**group, Capacity=7, Rules=[RULE], CustomResponseBodies=bodies)[
        "Summary"
    ]
    again = refusal(waf.create_rule_group, **group, Capacity=7)
    assert again[:2] == (400, "WAFDuplicateItemException")
    read = waf.get_rule_group(**at(made))
    assert (read["RuleGroup"]["Rules"], read["RuleGroup"]["Capacity"]) == ([RULE], 7)
    token, group = read["LockToken"], {**at(made), "VisibilityConfig": METRICS}
    new = waf.update_rule_group(**group, LockToken=token)["NextLockToken"]
    left = waf.get_rule_group(**at(made))["RuleGroup"]
    assert (left["Rules"], left.get("CustomResponseBodies")) == ([], None)
    assert refusal(waf.update_rule_group, **group, LockToken=token)[:2] == STALE
    assert refusal(waf.delete_rule_group, **at(made), LockToken=token)[:2] == STALE
    assert name in {one["Name"] for one in waf.list_rule_groups(**HERE, Limit=100)["RuleGroups"]}
    statement = {"RuleGroupReferenceStatement": {"ARN": made["ARN"]}}
    user = {key: RULE[key] for key in ("Name", "Priority", "VisibilityConfig")}
    user |= {"Statement": statement, "OverrideAction": {"None": {}}}
    nested = refusal(waf.create_rule_group, **{**HERE, "Name": unique("group")},
                     VisibilityConfig=METRICS, Capacity=9, Rules=[user])  # fmt: skip
    assert nested[:2] == (400, "WAFInvalidParameterException")
    acl = waf.create_web_acl(Name=unique("acl"), **HERE, **SETTINGS, Rules=[user])["Summary"]
    assert waf.get_web_acl(**at(acl))["WebACL"]["Capacity"] == 7
    in_use = refusal(waf.delete_rule_group, **at(made), LockToken=new)
    assert in_use[:2] == (400, "WAFAssociatedItemException")
    waf.delete_web_acl(**at(acl), LockToken=acl["LockToken"])
    waf.delete_rule_group(**at(made), LockToken=new)
    assert refusal(waf.get_rule_group, **at(made))[:2] == MISSING


@shows("wafv2:AssociateWebACL", "wafv2:DisassociateWebACL", "wafv2:GetWebACLForResource",
       "wafv2:ListResourcesForWebACL")  # fmt: skip
def test_a_stage_has_one_web_acl(waf: Any, acl: dict[str, Any], stage: str) -> None:
    assert "WebACL" not in waf.get_web_acl_for_resource(ResourceArn=stage)
    waf.associate_web_acl(WebACLArn=acl["ARN"], ResourceArn=stage)
    assert waf.get_web_acl_for_resource(ResourceArn=stage)["WebACL"]["ARN"] == acl["ARN"]
    of = {"WebACLArn": acl["ARN"], "ResourceType": "API_GATEWAY"}
    assert waf.list_resources_for_web_acl(**of)["ResourceArns"] == [stage]
    in_use = refusal(waf.delete_web_acl, **at(acl), LockToken=acl["LockToken"])
    assert in_use[:2] == (400, "WAFAssociatedItemException")
    waf.disassociate_web_acl(ResourceArn=stage)
    assert "WebACL" not in waf.get_web_acl_for_resource(ResourceArn=stage)
    gone = stage.rpartition("/")[0] + "/none"
    for bad in (
        refusal(waf.associate_web_acl, WebACLArn=acl["ARN"], ResourceArn=gone),
        refusal(
            waf.associate_web_acl,
            WebACLArn=acl["ARN"].replace(acl["Id"], str(uuid.uuid4())),
            ResourceArn=stage,
        ),
    ):
        assert bad[:2] == MISSING


@shows("wafv2:PutLoggingConfiguration", "wafv2:GetLoggingConfiguration",
       "wafv2:DeleteLoggingConfiguration", "wafv2:ListLoggingConfigurations")  # fmt: skip
def test_logging_of_a_web_acl(waf: Any, acl: dict[str, Any]) -> None:
    assert refusal(waf.get_logging_configuration, ResourceArn=acl["ARN"])[:2] == MISSING
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:aws-waf-logs-{acl['Name']}"
    redacted = [{"SingleHeader": {"Name": "x-api-key"}}]
    config = {"ResourceArn": acl["ARN"], "LogDestinationConfigs": [group]}
    waf.put_logging_configuration(LoggingConfiguration=config | {"RedactedFields": redacted})
    read = waf.get_logging_configuration(ResourceArn=acl["ARN"])["LoggingConfiguration"]
    assert read["RedactedFields"] == redacted
    waf.put_logging_configuration(LoggingConfiguration=config)
    read = waf.get_logging_configuration(ResourceArn=acl["ARN"])["LoggingConfiguration"]
    assert not read.get("RedactedFields")
    listed = waf.list_logging_configurations(**HERE, Limit=100)["LoggingConfigurations"]
    assert acl["ARN"] in {one["ResourceArn"] for one in listed}
    waf.delete_logging_configuration(ResourceArn=acl["ARN"])
    assert refusal(waf.get_logging_configuration, ResourceArn=acl["ARN"])[:2] == MISSING
    assert refusal(waf.delete_logging_configuration, ResourceArn=acl["ARN"])[:2] == MISSING
    absent = acl["ARN"].replace(acl["Id"], str(uuid.uuid4()))
    bad = config | {"ResourceArn": absent}
    assert refusal(waf.put_logging_configuration, LoggingConfiguration=bad)[:2] == MISSING


@shows("wafv2:TagResource", "wafv2:UntagResource", "wafv2:ListTagsForResource")
def test_web_acls_have_tags(waf: Any, acl: dict[str, Any]) -> None:
    waf.tag_resource(ResourceARN=acl["ARN"], Tags=[{"Key": "b", "Value": "2"}])
    waf.untag_resource(ResourceARN=acl["ARN"], TagKeys=["a"])
    read = waf.list_tags_for_resource(ResourceARN=acl["ARN"])["TagInfoForResource"]
    assert read["TagList"] == [{"Key": "b", "Value": "2"}]
    absent = acl["ARN"].replace(acl["Id"], str(uuid.uuid4()))
    assert refusal(waf.list_tags_for_resource, ResourceARN=absent)[:2] == MISSING
    tags = [{"Key": "b", "Value": "2"}]
    assert refusal(waf.tag_resource, ResourceARN=absent, Tags=tags)[:2] == MISSING


def test_an_update_of_a_web_acl_removes_what_it_leaves_out(waf: Any) -> None:
    made = waf.create_web_acl(
        Name=unique("acl"),
        **HERE,
        **SETTINGS,
        CustomResponseBodies={"k": {"ContentType": "TEXT_PLAIN", "Content": "c"}},
        AssociationConfig={"RequestBody": {"API_GATEWAY": {"DefaultSizeInspectionLimit": "KB_64"}}},
    )["Summary"]
    waf.update_web_acl(**at(made), **SETTINGS, LockToken=made["LockToken"])
    acl = waf.get_web_acl(**at(made))["WebACL"]
    assert not {"CustomResponseBodies", "AssociationConfig"} & set(acl)
