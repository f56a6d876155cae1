"""One port for the whole local AWS: routes a request to the part that answers it."""

import json
import logging
import re
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import TcpWSGIServer, create_server
from waitress.task import ErrorTask, ThreadedTaskDispatcher, WSGITask, hop_by_hop

from emulator.cloud import Cloud
from emulator.wire.http import HttpRequest, HttpResponse, aws_error, json_response, request_of

DEFAULT_ACCOUNT_ID = "123456789012"
DEFAULT_PORT = 4566
DEFAULT_REGION = "us-east-2"

_log = logging.getLogger("emulator")

_HOST = "127.0.0.1"
_FRONT_THREADS = 64
_BACK_THREADS = 48
_DEPLOYED_APIS = ("/_aws/execute-api/", "/_aws/custom-domain/")
_FRONT_DOORS = (*_DEPLOYED_APIS, "/2015-03-31/functions/")
# An account's number stands before the address in calls of S3 Control, whose SDKs put it there
# (botocore's model: hostPrefix "{AccountId}."). No name server has such a name to give.
_LOCAL_NAME = re.compile(
    r"(?:(?:\d{12}\.)?127(?:\.\d{1,3}){3}|(?:[\w-]+\.)*localhost|\[::1\])(?::\d+)?",
    re.IGNORECASE,
)
_METADATA = re.compile(rb"^X-Amz-Meta-[^:]+", re.MULTILINE)
# Lambda's direct upload of 50 MB, in base64, is the largest request that the control plane takes.
_MAX_BODY = 70 * 1024 * 1024
_MAX_INVOKE_BODY = 6 * 1024 * 1024

StartResponse = Callable[..., Any]


class PortInUseError(Exception):
    """Another program listens on the port already."""


class Application:
    """The emulator as one WSGI application."""

    def __init__(
        self, *, account_id: str, region: str, endpoint: str, state_dir: Path | None = None
    ) -> None:
        self.cloud = Cloud(account_id, region, endpoint, app=self, state_dir=state_dir)
        self._parts_lock = threading.RLock()
        self._parts: dict[str, Any] = {}

    # The parts import moto, boto3 and more: a start is fast, and the first use pays.

    def _part(self, name: str, make: Callable[[], Any]) -> Any:
        with self._parts_lock:
            if name not in self._parts:
                self._parts[name] = make()
            return self._parts[name]

    @property
    def control_plane(self) -> Any:
        def make() -> Any:
            from emulator.control_plane import ControlPlane  # noqa: PLC0415

            return ControlPlane(self.cloud, self.authorizer, self.trail, self.alerts)

        return self._part("control_plane", make)

    @property
    def authorizer(self) -> Any:
        def make() -> Any:
            from emulator.iam import Authorizer  # noqa: PLC0415

            return Authorizer(self.cloud)

        return self._part("authorizer", make)

    @property
    def trail(self) -> Any:
        def make() -> Any:
            from emulator.cloudtrail.trail import Trail  # noqa: PLC0415

            return Trail(self.cloud, self.authorizer, on_records=self.alerts.events)

        return self._part("trail", make)

    @property
    def alerts(self) -> Any:
        def make() -> Any:
            from emulator.events.alerts import Alerts  # noqa: PLC0415

            return Alerts(self.cloud, self.authorizer)

        return self._part("alerts", make)

    @property
    def functions(self) -> Any:
        def make() -> Any:
            from emulator.lambda_ import LambdaRuntime  # noqa: PLC0415

            return LambdaRuntime(self.cloud, self.authorizer, scratch=self.cloud.state_dir)

        return self._part("functions", make)

    @property
    def bedrock(self) -> Any:
        def make() -> Any:
            from emulator.bedrock.runtime import BedrockRuntime  # noqa: PLC0415

            return BedrockRuntime(self.cloud, self.authorizer, self.trail)

        return self._part("bedrock", make)

    @property
    def apis(self) -> Any:
        def make() -> Any:
            from emulator.apigateway import ExecuteApi  # noqa: PLC0415
            from emulator.waf import Waf  # noqa: PLC0415

            return ExecuteApi(
                self.cloud, Waf(self.cloud), self.functions, authorizer=self.authorizer
            )

        return self._part("apis", make)

    def end_waits(self) -> None:
        """Stop what requests may wait for long: function workers, and a model told to be slow."""
        self._close("functions", "bedrock")

    def close(self) -> None:
        """Stop all that runs, and write out the trail and the logs."""
        self.end_waits()
        self._close("trail")
        self.cloud.close()

    def _close(self, *names: str) -> None:
        for name in names:
            if name in self._parts:
                self._parts[name].close()

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "/")
        try:
            if not path.startswith(_DEPLOYED_APIS):
                host = _host(environ.get("HTTP_HOST") or "")
                # Whatever page asks: the name leads to the API, and to nothing else.
                if host and self.apis.domains.known(host):
                    request = request_of(environ)
                    answered = self.apis.handle_domain(request, host, request.path)
                    return _send(answered, start_response)
                if _is_of_a_web_page(environ):
                    return _send(_REFUSAL_OF_WEB_PAGES, start_response)
            if not _is_data_plane(environ["REQUEST_METHOD"], path):
                answer: Iterable[bytes] = self.control_plane(environ, start_response)
                return answer
            response = self._answer(request_of(environ))
        except Exception:  # noqa: BLE001  # a client gets an AWS error, the log gets the cause
            _log.exception("internal error on %s %s", environ.get("REQUEST_METHOD"), path)
            response = aws_error(
                500, "InternalFailure", "The emulator failed to answer; its log says why."
            )
        return _send(response, start_response)

    def _answer(self, request: HttpRequest) -> HttpResponse:
        match request.path.split("/"):
            case ["", "_aws", *parts]:
                return self._own(request, parts)
            case ["", "2015-03-31", _, function, *_]:
                return self._invoke(request, unquote(function))
            case _:
                response: HttpResponse = self.bedrock.handle(request)
                return response

    def _own(self, request: HttpRequest, parts: list[str]) -> HttpResponse:
        match parts:
            case ["health"]:
                return json_response(200, self._health())
            case ["faults"]:
                response: HttpResponse = self.bedrock.faults.handle(request)
                return response
            case ["execute-api", api_id, *rest] if api_id:
                # On record: slashes before the stage count as one.
                below = "/".join(rest).lstrip("/")
                stage, slash, path = below.partition("/")
                answer: HttpResponse = self.apis.handle(request, api_id, stage, slash + path)
                return answer
            case ["custom-domain", domain, *rest] if domain:
                at_domain: HttpResponse = self.apis.handle_domain(
                    request, domain, f"/{'/'.join(rest)}"
                )
                return at_domain
            case _:
                return aws_error(
                    404,
                    "UnknownOperationException",
                    "Below /_aws are: health, faults, execute-api/<api id>/<stage>/<path> and"
                    " custom-domain/<name>/<path>.",
                )

    def _health(self) -> dict[str, Any]:
        return {
            "status": "ok",
            "version": _version(),
            "account_id": self.cloud.account_id,
            "region": self.cloud.region,
            "generation": self.cloud.generation,
            "approximations": self.cloud.approximations,
        }

    def _invoke(self, request: HttpRequest, function: str) -> HttpResponse:
        if len(request.body) > _MAX_INVOKE_BODY:
            return aws_error(
                413,
                "RequestTooLargeException",
                f"Request must be smaller than {_MAX_INVOKE_BODY} bytes for the InvokeFunction"
                " operation",
            )
        refusal: HttpResponse | None = self.control_plane.refuse_invoke(request)
        if refusal is not None:
            return refusal
        kind = request.header("x-amz-invocation-type") or "RequestResponse"
        if kind == "DryRun":
            return HttpResponse(204, (), b"")
        if kind != "RequestResponse":
            return aws_error(
                501,
                "UnsupportedOperation",
                f"The emulator invokes functions synchronously only, not as {kind!r}.",
            )
        invocation = self.functions.invoke(
            function,
            parse_qs(request.query).get("Qualifier", [None])[0],
            request.body,
            trace_header=request.header("x-amzn-trace-id"),
        )
        headers = [
            ("Content-Type", "application/json"),
            ("x-amzn-RequestId", invocation.request_id),
        ]
        if invocation.error_type:
            headers.append(("x-amzn-ErrorType", invocation.error_type))
        if invocation.executed_version:
            headers.append(("X-Amz-Executed-Version", invocation.executed_version))
        if invocation.function_error:
            headers.append(("X-Amz-Function-Error", invocation.function_error))
        if invocation.log_tail and request.header("x-amz-log-type") == "Tail":
            headers.append(("X-Amz-Log-Result", invocation.log_tail))
        return HttpResponse(invocation.status, tuple(headers), invocation.payload)


_REFUSAL_OF_WEB_PAGES = aws_error(
    403,
    "AccessDeniedException",
    "The local AWS does nothing for web pages: call it from a program, by the name 127.0.0.1 or"
    f" localhost. A web page may call the deployed APIs, below {_DEPLOYED_APIS[0]}.",
)


def _is_of_a_web_page(environ: Mapping[str, Any]) -> bool:
    """Tell whether a browser sends this for some web page.

    The administrator's key is known to all, and a function is code that runs on this machine: any
    page that a person has open could run its own. A browser tells of the page; where the page has
    its own name lead to this machine (DNS rebinding), the name does.
    """
    host = environ.get("HTTP_HOST")
    return (
        "HTTP_ORIGIN" in environ
        or environ.get("HTTP_SEC_FETCH_SITE", "none") not in {"none", "same-origin"}
        or (host is not None and _LOCAL_NAME.fullmatch(host.strip()) is None)
    )


def _host(named: str) -> str:
    """Return the host that a request names, without its port; "" for this machine's own names."""
    name = named.strip().lower()
    return "" if _LOCAL_NAME.fullmatch(name) else name.partition(":")[0]


def _is_data_plane(method: str, path: str) -> bool:
    if path.startswith("/_aws/"):
        return True
    if method != "POST":
        return False
    if path.startswith("/2015-03-31/functions/"):
        return path.endswith("/invocations")
    return path.startswith(("/model/", "/guardrail/"))


def _version() -> str:
    try:
        return version("secured-ai-chatbot")
    except PackageNotFoundError:
        return "unreleased"


def _send(response: HttpResponse, start_response: StartResponse) -> Iterable[bytes]:
    try:
        reason = HTTPStatus(response.status).phrase
    except ValueError:
        reason = "Unknown"
    headers = [
        (name, value)
        for name, value in response.headers
        if name.lower() not in hop_by_hop and name.lower() != "content-length"
    ]
    headers.append(("Content-Length", str(len(response.body))))
    start_response(f"{response.status} {reason}", headers)
    return [response.body]


class _Parser(HTTPRequestParser):  # type: ignore[misc]  # waitress ships no types
    """Keeps the header lines as they arrived: WAF sees their case, order and repetition."""

    head = b""

    def parse_header(self, header_plus: bytes) -> None:
        self.head = header_plus
        super().parse_header(header_plus)


class _Task(WSGITask):  # type: ignore[misc]  # waitress ships no types
    def get_environment(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environment()
        if "emulator.headers" not in environ:
            pairs = []
            for line in self.request.head.split(b"\r\n")[1:]:
                name, colon, value = line.decode("latin-1").partition(":")
                if colon:
                    pairs.append((name, value.strip(" \t")))
            environ["emulator.headers"] = tuple(pairs)
        return environ

    def build_response_header(self) -> bytes:
        """Leave the names of S3's metadata in lower case: SDKs hand them over as they came."""
        head: bytes = super().build_response_header()
        return _METADATA.sub(lambda name: name[0].lower(), head)


class _ErrorTask(ErrorTask):  # type: ignore[misc]  # waitress ships no types
    """Refuses what is not HTTP, or is too large, in JSON like everything else here."""

    def execute(self) -> None:
        error = self.request.error
        body = json.dumps({"message": f"{error.reason}: {error.body}"}).encode()
        self.status = f"{error.code} {error.reason}"
        self.response_headers.append(("Content-Type", "application/json"))
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class _Channel(HTTPChannel):  # type: ignore[misc]  # waitress ships no types
    parser_class = _Parser
    task_class = _Task
    error_task_class = _ErrorTask


class _TwoPools:
    """Serves requests from outside and the calls that they cause from separate threads.

    A chat request occupies a thread while the function that it started calls Bedrock on the same
    port. With one pool, enough clients would leave no thread for those calls, and all would hang.
    """

    def __init__(self, end_waits: Callable[[], None]) -> None:
        self._end_waits = end_waits
        self._front = ThreadedTaskDispatcher()
        self._front.set_thread_count(_FRONT_THREADS)
        self._back = ThreadedTaskDispatcher()
        self._back.set_thread_count(_BACK_THREADS)

    def add_task(self, channel: Any) -> None:
        request = channel.requests[0]
        path, headers = getattr(request, "path", ""), getattr(request, "headers", {})
        at_front = path.startswith(_FRONT_DOORS) or _host(headers.get("HOST", ""))
        pool = self._front if at_front else self._back
        pool.add_task(channel)

    def shutdown(self, *_: Any, **__: Any) -> None:
        self._end_waits()
        for pool in (self._front, self._back):
            pool.shutdown(timeout=3)


class Server:
    """The application on a loopback port."""

    def __init__(
        self,
        *,
        port: int = DEFAULT_PORT,
        account_id: str = DEFAULT_ACCOUNT_ID,
        region: str = DEFAULT_REGION,
        state_dir: Path | None = None,
    ) -> None:
        """Bind the port (0 picks a free one). Raises PortInUseError."""
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        self._thread: threading.Thread | None = None
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((_HOST, port))
        except OSError as error:
            listener.close()
            raise PortInUseError(
                f"Port {port} on {_HOST} cannot be used ({error.strerror}); an earlier rehearsal"
                f" may hold it. Stop that with `make down`, or choose another: PORT={port + 1}."
            ) from error
        self.endpoint = f"http://{_HOST}:{listener.getsockname()[1]}"
        self.app = Application(
            account_id=account_id, region=region, endpoint=self.endpoint, state_dir=state_dir
        )
        self._wsgi: TcpWSGIServer = create_server(
            self.app,
            _dispatcher=_TwoPools(self.app.end_waits),
            sockets=[listener],
            ident=None,
            connection_limit=1000,
            asyncore_use_poll=True,
            max_request_body_size=_MAX_BODY,
            clear_untrusted_proxy_headers=False,
        )
        self._wsgi.channel_class = _Channel

    def run(self) -> None:
        """Serve until SystemExit or KeyboardInterrupt is raised in this thread, then stop."""
        try:
            self._wsgi.run()
        finally:
            self._wsgi.close()
            self.app.close()

    def start(self) -> None:
        """Serve from a background thread, for tests."""
        self._thread = threading.Thread(target=self._wsgi.run, name="emulator", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop what `start` started."""
        self._wsgi.task_dispatcher.shutdown()
        self._wsgi.asyncore.close_all(self._wsgi._map, ignore_all=True)
        if self._thread is not None:
            self._thread.join(timeout=5)
        self.app.close()
