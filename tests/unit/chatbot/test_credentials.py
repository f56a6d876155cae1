"""Where the role's keys come from, and that they are new before the old expire."""

import http.server
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest

from chatbot import config
from chatbot.credentials import RENEW_SECONDS, Credentials, CredentialsError
from chatbot.signing import Keys

HOUR = 3600.0


class Lambda(http.server.BaseHTTPRequestHandler):
    """The address at which Lambda serves keys to a function with SnapStart."""

    asked: ClassVar[list[tuple[str, str | None]]]
    hiccups: ClassVar[list[int]]  # statuses before that one; 0 hangs up
    status = 200
    expires = HOUR
    document: ClassVar[Any]

    def do_GET(self) -> None:
        self.asked.append((self.path, self.headers["Authorization"]))
        status = self.hiccups.pop() if self.hiccups else self.status
        if not status:
            return
        self.send_response(status)
        self.end_headers()
        expires = datetime.fromtimestamp(self.expires, UTC).isoformat().replace("+00:00", "Z")
        document = {
            "AccessKeyId": f"AKID{len(self.asked)}",
            "SecretAccessKey": "not-a-secret",
            "Token": "a-token",
            "Expiration": expires,
        }
        self.wfile.write(json.dumps(document if self.document is None else self.document).encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name upstream
        """Say nothing."""


@pytest.fixture
def served() -> Iterator[tuple[type[Lambda], dict[str, str]]]:
    handler = type("Keys", (Lambda,), {"asked": [], "hiccups": [], "document": None})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield (
        handler,
        {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://127.0.0.1:{server.server_address[1]}/k?v=1",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": "let-me",
        },
    )
    server.shutdown()
    server.server_close()


def test_takes_the_keys_of_the_moment_from_the_environment() -> None:
    environ = {
        "AWS_ACCESS_KEY_ID": "AKID1",
        "AWS_SECRET_ACCESS_KEY": "secret-1",
        "AWS_SESSION_TOKEN": "token-1",
    }
    credentials = Credentials(lambda: config.key_source(environ))
    assert credentials.keys() == Keys("AKID1", "secret-1", "token-1")
    environ |= {"AWS_ACCESS_KEY_ID": "AKID2", "AWS_SESSION_TOKEN": "token-2"}
    assert credentials.keys() == Keys("AKID2", "secret-1", "token-2")


@pytest.mark.parametrize("half", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_half_of_the_keys_are_none(half: str) -> None:
    served = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://localhost/keys"}
    source = config.key_source(served | {half: "half"})
    assert source == config.KeySource(address=("localhost", 80, "/keys"))


def test_the_token_that_keys_are_asked_for_with_stays_out_of_a_log() -> None:
    assert "let-me" not in repr(config.KeySource(token="let-me"))


def test_with_snapstart_asks_for_keys_and_for_new_ones_before_they_expire(
    served: tuple[type[Lambda], dict[str, str]],
) -> None:
    handler, environ = served
    now = [0.0]
    credentials = Credentials(lambda: config.key_source(environ), clock=lambda: now[0])
    assert credentials.keys() == Keys("AKID1", "not-a-secret", "a-token")
    now[0] = HOUR - RENEW_SECONDS
    assert credentials.keys().access_key_id == "AKID1"
    now[0] = HOUR - RENEW_SECONDS + 1
    handler.expires = 2 * HOUR
    assert credentials.keys().access_key_id == "AKID2"
    now[0] = HOUR + 1
    assert credentials.keys().access_key_id == "AKID2"
    assert handler.asked == [("/k?v=1", "let-me")] * 2


def test_old_keys_do_as_long_as_they_are_valid(served: tuple[type[Lambda], dict[str, str]]) -> None:
    handler, environ = served
    now = [0.0]
    credentials = Credentials(lambda: config.key_source(environ), clock=lambda: now[0])
    credentials.keys()
    handler.status = 500
    now[0] = HOUR - 1
    assert credentials.keys().access_key_id == "AKID1"
    now[0] = HOUR
    with pytest.raises(CredentialsError, match="status 500"):
        credentials.keys()


@pytest.mark.parametrize("hiccups", [[500, 0], [0, 500]])
def test_keys_are_asked_for_three_times(
    served: tuple[type[Lambda], dict[str, str]], hiccups: list[int]
) -> None:
    handler, environ = served
    handler.hiccups.extend(hiccups)
    assert Credentials(lambda: config.key_source(environ)).keys().access_key_id == "AKID3"
    handler.status = 503
    with pytest.raises(CredentialsError, match="status 503"):
        Credentials(lambda: config.key_source(environ)).keys()
    assert len(handler.asked) == 6


@pytest.mark.parametrize("document", [[], "no", {}, {"AccessKeyId": "A"}, {"Expiration": 1}])
def test_what_is_no_answer_gives_no_keys(
    served: tuple[type[Lambda], dict[str, str]], document: object
) -> None:
    handler, environ = served
    handler.document = document
    with pytest.raises(CredentialsError, match="not the documented JSON"):
        Credentials(lambda: config.key_source(environ)).keys()


def test_an_address_where_nobody_listens_gives_no_keys() -> None:
    environ = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9/keys"}
    with pytest.raises(CredentialsError, match="ConnectionRefusedError"):
        Credentials(lambda: config.key_source(environ)).keys()


@pytest.mark.parametrize(
    "address", ["", "http://192.0.2.1/keys", "https://localhost/keys", "http://example.com/keys"]
)
def test_keys_are_asked_for_on_this_machine_alone(address: str) -> None:
    environ = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": address}
    with pytest.raises(CredentialsError, match="neither keys nor an address"):
        Credentials(lambda: config.key_source(environ)).keys()
