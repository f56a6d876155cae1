"""What the account says of the model: each check with one that passes and one that does not."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.unit.account_check.support import (
    ACCOUNT,
    ENFORCED,
    MODEL,
    PLAN,
    PROFILE,
    PROFILE_ARN,
    REGION,
    REGIONS,
    Account,
    about,
    made,
    models,
)
from toolkit import aws_facts
from toolkit.account_check import model
from toolkit.account_check.findings import Finding
from toolkit.planned import Plan


def life(aws: Account, *stages: dict[str, Any] | None) -> Finding:
    for region, stage in zip(REGIONS, stages, strict=True):
        if stage is None:
            aws.refuses("bedrock", "get_foundation_model", "ResourceNotFoundException", "", region)
            continue
        details = {"modelArn": models((region,))[0], "modelId": MODEL, "modelLifecycle": stage}
        aws.says("bedrock", "get_foundation_model", {"modelDetails": details}, region)
    return model.lifecycle(about(aws))


def at(day: str | None, status: str = "ACTIVE") -> dict[str, Any]:
    ends = {"endOfLifeTime": datetime.fromisoformat(f"{day}T00:00:00+00:00")} if day else {}
    return {"status": status, **ends}


# Today is 2026-11-27 here.
@pytest.mark.parametrize(
    ("stage", "status", "said"),
    [
        (at(None), "pass", "no end known"),
        (at("2027-10-07"), "pass", "2027-10-07, in 314 days"),
        (at("2027-05-26"), "pass", "in 180 days"),
        (at("2027-05-25"), "warn", "in 179 days"),
        (at("2026-12-24", "LEGACY"), "warn", "2026-12-24, in 27 days"),
        (at("2026-11-27"), "fail", "today"),
        (at("2026-09-10"), "fail", "78 days ago"),
    ],
)
def test_lifecycle(aws: Account, stage: dict[str, Any], status: str, said: str) -> None:
    found = life(aws, at(None), stage, at(None))
    assert (found.status, said in found.detail) == (status, True), found


def test_lifecycle_where_the_model_is_not_offered(aws: Account) -> None:
    found = life(aws, at(None), None, at(None))
    assert (found.status, "us-east-2" in found.detail) == ("warn", True)
    assert life(aws, None, None, None).status == "fail"


def test_lifecycle_on_awss_page_alone(aws: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    known = replace(aws_facts.models()[MODEL], ends=date(2026, 10, 14))
    monkeypatch.setattr(aws_facts, "models", lambda: {MODEL: known})
    found = life(aws, at(None), at(None), at(None))
    assert (found.status, "2026-10-14, 44 days ago" in found.detail) == ("warn", True)


@pytest.mark.parametrize(
    ("today", "status"),
    [(date(2026, 11, 27), "pass"), (date(2028, 10, 1), "warn"), (date(2028, 10, 31), "fail")],
)
def test_runtime(aws: Account, today: date, status: str) -> None:
    found = model.runtime(replace(about(aws), today=today))
    assert (found.status, "2028-10-31" in found.detail) == (status, True)


def test_runtime_that_is_not_known(aws: Account) -> None:
    function = made("aws_lambda_function", runtime="python9.9")
    assert model.runtime(about(aws, Plan(REGION, (function,)))).status == "skip"


def test_facts_age(aws: Account) -> None:
    as_of = aws_facts.as_of()
    assert model.facts(replace(about(aws), today=as_of)).status == "pass"
    later = as_of + timedelta(days=180)
    assert model.facts(replace(about(aws), today=later)).status == "warn"


def routes(aws: Account, *regions: str) -> Finding:
    profile = {
        "inferenceProfileName": "US Haiku",
        "inferenceProfileArn": PROFILE_ARN,
        "inferenceProfileId": PROFILE,
        "models": [{"modelArn": arn} for arn in models(regions)],
        "status": "ACTIVE",
        "type": "SYSTEM_DEFINED",
    }
    aws.says("bedrock", "get_inference_profile", profile)
    return model.destinations(about(aws))


def test_destinations(aws: Account) -> None:
    assert routes(aws, *REGIONS).status == "pass"
    # The role always has the source region as well, which AWS asks for.
    assert routes(aws, "us-east-1", "us-west-2").status == "pass"
    found = routes(aws, *REGIONS, "us-west-1")
    assert found.status == "fail"
    assert '["us-east-1", "us-east-2", "us-west-1", "us-west-2"]' in found.do
    assert routes(aws, "us-east-1", "us-east-2").status == "warn"


def test_destinations_of_another_geography(aws: Account) -> None:
    plan = replace(PLAN, region="eu-central-1")
    aws.refuses("bedrock", "get_inference_profile", "ValidationException", "", "eu-central-1")
    found = model.destinations(about(aws, plan))
    assert found.status == "fail"
    assert "not of the geography us" in found.detail
    assert f"eu.{MODEL}" in found.detail


@pytest.mark.parametrize("code", ["ResourceNotFoundException", "ValidationException"])
def test_destinations_of_a_profile_that_is_not_there(aws: Account, code: str) -> None:
    aws.refuses("bedrock", "get_inference_profile", code)
    found = model.destinations(about(aws))
    assert (found.status, "list-inference-profiles" in found.do) == ("fail", True)


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({}, "pass"),
        ({"agreementAvailability": {"status": "PENDING"}}, "warn"),
        ({"agreementAvailability": {"status": "NOT_AVAILABLE"}}, "fail"),
        ({"authorizationStatus": "NOT_AUTHORIZED"}, "fail"),
        ({"entitlementAvailability": "NOT_AVAILABLE"}, "fail"),
        ({"regionAvailability": "NOT_AVAILABLE"}, "warn"),
    ],
)
def test_access(aws: Account, wrong: dict[str, Any], status: str) -> None:
    answer = {
        "modelId": MODEL,
        "agreementAvailability": {"status": "AVAILABLE"},
        "authorizationStatus": "AUTHORIZED",
        "entitlementAvailability": "AVAILABLE",
        "regionAvailability": "AVAILABLE",
    }
    aws.says("bedrock", "get_foundation_model_availability", answer | wrong)
    assert model.access(about(aws)).status == status


def test_use_case(aws: Account) -> None:
    aws.says("bedrock", "get_use_case_for_model_access", {"formData": b"{}"})
    assert model.use_case(about(aws)).status == "pass"
    aws.refuses("bedrock", "get_use_case_for_model_access", "ResourceNotFoundException")
    assert model.use_case(about(aws)).status == "warn"


MINUTE = "Cross-region model inference tokens per minute for Anthropic Claude Haiku 4.5"
DAY = (
    "Model invocation max tokens per day for Anthropic Claude Haiku 4.5 V1"
    " (doubled for cross-region calls)"
)
ACCOUNT_DAY = "Cross-Model Account-Level Tokens Per Day"
# 500 messages of the one enabled key, each (2,000 + 9) / 4 tokens and 500 of an answer, times 5.
NEED = 500 * (503 + 500 * 5)


@pytest.mark.parametrize(
    ("quotas", "status"),
    [
        ({MINUTE: 50_000, DAY: NEED / 2}, "pass"),
        ({MINUTE: 50_000, DAY: NEED / 2 - 1}, "warn"),
        ({MINUTE: 50_000, DAY: 0}, "fail"),
        ({MINUTE: 0, DAY: NEED}, "fail"),
        ({MINUTE: 50_000}, "warn"),
        ({MINUTE: 50_000, DAY: NEED, ACCOUNT_DAY: NEED - 1}, "warn"),
        ({MINUTE: 50_000, DAY: NEED, ACCOUNT_DAY: NEED}, "pass"),
        ({f"Global {MINUTE[0].lower()}{MINUTE[1:]}": 0}, "skip"),
        ({MINUTE.replace("Haiku 4.5", "3 Haiku"): 0}, "skip"),
        ({DAY.replace("4.5 V1", "4.5 V1 1M Context Length"): 0}, "skip"),
    ],
)
def test_quotas(aws: Account, quotas: dict[str, float], status: str) -> None:
    (arn,) = models(("us-east-1",))
    details = {"modelArn": arn, "modelId": MODEL, "modelName": "Claude Haiku 4.5"}
    aws.says("bedrock", "get_foundation_model", {"modelDetails": details}, "us-east-1")
    listed = [{"QuotaName": name, "Value": value} for name, value in quotas.items()]
    aws.says("service-quotas", "list_service_quotas", {"Quotas": listed})
    found = model.quotas(about(aws))
    assert found.status == status, found
    assert (f"{NEED:,}" in found.detail) == (DAY in quotas and 0 not in quotas.values())


def test_quotas_of_an_environment_that_tells_no_limits(aws: Account) -> None:
    details = {"modelArn": models(("us-east-1",))[0], "modelId": MODEL}
    details["modelName"] = "Claude Haiku 4.5"
    aws.says("bedrock", "get_foundation_model", {"modelDetails": details}, "us-east-1")
    listed = [{"QuotaName": MINUTE, "Value": 1.0}, {"QuotaName": DAY, "Value": 1.0}]
    aws.says("service-quotas", "list_service_quotas", {"Quotas": listed})
    found = model.quotas(about(aws, replace(PLAN, outputs={})))
    assert (found.status, "does not say what the plan needs" in found.detail) == ("pass", True)


def enforced(
    aws: Account, *arns: str, organisation: str | None = None, own: bool = False
) -> Finding:
    listed = [{"guardrailArn": arn, "owner": "ACCOUNT"} for arn in arns]
    aws.says("bedrock", "list_enforced_guardrails_configuration", {"guardrailsConfig": listed})
    if organisation is None:
        aws.refuses(
            "organizations", "describe_effective_policy", "AWSOrganizationsNotInUseException"
        )
    else:
        policy = {"PolicyContent": organisation, "PolicyType": "BEDROCK_POLICY"}
        aws.says("organizations", "describe_effective_policy", {"EffectivePolicy": policy})
    if arns or organisation:
        summary = {
            "id": "abc123def456", "arn": MINE, "status": "READY", "version": "DRAFT",
            "name": "chatbot-dev" if own else "another",
            "createdAt": datetime(2026, 1, 1, tzinfo=UTC),
            "updatedAt": datetime(2026, 1, 1, tzinfo=UTC),
        }  # fmt: skip
        aws.says("bedrock", "list_guardrails", {"guardrails": [summary]})
    return model.enforced_guardrails(about(aws))


MINE = f"arn:aws:bedrock:{REGION}:{ACCOUNT}:guardrail/abc123def456"


@pytest.mark.parametrize("arns", [[], [ENFORCED], [MINE]], ids=["none", "allowed", "own"])
def test_an_enforced_guardrail_that_the_role_may_apply(aws: Account, arns: list[str]) -> None:
    assert enforced(aws, *arns, own=arns == [MINE]).status == "pass"


def test_an_enforced_guardrail_that_the_role_may_not_apply(aws: Account) -> None:
    found = enforced(aws, MINE)
    assert (found.status, f'enforced_guardrail_arns = ["{MINE}"]' in found.do) == ("fail", True)


def test_a_guardrail_that_the_organisation_enforces(aws: Account) -> None:
    policy = json.dumps({"bedrock": {"guardrail": {"@@assign": f"{MINE}:3"}}})
    found = enforced(aws, organisation=policy)
    assert (found.status, MINE in found.do) == ("fail", True)


def test_an_organisation_that_may_not_be_asked(aws: Account) -> None:
    aws.says("bedrock", "list_enforced_guardrails_configuration", {"guardrailsConfig": []})
    aws.refuses("organizations", "describe_effective_policy", "AccessDeniedException")
    found = model.enforced_guardrails(about(aws))
    assert (found.status, "organizations:DescribeEffectivePolicy" in found.detail) == ("skip", True)
