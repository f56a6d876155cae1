"""Integrations: the mock that answers preflights, and the Lambda proxy."""

import base64
import contextlib
import json
import re
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatchcase
from typing import Protocol

from emulator.apigateway.deployed import media_type
from emulator.apigateway.exchange import Exchange
from emulator.apigateway.overrides import overrides
from emulator.apigateway.responses import GatewayError
from emulator.lambda_ import Invocation
from emulator.wire.documents import Document, JsonObject
from emulator.wire.http import HttpResponse

_LONGEST_TIMEOUT = 29.0  # seconds (Amazon API Gateway quotas)
_PROXY_FIELDS = {"body", "headers", "isBase64Encoded", "multiValueHeaders", "statusCode"}

# Amazon API Gateway important notes: what happens to headers between client and function.
_DROPPED_FROM_REQUEST = {
    *("connection", "content-length", "content-md5", "expect", "max-forwards"),
    *("proxy-authenticate", "server", "te", "trailer", "transfer-encoding", "upgrade"),
    "www-authenticate",
}
_DROPPED_FROM_RESPONSE = {
    *("content-length", "expect", "host", "proxy-authenticate", "te", "trailer"),
    *("transfer-encoding", "upgrade", "via"),
}
_REMAPPED_IN_RESPONSE = {
    *("authorization", "connection", "content-md5", "date", "max-forwards", "server"),
    *("user-agent", "www-authenticate"),
}


# On record (localstack/localstack, test_apigateway_integrations.py, header remapping): an author's
# mapping of these is taken, and then every request fails.
_NEVER_MAPPED = {
    *("authorization", "connection", "content-length", "expect", "proxy-authenticate", "te"),
    "transfer-encoding",
}
# The same source: what an author maps to these comes to the client by another name.
_REMAPPED_BY_AUTHOR = {
    *("authorization", "connection", "content-length", "content-md5", "date", "expect", "host"),
    *("max-forwards", "proxy-authenticate", "server", "trailer", "upgrade", "user-agent"),
    "www-authenticate",
}


class Functions(Protocol):
    """The part of LambdaRuntime that a proxy integration uses."""

    def invoke(
        self,
        function: str,
        qualifier: str | None,
        payload: bytes,
        *,
        trace_header: str | None = None,
    ) -> Invocation:
        """Run a function and wait for its answer."""

    def invoke_within(
        self, seconds: float, function: str, payload: bytes, *, trace_header: str
    ) -> Invocation | None:
        """Run a function where that is sure to end within a time; None, and nothing done, else."""

    def allows(self, function_arn: str, source_arn: str) -> bool:
        """Return whether the function's resource policy lets this API method invoke it."""


def mock(exchange: Exchange, integration: Document) -> HttpResponse:
    """Answer from the integration's own templates."""
    templates = integration.get("requestTemplates") or {}
    behavior = integration.get("passthroughBehavior") or "WHEN_NO_MATCH"
    template = templates.get(media_type(exchange.request.header("content-type")))
    if template is not None:
        text = exchange.render(template)
    elif behavior == "NEVER" or (behavior == "WHEN_NO_TEMPLATES" and templates):
        raise GatewayError("UNSUPPORTED_MEDIA_TYPE")
    else:
        text = exchange.body.decode(errors="replace")
    try:
        # AWS takes names without quotes: {statusCode: 200}.
        text = re.sub(r"([{,]\s*)([A-Za-z_]\w*)\s*:", r'\1"\2":', text)
        status = str(int(json.loads(text)["statusCode"]))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise GatewayError("API_CONFIGURATION_ERROR") from error
    exchange.variables["integration.status"] = status

    response = _matching_response(integration.get("integrationResponses") or {}, status)
    code: str = response.get("statusCode", "")
    declared = exchange.routed.declared_headers
    if code not in declared:
        raise GatewayError("API_CONFIGURATION_ERROR")
    headers = []
    for name, expression in (response.get("responseParameters") or {}).items():
        header = name.removeprefix("method.response.header.")
        value = exchange.evaluate(expression)
        if value is not None and header.lower() in declared[code]:
            remapped = header.lower() in _REMAPPED_BY_AUTHOR
            headers.append((f"x-amzn-Remapped-{header}" if remapped else header, value))
    content = (response.get("responseTemplates") or {}).get("application/json") or ""
    changed = overrides(content, exchange)
    if changed is not None:
        content = ""
        names = {name.lower() for name in changed}
        headers = [pair for pair in headers if pair[0].lower() not in names]
        headers += changed.items()
    if "content-type" not in (name.lower() for name, _ in headers):
        headers.insert(0, ("Content-Type", "application/json"))
    return HttpResponse(int(code), tuple(headers), exchange.render(content).encode())


def _matching_response(responses: Document, status: str) -> Document:
    """Choose by selection pattern; the response without one is the default."""
    default: Document | None = None
    for response in responses.values():
        pattern = response.get("selectionPattern")
        if not pattern:
            default = response
        elif re.fullmatch(pattern, status):
            chosen: Document = response
            return chosen
    if default is None:
        raise GatewayError("API_CONFIGURATION_ERROR")
    return default


class LambdaProxy:
    """Hands the request to a function as a proxy event, and checks its answer."""

    def __init__(self, functions: Functions) -> None:
        self._functions = functions
        # Its threads outlive the gateway's patience: the function goes on, as on AWS.
        self._threads = ThreadPoolExecutor(128, thread_name_prefix="lambda-proxy")

    def __call__(self, exchange: Exchange, integration: Document) -> HttpResponse:
        """Invoke the function; GatewayError for everything that is not a well-formed answer."""
        arn = _function_arn(exchange, integration)
        method = exchange.routed
        source = f"{exchange.api.execution_arn}/{exchange.http_method}{method.resource_path}"
        if not self._functions.allows(arn, source):
            raise GatewayError(
                "API_CONFIGURATION_ERROR", integration="Invalid permissions on Lambda function"
            )
        _refuse_reserved_mapping(integration)
        event = json.dumps(proxy_event(exchange)).encode()
        limit = min(float(integration.get("timeoutInMillis") or 29_000) / 1000, _LONGEST_TIMEOUT)
        invocation = self._invoke(arn, event, exchange.trace, limit)
        exchange.variables |= {
            "awsEndpointRequestId": invocation.request_id,
            "integration.requestId": invocation.request_id,
            "integration.integrationStatus": str(invocation.status),
            "integrationStatus": str(invocation.status),
        }
        _refuse_failure(invocation)
        return _proxy_response(exchange, invocation.payload)

    def _invoke(self, arn: str, event: bytes, trace: str, limit: float) -> Invocation:
        """Invoke a function in this thread, or in another that can be left at the time limit."""
        until = time.monotonic() + limit
        invocation = self._functions.invoke_within(limit, arn, event, trace_header=trace)
        if invocation is not None:
            return invocation
        future = self._threads.submit(self._functions.invoke, arn, None, event, trace_header=trace)
        try:
            return future.result(until - time.monotonic())
        except TimeoutError as error:
            raise GatewayError(
                "INTEGRATION_TIMEOUT", integration="Execution failed due to a timeout error"
            ) from error


def _refuse_failure(invocation: Invocation) -> None:
    if invocation.status == 413:
        raise GatewayError("REQUEST_TOO_LARGE")
    if invocation.status == 429:
        # A throttled function is a failed integration of status 500, never a 429 to the client.
        raise GatewayError(
            "INTEGRATION_FAILURE", status=500, integration="Lambda throttled: Rate Exceeded."
        )
    if invocation.status != 200:
        raise GatewayError("API_CONFIGURATION_ERROR", integration=invocation.error_type)
    if invocation.function_error:
        raise GatewayError(
            "DEFAULT_5XX",
            status=502,
            integration="The Lambda function returned the following error",
        )


def _function_arn(exchange: Exchange, integration: Document) -> str:
    uri = re.sub(
        r"\$\{stageVariables\.(\w+)\}",
        lambda match: exchange.api.variables.get(match[1], ""),
        integration.get("uri") or "",
    )
    found = re.search(r":lambda:path/+2015-03-31/functions/(arn:[^/]+)/invocations$", uri)
    if found is None or integration.get("httpMethod") != "POST":
        raise GatewayError(
            "API_CONFIGURATION_ERROR", integration="A Lambda function is invoked by POST on its URI"
        )
    if integration.get("credentials"):
        exchange.account.approximations.note(
            "API Gateway", "an integration's own role is not used: the function's policy decides"
        )
    return found[1]


def _refuse_reserved_mapping(integration: Document) -> None:
    """Fail for a mapping of a reserved header. Other mappings are overlooked, on record.

    localstack/localstack, test_apigateway_lambda.py, test_…_proxy_integration_request_data_mapping.
    """
    for target in integration.get("requestParameters") or {}:
        _, _, place, name = target.split(".", 3)
        if place == "header" and name.lower() in _NEVER_MAPPED:
            raise GatewayError("API_CONFIGURATION_ERROR", integration="Invalid header mapping")


def proxy_event(exchange: Exchange) -> JsonObject:
    """Build the event of a Lambda proxy integration, payload format 1.0 of REST APIs."""
    headers: dict[str, list[str]] = {}
    for name, value in _event_headers(exchange):
        headers.setdefault(name, []).append(value)
    query = exchange.query
    body, encoded = _event_body(exchange)
    return {
        "resource": exchange.routed.resource_path,
        "path": exchange.event_path,
        "httpMethod": exchange.http_method,
        "headers": {name: values[-1] for name, values in headers.items()},
        "multiValueHeaders": headers,
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": exchange.path_parameters or None,
        "stageVariables": dict(exchange.api.variables) or None,
        "requestContext": _request_context(exchange),
        "body": body,
        "isBase64Encoded": encoded,
    }


def _event_headers(exchange: Exchange) -> Iterable[tuple[str, str]]:
    forwarded = [exchange.request.source_ip]
    added = {"host", "x-amzn-trace-id", "x-forwarded-for", "x-forwarded-port", "x-forwarded-proto"}
    for name, value in (*exchange.request.headers, *exchange.extra_headers):
        lower = name.lower()
        if lower == "x-forwarded-for":
            forwarded.insert(0, value)
        elif lower == "authorization" and value.startswith("AWS4-HMAC-SHA256"):
            continue
        elif lower not in _DROPPED_FROM_REQUEST and lower not in added:
            yield name, value
    yield "Host", exchange.domain_name
    yield "X-Amzn-Trace-Id", exchange.trace
    yield "X-Forwarded-For", ", ".join(forwarded)
    yield "X-Forwarded-Port", "443"
    yield "X-Forwarded-Proto", "https"


def _event_body(exchange: Exchange) -> tuple[str | None, bool]:
    """Text, or base64 for a binary media type. Without one, bytes that are not UTF-8 are lost."""
    if not exchange.body:
        return None, False
    if _binary(exchange, media_type(exchange.request.header("content-type"))):
        return base64.b64encode(exchange.body).decode(), True
    return exchange.body.decode(errors="replace"), False


def _binary(exchange: Exchange, content_type: str) -> bool:
    return any(
        fnmatchcase(content_type, pattern.lower()) for pattern in exchange.api.binary_media_types
    )


def _request_context(exchange: Exchange) -> JsonObject:
    names = (
        *("accountId", "apiId", "deploymentId", "domainName", "domainPrefix", "extendedRequestId"),
        *("httpMethod", "path", "protocol", "requestId", "requestTime", "resourceId"),
        *("resourcePath", "stage"),
    )
    context: JsonObject = {name: exchange.variables.get(name) for name in names}
    context["requestTimeEpoch"] = int(exchange.variables["requestTimeEpoch"] or 0)
    context["identity"] = {
        "accessKey": None,
        "accountId": None,
        "caller": None,
        "cognitoAuthenticationProvider": None,
        "cognitoAuthenticationType": None,
        "cognitoIdentityId": None,
        "cognitoIdentityPoolId": None,
        "principalOrgId": None,
        "sourceIp": exchange.request.source_ip,
        "user": None,
        "userAgent": exchange.request.header("user-agent"),
        "userArn": None,
    }
    if exchange.claims:
        context["authorizer"] = {"claims": exchange.claims}
    if exchange.api_key is not None:
        context["identity"] |= {"apiKey": exchange.api_key, "apiKeyId": exchange.api_key_id}
    return context


def _proxy_response(exchange: Exchange, payload: bytes) -> HttpResponse:
    """Check a function's answer and turn it into a response; anything malformed is a 502."""
    malformed = GatewayError(
        "DEFAULT_5XX",
        status=502,
        integration="Execution failed due to configuration error: Malformed Lambda proxy response",
    )
    try:
        answer = json.loads(payload)
    except (ValueError, RecursionError):
        raise malformed from None
    if not isinstance(answer, dict) or not answer.keys() <= _PROXY_FIELDS:
        raise malformed
    status = answer.get("statusCode", 200)
    with contextlib.suppress(ValueError, TypeError):
        status = int(status) if not isinstance(status, bool | float) else None
    body = answer.get("body")
    headers = _proxy_headers(answer)
    if (
        not isinstance(status, int)
        or not 200 <= status <= 599
        or not isinstance(body, str | None)
        or headers is None
    ):
        raise malformed
    exchange.variables["integration.status"] = str(status)
    content = (body or "").encode(errors="replace")
    if answer.get("isBase64Encoded") is True and exchange.api.binary_media_types:
        accepted = (exchange.request.header("accept") or "").partition(",")[0].partition(";")[0]
        if _binary(exchange, accepted.strip().lower()):
            try:
                content = base64.b64decode(content, validate=True)
            except ValueError:
                raise GatewayError("API_CONFIGURATION_ERROR") from None
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.insert(0, ("Content-Type", "application/json"))
    headers.append(("X-Amzn-Trace-Id", exchange.trace))
    return HttpResponse(status, tuple(headers), content)


def _proxy_headers(answer: Document) -> list[tuple[str, str]] | None:
    """Merge both kinds of headers as REST APIs do; None when a name or value is not acceptable."""
    single, multiple = answer.get("headers") or {}, answer.get("multiValueHeaders") or {}
    if not isinstance(single, dict) or not isinstance(multiple, dict):
        return None
    if not all(isinstance(values, list) for values in multiple.values()):
        return None
    # On record: those of multiValueHeaders come first. The guide: a pair in both is sent once.
    pairs = [(name, value) for name, values in multiple.items() for value in values]
    pairs += [pair for pair in single.items() if pair not in pairs]
    headers = []
    for name, value in pairs:
        text = str(value).lower() if isinstance(value, bool) else value
        if not isinstance(text, str) or not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
            return None
        if re.search(r"[\r\n\0]", text):
            return None
        if name.lower() in _REMAPPED_IN_RESPONSE:
            headers.append((f"x-amzn-Remapped-{name}", text))
        elif name.lower() not in _DROPPED_FROM_RESPONSE:
            headers.append((name, text.encode("utf-8", "replace").decode("latin-1")))
    return headers
