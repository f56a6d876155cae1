"""The smoke test passes a sound chatbot, and each of its checks fails when its control is gone."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from scripts import key, smoke_test
from toolkit.errors import ToolkitError
from toolkit.proofs import targets
from toolkit.proofs.client import Client, Pace
from toolkit.proofs.deployment import Deployment
from toolkit.proofs.errors import CREDENTIALS

KEY = "the-key-of-the-fake-chatbot"
ORIGIN = "https://app.example"
# What tells a browser not to keep an answer, and not to guess what it is.
CAREFUL = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class FakeChatbot(BaseHTTPRequestHandler):
    """A chatbot that keeps every promise but those named in `broken`."""

    broken: ClassVar[set[str]] = set()
    asked: ClassVar[int] = 0

    def do_OPTIONS(self) -> None:
        type(self).asked += 1
        origin = self.headers["Origin"] if "preflight" in self.broken else ORIGIN
        self._send(
            204,
            None,
            {
                "Access-Control-Allow-Origin": origin,
                "Access-Control-Allow-Methods": "OPTIONS,POST",
                "Access-Control-Allow-Headers": "content-type,x-api-key",
                "Access-Control-Max-Age": "600",
            },
        )

    def do_POST(self) -> None:
        type(self).asked += 1
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        status, body = self._reply(text)
        cors = {} if "cors" in self.broken else {"Access-Control-Allow-Origin": ORIGIN}
        self._send(status, body, CAREFUL | cors)

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
        if "model" in self.broken:
            return 502, _error("model_error")
        return 200, {"response": "It is on its way.", "blocked": False, "request_id": "r-1"}

    def _send(self, status: int, body: dict[str, Any] | None, headers: dict[str, str]) -> None:
        data = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        ids = {"x-amzn-requestid": "r-1", "x-amz-apigw-id": "x-1"}
        for name, value in {**headers, **ids, "Content-Type": "application/json"}.items():
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
    monkeypatch.setattr(Pace, "of", lambda *_, **__: Pace(0.0, 0.0))
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


def test_what_is_not_known_of_an_address_is_skipped_with_its_reason(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert smoke_test.main(["--url", url, "--api-key", KEY, "--json"]) == 0
    checks = json.loads(capsys.readouterr().out)["checks"]
    assert len(checks) == 11
    assert {one["name"]: one["detail"] for one in checks if one["status"] == "skip"} == {
        "a CORS preflight names the allowed origin": f"give --origin; or {CREDENTIALS}",
        "a question with a blocked word meets the guardrail": CREDENTIALS,
    }


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
        ("route", ["an unknown path is refused (404)"]),
        ("preflight", ["a CORS preflight of another origin is not allowed"]),
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


class Clock:
    """Time that passes only in sleep, and what happens meanwhile."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.slept = 0.0
        self.mends_after = float("inf")
        monkeypatch.setattr(Client, "local", False)
        monkeypatch.setattr("toolkit.proofs.run.time.sleep", self.sleep)

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        if self.slept >= self.mends_after:
            FakeChatbot.broken = set()


@pytest.mark.parametrize("broken", ["model", "injection", "missing key"])
def test_it_waits_visibly_until_aws_has_settled_and_then_checks(
    broken: str, url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    clock.mends_after = 60
    FakeChatbot.broken = {broken}
    code = smoke_test.main(["--url", url, "--api-key", KEY, "--origin", ORIGIN])
    said = capsys.readouterr().out
    if broken == "missing key":  # not what it waits for: a control that is gone is reported at once
        assert (code, clock.slept) == (1, 0)
        return
    assert code == 0
    assert 60 <= clock.slept <= 300
    what = {"model": "a question to be answered", "injection": "an attack to be refused"}[broken]
    assert f"waiting 15 s for {what}" in said


def test_it_waits_no_longer_than_five_minutes_and_asks_no_more_than_twenty_times(
    url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    FakeChatbot.broken = {"model", "injection"}
    assert smoke_test.main(["--url", url, "--api-key", KEY, "--origin", ORIGIN]) == 1
    said = capsys.readouterr().out
    assert clock.slept == 300
    assert "in vain for a question to be answered and an attack to be refused" in said
    # Here ten checks can be asked, and with credentials one more.
    assert FakeChatbot.asked + 1 <= 20


def test_what_was_asked_while_waiting_is_not_asked_again(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _failed(url, capsys) == (0, [])
    assert FakeChatbot.asked == 10  # of eleven, one needs credentials


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
    argv: list[str], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CHATBOT_API_KEY", raising=False)
    assert smoke_test.main(argv) == 2
    assert said in capsys.readouterr().err


def test_nobody_at_the_address_is_a_failure_and_no_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Pace, "of", lambda *_, **__: Pace(0.0, 0.0))
    url = "http://127.0.0.1:1/chat"
    assert smoke_test.main(["--url", url, "--api-key", KEY, "--origin", ORIGIN, "--json"]) == 1
    results = json.loads(capsys.readouterr().out)["checks"]
    failed = [result for result in results if result["status"] == "fail"]
    assert len(failed) == 10
    # Nothing else: a check that got no answer knows nothing of a control.
    assert {result["detail"].partition(": ")[0] for result in failed} == {f"no answer from {url}"}


class Gateway:
    """API Gateway with some clients, of whom some are enabled."""

    def __init__(self, enabled: dict[str, bool]) -> None:
        self._enabled = enabled

    def get_api_key(self, *, apiKey: str, includeValue: bool) -> dict[str, Any]:  # noqa: N803 - boto3's
        assert includeValue
        return {"value": f"key of {apiKey}", "enabled": self._enabled[apiKey]}


def test_the_first_client_that_is_enabled_asks() -> None:
    outputs = {"api_key_ids": {"a-first": "1", "b-second": "2", "c-third": "3"}}
    asked = targets.client_key(Gateway({"1": False, "2": True, "3": True}), outputs)
    assert asked == ("b-second", "key of 2")
    with pytest.raises(ToolkitError, match="No client is enabled"):
        targets.client_key(Gateway(dict.fromkeys("123", False)), outputs)


def test_a_client_that_is_named_asks_or_is_refused() -> None:
    gateway, outputs = Gateway({"1": False, "2": True}), {"api_key_ids": {"old": "1", "web": "2"}}
    assert targets.client_key(gateway, outputs, "web") == ("web", "key of 2")
    with pytest.raises(ToolkitError, match="'old' is disabled"):
        targets.client_key(gateway, outputs, "old")
    with pytest.raises(ToolkitError, match=r"no client 'app'\. There are: old, web"):
        targets.client_key(gateway, outputs, "app")


def test_whoever_asks_is_measured_by_its_own_plan() -> None:
    outputs = {"usage_plan_id": "p", "clients": {"batch": {"usage_plan_id": "q"}}}
    assert targets.seen_by("batch", outputs)["usage_plan_id"] == "q"
    assert targets.seen_by("web", outputs)["usage_plan_id"] == "p"


def test_one_clients_key_is_printed_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway, outputs = Gateway({"1": True, "2": True}), {"api_key_ids": {"app": "1", "web": "2"}}

    def environment(_: str, client: str) -> Deployment:
        return Deployment("https://x/chat", targets.client_key(gateway, outputs, client)[1])

    monkeypatch.setattr(targets, "environment", environment)
    assert key.main(["--env", "dev", "--client", "web"]) == 0
    assert capsys.readouterr() == ("key of 2\n", "")
    assert key.main(["--env", "dev", "--client", "nobody"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "There are: app, web." in said.err


def test_an_api_key_is_not_shown() -> None:
    assert KEY not in repr(Deployment("https://x/chat", KEY))
