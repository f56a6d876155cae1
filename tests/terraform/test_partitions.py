"""What is planned in AWS GovCloud (US) and in AWS's China regions is theirs, or is refused."""

import json
from typing import Any

import pytest

from tests.terraform.conftest import usage
from tests.terraform.offline import Offline, managed, planned, refusals, resource, resources

# A whole environment and two layers, planned for regions that nothing else is planned for.
pytestmark = pytest.mark.long

CHATBOT = """provider "aws" {{
  region = "{region}"
}}

module "chatbot" {{
  source         = "../../modules/chatbot"
  environment    = "far"
  package        = "../../build/chatbot.zip"
  allowed_origin = "https://chat.example.com"
  clients        = {{ web = {{}} }}
  model          = {{ inference_profile_id = "{profile}" }}
  operations     = {{ alert_emails = ["oncall@example.com"] }}
}}
"""


def texts(plan: dict[str, Any]) -> str:
    """Return all that a plan would send to AWS."""
    return json.dumps([one["values"] for one in managed(plan)])


def test_govcloud_is_planned_with_its_own_names_and_without_a_budget(offline: Offline) -> None:
    profile = "us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0"
    plan = planned(
        offline.root("gov", {"main.tf": CHATBOT.format(region="us-gov-west-1", profile=profile)})
    )
    sent = texts(plan)
    assert "arn:aws-us-gov:" in sent
    assert "arn:aws:" not in sent
    assert "us-east-2" not in sent
    assert not resources(plan, "aws_budgets_budget")
    assert "budgets.amazonaws.com" not in sent
    said = [
        problem["message"]
        for check in plan["checks"]
        if check["address"]["name"] == "the_month_has_a_budget"
        for instance in check["instances"]
        for problem in instance.get("problems", ())
    ]
    assert said
    assert "in the standard account" in said[0]


def test_china_is_refused_a_chatbot_with_the_reason(offline: Offline) -> None:
    profile = "apac.amazon.nova-lite-v1:0"
    refused = refusals(
        offline.root("cn", {"main.tf": CHATBOT.format(region="cn-north-1", profile=profile)})
    )
    assert any("no models and no guardrails in AWS's China regions" in text for text in refused)


def test_china_has_edge_api_and_governance_without_what_bedrock_logs(offline: Offline) -> None:
    text = {
        f"{module}.tf": usage(module)
        .replace("arn:aws:", "arn:aws-cn:")
        .replace("us-east-2", "cn-north-1")
        for module in ("api", "edge", "governance")
    }
    provider = {"provider.tf": 'provider "aws" {\n  region = "cn-north-1"\n}\n'}
    root = offline.root("china", text | provider)
    assert any("invocation_logging must be null in cn-north-1" in said for said in refusals(root))

    without = text["governance.tf"].replace("\n}\n", "\n  invocation_logging = null\n}\n")
    (root.folder / "governance.tf").write_text(without)
    plan = planned(root)
    sent = texts(plan)
    assert "arn:aws:" not in sent
    assert "us-east-2" not in sent
    assert resource(plan, "aws_wafv2_web_acl")["scope"] == "REGIONAL"
    policy = json.loads(resource(plan, "aws_kms_key")["policy"])
    (logs,) = (one for one in policy["Statement"] if one["Sid"] == "LogsOfTheseGroups")
    assert logs["Principal"] == {"Service": "logs.cn-north-1.amazonaws.com.cn"}
    assert resources(plan, "aws_budgets_budget")
