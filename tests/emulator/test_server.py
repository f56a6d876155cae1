"""The port: routes, limits, bad input."""

import contextlib
import json
import re
import select
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

import emulator.server as server_module
from emulator.server import Server
from emulator.wire.http import HttpRequest, HttpResponse, json_response
from tests.emulator.conftest import ACCOUNT, REGION, Emulator, signed


def test_health_tells_generation_and_approximations(emulator: Emulator) -> None:
    health = emulator.request("GET", "/_aws/health").json()
    assert health["status"] == "ok"
    assert health.keys() >= {"generation", "approximations", "account_id", "region"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/_aws/nothing", 404),
        ("GET", "/_aws/", 404),
        ("GET", "/", 403),
        ("GET", "/some-bucket/key", 403),
        ("POST", "/model/x/invoke-with-response-stream", 403),
        ("POST", "/model/", 403),
        ("POST", "/guardrail/x", 403),
        ("POST", "/2015-03-31/functions%2Fx%2Finvocations", 403),
        ("PATCH", "/_aws/faults", 405),
        ("PATCH", "/_aws/clock", 405),
        ("PATCH", "/_aws/mailbox", 405),
        ("POST", "/_aws/execute-api/none/v1/chat", 403),
        ("GET", "/_aws/execute-api/none", 403),
        ("GET", "/_aws/execute-api/none/", 403),
        ("GET", "/_aws/execute-api/none//", 403),
        ("GET", "/_aws/execute-api/none//v1/chat", 403),
        ("GET", "/_aws/execute-api//v1/chat", 404),
        ("GET", "/_aws/execute-api", 404),
        ("GET", "//", 403),
        ("GET", "//_aws//execute-api", 404),
        ("GET", "///etc//passwd", 403),
        ("POST", "//model/x/converse", 403),
    ],
)
def test_unknown_requests_get_an_aws_error(
    emulator: Emulator, method: str, path: str, status: int
) -> None:
    answer = emulator.request(method, path, b"\xff{" if method == "POST" else None)
    assert answer.status == status
    assert b"Traceback" not in answer.body
    assert b"<html" not in answer.body


def test_an_unsigned_call_of_the_control_plane_is_refused(emulator: Emulator) -> None:
    answer = emulator.request("GET", "/2015-03-31/functions/")
    assert answer.status == 403
    assert answer.json()["message"] == "Missing Authentication Token"


def test_an_unknown_operation_is_refused_in_the_services_protocol(emulator: Emulator) -> None:
    for service, begins in (
        ("lambda", b'{"message": "The emulator does not implement GET /x,'),
        ("nonsense", b'{"message": "The emulator does not implement GET /x,'),
        ("iam", b'<?xml version="1.0" encoding="UTF-8"?>\n<ErrorResponse><Error><Type>'),
    ):
        answer = emulator.request("GET", "/x", headers=signed(service))
        assert (answer.status, answer.body[: len(begins)]) == (501, begins)


@pytest.mark.parametrize(
    "said",
    [
        {"Host": "attacker.example:4566"},  # a name that its owner points at 127.0.0.1
        {"Host": "127.0.0.1.attacker.example"},
        {"Host": "123456789012.attacker.example"},
        {"Origin": "https://attacker.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/2015-03-31/functions/"),
        ("POST", "/2015-03-31/functions/any/invocations"),
        ("POST", "/model/any/converse"),
        ("DELETE", "/_aws/faults"),
    ],
)
def test_a_web_page_cannot_use_the_account(
    emulator: Emulator, method: str, path: str, said: dict[str, str]
) -> None:
    """The administrator's key is known to all, and a function is code that runs here."""
    administrator = signed("lambda")
    refused = emulator.request(method, path, headers=administrator | said)
    assert (refused.status, b"web page" in refused.body) == (403, True)
    assert b"web page" not in emulator.request(method, path, headers=administrator).body


@pytest.mark.parametrize(
    "said",
    [
        {"Host": "localhost:4566"},
        {"Host": "[::1]"},
        {"Host": "123456789012.127.0.0.1:4566"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_a_person_may_look(emulator: Emulator, said: dict[str, str]) -> None:
    assert emulator.request("GET", "/_aws/health", headers=said).status == 200


def test_web_pages_reach_the_deployed_apis(echo: Server) -> None:
    said = {"Origin": "https://chat.example", "Sec-Fetch-Site": "cross-site", "Host": "api.example"}
    answer = Emulator(echo).request("GET", "/_aws/execute-api/a/b/c", headers=said)
    assert answer.status == 200


@pytest.mark.parametrize(
    "raw",
    [
        b"GARBAGE\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        b"POST /model/x/converse HTTP/1.1\r\nHost: x\r\nContent-Length: minus\r\n\r\n",
        b"GET /" + b"a" * 300_000 + b" HTTP/1.1\r\n\r\n",
    ],
)
def test_what_is_not_http_gets_an_answer_and_no_traceback(emulator: Emulator, raw: bytes) -> None:
    with connect(emulator, raw) as connection:
        reply = b""
        while chunk := connection.recv(65_536):
            reply += chunk
            if b"}" in reply:
                break
    assert reply.split()[1][:1] == b"4"
    assert b"Traceback" not in reply


def test_half_sent_requests_hold_up_nobody(emulator: Emulator) -> None:
    half = b"POST /_aws/execute-api/a/b/c HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf"
    waiting = [connect(emulator, half) for _ in range(150)]
    assert emulator.request("GET", "/_aws/health").status == 200
    for connection in waiting:
        connection.close()


def connect(server: Server | Emulator, first: bytes = b"") -> socket.socket:
    port = int(server.endpoint.rpartition(":")[2])
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    connection.sendall(first)
    return connection


class _Slow:
    """Stands in for deployed APIs whose answers wait for the test."""

    def __init__(self, server: Server) -> None:
        self.release, self.waiting = threading.Event(), threading.Semaphore(0)
        server.app.door.apis = self  # type: ignore[assignment]  # stands in

    def handle(self, *_: object) -> HttpResponse:
        self.waiting.release()
        self.release.wait(60)
        return json_response(200, {})


REQUEST = b"GET /_aws/execute-api/a/b/c HTTP/1.1\r\n\r\n"


def test_a_thousand_idle_connections_shut_nobody_out(echo: Server) -> None:
    slow = _Slow(echo)
    working = connect(echo, REQUEST)
    assert slow.waiting.acquire(timeout=5)
    idle = [connect(echo, b"GET / HTTP/1.1\r\nX-Half:" * (n % 2)) for n in range(1000)]
    assert Emulator(echo).request("GET", "/_aws/health").status == 200
    slow.release.set()
    assert working.recv(65_536).startswith(b"HTTP/1.1 200 ")  # it was never the one to go
    idle[-1].sendall(b" x\r\n\r\n")
    assert idle[-1].recv(65_536).startswith(b"HTTP/1.1 403 ")  # the newest may stay
    for connection in (working, *idle):
        connection.close()


def test_neither_silence_nor_one_byte_at_a_time_holds_a_connection(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setattr(server_module, "PATIENCE", 1)
    echo: Server = request.getfixturevalue("echo")
    slow = _Slow(echo)
    silent, dripping, working = (
        connect(echo),
        connect(echo, b"GET / HTTP/1.1\r\nX:"),
        connect(echo, REQUEST),
    )
    began = time.monotonic()
    with contextlib.suppress(OSError):
        while time.monotonic() < began + 10 and not select.select([dripping], [], [], 0.2)[0]:
            dripping.sendall(b"x")
    assert time.monotonic() < began + 5
    assert silent.recv(1) == b""
    slow.release.set()
    assert working.recv(65_536).startswith(b"HTTP/1.1 200 ")  # longer than patience, and answered
    for connection in (silent, dripping, working):
        connection.close()


def test_requests_sent_at_once_are_answered_in_their_order(emulator: Emulator) -> None:
    requests = (
        b"GET /_aws/health HTTP/1.1\r\n\r\n"
        b"GET /_aws/nothing HTTP/1.1\r\n\r\n"
        b"POST /_aws/execute-api/a/b/c HTTP/1.1\r\nConnection: close\r\n\r\n"
    )
    with connect(emulator, requests) as connection:
        reply = b"".join(iter(lambda: connection.recv(65_536), b""))
    assert re.findall(rb"HTTP/1.1 (\d+)", reply) == [b"200", b"404", b"403"]


def test_the_announced_size_of_a_body_is_limited(emulator: Emulator) -> None:
    large = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n"
    with connect(emulator, large) as connection:
        assert b" 413 " in connection.recv(65_536)


def test_a_payload_over_six_megabytes_is_refused_by_lambda(emulator: Emulator) -> None:
    path = "/2015-03-31/functions/any/invocations"
    answer = emulator.request("POST", path, b"1" * (6 * 1024 * 1024 + 1))
    assert answer.status == 413
    assert answer.headers["x-amzn-errortype"] == "RequestTooLargeException"


class _Echo:
    """Stands in for the deployed APIs: answers with the request as it got it."""

    def handle(self, request: HttpRequest, api_id: str, stage: str, path: str) -> HttpResponse:
        seen = {
            "api": [api_id, stage, path],
            "path": request.path,
            "query": request.query,
            "headers": request.headers,
            "ip": request.source_ip,
            "body": request.body.decode(),
        }
        return json_response(200, seen, (("Connection", "close"), ("X-Two", "a"), ("X-Two", "b")))


@pytest.fixture
def echo() -> Iterator[Server]:
    server = Server(port=0)
    server.app.door.apis = _Echo()  # type: ignore[assignment]  # stands in
    server.start()
    yield server
    server.stop()


def test_a_request_reaches_the_api_as_it_was_sent(echo: Server) -> None:
    port = int(echo.endpoint.rpartition(":")[2])
    with socket.socket() as connection:
        connection.bind(("127.0.0.7", 0))
        connection.settimeout(5)
        connection.connect(("127.0.0.1", port))
        connection.sendall(
            b"POST /_aws/execute-api/abc/v1/chat%2Fx?a=%20b HTTP/1.1\r\nHost: h\r\n"
            b"X-Api-Key: one\r\nx-api-key: two\r\nwith_underscore: u\r\nConnection: close\r\n"
            b"Content-Length: 2\r\n\r\nhi"
        )
        reply = b""
        while chunk := connection.recv(65_536):
            reply += chunk
    head, _, body = reply.partition(b"\r\n\r\n")
    seen = json.loads(body)
    assert seen["api"] == ["abc", "v1", "/chat%2Fx"]
    assert seen["query"] == "a=%20b"
    assert seen["ip"] == "127.0.0.7"
    assert seen["body"] == "hi"
    assert ["X-Api-Key", "one"] in seen["headers"]
    assert ["x-api-key", "two"] in seen["headers"]
    assert ["with_underscore", "u"] in seen["headers"]
    assert head.count(b"X-Two") == 2


def test_a_part_that_breaks_gives_an_error_without_its_cause(echo: Server) -> None:
    class Broken:
        def handle(self, *_: object) -> HttpResponse:
            raise RuntimeError("the secret cause")

    echo.app.door.apis = Broken()  # type: ignore[assignment]  # stands in
    answer = Emulator(echo).request("GET", "/_aws/execute-api/a/b/c")
    assert answer.status == 500
    assert answer.json()["message"] == "The emulator failed to answer; its log says why."
    assert b"secret" not in answer.body


def test_calls_that_requests_cause_find_a_thread_when_all_clients_wait(echo: Server) -> None:
    slow = _Slow(echo)
    emulator = Emulator(echo)
    clients = [
        threading.Thread(
            target=emulator.request, args=("GET", "/_aws/execute-api/a/b/c"), daemon=True
        )
        for _ in range(200)  # more than both pools have threads
    ]
    for client in clients:
        client.start()
    try:
        for _ in range(64):
            assert slow.waiting.acquire(timeout=5)
        with urllib.request.urlopen(f"{echo.endpoint}/_aws/health", timeout=5) as answer:
            assert answer.status == 200
    finally:
        slow.release.set()
    for client in clients:
        client.join(timeout=10)


def test_a_function_is_named_in_every_way(emulator: Emulator, package: bytes) -> None:
    function = emulator.client("lambda")
    emulator.function("named", package, Publish=True)
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:named"
    for name in ("named", "named:1", f"{ACCOUNT}:function:named", arn, f"{arn}:1"):
        assert function.invoke(FunctionName=name)["StatusCode"] == 200
    with pytest.raises(ClientError, match="does not match the specified qualifier"):
        function.invoke(FunctionName="named:1", Qualifier="2")


def test_an_answer_is_sent_in_one_piece(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    pieces: list[bytes] = []
    send = server_module._Channel.write_soon

    def write_soon(channel: server_module._Channel, data: bytes) -> int:
        pieces.append(data)
        return int(send(channel, data))

    monkeypatch.setattr(server_module._Channel, "write_soon", write_soon)
    emulator.client("sns").create_topic(Name="one-piece")
    (answer,) = pieces
    assert answer.endswith(b"</CreateTopicResponse>")
