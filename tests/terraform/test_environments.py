"""The environments, planned as they stand: names, limits, encryption, tags."""

import json
import re
from typing import Any

import pytest

from tests.terraform.conftest import ENVIRONMENTS
from tests.terraform.offline import resource, resources
from toolkit.cost import Made
from toolkit.pages.costs import made
from toolkit.planned import Plan
from toolkit.proofs.readers import NEEDED
from toolkit.terraform import ROOT

pytestmark = pytest.mark.needs(*(f"plan {environment}" for environment in ENVIRONMENTS))


def source(environment: str, file: str) -> str:
    return (ROOT / "envs" / environment / file).read_text(encoding="utf-8")


def test_everything_is_named_after_the_environment(plan: dict[str, Any], environment: str) -> None:
    name = f"chatbot-{environment}"
    assert resource(plan, "aws_lambda_function")["function_name"] == name
    assert resource(plan, "aws_api_gateway_rest_api")["name"] == name
    assert resource(plan, "aws_wafv2_web_acl")["name"] == name
    assert resource(plan, "aws_bedrock_guardrail")["name"] == name
    assert resource(plan, "aws_kms_alias")["name"] == f"alias/{name}"
    topics = {topic["name"] for topic in resources(plan, "aws_sns_topic")}
    assert topics == {f"{name}-alerts", f"{name}-alerts-watchdog"}
    everywhere = f"{name}-us-east-2"  # one in the account, for all regions together
    assert resource(plan, "aws_cloudtrail")["name"] == everywhere
    assert resource(plan, "aws_cloudwatch_dashboard")["dashboard_name"] == everywhere
    assert resource(plan, "aws_budgets_budget")["name"] == f"{everywhere}-month"
    assert resource(plan, "aws_s3_bucket")["bucket"] == f"{everywhere}-trail-111122223333"
    assert {policy["name"] for policy in resources(plan, "aws_iam_policy")} == {
        f"{everywhere}-{kind}" for kind in ("boundary", "deny-tampering", "require-guardrail")
    }
    assert {group["name"] for group in resources(plan, "aws_cloudwatch_log_group")} == {
        f"/aws/lambda/{name}", f"/aws/apigateway/{name}", f"aws-waf-logs-{name}",
        f"/aws/cloudtrail/{name}", "/aws/bedrock/model-invocations",
    }  # fmt: skip
    assert {role["name"] for role in resources(plan, "aws_iam_role")} == {
        *(f"{everywhere}-{kind}" for kind in ("execution", "trail")),
        *("ApiGatewayLoggingRole-us-east-2", "BedrockLoggingRole-us-east-2"),
    }


def test_the_limits_of_the_source_document_are_the_defaults(plan: dict[str, Any]) -> None:
    usage = resource(plan, "aws_api_gateway_usage_plan")
    assert usage["name"] == "chatbot-basic-plan"
    (throttle,), (quota,) = usage["throttle_settings"], usage["quota_settings"]
    assert (throttle["rate_limit"], throttle["burst_limit"]) == (10, 5)
    assert (quota["limit"], quota["period"]) == (500, "MONTH")
    rules = {rule["name"]: rule for rule in resource(plan, "aws_wafv2_web_acl")["rule"]}
    (rate,) = rules["rate-per-ip"]["statement"][0]["rate_based_statement"]
    assert (rate["limit"], rate["evaluation_window_sec"]) == (50, 300)
    deployment = plan["output_changes"]["deployment"]["after"]
    limits = deployment["limits"]
    assert (limits["message_chars"], limits["output_tokens"]) == (2000, 512)
    assert deployment["region"] == "us-east-2"


def test_nobody_can_go_round_the_layers(plan: dict[str, Any]) -> None:
    assert len(resources(plan, "aws_wafv2_web_acl_association")) == 1
    assert len(resources(plan, "aws_lambda_permission")) == 1
    assert not resources(plan, "aws_lambda_function_url")
    assert resource(plan, "aws_lambda_permission")["qualifier"] == "live"


def test_every_log_group_is_encrypted_and_kept_for_a_time(plan: dict[str, Any]) -> None:
    groups = [
        change["change"]
        for change in plan["resource_changes"]
        if change["type"] == "aws_cloudwatch_log_group"
    ]
    assert len(groups) == 5
    for group in groups:
        # AWS chooses the key's ARN, so it is unknown; without a key it would be a known null.
        assert group["after_unknown"].get("kms_key_id") is True, group["after"]["name"]
        assert group["after"]["retention_in_days"] == 365


def test_the_origin_is_the_same_at_the_edge_and_at_the_api(
    plan: dict[str, Any], environment: str
) -> None:
    (origin,) = re.findall(r'allowed_origin = "(.*?)"', source(environment, "main.tf"))
    header = "gatewayresponse.header.Access-Control-Allow-Origin"
    for response in resources(plan, "aws_api_gateway_gateway_response"):
        assert response["response_parameters"][header] == f"'{origin}'"
    assert f'"value": "{origin}"' in json.dumps(resource(plan, "aws_wafv2_web_acl"))


def test_everything_is_tagged(plan: dict[str, Any], environment: str) -> None:
    tagged = [
        change["change"]["after"]
        for change in plan["resource_changes"]
        if change["mode"] == "managed" and "tags_all" in change["change"]["after"]
    ]
    assert len(tagged) > 15
    for after in tagged:
        assert after["tags_all"]["environment"] == environment


def test_an_environment_hands_on_what_its_users_need(plan: dict[str, Any]) -> None:
    change = plan["output_changes"]["deployment"]
    assert {*change["after"], *change["after_unknown"]} >= NEEDED | {
        "api_key_ids",
        "limits",
        "log_groups",
    }
    assert not change["after_sensitive"]


def test_environments_differ_in_their_main_file_alone() -> None:
    for file in ("terraform.tf", "providers.tf", "outputs.tf", ".terraform.lock.hcl"):
        texts = {
            source(environment, file).replace(environment, "ENV") for environment in ENVIRONMENTS
        }
        assert len(texts) == 1, file
    mains = [source(environment, "main.tf").splitlines() for environment in ENVIRONMENTS]
    assert len({len(lines) for lines in mains}) == 1
    changed = sum(len(set(lines)) > 1 for lines in zip(*mains, strict=True))
    assert 0 < changed <= 6


def test_the_lock_file_pins_the_provider() -> None:
    for environment in ENVIRONMENTS:
        lock = source(environment, ".terraform.lock.hcl")
        assert re.search(r'^  version     = "5\.\d+\.\d+"$', lock, re.MULTILINE)
        assert lock.count('"h1:') == 1
        assert lock.count('"zh:') == 15


def test_the_controls_page_says_which_object_lock_is_on(
    plan: dict[str, Any], environment: str
) -> None:
    lock = resource(plan, "aws_s3_bucket_object_lock_configuration")
    (retention,) = lock["rule"][0]["default_retention"]
    page = (ROOT / "docs" / "security-controls.md").read_text(encoding="utf-8")
    assert f"{environment} {retention['mode']}, {retention['days']} day" in page


def test_the_cost_page_counts_what_is_planned(plan: dict[str, Any]) -> None:
    assert Made.of(Plan.of(plan)) == made()
