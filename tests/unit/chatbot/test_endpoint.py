"""Requests over kept connections, and what becomes of those that died while nobody looked."""

import contextlib
import re
import select
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from chatbot.config import KeySource
from chatbot.conversations import HELD_SECONDS
from chatbot.credentials import CredentialsError
from chatbot.endpoint import (
    READ_TIMEOUT_SECONDS,
    Bounded,
    Endpoint,
    GarbledError,
    RefusedError,
    UnansweredError,
    UnreachableError,
    UntrustedError,
)
from toolkit.certificates import make_certificate
from toolkit.terraform import ROOT

PATH = "/model/us.anthropic.claude%3A0/converse"


def test_posts_json_and_reads_json(make_endpoint: Any, loopback: Any) -> None:
    loopback.handler.answer = b'{"output": 1}'
    assert make_endpoint(loopback.url).post(PATH, {"text": "é"}) == {"output": 1}
    ((_, path, headers, body),) = loopback.handler.received
    assert (path, body) == (PATH, b'{"text": "\\u00e9"}')
    assert headers["content-type"] == "application/json"
    assert headers["user-agent"] == "secured-ai-chatbot"
    assert headers["x-amz-security-token"] == "a-token"
    assert headers["Host"] in loopback.url
    assert headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")


def ports(loopback: Any) -> int:
    return len({one[0] for one in loopback.handler.received})


def test_keeps_its_connection_from_one_request_to_the_next(
    make_endpoint: Any, loopback: Any
) -> None:
    endpoint = make_endpoint(loopback.url)
    for _ in range(3):
        endpoint.post(PATH, {})
    assert (len(loopback.handler.received), ports(loopback)) == (3, 1)


def test_the_first_request_uses_the_connection_of_the_start(
    make_endpoint: Any, loopback: Any
) -> None:
    endpoint = make_endpoint(loopback.url)
    endpoint.connect().join()
    kept = endpoint._kept[0].connection.sock.getsockname()[1]
    endpoint.post(PATH, {})
    assert [one[0] for one in loopback.handler.received] == [kept]


def heard(endpoint: Endpoint) -> None:
    """Wait until something comes over the connection that is kept, such as its end."""
    assert select.select([endpoint._kept[-1].connection.sock], [], [], 5)[0]


@pytest.mark.parametrize(("how", "resends"), [("after", True), ("after", False), ("again", True)])
def test_a_connection_that_died_in_a_freeze_costs_nothing_but_a_new_one(
    make_endpoint: Any, loopback: Any, *, how: str, resends: bool
) -> None:
    """`after`: the end is seen before the next request. `again`: only once it has been sent."""
    endpoint = make_endpoint(loopback.url, resends=resends)
    loopback.handler.hang_up = how
    for number in range(3):
        loopback.handler.answer = str(number).encode()
        assert endpoint.post(PATH, {}) == number
        if how == "after":
            heard(endpoint)
    assert (len(loopback.handler.received), ports(loopback)) == (3, 3)


def test_who_counts_each_sending_hears_of_a_connection_that_died(
    make_endpoint: Any, loopback: Any
) -> None:
    endpoint = make_endpoint(loopback.url, resends=False)
    loopback.handler.hang_up = "again"
    endpoint.post(PATH, {})
    with pytest.raises(UnreachableError):
        endpoint.post(PATH, {})
    assert len(loopback.handler.received) == 1


@contextlib.contextmanager
def resetting(*answers: bytes) -> Iterator[str]:
    """Serve one answer a connection, and reset it."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            for answer in answers:
                connection = server.accept()[0]
                while not connection.recv(65_536).endswith(b"{}"):
                    continue
                connection.sendall(answer)
                linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"  # close() resets
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                connection.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        thread.join(5)


@pytest.mark.parametrize("resends", [True, False])
def test_a_connection_that_was_reset_costs_nothing_but_a_new_one(
    make_endpoint: Any, *, resends: bool
) -> None:
    with resetting(*[b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"] * 2) as url:
        endpoint = make_endpoint(url, resends=resends)
        assert endpoint.post(PATH, {}) == {}
        heard(endpoint)
        assert endpoint.post(PATH, {}) == {}


@pytest.mark.parametrize(
    "answer", [b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{"]
)
def test_what_answers_with_something_else_was_reached(make_endpoint: Any, answer: bytes) -> None:
    with resetting(answer) as url, pytest.raises(GarbledError):
        make_endpoint(url).post(PATH, {})


def test_a_connection_that_was_idle_for_long_is_not_used_again(
    make_endpoint: Any, loopback: Any
) -> None:
    now = [0.0]
    endpoint = make_endpoint(loopback.url, clock=lambda: now[0])
    endpoint.post(PATH, {})
    now[0] = 49.0
    endpoint.post(PATH, {})
    assert ports(loopback) == 1
    now[0] += 50.0
    endpoint.post(PATH, {})
    assert ports(loopback) == 2


def test_an_error_is_read_from_header_or_body(make_endpoint: Any, loopback: Any) -> None:
    loopback.handler.status = 400
    for header, body, code in [
        ("ValidationException:http://internal.amazon.com/", b'{"message": "no"}', "Validation"),
        ("", b'{"__type": "com.amazon#ThrottlingException", "Message": "no"}', "Throttling"),
        ("", b'{"code": "ModelErrorException", "message": "no"}', "ModelError"),
    ]:
        loopback.handler.error_type, loopback.handler.answer = header, body
        with pytest.raises(RefusedError) as error:
            make_endpoint(loopback.url).post(PATH, {})
        assert error.value.code == f"{code}Exception"
        assert (error.value.status, error.value.message) == (400, "no")
        assert error.value.request_id == ("aws-1" if header else "")
        assert "no" not in str(error.value)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'"no"', b'{"message": ["no"]}'])
def test_an_error_of_another_shape_is_known_by_its_status(
    make_endpoint: Any, loopback: Any, body: bytes
) -> None:
    loopback.handler.status, loopback.handler.answer = 502, body
    with pytest.raises(RefusedError) as error:
        make_endpoint(loopback.url).post(PATH, {})
    assert (error.value.code, error.value.status, error.value.message) == ("502", 502, "")


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"output": ', b"[" * 100_000])
def test_an_answer_that_is_no_json_is_garbled(
    make_endpoint: Any, loopback: Any, body: bytes
) -> None:
    loopback.handler.answer = body
    with pytest.raises(GarbledError):
        make_endpoint(loopback.url).post(PATH, {})


def test_an_answer_that_ends_too_early_is_never_asked_for_again(
    make_endpoint: Any, loopback: Any
) -> None:
    loopback.handler.answer = b'{"output": 1}'
    endpoint = make_endpoint(loopback.url)
    endpoint.post(PATH, {})
    loopback.handler.hang_up = "within"
    with pytest.raises(GarbledError):
        endpoint.post(PATH, {})
    assert len(loopback.handler.received) == 2


def test_nobody_listening_is_unreachable(make_endpoint: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    endpoint = make_endpoint(f"http://127.0.0.1:{port}")
    with pytest.raises(UnreachableError) as error:
        endpoint.post(PATH, {})
    assert error.value.cause == str(error.value) == "ConnectionRefusedError"
    endpoint.connect().join()  # says nothing


def test_without_time_no_call_is_made() -> None:
    bounded = Bounded("test")
    with pytest.raises(TimeoutError, match="no time was left"):
        bounded.call(0.0, pytest.fail)


def test_a_call_that_waits_for_a_thread_is_not_made_once_it_was_given_up() -> None:
    bounded, taken, release = Bounded("test"), threading.Semaphore(0), threading.Event()
    made: list[int] = []

    def hang() -> None:
        taken.release()
        release.wait(5)

    for _ in range(bounded._threads._max_workers):
        bounded._threads.submit(hang)
        taken.acquire(timeout=5)
    with pytest.raises(TimeoutError):
        bounded.call(0.001, made.append, 1)
    release.set()
    bounded._threads.shutdown()
    assert made == []


def test_what_outlives_an_invocation_is_no_more_waited_for() -> None:
    variables = (ROOT / "modules" / "compute" / "variables.tf").read_text()
    (longest,) = map(int, re.findall(r"var\.timeout_seconds <= (\d+)", variables))
    assert longest == READ_TIMEOUT_SECONDS
    assert longest + 1 == HELD_SECONDS


def test_silence_is_no_answer(
    make_endpoint: Any, loopback: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatbot.endpoint.READ_TIMEOUT_SECONDS", 0.05)
    loopback.handler.answer, loopback.handler.pause_per_byte = b"{}", 0.3
    with pytest.raises(UnansweredError):
        make_endpoint(loopback.url).post(PATH, {})


def test_without_keys_nothing_is_sent(make_endpoint: Any, loopback: Any) -> None:
    endpoint = make_endpoint(loopback.url, KeySource())
    with pytest.raises(CredentialsError):
        endpoint.post(PATH, {})
    assert loopback.handler.received == []


@dataclass
class Tls:
    """A server with a certificate that only those trust who are configured to."""

    url: str
    certificate: Path
    handshakes: list[str | None]


@pytest.fixture
def tls(tmp_path: Path) -> Iterator[Tls]:
    certificate = make_certificate(tmp_path / "localhost.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    handshakes: list[str | None] = []

    def answer(connection: socket.socket) -> None:
        with contextlib.suppress(OSError), context.wrap_socket(connection, server_side=True) as one:
            handshakes.append(one.version())
            while received := one.recv(65_536):
                if received.endswith(b"{}"):
                    one.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=answer, args=(server.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, daemon=True).start()
        yield Tls(f"https://localhost:{server.getsockname()[1]}", certificate, handshakes)
        server.shutdown(socket.SHUT_RDWR)


def test_who_is_not_known_to_be_aws_gets_nothing(make_endpoint: Any, tls: Tls) -> None:
    with pytest.raises(UntrustedError) as error:
        make_endpoint(tls.url).post(PATH, {})
    assert error.value.cause == "SSLCertVerificationError"


def test_a_connection_opened_at_the_start_serves_the_first_request_in_tls(
    make_endpoint: Any, tls: Tls, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the handshake a server of TLS 1.3 sends tickets, which must not pass for an end."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tls.certificate))
    endpoint = make_endpoint(tls.url)
    endpoint.connect().join()
    time.sleep(0.1)
    assert [endpoint.post(PATH, {}) for _ in range(3)] == [{}, {}, {}]
    assert tls.handshakes == ["TLSv1.3"]
