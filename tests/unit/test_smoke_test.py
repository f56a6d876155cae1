"""The smoke test passes a sound chatbot, and each of its checks fails when its control is gone."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from scripts import smoke_test

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "the-key-of-the-fake-chatbot"
ORIGIN = "https://app.example"


class FakeChatbot(BaseHTTPRequestHandler):
    """A chatbot that keeps every promise but those named in `broken`."""

    broken: ClassVar[set[str]] = set()
    asked: ClassVar[int] = 0

    def do_OPTIONS(self) -> None:
        origin = self.headers["Origin"] if "preflight" in self.broken else ORIGIN
        self._send(
            204,
            None,
            {
                "Access-Control-Allow-Origin": origin,
                "Access-Control-Allow-Methods": "POST,OPTIONS",
                "Access-Control-Allow-Headers": "content-type,x-api-key",
            },
        )

    def do_POST(self) -> None:
        type(self).asked += 1
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        status, body = self._reply(text)
        cors = {} if "cors" in self.broken else {"Access-Control-Allow-Origin": ORIGIN}
        self._send(status, body, cors)

    def _reply(self, text: str) -> tuple[int, dict[str, Any]]:
        key = self.headers["x-api-key"]
        if len(text) > 8192 and "size" not in self.broken:
            return 413, _error("request_too_large")
        if "UNION SELECT" in text and "sql" not in self.broken:
            return 403, _error("request_blocked")
        if "previous instructions" in text and "injection" not in self.broken:
            return 403, _error("prompt_injection")
        if self.path != "/chat" and "route" not in self.broken:
            return 404, _error("not_found")
        if key is None and "missing key" not in self.broken:
            return 403, _error("forbidden")
        if key not in {None, KEY} and "wrong key" not in self.broken:
            return 403, _error("forbidden")
        if "message" not in json.loads(text) and "schema" not in self.broken:
            return 400, _error("invalid_request")
        if "ChatGPT" in text and "guardrail" not in self.broken:
            return 200, {"response": "[Request blocked by safety controls]", "blocked": True}
        if "model" in self.broken:
            return 502, _error("model_error")
        return 200, {"response": "It is on its way.", "blocked": False, "request_id": "r-1"}

    def _send(self, status: int, body: dict[str, Any] | None, headers: dict[str, str]) -> None:
        data = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Type": "application/json"}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is inherited
        """Keep the test's output clean."""


def _error(code: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": "Refused.", "request_id": "r-1"}}


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(smoke_test, "PACE_SECONDS", 0.0)
    monkeypatch.setattr(FakeChatbot, "broken", set())
    monkeypatch.setattr(FakeChatbot, "asked", 0)
    with ThreadingHTTPServer(("127.0.0.1", 0), FakeChatbot) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/chat"
        server.shutdown()
        thread.join()


def _failed(url: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    code = smoke_test.main(["--url", url, "--api-key", KEY, "--origin", ORIGIN, "--json"])
    report = json.loads(capsys.readouterr().out)
    return code, [check["name"] for check in report["checks"] if check["status"] == "fail"]


def test_a_sound_chatbot_passes(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert _failed(url, capsys) == (0, [])


@pytest.mark.parametrize(
    ("broken", "expected"),
    [
        ("model", ["a support question is answered"]),
        ("missing key", ["no API key is refused (403)"]),
        ("wrong key", ["a wrong API key is refused (403)"]),
        ("injection", ["prompt injection is blocked at the edge (403)"]),
        ("size", ["an oversize body is refused (413)"]),
        ("schema", ["a body without a message is refused (400)"]),
        ("sql", ["SQL injection is blocked at the edge (403)"]),
        ("guardrail", ["a question about a competitor meets the guardrail"]),
        ("route", ["an unknown path is refused (404)"]),
        ("preflight", ["a preflight from elsewhere gets no leave"]),
    ],
)
def test_a_missing_control_fails_its_check(
    broken: str, expected: list[str], url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    FakeChatbot.broken = {broken}
    assert _failed(url, capsys) == (1, expected)


def test_refusals_that_a_browser_cannot_read_fail(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    FakeChatbot.broken = {"cors"}
    code, failed = _failed(url, capsys)
    assert code == 1
    assert len(failed) == 8


def test_it_never_asks_more_than_twenty_times(
    url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smoke_test, "RETRY_AFTER_SECONDS", (0.0,) * 5)
    monkeypatch.setattr(smoke_test.Chat, "is_local", False)
    FakeChatbot.broken = {"cors"}
    assert _failed(url, capsys)[0] == 1
    assert FakeChatbot.asked <= smoke_test.MAX_REQUESTS


def test_it_asks_again_while_a_change_spreads(
    url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def settled(_seconds: float) -> None:
        if FakeChatbot.asked > 0:
            FakeChatbot.broken = set()

    monkeypatch.setattr(smoke_test.Chat, "is_local", False)
    monkeypatch.setattr("scripts.smoke_test.time.sleep", settled)
    FakeChatbot.broken = {"model"}
    assert _failed(url, capsys) == (0, [])


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--url", "https://chat.example/v1/chat"], "CHATBOT_API_KEY"),
        (["--url", "file:///etc/passwd", "--api-key", KEY], "no http or https address"),
        (["--env", "nowhere"], "envs/nowhere does not exist"),
        (["--rehearsal", "nowhere"], "make up ENV=nowhere"),
    ],
)
def test_what_is_missing_is_said(
    argv: list[str],
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("CHATBOT_API_KEY", raising=False)
    assert smoke_test.main(argv) == 2
    assert said in capsys.readouterr().err


def test_nobody_at_the_address_is_a_failure_and_no_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smoke_test, "PACE_SECONDS", 0.0)
    url = "http://127.0.0.1:1/chat"
    assert smoke_test.main(["--url", url, "--api-key", KEY, "--json"]) == 1
    results = json.loads(capsys.readouterr().out)["checks"]
    assert len(results) > 10
    # Nothing else: a check that got no answer knows nothing of a control.
    assert {result["detail"].partition(": ")[0] for result in results} == {f"no answer from {url}"}


def test_a_rehearsal_that_has_died_is_said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smoke_test, "from_rehearsal", lambda _: ("http://127.0.0.1:1/chat", KEY))
    assert smoke_test.main(["--full", "--rehearsal", "nowhere"]) == 2
    assert "No rehearsal of nowhere is up" in capsys.readouterr().err
