"""Clients of our own call in-process: no socket, and none of the server's threads."""

import io
from collections.abc import Callable, Iterator
from typing import Protocol
from urllib.parse import urlsplit

from botocore.awsrequest import AWSRequest, AWSResponse

from emulator.wire.http import HttpRequest, HttpResponse

Answer = Callable[[HttpRequest], HttpResponse]


class InProcess:
    """Answers a botocore request by a function: a handler of botocore's event `before-send`."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def __call__(self, request: AWSRequest, **_: object) -> AWSResponse:
        """Return the answer as if it had come over a socket."""
        url = urlsplit(request.url)
        headers = [("Host", url.netloc)]
        for name, value in request.headers.items():
            text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
            headers.append((name, text))
        answer = self._answer(
            HttpRequest(
                method=request.method,
                path="/" + url.path.lstrip("/"),
                query=url.query,
                headers=tuple(headers),
                body=_bytes(request.body),
                source_ip="127.0.0.1",
            )
        )
        headers_given = dict(answer.headers)
        return AWSResponse(request.url, answer.status, headers_given, _Raw(answer.body))


class _Readable(Protocol):
    def read(self) -> bytes | str: ...


def _bytes(body: bytes | bytearray | str | _Readable | None) -> bytes:
    match body:
        case None:
            return b""
        case bytes() | bytearray():
            return bytes(body)
        case str():
            return body.encode()
        case _:
            return _bytes(body.read())


class _Raw(io.BytesIO):
    """The part of urllib3's response that botocore reads."""

    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        while chunk := self.read(65_536):
            yield chunk
