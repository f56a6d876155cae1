"""Policies that go by tags: what one has, and what a call would give."""

from typing import Any

import pytest

from tests.emulator.conftest import Emulator
from tests.emulator.shown import allow, refusal, unique

OURS = {"team": "ours"}
PAIRS = [{"TagKey": "team", "TagValue": "ours"}]


def tagged(where: str) -> dict[str, Any]:
    return {"StringEquals": {f"aws:{where}Tag/team": "ours"}}


@pytest.fixture
def caller(emulator: Emulator) -> dict[str, Any]:
    """Return credentials of a role that makes and changes what is tagged as its own."""
    new = ["apigateway:POST", "bedrock:CreateGuardrail", "kms:CreateKey"]
    old = ["apigateway:*", "bedrock:*", "kms:*"]
    return emulator.role(
        unique("tags"),
        [allow(new, Condition=tagged("Request")), allow(old, Condition=tagged("Resource"))],
    )


def denied(call: Any, **arguments: Any) -> bool:
    return refusal(call, **arguments)[1] in {"AccessDenied", "AccessDeniedException"}


def test_keys(emulator: Emulator, caller: dict[str, Any]) -> None:
    theirs = emulator.client("kms").create_key()["KeyMetadata"]["KeyId"]
    kms = emulator.client("kms", caller)
    assert denied(kms.create_key)
    assert denied(kms.create_key, Tags=[{"TagKey": "team", "TagValue": "other"}])
    assert denied(kms.disable_key, KeyId=theirs)
    mine = kms.create_key(Tags=PAIRS)["KeyMetadata"]["KeyId"]
    kms.disable_key(KeyId=mine)
    kms.untag_resource(KeyId=mine, TagKeys=["team"])
    assert denied(kms.enable_key, KeyId=mine)


def test_guardrails(emulator: Emulator, caller: dict[str, Any]) -> None:
    texts = {
        "blockedInputMessaging": "no",
        "blockedOutputsMessaging": "no",
        "wordPolicyConfig": {"wordsConfig": [{"text": "x"}]},
    }
    theirs = emulator.client("bedrock").create_guardrail(name=unique(), **texts)["guardrailId"]
    bedrock = emulator.client("bedrock", caller)
    assert denied(bedrock.create_guardrail, name=unique(), **texts)
    assert denied(bedrock.delete_guardrail, guardrailIdentifier=theirs)
    tags = [{"key": "team", "value": "ours"}]
    mine = bedrock.create_guardrail(name=unique(), tags=tags, **texts)["guardrailId"]
    bedrock.delete_guardrail(guardrailIdentifier=mine)


def test_what_is_below_an_api_or_a_plan_inherits_its_tags(
    emulator: Emulator, caller: dict[str, Any]
) -> None:
    administrator = emulator.client("apigateway")
    theirs = administrator.create_rest_api(name=unique())["id"]
    gateway = emulator.client("apigateway", caller)
    assert denied(gateway.create_rest_api, name=unique())
    assert denied(gateway.get_resources, restApiId=theirs)
    mine = gateway.create_rest_api(name=unique(), tags=OURS)["id"]
    (root,) = gateway.get_resources(restApiId=mine)["items"]
    gateway.create_resource(restApiId=mine, parentId=root["id"], pathPart="a")
    plan = gateway.create_usage_plan(name=unique(), tags=OURS)["id"]
    key = gateway.create_api_key(name=unique(), enabled=True, tags=OURS)["id"]
    gateway.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")
    assert gateway.get_api_key(apiKey=key)
    other = administrator.create_api_key(name=unique(), enabled=True)["id"]
    assert denied(gateway.get_api_key, apiKey=other)
    assert denied(gateway.delete_rest_api, restApiId="missing")
