"""What a plan makes weaker is named, and nothing else; no plan is made for it but one."""

import copy
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.diff import main
from tests.emulator import shown
from tests.emulator.shown import document
from tests.terraform.offline import Jobs
from toolkit.mutants.hcl import SWAPS
from toolkit.weaker import plans, values
from toolkit.weaker.run import of_one, weaker

Edit = Callable[[dict[str, Any]], Any]
Made = dict[str, tuple[str, dict[str, Any]]]  # address -> type and values


@pytest.fixture(scope="module")
def plan(jobs: Jobs) -> dict[str, Any]:
    found: dict[str, Any] = jobs.result("plan prod")
    return found


@pytest.fixture(scope="module")
def made(plan: dict[str, Any]) -> Made:
    types = {one["address"]: one["type"] for one in plan["resource_changes"]}
    return {at: (types.get(at, plans.OUTPUT), value) for at, value in plans.made(plan).items()}


def changed(made: Made, kind: str, name: str, edit: Edit | None) -> list[str]:
    """Return the sentences about one resource that an edit changes, or that goes without one."""
    (at,) = [
        at
        for at, (one, value) in made.items()
        if one == kind and (name in at or name in str(value.get("name")))
    ]
    after = {at: copy.deepcopy(value) for at, (_, value) in made.items()}
    if edit is None:
        del after[at]
    else:
        edit(after[at])
    return weaker(
        [plans.Change(at, one, value, after.get(at)) for at, (one, value) in made.items()]
    )


def rule(acl: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in acl["rule"] if one["name"] == name)
    return found


def statement(policy: dict[str, Any], sid: str, **changes: Any) -> None:
    """Change a statement of a policy; None takes an element away, and no changes the statement."""
    attribute = "policy" if "policy" in policy else "assume_role_policy"
    document = json.loads(policy[attribute])
    (found,) = [one for one in document["Statement"] if one.get("Sid") == sid]
    if not changes:
        document["Statement"].remove(found)
    for element, value in changes.items():
        found[element] = value
        if value is None:
            del found[element]
    policy[attribute] = json.dumps(document)


def allow(policy: dict[str, Any], **elements: Any) -> None:
    document = json.loads(policy["policy"])
    document["Statement"].append({"Effect": "Allow", **elements})
    policy["policy"] = json.dumps(document)


def inside(resource: dict[str, Any], path: str) -> tuple[dict[str, Any], str]:
    """Return what holds the end of a path of blocks, each of which is there once, and its name."""
    *outer, last = path.split(".")
    for name in outer:
        resource = resource[name][0]
    return resource, last


def drop(path: str) -> Edit:
    """Take the first element out of a list of blocks."""

    def edit(resource: dict[str, Any]) -> None:
        block, name = inside(resource, path)
        del block[name][0]

    return edit


def put(path: str, value: Any) -> Edit:
    """Set a value inside blocks."""

    def edit(resource: dict[str, Any]) -> None:
        block, name = inside(resource, path)
        block[name] = value

    return edit


ACL, POLICY, GUARDRAIL = "aws_wafv2_web_acl", "aws_iam_policy", "aws_bedrock_guardrail"
ALARM, LOGS = "aws_cloudwatch_metric_alarm", "aws_cloudwatch_log_group"
ROLE_POLICY, FUNCTION = "aws_iam_role_policy", "aws_lambda_function"
COUNT: list[dict[str, Any]] = [{"count": [{}], "block": [], "allow": []}]

# What no mutant here makes weaker: nothing, or one value alone does.
ONE_VALUE = ("hashed", "never", "published", "reveals")
# Without them a policy says the same: these use no variables, and a key's policy is about the key.
SAME = ("Sid", "Version")

WEAKER = [
    (ACL, "chatbot", lambda acl: rule(acl, "prompt-injection").update(action=COUNT), "only counts"),
    (ACL, "chatbot", lambda acl: acl["rule"].remove(rule(acl, "rate-per-ip")), "rule rate-per-ip is gone"),
    (ACL, "chatbot", lambda acl: acl["rule"].append({"name": "in", "action": [{"allow": [{}]}]}), "rule in is new"),
    (ACL, "chatbot", lambda acl: put("statement.rate_based_statement.limit", 500)(rule(acl, "rate-per-ip")), "limit goes from 50 to 500"),
    (ACL, "chatbot", lambda acl: put("default_action", [{"allow": [], "block": [{}]}])(acl) or acl.update(scope="CLOUDFRONT"), "scope goes from"),
    (ACL, "chatbot", lambda acl: acl["rule"].remove(rule(acl, "sql-injection")), "proof edge/sql-injection/.* is no longer asked"),
    (ACL, "chatbot", lambda acl: acl["rule"].remove(rule(acl, "ip-reputation")), "proof edge/ip-reputation/.* is no longer asked"),
    (ACL, "chatbot", lambda acl: rule(acl, "core-rule-set").update(override_action=[{"none": [], "count": [{}]}]), "rule core-rule-set only counts"),
    (ACL, "chatbot", lambda acl: put("statement.rate_based_statement.scope_down_statement", [{"not_statement": [{}]}])(rule(acl, "rate-per-ip")), "scope_down_statement is new"),
    ("aws_wafv2_regex_pattern_set", "prompt", drop("regular_expression"), "is gone"),
    ("aws_wafv2_web_acl_association", "edge", None, "is gone"),
    (GUARDRAIL, "chatbot", put("content_policy_config.filters_config.input_strength", "LOW"), "from \"HIGH\" to \"LOW\""),
    (GUARDRAIL, "chatbot", drop("content_policy_config.filters_config"), "proof guardrail/.* is no longer asked"),
    (GUARDRAIL, "chatbot", drop("word_policy_config.words_config"), "no longer asked for ChatGPT"),
    (GUARDRAIL, "chatbot", drop("word_policy_config.managed_word_lists_config"), "PROFANITY is gone"),
    (GUARDRAIL, "chatbot", drop("topic_policy_config.topics_config"), "Competitor products is gone"),
    (GUARDRAIL, "chatbot", put("sensitive_information_policy_config.pii_entities_config.action", "ANONYMIZE"), "from \"BLOCK\" to \"ANONYMIZE\""),
    (LOGS, "/aws/lambda/", put("retention_in_days", 30), "keeps its log for 30 days in place of 365"),
    (LOGS, "/aws/lambda/", None, "log group /aws/lambda/chatbot-prod: is gone"),
    ("aws_s3_bucket_object_lock_configuration", "trail", put("rule.default_retention.days", 1), "locks objects for 1 days in place of 365"),
    (ALARM, '"api-4xx"', None, "alarm chatbot-prod-api-4xx: is gone"),
    (ALARM, '"api-4xx"', put("threshold", 10000), "threshold goes from 100"),
    (ALARM, '"api-4xx"', put("actions_enabled", False), "actions_enabled goes"),
    ("aws_cloudtrail", "governance", put("enable_log_file_validation", False), "enable_log_file_validation goes"),
    ("aws_api_gateway_method", "aws_api_gateway_method.chat", put("api_key_required", False), "api_key_required goes"),
    ("aws_api_gateway_usage_plan", "basic", put("quota_settings.limit", 5000), "limit goes from 500 to 5000"),
    ("aws_kms_key", "governance", put("enable_key_rotation", False), "enable_key_rotation goes"),
    (FUNCTION, "compute", put("tracing_config.mode", "PassThrough"), "mode goes"),
    ("aws_api_gateway_integration_response", "preflight", lambda one: one.update(response_templates={"application/json": "#if"}), "response_templates.* is new"),
    (ROLE_POLICY, "invoke", lambda one: allow(one, Action="s3:GetObject", Resource="*"), r"newly allows s3:GetObject on any resource"),
    (ROLE_POLICY, "compute.aws_iam_role_policy.guardrail", lambda one: statement(one, "DenyModelsWithoutGuardrail"), r"no longer denies bedrock:InvokeModel"),
    (ROLE_POLICY, "compute.aws_iam_role_policy.guardrail", lambda one: statement(one, "ApplyOwnGuardrail", Resource="*"), r"newly allows bedrock:ApplyGuardrail on any resource"),
    (POLICY, "require-guardrail", lambda one: statement(one, "DenyOtherModels", NotResource=["*"]), "no longer denies"),
    (POLICY, "boundary", lambda one: allow(one, Action="iam:*", Resource="*"), "newly allows iam:"),
]  # fmt: skip
HARMLESS = [
    (ACL, "chatbot", lambda acl: put("statement.rate_based_statement.limit", 20)(rule(acl, "rate-per-ip"))),
    (ACL, "chatbot", lambda acl: acl["rule"].append({"name": "more", "action": [{"block": [{}]}]})),
    ("aws_wafv2_regex_pattern_set", "prompt", lambda one: one["regular_expression"].append({"regex_string": "x"})),
    (GUARDRAIL, "chatbot", lambda one: one["word_policy_config"][0]["words_config"].append({"text": "Perplexity"})),
    (GUARDRAIL, "chatbot", lambda one: one["topic_policy_config"][0]["topics_config"].append({"name": "Law", "definition": "Any.", "examples": []})),
    (GUARDRAIL, "chatbot", lambda one: one.update(blocked_input_messaging="Sorry.")),
    (LOGS, "/aws/lambda/", put("retention_in_days", 0)),
    (ALARM, '"api-4xx"', put("threshold", 10)),
    (ALARM, '"api-4xx"', put("alarm_description", "Other words.")),
    (FUNCTION, "compute", put("source_code_hash", "x")),
    (FUNCTION, "compute", put("memory_size", 1024)),
    (FUNCTION, "compute", put("vpc_config", [{"subnet_ids": ["subnet-0a"], "security_group_ids": ["sg-0b"]}])),
    ("aws_api_gateway_api_key", "web", None),
    ("aws_cloudwatch_dashboard", "governance", None),
    ("aws_api_gateway_usage_plan", "basic", put("quota_settings.limit", 100)),
    (ROLE_POLICY, "invoke", lambda one: statement(one, json.loads(one["policy"])["Statement"][0]["Sid"])),
    (POLICY, "deny-tampering", lambda one: put("policy", one["policy"].replace('"Statement":[', '"Statement":[{"Effect":"Deny","Action":"ec2:*","Resource":"*"},'))(one)),
]  # fmt: skip


@pytest.mark.needs("plan prod")
@pytest.mark.parametrize("row", WEAKER)
def test_what_becomes_weaker_is_named(made: Made, row: tuple[str, str, Edit | None, str]) -> None:
    kind, name, edit, said = row
    found = changed(made, kind, name, edit)
    assert any(re.search(said, sentence) for sentence in found), found


@pytest.mark.needs("plan prod")
@pytest.mark.parametrize(("kind", "name", "edit"), HARMLESS)
def test_what_is_harmless_is_not_named(made: Made, kind: str, name: str, edit: Edit | None) -> None:
    assert changed(made, kind, name, edit) == []


def test_a_further_policy_of_the_role_is_named_with_what_it_allows() -> None:
    table = "arn:aws:dynamodb:us-east-2:111122223333:table/orders"
    policy = document(shown.allow("dynamodb:GetItem", table))
    after = {"name": "further-orders", "role": "chatbot-dev-execution", "policy": policy}
    there = plans.Change("b", LOGS, {"name": "l"}, {"name": "l"})
    (said,) = weaker([plans.Change("a", ROLE_POLICY, None, after), there])
    assert "further-orders: newly allows dynamodb:GetItem on arn:aws:dynamodb:" in said


METHOD, AUTHORIZER = "aws_api_gateway_method", "aws_api_gateway_authorizer"
SIGNED_IN = {"authorization": "COGNITO_USER_POOLS", "authorization_scopes": ["chatbot/ask"]}
ONE_POOL: dict[str, Any] = {"authorizer_result_ttl_in_seconds": 0, "provider_arns": ["arn:one"]}
HASHED = "policy sha256 " + "0a" * 32


def with_variables(**variables: str) -> dict[str, Any]:
    """Return a function's environment."""
    return {"function_name": "f", "environment": [{"variables": variables}]}


def with_budget(**budget: object) -> dict[str, Any]:
    return {"environment": [{"variables": {"BUDGET": json.dumps(budget) if budget else ""}}]}


# A type, two sides of a change, and what is said of it and of the change back; "" where nothing is.
CHANGES: list[tuple[str, dict[str, Any], dict[str, Any] | None, str, str]] = [
    (FUNCTION, with_variables(ALLOWED_ORIGIN="https://a"), with_variables(ALLOWED_ORIGIN="https://a", FURTHER_ORIGINS="https://b"), "lambda function f: environment.variables.FURTHER_ORIGINS is new", "lambda function f: environment.variables.FURTHER_ORIGINS is gone"),
    ("aws_wafv2_ip_set", {"name": "n-ipv4", "addresses": []}, {"name": "n-ipv4", "addresses": ["192.0.2.7/32"]}, "wafv2 ip set n-ipv4: addresses 192.0.2.7/32 is new", ""),
    (METHOD, SIGNED_IN, SIGNED_IN | {"authorization": "NONE"}, 'a: authorization goes from "COGNITO_USER_POOLS" to "NONE"', 'a: authorization goes from "NONE" to "COGNITO_USER_POOLS"'),
    (METHOD, SIGNED_IN, SIGNED_IN | {"authorization_scopes": []}, "a: authorization_scopes chatbot/ask is gone", "a: authorization_scopes chatbot/ask is new"),
    (METHOD, SIGNED_IN, SIGNED_IN | {"authorization_scopes": ["chatbot/ask", "b/c"]}, "a: authorization_scopes b/c is new", "a: authorization_scopes b/c is gone"),
    (AUTHORIZER, ONE_POOL, None, "a: is gone", ""),
    (AUTHORIZER, ONE_POOL, ONE_POOL | {"provider_arns": ["arn:one", "arn:two"]}, "a: provider_arns arn:two is new", ""),
    (AUTHORIZER, ONE_POOL, ONE_POOL | {"authorizer_result_ttl_in_seconds": 300}, "a: authorizer_result_ttl_in_seconds goes from 0 to 300", ""),
    (FUNCTION, with_budget(client_tokens_per_day=1000), with_budget(client_tokens_per_day=2000), "a: environment.variables.BUDGET.client_tokens_per_day goes from 1000 to 2000", ""),
    (FUNCTION, with_budget(client_tokens_per_day=1000), with_budget(), "a: environment.variables.BUDGET is gone", ""),
    (FUNCTION, with_budget(client_tokens_per_day=1000), with_budget(client_tokens_per_day=1000, on_store_failure="answer"), "a: environment.variables.BUDGET.on_store_failure is new", "a: environment.variables.BUDGET.on_store_failure is gone"),
    (FUNCTION, {"publish": True}, {"publish": False}, "a: publish goes from true to false", ""),
    ("aws_dynamodb_table", {"deletion_protection_enabled": True}, {"deletion_protection_enabled": False}, "a: deletion_protection_enabled goes from true to false", ""),
    ("aws_dynamodb_table", {"point_in_time_recovery": [{"enabled": True}]}, {"point_in_time_recovery": []}, "a: point_in_time_recovery is gone", ""),
    ("aws_dynamodb_table", {"server_side_encryption": [{"enabled": True, "kms_key_arn": "a"}]}, {"server_side_encryption": []}, "a: server_side_encryption is gone", ""),
    ("aws_dynamodb_table", {"ttl": [{"attribute_name": "expires", "enabled": True}]}, {"ttl": []}, "a: ttl is gone", ""),
    ("aws_lambda_alias", {"function_version": "7"}, {"function_version": "8"}, "", ""),
    ("aws_lambda_alias", {"function_version": "7"}, {"function_version": "$LATEST"}, 'a: function_version goes from "7" to "$LATEST"', ""),
    ("aws_lambda_alias", {"function_version": plans.UNKNOWN}, {"function_version": "8"}, "", ""),
    ("aws_lambda_alias", {"function_version": plans.UNKNOWN}, {"function_version": "$LATEST"}, 'a: function_version goes from "(known after apply)" to "$LATEST"', ""),
    ("aws_s3_bucket_object_lock_configuration", {"rule": [{"default_retention": [{"days": 9}]}]}, {"rule": [{"default_retention": [{"days": None}]}]}, "a: rule locks objects for all days in place of 9", ""),
    ("aws_bedrock_guardrail_version", {"description": HASHED}, {"description": "policy"}, "bedrock guardrail version policy: description changes", ""),
    ("aws_api_gateway_gateway_response", {"response_templates": {"a": "Bad."}}, {"response_templates": {"a": "$context.error.message"}}, 'a: response_templates.a goes from "Bad." to "$context.error.message"', ""),
    ("aws_api_gateway_deployment", {"triggers": {"a": "1"}}, {"triggers": None}, "a: triggers is gone", ""),
    ("aws_api_gateway_gateway_response", {"response_templates": {"application/json": "Bad."}}, {"response_templates": None}, "a: response_templates is gone", ""),
    ("aws_api_gateway_usage_plan", {"throttle_settings": [{"limit": 5}]}, {"throttle_settings": [{"limit": 0}]}, "a: throttle_settings.limit goes from 5 to 0", "a: throttle_settings.limit goes from 0 to 5"),
    ("aws_api_gateway_usage_plan", {"throttle_settings": [{"limit": 5}]}, {"throttle_settings": [{"limit": 6}]}, "a: throttle_settings.limit goes from 5 to 6", ""),
    ("aws_api_gateway_usage_plan", {"throttle_settings": [{"limit": 5}]}, {"throttle_settings": [{"limit": None}]}, "a: throttle_settings.limit is gone", ""),
    ("aws_api_gateway_usage_plan", {"quota_settings": [{"limit": 5}]}, {"quota_settings": [{"limit": 0}]}, "a: quota_settings.limit goes from 5 to 0", "a: quota_settings.limit goes from 0 to 5"),
    ("aws_api_gateway_usage_plan", {"quota_settings": [{"limit": 5}]}, {"quota_settings": [{"limit": 6}]}, "a: quota_settings.limit goes from 5 to 6", ""),
    ("aws_api_gateway_usage_plan", {"quota_settings": [{"limit": 5}]}, {"quota_settings": [{"limit": None}]}, "a: quota_settings.limit is gone", ""),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "before", "after", "said", "of_the_way_back"), CHANGES)
def test_a_change_is_named_in_the_direction_that_is_weaker(
    kind: str, before: dict[str, Any], after: dict[str, Any] | None, said: str, of_the_way_back: str
) -> None:
    def named(one: dict[str, Any] | None, other: dict[str, Any] | None) -> str:
        return "; ".join(weaker([plans.Change("a", kind, one, other)]))

    assert named(before, after) == said
    assert named(after, before) == of_the_way_back
    assert named(before, before) == ""


def mutations(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str, Any]]:
    """Yield what the operators of `make mutants` make of a planned value: place, change, result."""
    if isinstance(value, str) and re.match(r'\{"|\[["{\]]', value):
        for at, change, other in mutations(json.loads(value), path):
            yield at, change, json.dumps(other)
    elif isinstance(value, dict):
        for name, inner in value.items():
            if inner not in (None, False, "", [], {}, plans.UNKNOWN, plans.UNSET):
                yield (*path, name), "drop", {k: v for k, v in value.items() if k != name}
            for at, change, other in mutations(inner, (*path, name)):
                yield at, change, {**value, name: other}
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield path, "drop", value[:place] + value[place + 1 :]
            for at, change, other in mutations(inner, path):
                yield at, change, [*value[:place], other, *value[place + 1 :]]
    elif isinstance(value, bool):
        yield path, "flip", not value
    elif isinstance(value, int | float):
        yield path, "x 10", value * 10 or 1
    elif value in SWAPS:
        yield path, SWAPS[value], SWAPS[value]


@pytest.mark.needs("plan prod")
def test_each_mutant_of_a_plan_is_named_in_one_direction_or_said_to_be_harmless(made: Made) -> None:
    seen, missed = set(), []
    for at, (kind, resource) in made.items():
        for path, change, other in mutations(resource):
            if path[-1] in SAME or (kind, path[-1]) == ("aws_kms_key", "Resource"):
                continue
            mutant = (at if "Statement" in path else kind, path, change)
            if mutant in seen or values.meaning(kind, ".".join(path)) in ONE_VALUE:
                continue
            seen.add(mutant)
            there, back = (
                plans.Change(at, kind, *pair) for pair in ((resource, other), (other, resource))
            )
            if not any(list(of_one(one, frozenset())) for one in (there, back)):
                missed.append((at, path, change))
    assert len(seen) > 500
    assert missed == []


@pytest.mark.needs("plan prod")
def test_a_plan_tells_of_what_was_applied_and_two_plans_of_each_other(
    plan: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    applied, later = copy.deepcopy(plan), copy.deepcopy(plan)
    for one in later["resource_changes"]:
        one["change"]["before"] = copy.deepcopy(one["change"]["after"])
        if one["type"] == LOGS:
            one["change"]["after"]["retention_in_days"] = 7
    files = [tmp_path / "applied.json", tmp_path / "later.json"]
    for file, text in zip(files, (applied, later), strict=True):
        file.write_text(json.dumps(text))
    first, second = map(str, files)
    assert main([first]) == main([first, first]) == 0
    assert "Nothing becomes weaker." in capsys.readouterr().out
    assert main([second]) == main([first, second]) == 1
    assert "keeps its log for 7 days in place of 365" in capsys.readouterr().out
    files[0].write_text("{}")
    assert main([first]) == 2
    assert "terraform show -json" in capsys.readouterr().err


def planned_alone(configured: dict[str, Any], **change: Any) -> dict[str, Any]:
    """Return a plan of one resource that sets some attributes."""
    resource = {"address": "aws_x.a", "mode": "managed", "type": "aws_x"}
    return {
        "resource_changes": [{**resource, "change": {"before": None, **change}}],
        "configuration": {
            "root_module": {"resources": [{"address": "aws_x.a", "expressions": configured}]}
        },
    }


def test_what_is_left_to_the_provider_is_named_where_it_was_set() -> None:
    key: dict[str, Any] = {"references": ["aws_kms_key.a.arn"]}
    unknown = {"block": [{"key": True}], "computed": True, "key": True}
    after = {"block": [{"on": True}]}
    sets = planned_alone({"block": [{"key": key}], "key": key}, after=after, after_unknown=unknown)
    leaves = planned_alone({"block": [{"on": {}}]}, after=after, after_unknown=unknown)
    said = [sentence for one in plans.between(sets, leaves) for sentence in of_one(one, set())]
    assert said == ["block.key is gone", "key is gone"]
    assert weaker(plans.between(sets, sets)) == weaker(plans.between(leaves, leaves)) == []


def test_what_a_dynamic_block_leaves_to_the_provider_is_named_where_it_was_set() -> None:
    sets = planned_alone({"on": {}}, after={"block": [{"list": ["a"]}]}, after_unknown={})
    unknown = {"block": [{"list": True}]}
    leaves = planned_alone({"on": {}}, after={"block": [{}]}, after_unknown=unknown)
    (change,) = plans.between(sets, leaves)
    assert list(of_one(change, set())) == ["block.list a is gone"]
    none = planned_alone({"on": {}}, after={"block": [{"list": []}]}, after_unknown={})
    (change,) = plans.between(leaves, none)
    assert list(of_one(change, set())) == ["block.list is gone"]


def test_a_policy_that_is_an_output_is_compared() -> None:
    texts = (document(shown.deny("s3:*")), document())
    before, after = ({"arn": "a", "scp_json": text} for text in texts)
    plan = {
        "resource_changes": [],
        "output_changes": {"d": {"before": before, "after": after, "after_unknown": {}}},
    }
    (said,) = weaker(plans.own(plan))
    assert "output.d.scp_json: no longer denies s3:*" in said
    unknown = {"before": before, "after": {}, "after_unknown": {"scp_json": True}}
    assert weaker(plans.own(plan | {"output_changes": {"d": unknown}})) == []


def test_an_event_that_raises_an_alert_no_more_is_named() -> None:
    before, after = (
        {"event_pattern": json.dumps({"detail": {"arn": [{"exists": is_there}]}})}
        for is_there in (False, True)
    )
    (said,) = values.compare("aws_cloudwatch_event_rule", before, after)
    assert "detail.arn.exists goes from false to true" in said
