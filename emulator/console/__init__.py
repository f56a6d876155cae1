"""The console: a page at the root that shows a rehearsal at work, and what the page asks for.

It knows of the applied environment what `make up` tells it (`PUT /_aws/console/deployment`), and
reads the rest as a person would: from logs, metrics and AWS's APIs.
"""

import json
from pathlib import Path
from urllib.parse import parse_qs

from emulator.account import Account
from emulator.console import environment
from emulator.wire.call import Call
from emulator.wire.documents import JsonObject
from emulator.wire.errors import AwsError
from emulator.wire.http import HttpRequest, HttpResponse, json_response
from toolkit.errors import ToolkitError
from toolkit.proofs import readers
from toolkit.proofs.client import Pace
from toolkit.proofs.deployment import Deployment
from toolkit.proofs.kinds import Request
from toolkit.trace import trace

_FOLDER = Path(__file__).parent
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_SECURITY = (
    ("Content-Security-Policy", _POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Referrer-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
)


def opens(request: HttpRequest) -> bool:
    """Return whether a browser opens the root. A GET of it by a program is S3's ListBuckets."""
    is_page = "text/html" in (request.header("accept") or "")
    return is_page and not request.query and request.header("authorization") is None


class Console:
    """Answers what is at the root, and below /_aws/console/."""

    def __init__(self, account: Account, model: str) -> None:
        self._account = account
        self._model = model
        self._env = ""
        self._deployment: Deployment | None = None

    def answer(self, call: Call) -> HttpResponse:
        """Answer a request for the page or for what it shows. Raises AwsError."""
        request, name = call.request, call.path.rpartition("/")[2]
        match request.method, name:
            case "PUT", "deployment":
                return self._learn(_object(request))
            case "POST", "ask":
                return json_response(200, self._ask(_object(request)))
            case "GET", "about":
                return json_response(200, self._about())
            case "GET", "applied":
                return json_response(200, self._applied())
            case "GET", "counters":
                return json_response(200, environment.counters(self._known()))
            case "GET", "trace":
                request_id = parse_qs(request.query).get("id", [""])[0]
                return json_response(200, self._trace(request_id))
            case "GET" | "HEAD", _:
                return _file(name or "index.html")
        raise AwsError(404, "UnknownOperationException", "The console has no such thing.")

    def _learn(self, given: JsonObject) -> HttpResponse:
        """Take from `make up` what was applied: `env`, the API's `path`, Terraform's `outputs`."""
        env, path, outputs = (given.get(name) for name in ("env", "path", "outputs"))
        if not (isinstance(env, str) and isinstance(path, str) and isinstance(outputs, dict)):
            raise AwsError(400, "ValidationException", "env, path and outputs are needed.")
        self._env, endpoint = env, self._account.endpoint
        self._deployment = Deployment(
            endpoint + path, "", client=self._account.client, outputs=outputs, endpoint=endpoint
        )
        return json_response(200, {})

    def _known(self) -> Deployment:
        if self._deployment is None:
            raise AwsError(404, "NotFoundException", "No environment is applied yet: `make up`.")
        return self._deployment

    def _clients(self) -> dict[str, str]:
        return self._account.snapshot("console:clients", lambda: environment.clients(self._known()))

    def _about(self) -> JsonObject:
        """Return what the page needs before a person may ask."""
        return {
            "env": self._env,
            "region": self._account.region,
            "model": self._model,
            "path": self._known().url.removeprefix(self._account.endpoint),
            "clients": self._clients(),
            "token": self._known().tokens.of("own"),
        }

    def _applied(self) -> JsonObject:
        deployment = self._known()
        deployment.applied = self._account.snapshot(
            "console:applied", lambda: readers.read(deployment)
        )
        return {
            "configuration": environment.configuration(deployment.applied, deployment.outputs),
            "samples": self._account.snapshot(
                "console:samples", lambda: environment.samples(deployment)
            ),
        }

    def _trace(self, request_id: str) -> JsonObject:
        self._account.logs.flush()
        try:
            return trace(self._known(), request_id, hours=1).document()
        except ToolkitError as error:
            raise AwsError(404, "NotFoundException", str(error)) from None

    def _ask(self, given: JsonObject) -> JsonObject:
        """Ask once as one of many addresses, as a batch must: a browser's has one rate limit."""
        deployment, message = self._known(), given.get("message")
        key = self._clients().get(str(given.get("client")))
        if not isinstance(message, str) or key is None:
            raise AwsError(400, "ValidationException", "message and an existing client are needed.")
        http = deployment.http
        http.pace = Pace.of(deployment.applied, local=True, requests=1)
        http.wait(counts=True)
        asked = Request(layer="edge", control="console", name="batch", message=message)
        answer = http.send(asked, key, http.address(), deployment.tokens.of("own"))
        return {
            "status": answer.status,
            "answer": answer.json(),
            "trace": self._trace(answer.extended_id or answer.request_id),
        }


def _object(request: HttpRequest) -> JsonObject:
    try:
        document = json.loads(request.body)
    except (RecursionError, ValueError):
        document = None
    if not isinstance(document, dict):
        raise AwsError(400, "ValidationException", "A JSON object is needed.")
    return document


def _file(name: str) -> HttpResponse:
    path = next((one for one in _FOLDER.iterdir() if one.name == name), None)
    if path is None or path.suffix not in _TYPES:
        raise AwsError(404, "NotFoundException", "The console has no such file.")
    headers = (("Content-Type", _TYPES[path.suffix]), *_SECURITY)
    return HttpResponse(200, headers, path.read_bytes())
