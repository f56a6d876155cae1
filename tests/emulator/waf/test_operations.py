"""WAFv2's operations, where moto's own do something else."""

import uuid
from typing import Any

import pytest

from tests.emulator.conftest import ACCOUNT, REGION, Aws
from tests.emulator.rest_apis import mock_api
from tests.emulator.shown import refusal, shows, unique
from tests.emulator.waf.support import text

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
BODIES = {"k": {"ContentType": "TEXT_PLAIN", "Content": "c"}}
DUPLICATE = (400, "WAFDuplicateItemException")
INVALID = (400, "WAFInvalidParameterException")
IN_USE = (400, "WAFAssociatedItemException")
MISSING = (400, "WAFNonexistentItemException")
STALE = (400, "WAFOptimisticLockException")


@pytest.fixture
def acl(waf: Any) -> dict[str, Any]:
    return create(waf, "web_acl", **SETTINGS, Rules=[RULE], Tags=[{"Key": "a", "Value": "1"}])


def create(waf: Any, kind: str, **settings: Any) -> dict[str, Any]:
    """Create something, which has its name for itself."""
    make, named = getattr(waf, f"create_{kind}"), {**HERE, "Name": unique(kind.replace("_", "-"))}
    made: dict[str, Any] = make(**named, **settings)["Summary"]
    assert refusal(make, **named, **settings)[:2] == DUPLICATE
    return made


def at(made: dict[str, Any]) -> dict[str, Any]:
    return {**HERE, "Name": made["Name"], "Id": made["Id"]}


def absent(made: dict[str, Any]) -> str:
    """Return the ARN of another web ACL, which is not there."""
    return str(made["ARN"]).replace(made["Id"], str(uuid.uuid4()))


def change(waf: Any, kind: str, made: dict[str, Any], **settings: Any) -> dict[str, Any]:
    """Change what is listed, by its lock token, which holds once; return what deletes it."""
    update, delete = (getattr(waf, f"{verb}_{kind}") for verb in ("update", "delete"))
    late = {**at(made), "LockToken": getattr(waf, f"get_{kind}")(**at(made))["LockToken"]}
    token = update(**late, **settings)["NextLockToken"]
    assert token != late["LockToken"]
    assert refusal(update, **late, **settings)[:2] == STALE
    assert refusal(delete, **late)[:2] == STALE
    found = getattr(waf, f"list_{kind}s")(**HERE, Limit=100)
    (listed,) = (value for value in found.values() if isinstance(value, list))
    assert made["Name"] in {one["Name"] for one in listed}
    return late | {"LockToken": token}


@pytest.fixture
def stage(aws: Aws) -> str:
    apis = aws("apigateway")
    api = mock_api(apis)["restApiId"]
    apis.create_deployment(restApiId=api, stageName="v1")
    return f"arn:aws:apigateway:{REGION}::/restapis/{api}/stages/v1"


@shows("wafv2:CreateWebACL", "wafv2:GetWebACL", "wafv2:UpdateWebACL", "wafv2:DeleteWebACL",
       "wafv2:ListWebACLs", "wafv2:CheckCapacity")  # fmt: skip
def test_a_web_acl_is_changed_by_who_has_read_it(waf: Any, acl: dict[str, Any]) -> None:
    read = waf.get_web_acl(**at(acl))["WebACL"]
    assert (read["Rules"], read["Capacity"]) == ([RULE], 1)
    assert waf.check_capacity(**HERE, Rules=[RULE])["Capacity"] == 1
    this = change(waf, "web_acl", acl, **SETTINGS, Rules=[])
    assert waf.get_web_acl(**at(acl))["WebACL"]["Rules"] == []
    waf.delete_web_acl(**this)
    assert refusal(waf.get_web_acl, **at(acl))[:2] == MISSING
    assert refusal(waf.delete_web_acl, **this)[:2] == MISSING


@shows("wafv2:CreateRegexPatternSet", "wafv2:GetRegexPatternSet", "wafv2:UpdateRegexPatternSet",
       "wafv2:DeleteRegexPatternSet", "wafv2:ListRegexPatternSets")  # fmt: skip
def test_a_pattern_set_is_changed_by_who_has_read_it(waf: Any) -> None:
    patterns, other = [{"RegexString": "a"}], [{"RegexString": "b"}]
    made = create(waf, "regex_pattern_set", RegularExpressionList=patterns)
    read = waf.get_regex_pattern_set(**at(made))["RegexPatternSet"]
    assert read["RegularExpressionList"] == patterns
    this = change(waf, "regex_pattern_set", made, RegularExpressionList=other)
    read = waf.get_regex_pattern_set(**at(made))["RegexPatternSet"]
    assert read["RegularExpressionList"] == other
    matched = text("RegexPatternSetReferenceStatement", {"Method": {}}, ARN=made["ARN"])
    user = RULE | {"Statement": {"NotStatement": {"Statement": matched}}}
    acl = create(waf, "web_acl", **SETTINGS, Rules=[user])
    assert refusal(waf.delete_regex_pattern_set, **this)[:2] == IN_USE
    waf.delete_web_acl(**at(acl), LockToken=acl["LockToken"])
    waf.delete_regex_pattern_set(**this)
    assert refusal(waf.get_regex_pattern_set, **at(made))[:2] == MISSING


@shows("wafv2:CreateIPSet", "wafv2:GetIPSet", "wafv2:UpdateIPSet", "wafv2:DeleteIPSet",
       "wafv2:ListIPSets")  # fmt: skip
def test_an_ip_set_is_changed_by_who_has_read_it(waf: Any) -> None:
    addresses = ["192.0.2.0/24"]
    made = create(waf, "ip_set", IPAddressVersion="IPV4", Addresses=addresses)
    read = waf.get_ip_set(**at(made))
    assert read["IPSet"]["Addresses"] == addresses
    token, new = read["LockToken"], {**HERE, "Name": unique("ips"), "IPAddressVersion": "IPV4"}
    for bad in ("0.0.0.0/0", "192.0.2.7", "2001:db8::/32", "office"):
        changed = {**at(made), "LockToken": token, "Addresses": [bad]}
        assert refusal(waf.update_ip_set, **changed)[:2] == INVALID
        assert refusal(waf.create_ip_set, **new, Addresses=[bad])[:2] == INVALID
    this = change(waf, "ip_set", made, Addresses=[])
    assert waf.get_ip_set(**at(made))["IPSet"]["Addresses"] == []
    user = RULE | {"Statement": {"IPSetReferenceStatement": {"ARN": made["ARN"]}}}
    acl = create(waf, "web_acl", **SETTINGS, Rules=[user])
    assert refusal(waf.delete_ip_set, **this)[:2] == IN_USE
    waf.delete_web_acl(**at(acl), LockToken=acl["LockToken"])
    waf.delete_ip_set(**this)
    assert refusal(waf.get_ip_set, **at(made))[:2] == MISSING


@shows("wafv2:CreateRuleGroup", "wafv2:GetRuleGroup", "wafv2:UpdateRuleGroup",
       "wafv2:DeleteRuleGroup", "wafv2:ListRuleGroups")  # fmt: skip
def test_a_rule_group_is_changed_by_who_has_read_it(waf: Any) -> None:
    new = {**HERE, "Name": unique("group"), "VisibilityConfig": METRICS}
    two = [RULE, RULE | {"Name": "other", "Priority": 1}]
    assert refusal(waf.create_rule_group, **new, Capacity=1, Rules=two)[:2] == INVALID
    made = create(waf, "rule_group", VisibilityConfig=METRICS, Capacity=7, Rules=[RULE],
                  CustomResponseBodies=BODIES)  # fmt: skip
    read = waf.get_rule_group(**at(made))["RuleGroup"]
    assert (read["Rules"], read["Capacity"]) == ([RULE], 7)
    this = change(waf, "rule_group", made, VisibilityConfig=METRICS)
    left = waf.get_rule_group(**at(made))["RuleGroup"]
    assert (left["Rules"], left.get("CustomResponseBodies")) == ([], None)
    user = {key: RULE[key] for key in ("Name", "Priority", "VisibilityConfig")}
    user |= {"Statement": {"RuleGroupReferenceStatement": {"ARN": made["ARN"]}},
             "OverrideAction": {"None": {}}}  # fmt: skip
    assert refusal(waf.create_rule_group, **new, Capacity=9, Rules=[user])[:2] == INVALID
    acl = create(waf, "web_acl", **SETTINGS, Rules=[user])
    assert waf.get_web_acl(**at(acl))["WebACL"]["Capacity"] == 7
    assert refusal(waf.delete_rule_group, **this)[:2] == IN_USE
    waf.delete_web_acl(**at(acl), LockToken=acl["LockToken"])
    waf.delete_rule_group(**this)
    assert refusal(waf.get_rule_group, **at(made))[:2] == MISSING


@shows("wafv2:AssociateWebACL", "wafv2:DisassociateWebACL", "wafv2:GetWebACLForResource",
       "wafv2:ListResourcesForWebACL")  # fmt: skip
def test_a_stage_has_one_web_acl(waf: Any, acl: dict[str, Any], stage: str) -> None:
    assert "WebACL" not in waf.get_web_acl_for_resource(ResourceArn=stage)
    waf.associate_web_acl(WebACLArn=acl["ARN"], ResourceArn=stage)
    assert waf.get_web_acl_for_resource(ResourceArn=stage)["WebACL"]["ARN"] == acl["ARN"]
    of = {"WebACLArn": acl["ARN"], "ResourceType": "API_GATEWAY"}
    assert waf.list_resources_for_web_acl(**of)["ResourceArns"] == [stage]
    unknown = of | {"WebACLArn": f"{acl['ARN'][:-4]}0000"}
    assert refusal(waf.list_resources_for_web_acl, **unknown)[:2] == MISSING
    this = {**at(acl), "LockToken": acl["LockToken"]}
    assert refusal(waf.delete_web_acl, **this)[:2] == IN_USE
    other = create(waf, "web_acl", **SETTINGS)["ARN"]
    waf.associate_web_acl(WebACLArn=other, ResourceArn=stage)
    assert waf.get_web_acl_for_resource(ResourceArn=stage)["WebACL"]["ARN"] == other
    waf.disassociate_web_acl(ResourceArn=stage)
    assert "WebACL" not in waf.get_web_acl_for_resource(ResourceArn=stage)
    gone = stage.rpartition("/")[0] + "/none"
    for arn, resource in ((other, gone), (absent(acl), stage)):
        bad = refusal(waf.associate_web_acl, WebACLArn=arn, ResourceArn=resource)
        assert bad[:2] == MISSING
    waf.delete_web_acl(**this)


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
    bad = config | {"ResourceArn": absent(acl)}
    assert refusal(waf.put_logging_configuration, LoggingConfiguration=bad)[:2] == MISSING


@shows("wafv2:TagResource", "wafv2:UntagResource", "wafv2:ListTagsForResource")
def test_web_acls_have_tags(waf: Any, acl: dict[str, Any]) -> None:
    tags = [{"Key": "b", "Value": "2"}]
    waf.tag_resource(ResourceARN=acl["ARN"], Tags=tags)
    waf.untag_resource(ResourceARN=acl["ARN"], TagKeys=["a"])
    read = waf.list_tags_for_resource(ResourceARN=acl["ARN"])["TagInfoForResource"]
    assert read["TagList"] == tags
    assert refusal(waf.list_tags_for_resource, ResourceARN=absent(acl))[:2] == MISSING
    assert refusal(waf.tag_resource, ResourceARN=absent(acl), Tags=tags)[:2] == MISSING


def test_an_update_of_a_web_acl_removes_what_it_leaves_out(waf: Any) -> None:
    limit = {"RequestBody": {"API_GATEWAY": {"DefaultSizeInspectionLimit": "KB_64"}}}
    made = create(waf, "web_acl", **SETTINGS, CustomResponseBodies=BODIES, AssociationConfig=limit)
    waf.update_web_acl(**at(made), **SETTINGS, LockToken=made["LockToken"])
    acl = waf.get_web_acl(**at(made))["WebACL"]
    assert not {"CustomResponseBodies", "AssociationConfig"} & set(acl)
