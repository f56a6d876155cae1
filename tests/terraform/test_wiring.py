"""Each part is hooked up to the next, and what a caller tunes reaches the layers it is for."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.terraform.offline import Offline, managed, planned, refusals, resource, resources
from toolkit.terraform import ROOT

# Nothing here is a default.
TUNED = """module "chatbot" {
  source         = "../../modules/chatbot"
  environment    = "tuned"
  name           = "support"
  tags           = { cost_center = "4711" }
  package        = "../../build/chatbot.zip"
  allowed_origin = "https://chat.example.com"
  clients        = { old = {}, web = {} }
  operations     = { alert_emails = ["oncall@example.com"], log_retention_days = 90 }
  function       = { max_message_chars = 1500, timeout_seconds = 20 }

  bound_role_names     = ["operators"]
  disabled_clients     = ["old"]
  reserved_concurrency = 2

  identity = {
    user_pool_arns = ["arn:aws:cognito-idp:us-east-2:111122223333:userpool/us-east-2_Example01"]
    scopes         = ["chatbot/ask"]
  }

  api = {
    plan = { rate_limit = 3, burst_limit = 2, quota_limit = 40, quota_period = "DAY" }
  }
  edge = {
    limits           = { body_bytes = 7000, rate_requests = 20, rate_window_seconds = 60 }
    prompt_injection = { mode = "count" }
  }
  guardrail = {
    content_filters     = { hate = { output = "MEDIUM" } }
    denied_topics       = { "Legal advice" = { definition = "Advice on the law." } }
    extra_blocked_words = ["Perplexity"]
    pii                 = { block = ["PIN"], anonymize = ["EMAIL"] }
    safety_message      = "No."
  }
}
"""


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    with Offline(tmp_path_factory.mktemp("wiring") / "tree") as offline:
        yield planned(offline.root("tuned", {"main.tf": TUNED}))


def unknown(plan: dict[str, Any], kind: str, attribute: str) -> list[bool]:
    """Return, for each resource of a kind, whether an attribute waits for AWS to make another one.

    That is what a reference looks like in a plan; one that was left out is a known null, and one
    that was made up is a known text.
    """
    return [
        change["change"]["after_unknown"].get(attribute, False) is not False
        for change in plan["resource_changes"]
        if change["type"] == kind and change["mode"] == "managed"
    ]


def test_the_web_acl_stands_in_front_of_the_stage_and_logs(tuned: dict[str, Any]) -> None:
    assert unknown(tuned, "aws_wafv2_web_acl_association", "resource_arn") == [True]
    assert unknown(tuned, "aws_wafv2_web_acl_association", "web_acl_arn") == [True]
    assert unknown(tuned, "aws_wafv2_web_acl_logging_configuration", "resource_arn") == [True]


def test_the_one_method_that_takes_a_body_uses_the_validator(tuned: dict[str, Any]) -> None:
    methods = [
        (change["change"]["after"], change["change"]["after_unknown"])
        for change in tuned["resource_changes"]
        if change["type"] == "aws_api_gateway_method"
    ]
    validated = {
        after["http_method"]: later.get("request_validator_id", False) for after, later in methods
    }
    assert validated == {"POST": True, "OPTIONS": False}


def test_sign_in_reaches_the_method(tuned: dict[str, Any]) -> None:
    (pools,) = [one["provider_arns"] for one in resources(tuned, "aws_api_gateway_authorizer")]
    assert len(pools) == 1
    asked = {
        one["http_method"]: (one["authorization"], one["authorization_scopes"])
        for one in resources(tuned, "aws_api_gateway_method")
    }
    assert asked == {"POST": ("COGNITO_USER_POOLS", ["chatbot/ask"]), "OPTIONS": ("NONE", None)}


def test_the_alias_points_at_a_published_version_of_a_bounded_function(
    tuned: dict[str, Any],
) -> None:
    assert unknown(tuned, "aws_lambda_alias", "function_version") == [True]
    bounded = {
        role["name"]: role.get("permissions_boundary", "later")
        for role in resources(tuned, "aws_iam_role")
    }
    assert bounded["support-tuned-us-east-2-execution"] == "later"
    assert bounded["BedrockLoggingRole-us-east-2"] is None


def test_whatever_holds_words_or_records_is_encrypted_with_the_key(tuned: dict[str, Any]) -> None:
    assert unknown(tuned, "aws_cloudwatch_log_group", "kms_key_id") == [True] * 5
    # The second topic is without it, so that the key's end is reported.
    assert unknown(tuned, "aws_sns_topic", "kms_master_key_id") == [True, False]
    assert unknown(tuned, "aws_cloudtrail", "kms_key_id") == [True]


def test_an_environment_that_says_nothing_of_its_trail_keeps_it_for_a_year(
    tuned: dict[str, Any],
) -> None:
    assert resource(tuned, "aws_s3_bucket")["force_destroy"] is False
    (rule,) = resource(tuned, "aws_s3_bucket_object_lock_configuration")["rule"]
    assert rule["default_retention"] == [{"days": 365, "mode": "GOVERNANCE", "years": None}]


def test_every_alarm_and_tamper_event_reaches_the_topic(tuned: dict[str, Any]) -> None:
    alarms = unknown(tuned, "aws_cloudwatch_metric_alarm", "alarm_actions")
    assert alarms == [True] * len(alarms)
    assert len(alarms) > 10
    rules = {rule["name"] for rule in resources(tuned, "aws_cloudwatch_event_rule")}
    targets = resources(tuned, "aws_cloudwatch_event_target")
    assert {target["rule"] for target in targets} == rules
    assert unknown(tuned, "aws_cloudwatch_event_target", "arn") == [True] * len(rules)
    mails = resources(tuned, "aws_sns_topic_subscription")
    assert [mail["endpoint"] for mail in mails] == ["oncall@example.com"] * 2


def test_every_alarm_watches_what_is_there(tuned: dict[str, Any]) -> None:
    watched = {
        (name, value)
        for alarm in resources(tuned, "aws_cloudwatch_metric_alarm")
        for name, value in (alarm["dimensions"] or {}).items()
    }
    group = next(
        one["name"]
        for one in resources(tuned, "aws_cloudwatch_log_group")
        if "trail" in one["name"]
    )
    assert watched == {
        ("ApiName", resource(tuned, "aws_api_gateway_rest_api")["name"]),
        ("FunctionName", resource(tuned, "aws_lambda_function")["function_name"]),
        ("LogGroupName", group),
        ("Region", "us-east-2"),
        ("Resource", f"support-tuned:{resource(tuned, 'aws_lambda_alias')['name']}"),
        ("Rule", "ALL"),
        ("Stage", resource(tuned, "aws_api_gateway_stage")["stage_name"]),
        ("WebACL", resource(tuned, "aws_wafv2_web_acl")["name"]),
        ("service", "support-tuned"),  # what the function's SERVICE_NAME is, by its name
    }


def test_the_length_of_a_message_is_the_same_at_the_api_and_in_the_function(
    tuned: dict[str, Any],
) -> None:
    schema = json.loads(resource(tuned, "aws_api_gateway_model")["schema"])
    assert schema["properties"]["message"]["maxLength"] == 1500
    # The function's variables hold the guardrail's id, so that a plan knows none of them.
    chatbot = tuned["configuration"]["root_module"]["module_calls"]["chatbot"]["module"]
    references = chatbot["module_calls"]["compute"]["expressions"]["chat"]["references"]
    assert {
        "var.function.log_level",
        "var.function.max_message_chars",
        "var.function.max_output_tokens",
        "var.function.system_prompt",
    } <= set(references)


def test_with_snapstart_the_alias_takes_its_version_from_what_has_answered(
    tuned: dict[str, Any],
) -> None:
    chatbot = tuned["configuration"]["root_module"]["module_calls"]["chatbot"]["module"]
    parts = {
        part["address"]: part for part in chatbot["module_calls"]["compute"]["module"]["resources"]
    }
    alias = parts["aws_lambda_alias.live"]["expressions"]["function_version"]["references"]
    assert "aws_lambda_invocation.ready[0].qualifier" in alias
    assert parts["aws_lambda_invocation.ready"]["depends_on"] == ["aws_lambda_permission.wait"]
    waits = parts["aws_lambda_permission.wait"]["expressions"]["qualifier"]["references"]
    assert "aws_lambda_function.this.version" in waits


def test_what_the_caller_tunes_reaches_every_layer(tuned: dict[str, Any]) -> None:
    plan = resource(tuned, "aws_api_gateway_usage_plan")
    assert plan["throttle_settings"] == [{"burst_limit": 2, "rate_limit": 3}]
    (quota,) = plan["quota_settings"]
    assert (quota["limit"], quota["period"]) == (40, "DAY")

    function = resource(tuned, "aws_lambda_function")
    assert function["timeout"] == 20
    assert function["reserved_concurrent_executions"] == 2

    rules = {rule["name"]: rule for rule in resource(tuned, "aws_wafv2_web_acl")["rule"]}
    (rate,) = rules["rate-per-ip"]["statement"][0]["rate_based_statement"]
    assert (rate["limit"], rate["evaluation_window_sec"]) == (20, 60)
    (size,) = rules["body-size"]["statement"][0]["size_constraint_statement"]
    assert size["size"] == 7000
    assert rules["prompt-injection"]["action"][0]["count"]

    guardrail = resource(tuned, "aws_bedrock_guardrail")
    (filters,) = guardrail["content_policy_config"]
    strengths = {
        one["type"]: f"{one['input_strength']}/{one['output_strength']}"
        for one in filters["filters_config"]
    }
    assert strengths == {
        "HATE": "HIGH/MEDIUM",
        "INSULTS": "HIGH/HIGH",
        "MISCONDUCT": "HIGH/HIGH",
        "PROMPT_ATTACK": "HIGH/NONE",
        "SEXUAL": "HIGH/HIGH",
        "VIOLENCE": "HIGH/HIGH",
    }
    (topics,) = guardrail["topic_policy_config"]
    assert [topic["name"] for topic in topics["topics_config"]] == ["Legal advice"]
    (words,) = guardrail["word_policy_config"]
    assert "Perplexity" in {word["text"] for word in words["words_config"]}
    (personal,) = guardrail["sensitive_information_policy_config"]
    assert {(one["type"], one["action"]) for one in personal["pii_entities_config"]} == {
        ("PIN", "BLOCK"),
        ("EMAIL", "ANONYMIZE"),
    }
    assert guardrail["blocked_input_messaging"] == "No."

    groups = resources(tuned, "aws_cloudwatch_log_group")
    assert {group["retention_in_days"] for group in groups} == {90}


def test_another_name_and_tags_reach_all_there_is(tuned: dict[str, Any]) -> None:
    assert "chatbot-tuned" not in json.dumps(tuned["planned_values"])
    taggable = [one["values"] for one in managed(tuned) if "tags_all" in one["values"]]
    assert len(taggable) > 40
    assert {json.dumps(one["tags"]) for one in taggable} == {'{"cost_center": "4711"}'}


def test_who_is_stopped_and_who_is_bound_reaches_every_layer(tuned: dict[str, Any]) -> None:
    keys = {key["name"]: key["enabled"] for key in resources(tuned, "aws_api_gateway_api_key")}
    assert keys == {"support-tuned-old": False, "support-tuned-web": True}
    alarms = {one["alarm_name"]: one for one in resources(tuned, "aws_cloudwatch_metric_alarm")}
    # Four fifths of one client's 40 a day, as only one is enabled.
    assert alarms["support-tuned-quota-nearly-used"]["threshold"] == 32
    attached = resources(tuned, "aws_iam_role_policy_attachment")
    assert "operators" in {attachment["role"] for attachment in attached}


# Terraform drops an attribute of an object that it does not know, without a word. So what stops,
# binds or proves is an argument, or an attribute that its object must have.
ARGUMENTS = {"bound_role_names", "disabled_clients", "reserved_concurrency"}
ATTRIBUTES = {"alert_emails", "close_default_endpoint", "object_lock_days", "object_lock_mode"}
SLIPS = {
    '"reserved_concurency" is not expected': (
        "reserved_concurrency = 2",
        "reserved_concurency = 0",
    ),
    'attribute "object_lock_mode" is required': (
        "reserved_concurrency = 2",
        """account = {
          api_gateway_log_role = {}
          invocation_logging   = {}
          trail                = { object_lock_days = 3650, object_lock_mod = "COMPLIANCE" }
        }""",
    ),
}


def test_what_stops_binds_or_proves_cannot_be_misspelled(tmp_path: Path) -> None:
    text = (ROOT / "modules" / "chatbot" / "variables.tf").read_text(encoding="utf-8")
    assert set(re.findall(r'(?m)^variable "(\w+)"', text)) >= ARGUMENTS
    required = set(
        re.findall(r"(?m)^ +(\w+) += (?:bool|number|string|list\(string\))(?= *(?:#|$))", text)
    )
    assert required >= ATTRIBUTES
    with Offline(tmp_path / "tree") as offline:
        root = offline.root("slip", {"main.tf": TUNED})
        for message, (right, wrong) in SLIPS.items():
            assert right in TUNED
            (root.folder / "main.tf").write_text(TUNED.replace(right, wrong))
            refused = root.run("validate", "-no-color", ok=(1,)).stderr
            assert message in " ".join(refused.split()), refused


ELSEWHERE = "arn:aws:bedrock:us-east-2:111122223333:guardrail/abc123def456"
ENFORCED = "arn:aws:bedrock:us-east-2:444455556666:guardrail/org123def456"
POOL = "arn:aws:cognito-idp:us-east-2:111122223333:userpool/us-east-2_Example01"
MADE_ELSEWHERE = f"""module "chatbot" {{
  source                  = "../../modules/chatbot"
  environment             = "theirs"
  package                 = "../../build/chatbot.zip"
  allowed_origin          = "https://chat.example.com"
  clients                 = {{ web = {{}} }}
  operations              = {{ alert_emails = ["oncall@example.com"] }}
  enforced_guardrail_arns = ["{ENFORCED}"]
  identity                = {{ user_pool_arns = ["{POOL}"] }}
  guardrail = {{
    existing = {{ arn = "{ELSEWHERE}", id = "abc123def456", safety_message = "No.", version = "7" }}
  }}
}}

output "guardrail" {{
  value = [module.chatbot.deployment.guardrail_id, module.chatbot.deployment.guardrail_version]
}}
"""


def test_a_guardrail_made_elsewhere_is_used_and_not_touched(tmp_path: Path) -> None:
    with Offline(tmp_path / "tree") as offline:
        plan = planned(offline.root("theirs", {"main.tf": MADE_ELSEWHERE}))
    assert not [*resources(plan, "aws_bedrock_guardrail")]
    assert not [*resources(plan, "aws_bedrock_guardrail_version")]
    assert plan["planned_values"]["outputs"]["guardrail"]["value"] == ["abc123def456", "7"]
    settings = resource(plan, "aws_lambda_function")["environment"][0]["variables"]
    assert settings["SIGN_IN"] == "required"
    assert (settings["GUARDRAIL_ID"], settings["GUARDRAIL_VERSION"]) == ("abc123def456", "7")
    allowed = {
        (statement["Sid"], target)
        for policy in resources(plan, "aws_iam_role_policy")
        for statement in json.loads(policy["policy"])["Statement"]
        if "bedrock:ApplyGuardrail" in statement["Action"]
        for target in [statement["Resource"]]
    }
    assert allowed == {("ApplyOwnGuardrail", ELSEWHERE), ("ApplyEnforcedGuardrails", ENFORCED)}


def test_the_policy_of_a_guardrail_made_elsewhere_cannot_be_set(tmp_path: Path) -> None:
    with Offline(tmp_path / "tree") as offline:
        both = MADE_ELSEWHERE.replace(
            "    existing =", '    safety_message = "Ours."\n    existing ='
        )
        refused = refusals(offline.root("both", {"main.tf": both}))
    assert any("Leave out: safety_message." in text for text in refused), refused
