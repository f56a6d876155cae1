"""What every part of the data plane knows of the applied configuration: AWS's own APIs."""

import io
import logging
import queue
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from emulator.cloudwatch.metrics import Metrics

OPERATOR_KEY_ID = "emulator"
"""Access key id of the emulator's own calls; the account's administrator."""

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_log = logging.getLogger("emulator")

# Who logs faster than the writer writes waits: memory stays bounded and nothing is lost.
_QUEUED_LOG_EVENTS = 5_000
_BATCH = 1_000
_FLUSH_SECONDS = 0.1


class Cloud:
    """The local account as the data plane sees it.

    `app` is the emulator's own WSGI application: with it, clients call in-process and never wait
    for one of the server's threads. Without it they use `endpoint`, as any other program does.
    `state_dir` is where parts may keep files; None means a temporary directory of their own.
    """

    def __init__(
        self,
        account_id: str,
        region: str,
        endpoint: str,
        *,
        app: WsgiApp | None = None,
        state_dir: Path | None = None,
    ) -> None:
        self.account_id = account_id
        self.region = region
        self.endpoint = endpoint
        self.state_dir = state_dir
        self._app = app
        self._lock = threading.Lock()
        self._session: Any = None
        self._clients: dict[str, Any] = {}
        self._generation = 0
        self._snapshots: dict[str, Any] = {}
        self._building: defaultdict[str, threading.RLock] = defaultdict(threading.RLock)
        self._approximations: dict[tuple[str, str], None] = {}
        self._metrics = Metrics(account_id, region)
        self._logs = _LogWriter(account_id, region, self._metrics)

    @property
    def generation(self) -> int:
        """Count of the control plane's writes so far."""
        return self._generation

    @property
    def approximations(self) -> list[dict[str, str]]:
        """What was answered differently from AWS so far, for the health page."""
        with self._lock:
            return [{"part": part, "text": text} for part, text in self._approximations]

    def client(self, service: str) -> Any:
        """Return a boto3 client of the local account, with the operator's credentials."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._make_client(service)
            return self._clients[service]

    def _make_client(self, service: str) -> Any:
        import boto3  # noqa: PLC0415  # a third of a second that a start need not wait for
        from botocore.config import Config  # noqa: PLC0415

        if self._session is None:
            self._session = boto3.session.Session()
        client = self._session.client(
            service,
            endpoint_url=self.endpoint,
            region_name=self.region,
            aws_access_key_id=OPERATOR_KEY_ID,
            aws_secret_access_key=OPERATOR_KEY_ID,
            config=Config(
                retries={"total_max_attempts": 1},
                s3={"addressing_style": "path"},
                max_pool_connections=64,
            ),
        )
        if self._app is not None:
            client.meta.events.register("before-send", _InProcess(self._app))
        return client

    def snapshot[T](self, key: str, build: Callable[[], T]) -> T:
        """Return `build()`, remembered under `key` until the next write to the control plane."""
        with self._lock:
            building = self._building[key]
        with building:
            with self._lock:
                generation = self._generation
                if key in self._snapshots:
                    known: T = self._snapshots[key]
                    return known
            value = build()
            with self._lock:
                # A write that landed meanwhile may or may not be in what was built.
                if generation == self._generation:
                    self._snapshots[key] = value
            return value

    def bump(self) -> None:
        """Forget every snapshot: the control plane was written to."""
        with self._lock:
            self._generation += 1
            self._snapshots.clear()

    def log(self, group: str, stream: str, message: str) -> None:
        """Queue one event for a CloudWatch log group; the stream is made when missing.

        Never raises. An event for a group that does not exist is dropped, as AWS drops it, and the
        emulator says so once for each group.
        """
        self._logs.put(group, stream, message)

    def metric(
        self,
        namespace: str,
        name: str,
        dimensions: Mapping[str, str],
        value: float = 1.0,
        unit: str = "Count",
    ) -> None:
        """Count a value in a CloudWatch metric."""
        self._metrics.add(namespace, name, dimensions, value, unit)

    def flush(self, timeout: float = 5.0) -> None:
        """Wait until every queued log event is in its group."""
        self._logs.flush(timeout)

    def approximation(self, part: str, text: str) -> None:
        """Say, once, that the applied configuration touches something that AWS does better."""
        with self._lock:
            if (part, text) in self._approximations:
                return
            self._approximations[part, text] = None
        _log.warning("approximation in %s: %s", part, text)

    def close(self) -> None:
        """Write out the queued log events and stop the writer."""
        self._logs.close()


class _LogWriter:
    """Batches log events into moto's CloudWatch Logs backend from one thread.

    In-process on purpose: an HTTP call for each line would cost more than answering the request.
    """

    def __init__(self, account_id: str, region: str, metrics: Metrics) -> None:
        self._account_id = account_id
        self._region = region
        self._metrics = metrics
        self._queue: queue.Queue[tuple[str, str, str, int] | None] = queue.Queue(_QUEUED_LOG_EVENTS)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._missing: set[str] = set()
        self._closed = False

    def put(self, group: str, stream: str, message: str) -> None:
        if self._closed:
            return
        if self._thread is None:
            self._start()
        self._queue.put((group, stream, message, int(time.time() * 1000)))

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="cloudwatch-logs", daemon=True)
                thread.start()
                self._thread = thread

    def flush(self, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while self._queue.unfinished_tasks and time.monotonic() < deadline:
            time.sleep(0.01)

    def close(self) -> None:
        self._closed = True
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join(timeout=5)

    def _run(self) -> None:
        while True:
            batch = [self._queue.get()]
            if self._queue.qsize() < _BATCH and not self._closed:
                time.sleep(_FLUSH_SECONDS)
            while len(batch) < _BATCH and not self._queue.empty():
                batch.append(self._queue.get_nowait())
            events = [event for event in batch if event is not None]
            try:
                self._write(events)
            except Exception:  # noqa: BLE001  # the writer must outlive any event
                _log.exception("could not write %d log events", len(events))
            for _ in batch:
                self._queue.task_done()
            if len(events) != len(batch):
                return

    def _write(self, events: list[tuple[str, str, str, int]]) -> None:
        from moto.logs.models import logs_backends  # noqa: PLC0415  # only with the control plane

        streams: defaultdict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        for group, stream, message, timestamp in events:
            streams[group, stream].append({"timestamp": timestamp, "message": message})
        backend = logs_backends[self._account_id][self._region]
        groups = backend.groups
        for (group, stream), messages in streams.items():
            if group not in groups:
                if group not in self._missing:
                    self._missing.add(group)
                    _log.warning("log group %s does not exist: its events are dropped", group)
                continue
            self._missing.discard(group)
            if stream not in groups[group].streams:
                groups[group].create_log_stream(stream)
            groups[group].streams[stream].put_log_events(messages)
            texts = [each["message"] for each in messages]
            self._metrics.observe(group, texts, list(backend.filters.metric_filters))


class _InProcess:
    """Answers a botocore request from a WSGI application, without a socket."""

    def __init__(self, app: WsgiApp) -> None:
        self._app = app

    def __call__(self, request: Any, **_: Any) -> Any:
        from botocore.awsrequest import AWSResponse  # noqa: PLC0415

        url = urlsplit(request.url)
        body = request.body or b""
        if hasattr(body, "read"):
            body = body.read()
        if isinstance(body, str):
            body = body.encode()
        environ: dict[str, Any] = {
            "REQUEST_METHOD": request.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(url.path or "/").decode("latin-1"),
            "QUERY_STRING": url.query,
            "RAW_URI": f"{url.path}?{url.query}" if url.query else url.path,
            "SERVER_NAME": url.hostname,
            "SERVER_PORT": str(url.port or 80),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_HOST": url.netloc,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": url.scheme,
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in request.headers.items():
            text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
            key = name.upper().replace("-", "_")
            environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = text
        environ["CONTENT_LENGTH"] = str(len(body))

        started: list[Any] = []
        chunks = self._app(environ, lambda status, headers, *_: started.extend((status, headers)))
        content = b"".join(chunks)
        if hasattr(chunks, "close"):
            chunks.close()
        status, headers = started
        return AWSResponse(request.url, int(status[:3]), dict(headers), _Raw(content))


class _Raw(io.BytesIO):
    """The part of urllib3's response that botocore reads."""

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        while chunk := self.read(65_536):
            yield chunk
