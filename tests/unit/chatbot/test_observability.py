"""The log line of a request, as Lambda's log levels and CloudWatch's metrics need it."""

import json
from dataclasses import replace
from typing import Any

import pytest

from chatbot.config import TelemetryConfig
from chatbot.errors import BudgetExhaustedError
from chatbot.models import ChatAnswer, GuardrailFinding, ModelReply, RequestIds, Usage
from chatbot.observability import Telemetry

IDS = RequestIds("r", "f")
FINDINGS = tuple(
    GuardrailFinding("input", policy, "NONE") for policy in ("wordPolicy", "topicPolicy")
)
REPLY = ModelReply("Yes.", "end_turn", Usage(21, 13), 420, 2, FINDINGS)
ANSWER = ChatAnswer("Yes.", blocked=False, reply=REPLY, budget_used=79)
TELEMETRY = Telemetry(TelemetryConfig("chatbot-test", "Chatbot", "INFO"))


@pytest.fixture
def logged(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return what was logged, at a moment that is always the same."""
    monkeypatch.setattr("chatbot.observability.time.time", lambda: 1_795_816_800.0425)

    def read() -> dict[str, Any]:
        (line,) = capsys.readouterr().out.splitlines()
        parsed: dict[str, Any] = json.loads(line)
        return parsed

    return read


def test_cloudwatch_finds_each_metric_with_its_unit_and_time(logged: Any) -> None:
    TELEMETRY.answered(ANSWER, IDS, duration_ms=512)
    line = logged()
    assert line["timestamp"] == "2026-11-27T22:00:00.042Z"
    assert line["_aws"]["Timestamp"] == 1_795_816_800_042
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert {one["Name"]: (line[one["Name"]], one["Unit"]) for one in directive["Metrics"]} == {
        "Requests": (1, "Count"),
        "Answered": (1, "Count"),
        "InputTokens": (21, "Count"),
        "OutputTokens": (13, "Count"),
        "ModelLatency": (420, "Milliseconds"),
        "BudgetUsed": (79, "Percent"),
    }


def test_an_answer_is_logged_with_all_but_its_words(logged: Any) -> None:
    TELEMETRY.answered(ANSWER, IDS, duration_ms=512)
    line = logged()
    assert (line["status"], line["attempts"], line["duration_ms"]) == (200, 2, 512)
    assert line["guardrail"] == ["input.topicPolicy.NONE", "input.wordPolicy.NONE"]
    assert "Yes." not in json.dumps(line)
    assert {"screened", "score", "leaked", "person"}.isdisjoint(line)
    TELEMETRY.answered(replace(ANSWER, leaked=True), replace(IDS, person="0123"), duration_ms=1)
    line = logged()
    assert (line["leaked"], line["Leaked"], line["person"]) == (True, 1, "0123")


def test_a_deletion_is_logged_without_saying_of_what(logged: Any) -> None:
    TELEMETRY.deleted(IDS, duration_ms=7)
    line = logged()
    described = line.pop("_aws")["CloudWatchMetrics"][0]["Metrics"]
    assert [one["Name"] for one in described] == ["Requests", "Deleted"]
    assert line == {
        "level": "INFO",
        "timestamp": "2026-11-27T22:00:00.042Z",
        "service": "chatbot-test",
        "message": "chat",
        "request_id": "r",
        "function_request_id": "f",
        "status": 204,
        "duration_ms": 7,
        "Requests": 1,
        "Deleted": 1,
    }


def test_a_failure_is_logged_with_what_the_caller_read_and_what_the_operator_needs(
    logged: Any,
) -> None:
    TELEMETRY.failed(BudgetExhaustedError(60, budget="client, day"), IDS, duration_ms=7)
    line = logged()
    del line["_aws"]
    assert line == {
        "level": "WARN",
        "timestamp": "2026-11-27T22:00:00.042Z",
        "service": "chatbot-test",
        "message": "chat",
        "request_id": "r",
        "function_request_id": "f",
        "status": 429,
        "code": "budget_exhausted",
        "reason": "The budget for this period is used up. Try again when the next one begins.",
        "duration_ms": 7,
        "budget": "client, day",
        "Requests": 1,
        "BudgetExhausted": 1,
        "BudgetUsed": 100,  # of a budget that is used up
    }


def test_without_a_namespace_there_are_no_metrics(logged: Any) -> None:
    Telemetry(TelemetryConfig("chatbot-test", None, "INFO")).deleted(IDS, duration_ms=7)
    assert {"_aws", "Requests"}.isdisjoint(logged())
