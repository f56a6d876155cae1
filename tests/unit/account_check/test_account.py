"""What the account has already: each check with one that passes and one that does not."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.unit.account_check.support import (
    ACCOUNT,
    PLAN,
    REGION,
    ROLE,
    SETTINGS,
    Account,
    about,
    applied,
    made,
    without,
)
from toolkit.account_check import account
from toolkit.account_check.asking import Question
from toolkit.planned import Plan


def logs_to(group: str | None) -> dict[str, Any]:
    if group is None:
        return {}
    return {"loggingConfig": {"cloudWatchConfig": {"logGroupName": group, "roleArn": ROLE}}}


@pytest.mark.parametrize(
    ("group", "is_applied", "status"),
    [
        (None, None, "pass"),
        ("/security/bedrock", True, "fail"),
        ("/aws/bedrock/model-invocations", True, "pass"),
        # The name alone proves nothing: the recipe's default is many an account's.
        ("/aws/bedrock/model-invocations", False, "fail"),
    ],
)
def test_invocation_logging(
    aws: Account, group: str | None, is_applied: bool | None, status: str
) -> None:
    aws.says("bedrock", "get_model_invocation_logging_configuration", logs_to(group))
    if is_applied is not None:
        applied(aws, is_applied=is_applied)
    found = account.invocation_logging(about(aws))
    assert found.status == status
    assert (status == "fail") == ("account.invocation_logging = null" in found.do)


def test_invocation_logging_to_a_bucket_is_somebodys_too(aws: Account) -> None:
    answer = {"loggingConfig": {"s3Config": {"bucketName": "prompts"}}}
    aws.says("bedrock", "get_model_invocation_logging_configuration", answer)
    found = account.invocation_logging(applied_not(aws))
    assert (found.status, "prompts" in found.detail) == ("fail", True)


def applied_not(aws: Account) -> Question:
    return about(applied(aws, is_applied=False))


@pytest.mark.parametrize(("group", "status"), [("/security/bedrock", "pass"), (None, "fail")])
def test_invocation_logging_left_to_the_account(
    aws: Account, group: str | None, status: str
) -> None:
    aws.says("bedrock", "get_model_invocation_logging_configuration", logs_to(group))
    plan = without("aws_bedrock_model_invocation_logging_configuration")
    assert account.invocation_logging(about(aws, plan)).status == status


def role(aws: Account, *, named: bool, stands: bool) -> None:
    aws.says("apigateway", "get_account", {"cloudwatchRoleArn": ROLE} if named else {})
    if named and stands:
        made_role = {
            "Path": "/", "RoleName": "ApiGatewayLoggingRole", "RoleId": "A" * 21, "Arn": ROLE,
            "CreateDate": datetime(2026, 1, 1, tzinfo=UTC),
        }  # fmt: skip
        aws.says("iam", "get_role", {"Role": made_role})
    elif named:
        aws.refuses("iam", "get_role", "NoSuchEntity")


@pytest.mark.parametrize(
    ("named", "stands", "is_applied", "status"),
    [
        (False, False, None, "pass"),
        (True, False, None, "pass"),
        (True, True, True, "pass"),
        (True, True, False, "fail"),
    ],
)
def test_gateway_role(
    aws: Account, named: bool, stands: bool, is_applied: bool | None, status: str
) -> None:
    role(aws, named=named, stands=stands)
    if is_applied is not None:
        applied(aws, is_applied=is_applied)
    assert account.gateway_role(about(aws)).status == status


@pytest.mark.parametrize(
    ("named", "stands", "status"),
    [(True, True, "pass"), (True, False, "fail"), (False, False, "fail")],
)
def test_gateway_role_left_to_the_account(
    aws: Account, named: bool, stands: bool, status: str
) -> None:
    role(aws, named=named, stands=stands)
    assert account.gateway_role(about(aws, without("aws_api_gateway_account"))).status == status


def trail(name: str, *, everywhere: bool = True) -> dict[str, Any]:
    arn = f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/{name}"
    return {"Name": name, "TrailARN": arn, "IsMultiRegionTrail": everywhere}


def test_trails(aws: Account) -> None:
    aws.says("cloudtrail", "describe_trails", {"trailList": [trail("chatbot-dev")]})
    assert account.trails(about(aws)).status == "pass"
    aws.says("cloudtrail", "describe_trails", {"trailList": [trail("organisation")]})
    found = account.trails(about(aws))
    assert (found.status, "account.trail = null" in found.do) == ("warn", True)


@pytest.mark.parametrize(
    ("everywhere", "logging", "status"),
    [(True, True, "pass"), (True, False, "fail"), (False, None, "fail")],
)
def test_trails_left_to_the_account(
    aws: Account, everywhere: bool, logging: bool | None, status: str
) -> None:
    found = [trail("organisation", everywhere=everywhere)]
    aws.says("cloudtrail", "describe_trails", {"trailList": found})
    if logging is not None:
        aws.says("cloudtrail", "get_trail_status", {"IsLogging": logging})
    assert account.trails(about(aws, without("aws_cloudtrail"))).status == status


@pytest.mark.parametrize(
    ("total", "unreserved", "held", "status"),
    [
        (1000, 1000, None, "pass"),
        (1000, 110, None, "pass"),
        (1000, 109, None, "fail"),
        (1000, 100, 10, "pass"),  # its own reservation, from an earlier apply
        (10, 10, None, "fail"),  # what new accounts start with
    ],
)
def test_concurrency(
    aws: Account, total: int, unreserved: int, held: int | None, status: str
) -> None:
    limits = {"ConcurrentExecutions": total, "UnreservedConcurrentExecutions": unreserved}
    aws.says("lambda", "get_account_settings", {"AccountLimit": limits})
    if held is None:
        aws.refuses("lambda", "get_function_concurrency", "ResourceNotFoundException")
    else:
        aws.says("lambda", "get_function_concurrency", {"ReservedConcurrentExecutions": held})
    found = account.concurrency(about(aws))
    assert found.status == status
    assert (status == "fail") == ("L-B99A9384" in found.do)


IN_S3 = {"s3_bucket": "packages", "s3_key": "chatbot.zip", "s3_object_version": "v1"}


def from_s3(**values: Any) -> Plan:
    return Plan(REGION, (made("aws_lambda_function", **IN_S3 | values),), {}, ())


@pytest.mark.parametrize(
    ("region", "missing", "said"),
    [
        (REGION, "", None),
        ("eu-west-1", "", "packages is in eu-west-1, and Lambda takes a package from its own"),
        (REGION, "404", "there is no s3://packages/chatbot.zip in version v1"),
        (REGION, "403", "you may not read s3://packages/chatbot.zip in version v1"),
    ],
)
def test_package(aws: Account, region: str, missing: str, said: str | None) -> None:
    aws.says("s3", "head_bucket", {"BucketRegion": region})
    if missing:
        aws.refuses("s3", "head_object", missing)
    else:
        aws.says("s3", "head_object", {})
    found = account.package(about(aws, from_s3()))
    assert found.status == ("pass" if said is None else "fail")
    assert (said or "s3://packages/chatbot.zip in version v1") in found.detail


def test_a_package_on_this_machine_asks_nobody(aws: Account) -> None:
    assert account.package(about(aws)).status == "pass"


def count(aws: Account, *, pattern_sets: int) -> None:
    aws.says("wafv2", "list_web_acls", {"WebACLs": []})
    aws.says("wafv2", "list_regex_pattern_sets", {"RegexPatternSets": [{}] * pattern_sets})
    aws.says("apigateway", "get_api_keys", {"items": []})
    aws.says("apigateway", "get_usage_plans", {"items": []})
    aws.says("bedrock", "list_guardrails", {"guardrails": []})


@pytest.mark.parametrize(
    ("pattern_sets", "is_applied", "status"),
    [(9, False, "pass"), (10, False, "warn"), (10, True, "pass")],
)
def test_room(aws: Account, pattern_sets: int, is_applied: bool, status: str) -> None:
    count(aws, pattern_sets=pattern_sets)
    found = account.room(about(applied(aws, is_applied=is_applied)))
    assert found.status == status
    assert ("regex pattern set" in found.do) == (status == "warn")
    assert "1474 of 1,500 WCU" in found.detail


def test_room_needs_as_much_as_is_planned() -> None:
    assert set(account.ROOM) <= {resource.type for resource in PLAN.resources}


BUDGET = {"BudgetName": "chatbot-dev", "TimeUnit": "MONTHLY", "BudgetType": "COST"}


def free(aws: Account, **taken: Any) -> Account:
    """Write down an account in which no name is taken but those given."""
    applied(aws, is_applied=False)
    aws.says("bedrock", "list_guardrails", {"guardrails": taken.get("guardrails", [])})
    trails = [trail(name) for name in taken.get("trails", ())]
    aws.says("cloudtrail", "describe_trails", {"trailList": trails})
    policies = [{"PolicyName": name} for name in taken.get("policies", ())]
    aws.says("iam", "list_policies", {"Policies": policies})
    aws.says("kms", "list_aliases", {"Aliases": [{"AliasName": n} for n in taken.get("kms", ())]})
    sets, acls = taken.get("sets", ()), taken.get("acls", ())
    aws.says("wafv2", "list_regex_pattern_sets", {"RegexPatternSets": [{"Name": n} for n in sets]})
    aws.says("wafv2", "list_web_acls", {"WebACLs": [{"Name": n} for n in acls]})
    if taken.get("budget"):
        aws.says("budgets", "describe_budget", {"Budget": BUDGET})
    else:
        aws.refuses("budgets", "describe_budget", "NotFoundException")
    groups = [{"logGroupName": name} for name in taken.get("logs", ())]
    aws.says("logs", "describe_log_groups", {"logGroups": groups})
    aws.refuses("iam", "get_role", "NoSuchEntity")
    if taken.get("function"):
        aws.says("lambda", "get_function_configuration", {"FunctionName": "chatbot-dev"})
    else:
        aws.refuses("lambda", "get_function_configuration", "ResourceNotFoundException")
    aws.refuses("s3", "head_bucket", taken.get("bucket", "404"))
    return aws


@pytest.mark.parametrize(
    ("taken", "said"),
    [
        ({}, None),
        ({"kms": ["alias/chatbot-prod"], "policies": ["chatbot-prod-boundary"],
         "logs": ["/aws/bedrock/model-invocations-old"]}, None),
        ({"kms": ["alias/chatbot-dev"]}, "aws_kms_alias alias/chatbot-dev"),
        ({"sets": ["chatbot-dev-prompt-injection"]}, "aws_wafv2_regex_pattern_set"),
        ({"acls": ["chatbot-dev"]}, "aws_wafv2_web_acl chatbot-dev"),
        ({"logs": ["/aws/bedrock/model-invocations"]}, "aws_cloudwatch_log_group /aws/bedrock"),
        ({"trails": ["chatbot-dev"]}, "aws_cloudtrail chatbot-dev"),
        ({"policies": ["chatbot-dev-boundary"]}, "aws_iam_policy chatbot-dev-boundary"),
        ({"policies": ["chatbot-dev-deny-tampering"]}, "aws_iam_policy chatbot-dev-deny-tamp"),
        ({"budget": True}, "aws_budgets_budget chatbot-dev"),
        ({"function": True}, "aws_lambda_function chatbot-dev"),
        ({"bucket": "403"}, "aws_s3_bucket chatbot-dev-trail-210987654321"),
    ],
)  # fmt: skip
def test_names(aws: Account, taken: dict[str, Any], said: str | None) -> None:
    found = account.names(about(free(aws, **taken)))
    assert found.status == ("fail" if said else "pass")
    assert (said or "free") in found.detail


def test_an_environment_without_state_is_not_applied(aws: Account) -> None:
    aws.refuses("s3", "get_object", "NoSuchKey")
    assert not about(aws).is_applied
    assert not about(aws, settings=replace(SETTINGS, bucket="REPLACE-ME-x")).is_applied


def test_names_of_an_applied_environment_are_its_own(aws: Account) -> None:
    assert account.names(about(applied(aws, is_applied=True))).status == "pass"
