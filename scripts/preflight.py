#!/usr/bin/env python3
"""Ask an AWS account whether an environment can be applied to it: one line a check, and what to do.

    scripts/preflight.py --env dev

It only reads, with your own credentials. What the environment would make is read from a Terraform
plan that goes nowhere, so that no name, limit or default is written a second time here.

Exit code 0: nothing stands in the way (warnings and skipped checks may be left to read).
1: a check failed. 2: the account could not be asked.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from toolkit.planned import Plan, Settings, planned
from toolkit.terraform import TerraformError, environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

# What stands in envs/ until somebody edits it: AWS's example account, and names that nobody owns.
EXAMPLE_ACCOUNT = "111122223333"
PLACEHOLDER_BUCKET = "REPLACE-ME"
EXAMPLE_HOST = "example.com"

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

DENIED = {"403", "AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
# Bedrock calls a model or profile that it does not know invalid.
MISSING = {
    "404", "NoSuchBucket", "NoSuchEntity", "NoSuchKey", "NoSuchPublicAccessBlockConfiguration",
    "NotFoundException", "ResourceNotFoundException",
    "ServerSideEncryptionConfigurationNotFoundError", "ValidationException",
}  # fmt: skip
# S3 does not always say which permission is missing.
UNNAMED_PERMISSIONS = {"HeadBucket": "s3:ListBucket", "GetObject": "s3:GetObject"}

Status = Literal["pass", "warn", "fail", "skip"]


class CannotRunError(Exception):
    """The preflight lacks something. The text says what, and what to do."""


@dataclass(frozen=True)
class Finding:
    """What a check found, and what to do about it."""

    status: Status
    detail: str
    do: str = ""


@dataclass(frozen=True)
class Result:
    """One line of the report."""

    name: str
    status: Status
    detail: str
    do: str


def passed(detail: str) -> Finding:
    """Nothing to do."""
    return Finding("pass", detail)


def warned(detail: str, do: str) -> Finding:
    """The apply works; somebody should know."""
    return Finding("warn", detail, do)


def failed(detail: str, do: str) -> Finding:
    """The apply, or the chatbot after it, would not work or would do harm."""
    return Finding("fail", detail, do)


class Aws:
    """boto3 clients with the person's own credentials, one for each service and region."""

    def __init__(self) -> None:
        self._session = boto3.Session()
        self._clients: dict[tuple[str, str], Any] = {}

    def client(self, service: str, region: str) -> Any:
        """Return a client, made once."""
        if (service, region) not in self._clients:
            self._clients[service, region] = self._session.client(service, region_name=region)
        return self._clients[service, region]


@dataclass
class Question:
    """What the checks have to go on; the plan is there once Terraform has made it."""

    env: str
    settings: Settings
    aws: Aws
    plan: Plan = field(default_factory=lambda: Plan("", ()))

    def ask(self, service: str, region: str = "") -> Any:
        """Return a client, of the environment's region unless another is named."""
        return self.aws.client(service, region or self.plan.region)

    @property
    def main(self) -> str:
        """Return the file in which a person sets what is planned."""
        return f"envs/{self.env}/main.tf"

    @cached_property
    def is_applied(self) -> bool:
        """Tell whether the environment's state holds anything, so that its names may be taken."""
        if self.settings.bucket.startswith(PLACEHOLDER_BUCKET):
            return False
        s3 = self.ask("s3", self.settings.bucket_region)
        found = _or_missing(s3.get_object, Bucket=self.settings.bucket, Key=self.settings.key)
        return found is not None and bool(json.load(found["Body"]).get("resources"))

    def pages(self, service: str, operation: str, key: str, **options: Any) -> list[Any]:
        """Return a whole list. WAF has no paginators, and its quotas fit into one page."""
        client = self.ask(service)
        if not client.can_paginate(operation):
            return list(getattr(client, operation)(**options)[key])
        pages = client.get_paginator(operation).paginate(**options)
        return [item for page in pages for item in page.get(key, [])]


# Before there is a plan.


def account(question: Question) -> Finding:
    """Tell whether the credentials are of the one account that Terraform may touch."""
    settings = question.settings
    providers = f"envs/{question.env}/providers.tf"
    if not settings.account_ids:
        return failed(
            "allowed_account_ids names no account, so that Terraform would touch any",
            f'name the account in {providers}: allowed_account_ids = ["<12 digits>"]',
        )
    if EXAMPLE_ACCOUNT in settings.account_ids:
        return failed(
            f"allowed_account_ids still holds the placeholder {EXAMPLE_ACCOUNT}",
            f"edit placeholder 1 in {providers}; `aws sts get-caller-identity` tells your account",
        )
    try:
        caller = question.ask("sts", settings.bucket_region).get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        raise CannotRunError(
            f"AWS does not say who you are: {error}\n"
            "Sign in (`aws sso login`), or name a profile that works: AWS_PROFILE=…"
        ) from error
    if caller["Account"] not in settings.account_ids:
        return failed(
            f"you are {caller['Arn']}, and {providers} allows {', '.join(settings.account_ids)}",
            f"choose the right AWS_PROFILE, or correct {providers}",
        )
    return passed(f"{caller['Account']}, as {caller['Arn']}")


def state_bucket(question: Question) -> Finding:
    """Tell whether the state has a place that is its account's own, versioned and private."""
    bucket, region = question.settings.bucket, question.settings.bucket_region
    make = f'make it as docs/operations.md, "State bucket", says: bucket {bucket} in {region}'
    if not bucket or bucket.startswith(PLACEHOLDER_BUCKET):
        return failed(
            f"the backend's bucket is {bucket or 'missing'}",
            f"edit placeholder 2 in envs/{question.env}/terraform.tf",
        )
    s3 = question.ask("s3", region)
    try:
        found = s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=question.settings.account_ids[0])
    except ClientError as error:
        if _code(error) in MISSING:
            return failed(f"there is no bucket {bucket}", make)
        if _code(error) in DENIED:
            return failed(
                f"bucket {bucket} is another account's, or you may not list it",
                f"choose another name, or ask for s3:ListBucket on {bucket}",
            )
        raise
    wrong = []
    if found.get("BucketRegion", region) != region:
        wrong.append(f"it is in {found['BucketRegion']}, and the backend says {region}")
    if s3.get_bucket_versioning(Bucket=bucket).get("Status") != "Enabled":
        wrong.append("it is not versioned: a broken state could not be taken back")
    if not _or_missing(s3.get_bucket_encryption, Bucket=bucket):
        wrong.append("it has no default encryption")
    block = _or_missing(s3.get_public_access_block, Bucket=bucket) or {}
    if not all(block.get("PublicAccessBlockConfiguration", {"none": False}).values()):
        wrong.append("public access is not blocked, and state holds API keys")
    return failed(f"{bucket}: " + "; ".join(wrong), make) if wrong else passed(bucket)


# What Terraform would make.


def origin(question: Question) -> Finding:
    """Tell whether the web page has an address of its own yet."""
    answers = question.plan.all("aws_api_gateway_gateway_response")
    header = "gatewayresponse.header.Access-Control-Allow-Origin"
    allowed = answers[0].values["response_parameters"][header].strip("'")
    host = urlsplit(allowed).hostname or ""
    if host == EXAMPLE_HOST or host.endswith(f".{EXAMPLE_HOST}"):
        return failed(
            f"allowed_origin is still the placeholder {allowed}",
            f"edit placeholder 3 in {question.main}: the origin that serves your page",
        )
    return passed(allowed)


def advice(question: Question) -> Finding:
    """Repeat what the modules' own `check` blocks advise against."""
    if question.plan.advice:
        return warned(" ".join(question.plan.advice), f"change {question.main}, or know why not")
    return passed("nothing to add")


def lifecycle(question: Question) -> Finding:
    """Tell in which stage of its life the model is, wherever its profile routes to."""
    model, stages = question.plan.model, {}
    for region in sorted(model.regions - {""}):
        details = _or_missing(
            question.ask("bedrock", region).get_foundation_model, modelIdentifier=model.id
        )
        stages[region] = details["modelDetails"].get("modelLifecycle", {}) if details else None
    gone = [region for region, stage in stages.items() if stage is None]
    change = 'docs/operations.md, "The model changes", says how to take another'
    if len(gone) == len(stages):
        return failed(f"{model.id} is offered in none of {', '.join(stages)}", change)
    lives = [stage for stage in stages.values() if stage is not None]
    ends = sorted(
        f"{stage['endOfLifeTime']:%Y-%m-%d}" for stage in lives if stage.get("endOfLifeTime")
    )
    end = f", end of life {ends[0]}" if ends else ""
    if gone:
        return warned(f"{model.id} is not offered in {', '.join(gone)}{end}", change)
    if any(stage.get("status") == "LEGACY" for stage in lives):
        return warned(f"{model.id} is legacy{end}; new accounts may not use it at all", change)
    return passed(f"{model.id} is active in {', '.join(stages)}{end}")


def destinations(question: Question) -> Finding:
    """Tell whether the role may use the model wherever the profile may route to."""
    model, region = question.plan.model, question.plan.region
    profile = _or_missing(
        question.ask("bedrock").get_inference_profile, inferenceProfileIdentifier=model.profile
    )
    if profile is None:
        return failed(
            f"there is no inference profile {model.profile} in {region}",
            f"`aws bedrock list-inference-profiles --region {region}` lists those there are; "
            f"set model.inference_profile_id in {question.main}",
        )
    real = {found["modelArn"].split(":")[3] for found in profile["models"]}
    wanted = json.dumps(sorted(real - {""}))
    correct = f"set model.destination_regions = {wanted} in {question.main}"
    if missing := real - model.regions:
        return failed(
            f"{model.profile} also routes to {', '.join(sorted(missing)) or 'no region'}, where "
            "the role may not call the model: requests would fail now and then",
            correct,
        )
    if extra := model.regions - real - {region}:
        return warned(
            f"the role may call the model in {', '.join(sorted(extra))}, where {model.profile} "
            "never routes to",
            correct,
        )
    return passed(f"{model.profile} routes to {', '.join(sorted(real))}")


def access(question: Question) -> Finding:
    """Tell whether the account may call the model."""
    model, region = question.plan.model, question.plan.region
    found = question.ask("bedrock").get_foundation_model_availability(modelId=model.id)
    agreement = found["agreementAvailability"]["status"]
    states = {
        "agreement": agreement,
        "authorization": found["authorizationStatus"],
        "entitlement": found["entitlementAvailability"],
        "region": found["regionAvailability"],
    }
    said = ", ".join(f"{name} {state}" for name, state in states.items())
    if agreement == "PENDING":
        return warned(said, "wait: a new agreement takes up to 15 minutes")
    granted = {"AVAILABLE", "AUTHORIZED"}
    if {states["agreement"], states["authorization"], states["entitlement"]} - granted:
        return failed(
            said,
            "call the model once as an administrator with aws-marketplace:Subscribe, which makes "
            f"the agreement: aws bedrock-runtime converse --region {region} --model-id "
            f'{model.profile} --messages \'[{{"role":"user","content":[{{"text":"Hello"}}]}}]\'',
        )
    if states["region"] not in granted:
        return warned(
            said, f'call it once from {region}, as docs/operations.md, "First apply", says'
        )
    return passed(said)


def use_case(question: Question) -> Finding:
    """Tell whether Anthropic's form has been filled in, once for the account."""
    if "anthropic." not in question.plan.model.id:
        return passed("the model is not Anthropic's")
    if _or_missing(question.ask("bedrock").get_use_case_for_model_access):
        return passed("submitted")
    return warned(
        "Anthropic's first-use form was not submitted from this account",
        "fill it in on the Bedrock console (Model catalog, any Anthropic model), unless the "
        "organisation's management account has",
    )


def model_quotas(question: Question) -> Finding:
    """Tell how many tokens of the model the account may use."""
    model = question.plan.model
    region = min(model.regions - {""})
    details = question.ask("bedrock", region).get_foundation_model(modelIdentifier=model.id)
    name = details["modelDetails"]["modelName"].lower()
    kind = "global cross-region" if model.profile.startswith("global.") else "cross-region"
    # Bedrock throttles by tokens alone (User Guide, "Quotas for Amazon Bedrock").
    found = {
        quota["QuotaName"]: quota["Value"]
        for quota in question.pages(
            "service-quotas", "list_service_quotas", "Quotas", ServiceCode="bedrock"
        )
        if quota["QuotaName"].lower().startswith(f"{kind} model inference tokens per")
        and quota["QuotaName"].lower().endswith(name)
    }
    raise_it = "ask for more on the Service Quotas console, service Amazon Bedrock"
    if not found:
        return Finding("skip", f"Service Quotas lists none for {name} by that name", raise_it)
    said = ", ".join(f"{quota}: {value:,.0f}" for quota, value in sorted(found.items()))
    return passed(said) if all(found.values()) else failed(said, raise_it)


def invocation_logging(question: Question) -> Finding:
    """Tell whether the region's one invocation log is ours to set."""
    found = question.ask("bedrock").get_model_invocation_logging_configuration()
    config = found.get("loggingConfig") or {}
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
    """Tell whether the region's one API Gateway log role is ours to set."""
    arn = question.ask("apigateway").get_account().get("cloudwatchRoleArn")
    name = (arn or "").rpartition("/")[2]
    # A destroyed stack may leave the name of a role that is gone.
    stands = bool(arn) and bool(_or_missing(question.ask("iam").get_role, RoleName=name))
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
    """Tell whether the account is recorded once, and not twice."""
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
            f"set account.trail = {{}} in {question.main}",
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
    """Tell whether the account can give the function the concurrency that it reserves."""
    limits = question.ask("lambda").get_account_settings()["AccountLimit"]
    (function,) = question.plan.names("aws_lambda_function", "function_name")
    held = _or_missing(question.ask("lambda").get_function_concurrency, FunctionName=function) or {}
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


def room(question: Question) -> Finding:
    """Tell whether there is room for one more of what an account can only have so many of."""
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
    wcu = f"web ACL capacity {question.plan.outputs.get('web_acl_wcu', 'unknown')} of 1,500 WCU"
    detail = "; ".join((*said, wcu))
    if full:
        return warned(
            detail,
            f"unless the quota was raised already, ask for more of: {', '.join(full)} "
            "(Service Quotas console), or remove what is not used",
        )
    return passed(detail)


def names(question: Question) -> Finding:
    """Tell whether the names that must be free are free."""
    if question.is_applied:
        return passed("the environment has state; Terraform compares it")
    plan, regional = question.plan, {"Scope": "REGIONAL"}
    listed = {
        "aws_bedrock_guardrail": _each(
            question.pages("bedrock", "list_guardrails", "guardrails"), "name"
        ),
        "aws_kms_alias": _each(question.pages("kms", "list_aliases", "Aliases"), "AliasName"),
        "aws_wafv2_regex_pattern_set": _each(
            question.pages("wafv2", "list_regex_pattern_sets", "RegexPatternSets", **regional),
            "Name",
        ),
        "aws_wafv2_web_acl": _each(
            question.pages("wafv2", "list_web_acls", "WebACLs", **regional), "Name"
        ),
    }
    iam, functions, logs = question.ask("iam"), question.ask("lambda"), question.ask("logs")
    found: dict[str, Callable[[str], Any]] = {
        "aws_cloudwatch_log_group": lambda name: (
            name
            in _each(logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"], "logGroupName")
        ),
        "aws_iam_role": lambda name: _or_missing(iam.get_role, RoleName=name),
        "aws_lambda_function": lambda name: _or_missing(
            functions.get_function_configuration, FunctionName=name
        ),
        "aws_s3_bucket": lambda name: _bucket_exists(question.ask("s3"), name),
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


CHECKS: tuple[tuple[str, Callable[[Question], Finding]], ...] = (
    ("the origin is your page's", origin),
    ("the modules have no advice", advice),
    ("the model is alive", lifecycle),
    ("the role may follow the inference profile", destinations),
    ("the account has access to the model", access),
    ("Anthropic's first-use form is filled in", use_case),
    ("the model's quotas suffice", model_quotas),
    ("invocation logging overwrites nobody's", invocation_logging),
    ("API Gateway's log role replaces nobody's", gateway_role),
    ("the account is recorded by one trail", trails),
    ("Lambda has concurrency to reserve", concurrency),
    ("the account's quotas have room", room),
    ("every name is free", names),
)


def run(env: str, folder: Path, aws: Aws, report: Callable[[Result], None]) -> list[Result]:
    """Run every check in order, and report each result as it comes."""
    question = Question(env, Settings.read(folder), aws)
    results: list[Result] = []

    def tell(name: str, finding: Finding) -> Finding:
        results.append(Result(name, finding.status, finding.detail, finding.do))
        report(results[-1])
        return finding

    blocked = ""
    if tell("the account is the allowed one", account(question)).status == "fail":
        blocked = "the account is not settled yet"
    for name, check in (("the state bucket is ready", state_bucket), ("it plans", _plan(folder))):
        if blocked:
            tell(name, Finding("skip", blocked))
        elif tell(name, attempt(check, question)).status == "fail" and name == "it plans":
            blocked = "there is no plan to go by"
    for name, check in CHECKS:
        tell(name, Finding("skip", blocked) if blocked else attempt(check, question))
    return results


def _plan(folder: Path) -> Callable[[Question], Finding]:
    def check(question: Question) -> Finding:
        try:
            question.plan = planned(folder)
        except TerraformError as error:
            return failed(str(error), f"correct envs/{question.env}, then run this again")
        return passed(f"{len(question.plan.resources)} resources in {question.plan.region}")

    return check


def attempt(check: Callable[[Question], Finding], question: Question) -> Finding:
    """Run one check; what may not or cannot be asked is skipped, and says why."""
    try:
        return check(question)
    except ClientError as error:
        if _code(error) in DENIED:
            return Finding("skip", "you may not look", f"ask for {_permission(error)}")
        return Finding("skip", f"could not be asked: {error}")
    except BotoCoreError as error:
        return Finding("skip", f"could not be asked: {error}")


def _permission(error: ClientError) -> str:
    named = re.search(r"to perform:? ([a-z0-9-]+:\w+)", error.response["Error"].get("Message", ""))
    if named:
        return str(named[1])
    return UNNAMED_PERMISSIONS.get(error.operation_name, str(error.operation_name))


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _or_missing(call: Callable[..., Any], **arguments: Any) -> Any:
    """Return what a call returns, or None when what it asks for is not there."""
    try:
        return call(**arguments)
    except ClientError as error:
        if _code(error) in MISSING:
            return None
        raise


def _bucket_exists(s3: Any, bucket: str) -> bool:
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError as error:
        if _code(error) not in MISSING | DENIED:
            raise
        # Forbidden is there as well: bucket names are the whole world's.
        return _code(error) in DENIED
    return True


def _each(items: Iterable[Mapping[str, Any]], key: str) -> list[str]:
    return [item[key] for item in items]


def main(argv: list[str] | None = None) -> int:
    """Run the preflight and return its exit code."""
    parser = argparse.ArgumentParser(
        description="Check that an environment can be applied to its AWS account. It only reads."
    )
    parser.add_argument("--env", default="dev", help="an environment under envs/")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead")
    options = parser.parse_args(argv)

    def say(result: Result) -> None:
        if not options.json:
            print(f"{result.status.upper():4}  {result.name}: {result.detail}", flush=True)
            if result.do:
                print(f"      → {result.do}", flush=True)

    try:
        results = run(options.env, environment(options.env), Aws(), say)
    except (BotoCoreError, CannotRunError, TerraformError) as error:
        print(f"preflight not run: {error}", file=sys.stderr)
        return 2
    counts = {
        status: sum(result.status == status for result in results)
        for status in ("pass", "warn", "fail", "skip")
    }
    if options.json:
        checks = [asdict(result) for result in results]
        document = {"env": options.env, "passed": not counts["fail"], "checks": checks}
        print(json.dumps(document, indent=2))
    else:
        print(", ".join(f"{count} {status}" for status, count in counts.items()))
    return 1 if counts["fail"] else 0


if __name__ == "__main__":
    sys.exit(main())
