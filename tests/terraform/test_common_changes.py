"""Every block of docs/common-changes.md can be planned, and does what its section says."""

import json
import re
from typing import Any

from tests.terraform.offline import Offline, planned, resource, resources
from toolkit import misspelled
from toolkit.terraform import ROOT

PAGE = (ROOT / "docs" / "common-changes.md").read_text(encoding="utf-8")
# What a module block must have; a block of the page that names one of them takes its place.
BASE = {
    "source": '"../../modules/chatbot"',
    "package": '"../../build/chatbot.zip"',
    "environment": '"change"',
    "allowed_origin": '"https://chat.example.com"',
    "clients": "{ web = {} }",
    "operations": '{ alert_emails = ["oncall@example.com"] }',
}
SECTIONS = {
    heading: re.findall(r"^```hcl\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    for heading, text in re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
}
# Sections that set different arguments share a plan: one takes Terraform ten seconds.
TOGETHER = (
    *("A word", "The origin", "A limit", "A client"),
    *("Sign-in", "A budget", "Conversations", "The model"),
)


def call(blocks: list[str], **changes: str) -> str:
    """Write a module block around the arguments of the page."""
    given = set(re.findall(r"^(\w+) *=", "\n".join(blocks), re.MULTILINE))
    assert given, blocks
    base = [f"{name} = {value}" for name, value in (BASE | changes).items() if name not in given]
    return 'module "chatbot" {\n' + "\n".join((*base, *blocks)) + "\n}\n"


def plan(offline: Offline, name: str, text: str) -> dict[str, Any]:
    """Plan a root of its own, as `make plan` does."""
    root = offline.root(name, {"main.tf": text})
    misspelled.check(root.folder)
    return planned(root)


def test_every_change_has_its_section_and_its_lines() -> None:
    assert list(SECTIONS) == [
        "A word", "A topic", "The origin", "A limit", "A client", "Sign-in",
        "A budget", "Conversations", "The model", "A third environment", "A second region",
    ]  # fmt: skip
    assert all(SECTIONS.values())
    for heading in SECTIONS:
        section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
        assert "You see: " in section, heading


def test_word_origin_limit_client_and_model(offline: Offline) -> None:
    made = plan(offline, "several", call([block for name in TOGETHER for block in SECTIONS[name]]))
    (policy,) = resource(made, "aws_bedrock_guardrail")["word_policy_config"]
    words = {word["text"] for word in policy["words_config"]}
    assert words >= {"Perplexity", "ChatGPT"}
    (header,) = {
        answer["response_parameters"]["gatewayresponse.header.Access-Control-Allow-Origin"]
        for answer in resources(made, "aws_api_gateway_gateway_response")
    }
    assert header == "'https://chat.example.org'"
    schema = json.loads(resource(made, "aws_api_gateway_model")["schema"])
    assert schema["properties"]["message"]["maxLength"] == 4000
    (role,) = invoke(made)
    assert "inference-profile/us.anthropic.claude-sonnet-4-5-20250929-v1:0" in role["policy"]
    assert resource(made, "aws_lambda_function")["reserved_concurrent_executions"] == 20
    quotas = {
        usage["name"]: usage["quota_settings"][0]["limit"]
        for usage in resources(made, "aws_api_gateway_usage_plan")
    }
    assert quotas == {"chatbot-basic-plan": 5000, "chatbot-basic-plan-batch": 20000}
    (asked,) = [
        (method["authorization"], method["authorization_scopes"])
        for method in resources(made, "aws_api_gateway_method")
        if method["http_method"] == "POST"
    ]
    assert asked == ("COGNITO_USER_POOLS", ["chatbot/ask"])
    keys = {key["name"]: key["enabled"] for key in resources(made, "aws_api_gateway_api_key")}
    assert keys == {
        "chatbot-change-web": True,
        "chatbot-change-batch": True,
        "chatbot-change-mobile": True,
        "chatbot-change-old": False,
    }


def test_a_topic_and_a_third_environment(offline: Offline) -> None:
    blocks = [*SECTIONS["A topic"], *SECTIONS["A third environment"]]
    made = plan(offline, "third", call(blocks, environment='"staging"'))
    (policy,) = resource(made, "aws_bedrock_guardrail")["topic_policy_config"]
    names = {topic["name"] for topic in policy["topics_config"]}
    assert names == {"Competitor products", "Legal advice"}
    assert resource(made, "aws_lambda_function")["function_name"] == "chatbot-staging"
    assert not resources(made, "aws_cloudtrail")
    assert not resources(made, "aws_api_gateway_account")
    documented = int(re.search(r"adds some (\d+) resources", PAGE)[1])  # type: ignore[index]  # or it fails
    added = [each for each in made["resource_changes"] if each["mode"] == "managed"]
    assert abs(len(added) - documented) <= 5, len(added)


def test_a_second_region(offline: Offline) -> None:
    provider = 'provider "aws" {\n  region = "eu-central-1"\n}\n'
    text = provider + call(SECTIONS["A second region"], environment='"prod"')
    made = plan(offline, "another-region", text)
    roles = {role["name"] for role in resources(made, "aws_iam_role")}
    assert {"ApiGatewayLoggingRole-eu-central-1", "BedrockLoggingRole-eu-central-1"} <= roles
    assert not resources(made, "aws_cloudtrail")
    allowed = json.dumps([json.loads(role["policy"]) for role in invoke(made)])
    assert "arn:aws:bedrock:eu-west-3::foundation-model/anthropic.claude-haiku-4-5" in allowed


def invoke(made: dict[str, Any]) -> list[dict[str, Any]]:
    return [role for role in resources(made, "aws_iam_role_policy") if role["name"] == "invoke"]
