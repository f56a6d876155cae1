"""Each example is planned as it stands, and does what examples/README.md says of it."""

import json
import re
from typing import Any

import pytest

from tests.terraform.offline import Offline, planned, resource, resources
from toolkit import misspelled
from toolkit.chat_page import POLICY
from toolkit.terraform import ROOT, Terraform

# Plans, most of them of a web ACL, take minutes of CPU.
pytestmark = pytest.mark.long

README = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
EXAMPLES = sorted(path.parent.name for path in ROOT.glob("examples/*/main.tf"))
# In one account: their names must not meet, wherever AWS has a name once in an account.
TOGETHER = ("complete", "second-environment", "second-region")
ONCE = {
    "aws_budgets_budget": "name",
    "aws_cloudwatch_dashboard": "dashboard_name",
    "aws_iam_policy": "name",
    "aws_iam_role": "name",
    "aws_s3_bucket": "bucket",
}


@pytest.fixture(scope="module")
def plans(offline: Offline) -> dict[str, Any]:
    made = {}
    with offline.attached("examples", EXAMPLES[0]) as first:
        for name in EXAMPLES:
            misspelled.check(ROOT / "examples" / name)
            terraform = Terraform(offline.folder / "examples" / name, first.env)
            terraform.run("init", "-backend=false")
            made[name] = planned(terraform)
    return made


def test_the_table_names_every_example() -> None:
    assert (
        sorted(re.findall(r"^\| \[`([a-z-]+)`\]\(\1/main\.tf\) ", README, re.MULTILINE)) == EXAMPLES
    )


def test_in_one_account_names_do_not_meet(plans: dict[str, Any]) -> None:
    for kind, attribute in ONCE.items():
        names = [one[attribute] for name in TOGETHER for one in resources(plans[name], kind)]
        assert len(names) == len(set(names)), (kind, names)
        assert kind == "aws_s3_bucket" or len(names) >= 3, kind


def test_what_an_account_has_once_has_one_owner(plans: dict[str, Any]) -> None:
    owners = {
        kind: [name for name in TOGETHER if resources(plans[name], kind)]
        for kind in (
            "aws_api_gateway_account",
            "aws_bedrock_model_invocation_logging_configuration",
            "aws_cloudtrail",
        )
    }
    each_region = ["complete", "second-region"]
    assert list(owners.values()) == [each_region, each_region, ["complete"]]


def test_frankfurt_calls_the_model_within_the_eu_alone(plans: dict[str, Any]) -> None:
    policies = [
        json.loads(one["policy"])
        for one in resources(plans["frankfurt"], "aws_iam_role_policy")
        if one["name"] == "invoke"
    ]
    regions = set(
        re.findall(r"arn:aws:bedrock:([a-z0-9-]*):[^:]*:(?:foundation|inf)", str(policies))
    )
    assert "eu-central-1" in regions
    assert all(region.startswith("eu-") for region in regions)


def test_edge_alone_protects_the_stage_that_is_there(plans: dict[str, Any]) -> None:
    plan = plans["edge-alone"]
    assert resource(plan, "aws_wafv2_web_acl_association")["resource_arn"].endswith("/stages/v1")
    (key,) = (json.loads(one["policy"]) for one in resources(plan, "aws_kms_key"))
    (group,) = resources(plan, "aws_cloudwatch_log_group")
    (logs,) = (one for one in key["Statement"] if "Service" in one["Principal"])
    arn = logs["Condition"]["ArnEquals"]["kms:EncryptionContext:aws:logs:arn"]
    assert arn.endswith(f":log-group:{group['name']}")


def test_each_language_has_its_guardrail(plans: dict[str, Any]) -> None:
    made = resources(plans["guardrail-in-two-languages"], "aws_bedrock_guardrail")
    assert {one["name"] for one in made} == {"support-en", "support-fr"}
    assert len({one["blocked_input_messaging"] for one in made}) == 2


def test_governance_watches_beside_a_trail(plans: dict[str, Any]) -> None:
    plan = plans["governance-beside-a-trail"]
    assert not resources(plan, "aws_cloudtrail")
    assert not resources(plan, "aws_bedrock_model_invocation_logging_configuration")
    alarms = {one["alarm_name"] for one in resources(plan, "aws_cloudwatch_metric_alarm")}
    assert {"support-trail-silent", "support-identity-changes"} < alarms
    filters = resources(plan, "aws_cloudwatch_log_metric_filter")
    assert {one["log_group_name"] for one in filters} == {"/aws/cloudtrail/organization"}
    assert not resources(plan, "aws_budgets_budget") + resources(plan, "aws_cloudwatch_dashboard")
    policy = json.loads(resource(plan, "aws_kms_key")["policy"])
    assert "LogsOfTheseGroups" in {statement["Sid"] for statement in policy["Statement"]}
    attached = {one["role"] for one in resources(plan, "aws_iam_role_policy_attachment")}
    assert "support-function" in attached


def test_the_chat_page_is_read_by_its_distribution_alone_and_over_https(
    plans: dict[str, Any],
) -> None:
    plan = plans["chat-page"]
    block = resource(plan, "aws_s3_bucket_public_access_block")
    assert [value for value in block.values() if isinstance(value, bool)] == [True] * 4
    assert resource(plan, "aws_cloudfront_origin_access_control")["signing_behavior"] == "always"
    page = resource(plan, "aws_cloudfront_distribution")
    (behavior,) = page["default_cache_behavior"]
    assert behavior["viewer_protocol_policy"] == "redirect-to-https"
    assert page["viewer_certificate"][0]["minimum_protocol_version"] == "TLSv1.2_2021"
    # Whom the bucket's policy lets read is known once there is a distribution.
    (statement,) = (
        one["expressions"]["statement"][0]
        for one in plan["configuration"]["root_module"]["resources"]
        if one["type"] == "aws_iam_policy_document"
    )
    assert statement["principals"][0]["identifiers"] == {
        "constant_value": ["cloudfront.amazonaws.com"]
    }
    values = statement["condition"][0]["values"]["references"]
    assert "aws_cloudfront_distribution.page.arn" in values


def test_the_chat_page_is_hosted_with_the_headers_that_it_is_served_with_here(
    plans: dict[str, Any],
) -> None:
    plan = plans["chat-page"]
    files = {one["key"]: one for one in resources(plan, "aws_s3_object")}
    assert set(files) == {path.name for path in (ROOT / "web").iterdir()} - {"README.md"}
    settings = dict(
        re.findall(r'^export const (\w+) = "(.*)";$', files["settings.js"]["content"], re.MULTILINE)
    )
    (headers,) = resource(plan, "aws_cloudfront_response_headers_policy")["security_headers_config"]
    (policy,) = headers["content_security_policy"]
    assert policy["content_security_policy"] == POLICY.format(
        settings["api"].removesuffix("/v1/chat")
    )
    assert settings["signIn"] == ""
    for name in ("content_type_options", "referrer_policy", "strict_transport_security"):
        assert headers[name][0]["override"], name
