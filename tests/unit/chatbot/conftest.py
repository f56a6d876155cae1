"""A chatbot whose Bedrock is a script, and what it said and logged."""

import contextlib
import copy
import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest

from chatbot.bedrock import Bedrock
from chatbot.config import Config, KeySource, TelemetryConfig
from chatbot.credentials import Credentials
from chatbot.endpoint import Endpoint
from chatbot.handler import Handler
from chatbot.leaks import LeakDetector
from chatbot.observability import Telemetry
from chatbot.screening import Screen
from chatbot.service import ChatService
from chatbot.signing import Keys

EVENTS = Path(__file__).parents[2] / "events"
ORIGIN = "https://support.example.com"
SCREEN = Screen.load()
BLOCKED = "Blocked."


ENVIRONMENT = {
    "ADDITIONAL_REQUEST_FIELDS": "{}",
    "ALLOWED_ORIGIN": ORIGIN,
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",  # nobody listens there
    "AWS_REGION": "us-east-2",
    "AWS_SECRET_ACCESS_KEY": "not-a-secret",
    "BLOCKED_MESSAGE": BLOCKED,
    "GUARDRAIL_ID": "gr4ha1rd",
    "GUARDRAIL_VERSION": "7",
    "LOG_LEVEL": "INFO",
    "MAX_MESSAGE_CHARS": "2000",
    "MAX_OUTPUT_TOKENS": "512",
    "METRICS_NAMESPACE": "Chatbot",
    "MODEL_ID": "us.anthropic.claude-haiku-4-5-20251001-v1:0",
    "LEAK_MODE": "block",
    "SCREENING_MODE": "block",
    "SERVICE_NAME": "chatbot-test",
    "SYSTEM_PROMPT": "You are a helpful customer support assistant.",
}
"""The smallest environment that the function starts with."""


@pytest.fixture
def environment() -> dict[str, str]:
    return ENVIRONMENT.copy()


@pytest.fixture
def config() -> Config:
    return Config(
        additional_request_fields={},
        allowed_origin=ORIGIN,
        blocked_message=BLOCKED,
        endpoint="https://bedrock-runtime.us-east-2.amazonaws.com",
        guardrail_id="gr4ha1rd",
        guardrail_version="7",
        max_message_chars=2000,
        max_output_tokens=512,
        model_id="us.anthropic.claude-haiku-4-5-20251001-v1:0",
        prompt_injection_patterns=(),
        region="us-east-2",
        leak_mode="block",
        screening_mode="block",
        sign_in=False,
        system_prompt="You are a helpful customer support assistant.",
    )


@dataclass
class Context:
    """The parts of Lambda's context object that are used."""

    remaining_ms: int = 28_000
    aws_request_id: str = "7d1cb2f6-5f2d-4c0e-9d7e-6f2a0b1c2d3e"

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_ms


@dataclass
class ScriptedEndpoint:
    """A Bedrock that gives the next outcome, and the last one for ever."""

    outcomes: list[object]
    requests: list[Mapping[str, Any]] = field(default_factory=list)

    def post(self, path: str, document: Any) -> object:
        self.requests.append({"path": path, **document})
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


@dataclass(frozen=True)
class Spoken:
    status: int
    headers: Mapping[str, str]
    body: Mapping[str, Any]
    logs: tuple[Mapping[str, Any], ...]
    metrics: Mapping[str, float]
    requests: tuple[Mapping[str, Any], ...]
    raw_output: str

    @property
    def code(self) -> str:
        code: str = self.body["error"]["code"]
        return code


def reply(
    *texts: str, stop: str = "end_turn", guardrail: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Make Converse's answer; without a text it has no content at all."""
    answer: dict[str, Any] = {
        "output": {"message": {"role": "assistant", "content": [{"text": one} for one in texts]}},
        "stopReason": stop,
        "usage": {"inputTokens": 21, "outputTokens": 13, "totalTokens": 34},
        "metrics": {"latencyMs": 420},
    }
    if guardrail is not None:
        answer["trace"] = {"guardrail": guardrail}
    return answer


@pytest.fixture
def context() -> Context:
    return Context()


@pytest.fixture
def event() -> dict[str, Any]:
    """An API Gateway REST proxy event, as API Gateway sends it."""
    loaded: dict[str, Any] = json.loads((EVENTS / "chat.json").read_text())
    return loaded


@pytest.fixture
def make_handler(config: Config) -> Callable[..., Handler]:
    def make(
        endpoint: Any,
        *,
        screening_blocks: bool = True,
        leaks_block: bool = True,
        log_level: str = "INFO",
        sign_in: bool = False,
    ) -> Handler:
        service = ChatService(
            Bedrock(config, endpoint, sleep=lambda _: None),
            SCREEN,
            LeakDetector(config.system_prompt, config.guardrail_id),
            screening_blocks=screening_blocks,
            leaks_block=leaks_block,
            blocked_message=BLOCKED,
        )
        telemetry = Telemetry(TelemetryConfig("chatbot-test", "Chatbot", log_level))
        return Handler(
            service,
            telemetry,
            max_message_chars=config.max_message_chars,
            origins=(ORIGIN,),
            sign_in=sign_in,
        )

    return make


@pytest.fixture
def invoke(
    make_handler: Callable[..., Handler], event: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> Callable[..., Spoken]:
    """Send one request; whatever is given in place of a body, an event or the model's outcomes."""

    def send(
        *outcomes: object,
        body: object = None,
        whole_event: object = None,
        handler: Handler | None = None,
        remaining_ms: int = 28_000,
        **options: Any,
    ) -> Spoken:
        endpoint = ScriptedEndpoint(list(outcomes) or [reply("Click on “Forgot password”.")])
        sent = copy.deepcopy(event) if whole_event is None else whole_event
        if body is not None and isinstance(sent, dict):
            sent["body"] = body
        answer = (handler or make_handler(endpoint, **options))(sent, Context(remaining_ms))
        captured = capsys.readouterr()
        lines = [json.loads(line) for line in captured.out.splitlines()]
        metrics = {
            metric["Name"]: line.pop(metric["Name"])
            for line in lines
            if "_aws" in line
            for metric in line.pop("_aws")["CloudWatchMetrics"][0]["Metrics"]
        }
        return Spoken(
            status=answer["statusCode"],
            headers=answer["headers"],
            body=json.loads(answer["body"].encode()),  # as it goes over the wire
            logs=tuple(line for line in lines if "message" in line),
            metrics=metrics,
            requests=tuple(endpoint.requests),
            raw_output=captured.out + captured.err,
        )

    return send


class Loopback(http.server.BaseHTTPRequestHandler):
    """A Bedrock whose answer comes as the test wants it: whole, a byte at a time, or never."""

    protocol_version = "HTTP/1.1"
    answer = b"{}"
    pause_per_byte = 0.0
    status = 200
    error_type = ""
    hang_up = ""  # "after": after an answer; "again": when asked once more; "within": in an answer
    received: ClassVar[list[tuple[int, str, Mapping[str, str], bytes]]]  # port, path, headers, body

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):  # the client has given up, as it should
            super().handle()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        port = self.client_address[1]
        self.close_connection = self.hang_up == "after"
        if self.hang_up == "again" and port in {one[0] for one in self.received}:
            self.close_connection = True
            return
        self.received.append((port, self.path, dict(self.headers), body))
        self.send_response(self.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(self.answer)))
        if self.error_type:
            self.send_header("x-amzn-ErrorType", self.error_type)
            self.send_header("x-amzn-RequestId", "aws-1")
        self.end_headers()
        if self.hang_up == "within":
            self.close_connection = True
            self.wfile.write(self.answer[:-1])
            return
        if not self.pause_per_byte:
            self.wfile.write(self.answer)
            return
        for start in range(len(self.answer)):
            time.sleep(self.pause_per_byte)
            self.wfile.write(self.answer[start : start + 1])

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name upstream
        """Say nothing."""


@pytest.fixture
def endpoints() -> Iterator[list[Endpoint]]:
    """Endpoints that a test made; what they keep is closed after it."""
    made: list[Endpoint] = []
    yield made
    for endpoint in made:
        for kept in endpoint._kept:
            kept.connection.close()


@pytest.fixture
def make_endpoint(endpoints: list[Endpoint]) -> Callable[..., Endpoint]:
    keys = KeySource(Keys("AKIDEXAMPLE", "not-a-secret", "a-token"))

    def make(url: str, source: KeySource = keys, **options: Any) -> Endpoint:
        credentials = Credentials(lambda: source)
        endpoints.append(Endpoint(url, "bedrock", "us-east-2", credentials, **options))
        return endpoints[-1]

    return make


@dataclass(frozen=True)
class Served:
    """A server on this machine: how it answers, and where it is."""

    handler: type[Loopback]
    url: str


@pytest.fixture
def loopback() -> Iterator[Served]:
    handler = type("Answer", (Loopback,), {"received": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield Served(handler, f"http://127.0.0.1:{server.server_address[1]}")
    server.shutdown()
    server.server_close()
