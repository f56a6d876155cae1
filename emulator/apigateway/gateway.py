"""A request to a deployed API walks a list of steps, in AWS's order, until one answers it."""

import gzip
import hashlib
import itertools
import logging
import time
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from botocore.exceptions import ClientError

from emulator.account import Account
from emulator.apigateway.account import write_problem
from emulator.apigateway.deployed import Api, Served
from emulator.apigateway.domains import Domains
from emulator.apigateway.exchange import Exchange
from emulator.apigateway.integrations import Functions, LambdaProxy, mock
from emulator.apigateway.responses import GatewayError, gateway_response
from emulator.apigateway.sign_in import COGNITO, SignIn
from emulator.apigateway.usage import Usage
from emulator.apigateway.validation import check_body, check_parameters
from emulator.iam import Authorizer
from emulator.wire.documents import Document
from emulator.wire.http import HttpRequest, HttpResponse, json_response

MAX_BODY_BYTES = 10_485_760
MAX_HEADER_BYTES = 20_480
MAX_URL_CHARS = 10_240
"""Limits of a request to a Regional API (Quotas for configuring and running a REST API)."""

_Step = Callable[[Exchange], HttpResponse | None]
"""Returns the answer, or None to pass the exchange on; raises GatewayError."""

_Serve = Callable[[Exchange, Document], HttpResponse]

# On record, each record goes to a stream of its own. Here streams are used again, to bound memory.
_LOG_STREAMS = 256

_log = logging.getLogger("emulator.apigateway")


class Verdict(Protocol):
    """What WAF decided."""

    @property
    def action(self) -> str: ...

    @property
    def response(self) -> HttpResponse | None: ...

    @property
    def insert_headers(self) -> tuple[tuple[str, str], ...]: ...


class Firewall(Protocol):
    """The part of Waf that a stage uses."""

    def inspect(
        self, resource_arn: str, request: HttpRequest, *, request_id: str
    ) -> Verdict | None:
        """Judge a request; None without an associated web ACL."""


class ExecuteApi:
    """Serves every deployed stage of the account."""

    def __init__(
        self,
        account: Account,
        waf: Firewall,
        functions: Functions,
        *,
        authorizer: Authorizer,
        deployed_api: Callable[[str, str], Served | None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._account = account
        self._waf = waf
        self._authorizer = authorizer
        self._deployed_api = deployed_api
        self._sign_in = SignIn(account, clock)
        self._usage = Usage(account, clock)
        self.domains = Domains(account)
        self._logged = itertools.count()
        self._integrations: dict[str, _Serve] = {"MOCK": mock, "AWS_PROXY": LambdaProxy(functions)}
        self._steps: tuple[_Step, ...] = (
            # On record: the access log of a request that WAF blocks names the resource.
            _route,
            self._filter,
            _limit_size,
            # Before the key, which an authorizer may bring (API key sources). Not on record.
            self._authorize,
            self._usage.admit,
            _decompress,
            check_parameters,
            check_body,
            self._integrate,
        )

    def handle(self, request: HttpRequest, api_id: str, stage: str, path: str) -> HttpResponse:
        """Answer one request; `path` is what follows the stage, still percent-encoded."""
        api = self._api(api_id, stage)
        if api is None or api.closed:
            return _refusal(403, "ForbiddenException", "Forbidden")
        return self._exchange(Exchange(self._account, api, request, path or "/"))

    def handle_domain(self, request: HttpRequest, domain: str, path: str) -> HttpResponse:
        """Answer one request to a custom domain; `path` is all of it, still percent-encoded."""
        place = self.domains.place(domain, path or "/")
        api = self._api(place.api_id, place.stage) if place else None
        if place is None or api is None:
            return _refusal(403, "ForbiddenException", "Forbidden")
        return self._exchange(Exchange(self._account, api, request, place.path, (domain, path)))

    def _exchange(self, exchange: Exchange) -> HttpResponse:
        try:
            response = self._serve(exchange)
        except GatewayError as error:
            response = gateway_response(exchange, error)
        except Exception:  # noqa: BLE001  # a client never sees a traceback
            _log.exception("request %s failed inside the emulator", exchange.request_id)
            response = gateway_response(exchange, GatewayError("DEFAULT_5XX"))
        response = _finish(exchange, response)
        self._log_access(exchange, response)
        self._count(exchange, response)
        return response

    def _count(self, exchange: Exchange, response: HttpResponse) -> None:
        """Count for the API and for its stage, as AWS does without detailed metrics, too."""
        api = exchange.api
        values = [
            ("Count", 1.0, "Count"),
            ("4XXError", float(400 <= response.status < 500), "Count"),
            ("5XXError", float(response.status >= 500), "Count"),
            ("Latency", (time.monotonic() - exchange.begun) * 1000, "Milliseconds"),
        ]
        integration = exchange.variables.get("integrationLatency")
        if integration is not None:
            values.append(("IntegrationLatency", float(integration), "Milliseconds"))
        for dimensions in ({"ApiName": api.name}, {"ApiName": api.name, "Stage": api.stage_name}):
            self._account.metrics.add_all("AWS/ApiGateway", dimensions, values)

    def _api(self, api_id: str, stage: str) -> Api | None:
        known: dict[tuple[str, str], Api] = self._account.snapshot("execute_api.apis", dict)
        api = known.get((api_id, stage))
        if api is None:
            served = self._deployed_api(api_id, stage)
            if served is not None:
                api = known[api_id, stage] = Api(self._account, served)
        return api

    def _serve(self, exchange: Exchange) -> HttpResponse:
        """Answer by the first step that does. Raises GatewayError for what a step refuses."""
        return next(filter(None, (step(exchange) for step in self._steps)))

    # --- the steps ------------------------------------------------------------------------------

    def _filter(self, exchange: Exchange) -> HttpResponse | None:
        """Let WAF judge first: it stands before keys and validation."""
        api = exchange.api
        # WAF sees the path as clients of AWS write it, and the trace that API Gateway goes on with.
        request = replace(
            exchange.request,
            path=exchange.url_path,
            headers=(*exchange.request.headers, ("X-Amzn-Trace-Id", exchange.trace)),
        )
        begun = time.monotonic()
        verdict = self._waf.inspect(api.arn, request, request_id=exchange.extended_request_id)
        if verdict is None:
            return None
        blocked = verdict.action == "BLOCK"
        # A block is 403, on record for one without a response of its own: access logs of 2026 in
        # elastic/integrations. What AWS logs for a custom response is not.
        status = verdict.response.status if blocked and verdict.response else 403
        exchange.variables |= {
            "waf.latency": str(int((time.monotonic() - begun) * 1000)),
            "waf.status": str(status) if blocked else "200",
            "wafResponseCode": "WAF_BLOCK" if blocked else "WAF_ALLOW",
            "webaclArn": self._web_acl_arn(api),
        }
        exchange.extra_headers += verdict.insert_headers
        if not blocked:
            return None
        if verdict.response is None:
            raise GatewayError("WAF_FILTERED")
        exchange.variables["error.responseType"] = "WAF_FILTERED"
        return verdict.response

    def _web_acl_arn(self, api: Api) -> str | None:
        known: dict[str, str | None] = self._account.snapshot("execute_api.web_acls", dict)
        if api.arn not in known:
            try:
                answer = self._account.client("wafv2").get_web_acl_for_resource(ResourceArn=api.arn)
                known[api.arn] = (answer.get("WebACL") or {}).get("ARN")
            except ClientError:
                known[api.arn] = None
        return known[api.arn]

    def _authorize(self, exchange: Exchange) -> None:
        """Refuse a path or method that is not there, or that asks for what the caller lacks."""
        if exchange.method is None or exchange.method.authorization == "AWS_IAM":
            raise GatewayError("MISSING_AUTHENTICATION_TOKEN")
        if exchange.method.authorization == COGNITO:
            self._sign_in.admit(exchange)
        elif exchange.method.authorization != "NONE":
            self._account.approximations.note(
                "API Gateway", "authorizers are absent: such methods refuse"
            )
            raise GatewayError("AUTHORIZER_CONFIGURATION_ERROR")

    def _integrate(self, exchange: Exchange) -> HttpResponse:
        integration = exchange.routed.integration
        serve = self._integrations.get(integration.get("type", ""))
        if serve is None:
            self._account.approximations.note(
                "API Gateway",
                f"integration type {integration.get('type')} is absent: it answers 500",
            )
            raise GatewayError("API_CONFIGURATION_ERROR")
        begun = time.monotonic()
        try:
            return serve(exchange, integration)
        except GatewayError as error:
            error.of_integration = True
            raise
        finally:
            elapsed = str(int((time.monotonic() - begun) * 1000))
            exchange.variables |= {"integration.latency": elapsed, "integrationLatency": elapsed}

    # --- the end --------------------------------------------------------------------------------

    def _log_access(self, exchange: Exchange, response: HttpResponse) -> None:
        """Write the stage's access log, if the account has a role to write it with."""
        api = exchange.api
        if not api.log_format or not api.log_group:
            return
        problem = self._account.snapshot(
            f"execute_api.logs:{api.log_group}", lambda: self._log_problem(api.log_group)
        )
        if problem:
            self._account.approximations.note("API Gateway", f"no access logs: {problem}")
            return
        exchange.variables |= {
            "responseLatency": str(int((time.monotonic() - exchange.begun) * 1000)),
            "responseLength": str(len(response.body)),
            "status": str(response.status),
        }
        number = next(self._logged) % _LOG_STREAMS
        stream = hashlib.md5(f"{api.arn}/{number}".encode(), usedforsecurity=False).hexdigest()
        self._account.logs.put(api.log_group, stream, exchange.log_line())

    def _log_problem(self, group: str) -> str | None:
        """Return why API Gateway cannot write to this log group; None when it can."""
        role = self._account.client("apigateway").get_account().get("cloudwatchRoleArn")
        if not role:
            return "the account names no CloudWatch role for API Gateway"
        stream = self._account.arn("logs", f"log-group:{group}:log-stream:access")
        return write_problem(self._authorizer, role, stream)


def _refusal(status: int, code: str, message: str) -> HttpResponse:
    """Answer where no gateway response applies."""
    return json_response(status, {"message": message}, (("x-amzn-ErrorType", code),))


def _route(exchange: Exchange) -> None:
    """Find the method that serves a request."""
    override = exchange.request.header("x-http-method-override")
    exchange.http_method = override.upper() if override else exchange.request.method
    if found := exchange.api.route(exchange.http_method, exchange.path):
        exchange.found(*found)


def _limit_size(exchange: Exchange) -> HttpResponse | None:
    """Refuse what is too large for a Regional API."""
    request = exchange.request
    if len(request.body) > MAX_BODY_BYTES:
        raise GatewayError("REQUEST_TOO_LARGE")
    if len(exchange.path) + len(request.query) >= MAX_URL_CHARS:
        return _refusal(414, "RequestUriTooLong", "Request URI too long")
    if sum(len(f"{name}: {value}\r\n") for name, value in request.headers) > MAX_HEADER_BYTES:
        return _refusal(431, "RequestHeaderFieldsTooLarge", "Request Header Fields Too Large")
    return None


def _decompress(exchange: Exchange) -> None:
    """Undo gzip or deflate, which REST APIs do for every request (Payload compression)."""
    request = exchange.request
    encoding = (request.header("content-encoding") or "identity").strip().lower()
    if encoding == "identity":
        return
    if encoding not in {"gzip", "deflate"}:
        raise GatewayError("UNSUPPORTED_MEDIA_TYPE")
    try:
        inflate = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # gzip or zlib, by its header
        body = inflate.decompress(request.body, MAX_BODY_BYTES + 1)
    except zlib.error as error:
        raise GatewayError("BAD_REQUEST_BODY", validation="Not valid compressed data") from error
    if len(body) > MAX_BODY_BYTES:
        raise GatewayError("REQUEST_TOO_LARGE")
    if not inflate.eof:
        raise GatewayError("BAD_REQUEST_BODY", validation="Compressed data ends too early")
    exchange.body = body


def _finish(exchange: Exchange, response: HttpResponse) -> HttpResponse:
    """Compress if the API says so, and add the ids that every response carries."""
    headers, body = list(response.headers), response.body
    smallest = exchange.api.minimum_compression_size
    accepted = exchange.request.header("accept-encoding") or ""
    if (
        smallest is not None
        and body
        and len(body) >= smallest
        and "gzip" in accepted.lower()
        and response.header("content-encoding") is None
    ):
        body = gzip.compress(body, mtime=0)
        headers.append(("Content-Encoding", "gzip"))
    headers += [
        ("x-amzn-RequestId", exchange.request_id),
        ("x-amz-apigw-id", exchange.extended_request_id),
    ]
    if exchange.request.method == "HEAD":
        body = b""
    return HttpResponse(response.status, tuple(headers), body)
