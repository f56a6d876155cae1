"""Which API operation a request is.

Operations come from botocore's service models through moto's own router, so that what is
authorized is what moto will then execute. A request that could be read in two ways is none.
"""

import functools
import io
import re
from dataclasses import replace
from urllib.parse import parse_qs, unquote

from botocore.loaders import Loader
from moto.core.request import Request
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from werkzeug.exceptions import HTTPException

from emulator.wire.call import Call, Credential
from emulator.wire.documents import Document, JsonObject
from emulator.wire.errors import WireProtocol
from emulator.wire.http import HttpRequest
from emulator.wire.parsing import parameters

_CREDENTIAL = re.compile(r"(?:AWS4-HMAC-SHA256)\s+.*?Credential=([^,\s]+)")
_RPC_PATH = re.compile(r"/service/[^/]+/operation/([A-Za-z]+)")
_LAMBDA_PATH = re.compile(r"/\d{4}-\d\d-\d\d/")  # its paths begin with the version of its API
_QUERY_SERVICES = frozenset({"autoscaling", "iam", "monitoring", "sns", "sts"})

_Found = tuple[str, WireProtocol, Document]
"""An operation's name, its protocol, and the parameters of its path."""

# Signing names that differ from botocore's service name, or that several services share.
_SERVICES: dict[str, tuple[str, ...]] = {
    "apigateway": ("apigateway", "apigatewayv2"),
    "bedrock": ("bedrock", "bedrock-runtime", "bedrock-agent", "bedrock-agent-runtime"),
    "elasticloadbalancing": ("elbv2",),
    "monitoring": ("cloudwatch",),
    "s3": ("s3", "s3control"),
    "ses": ("ses", "sesv2"),
    "states": ("stepfunctions",),
    "tagging": ("resourcegroupstaggingapi",),
}


def recognize(request: HttpRequest) -> Call:
    """Return the call that a request is: who signed it, its operation and its parameters.

    The operation is empty where there is none, and where the request could be read in two ways.
    """
    signed = credential(request)
    if signed is None and _form(request).get("Action") == ["AssumeRoleWithWebIdentity"]:
        call = _of_service(request, None, "sts")  # a token in its body says who makes it
    else:
        call = _identified(request, signed) if signed else None
    if call is not None:
        return call
    protocol = _likely_protocol(request, signed)
    return Call(request, signed, service=signed.service if signed else "", protocol=protocol)


def credential(request: HttpRequest) -> Credential | None:
    """Return who signed the request; None when unsigned, or signed in two ways at once."""
    headers = [value for name, value in request.headers if name.lower() == "authorization"]
    query = parse_qs(request.query) if request.query else {}
    scopes = query.get("X-Amz-Credential", [])
    if len(headers) + len(scopes) != 1:
        return None
    token: str | None
    if headers:
        found = _CREDENTIAL.match(headers[0])
        scope = found[1] if found else ""
        token = request.header("x-amz-security-token")
    else:
        scope = scopes[0]
        token = query.get("X-Amz-Security-Token", [None])[0]
    parts = scope.split("/")
    if len(parts) != 5 or parts[4] != "aws4_request":
        return None
    return Credential(parts[0], parts[2], parts[3].lower(), token)


@functools.cache
def _known_services() -> frozenset[str]:
    return frozenset(Loader().list_available_services("service-2"))


def _identified(request: HttpRequest, signed: Credential) -> Call | None:
    if signed.service == "bedrock-mantle":
        return _mantle(request, signed)
    candidates = _SERVICES.get(signed.service, (signed.service,))
    if signed.service == "s3":
        candidates = ("s3control",) if request.path.startswith("/v20180820/") else ("s3",)
    for service in candidates:
        if service in _known_services() and (call := _of_service(request, signed, service)):
            return call
    return None


def _of_service(request: HttpRequest, signed: Credential | None, service: str) -> Call | None:
    read = request
    if service == "bedrock-runtime" or request.path.endswith("/invocations"):
        # The emulator's own parts read any content as JSON; moto's router takes a form for a query.
        headers = [each for each in request.headers if each[0].lower() != "content-type"]
        read = replace(request, headers=tuple(headers))
    model = get_service_model(service)
    moto_request = _moto_request(read, read.path)
    if model.protocol in {"rest-json", "rest-xml"}:
        found = _rest(read, moto_request, service, model.protocol)
    else:
        found = _rpc(read, model.metadata.get("targetPrefix"))
    if found is None or found[0] not in model.operation_names:
        return None
    operation, protocol, uri_params = found
    shape = model.operation_model(operation)
    given = parameters(moto_request, read.body, shape, protocol, uri_params)
    return Call(
        request,
        signed,
        service=service,
        operation=operation,
        protocol=protocol,
        endpoint_prefix=str(model.endpoint_prefix),
        params=given.values,
        problem=given.problem,
    )


def _rpc(request: HttpRequest, prefix: str | None) -> _Found | None:
    """Read the operation's name off a header, parameter or path; all that are there must agree."""
    names: dict[str, WireProtocol] = {}
    for name, value in request.headers:
        if name.lower() == "x-amz-target":
            before, _, operation = value.rpartition(".")
            # SDKs in Go leave out the package that the model's prefix begins with, as in
            # com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.
            if before not in {prefix, str(prefix).rpartition(".")[2]}:
                return None
            names[operation] = "json"
    form = _form(request)
    for action in [*parse_qs(request.query).get("Action", []), *form.get("Action", [])]:
        names.setdefault(action, "query")
    if path := _RPC_PATH.fullmatch(request.path):
        names.setdefault(path[1], "cbor")
    if len(names) != 1:
        return None
    operation, protocol = next(iter(names.items()))
    return operation, protocol, {}


def _form(request: HttpRequest) -> dict[str, list[str]]:
    content_type = request.header("content-type") or ""
    if not content_type.startswith("application/x-www-form-urlencoded"):
        return {}
    return parse_qs(request.body.decode("utf-8", "replace"), keep_blank_values=True)


def _rest(
    request: HttpRequest, moto_request: Request, service: str, protocol: WireProtocol
) -> _Found | None:
    # moto lets these name the operation even where AWS routes by path.
    if request.header("x-amz-target") or "Action" in parse_qs(request.query):
        return None
    found = _route(moto_request, service)
    if found is None:
        return None
    decoded = unquote(request.path)
    if decoded != request.path:
        # An encoded slash must not be one operation here and another to a router that decodes it.
        other = _route(_moto_request(request, decoded), service)
        if other is None or other[0] != found[0]:
            return None
    operation, uri_params = found
    return operation, protocol, uri_params


def _route(moto_request: Request, service: str) -> tuple[str, Document] | None:
    try:
        operation, params = get_service_router(service).match(moto_request)
    except (HTTPException, NotImplementedError):
        return None
    return operation.name, params


def _moto_request(request: HttpRequest, path: str) -> Request:
    return Request(environ(request, path))


def environ(request: HttpRequest, path: str | None = None) -> JsonObject:
    """Return a request as WSGI has it, for moto; with another `path` if one is given."""
    path = request.path if path is None else path
    made: JsonObject = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(path, "latin-1"),
        "RAW_URI": f"{path}?{request.query}" if request.query else path,
        "QUERY_STRING": request.query,
        "REMOTE_ADDR": request.source_ip,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers:
        # An underscore would be the same as a hyphen; the body is whole.
        if "_" not in name and name.lower() != "transfer-encoding":
            key = name.upper().replace("-", "_")
            made[key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"] = value
    made["CONTENT_LENGTH"] = str(len(request.body))
    return made


def _likely_protocol(request: HttpRequest, signed: Credential | None) -> WireProtocol:
    """Return the protocol that the maker of an unknown request reads an error in."""
    if request.header("x-amz-target"):
        return "json"
    if request.path.startswith("/service/"):
        return "cbor"
    if signed is not None and signed.service in _QUERY_SERVICES:
        return "query"
    if signed is None and _LAMBDA_PATH.match(request.path):
        return "rest-json"
    return "rest-xml" if signed is None or signed.service == "s3" else "rest-json"


def _mantle(request: HttpRequest, signed: Credential) -> Call | None:
    """The OpenAI-compatible endpoint has no model in botocore; inference is what matters here."""
    if request.method != "POST" or not request.path.startswith(("/v1/", "/openai/", "/anthropic/")):
        return None
    return Call(
        request,
        signed,
        service="bedrock-mantle",
        operation="CreateInference",
        endpoint_prefix="bedrock-mantle",
    )
