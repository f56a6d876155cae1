"""What must be right before the account is asked: each check passes once and fails once."""

from dataclasses import replace
from typing import Any

import pytest

from tests.unit.account_check.support import (
    ACCOUNT,
    ME,
    MODEL,
    ORIGIN,
    PLAN,
    PROFILE,
    REGION,
    REGIONS,
    SETTINGS,
    Account,
    about,
    made,
    without,
)
from toolkit.account_check import environment
from toolkit.account_check.asking import PLACEHOLDER_BUCKET
from toolkit.account_check.findings import Finding
from toolkit.errors import ToolkitError
from toolkit.planned import Model, Plan, Settings
from toolkit.terraform import ROOT


@pytest.mark.parametrize("env", ["dev", "prod"])
def test_reads_where_an_environment_may_go_and_where_its_state_is(env: str) -> None:
    settings = Settings.read(ROOT / "envs" / env)
    assert (settings.key, settings.bucket_region) == (f"chatbot/{env}.tfstate", REGION)
    # As committed; should the placeholders change, the checks must learn the new ones.
    assert settings.account_ids == (environment.EXAMPLE_ACCOUNT,)
    assert settings.bucket.startswith(PLACEHOLDER_BUCKET)


def test_reads_no_account_where_none_is_named() -> None:
    assert Settings.read(ROOT / "modules" / "chatbot") == Settings((), "", "", "")


def test_reads_what_a_plan_would_make() -> None:
    managed = {"address": "a.b", "type": "a", "mode": "managed", "values": {"name": "x"}}
    advice = {
        "address": {"kind": "check"},
        "instances": [{"problems": [{"message": "Somebody should know."}]}, {}],
    }
    plan = Plan.of(
        {
            "output_changes": {"deployment": {"after": {"region": REGION}}},
            "planned_values": {
                "root_module": {
                    "child_modules": [{"resources": [managed, {**managed, "mode": "data"}]}]
                }
            },
            "checks": [advice, {"address": {"kind": "var"}, "instances": [{"problems": []}]}],
        }
    )
    assert (plan.region, plan.names("a")) == (REGION, ["x"])
    assert plan.advice == ("Somebody should know.",)


def test_reads_the_model_from_what_the_role_may_call() -> None:
    assert PLAN.model == Model(MODEL, PROFILE, frozenset(REGIONS))
    with pytest.raises(LookupError):
        _ = without("aws_iam_role_policy").model


def test_account_allowed(aws: Account) -> None:
    aws.says("sts", "get_caller_identity", {"Account": ACCOUNT, "Arn": ME})
    assert environment.account(about(aws)).status == "pass"


def test_account_of_somebody_else(aws: Account) -> None:
    aws.says("sts", "get_caller_identity", {"Account": "999999999999", "Arn": ME})
    found = environment.account(about(aws))
    assert (found.status, "AWS_PROFILE" in found.do) == ("fail", True)


@pytest.mark.parametrize("accounts", [(), (environment.EXAMPLE_ACCOUNT,)])
def test_account_not_named_or_a_placeholder(aws: Account, accounts: tuple[str, ...]) -> None:
    found = environment.account(about(aws, settings=replace(SETTINGS, account_ids=accounts)))
    assert (found.status, "envs/dev/providers.tf" in found.do) == ("fail", True)


def test_credentials_that_do_not_work_stop_everything(aws: Account) -> None:
    aws.refuses("sts", "get_caller_identity", "ExpiredToken")
    with pytest.raises(ToolkitError, match="aws sso login"):
        environment.account(about(aws))


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
        aws.refuses("s3", "get_bucket_encryption", "ServerSideEncryptionConfigurationNotFoundError")
    if public is None:
        aws.refuses("s3", "get_public_access_block", "NoSuchPublicAccessBlockConfiguration")
    else:
        aws.says("s3", "get_public_access_block", {"PublicAccessBlockConfiguration": public})
    return environment.state_bucket(about(aws))


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
    found = environment.state_bucket(about(aws))
    assert (found.status, said in found.detail) == ("fail", True)


def test_state_bucket_still_a_placeholder(aws: Account) -> None:
    found = environment.state_bucket(about(aws, settings=replace(SETTINGS, bucket="REPLACE-ME-x")))
    assert (found.status, "placeholder 2" in found.do) == ("fail", True)


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
    assert environment.origin(about(aws, Plan(REGION, (answer,)))).status == status


def test_advice(aws: Account) -> None:
    assert environment.advice(about(aws)).status == "pass"
    found = environment.advice(about(aws, replace(PLAN, advice=("Somebody should know.",))))
    assert (found.status, found.detail) == ("warn", "Somebody should know.")
