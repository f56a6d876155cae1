"""One port for the whole local AWS: the socket and its two pools of threads."""

import contextlib
import json
import logging
import re
import resource
import socket
import threading
from collections.abc import Callable, Iterable
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import TcpWSGIServer, create_server
from waitress.task import ErrorTask, ThreadedTaskDispatcher, WSGITask, hop_by_hop

from emulator.bedrock.model_server import ModelServer
from emulator.wire.documents import JsonObject
from emulator.wire.http import HttpResponse, request_of
from emulator.wire.origin import custom_host

if TYPE_CHECKING:
    from emulator.door import Door

DEFAULT_ACCOUNT_ID = "123456789012"
DEFAULT_PORT = 4566
DEFAULT_REGION = "us-east-2"

_HOST = "127.0.0.1"
_FRONT_THREADS = 64
_BACK_THREADS = 48
_FRONT_PATHS = ("/_aws/execute-api/", "/_aws/custom-domain/", "/2015-03-31/functions/")
_METADATA = re.compile(rb"^X-Amz-Meta-[^:]+", re.MULTILINE)
# A connection without a request in work ends this many seconds after its last answer, or after the
# first byte of its next request: neither silence nor one byte a second holds it any longer.
PATIENCE = 60
# Of connections without a request in work, the longest unused end beyond these numbers.
MOST_WAITING = 400
MOST_WAITING_OF_ONE_ADDRESS = 200
_CONNECTIONS = 1000
# Lambda's direct upload of 50 MB, in base64, is the largest request that the control plane takes.
_MAX_BODY = 70 * 1024 * 1024

StartResponse = Callable[..., object]


class PortInUseError(Exception):
    """Another program listens on the port already."""


class Lazy[T]:
    """A value that its first use makes, once."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._made: list[T] = []

    def __call__(self) -> T:
        """Return the value."""
        with self._lock:
            if not self._made:
                self._made.append(self._make())
            return self._made[0]

    def if_made(self, use: Callable[[T], None]) -> None:
        """Call a function with the value, if there is one."""
        for value in self._made:
            use(value)


class Application:
    """The door as a WSGI application, made at the first request: a start is fast."""

    def __init__(
        self,
        *,
        account_id: str,
        region: str,
        endpoint: str,
        state_dir: Path | None = None,
        model: ModelServer | None = None,
    ) -> None:
        def make() -> "Door":
            from emulator.door import Door  # noqa: PLC0415  # moto and boto3 take a second

            return Door(
                account_id=account_id,
                region=region,
                endpoint=endpoint,
                state_dir=state_dir,
                model=model,
            )

        self._door = Lazy(make)

    @property
    def door(self) -> "Door":
        """Return what answers the requests."""
        return self._door()

    def end_waits(self) -> None:
        """Stop what requests may wait for long."""
        self._door.if_made(lambda door: door.end_waits())

    def close(self) -> None:
        """Stop all that runs, and write out the trail and the logs."""
        self._door.if_made(lambda door: door.close())

    def __call__(self, environ: JsonObject, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        return _send(self.door(request_of(environ)), start_response)


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
    # The answer to HEAD has the length of the body that it leaves out.
    length = None if response.body else response.header("content-length")
    headers.append(("Content-Length", length or str(len(response.body))))
    start_response(f"{response.status} {reason}", headers)
    return [response.body]


class _Parser(HTTPRequestParser):  # type: ignore[misc]  # waitress ships no types
    """Keeps the header lines as they arrived: WAF sees their case, order and repetition."""

    head = b""

    def parse_header(self, header_plus: bytes) -> None:
        self.head = header_plus
        super().parse_header(header_plus)


class _Task(WSGITask):  # type: ignore[misc]  # waitress ships no types
    wrote_header: bool

    def get_environment(self) -> JsonObject:
        environ: JsonObject = super().get_environment()
        if "emulator.headers" not in environ:
            pairs = []
            for line in self.request.head.split(b"\r\n")[1:]:
                name, colon, value = line.decode("latin-1").partition(":")
                if colon:
                    pairs.append((name, value.strip(" \t")))
            environ["emulator.headers"] = tuple(pairs)
        return environ

    def write(self, data: bytes) -> None:
        """Send the head and the body together: a system call each costs more than joining them.

        The AWS SDK for Go at times closes its connection between a head and a body that come apart
        (aws/aws-sdk-go-v2, issue 2737), then tries again, and finds its work done. It reads 4 KB at
        once, and no answer to a change is longer.
        """
        if self.wrote_header or not self.has_body or self.content_length != len(data):
            super().write(data)
            return
        head = self.build_response_header()
        self.wrote_header = True
        self.content_bytes_written = len(data)
        self.channel.write_soon(head + data)

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
    last_activity: float
    _began = 0.0

    def __init__(self, server: TcpWSGIServer, *arguments: object, **named: object) -> None:
        super().__init__(server, *arguments, **named)
        waiting = [one for one in server.active_channels.values() if one.is_waiting()]
        own = [one for one in waiting if one.addr[0] == self.addr[0]]
        for crowd, most in ((own, MOST_WAITING_OF_ONE_ADDRESS), (waiting, MOST_WAITING)):
            if len(crowd) > most:
                min(crowd, key=lambda one: one.last_activity).will_close = True

    def is_waiting(self) -> bool:
        """Return whether no request is in work, and no answer on its way."""
        return not (self.requests or self.total_outbufs_len or self.will_close)

    def received(self, data: bytes) -> bool:
        """Take bytes; those that continue a request do not make the connection active."""
        if self.request is None:
            self._began = self.last_activity
        else:
            self.last_activity = self._began
        return bool(super().received(data))


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

    def add_task(self, channel: HTTPChannel) -> None:
        request = channel.requests[0]
        path, headers = getattr(request, "path", ""), getattr(request, "headers", {})
        at_front = path.startswith(_FRONT_PATHS) or custom_host(headers.get("HOST"))
        pool = self._front if at_front else self._back
        pool.add_task(channel)

    def shutdown(self, *_: object, **__: object) -> None:
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
        model: ModelServer | None = None,
    ) -> None:
        """Bind the port (0 picks a free one). Raises PortInUseError."""
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        self._thread: threading.Thread | None = None
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        with contextlib.suppress(ValueError, OSError):  # macOS starts programs with 256 files
            resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 4 * _CONNECTIONS), hard))
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
            account_id=account_id,
            region=region,
            endpoint=self.endpoint,
            state_dir=state_dir,
            model=model,
        )
        self._wsgi: TcpWSGIServer = create_server(
            self.app,
            _dispatcher=_TwoPools(self.app.end_waits),
            sockets=[listener],
            ident=None,
            connection_limit=_CONNECTIONS,
            channel_timeout=PATIENCE,
            cleanup_interval=1,
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
