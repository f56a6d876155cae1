"""The preflight: each check with an account that passes and one that does not."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber

from scripts import preflight
from scripts.preflight import CannotRunError, Finding, Question, attempt
from toolkit.planned import Model, Plan, Resource, Settings
from toolkit.terraform import ROOT, TerraformError

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCOUNT = "210987654321"
REGION = "us-east-2"
MODEL = "anthropic.claude-haiku-4-5-20251001-v1:0"
PROFILE = f"us.{MODEL}"
PROFILE_ARN = f"arn:aws:bedrock:{REGION}:{ACCOUNT}:inference-profile/{PROFILE}"
REGIONS = ("us-east-1", "us-east-2", "us-west-2")
ME = f"arn:aws:iam::{ACCOUNT}:user/me"
ROLE = "arn:aws:iam::210987654321:role/ApiGatewayLoggingRole"
SETTINGS = Settings((ACCOUNT,), "state-of-210987654321", "chatbot/dev.tfstate", REGION)


def made(kind: str, **values: Any) -> Resource:
    return Resource(f"module.chatbot.{kind}.this", kind, values)


def models(regions: tuple[str, ...]) -> list[str]:
    return [f"arn:aws:bedrock:{region}::foundation-model/{MODEL}" for region in regions]


POLICY = {
    "Statement": [
        {"Action": "bedrock:InvokeModel", "Resource": PROFILE_ARN},
        {
            "Action": "bedrock:InvokeModel",
            "Resource": models(REGIONS),
            "Condition": {"StringEquals": {"bedrock:InferenceProfileArn": PROFILE_ARN}},
        },
    ]
}
ORIGIN = "gatewayresponse.header.Access-Control-Allow-Origin"
PLAN = Plan(
    REGION,
    (
        made("aws_api_gateway_account"),
        made("aws_api_gateway_api_key", name="chatbot-dev-web"),
        made(
            "aws_api_gateway_gateway_response",
            response_parameters={ORIGIN: "'https://chat.example.org'"},
        ),
        made("aws_api_gateway_usage_plan", name="chatbot-basic-plan"),
        made("aws_bedrock_guardrail", name="chatbot-dev"),
        made("aws_bedrock_model_invocation_logging_configuration"),
        made("aws_cloudtrail", name="chatbot-dev"),
        made("aws_cloudwatch_log_group", name="/aws/bedrock/model-invocations"),
        made("aws_iam_role", name="ApiGatewayLoggingRole"),
        made("aws_iam_role_policy", name="guardrail"),
        made("aws_iam_role_policy", name="invoke", policy=json.dumps(POLICY)),
        made("aws_kms_alias", name="alias/chatbot-dev"),
        made("aws_lambda_function", function_name="chatbot-dev", reserved_concurrent_executions=10),
        made("aws_s3_bucket", bucket="chatbot-dev-trail-210987654321"),
        made("aws_wafv2_regex_pattern_set", name="chatbot-dev-prompt-injection"),
        made("aws_wafv2_web_acl", name="chatbot-dev"),
    ),
    {"web_acl_wcu": 1474},
)


def without(*kinds: str) -> Plan:
    return replace(PLAN, resources=tuple(one for one in PLAN.resources if one.type not in kinds))


class Account:
    """boto3 clients whose answers are written down beforehand, checked against AWS's own models."""

    def __init__(self) -> None:
        self._stubs: dict[tuple[str, str], Stubber] = {}

    def client(self, service: str, region: str) -> Any:
        return self._stub(service, region).client

    def _stub(self, service: str, region: str) -> Stubber:
        if (service, region) not in self._stubs:
            client = boto3.client(
                service, region_name=region, aws_access_key_id="a", aws_secret_access_key="b"
            )
            self._stubs[service, region] = Stubber(client)
            self._stubs[service, region].activate()
        return self._stubs[service, region]

    def says(
        self, service: str, operation: str, answer: dict[str, Any], region: str = REGION
    ) -> Account:
        self._stub(service, region).add_response(operation, answer)
        return self

    def refuses(
        self, service: str, operation: str, code: str, message: str = "", region: str = REGION
    ) -> Account:
        self._stub(service, region).add_client_error(operation, code, message)
        return self

    def was_asked_everything(self) -> None:
        for stub in self._stubs.values():
            stub.assert_no_pending_responses()


@pytest.fixture
def aws() -> Iterator[Account]:
    account = Account()
    yield account
    account.was_asked_everything()


def about(aws: Account, plan: Plan = PLAN, settings: Settings = SETTINGS) -> Question:
    return Question("dev", settings, aws, plan)  # type: ignore[arg-type]  # clients all the same


def applied(aws: Account, *, is_applied: bool) -> Account:
    state = b'{"resources": [{}]}' if is_applied else b'{"resources": []}'
    return aws.says("s3", "get_object", {"Body": io.BytesIO(state)})


# The files and the plan.


@pytest.mark.parametrize("env", ["dev", "prod"])
def test_reads_where_an_environment_may_go_and_where_its_state_is(env: str) -> None:
    settings = Settings.read(ROOT / "envs" / env)
    assert settings.key == f"chatbot/{env}.tfstate"
    assert settings.bucket_region == REGION
    # As committed; should the placeholders change, the checks must learn the new ones.
    assert settings.account_ids == (preflight.EXAMPLE_ACCOUNT,)
    assert settings.bucket.startswith(preflight.PLACEHOLDER_BUCKET)


def test_reads_no_account_where_none_is_named() -> None:
    assert Settings.read(ROOT / "modules" / "chatbot") == Settings((), "", "", "")


def test_reads_what_a_plan_would_make() -> None:
    managed = {"address": "a.b", "type": "a", "mode": "managed", "values": {"name": "x"}}
    advice = {
        "address": {"kind": "check"},
        "instances": [{"problems": [{"message": "Somebody should be told."}]}, {}],
    }
    plan = Plan.of(
        {
            "planned_values": {
                "outputs": {"region": {"value": REGION}, "url": {}},
                "root_module": {
                    "child_modules": [{"resources": [managed, {**managed, "mode": "data"}]}]
                },
            },
            "checks": [advice, {"address": {"kind": "var"}, "instances": [{"problems": []}]}],
        }
    )
    assert plan.region == REGION
    assert plan.names("a") == ["x"]
    assert plan.advice == ("Somebody should be told.",)


def test_reads_the_model_from_what_the_role_may_call() -> None:
    assert PLAN.model == Model(MODEL, PROFILE, frozenset(REGIONS))
    with pytest.raises(LookupError):
        _ = without("aws_iam_role_policy").model


# Before there is a plan.


def test_account_allowed(aws: Account) -> None:
    aws.says("sts", "get_caller_identity", {"Account": ACCOUNT, "Arn": ME})
    assert preflight.account(about(aws)).status == "pass"


def test_account_of_somebody_else(aws: Account) -> None:
    aws.says("sts", "get_caller_identity", {"Account": "999999999999", "Arn": ME})
    found = preflight.account(about(aws))
    assert (found.status, "AWS_PROFILE" in found.do) == ("fail", True)


@pytest.mark.parametrize("accounts", [(), (preflight.EXAMPLE_ACCOUNT,)])
def test_account_not_named_or_a_placeholder(aws: Account, accounts: tuple[str, ...]) -> None:
    found = preflight.account(about(aws, settings=replace(SETTINGS, account_ids=accounts)))
    assert (found.status, "envs/dev/providers.tf" in found.do) == ("fail", True)


def test_credentials_that_do_not_work_stop_everything(aws: Account) -> None:
    aws.refuses("sts", "get_caller_identity", "ExpiredToken")
    with pytest.raises(CannotRunError, match="aws sso login"):
        preflight.account(about(aws))


PRIVATE = dict.fromkeys(
    ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
)
ENCRYPTED: dict[str, Any] = {"ServerSideEncryptionConfiguration": {"Rules": []}}


def bucket(
    aws: Account,
    *,
    region: str = REGION,
    versioned: bool = True,
    encrypted: bool = True,
    public: dict[str, bool] | None = PRIVATE,
) -> Finding:
    aws.says("s3", "head_bucket", {"BucketRegion": region})
    aws.says("s3", "get_bucket_versioning", {"Status": "Enabled"} if versioned else {})
    if encrypted:
        aws.says("s3", "get_bucket_encryption", ENCRYPTED)
    else:
        missing = "ServerSideEncryptionConfigurationNotFoundError"
        aws.refuses("s3", "get_bucket_encryption", missing)
    if public is None:
        aws.refuses("s3", "get_public_access_block", "NoSuchPublicAccessBlockConfiguration")
    else:
        aws.says("s3", "get_public_access_block", {"PublicAccessBlockConfiguration": public})
    return preflight.state_bucket(about(aws))


def test_state_bucket_ready(aws: Account) -> None:
    assert bucket(aws).status == "pass"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"region": "eu-west-1"}, "eu-west-1"),
        ({"versioned": False}, "versioned"),
        ({"encrypted": False}, "encryption"),
        ({"public": None}, "public access"),
        ({"public": PRIVATE | {"BlockPublicPolicy": False}}, "public access"),
    ],
)
def test_state_bucket_not_ready(aws: Account, wrong: dict[str, Any], said: str) -> None:
    found = bucket(aws, **wrong)
    assert (found.status, said in found.detail) == ("fail", True)


@pytest.mark.parametrize(("code", "said"), [("404", "no bucket"), ("403", "another account's")])
def test_state_bucket_not_there_or_not_ours(aws: Account, code: str, said: str) -> None:
    aws.refuses("s3", "head_bucket", code)
    found = preflight.state_bucket(about(aws))
    assert (found.status, said in found.detail) == ("fail", True)


def test_state_bucket_still_a_placeholder(aws: Account) -> None:
    found = preflight.state_bucket(about(aws, settings=replace(SETTINGS, bucket="REPLACE-ME-x")))
    assert (found.status, "placeholder 2" in found.do) == ("fail", True)


# What Terraform would make.


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("https://chat.example.org", "pass"),
        ("http://localhost:5173", "pass"),
        ("https://notexample.com", "pass"),
        ("https://chat.example.com", "fail"),
        ("https://example.com:8443", "fail"),
    ],
)
def test_origin(aws: Account, origin: str, status: str) -> None:
    answer = made("aws_api_gateway_gateway_response", response_parameters={ORIGIN: f"'{origin}'"})
    assert preflight.origin(about(aws, Plan(REGION, (answer,)))).status == status


def test_advice(aws: Account) -> None:
    assert preflight.advice(about(aws)).status == "pass"
    found = preflight.advice(about(aws, replace(PLAN, advice=("Somebody should be told.",))))
    assert (found.status, found.detail) == ("warn", "Somebody should be told.")


def life(aws: Account, *stages: dict[str, Any] | None) -> Finding:
    for region, stage in zip(REGIONS, stages, strict=True):
        if stage is None:
            aws.refuses("bedrock", "get_foundation_model", "ResourceNotFoundException", "", region)
            continue
        details = {"modelArn": models((region,))[0], "modelId": MODEL, "modelLifecycle": stage}
        aws.says("bedrock", "get_foundation_model", {"modelDetails": details}, region)
    return preflight.lifecycle(about(aws))


def test_lifecycle(aws: Account) -> None:
    active = {"status": "ACTIVE", "endOfLifeTime": datetime(2027, 10, 7, tzinfo=UTC)}
    found = life(aws, active, active, active)
    assert (found.status, "2027-10-07" in found.detail) == ("pass", True)
    legacy = {"status": "LEGACY", "endOfLifeTime": datetime(2026, 12, 24, tzinfo=UTC)}
    found = life(aws, active, legacy, active)
    assert (found.status, "2026-12-24" in found.detail) == ("warn", True)
    found = life(aws, active, None, active)
    assert (found.status, "us-east-2" in found.detail) == ("warn", True)
    assert life(aws, None, None, None).status == "fail"


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
    return preflight.destinations(about(aws))


def test_destinations(aws: Account) -> None:
    assert routes(aws, *REGIONS).status == "pass"
    # The role always has the source region as well, which AWS asks for.
    assert routes(aws, "us-east-1", "us-west-2").status == "pass"
    found = routes(aws, *REGIONS, "us-west-1")
    assert found.status == "fail"
    assert '["us-east-1", "us-east-2", "us-west-1", "us-west-2"]' in found.do
    assert routes(aws, "us-east-1", "us-east-2").status == "warn"


@pytest.mark.parametrize("code", ["ResourceNotFoundException", "ValidationException"])
def test_destinations_of_a_profile_that_is_not_there(aws: Account, code: str) -> None:
    aws.refuses("bedrock", "get_inference_profile", code)
    found = preflight.destinations(about(aws))
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
    assert preflight.access(about(aws)).status == status


def test_use_case(aws: Account) -> None:
    aws.says("bedrock", "get_use_case_for_model_access", {"formData": b"{}"})
    assert preflight.use_case(about(aws)).status == "pass"
    aws.refuses("bedrock", "get_use_case_for_model_access", "ResourceNotFoundException")
    assert preflight.use_case(about(aws)).status == "warn"


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("Cross-region # tokens per minute for Anthropic Claude Haiku 4.5", 50_000, "pass"),
        ("Cross-region # tokens per minute for Anthropic Claude Haiku 4.5", 0, "fail"),
        ("Global cross-region # tokens per minute for Anthropic Claude Haiku 4.5", 0, "skip"),
        ("Cross-region # tokens per minute for Anthropic Claude 3 Haiku", 0, "skip"),
    ],
)
def test_model_quotas(aws: Account, name: str, value: float, status: str) -> None:
    (arn,) = models(("us-east-1",))
    details = {"modelArn": arn, "modelId": MODEL, "modelName": "Claude Haiku 4.5"}
    aws.says("bedrock", "get_foundation_model", {"modelDetails": details}, "us-east-1")
    name = name.replace("#", "model inference")
    quotas = {"Quotas": [{"QuotaName": name, "Value": value}]}
    aws.says("service-quotas", "list_service_quotas", quotas)
    assert preflight.model_quotas(about(aws)).status == status


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
    found = preflight.invocation_logging(about(aws))
    assert found.status == status
    assert (status == "fail") == ("account.invocation_logging = null" in found.do)


def test_invocation_logging_to_a_bucket_is_somebodys_too(aws: Account) -> None:
    answer = {"loggingConfig": {"s3Config": {"bucketName": "prompts"}}}
    aws.says("bedrock", "get_model_invocation_logging_configuration", answer)
    found = preflight.invocation_logging(applied_not(aws))
    assert (found.status, "prompts" in found.detail) == ("fail", True)


def applied_not(aws: Account) -> Question:
    return about(applied(aws, is_applied=False))


@pytest.mark.parametrize(("group", "status"), [("/security/bedrock", "pass"), (None, "fail")])
def test_invocation_logging_left_to_the_account(
    aws: Account, group: str | None, status: str
) -> None:
    aws.says("bedrock", "get_model_invocation_logging_configuration", logs_to(group))
    plan = without("aws_bedrock_model_invocation_logging_configuration")
    assert preflight.invocation_logging(about(aws, plan)).status == status


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
    assert preflight.gateway_role(about(aws)).status == status


@pytest.mark.parametrize(
    ("named", "stands", "status"),
    [(True, True, "pass"), (True, False, "fail"), (False, False, "fail")],
)
def test_gateway_role_left_to_the_account(
    aws: Account, named: bool, stands: bool, status: str
) -> None:
    role(aws, named=named, stands=stands)
    plan = without("aws_api_gateway_account")
    assert preflight.gateway_role(about(aws, plan)).status == status


def trail(name: str, *, everywhere: bool = True) -> dict[str, Any]:
    arn = f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/{name}"
    return {"Name": name, "TrailARN": arn, "IsMultiRegionTrail": everywhere}


def test_trails(aws: Account) -> None:
    aws.says("cloudtrail", "describe_trails", {"trailList": [trail("chatbot-dev")]})
    assert preflight.trails(about(aws)).status == "pass"
    aws.says("cloudtrail", "describe_trails", {"trailList": [trail("organisation")]})
    found = preflight.trails(about(aws))
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
    assert preflight.trails(about(aws, without("aws_cloudtrail"))).status == status


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
    found = preflight.concurrency(about(aws))
    assert found.status == status
    assert (status == "fail") == ("L-B99A9384" in found.do)


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
    found = preflight.room(about(applied(aws, is_applied=is_applied)))
    assert found.status == status
    assert ("regex pattern set" in found.do) == (status == "warn")
    assert "1474 of 1,500 WCU" in found.detail


def test_room_needs_as_much_as_is_planned() -> None:
    assert set(preflight.ROOM) <= {resource.type for resource in PLAN.resources}


def free(aws: Account, **taken: Any) -> Account:
    """Write down an account in which no name is taken but those given."""
    applied(aws, is_applied=False)
    aws.says("bedrock", "list_guardrails", {"guardrails": taken.get("guardrails", [])})
    aws.says("kms", "list_aliases", {"Aliases": [{"AliasName": n} for n in taken.get("kms", ())]})
    sets, acls = taken.get("sets", ()), taken.get("acls", ())
    aws.says("wafv2", "list_regex_pattern_sets", {"RegexPatternSets": [{"Name": n} for n in sets]})
    aws.says("wafv2", "list_web_acls", {"WebACLs": [{"Name": n} for n in acls]})
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
        ({"kms": ["alias/chatbot-prod"], "logs": ["/aws/bedrock/model-invocations-old"]}, None),
        ({"kms": ["alias/chatbot-dev"]}, "aws_kms_alias alias/chatbot-dev"),
        ({"sets": ["chatbot-dev-prompt-injection"]}, "aws_wafv2_regex_pattern_set"),
        ({"acls": ["chatbot-dev"]}, "aws_wafv2_web_acl chatbot-dev"),
        ({"logs": ["/aws/bedrock/model-invocations"]}, "aws_cloudwatch_log_group /aws/bedrock"),
        ({"function": True}, "aws_lambda_function chatbot-dev"),
        ({"bucket": "403"}, "aws_s3_bucket chatbot-dev-trail-210987654321"),
    ],
)
def test_names(aws: Account, taken: dict[str, Any], said: str | None) -> None:
    found = preflight.names(about(free(aws, **taken)))
    assert found.status == ("fail" if said else "pass")
    assert (said or "free") in found.detail


def test_an_environment_without_state_is_not_applied(aws: Account) -> None:
    aws.refuses("s3", "get_object", "NoSuchKey")
    assert not about(aws).is_applied
    assert not about(aws, settings=replace(SETTINGS, bucket="REPLACE-ME-x")).is_applied


def test_names_of_an_applied_environment_are_its_own(aws: Account) -> None:
    assert preflight.names(about(applied(aws, is_applied=True))).status == "pass"


# What may not be asked, and the whole.


def test_a_denied_check_is_skipped_and_names_the_permission(aws: Account) -> None:
    said = f"User: {ME} is not authorized to perform: bedrock:GetInferenceProfile on {PROFILE}"
    aws.refuses("bedrock", "get_inference_profile", "AccessDeniedException", said)
    found = attempt(preflight.destinations, about(aws))
    assert (found.status, found.do) == ("skip", "ask for bedrock:GetInferenceProfile")
    aws.refuses("s3", "get_object", "AccessDenied", "Access Denied")
    found = attempt(preflight.names, about(aws))
    assert (found.status, found.do) == ("skip", "ask for s3:GetObject")


def test_a_check_that_cannot_be_asked_is_skipped_and_says_why(aws: Account) -> None:
    aws.refuses("bedrock", "get_inference_profile", "ThrottlingException", "Slow down")
    found = attempt(preflight.destinations, about(aws))
    assert (found.status, "Slow down" in found.detail) == ("skip", True)


def test_a_wrong_account_is_asked_nothing_else(
    aws: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(preflight, "Aws", lambda: aws)
    assert preflight.main(["--env", "dev", "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["passed"] is False
    first, *others = document["checks"]
    assert (first["status"], "placeholder 1" in first["do"]) == ("fail", True)
    assert {check["status"] for check in others} == {"skip"}


def test_an_environment_that_does_not_plan_is_asked_nothing_else(
    aws: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> Plan:
        raise TerraformError("Error: Invalid value for variable")

    monkeypatch.setattr(preflight, "planned", broken)
    monkeypatch.setattr(Settings, "read", lambda _: replace(SETTINGS, bucket="REPLACE-ME"))
    aws.says("sts", "get_caller_identity", {"Account": ACCOUNT, "Arn": ME})
    told: list[str] = []
    results = preflight.run("dev", ROOT, aws, lambda one: told.append(one.name))  # type: ignore[arg-type]  # clients all the same
    assert [result.status for result in results[:3]] == ["pass", "fail", "fail"]
    assert {result.status for result in results[3:]} == {"skip"}
    assert told == [result.name for result in results]


def test_an_unknown_environment_cannot_be_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert preflight.main(["--env", "nowhere"]) == 2
    assert "There are: dev, prod." in capsys.readouterr().err
