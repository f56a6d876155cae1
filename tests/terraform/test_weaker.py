"""What a plan makes weaker is named, and nothing else; no plan is made for it but one."""

import copy
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.diff import main
from tests.terraform.offline import Jobs
from toolkit.mutants.hcl import SWAPS
from toolkit.weaker import plans, policies, values
from toolkit.weaker.run import of_one, weaker

Edit = Callable[[dict[str, Any]], Any]
Made = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def plan(jobs: Jobs) -> dict[str, Any]:
    found: dict[str, Any] = jobs.result("plan prod")
    return found


@pytest.fixture(scope="module")
def made(plan: dict[str, Any]) -> Made:
    return plans.made(plan)


@pytest.fixture(scope="module")
def types(plan: dict[str, Any], made: Made) -> dict[str, str]:
    resources = {one["address"]: one["type"] for one in plan["resource_changes"]}
    return dict.fromkeys(made, plans.OUTPUT) | resources


def changed(
    made: Made, types: dict[str, str], kind: str, name: str, edit: Edit | None
) -> list[str]:
    """Return the sentences about one resource that an edit changes, or that goes without one."""
    (at,) = [
        at for at in made if types[at] == kind and (name in at or name in str(made[at].get("name")))
    ]
    after = copy.deepcopy(made)
    if edit is None:
        del after[at]
    else:
        edit(after[at])
    return weaker([plans.Change(at, types[at], made[at], after.get(at)) for at in made])


def rule(acl: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [one for one in acl["rule"] if one["name"] == name]
    result: dict[str, Any] = found
    return result


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


def drop(path: str, at: int = 0) -> Edit:
    """Take an element out of a list of blocks."""

    def edit(resource: dict[str, Any]) -> None:
        *outer, last = path.split(".")
        for name in outer:
            resource = resource[name][0]
        del resource[last][at]

    return edit


def put(path: str, value: Any) -> Edit:
    """Set a value inside blocks, each of which is there once."""

    def edit(resource: dict[str, Any]) -> None:
        *outer, last = path.split(".")
        for name in outer:
            resource = resource[name][0]
        resource[last] = value

    return edit


ACL, POLICY, GUARDRAIL = "aws_wafv2_web_acl", "aws_iam_policy", "aws_bedrock_guardrail"
ALARM, LOGS = "aws_cloudwatch_metric_alarm", "aws_cloudwatch_log_group"
ROLE_POLICY = "aws_iam_role_policy"
MODEL = "arn:aws:bedrock:us-east-2::foundation-model/x"
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
    ("aws_lambda_function", "compute", put("tracing_config.mode", "PassThrough"), "mode goes"),
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
    ("aws_lambda_function", "compute", put("source_code_hash", "x")),
    ("aws_lambda_function", "compute", put("memory_size", 1024)),
    ("aws_lambda_function", "compute", put("vpc_config", [{"subnet_ids": ["subnet-0a"], "security_group_ids": ["sg-0b"]}])),
    ("aws_api_gateway_api_key", "web", None),
    ("aws_cloudwatch_dashboard", "governance", None),
    ("aws_api_gateway_usage_plan", "basic", put("quota_settings.limit", 100)),
    (ROLE_POLICY, "invoke", lambda one: statement(one, json.loads(one["policy"])["Statement"][0]["Sid"])),
    (POLICY, "deny-tampering", lambda one: put("policy", one["policy"].replace('"Statement":[', '"Statement":[{"Effect":"Deny","Action":"ec2:*","Resource":"*"},'))(one)),
]  # fmt: skip


@pytest.mark.needs("plan prod")
@pytest.mark.parametrize("row", WEAKER)
def test_what_becomes_weaker_is_named(
    made: Made, types: dict[str, str], row: tuple[str, str, Edit | None, str]
) -> None:
    kind, name, edit, said = row
    found = changed(made, types, kind, name, edit)
    assert any(re.search(said, sentence) for sentence in found), found


@pytest.mark.needs("plan prod")
@pytest.mark.parametrize(("kind", "name", "edit"), HARMLESS)
def test_what_is_harmless_is_not_named(
    made: Made, types: dict[str, str], kind: str, name: str, edit: Edit | None
) -> None:
    assert changed(made, types, kind, name, edit) == []


def test_a_further_policy_of_the_role_is_named_with_what_it_allows() -> None:
    policy = document("dynamodb:GetItem", "arn:aws:dynamodb:us-east-2:111122223333:table/orders")
    after = {"name": "further-orders", "role": "chatbot-dev-execution", "policy": policy}
    there = plans.Change("b", LOGS, {"name": "l"}, {"name": "l"})
    (said,) = weaker([plans.Change("a", ROLE_POLICY, None, after), there])
    assert "further-orders: newly allows dynamodb:GetItem on arn:aws:dynamodb:" in said


def document(action: str, resource: str) -> str:
    statement = {"Sid": "Further", "Effect": "Allow", "Action": action, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_an_origin_that_is_added_is_named() -> None:
    first = {"ALLOWED_ORIGIN": "https://chat.example"}
    before, after = (
        {"function_name": "f", "environment": [{"variables": variables}]}
        for variables in (first, first | {"FURTHER_ORIGINS": "https://shop.example"})
    )
    said = weaker([plans.Change("a", "aws_lambda_function", before, after)])
    assert said == ["lambda function f: environment.variables.FURTHER_ORIGINS is new"]


def test_an_address_that_is_added_to_a_set_is_named_and_one_that_goes_is_not() -> None:
    sets = [{"name": "n-allowed-ipv4", "addresses": held} for held in ([], ["192.0.2.7/32"])]
    more, less = ([plans.Change("a", "aws_wafv2_ip_set", *pair)] for pair in (sets, reversed(sets)))
    assert weaker(more) == ["wafv2 ip set n-allowed-ipv4: addresses 192.0.2.7/32 is new"]
    assert weaker(less) == []


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
def test_each_mutant_of_a_plan_is_named_in_one_direction_or_said_to_be_harmless(
    made: Made, types: dict[str, str]
) -> None:
    seen, missed = set(), []
    for at, resource in made.items():
        for path, change, other in mutations(resource):
            if path[-1] in SAME or (types[at], path[-1]) == ("aws_kms_key", "Resource"):
                continue
            mutant = (at if "Statement" in path else types[at], path, change)
            if mutant in seen or values.meaning(types[at], ".".join(path)) in ONE_VALUE:
                continue
            seen.add(mutant)
            there, back = (
                plans.Change(at, types[at], *pair)
                for pair in ((resource, other), (other, resource))
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


METHOD, AUTHORIZER = "aws_api_gateway_method", "aws_api_gateway_authorizer"
SIGNED_IN = {"authorization": "COGNITO_USER_POOLS", "authorization_scopes": ["chatbot/ask"]}
ONE_POOL: dict[str, Any] = {"authorizer_result_ttl_in_seconds": 0, "provider_arns": ["arn:one"]}


@pytest.mark.parametrize(
    ("kind", "before", "after", "said"),
    [
        (METHOD, SIGNED_IN, {"authorization": "NONE"}, 'authorization goes from "COGNITO_USER_POOLS" to "NONE"'),
        (METHOD, SIGNED_IN, {"authorization_scopes": []}, "authorization_scopes chatbot/ask is gone"),
        (METHOD, SIGNED_IN, {"authorization_scopes": ["chatbot/ask", "b/c"]}, "authorization_scopes b/c is new"),
        (AUTHORIZER, ONE_POOL, None, "is gone"),
        (AUTHORIZER, ONE_POOL, {"provider_arns": ["arn:one", "arn:two"]}, "provider_arns arn:two is new"),
        (AUTHORIZER, ONE_POOL, {"authorizer_result_ttl_in_seconds": 300}, "authorizer_result_ttl_in_seconds goes from 0 to 300"),
    ],
)  # fmt: skip
def test_weaker_sign_in_is_named(
    kind: str, before: dict[str, Any], after: dict[str, Any] | None, said: str
) -> None:
    change = plans.Change("a", kind, before, after if after is None else before | after)
    assert said in list(of_one(change, set()))


def test_a_pool_less_is_not_weaker() -> None:
    before = ONE_POOL | {"provider_arns": ["arn:one", "arn:two"]}
    assert list(of_one(plans.Change("a", AUTHORIZER, before, ONE_POOL), set())) == []


def test_a_budget_that_grows_or_goes_is_named() -> None:
    def said(before: object, after: object) -> list[str]:
        texts = [json.dumps(one) if one else "" for one in (before, after)]
        settings = [{"environment": [{"variables": {"BUDGET": text}}]} for text in texts]
        return list(values.compare("aws_lambda_function", *settings))

    small, large = ({"client_tokens_per_day": tokens} for tokens in (1000, 2000))
    assert said(small, large) == [
        "environment.variables.BUDGET.client_tokens_per_day goes from 1000 to 2000"
    ]
    assert said(large, small) == []
    assert said(None, small) == []
    assert said(small, None) == ["environment.variables.BUDGET is gone"]
    assert said(small, {**small, "on_store_failure": "answer"}) != []


def test_a_table_that_loses_its_protection_is_named() -> None:
    table = {
        "deletion_protection_enabled": True,
        "point_in_time_recovery": [{"enabled": True}],
        "server_side_encryption": [{"enabled": True, "kms_key_arn": "a"}],
        "ttl": [{"attribute_name": "expires", "enabled": True}],
    }
    for name in table:
        off: object = False if name.startswith("deletion") else []
        assert list(values.compare("aws_dynamodb_table", table, {**table, name: off})) != [], name
    assert list(values.compare("aws_dynamodb_table", table, table)) == []


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


def test_a_policy_that_is_an_output_is_compared() -> None:
    deny = {"Sid": "Deny", "Effect": "Deny", "Action": "s3:*", "Resource": "*"}
    texts = [json.dumps({"Version": "2012-10-17", "Statement": held}) for held in ([deny], [])]
    before, after = ({"arn": "a", "scp_json": text} for text in texts)
    plan = {
        "resource_changes": [],
        "output_changes": {"d": {"before": before, "after": after, "after_unknown": {}}},
    }
    (said,) = weaker(plans.own(plan))
    assert "output.d.scp_json: no longer denies s3:*" in said
    unknown = {"before": before, "after": {}, "after_unknown": {"scp_json": True}}
    assert weaker(plans.own(plan | {"output_changes": {"d": unknown}})) == []


def judged(before: list[dict[str, Any]], after: list[dict[str, Any]], kind: str) -> list[str]:
    old, new = (
        json.dumps({"Version": "2012-10-17", "Statement": held}) for held in (before, after)
    )
    return list(policies.compare(old, new, kind))


def test_one_more_exception_of_a_deny_is_named() -> None:
    def deny(operator: str, *values: str) -> list[dict[str, Any]]:
        condition = {operator: {"bedrock:GuardrailIdentifier": list(values)}}
        action = {"Action": "bedrock:InvokeModel", "Resource": "*"}
        return [{"Effect": "Deny", **action, "Condition": condition}]

    one = deny("StringNotEquals", "arn:3")
    for wider in (deny("StringNotEquals", "arn:3", "arn:1"), deny("StringNotLike", "arn:*")):
        (said,) = judged(one, wider, "identity")
        assert "no longer denies bedrock:InvokeModel" in said
        assert judged(wider, one, "identity") == []
    assert judged(deny("StringNotEquals"), deny("StringEquals"), "identity") != []


def test_what_keeps_watch_may_do_no_less() -> None:
    def allow(action: str, **who: Any) -> list[dict[str, Any]]:
        return [{"Effect": "Allow", "Action": action, "Resource": "arn:aws:sns:::a", **who}]

    events = {"Principal": {"Service": "events.amazonaws.com"}}
    (said,) = judged(allow("sns:Publish", **events), [], "resource")
    assert "no longer allows sns:Publish on arn:aws:sns:::a by events.amazonaws.com" in said
    assert judged([], allow("logs:PutLogEvents"), "identity") != []
    assert "no longer allows" in judged(allow("logs:PutLogEvents"), [], "identity")[0]
    assert judged(allow("bedrock:InvokeModel"), [], "identity") == []
    account = {"Principal": {"AWS": "arn:aws:iam::111122223333:root"}}
    role = {"Principal": {"AWS": "arn:aws:iam::111122223333:role/reader"}}
    delegated = allow("kms:*", **account)
    assert (
        "newly allows" in judged(delegated, delegated + allow("kms:Decrypt", **role), "resource")[0]
    )
    somebody = {"Principal": {"AWS": "arn:aws:iam::111122223333:role/reader"}}
    assert judged(allow("sns:Publish", **somebody), [], "resource") == []


HASHED = "policy sha256 " + "0a" * 32


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        ("aws_lambda_alias", {"function_version": "7"}, {"function_version": "$LATEST"}),
        ("aws_lambda_alias", {"function_version": plans.UNKNOWN}, {"function_version": "$LATEST"}),
        ("aws_s3_bucket_object_lock_configuration", {"rule": [{"default_retention": [{"days": 9}]}]}, {"rule": [{"default_retention": [{"days": None}]}]}),
        ("aws_lambda_function", {"publish": True}, {"publish": False}),
        ("aws_bedrock_guardrail_version", {"description": HASHED}, {"description": "policy"}),
        ("aws_api_gateway_gateway_response", {"response_templates": {"a": "Bad."}}, {"response_templates": {"a": "$context.error.message"}}),
        ("aws_api_gateway_deployment", {"triggers": {"a": "1"}}, {"triggers": None}),
        ("aws_api_gateway_usage_plan", {"throttle_settings": [{"burst_limit": 5}]}, {"throttle_settings": [{"burst_limit": 0}]}),
    ],
)  # fmt: skip
def test_a_change_of_one_kind_is_named_in_its_own_direction(
    kind: str, before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert list(values.compare(kind, before, after)) != []
    assert list(values.compare(kind, after, before)) == []
    other = {name: "8" if kind == "aws_lambda_alias" else value for name, value in before.items()}
    assert list(values.compare(kind, before, other)) == []
