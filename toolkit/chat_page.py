"""Serve the chat page for customers on this machine."""

import json
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from toolkit.proofs.targets import TargetError
from toolkit.terraform import ROOT

LOCAL = {"localhost", "127.0.0.1"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src {};"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Page(SimpleHTTPRequestHandler):
    """Serves web/, its one setting filled in, with the headers that web/README.md asks for."""

    extensions_map = SimpleHTTPRequestHandler.extensions_map | {".js": "text/javascript"}

    def __init__(self, *arguments: Any, api: str) -> None:
        self._api = api
        super().__init__(*arguments, directory=str(ROOT / "web"))

    def do_GET(self) -> None:
        """Serve a file of the page."""
        if urlsplit(self.path).path != "/settings.js":
            super().do_GET()
            return
        content = f"export const api = {json.dumps(self._api)};\n".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def end_headers(self) -> None:
        """Add the headers that keep the page to itself."""
        api = urlsplit(self._api)
        self.send_header("Content-Security-Policy", POLICY.format(f"{api.scheme}://{api.netloc}"))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name upstream
        """Say nothing: the page shows what happens."""


def server(origin: str, api: str) -> ThreadingHTTPServer:
    """Return a server of the page at an origin of this machine. Raises TargetError."""
    parts = urlsplit(origin)
    try:
        port = parts.port or 80
    except ValueError as error:
        raise TargetError(f"{origin} names no port from 1 to 65535.") from error
    if parts.scheme != "http" or parts.hostname not in LOCAL:
        raise TargetError(
            f"The allowed origin {origin} is not on this machine, and only there can the page be"
            " served from here. Name another with ORIGIN=http://localhost:5173: the API refuses"
            " its pages, unless it is the allowed one."
        )
    try:
        return ThreadingHTTPServer(("127.0.0.1", port), partial(Page, api=api))
    except OSError as error:
        raise TargetError(f"{origin} cannot be served: {error.strerror}.") from error
