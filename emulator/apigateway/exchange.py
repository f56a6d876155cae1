"""One request on its way through the gateway: its ids, its times and its $context variables."""

import base64
import json
import re
import time
from datetime import UTC, datetime
from urllib.parse import parse_qs

from emulator.account import Account
from emulator.apigateway.deployed import Api, Method
from emulator.wire.http import HttpRequest
from emulator.wire.ids import new_bytes, new_uuid

_REFERENCE = re.compile(r"\$(context|stageVariables)\.(\w+(?:\.\w+)*)")
_VELOCITY = re.compile(r"#(set|if|foreach|end|else)\b|\$!?\{?(input|util)\b")


class Exchange:
    """What is known of one request, growing as it passes the gateway's steps."""

    def __init__(
        self,
        account: Account,
        api: Api,
        request: HttpRequest,
        path: str,
        domain: tuple[str, str] | None = None,
    ) -> None:
        """Begin; `domain` is the custom domain's name and the whole path, where there is one."""
        self.account = account
        self.api = api
        self.request = request
        self.path = path  # after the stage, still percent-encoded
        self.http_method = request.method
        self.method: Method | None = None
        self.path_parameters: dict[str, str] = {}
        self.body = request.body  # decompressed later
        self.extra_headers: list[tuple[str, str]] = []  # from WAF
        self.begun = time.monotonic()
        self.received = datetime.now(UTC)
        self.request_id = _request_id(request)
        self.extended_request_id = base64.b64encode(new_bytes(11)).decode()
        self.trace = _trace(request, tracing=api.tracing)
        self.api_key: str | None = None
        self.api_key_id: str | None = None
        self.claims: dict[str, str] = {}  # of the token that an authorizer took
        self.domain_name = f"{api.api_id}.execute-api.{account.region}.amazonaws.com"
        self.url_path = f"/{api.stage_name}{path}"  # as the client wrote it
        # On record: slashes before the first segment are one, those between segments are kept.
        self.event_path = "/" + path.lstrip("/")
        if domain:
            self.domain_name, self.url_path = domain
            self.event_path = self.url_path
        self.variables: dict[str, str | None] = {
            "accountId": account.id,
            "apiId": api.api_id,
            "deploymentId": api.deployment_id,
            "domainName": self.domain_name,
            "domainPrefix": self.domain_name.partition(".")[0],
            "endpointType": "REGIONAL",
            "extendedRequestId": self.extended_request_id,
            "httpMethod": request.method,
            "identity.sourceIp": request.source_ip,
            "identity.userAgent": request.header("user-agent"),
            "path": self.url_path,
            "protocol": "HTTP/1.1",
            "requestId": self.request_id,
            "requestTime": f"{self.received:%d/%b/%Y:%H:%M:%S +0000}",
            "requestTimeEpoch": str(int(self.received.timestamp() * 1000)),
            "stage": api.stage_name,
            "xrayTraceId": self.trace.partition(";")[0].removeprefix("Root=")
            if api.tracing
            else None,
        }

    @property
    def routed(self) -> Method:
        """Return the method that serves this request, once it is known that there is one."""
        if self.method is None:
            raise AssertionError("no method serves this request")
        return self.method

    @property
    def query(self) -> dict[str, list[str]]:
        """Query parameters, each with all its values, decoded."""
        return parse_qs(self.request.query, keep_blank_values=True, errors="replace")

    def found(self, method: Method, parameters: dict[str, str]) -> None:
        """Note which method serves this request."""
        self.method, self.path_parameters = method, parameters
        self.variables |= {
            "httpMethod": self.http_method,
            "resourceId": method.resource_id,
            "resourcePath": method.resource_path,
        }

    def identified(self, api_key: str, api_key_id: str) -> None:
        """Note whose API key this is."""
        self.api_key, self.api_key_id = api_key, api_key_id
        self.variables |= {"identity.apiKey": api_key, "identity.apiKeyId": api_key_id}

    def signed_in(self, claims: dict[str, str]) -> None:
        """Note what the token says of the person."""
        self.claims = claims
        self.variables |= {f"authorizer.claims.{name}": value for name, value in claims.items()}

    def evaluate(self, expression: str) -> str | None:
        """Evaluate a header's mapping: 'static', context.x, stageVariables.x, method.request.…"""
        if len(expression) >= 2 and expression[0] == expression[-1] == "'":
            return expression[1:-1]
        text = self._mapped(expression)
        if text is None:
            return None
        # What a client says must not begin a header of its own.
        text = re.sub(r"[\r\n\0]", " ", text)
        return text if max(text, default="") <= "\xff" else text.encode().decode("latin-1")

    def _mapped(self, expression: str) -> str | None:
        kind, _, name = expression.partition(".")
        if kind == "context":
            return self.variables.get(name)
        if kind == "stageVariables":
            return self.api.variables.get(name)
        place, _, name = expression.removeprefix("method.request.").partition(".")
        match place:
            case "header":
                return self.request.header(name)
            case "path":
                return self.path_parameters.get(name)
            case "querystring":
                return self.query.get(name, [None])[-1]
        return None

    def render(self, template: str) -> str:
        """Fill the variables into a template; Velocity's directives are not run."""
        if _VELOCITY.search(template):
            self.account.approximations.note(
                "API Gateway", "templates: only $context and $stageVariables are filled in"
            )
        return _REFERENCE.sub(lambda match: self._value(match) or "", template)

    def log_line(self) -> str:
        """Fill the variables into the stage's access log format; unknown ones are a dash.

        Values are escaped in a JSON format, so that no header of a client can break the line.
        """
        as_json = self.api.log_format.lstrip().startswith("{")

        def value(match: re.Match[str]) -> str:
            text = self._value(match)
            if not text:
                return "-"
            return json.dumps(text)[1:-1] if as_json else " ".join(text.split())

        return _REFERENCE.sub(value, self.api.log_format)

    def _value(self, match: re.Match[str]) -> str | None:
        if match[1] == "context":
            return self.variables.get(match[2])
        return self.api.variables.get(match[2])


def _request_id(request: HttpRequest) -> str:
    """Let a client choose the id, if it is a UUID ($context.requestId: "Clients can override")."""
    wanted = request.header("x-amzn-requestid") or ""
    if re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", wanted):
        return wanted
    return new_uuid()


def _trace(request: HttpRequest, *, tracing: bool) -> str:
    """Keep the caller's trace id or begin one; only a traced stage decides on sampling."""
    fields = dict(
        field.strip().split("=", 1)
        for field in (request.header("x-amzn-trace-id") or "").split(";")
        if "=" in field
    )
    root = fields.get("Root", "")
    if not re.fullmatch(r"1-[0-9a-f]{8}-[0-9a-f]{24}", root):
        root = f"1-{int(time.time()):08x}-{new_bytes(12).hex()}"
    if not tracing:
        return f"Root={root}"
    sampled = fields.get("Sampled", "1")
    return f"Root={root};Parent={new_bytes(8).hex()};Sampled={0 if sampled == '0' else 1}"
