"""The account as the parts under test see it, over moto in this process."""

import contextlib
import functools
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import boto3
import moto  # noqa: F401  # hooks into botocore: before any client is made
from botocore.awsrequest import AWSResponse

from emulator.account import Account, Value
from emulator.iam import Authorizer
from emulator.wire.http import HttpRequest, HttpResponse
from iam_policy import Decision

ACCOUNT = "123456789012"
REGION = "us-east-2"
ENDPOINT = "http://127.0.0.1:4566"

_SESSION = boto3.session.Session(region_name=REGION)  # one for all tests: it caches the models


@functools.cache
def _operator_client(service: str) -> Any:
    return _SESSION.client(service, aws_access_key_id="emulator", aws_secret_access_key="emulator")


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class _Logs:
    """Keeps what parts log."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str, str]] = []

    def put(self, group: str, stream: str, message: str) -> None:
        self.events.append((group, stream, message))

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing runs."""


class _Metrics:
    """Keeps what parts count."""

    def __init__(self) -> None:
        self.counted: list[tuple[str, Mapping[str, str], float]] = []

    def add(
        self,
        namespace: str,  # noqa: ARG002  # as the account's
        name: str,
        dimensions: Mapping[str, str],
        value: float = 1.0,
        unit: str = "Count",  # noqa: ARG002
    ) -> None:
        self.counted.append((name, dimensions, value))

    def add_all(
        self,
        namespace: str,  # noqa: ARG002
        dimensions: Mapping[str, str],
        values: Iterable[Value],
    ) -> None:
        self.counted += [(name, dimensions, value) for name, value, _ in values]


class FakeAccount(Account):
    """The account without a server: its clients are moto's (inside `mock_aws`), or a test's own.

    What parts log, count and say of themselves stays in lists.
    """

    def __init__(self) -> None:
        logs, metrics = _Logs(), _Metrics()
        super().__init__(ACCOUNT, REGION, ENDPOINT, metrics=metrics, logs=logs)
        self.logged, self.counted = logs.events, metrics.counted

    def client(self, service: str) -> Any:
        return _operator_client(service)

    @property
    def said(self) -> list[str]:
        return [each["text"] for each in self.approximations.listed()]


class FakeRoles(Authorizer):
    """An IAM in which every role may be assumed, and may do all until a test says otherwise."""

    def __init__(self) -> None:
        super().__init__(FakeAccount())
        self.allowed = True
        self.asked: list[tuple[str, str]] = []

    def assume_by_service(self, *_: Any, **__: Any) -> Any:
        """Trust everybody."""

    def authorize(self, *asked: Any, **_: Any) -> Decision:
        self.asked.append((asked[1], asked[2]))
        return Decision(self.allowed, "allowed" if self.allowed else "implicit_deny", "a test")

    def authorize_role(self, *asked: Any, **more: Any) -> Decision:
        return self.authorize(*asked, **more)


class _Captured(Exception):  # noqa: N818  # not an error: it only ends the call
    def __init__(self, request: Any) -> None:
        super().__init__()
        self.request = request


@functools.cache
def _local_client(service: str, key: str, token: str | None) -> Any:
    return _SESSION.client(
        service,
        endpoint_url=ENDPOINT,
        aws_access_key_id=key,
        aws_secret_access_key="made-up",
        aws_session_token=token,
        config=boto3.session.Config(s3={"addressing_style": "path"}),
    )


@contextlib.contextmanager
def _instead_of_sending(client: Any, hook: Callable[..., Any]) -> Iterator[None]:
    client.meta.events.register_first("before-send", hook, unique_id="test")
    try:
        yield
    finally:
        client.meta.events.unregister("before-send", hook, unique_id="test")


def captured_request(
    service: str,
    operation: str,
    *,
    key: str = "rehearsal",
    token: str | None = None,
    **parameters: Any,
) -> HttpRequest:
    """Return the request that the SDK sends for an operation, without sending it."""

    def keep(request: Any, **_: Any) -> None:
        raise _Captured(request)

    client = _local_client(service, key, token)
    request: Any = None
    with _instead_of_sending(client, keep):
        try:
            getattr(client, operation)(**parameters)
        except _Captured as captured:
            request = captured.request
    body = request.body or b""
    if hasattr(body, "read"):
        body = body.read()
    path, _, query = request.url.removeprefix(ENDPOINT).partition("?")
    headers = tuple(
        (name, value.decode() if isinstance(value, bytes) else str(value))
        for name, value in request.headers.items()
    )
    return HttpRequest(
        request.method,
        path,
        query,
        (("Host", "127.0.0.1:4566"), *headers),
        body.encode() if isinstance(body, str) else bytes(body),
        "127.0.0.1",
    )


class _Body(io.BytesIO):
    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self.read()


def answered(service: str, operation: str, response: HttpResponse, **parameters: Any) -> Any:
    """Return what the SDK makes of a response to an operation."""

    def respond(request: Any, **_: Any) -> AWSResponse:
        body = _Body(response.body)
        return AWSResponse(request.url, response.status, dict(response.headers), body)

    client = _local_client(service, "rehearsal", None)
    with _instead_of_sending(client, respond):
        return getattr(client, operation)(**parameters)
