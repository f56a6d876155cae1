"""What the account says of the model: its life, who may call it, how much."""

import json
import math
import re
from collections.abc import Mapping
from datetime import date

from botocore.exceptions import ClientError

from toolkit import aws_facts
from toolkit.account_check.asking import DENIED, Question, code, or_missing
from toolkit.account_check.findings import Finding, failed, passed, skipped, warned
from toolkit.planned import Plan

# A model has at least 180 days between its legacy notice and its end (User Guide, "Model
# lifecycle"): within them, somebody should be choosing the next one.
NOTICE_DAYS = 180
CHANGE = 'docs/operations.md, "The model changes", says how to take another'

# English text; other scripts have more tokens to a character.
CHARACTERS_PER_TOKEN = 4


def lifecycle(question: Question) -> Finding:
    """Check the model's lifecycle stage in every region that its profile routes to."""
    model, stages = question.plan.model, {}
    for region in sorted(model.regions - {""}):
        details = or_missing(
            question.ask("bedrock", region).get_foundation_model, modelIdentifier=model.id
        )
        stages[region] = details["modelDetails"].get("modelLifecycle", {}) if details else None
    gone = [region for region, stage in stages.items() if stage is None]
    if len(gone) == len(stages):
        return failed(f"{model.id} is offered in none of {', '.join(stages)}", CHANGE)
    lives = [stage for stage in stages.values() if stage is not None]
    ends = sorted(stage["endOfLifeTime"].date() for stage in lives if stage.get("endOfLifeTime"))
    end = f"end of life {ends[0]}, {_away(ends[0], question.today)}" if ends else "no end known"
    if ends and ends[0] <= question.today:
        return failed(f"{model.id}: {end}; requests to it fail", CHANGE)
    if gone:
        return warned(f"{model.id} is not offered in {', '.join(gone)}; {end}", CHANGE)
    if any(stage.get("status") == "LEGACY" for stage in lives):
        return warned(f"{model.id} is legacy, {end}; new accounts may not use it at all", CHANGE)
    if ends and (ends[0] - question.today).days < NOTICE_DAYS:
        return warned(f"{model.id}: {end}", CHANGE)
    entry = aws_facts.models().get(model.id)
    if not ends and entry and entry.ends and (entry.ends - question.today).days < NOTICE_DAYS:
        return warned(
            f"{model.id} is active here, and AWS's page says end of life {entry.ends}, "
            f"{_away(entry.ends, question.today)} (modules/chatbot/aws-facts.json)",
            CHANGE,
        )
    return passed(f"{model.id} is active in {', '.join(stages)}, {end}")


def _away(day: date, today: date) -> str:
    days = (day - today).days
    return f"in {days} days" if days > 0 else f"{-days} days ago" if days else "today"


def runtime(question: Question) -> Finding:
    """Check how long Lambda patches the function's runtime."""
    (name,) = question.plan.names("aws_lambda_function", "runtime")
    ends = aws_facts.runtime_ends(name)
    take = "take a newer runtime in modules/compute/main.tf, and build and rehearse with it"
    if ends is None:
        return skipped(f"modules/chatbot/aws-facts.json does not know {name}")
    said = f"{name} is patched until {ends}, {_away(ends, question.today)}"
    if ends <= question.today:
        return failed(said, take)
    return warned(said, take) if (ends - question.today).days < NOTICE_DAYS else passed(said)


def facts(question: Question) -> Finding:
    """Check how old modules/chatbot/aws-facts.json is."""
    as_of = aws_facts.as_of()
    said = f"modules/chatbot/aws-facts.json is of {as_of}"
    if (question.today - as_of).days < NOTICE_DAYS:
        return passed(said)
    return warned(said, "compare it with the pages that it names, and date it anew")


def destinations(question: Question) -> Finding:
    """Check that the role may use the model in every region that the profile routes to."""
    model, region = question.plan.model, question.plan.region
    profile = or_missing(
        question.ask("bedrock").get_inference_profile, inferenceProfileIdentifier=model.profile
    )
    if profile is None:
        return failed(
            f"there is no inference profile {model.profile} in {region}{_misfit(question)}",
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


def _misfit(question: Question) -> str:
    """Return why a profile is not there, where its name or AWS's pages show it."""
    model, region = question.plan.model, question.plan.region
    geography = model.profile.partition(".")[0]
    offered = aws_facts.offered(model.id, region)
    here = f"; from here AWS offers {', '.join(offered)}" if offered else ""
    if geography in aws_facts.geographies() and not aws_facts.fits(geography, region):
        return f", which is not of the geography {geography}{here}"
    return here


def access(question: Question) -> Finding:
    """Check that the account has access to the model."""
    model, region = question.plan.model, question.plan.region
    availability = question.ask("bedrock").get_foundation_model_availability(modelId=model.id)
    agreement = availability["agreementAvailability"]["status"]
    states = {
        "agreement": agreement,
        "authorization": availability["authorizationStatus"],
        "entitlement": availability["entitlementAvailability"],
        "region": availability["regionAvailability"],
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
    """Check that Anthropic's first-use form was submitted for the account."""
    if "anthropic." not in question.plan.model.id:
        return passed("the model is not Anthropic's")
    if or_missing(question.ask("bedrock").get_use_case_for_model_access):
        return passed("submitted")
    return warned(
        "Anthropic's first-use form was not submitted from this account",
        "fill it in on the Bedrock console (Model catalog, any Anthropic model), unless the "
        "organization's management account has",
    )


def quotas(question: Question) -> Finding:
    """Check the account's token quotas of the model against what the plan needs in a day."""
    model = question.plan.model
    region = min(model.regions - {""})
    details = question.ask("bedrock", region).get_foundation_model(modelIdentifier=model.id)
    name = details["modelDetails"]["modelName"]
    of_minute, of_day = {}, {}
    for quota in question.pages(
        "service-quotas", "list_service_quotas", "Quotas", ServiceCode="bedrock"
    ):
        kind, value = _quota(quota["QuotaName"], name), quota["Value"]
        is_global = model.profile.startswith("global.")
        if kind == "minute" and quota["QuotaName"].startswith("Global") == is_global:
            of_minute[quota["QuotaName"]] = value
        elif kind in {"account day", "global day" if is_global else "day"}:
            # "Doubled for cross-region calls", which every call by a profile of a geography is.
            of_day[quota["QuotaName"]] = value * 2 if "doubled" in quota["QuotaName"] else value
    raise_it = "ask for more on the Service Quotas console, service Amazon Bedrock, or AWS Support"
    quotas_by_name = of_minute | of_day
    if not quotas_by_name:
        return skipped(f"Service Quotas lists none for {name} by that name", raise_it)
    said = ", ".join(f"{quota}: {value:,.0f}" for quota, value in sorted(quotas_by_name.items()))
    if not all(quotas_by_name.values()):
        return failed(said, raise_it)
    if not of_day:
        return warned(f"{said}; none for a day", raise_it)
    limits = question.plan.outputs.get("limits")
    if limits is None:
        return passed(f"{said}; the output `deployment` does not say what the plan needs")
    need, why = _tokens_of_a_day(question, limits)
    said = f"{said}; {why}"
    return warned(said, raise_it) if min(of_day.values()) < need else passed(said)


def _quota(quota: str, model: str) -> str:
    """Return what a quota limits, in so far as it limits this model; empty for another's.

    The names are AWS's (Service Quotas, service Amazon Bedrock). Some end in a version, and a
    model with a longer window has quotas of its own.
    """
    text = quota.lower()
    if text == "cross-model account-level tokens per day":
        return "account day"
    what, _, whose = text.partition(" for ")
    whose = re.sub(r"( v\d+)? *(\(.*\))?$", "", whose)
    if not f" {whose}".endswith(f" {model.lower()}"):
        return ""
    return {
        "cross-region model inference tokens per minute": "minute",
        "global cross-region model inference tokens per minute": "minute",
        "model invocation max tokens per day": "day",
        "global cross-region model inference tokens per day": "global day",
    }.get(what, "")


def _tokens_of_a_day(question: Question, limits: Mapping[str, int]) -> tuple[int, str]:
    """Return how many tokens of the quota the plan lets its clients use in a day, and why."""
    plan = question.plan
    characters = limits["message_chars"] + limits["system_prompt_chars"]
    entry = aws_facts.models().get(plan.model.id)
    answer = limits["output_tokens"] * (entry.output_burndown if entry else 1)
    message = math.ceil(characters / CHARACTERS_PER_TOKEN) + answer
    messages = _most_a_day(plan)
    need = messages * message
    return need, (
        f"the plan lets its clients send {messages:,} messages on one day, of at most "
        f"{message:,} tokens of the quota each: {need:,}"
    )


def _most_a_day(plan: Plan) -> int:
    """Return how many messages the enabled keys may send on one day, each by its client's plan."""
    # A quota of a month may be spent on one day, as fast as the rate lets it.
    a_day = {
        _client(usage.address): min(
            usage.values["quota_settings"][0]["limit"],
            usage.values["throttle_settings"][0]["rate_limit"] * 86_400,
        )
        for usage in plan.all("aws_api_gateway_usage_plan")
    }
    keys = [key for key in plan.all("aws_api_gateway_api_key") if key.values.get("enabled", True)]
    return int(sum(a_day.get(_client(key.address), a_day[""]) for key in keys))


def _client(address: str) -> str:
    """Return the client in the address of a key or of a plan; "" is the plan of all others."""
    found = re.search(r'client\["([^".]+)', address)
    return found[1] if found else ""


def enforced_guardrails(question: Question) -> Finding:
    """Check that the role may apply the guardrails that account and organization enforce."""
    enforced_arns = {
        each["guardrailArn"]
        for each in question.pages(
            "bedrock", "list_enforced_guardrails_configuration", "guardrailsConfig"
        )
    }
    theirs, unread = _of_the_organization(question)
    enforced = enforced_arns | theirs
    unsure = f"; the organization's could not be read, ask for {unread}" if unread else ""
    if not enforced:
        said = f"none is enforced by the account{unsure or ' or the organization'}"
        return skipped(said) if unread else passed(said)
    said = f"enforced: {', '.join(sorted(enforced))}{unsure}"
    if not (missing := enforced - question.plan.applicable_guardrails - _own(question)):
        return passed(said)
    return failed(
        f"{said}; the role may not apply {', '.join(sorted(missing))}, and no call would succeed",
        f"set enforced_guardrail_arns = {json.dumps(sorted(missing))} in {question.main}",
    )


def _of_the_organization(question: Question) -> tuple[set[str], str]:
    """Return the guardrails of the account's effective Bedrock policy; else what is missing."""
    try:
        policy = question.ask("organizations").describe_effective_policy(
            PolicyType="BEDROCK_POLICY"
        )
    except ClientError as error:
        if code(error) in {"AWSOrganizationsNotInUseException", "EffectivePolicyNotFoundException"}:
            return set(), ""
        if code(error) in DENIED:
            return set(), "organizations:DescribeEffectivePolicy"
        raise
    text = policy["EffectivePolicy"]["PolicyContent"]
    return set(re.findall(r"arn:[a-z-]+:bedrock:[a-z0-9-]+:\d{12}:guardrail/[a-z0-9]+", text)), ""


def _own(question: Question) -> set[str]:
    """Return the ARNs of the environment's own guardrail, if it is there."""
    names = question.plan.names("aws_bedrock_guardrail")
    listed = question.pages("bedrock", "list_guardrails", "guardrails")
    return {each["arn"] for each in listed if each["name"] in names}
