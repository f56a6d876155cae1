"""What the account has already: singletons, names, and room for more."""

from collections.abc import Callable  # noqa: TC003  # only annotates a variable
from typing import Any

from botocore.exceptions import ClientError

from toolkit import aws_facts
from toolkit.account_check.asking import (
    DENIED,
    MISSING,
    Question,
    bucket_exists,
    code,
    each,
    or_missing,
)
from toolkit.account_check.findings import Finding, failed, passed, warned

# Lambda Developer Guide, "Configuring reserved concurrency".
LEFT_UNRESERVED = 100
# Quotas of an account and Region unless raised (developer guides, "quotas" pages).
ROOM = {
    "aws_wafv2_web_acl": 100,
    "aws_wafv2_regex_pattern_set": 10,
    "aws_api_gateway_api_key": 10_000,
    "aws_api_gateway_usage_plan": 300,
    "aws_bedrock_guardrail": 100,
}


def invocation_logging(question: Question) -> Finding:
    """Check that no other environment owns the region's invocation logging."""
    logging = question.ask("bedrock").get_model_invocation_logging_configuration()
    config = logging.get("loggingConfig") or {}
    group = config.get("cloudWatchConfig", {}).get("logGroupName")
    places = [group, config.get("s3Config", {}).get("bucketName")]
    where = " and ".join(place for place in places if place)
    ours = question.plan.one("aws_bedrock_model_invocation_logging_configuration")
    if ours is None:
        if where:
            return passed(f"the account's own, to {where}, is left as it is")
        return failed(
            "nobody would record prompts and answers: the account has no invocation logging, and "
            "account.invocation_logging is null",
            f"set account.invocation_logging = {{}} in {question.main}",
        )
    if not where:
        return passed("none yet; this environment makes it")
    planned_groups = question.plan.names("aws_cloudwatch_log_group")
    if question.is_applied and group in planned_groups:
        return passed("this environment's own")
    return failed(
        f"the account already records to {where}; an apply would overwrite that setting, and a "
        "destroy would turn it off for everybody",
        f"set account.invocation_logging = null in {question.main} to leave it as it is, or take "
        f"it over: terraform -chdir=envs/{question.env} import '{ours.address}' "
        f"{question.plan.region}",
    )


def gateway_role(question: Question) -> Finding:
    """Check that no other environment owns the region's API Gateway logging role."""
    arn = question.ask("apigateway").get_account().get("cloudwatchRoleArn")
    name = (arn or "").rpartition("/")[2]
    # A destroyed stack may leave the name of a role that is gone.
    stands = bool(arn) and bool(or_missing(question.ask("iam").get_role, RoleName=name))
    ours = question.plan.one("aws_api_gateway_account")
    if ours is None:
        if stands:
            return passed(f"the account's own, {name}, is left as it is")
        return failed(
            "API Gateway has no role to write access logs with, and refuses the stage without one",
            f"set account.api_gateway_log_role = {{}} in {question.main}",
        )
    if not stands:
        return passed("none yet; this environment makes it")
    if question.is_applied and name in question.plan.names("aws_iam_role"):
        return passed("this environment's own")
    return failed(
        f"the account already has {name}; an apply would replace it under every other API here, "
        "and a destroy would leave them none",
        f"set account.api_gateway_log_role = null in {question.main}",
    )


def trails(question: Question) -> Finding:
    """Check that exactly one trail records the account."""
    cloudtrail = question.ask("cloudtrail")
    found = cloudtrail.describe_trails(includeShadowTrails=True)["trailList"]
    own = question.plan.names("aws_cloudtrail")
    if not own:
        for trail in found:
            if trail.get("IsMultiRegionTrail") and cloudtrail.get_trail_status(
                Name=trail["TrailARN"]
            ).get("IsLogging"):
                return passed(f"{trail['Name']} records all regions, and is left as it is")
        return failed(
            "no trail records all regions of the account, and account.trail is null",
            f'set account.trail = {{ object_lock_days = 365, object_lock_mode = "GOVERNANCE" }} in '
            f"{question.main}",
        )
    others = [trail["Name"] for trail in found if trail["Name"] not in own]
    if not others:
        return passed("no other trail; the first copy of management events is free")
    return warned(
        f"there are already {', '.join(others)}; a second copy of management events costs $2 for "
        "100,000",
        f"set account.trail = null in {question.main} if one of them records every region and "
        "cannot be erased; a region holds five trails at most",
    )


def concurrency(question: Question) -> Finding:
    """Check that the account has the concurrency that the function reserves."""
    limits = question.ask("lambda").get_account_settings()["AccountLimit"]
    (function,) = question.plan.names("aws_lambda_function", "function_name")
    held = or_missing(question.ask("lambda").get_function_concurrency, FunctionName=function) or {}
    (reserved,) = question.plan.names("aws_lambda_function", "reserved_concurrent_executions")
    free = limits["UnreservedConcurrentExecutions"] + held.get("ReservedConcurrentExecutions", 0)
    said = f"{reserved} of {free} unreserved, in an account of {limits['ConcurrentExecutions']:,}"
    if free - reserved < LEFT_UNRESERVED:
        return failed(
            f"{said}; Lambda keeps {LEFT_UNRESERVED} unreserved",
            "raise the quota, which new accounts start low with: aws service-quotas "
            "request-service-quota-increase --service-code lambda --quota-code L-B99A9384 "
            f"--desired-value 1000 --region {question.plan.region}",
        )
    return passed(said)


def package(question: Question) -> Finding:
    """Check that the function's package is where Lambda can take it from."""
    (function,) = question.plan.all("aws_lambda_function")
    bucket, key, version = (
        function.values.get(name) for name in ("s3_bucket", "s3_key", "s3_object_version")
    )
    if not bucket:
        return passed("a file on this machine")
    where = f"s3://{bucket}/{key}" + (f" in version {version}" if version else "")
    s3, correct = question.ask("s3"), f"correct package in {question.main}"
    try:
        region = s3.head_bucket(Bucket=bucket).get("BucketRegion", question.plan.region)
        s3.head_object(Bucket=bucket, Key=key, **({"VersionId": version} if version else {}))
    except ClientError as error:
        if code(error) in MISSING:
            return failed(f"there is no {where}", correct)
        if code(error) in DENIED:
            return failed(
                f"you may not read {where}, and Lambda reads it as you",
                "ask for s3:GetObject, and for s3:GetObjectVersion where a version is named",
            )
        raise
    if region != question.plan.region:
        return failed(
            f"{bucket} is in {region}, and Lambda takes a package from its own region alone",
            f"copy the object to a bucket in {question.plan.region}, and {correct}",
        )
    return passed(where)


def room(question: Question) -> Finding:
    """Check that the account's quotas have room for the planned resources."""
    regional = {"Scope": "REGIONAL"}
    used = {
        "aws_wafv2_web_acl": question.pages("wafv2", "list_web_acls", "WebACLs", **regional),
        "aws_wafv2_regex_pattern_set": question.pages(
            "wafv2", "list_regex_pattern_sets", "RegexPatternSets", **regional
        ),
        "aws_api_gateway_api_key": question.pages("apigateway", "get_api_keys", "items"),
        "aws_api_gateway_usage_plan": question.pages("apigateway", "get_usage_plans", "items"),
        "aws_bedrock_guardrail": question.pages("bedrock", "list_guardrails", "guardrails"),
    }
    said, full = [], []
    for kind, limit in ROOM.items():
        more = 0 if question.is_applied else len(question.plan.all(kind))
        name = kind.removeprefix("aws_").replace("_", " ")
        said.append(f"{name} {len(used[kind])} + {more} of {limit:,}")
        if len(used[kind]) + more > limit:
            full.append(name)
    planned = question.plan.outputs.get("web_acl_wcu", "unknown")
    wcu = f"web ACL capacity {planned} of {aws_facts.included_wcu():,} WCU"
    detail = "; ".join((*said, wcu))
    if full:
        return warned(
            detail,
            f"unless the quota was raised already, ask for more of: {', '.join(full)} "
            "(Service Quotas console), or remove what is not used",
        )
    return passed(detail)


def names(question: Question) -> Finding:
    """Check that the names of the planned resources are not taken."""
    if question.is_applied:
        return passed("the environment has state; Terraform compares it")
    plan, regional = question.plan, {"Scope": "REGIONAL"}
    listed = {
        "aws_bedrock_guardrail": each(
            question.pages("bedrock", "list_guardrails", "guardrails"), "name"
        ),
        # A trail that records every region is in this one as well, wherever its home is.
        "aws_cloudtrail": each(
            question.ask("cloudtrail").describe_trails(includeShadowTrails=True)["trailList"],
            "Name",
        ),
        "aws_iam_policy": each(
            question.pages("iam", "list_policies", "Policies", Scope="Local"), "PolicyName"
        ),
        "aws_kms_alias": each(question.pages("kms", "list_aliases", "Aliases"), "AliasName"),
        "aws_wafv2_regex_pattern_set": each(
            question.pages("wafv2", "list_regex_pattern_sets", "RegexPatternSets", **regional),
            "Name",
        ),
        "aws_wafv2_web_acl": each(
            question.pages("wafv2", "list_web_acls", "WebACLs", **regional), "Name"
        ),
    }
    iam, functions, logs = question.ask("iam"), question.ask("lambda"), question.ask("logs")
    budgets, (account_id, *_) = question.ask("budgets"), question.settings.account_ids
    found: dict[str, Callable[[str], Any]] = {
        "aws_budgets_budget": lambda name: or_missing(
            budgets.describe_budget, AccountId=account_id, BudgetName=name
        ),
        "aws_cloudwatch_log_group": lambda name: (
            name
            in each(logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"], "logGroupName")
        ),
        "aws_iam_role": lambda name: or_missing(iam.get_role, RoleName=name),
        "aws_lambda_function": lambda name: or_missing(
            functions.get_function_configuration, FunctionName=name
        ),
        "aws_s3_bucket": lambda name: bucket_exists(question.ask("s3"), name),
    }
    attributes = {"aws_lambda_function": "function_name", "aws_s3_bucket": "bucket"}
    taken = [
        f"{kind} {name}"
        for kind in (*listed, *found)
        for name in plan.names(kind, attributes.get(kind, "name"))
        if (name in listed[kind] if kind in listed else found[kind](name))
    ]
    if taken:
        return failed(
            f"already there, and in no state: {', '.join(taken)}",
            'docs/operations.md, "After a mistaken destroy", says how to import what an earlier '
            f"apply left; otherwise delete it, or choose another environment name in "
            f"{question.main}",
        )
    return passed("free")
