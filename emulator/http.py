"""Requests and responses as values, free of any server's or framework's types."""

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class HttpRequest:
    """One request as it arrived: `path` is still percent-encoded, `query` has no question mark."""

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    source_ip: str

    def header(self, name: str) -> str | None:
        """Return the first value of a header, whatever its case."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


@dataclass(frozen=True)
class HttpResponse:
    """One response, complete: nothing here is streamed."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """Return the first value of a header, whatever its case."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


def json_response(
    status: int, document: Any, headers: tuple[tuple[str, str], ...] = ()
) -> HttpResponse:
    """Answer with a JSON document."""
    body = json.dumps(document).encode()
    return HttpResponse(status, (("Content-Type", "application/json"), *headers), body)


def aws_error(status: int, code: str, message: str) -> HttpResponse:
    """Answer as AWS's REST-JSON services do: the error's name in a header, its text in the body."""
    return json_response(status, {"message": message}, (("x-amzn-ErrorType", code),))
