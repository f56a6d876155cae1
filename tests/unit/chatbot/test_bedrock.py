"""The one call to Bedrock: what is asked, what its errors become, and how long it may take."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any

import botocore.exceptions as aws
import pytest
from botocore.parsers import ResponseParserError
from botocore.stub import Stubber

from chatbot import bedrock
from chatbot.bedrock import Bedrock
from chatbot.errors import ChatbotError, InternalError, ModelThrottledError, ModelTimeoutError
from chatbot.models import ChatRequest, Deadline, RequestIds

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatbot.config import Config

REQUEST = ChatRequest("How do I reset my password?", RequestIds("r-1", "f-1", "x-1="))


def client_error(code: str, status: int = 400, message: str = "no") -> aws.ClientError:
    return aws.ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {"RequestId": "aws-1", "HTTPStatusCode": status},
        },
        "Converse",
    )


def test_asks_for_the_guardrail_the_model_and_the_ids_and_nothing_else(
    config: Config, make_reply: Callable[..., Any]
) -> None:
    client: Any = bedrock.connect("us-east-2")
    expected = {
        "modelId": "us.anthropic.claude-haiku-4-5-20251001-v1:0",
        "messages": [{"role": "user", "content": [{"text": "How do I reset my password?"}]}],
        "system": [{"text": "You are a helpful customer support assistant."}],
        "inferenceConfig": {"maxTokens": 512},
        "guardrailConfig": {
            "guardrailIdentifier": "gr4ha1rd",
            "guardrailVersion": "7",
            "trace": "enabled",
        },
        "requestMetadata": {"request_id": "r-1", "extended_request_id": "x-1="},
    }
    with Stubber(client) as stubber:
        stubber.add_response("converse", make_reply("Like this."), expected)
        reply = Bedrock(config, client).ask(REQUEST, Deadline.after(5))
        stubber.assert_no_pending_responses()
    assert (reply.text, reply.attempts, reply.latency_ms) == ("Like this.", 1, 420)


def test_botocore_itself_never_tries_twice() -> None:
    client: Any = bedrock.connect("us-east-2")
    assert client.meta.config.retries["total_max_attempts"] == 1
    assert client.meta.region_name == "us-east-2"


def test_a_region_that_is_none_is_a_misconfiguration() -> None:
    with pytest.raises(InternalError) as error:
        bedrock.connect("us east 2")
    assert "AWS_REGION" in str(error.value.details["hint"])


URL = "https://bedrock-runtime.us-east-2.amazonaws.com"
BECOMES = [
    (client_error("ThrottlingException", 429), 429, "model_throttled", "ModelThrottled"),
    (client_error("ModelNotReadyException", 429), 429, "model_throttled", "ModelThrottled"),
    (client_error("ServiceQuotaExceededException"), 429, "model_throttled", "ModelThrottled"),
    (client_error("SomethingNew", 429), 429, "model_throttled", "ModelThrottled"),
    (client_error("ModelErrorException", 424), 502, "model_error", "ModelErrors"),
    (client_error("InternalServerException", 500), 502, "model_error", "ModelErrors"),
    (client_error("502", 502), 502, "model_error", "ModelErrors"),
    (ResponseParserError("<html>"), 502, "model_error", "ModelErrors"),
    (client_error("ServiceUnavailableException", 503), 503, "model_unavailable", "ModelErrors"),
    (client_error("503", 503), 503, "model_unavailable", "ModelErrors"),
    (aws.EndpointConnectionError(endpoint_url=URL), 503, "model_unavailable", "ModelErrors"),
    (aws.ConnectTimeoutError(endpoint_url=URL), 503, "model_unavailable", "ModelErrors"),
    (aws.ConnectionClosedError(endpoint_url=URL), 503, "model_unavailable", "ModelErrors"),
    (client_error("ModelTimeoutException", 408), 504, "model_timeout", "ModelTimeouts"),
    (aws.ReadTimeoutError(endpoint_url=URL), 504, "model_timeout", "ModelTimeouts"),
    (client_error("AccessDeniedException", 403), 500, "internal_error", "InternalErrors"),
    (client_error("ResourceNotFoundException", 404), 500, "internal_error", "InternalErrors"),
    (client_error("ValidationException"), 500, "internal_error", "InternalErrors"),
    (client_error("ExpiredTokenException", 403), 500, "internal_error", "InternalErrors"),
    (aws.NoCredentialsError(), 500, "internal_error", "InternalErrors"),
    (aws.SSLError(endpoint_url=URL, error="x"), 500, "internal_error", "InternalErrors"),
    (aws.ParamValidationError(report="hello"), 500, "internal_error", "InternalErrors"),
    (KeyError("hello"), 500, "internal_error", "InternalErrors"),
]


@pytest.mark.parametrize(
    ("error", "status", "code", "metric"), BECOMES, ids=lambda one: str(getattr(one, "args", one))
)
def test_every_error_has_its_status_code_and_metric(
    invoke: Callable[..., Any], error: Exception, status: int, code: str, metric: str
) -> None:
    said = invoke(error)
    assert (said.status, said.code) == (status, code)
    assert said.metrics == {"Requests": 1, metric: 1}
    assert said.headers.get("Retry-After") == ("5" if status in {429, 503} else None)
    (line,) = said.logs
    assert line["cause"]
    assert line["level"] == ("ERROR" if status == 500 else "WARNING")


@pytest.mark.parametrize(
    ("code", "message", "hint"),
    [
        ("ValidationException", "The provided guardrail identifier is invalid.", "GUARDRAIL_VERS"),
        ("ResourceNotFoundException", "The guardrail version 9 is not there.", "GUARDRAIL_VERSION"),
        ("AccessDeniedException", "not authorized: bedrock:ApplyGuardrail", "the role may not"),
        ("AccessDeniedException", "not authorized: bedrock:InvokeModel", "execution role"),
        (
            "ValidationException",
            "Invocation of model ID x with on-demand throughput is not supported.",
            "inference profile",
        ),
        ("ResourceNotFoundException", "This model version is gone.", "end of life"),
        ("ValidationException", "This model has reached the end of its life: end of life", "end"),
        ("ValidationException", "maxTokens is too large", "MAX_OUTPUT_TOKENS"),
        ("UnrecognizedClientException", "The security token is invalid", "credentials"),
    ],
)
def test_a_misconfiguration_tells_the_operator_where_to_look(
    invoke: Callable[..., Any], code: str, message: str, hint: str
) -> None:
    said = invoke(client_error(code, message=message))
    assert hint in said.logs[0]["hint"]
    assert said.logs[0]["cause"] == code
    assert said.logs[0]["aws_request_id"] == "aws-1"
    assert message not in said.raw_output


@pytest.mark.parametrize(
    ("error", "attempts"),
    [
        (client_error("ThrottlingException", 429), 3),
        (client_error("ServiceUnavailableException", 503), 3),
        (client_error("InternalServerException", 500), 3),
        (aws.ConnectionClosedError(endpoint_url=URL), 3),
        (client_error("ModelErrorException", 424), 1),
        (client_error("ModelTimeoutException", 408), 1),
        (client_error("ValidationException"), 1),
        (aws.ReadTimeoutError(endpoint_url=URL), 1),
    ],
    ids=str,
)
def test_only_what_may_pass_is_tried_again(
    invoke: Callable[..., Any], error: Exception, attempts: int
) -> None:
    said = invoke(error)
    assert len(said.requests) == said.logs[0]["attempts"] == attempts


def test_a_second_try_may_be_answered(
    invoke: Callable[..., Any], make_reply: Callable[..., Any]
) -> None:
    said = invoke(client_error("ThrottlingException", 429), make_reply("Like this."))
    assert (said.status, said.logs[0]["attempts"]) == (200, 2)


def test_backs_off_longer_each_time_and_at_random(config: Config) -> None:
    ranges: list[tuple[float, float]] = []
    pauses: list[float] = []

    class Throttled:
        def converse(self, **_: Any) -> Any:
            raise client_error("ThrottlingException", 429)

    def uniform(low: float, high: float) -> float:
        ranges.append((low, high))
        return high / 2

    model = Bedrock(config, Throttled(), sleep=pauses.append, uniform=uniform)
    with pytest.raises(ModelThrottledError):
        model.ask(REQUEST, Deadline.after(20))
    assert ranges[:2] == [(0, 1.0), (0, 2.0)]
    assert pauses == [0.5, 1.0]


def test_never_tries_again_when_too_little_time_is_left(invoke: Callable[..., Any]) -> None:
    said = invoke(client_error("ThrottlingException", 429), remaining_ms=3_400)
    assert (said.code, len(said.requests)) == ("model_throttled", 1)


def test_never_calls_when_no_time_is_left(invoke: Callable[..., Any]) -> None:
    said = invoke(remaining_ms=500)
    assert (said.status, said.code, said.requests) == (504, "model_timeout", ())


def test_speaks_to_a_real_server(
    config: Config, make_reply: Callable[..., Any], loopback: Any
) -> None:
    loopback.answer = json.dumps(make_reply("Like this.")).encode()
    model = Bedrock(config, bedrock.connect("us-east-2"))
    assert model.ask(REQUEST, Deadline.after(5)).text == "Like this."
    loopback.status, loopback.error_type = 400, "ValidationException"
    loopback.answer = b'{"message": "The provided guardrail identifier is invalid."}'
    with pytest.raises(ChatbotError) as error:
        model.ask(REQUEST, Deadline.after(5))
    assert error.value.details["cause"] == "ValidationException"


def test_gives_up_in_time_even_when_the_answer_trickles(
    config: Config, make_reply: Callable[..., Any], loopback: Any
) -> None:
    loopback.answer = json.dumps(make_reply("Like this.")).encode()
    loopback.pause_per_byte = 0.02  # five seconds in all, and never silent for long
    started = time.monotonic()
    with pytest.raises(ModelTimeoutError):
        Bedrock(config, bedrock.connect("us-east-2")).ask(REQUEST, Deadline.after(0.3))
    assert time.monotonic() - started < 2
    loopback.pause_per_byte = 0.0


def test_the_next_request_is_served_while_an_abandoned_call_goes_on(
    config: Config, make_reply: Callable[..., Any]
) -> None:
    release = threading.Event()
    calls: list[int] = []

    class StuckOnce:
        def converse(self, **_: Any) -> Any:
            calls.append(1)
            if len(calls) == 1:
                release.wait(5)
            return make_reply("Like this.")

    model = Bedrock(config, StuckOnce())
    try:
        with pytest.raises(ModelTimeoutError):
            model.ask(REQUEST, Deadline.after(0.05))
        assert model.ask(REQUEST, Deadline.after(2)).text == "Like this."
    finally:
        release.set()
