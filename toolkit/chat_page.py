"""Serve the chat page for customers on this machine."""

import json
from collections.abc import Callable
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from toolkit.errors import ToolkitError
from toolkit.terraform import ROOT

LOCAL = {"localhost", "127.0.0.1"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src {};"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Page(SimpleHTTPRequestHandler):
    """Serves web/, its settings filled in, with the headers that web/README.md asks for.

    `sign` returns a token for a test person, where people sign in and this machine can sign.
    """

    extensions_map = SimpleHTTPRequestHandler.extensions_map | {".js": "text/javascript"}

    def __init__(self, *arguments: Any, api: str, sign: Callable[[], str] | None) -> None:
        self._api = api
        self._sign = sign
        super().__init__(*arguments, directory=str(ROOT / "web"))

    def do_GET(self) -> None:
        """Serve a file of the page."""
        match urlsplit(self.path).path:
            case "/settings.js":
                sign_in = "/sign-in" if self._sign else ""
                settings = {"api": self._api, "signIn": sign_in}
                lines = (
                    f"export const {name} = {json.dumps(to)};" for name, to in settings.items()
                )
                self._send("text/javascript", "\n".join(lines))
            case "/sign-in" if self._sign:
                self._send("text/html", '<!doctype html><script src="/sign-in.js"></script>')
            case "/sign-in.js" if self._sign:
                token = json.dumps(self._sign())
                script = f'sessionStorage.setItem("token", {token}); location.replace("/");'
                self._send("text/javascript", script)
            case _:
                super().do_GET()

    def _send(self, kind: str, text: str) -> None:
        content = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def end_headers(self) -> None:
        """Add the headers that keep the page to itself."""
        api = urlsplit(self._api)
        self.send_header("Content-Security-Policy", POLICY.format(f"{api.scheme}://{api.netloc}"))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name upstream
        """Log nothing: the page shows what happens."""


def server(origin: str, api: str, sign: Callable[[], str] | None = None) -> ThreadingHTTPServer:
    """Return a server of the page at an origin of this machine. Raises ToolkitError.

    `sign` returns a token for a test person.
    """
    parts = urlsplit(origin)
    try:
        port = parts.port or 80
    except ValueError as error:
        raise ToolkitError(f"{origin} names no port from 1 to 65535.") from error
    if parts.scheme != "http" or parts.hostname not in LOCAL:
        raise ToolkitError(
            f"The allowed origin {origin} is not on this machine, and only there can the page be"
            " served from here. Name another with ORIGIN=http://localhost:5173: the API refuses"
            " its pages, unless it is one of the allowed ones."
        )
    try:
        return ThreadingHTTPServer(("127.0.0.1", port), partial(Page, api=api, sign=sign))
    except OSError as error:
        raise ToolkitError(f"{origin} cannot be served: {error.strerror}.") from error
