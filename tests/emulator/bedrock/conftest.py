"""A guardrail with every policy, and questions under it."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.emulator.conftest import ACCOUNT, REGION, Emulator, signed
from tests.emulator.shown import unique

MODEL = "anthropic.claude-haiku-4-5-20251001-v1:0"
PROFILE = f"us.{MODEL}"
PROFILE_ARN = f"arn:aws:bedrock:{REGION}:{ACCOUNT}:inference-profile/{PROFILE}"
DESTINATIONS = [
    f"arn:aws:bedrock:{region}::foundation-model/{MODEL}"
    for region in ("us-east-1", "us-east-2", "us-west-2")
]
PROJECT = f"arn:aws:bedrock:{REGION}:{ACCOUNT}:project/default"
QUESTION = "Where is my order?"


def filters(kind: str, given: str, answered: str) -> dict[str, Any]:
    return {"type": kind, "inputStrength": given, "outputStrength": answered}


@pytest.fixture(scope="module")
def guardrail(emulator: Emulator) -> dict[str, str]:
    """Publish one version of a guardrail with every policy."""
    bedrock = emulator.client("bedrock")
    made = bedrock.create_guardrail(
        name=unique("converse"),
        blockedInputMessaging="Input blocked.",
        blockedOutputsMessaging="Output blocked.",
        contentPolicyConfig={
            "filtersConfig": [
                filters("PROMPT_ATTACK", "HIGH", "NONE"),
                filters("INSULTS", "HIGH", "HIGH"),
            ]
        },
        topicPolicyConfig={
            "topicsConfig": [
                {"name": "Investment advice", "definition": "Where to put money.", "type": "DENY"}
            ]
        },
        wordPolicyConfig={"wordsConfig": [{"text": "Gemini"}]},
        sensitiveInformationPolicyConfig={
            "piiEntitiesConfig": [
                {"type": "EMAIL", "action": "ANONYMIZE"},
                {"type": "CREDIT_DEBIT_CARD_NUMBER", "action": "BLOCK"},
            ]
        },
    )
    bedrock.create_guardrail_version(guardrailIdentifier=made["guardrailId"])
    return {"id": made["guardrailId"], "arn": made["guardrailArn"]}


@pytest.fixture
def converse(emulator: Emulator, guardrail: dict[str, str]) -> Callable[..., Any]:
    """Return a function that asks a question under the guardrail, as the administrator."""
    runtime = emulator.client("bedrock-runtime")

    def ask(text: str, **changes: Any) -> Any:
        request = {
            "modelId": PROFILE,
            "messages": [{"role": "user", "content": [{"text": text}]}],
            "guardrailConfig": {
                "guardrailIdentifier": guardrail["id"],
                "guardrailVersion": "1",
                "trace": "enabled",
            },
            **changes,
        }
        return runtime.converse(
            **{name: value for name, value in request.items() if value is not None}
        )

    return ask


def said(reply: Any) -> str:
    text: str = reply["output"]["message"]["content"][0]["text"]
    return text


def post(
    emulator: Emulator,
    path: str,
    body: bytes,
    *,
    key: str = "rehearsal",
    region: str = REGION,
    service: str = "bedrock",
) -> Any:
    return emulator.request("POST", path, body, signed(service, key, region))
