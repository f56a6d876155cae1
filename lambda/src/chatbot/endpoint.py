"""One endpoint of an AWS service: signed requests over connections that are kept."""

from __future__ import annotations

import collections
import contextlib
import http.client
import json
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Thread
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from chatbot.signing import Scope, signed_headers

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatbot.credentials import Credentials

CONNECT_TIMEOUT_SECONDS = 3.0
# No invocation lasts longer, so this only ends calls that were given up on.
READ_TIMEOUT_SECONDS = 29.0
# Frozen between two invocations, the function does not notice that its connection is gone. AWS's
# load balancers close theirs after 60 s by default (Application Load Balancers, idle timeout).
IDLE_SECONDS = 50.0


class EndpointError(Exception):
    """A call without an answer of the service; `cause` is the name of the error below it."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(type(cause).__name__)
        self.cause = type(cause).__name__


class UnreachableError(EndpointError):
    """No connection came about, or it ended before the answer."""


class UntrustedError(EndpointError):
    """TLS failed: whoever answers is not known to be AWS."""


class UnansweredError(EndpointError):
    """The service took the request and was silent for too long."""


class GarbledError(EndpointError):
    """What came back is not HTTP, or not JSON."""


class RefusedError(Exception):
    """The service answered with an error. Its text may quote the request: never log it."""

    def __init__(
        self,
        code: str,
        status: int,
        message: str = "",
        request_id: str = "",
        *,
        item: object = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.status = status
        self.message = message
        self.request_id = request_id
        self.item = item  # DynamoDB's, which did not meet the condition


class Bounded:
    """Bounds calls in time.

    A socket's timeouts bound each connect and each read, not the call: several addresses, a slow
    name server or an answer that trickles add up. Waiting for a thread bounds it all.
    """

    def __init__(self, name: str) -> None:
        self._threads = ThreadPoolExecutor(thread_name_prefix=name)

    def call(self, seconds: float, function: Callable[..., object], *given: object) -> object:
        """Return what a function returns. Raises TimeoutError when that takes longer."""
        if seconds == 0:
            raise TimeoutError("no time was left for the call")
        future = self._threads.submit(function, *given)
        try:
            return future.result(timeout=seconds)
        except TimeoutError:
            future.cancel()
            raise TimeoutError("no answer within the time left") from None


class _Kept(NamedTuple):
    connection: http.client.HTTPConnection
    used: float


class Endpoint:
    """Sends JSON to one service. Safe to use from several threads.

    A kept connection may turn out to be dead. With `resends` the request then goes out once more;
    without, the caller hears of it, who counts what each sending may cost.
    """

    def __init__(
        self,
        url: str,
        service: str,
        region: str,
        credentials: Credentials,
        *,
        resends: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "", parts.port)
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._scope = Scope(service, region, parts.netloc)
        self._credentials = credentials
        self._resends = resends
        self._clock = clock
        self._kept: collections.deque[_Kept] = collections.deque()

    def connect(self) -> Thread:
        """Open a connection before the first request needs one."""

        def connect() -> None:
            with contextlib.suppress(EndpointError):
                self._keep(self._open())

        thread = Thread(target=connect)
        thread.start()
        return thread

    def post(self, path: str, document: object, target: str = "") -> object:
        """Send a document and return the answer's; `target` as `signed_headers` takes it.

        Raises RefusedError, an EndpointError or a CredentialsError.
        """
        body = json.dumps(document).encode()
        keys = self._credentials.keys()
        headers = signed_headers(keys, self._scope, path, body, at=time.time(), target=target)
        headers["user-agent"] = "secured-ai-chatbot"
        connection, response, content = self._exchange(path, body, headers)
        if not response.will_close:
            self._keep(connection)
        if response.status != 200:
            raise _refusal(response, content)
        try:
            answer: object = json.loads(content)
        except (RecursionError, ValueError) as error:
            raise GarbledError(error) from None
        return answer

    def _exchange(
        self, path: str, body: bytes, headers: dict[str, str]
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse, bytes]:
        """Send a request and read the answer, over a kept connection if one still works."""
        kept = self._take()
        if kept is not None:
            try:
                return _send(kept, path, body, headers)
            except UnreachableError:
                if not self._resends:
                    raise
                # It died unnoticed: nobody has read the request.
        return _send(self._open(), path, body, headers)

    def _open(self) -> http.client.HTTPConnection:
        timeout = CONNECT_TIMEOUT_SECONDS
        connection = (
            http.client.HTTPSConnection(*self._address, timeout=timeout, context=self._tls)
            if self._tls
            else http.client.HTTPConnection(*self._address, timeout=timeout)
        )
        try:
            connection.connect()
        except OSError as error:
            raise _unreached(error) from None
        connection.sock.settimeout(READ_TIMEOUT_SECONDS)
        return connection

    def _keep(self, connection: http.client.HTTPConnection) -> None:
        self._kept.append(_Kept(connection, self._clock()))

    def _take(self) -> http.client.HTTPConnection | None:
        while True:
            try:
                kept = self._kept.pop()
            except IndexError:
                return None
            if self._clock() - kept.used < IDLE_SECONDS and _silent(kept.connection):
                return kept.connection
            kept.connection.close()


def _send(
    connection: http.client.HTTPConnection, path: str, body: bytes, headers: dict[str, str]
) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse, bytes]:
    response = None
    try:
        connection.request("POST", path, body, headers)
        response = connection.getresponse()
        return connection, response, response.read()
    except TimeoutError as error:
        failure: EndpointError = UnansweredError(error)
    except (OSError, http.client.HTTPException) as error:
        # Once an answer has begun the request was read, and sending it again would cost twice.
        ended = response is None and isinstance(error, OSError)
        failure = _unreached(error) if ended else GarbledError(error)
    connection.close()
    raise failure


def _unreached(error: Exception) -> EndpointError:
    ended = isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError)
    if isinstance(error, ssl.SSLError) and not ended:
        return UntrustedError(error)
    return UnreachableError(error)


def _silent(connection: http.client.HTTPConnection) -> bool:
    """Return whether a connection is open and has nothing to say, as between two requests."""
    connection.sock.settimeout(0)
    try:
        connection.sock.recv(1)
    except (BlockingIOError, ssl.SSLWantReadError):
        connection.sock.settimeout(READ_TIMEOUT_SECONDS)
        return True
    except OSError:
        return False
    return False  # closed, or an answer that nobody asked for


def _refusal(response: http.client.HTTPResponse, content: bytes) -> RefusedError:
    """Read an error as AWS's REST protocol sends it: the code in a header or in the body."""
    try:
        document = json.loads(content)
    except (RecursionError, ValueError):
        document = None
    fields = document if isinstance(document, dict) else {}
    code = response.getheader("x-amzn-ErrorType") or fields.get("__type") or fields.get("code")
    message = fields.get("message") or fields.get("Message")
    return RefusedError(
        str(code or response.status).partition(":")[0].rpartition("#")[2],
        response.status,
        message if isinstance(message, str) else "",
        response.getheader("x-amzn-RequestId") or "",
        item=fields.get("Item"),
    )
