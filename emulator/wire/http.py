"""Requests and responses as values, free of any server's or framework's types."""

import json
from dataclasses import dataclass
from urllib.parse import quote

from emulator.wire.documents import Document


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


def strict_json(text: str | bytes) -> object:
    """Parse JSON, to which NaN and Infinity do not belong. Raises ValueError, RecursionError."""
    parsed: object = json.loads(text, parse_constant=_refuse_constant)
    return parsed


def strict_object(text: str | bytes) -> Document:
    """Parse a JSON object. Raises TypeError for other JSON, ValueError and RecursionError."""
    parsed = strict_json(text)
    if not isinstance(parsed, dict):
        raise TypeError("must be a JSON object")
    return parsed


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def json_response(
    status: int, document: object, headers: tuple[tuple[str, str], ...] = ()
) -> HttpResponse:
    """Answer with a JSON document."""
    body = json.dumps(document).encode()
    return HttpResponse(status, (("Content-Type", "application/json"), *headers), body)


def request_of(environ: Document) -> HttpRequest:
    """Read a WSGI request, body and all; its headers as they arrived where the server kept them."""
    headers = environ.get("emulator.headers")
    if headers is None:
        headers = tuple(
            (name.removeprefix("HTTP_").replace("_", "-").title(), value)
            for name, value in environ.items()
            if name.startswith("HTTP_") or name in {"CONTENT_TYPE", "CONTENT_LENGTH"}
        )
    uri: str = environ.get("REQUEST_URI") or environ.get("RAW_URI") or ""
    path = uri.partition("?")[0]
    if not path.startswith("/"):  # an absolute-form target, or none
        path = quote(environ.get("PATH_INFO", "/").encode("latin-1"))
    return HttpRequest(
        method=environ["REQUEST_METHOD"],
        path="/" + path.lstrip("/"),
        query=environ.get("QUERY_STRING", ""),
        headers=headers,
        body=environ["wsgi.input"].read(),
        source_ip=environ.get("REMOTE_ADDR", "127.0.0.1"),
    )
