"""The test switches: errors, replies, thinking and latency."""

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator.bedrock.conftest import QUESTION, said
from tests.emulator.conftest import Emulator


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("AccessDeniedException", 403),
        ("InternalServerException", 500),
        ("ModelErrorException", 424),
        ("ModelNotReadyException", 429),
        ("ModelTimeoutException", 408),
        ("ResourceNotFoundException", 404),
        ("ServiceUnavailableException", 503),
        ("ThrottlingException", 429),
        ("ValidationException", 400),
    ],
)
def test_every_error_can_be_switched_on_for_one_call(
    converse: Any, faults: Any, code: str, status: int
) -> None:
    faults({"bedrock": {"error": code}})
    with pytest.raises(ClientError) as caught:
        converse(QUESTION)
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert converse(QUESTION)["stopReason"] == "end_turn"


def test_a_reply_can_be_set_and_the_guardrail_judges_it(converse: Any, faults: Any) -> None:
    faults({"bedrock": {"reply": {"text": "Ask Gemini."}, "times": 2}})
    assert said(converse(QUESTION)) == "Output blocked."
    assert said(converse(QUESTION, guardrailConfig=None)) == "Ask Gemini."
    faults({"bedrock": {"reply": {"text": "", "stopReason": "content_filtered"}}})
    reply = converse(QUESTION)
    assert (reply["output"]["message"]["content"], reply["stopReason"]) == ([], "content_filtered")


def test_the_model_thinks_first_when_it_is_set_to(converse: Any, faults: Any) -> None:
    faults({"bedrock": {"thinking_tokens": 100, "times": 0}})
    reply = converse(QUESTION)
    thought, answer = reply["output"]["message"]["content"]
    assert thought["reasoningContent"]["reasoningText"]["text"]
    assert answer["text"]
    plain = converse(QUESTION, additionalModelRequestFields={"thinking": {"type": "disabled"}})
    assert plain["output"]["message"]["content"] == [answer]
    assert reply["usage"]["outputTokens"] == plain["usage"]["outputTokens"] + 100
    budget = {"thinking": {"type": "enabled", "budget_tokens": 10}}
    bound = converse(QUESTION, additionalModelRequestFields=budget)
    assert bound["usage"]["outputTokens"] == plain["usage"]["outputTokens"] + 10
    all_of_it = converse(QUESTION, inferenceConfig={"maxTokens": 64})
    assert [list(block) for block in all_of_it["output"]["message"]["content"]] == [
        ["reasoningContent"]
    ]
    assert (all_of_it["stopReason"], all_of_it["usage"]["outputTokens"]) == ("max_tokens", 64)


def test_latency_can_be_set(converse: Any, faults: Any, emulator: Emulator) -> None:
    faults({"latency_ms": 120})
    began = time.monotonic()
    reply = converse(QUESTION)
    assert time.monotonic() - began >= 0.12
    assert reply["metrics"]["latencyMs"] >= 120
    shown = emulator.request("GET", "/_aws/faults").json()
    assert shown == {"bedrock": None, "dynamodb": None, "latency_ms": 120}


@pytest.mark.parametrize(
    "document",
    [
        "text",
        [],
        {"bedrock": {"error": "NoSuchException"}},
        {"bedrock": {"reply": "text"}},
        {"bedrock": {"error": "ThrottlingException", "times": "many"}},
        {"latency_ms": -1},
        {"latency_ms": float("inf")},
        {"latency": 50},
        {"bedrock": []},
        {"bedrock": {"errors": "ThrottlingException"}},
        {"bedrock": {"error": ["ThrottlingException"]}},
        {"bedrock": {"error": "ThrottlingException", "message": 5}},
        {"bedrock": {"error": "ThrottlingException", "times": True}},
        {"bedrock": {"reply": {"text": "Hello", "stopReason": 5}}},
        {"bedrock": {"thinking_tokens": -1}},
    ],
)
def test_a_wrong_switch_is_refused(faults: Any, document: Any) -> None:
    assert faults(document).status == 400


def test_what_is_no_switch_at_all_is_refused(emulator: Emulator) -> None:
    for body in (b"", b"{", b"[" * 100_000, b"\xff"):
        assert emulator.request("PUT", "/_aws/faults", body).status == 400
