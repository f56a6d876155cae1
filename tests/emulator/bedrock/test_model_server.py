"""A real model behind Converse: what it is asked, what its answers become, and where it may be."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator.bedrock.model_server import ModelServer, NoModelError
from tests.emulator.bedrock.conftest import QUESTION, said
from tests.emulator.conftest import REGION, Emulator
from toolkit.local_aws import LocalAws
from toolkit.processes import free_port


class Stub(ThreadingHTTPServer):
    """An OpenAI-compatible server that answers what a test sets."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/v1"
        self.asked: list[Any] = []
        self.models: Any = {"data": [{"id": "first"}, {"id": "second"}]}
        self.status = 200
        self.seconds = 0.0
        self.says()

    def says(self, text: Any = "Hello.", finish: Any = "stop", **usage: Any) -> None:
        choice = {"message": {"role": "assistant", "content": text}, "finish_reason": finish}
        usage = {"prompt_tokens": 11, "completion_tokens": 3} | usage
        self.reply = json.dumps({"choices": [choice], "usage": usage}).encode()


class Handler(BaseHTTPRequestHandler):
    server: Stub

    def do_GET(self) -> None:
        self._send(200 if self.path == "/v1/models" else 404, json.dumps(self.server.models))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.path, json.loads(body)))
        time.sleep(self.server.seconds)
        self._send(self.server.status, self.server.reply)

    def _send(self, status: int, body: str | bytes) -> None:
        content = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        self.send_header("Location", self.server.url + "/models")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Log nothing: pytest shows what matters."""


@pytest.fixture
def stub() -> Iterator[Stub]:
    server = Stub()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def model(emulator: Emulator, stub: Stub, monkeypatch: pytest.MonkeyPatch) -> Stub:
    """Put the server behind Converse."""
    behind = ModelServer.at(stub.url, seconds=0.5)
    monkeypatch.setattr(emulator.server.app.door.bedrock, "model", behind)
    return stub


def test_the_servers_first_model_is_asked_and_its_answer_and_usage_are_passed_on(
    converse: Any, model: Stub
) -> None:
    spoken = [("user", "Hello"), ("assistant", "Yes?"), ("user", QUESTION)]
    reply = converse(
        "",
        system=[{"text": "Be kind."}],
        messages=[{"role": role, "content": [{"text": text}]} for role, text in spoken],
        inferenceConfig={"maxTokens": 7, "topP": 0.5, "stopSequences": ["END"]},
    )
    assert (said(reply), reply["stopReason"]) == ("Hello.", "end_turn")
    assert reply["usage"] == {"inputTokens": 11, "outputTokens": 3, "totalTokens": 14}
    messages = [{"role": role, "content": text} for role, text in [("system", "Be kind."), *spoken]]
    asked = {"model": "first", "messages": messages, "stream": False}
    inference = {"max_tokens": 7, "top_p": 0.5, "stop": ["END"]}
    assert model.asked == [("/v1/chat/completions", asked | inference)]


@pytest.mark.parametrize(
    ("finish", "stop_reason"), [("length", "max_tokens"), ("content_filter", "content_filtered")]
)
def test_why_the_model_stopped_is_reported_in_bedrocks_words(
    converse: Any, model: Stub, finish: str, stop_reason: str
) -> None:
    model.says(None, finish)
    reply = converse(QUESTION)
    assert (reply["stopReason"], reply["output"]["message"]["content"]) == (stop_reason, [])


def test_the_guardrail_is_around_it(converse: Any, model: Stub) -> None:
    assert said(converse("Is Gemini better?")) == "Input blocked."
    assert model.asked == []
    model.says("Ask Gemini.")
    assert said(converse("I am ann@shop.example. Who knows?")) == "Output blocked."
    assert model.asked[0][1]["messages"][-1]["content"] == "I am {EMAIL}. Who knows?"


@pytest.mark.parametrize(
    ("status", "reply", "code"),
    [
        (200, b"<html>", "ModelErrorException"),
        (200, b"[" * 100_000, "ModelErrorException"),
        (200, b"[]", "ModelErrorException"),
        (200, b'{"choices": [], "usage": {}}', "ModelErrorException"),
        (200, {"text": 5}, "ModelErrorException"),
        (200, {"finish": "tired"}, "ModelErrorException"),
        (200, {"finish": []}, "ModelErrorException"),
        (200, {"prompt_tokens": -1}, "ModelErrorException"),
        (200, {"completion_tokens": None}, "ModelErrorException"),
        (302, {}, "ModelErrorException"),
        (404, {}, "ModelErrorException"),
        (500, {}, "ModelErrorException"),
        (429, {}, "ThrottlingException"),
        (503, {}, "ServiceUnavailableException"),
    ],
)
def test_what_is_no_answer_is_an_error_of_bedrocks(
    converse: Any, model: Stub, status: int, reply: Any, code: str
) -> None:
    model.status = status
    if isinstance(reply, bytes):
        model.reply = reply
    else:
        model.says(**reply)
    with pytest.raises(ClientError) as caught:
        converse(QUESTION)
    assert caught.value.response["Error"]["Code"] == code


def test_a_slow_model_and_a_dead_one_are_distinguished(
    converse: Any, model: Stub, caplog: pytest.LogCaptureFixture
) -> None:
    model.seconds = 1
    with pytest.raises(ClientError, match="ModelTimeoutException"):
        converse(QUESTION)
    model.shutdown()
    model.server_close()
    with pytest.raises(ClientError, match="ServiceUnavailableException"):
        converse(QUESTION)
    assert f"{model.url}#first: silent for 0.5 s" in caplog.text
    assert "Connection refused" in caplog.text
    assert QUESTION not in caplog.text


@pytest.mark.parametrize(
    "address",
    [
        *("http://192.0.2.1/v1", "http://models.example/v1", "http://0.0.0.0/v1", "/v1", "x"),
        *("https://127.0.0.1/v1", "http://127.0.0.1@models.example/v1", "http://2130706433/v1"),
        *(f"http://me:{'you'}@127.0.0.1/v1", "http://127.0.0.1:x/v1", "http://127.0.0.1/v1?a=b"),
        *("http://[::2]/v1", "http://127.0.0.1.example/v1", "http:///v1", "http://[/v1"),
    ],
)
def test_an_address_elsewhere_is_refused(address: str) -> None:
    with pytest.raises(NoModelError, match="must be http on this machine, such as http://127"):
        ModelServer.at(f"{address}#model")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "localhost", "[::1]"])
def test_an_address_on_this_machine_is_taken_with_its_model(host: str) -> None:
    address = f"http://{host}:8080/v1#hub/llama3.2:1b"
    assert str(ModelServer.at(address)) == address


def test_a_server_that_lists_no_model_is_refused(stub: Stub) -> None:
    for stub.models in ({"data": []}, {"data": [{"id": 5}]}, []):
        with pytest.raises(NoModelError, match=r"v1/models lists no model\. Start its server"):
            ModelServer.at(stub.url)
    with pytest.raises(NoModelError, match="lists no model"):
        ModelServer.at(f"http://127.0.0.1:{free_port()}")


def test_a_local_aws_is_started_with_it_and_says_so(stub: Stub, tmp_path: Path) -> None:
    started = LocalAws(tmp_path, free_port())
    started.model = f"{stub.url}#second"
    started.spawn(REGION)
    try:
        assert started.comes_up(), started.log.read_text()
        assert started.health()["model"] == started.started()["model"] == started.model
    finally:
        started.stop()
