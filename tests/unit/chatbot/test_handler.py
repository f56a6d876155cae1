"""What every answer has, and what no log line may have."""

import json
import logging
import re
import secrets
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatbot import errors
from chatbot import handler as handler_module
from chatbot.config import TelemetryConfig
from chatbot.endpoint import GarbledError, RefusedError, UnreachableError
from chatbot.errors import ChatbotError
from chatbot.handler import Handler
from chatbot.models import Deadline
from chatbot.observability import Telemetry
from tests.unit.chatbot.conftest import ORIGIN, Context, ScriptedEndpoint, reply

EVENTS = Path(__file__).parents[2] / "events"


def test_an_answer_and_a_refusal_carry_the_same_headers(invoke: Any) -> None:
    answer, refusal = invoke(), invoke(body="no")
    assert answer.headers == {
        "Access-Control-Allow-Origin": "https://support.example.com",
        "Cache-Control": "no-store",
        "Content-Type": "application/json",
        "Vary": "Origin",
        "X-Content-Type-Options": "nosniff",
    }
    assert refusal.headers == answer.headers
    assert refusal.body["error"]["request_id"] == answer.body["request_id"]


def test_a_direct_invocation_gets_the_same_answer_object(
    invoke: Any, event: dict[str, Any]
) -> None:
    direct = invoke(whole_event=json.loads((EVENTS / "direct.json").read_text()))
    proxied = invoke(whole_event=event)
    assert direct.body.pop("request_id") == "7d1cb2f6-5f2d-4c0e-9d7e-6f2a0b1c2d3e"
    assert proxied.body.pop("request_id") == "0f6a1f7e-7f2c-4f0a-8d8e-3a5f3f5a9c11"
    assert (direct.status, direct.headers, direct.body) == (200, proxied.headers, proxied.body)
    assert direct.requests[0]["requestMetadata"] == {
        "request_id": "7d1cb2f6-5f2d-4c0e-9d7e-6f2a0b1c2d3e"
    }


def test_an_answer_is_what_a_proxy_integration_takes(
    make_handler: Any, event: dict[str, Any], context: Any
) -> None:
    answer = make_handler(ScriptedEndpoint([reply("Yes.")]))(event, context)
    assert set(answer) == {"statusCode", "headers", "body", "isBase64Encoded"}
    assert answer["isBase64Encoded"] is False, "else API Gateway decodes the JSON"


def test_an_answer_that_utf8_cannot_hold_can_still_be_sent(invoke: Any) -> None:
    assert invoke(reply("half a \ud83d")).body["response"] == "half a \ud83d"


def test_one_line_and_one_set_of_metrics_say_what_happened(invoke: Any) -> None:
    guardrail = {
        "outputAssessments": {
            "g": [{"wordPolicy": {"customWords": [{"match": "Grok", "action": "BLOCKED"}]}}]
        }
    }
    said = invoke(reply("Grok", stop="guardrail_intervened", guardrail=guardrail))
    (line,) = said.logs
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("timestamp"))
    assert line.pop("duration_ms") >= 0
    assert line == {
        "level": "INFO",
        "service": "chatbot-test",
        "message": "chat",
        "request_id": "0f6a1f7e-7f2c-4f0a-8d8e-3a5f3f5a9c11",
        "function_request_id": "7d1cb2f6-5f2d-4c0e-9d7e-6f2a0b1c2d3e",
        "status": 200,
        "blocked": True,
        "stop_reason": "guardrail_intervened",
        "guardrail": ["output.wordPolicy.BLOCKED"],
        "input_tokens": 21,
        "output_tokens": 13,
        "model_latency_ms": 420,
        "attempts": 1,
    }
    assert said.metrics == {
        "Requests": 1,
        "Blocked": 1,
        "InputTokens": 21,
        "OutputTokens": 13,
        "ModelLatency": 420,
    }


@pytest.mark.parametrize("body", [None, "no"])
def test_the_log_has_the_person_and_neither_token_nor_mail_address(
    invoke: Any, event: dict[str, Any], body: object
) -> None:
    assert "person" not in invoke(body=body).logs[0]
    claims = {"sub": "6f1d4c1e", "iss": "https://pool.example", "email": "mary@example.com"}
    event["requestContext"]["authorizer"] = {"claims": claims}
    event["headers"]["authorization"] = "Bearer header.payload.signature"
    said = invoke(whole_event=event, body=body)
    assert re.fullmatch("[0-9a-f]{32}", said.logs[0]["person"])
    for secret in (*claims.values(), "header.payload.signature"):
        assert secret not in said.raw_output


def test_with_sign_in_the_api_must_hand_on_a_person(invoke: Any, event: dict[str, Any]) -> None:
    refused = invoke(sign_in=True)
    assert (refused.status, refused.code, refused.requests) == (401, "unauthenticated", ())
    assert refused.logs[0]["level"] == "WARN"
    assert invoke(sign_in=True, whole_event={"message": "Hello"}).status == 200
    event["requestContext"]["authorizer"] = {"claims": {"sub": "6f1d4c1e", "iss": "https://x"}}
    assert invoke(sign_in=True, whole_event=event).status == 200


def test_metrics_have_the_service_as_their_one_dimension(invoke: Any) -> None:
    emf = next(json.loads(line) for line in invoke().raw_output.splitlines() if "_aws" in line)
    (described,) = emf["_aws"]["CloudWatchMetrics"]
    assert (described["Namespace"], described["Dimensions"]) == ("Chatbot", [["service"]])
    assert emf["service"] == "chatbot-test"


def test_a_bug_is_an_internal_error_that_names_the_place_and_not_the_text(invoke: Any) -> None:
    said = invoke(RuntimeError("my secret"))
    assert (said.status, said.code) == (500, "internal_error")
    assert said.logs[0]["cause"] == "RuntimeError"
    assert "handler.py:" in said.logs[0]["where"]
    assert "bedrock.py:" in said.logs[0]["where"]
    assert "my secret" not in said.raw_output


@pytest.mark.parametrize(
    "outcome", [RuntimeError("my secret"), UnreachableError(ConnectionError("inside"))]
)
def test_a_caller_reads_what_to_do_and_not_what_went_wrong_inside(
    invoke: Any, outcome: Exception
) -> None:
    said = invoke(outcome)
    assert set(said.body) == {"error"}
    assert set(said.body["error"]) == {"code", "message", "request_id"}
    assert said.body["error"]["message"] == said.logs[0]["reason"]
    assert said.logs[0]["cause"] not in json.dumps(said.body)


def outcomes(canary: str) -> dict[str, Any]:
    """Every way for the model to end, with the canary in every text that may come along."""
    found = [
        {"match": canary, "type": canary, "name": canary, "regex": canary, "action": "BLOCKED"}
    ]
    assessment = {
        "topicPolicy": {"topics": found},
        "contentPolicy": {"filters": found},
        "wordPolicy": {"customWords": found, "managedWordLists": found},
        "sensitiveInformationPolicy": {"piiEntities": found, "regexes": found},
    }
    guardrail = {
        "modelOutput": [canary],
        "inputAssessment": {"g": assessment},
        "outputAssessments": {"g": [assessment]},
        "actionReason": canary,
    }
    masked = json.loads(json.dumps(guardrail).replace("BLOCKED", "ANONYMIZED"))
    codes = ["Throttling", "ModelError", "ServiceUnavailable", "ModelTimeout", "Validation"]
    return {
        "answered": reply(canary),
        "blocked": reply(canary, stop="guardrail_intervened", guardrail=guardrail),
        "masked": reply(canary, stop="guardrail_intervened", guardrail=masked),
        "filtered": reply(canary, stop="content_filtered"),
        "malformed": reply(canary, stop="malformed_model_output"),
        "bug": RuntimeError(canary),
        "garbled": GarbledError(ValueError(canary)),
        "unreachable": UnreachableError(OSError(canary)),
    } | {code: RefusedError(f"{code}Exception", 400, f"guardrail {canary}") for code in codes}


BODIES: dict[str, Callable[[str], str]] = {
    "good": lambda canary: json.dumps({"message": canary}),
    "not JSON": lambda canary: canary,
    "unknown field": lambda canary: json.dumps({"message": canary, canary: canary}),
    "not a string": lambda canary: json.dumps({"message": [canary]}),
    "control character": lambda canary: json.dumps({"message": f"{canary}\x00"}),
    "twice": lambda canary: f'{{"message": "{canary}", "message": "{canary}"}}',
    "NaN": lambda canary: f'{{"{canary}": NaN}}',
    "too long": lambda canary: json.dumps({"message": canary * 200}),
}


# A refused body never gets as far as the model.
CASES = [("good", outcome) for outcome in outcomes("")]
CASES += [(body, "answered") for body in BODIES]


@pytest.mark.parametrize(("body", "outcome"), CASES)
def test_no_word_of_a_conversation_reaches_a_log(
    invoke: Any, event: dict[str, Any], caplog: pytest.LogCaptureFixture, *, body: str, outcome: str
) -> None:
    caplog.set_level(logging.DEBUG)
    canary = f"canary{secrets.token_hex(8)}"
    event["headers"] = dict.fromkeys(event["headers"], canary)
    event["multiValueHeaders"] = {name: [canary] for name in event["headers"]}
    event["requestContext"]["identity"] = {"apiKey": canary, "userAgent": canary}
    event["requestContext"]["requestId"] = f"{canary} with spaces"
    said = invoke(outcomes(canary)[outcome], whole_event=event, body=BODIES[body](canary))
    assert said.logs
    assert canary not in said.raw_output
    assert canary not in caplog.text
    if said.status != 200:
        assert canary not in json.dumps(said.body), "nor is it repeated to the caller"


@pytest.fixture
def served(make_handler: Any, make_endpoint: Any, loopback: Any) -> tuple[Any, Any]:
    """A chatbot, and the server that it asks."""
    return make_handler(make_endpoint(loopback.url)), loopback.handler


def test_not_even_at_level_debug_with_a_real_server(
    served: tuple[Any, Any], invoke: Any, caplog: pytest.LogCaptureFixture
) -> None:
    canary = f"canary{secrets.token_hex(8)}"
    chatbot, server = served
    server.answer = json.dumps(reply(canary)).encode()
    caplog.set_level(logging.DEBUG)
    said = invoke(handler=chatbot, body=json.dumps({"message": canary}))
    assert said.body["response"] == canary
    assert canary not in caplog.text + said.raw_output


class Chatbot:
    """Stands in for the service: fails as it is set to, and keeps what it is asked to delete."""

    keeps_conversations = True

    def __init__(self, failure: ChatbotError | None = None) -> None:
        self.failure = failure
        self.deleted: list[str] = []
        self.until = 0.0

    def answer(self, request: object, deadline: object) -> object:
        del request, deadline
        assert self.failure
        raise self.failure

    def delete(self, ids: object, conversation_id: str, deadline: Deadline) -> None:
        del ids
        self.deleted.append(conversation_id)
        self.until = deadline.at


def handler_of(chatbot: Any) -> Handler:
    telemetry = Telemetry(TelemetryConfig("chatbot-test", "Chatbot", "INFO"))
    return Handler(chatbot, telemetry, max_message_chars=200, origins=(ORIGIN,), sign_in=False)


DOCUMENTED = re.findall(r"── (\w+) +(\d{3}) (\w+)", str(errors.__doc__))
AGAIN = {"409": "5", "429": "5", "503": "5"}


@pytest.mark.parametrize(("name", "status", "code"), DOCUMENTED)
def test_each_failure_is_answered_as_documented(
    invoke: Any, name: str, status: str, code: str
) -> None:
    kind = getattr(errors, name)
    failure = kind(3600) if kind is errors.BudgetExhaustedError else kind()
    said = invoke(handler=handler_of(Chatbot(failure)))
    assert (said.status, said.code) == (int(status), code)
    assert said.body["error"]["message"] == str(failure) == kind.message
    wait = "3600" if kind is errors.BudgetExhaustedError else AGAIN.get(status)
    assert said.headers.get("Retry-After") == wait


def test_no_failure_is_missing_in_the_documentation() -> None:
    documented = {name for name, _, _ in DOCUMENTED}
    assert documented == {kind.__name__ for kind in ChatbotError.__subclasses__()}


def test_a_deletion_is_answered_without_a_body_and_logged_without_the_id(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatbot.models.time", SimpleNamespace(monotonic=lambda: 1000.0))
    chatbot, known = Chatbot(), "A" * 24
    event = {"httpMethod": "DELETE", "body": None, "pathParameters": {"id": known}}
    answer = handler_of(chatbot)(event, Context(remaining_ms=20_000))
    assert chatbot.until == 1000.0 + 20 - 0.5, "half a second is kept to answer in"
    assert (answer["statusCode"], answer["body"], chatbot.deleted) == (204, "", [known])
    output = capsys.readouterr().out
    line = json.loads(output)
    assert (line["status"], line["Requests"], line["Deleted"]) == (204, 1, 1)
    assert known not in output


@pytest.mark.parametrize("body", [None, "no"])
def test_the_log_says_how_long_an_answer_and_a_refusal_took(
    invoke: Any, monkeypatch: pytest.MonkeyPatch, body: object
) -> None:
    clock = SimpleNamespace(monotonic=iter([1000.0, 1002.5]).__next__)
    monkeypatch.setattr(handler_module, "time", clock)
    assert invoke(body=body).logs[0]["duration_ms"] == 2500


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(body=st.text(st.characters(codec=None)) | st.binary() | st.none() | st.integers())
def test_no_body_ever_breaks_the_handler(invoke: Any, event: dict[str, Any], body: object) -> None:
    event["body"] = body
    assert invoke(whole_event=event).status in {200, 400}


LEVELS = ["INFO", "WARN", "ERROR"]
HAPPENED = {
    "answered": (0, {"Answered", "InputTokens", "OutputTokens", "ModelLatency"}),
    "refused": (0, {"Refused"}),
    "429": (1, {"ModelThrottled"}),
    "403": (2, {"InternalErrors"}),
}


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("what", HAPPENED)
def test_metrics_survive_every_log_level(invoke: Any, *, what: str, level: str) -> None:
    outcome = RefusedError(what, int(what)) if what.isdecimal() else reply("Yes.")
    said = invoke(outcome, body="no" if what == "refused" else None, log_level=level)
    severity, metrics = HAPPENED[what]
    assert set(said.metrics) == metrics | {"Requests"}
    assert len(said.logs) == (severity >= LEVELS.index(level))
    (line,) = (json.loads(line) for line in said.raw_output.splitlines())
    assert line["level"] == LEVELS[severity]


def test_lambda_finds_a_handler_where_terraform_names_it() -> None:
    assert callable(handler_module.lambda_handler)
