"""The one call to Bedrock: what is asked, what its errors become, and how long it may take."""

import dataclasses
import json
import threading
import time
from types import SimpleNamespace
from typing import Any

import botocore.session
import pytest
from botocore.awsrequest import AWSResponse
from botocore.validate import ParamValidator

from chatbot.bedrock import Bedrock
from chatbot.config import Config
from chatbot.credentials import CredentialsError
from chatbot.endpoint import (
    GarbledError,
    RefusedError,
    UnansweredError,
    UnreachableError,
    UntrustedError,
)
from chatbot.errors import ChatbotError, ModelThrottledError, ModelTimeoutError
from chatbot.models import ChatRequest, Deadline, RequestIds, Turn
from chatbot.spending import Spending
from tests.unit.chatbot.conftest import ScriptedEndpoint, reply

REQUEST = ChatRequest("How do I reset my password?", RequestIds("r-1", "f-1", "x-1="))


def refused(code: str, status: int = 400) -> RefusedError:
    return RefusedError(code, status, "no", "aws-1")


class Recorder:
    """An endpoint that keeps the last request."""

    def __init__(self, answer: object) -> None:
        self.answer = answer
        self.path = ""
        self.document: Any = None

    def post(self, path: str, document: object) -> object:
        self.path, self.document = path, document
        return self.answer


def test_asks_for_the_guardrail_the_model_and_the_ids_and_nothing_else(config: Config) -> None:
    endpoint = Recorder(reply("Like this."))
    answer = Bedrock(config, endpoint).ask(REQUEST, Deadline.after(5), Spending())
    assert (answer.text, answer.attempts, answer.latency_ms) == ("Like this.", 1, 420)
    assert endpoint.path == "/model/us.anthropic.claude-haiku-4-5-20251001-v1%3A0/converse"
    assert endpoint.document == {
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


def test_what_was_said_goes_before_the_question_each_in_its_own_name(config: Config) -> None:
    endpoint = Recorder(reply("Like this."))
    request = dataclasses.replace(REQUEST, history=(Turn("q1", "a1"), Turn("q2", "a2")))
    Bedrock(config, endpoint).ask(request, Deadline.after(5), Spending())
    said = [(one["role"], one["content"][0]["text"]) for one in endpoint.document["messages"]]
    assert said == [
        *(("user", "q1"), ("assistant", "a1"), ("user", "q2"), ("assistant", "a2")),
        ("user", REQUEST.message),
    ]


def test_further_fields_reach_the_model_as_they_are(config: Config) -> None:
    endpoint = Recorder(reply("Like this."))
    fields = {"thinking": {"type": "disabled"}}
    changed = dataclasses.replace(config, additional_request_fields=fields)
    Bedrock(changed, endpoint).ask(REQUEST, Deadline.after(5), Spending())
    assert endpoint.document["additionalModelRequestFields"] == fields


@pytest.mark.parametrize(
    ("model_id", "path"),
    [
        ("us.anthropic.claude-haiku-5-5", "/model/us.anthropic.claude-haiku-5-5/converse"),
        (
            "arn:aws:bedrock:us-east-2:1:application-inference-profile/a1",
            "/model/arn%3Aaws%3Abedrock%3Aus-east-2%3A1%3Aapplication-inference-profile%2Fa1/converse",
        ),
    ],
)
def test_asks_as_the_model_of_the_api_has_it(config: Config, model_id: str, path: str) -> None:
    """Hold the request against botocore's description of Converse, and the path against its own."""
    endpoint = Recorder(reply("Like this."))
    changed = dataclasses.replace(config, model_id=model_id)
    Bedrock(changed, endpoint).ask(REQUEST, Deadline.after(5), Spending())
    session = botocore.session.Session()
    shape = session.get_service_model("bedrock-runtime").operation_model("Converse").input_shape
    asked = {"modelId": model_id, **endpoint.document}
    assert not ParamValidator().validate(asked, shape).has_errors()
    assert set(asked) <= set(shape.members)
    session.set_credentials("AKIDEXAMPLE", "not-a-secret")
    client = session.create_client("bedrock-runtime", region_name="us-east-2")
    theirs: list[Any] = []

    def keep(request: Any, **_: Any) -> Any:
        theirs.append(request)
        answer = AWSResponse("", 200, {}, None)
        answer._content = b"{}"
        return answer  # so that botocore sends nothing

    client.meta.events.register("before-send", keep)
    client.converse(**asked)
    assert theirs[0].url == f"{config.endpoint}{path}"
    assert endpoint.path == path
    assert json.loads(theirs[0].body) == endpoint.document


NETWORK = OSError("hello")
BECOMES = [
    (refused("ThrottlingException", 429), 429, "model_throttled", "ModelThrottled"),
    (refused("ModelNotReadyException", 429), 429, "model_throttled", "ModelThrottled"),
    (refused("ServiceQuotaExceededException"), 429, "model_throttled", "ModelThrottled"),
    (refused("ThrottlingException", 400), 429, "model_throttled", "ModelThrottled"),
    (refused("SomethingNew", 429), 429, "model_throttled", "ModelThrottled"),
    (refused("ModelErrorException", 424), 502, "model_error", "ModelErrors"),
    (refused("InternalServerException", 500), 502, "model_error", "ModelErrors"),
    (refused("500", 500), 502, "model_error", "ModelErrors"),
    (refused("502", 502), 502, "model_error", "ModelErrors"),
    (GarbledError(NETWORK), 502, "model_error", "ModelErrors"),
    (refused("ServiceUnavailableException", 503), 503, "model_unavailable", "ModelErrors"),
    (refused("503", 503), 503, "model_unavailable", "ModelErrors"),
    (UnreachableError(NETWORK), 503, "model_unavailable", "ModelErrors"),
    (refused("ModelTimeoutException", 408), 504, "model_timeout", "ModelTimeouts"),
    (UnansweredError(NETWORK), 504, "model_timeout", "ModelTimeouts"),
    (refused("AccessDeniedException", 403), 500, "internal_error", "InternalErrors"),
    (refused("ResourceNotFoundException", 404), 500, "internal_error", "InternalErrors"),
    (refused("ValidationException"), 500, "internal_error", "InternalErrors"),
    (refused("ExpiredTokenException", 403), 500, "internal_error", "InternalErrors"),
    (refused("499", 499), 500, "internal_error", "InternalErrors"),
    (CredentialsError("no keys"), 500, "internal_error", "InternalErrors"),
    (UntrustedError(NETWORK), 500, "internal_error", "InternalErrors"),
    (KeyError("hello"), 500, "internal_error", "InternalErrors"),
]


@pytest.mark.parametrize(
    ("error", "status", "code", "metric"), BECOMES, ids=lambda one: str(getattr(one, "args", one))
)
def test_every_error_has_its_status_code_and_metric(
    invoke: Any, error: Exception, status: int, code: str, metric: str
) -> None:
    said = invoke(error)
    assert (said.status, said.code, said.metrics) == (status, code, {"Requests": 1, metric: 1})
    again = {"Retry-After": "5", "Access-Control-Expose-Headers": "Retry-After"}
    relayed = {name: value for name, value in said.headers.items() if name in again}
    assert relayed == (again if status in {429, 503} else {})
    (line,) = said.logs
    assert line["cause"]
    assert line["duration_ms"] >= 0
    assert line["level"] == ("ERROR" if status == 500 else "WARN")
    assert "hello" not in said.raw_output


@pytest.mark.parametrize(
    ("error", "attempts"),
    [
        (refused("ThrottlingException", 429), 3),
        (refused("ModelNotReadyException", 429), 3),
        (refused("ServiceUnavailableException", 503), 3),
        (refused("InternalServerException", 500), 3),
        (UnreachableError(NETWORK), 3),
        (refused("ModelErrorException", 424), 1),
        (refused("ModelTimeoutException", 408), 1),
        (refused("ValidationException"), 1),
        (UnansweredError(NETWORK), 1),
    ],
    ids=str,
)
def test_only_what_may_pass_is_tried_again(invoke: Any, error: Exception, attempts: int) -> None:
    said = invoke(error)
    assert len(said.requests) == said.logs[0]["attempts"] == attempts


def test_a_second_try_may_be_answered(invoke: Any) -> None:
    said = invoke(refused("ThrottlingException", 429), reply("Like this."))
    assert (said.status, said.logs[0]["attempts"]) == (200, 2)


def test_backs_off_longer_each_time_and_at_random(config: Config) -> None:
    ranges: list[tuple[float, float]] = []
    pauses: list[float] = []

    class Throttled:
        def post(self, path: str, document: object) -> Any:  # noqa: ARG002 - as an endpoint has it
            raise refused("ThrottlingException", 429)

    def uniform(low: float, high: float) -> float:
        ranges.append((low, high))
        return high / 2

    model = Bedrock(config, Throttled(), sleep=pauses.append, uniform=uniform)
    with pytest.raises(ModelThrottledError):
        model.ask(REQUEST, Deadline.after(20), Spending())
    assert ranges[:2] == [(0, 1.0), (0, 2.0)]
    assert pauses == [0.5, 1.0]


@pytest.mark.parametrize(("seconds", "tries"), [(3.9, 1), (4.0, 2), (28.0, 3)])
def test_never_tries_again_when_too_little_time_is_left(
    config: Config, monkeypatch: pytest.MonkeyPatch, seconds: float, tries: int
) -> None:
    """After a pause of a second, three must be left."""
    now = [1000.0]
    monkeypatch.setattr("chatbot.models.time", SimpleNamespace(monotonic=lambda: now[0]))

    def sleep(pause: float) -> None:
        now[0] += pause

    endpoint = ScriptedEndpoint([refused("ThrottlingException", 429)])
    model = Bedrock(config, endpoint, sleep=sleep, uniform=lambda _, high: min(high, 1.0))
    with pytest.raises(ModelThrottledError):
        model.ask(REQUEST, Deadline(now[0] + seconds), Spending())
    assert len(endpoint.requests) == tries


def test_never_calls_when_no_time_is_left(invoke: Any) -> None:
    said = invoke(remaining_ms=500)
    assert (said.status, said.code, said.requests) == (504, "model_timeout", ())


def test_speaks_to_a_real_server(config: Config, loopback: Any, make_endpoint: Any) -> None:
    loopback.handler.answer = json.dumps(reply("Like this.")).encode()
    model = Bedrock(config, make_endpoint(loopback.url))
    assert model.ask(REQUEST, Deadline.after(5), Spending()).text == "Like this."
    loopback.handler.status, loopback.handler.error_type = 400, "ValidationException"
    loopback.handler.answer = b'{"message": "The provided model identifier is invalid."}'
    with pytest.raises(ChatbotError) as error:
        model.ask(REQUEST, Deadline.after(5), Spending())
    assert error.value.details["cause"] == "ValidationException"


def test_gives_up_in_time_even_when_the_answer_trickles(
    config: Config, loopback: Any, make_endpoint: Any
) -> None:
    loopback.handler.answer = json.dumps(reply("Like this.")).encode()
    loopback.handler.pause_per_byte = 0.02  # five seconds in all, and never silent for long
    started = time.monotonic()
    model = Bedrock(config, make_endpoint(loopback.url))
    with pytest.raises(ModelTimeoutError):
        model.ask(REQUEST, Deadline.after(0.3), Spending())
    assert time.monotonic() - started < 2
    loopback.handler.pause_per_byte = 0.0
    model._bounded._threads.shutdown()


def test_the_next_request_is_served_while_an_abandoned_call_goes_on(config: Config) -> None:
    release = threading.Event()
    calls: list[int] = []

    class StuckOnce:
        def post(self, path: str, document: object) -> Any:  # noqa: ARG002 - as an endpoint has it
            calls.append(1)
            if len(calls) == 1:
                release.wait(5)
            return reply("Like this.")

    model = Bedrock(config, StuckOnce())
    try:
        with pytest.raises(ModelTimeoutError):
            model.ask(REQUEST, Deadline.after(0.05), Spending())
        assert model.ask(REQUEST, Deadline.after(2), Spending()).text == "Like this."
    finally:
        release.set()
