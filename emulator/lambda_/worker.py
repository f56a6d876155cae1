"""One execution environment: a process that talks to us through the Lambda Runtime API.

The thread that invokes also serves the Runtime API of its worker: it answers the worker's waiting
`next` with the event, then reads until the `response` arrives. So an invocation costs no hand-over
between threads, and the worker's output is read in the order in which it was written.
"""

import collections
import contextlib
import os
import re
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from emulator.wire.origin import is_of_a_web_page

_PEAK = re.compile(rb"VmHWM:\s+(\d+)")
_API = "/2018-06-01/runtime"
_LOOK_AT_PROCESS_EVERY = 1.0
# Python sets aside this much for each reading: of 128 KiB on, the system would map and clear it.
_READ_BYTES = 65_536
_TAIL_BYTES = 4096
_LONGEST_LINE = 1_048_576  # bytes in one log event (Amazon CloudWatch Logs quotas)
MAX_RESPONSE_BYTES = 6_291_556
"""Limit of a synchronous answer (AWS Lambda Developer Guide, Lambda quotas)."""


class WorkerTimeoutError(Exception):
    """The deadline passed before the worker answered."""


class WorkerExitError(Exception):
    """The worker's process ended."""

    def __init__(self, returncode: int) -> None:
        if returncode == 0:
            reason = "Runtime exited without providing a reason"
        elif returncode < 0:
            name = signal.Signals(-returncode).name
            word = {"SIGKILL": "killed", "SIGSEGV": "segmentation fault"}.get(name, name)
            reason = f"Runtime exited with error: signal: {word}"
        else:
            reason = f"Runtime exited with error: exit status {returncode}"
        super().__init__(reason)


@dataclass(frozen=True)
class Answer:
    """What the function's code gave: an answer, or the error that it raised."""

    payload: bytes
    failed: bool


@dataclass(frozen=True)
class _Request:
    connection: "_Connection"
    method: str
    path: str
    body: bytes


class _Connection:
    """One HTTP/1.1 connection of the worker, read without blocking."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(0)
        self.sock = sock
        self.closed = False
        self._buffer = bytearray()
        self._continued = False

    def receive(self) -> _Request | None:
        """Read what is there; return a request once it is whole.

        After a result nothing follows: it is read without asking for more.
        """
        try:
            while chunk := self.sock.recv(_READ_BYTES):
                self._buffer += chunk
                if chunk.startswith(b"POST") and (request := self._parse()):
                    return request
            self.closed = True
        except BlockingIOError:
            pass
        except (OSError, ValueError):
            self.closed = True
        try:
            return self._parse()
        except ValueError:  # no HTTP: whatever the function sends is its own affair
            self.closed = True
            return None

    def _parse(self) -> _Request | None:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        first, *lines = self._buffer[:end].decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)
        }
        if is_of_a_web_page(headers.get):
            self.answer("403 Forbidden", {}, b"", 1.0)
            self.closed = True
            return None
        length = int(headers.get("content-length", 0))
        if len(self._buffer) < end + 4 + length:
            if headers.get("expect") and not self._continued:
                self._continued = True
                self.send(b"HTTP/1.1 100 Continue\r\n\r\n", 1.0)
            return None
        body = bytes(self._buffer[end + 4 : end + 4 + length])
        del self._buffer[: end + 4 + length]
        self._continued = False
        method, path, _ = first.split(" ", 2)
        return _Request(self, method, path, body)

    def answer(self, status: str, headers: Mapping[str, str], body: bytes, timeout: float) -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.send("\r\n".join([*lines, "", ""]).encode() + body, timeout)

    def send(self, data: bytes, timeout: float) -> None:
        with contextlib.suppress(OSError):  # said again below
            data = data[self.sock.send(data) :]
        if not data:
            return
        self.sock.settimeout(timeout)
        try:
            self.sock.sendall(data)
        except OSError:
            self.closed = True
        finally:
            self.sock.settimeout(0)


def _wrapper(environment: Mapping[str, str], task_root: Path) -> tuple[str, ...]:
    """Return what runs the runtime: the function's wrapper script, if it names one.

    It is a shell script in the package; layers are absent, so one below /opt is not there. Lambda
    then ends with 127, on record.
    """
    path = environment.get("AWS_LAMBDA_EXEC_WRAPPER")
    if not path:
        return ()
    script = task_root / path.removeprefix("/var/task/")
    return ("/bin/sh", str(script)) if script.is_file() else ("/bin/sh", "-c", "exit 127")


class Worker:
    """A running execution environment of one function version; one caller at a time."""

    def __init__(
        self,
        *,
        handler: str,
        task_root: Path,
        runtime_folder: Path,
        environment: Mapping[str, str],
        log: Callable[[str], None],
        keeps: Callable[[str], bool],
    ) -> None:
        self._log = log
        self._keeps = keeps  # which lines of the function's code are logged
        self._output = b""
        self._memory_mb = 0
        self._status: int | None = None  # descriptor of what Linux says of the process
        self._tail: collections.deque[str] = collections.deque(maxlen=200)
        self._next: _Connection | None = None
        self._selector = selectors.DefaultSelector()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=4)
        self._listener.setblocking(False)
        port = self._listener.getsockname()[1]
        self._process = subprocess.Popen(
            [
                *_wrapper(environment, task_root),
                *(sys.executable, "-S", "-s", "-P", str(Path(__file__).with_name("bootstrap.py"))),
                *(str(runtime_folder), handler),
            ],
            stdin=subprocess.PIPE,  # closes when the emulator ends: see bootstrap.py
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=task_root,
            env={**environment, "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}"},
            start_new_session=True,
        )
        assert self._process.stdout is not None  # noqa: S101  # Popen was asked for a pipe
        self._stdout = self._process.stdout.fileno()
        os.set_blocking(self._stdout, False)
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._stdout, selectors.EVENT_READ)

    @property
    def pid(self) -> int:
        """Process id, also of its process group."""
        return self._process.pid

    @property
    def max_memory_mb(self) -> int:
        """Highest resident memory seen so far in MiB; 0 where there is no /proc."""
        with contextlib.suppress(OSError):
            if self._status is None:
                self._status = os.open(f"/proc/{self.pid}/status", os.O_RDONLY | os.O_CLOEXEC)
            if peak := _PEAK.search(os.pread(self._status, 4096, 0)):
                self._memory_mb = int(peak[1]) // 1024
        return self._memory_mb

    def initialize(self, deadline: float) -> Answer | None:
        """Wait until the worker asks for an event; return the error of its init, or None."""
        while self._next is None:
            request = self._read_request(deadline)
            if (request.method, request.path) == ("GET", f"{_API}/invocation/next"):
                if request.connection.closed:  # it asked, and died
                    self._forget(request.connection)
                    self._raise_if_exited()
                else:
                    self._next = request.connection
            elif (request.method, request.path) == ("POST", f"{_API}/init/error"):
                self._acknowledge(request)
                self._drain()
                return Answer(request.body, failed=True)
            else:
                self._reject(request)
        return None

    def invoke(
        self, event: bytes, headers: Mapping[str, str], request_id: str, deadline: float
    ) -> Answer:
        """Hand one event to an initialized worker and wait for its answer."""
        assert self._next is not None  # noqa: S101  # initialize sets it
        connection, self._next = self._next, None
        connection.answer(
            "200 OK",
            {"Content-Type": "application/json", **headers},
            event,
            max(deadline - time.monotonic(), 0.001),
        )
        prefix = f"{_API}/invocation/{request_id}/"
        while True:
            request = self._read_request(deadline)
            if request.method != "POST" or request.path not in {
                f"{prefix}response",
                f"{prefix}error",
            }:
                self._reject(request)
                continue
            self._drain()
            if len(request.body) > MAX_RESPONSE_BYTES:
                request.connection.answer("413 Payload Too Large", {}, b"{}", 1.0)
            else:
                self._acknowledge(request)
            return Answer(request.body, failed=request.path.endswith("/error"))

    def write_log(self, line: str) -> None:
        """Add a line to the function's log, among those of its code."""
        self._tail.append(line)
        self._log(line)

    def _write_own(self, output: bytes) -> None:
        line = output.decode(errors="replace").rstrip("\r")
        if line.strip() and self._keeps(line):
            self.write_log(line)

    def take_tail(self) -> bytes:
        """Return the last 4 KB logged since this was last called."""
        text = "".join(f"{line}\n" for line in self._tail)
        self._tail.clear()
        return text.encode()[-_TAIL_BYTES:]

    def kill(self) -> None:
        """End the process and its children at once, as Lambda does without extensions."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def close(self) -> None:
        """Kill the process, collect it and release what it held here."""
        self.kill()
        self._process.wait()
        self._drain()
        for key in list(self._selector.get_map().values()):
            if isinstance(key.data, _Connection):
                key.data.sock.close()
        self._selector.close()
        self._listener.close()
        if self._status is not None:
            os.close(self._status)
            self._status = None
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _read_request(self, deadline: float) -> _Request:
        """Serve the listener, the connections and the output until a whole request is there."""
        while True:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                self._drain()
                raise WorkerTimeoutError
            events = self._selector.select(min(remaining, _LOOK_AT_PROCESS_EVERY))
            hung_up = not events
            for key, _ in events:
                if key.fileobj is self._listener:
                    with contextlib.suppress(BlockingIOError):
                        connection = _Connection(self._listener.accept()[0])
                        self._selector.register(connection.sock, selectors.EVENT_READ, connection)
                elif isinstance(key.data, _Connection):
                    request = key.data.receive()
                    if request is not None:
                        return request
                    if key.data.closed:
                        self._forget(key.data)
                        hung_up = True
                elif not self._read_output():
                    self._selector.unregister(self._stdout)
                    hung_up = True
            if hung_up:
                self._raise_if_exited()

    def _raise_if_exited(self) -> None:
        try:
            returncode = self._process.wait(0.05)
        except subprocess.TimeoutExpired:
            return
        self._drain()
        raise WorkerExitError(returncode)

    def _forget(self, connection: _Connection) -> None:
        self._selector.unregister(connection.sock)
        connection.sock.close()
        if self._next is connection:
            self._next = None

    def _acknowledge(self, request: _Request) -> None:
        request.connection.answer("202 Accepted", {}, b'{"status":"OK"}', 1.0)

    def _reject(self, request: _Request) -> None:
        request.connection.answer("404 Not Found", {}, b"{}", 1.0)

    def _read_output(self) -> bool:
        """Log the whole lines that the worker wrote; say whether it may write more."""
        try:
            while chunk := os.read(self._stdout, _READ_BYTES):
                *lines, self._output = (self._output + chunk).split(b"\n")
                for line in lines:
                    self._write_own(line)
                if len(self._output) > _LONGEST_LINE:
                    self._write_own(self._output)
                    self._output = b""
                if len(chunk) < _READ_BYTES:  # it was all that the pipe held
                    return True
        except BlockingIOError:
            return True
        return False

    def _drain(self) -> None:
        """Log everything written so far, with the last line even if it has no end yet."""
        with contextlib.suppress(OSError, ValueError):
            self._read_output()
        self._write_own(self._output)
        self._output = b""
