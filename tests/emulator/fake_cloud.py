"""The account as the parts under test see it, over moto in this process."""

import contextlib
import functools
import io
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import moto  # noqa: F401  # hooks into botocore: before any client is made
from botocore.awsrequest import AWSResponse

from emulator.wire.http import HttpRequest, HttpResponse

ACCOUNT = "123456789012"
REGION = "us-east-2"
ENDPOINT = "http://127.0.0.1:4566"

_SESSION = boto3.session.Session(region_name=REGION)  # one for all tests: it caches the models


@functools.cache
def _operator_client(service: str) -> Any:
    return _SESSION.client(service, aws_access_key_id="emulator", aws_secret_access_key="emulator")


class FakeCloud:
    """Answers like `emulator.cloud.Cloud`; use it inside moto's `mock_aws`."""

    def __init__(self) -> None:
        self.account_id = ACCOUNT
        self.region = REGION
        self.logged: list[tuple[str, str, str]] = []
        self._snapshots: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        return _operator_client(service)

    def snapshot[T](self, key: str, build: Callable[[], T]) -> T:
        if key not in self._snapshots:
            self._snapshots[key] = build()
        value: T = self._snapshots[key]
        return value

    def changed(self) -> None:
        """Forget the snapshots, as a write to the control plane does."""
        self._snapshots.clear()

    def log(self, group: str, stream: str, message: str) -> None:
        self.logged.append((group, stream, message))

    def metric(self, *_: Any, **__: Any) -> None:
        """Count nothing."""


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
