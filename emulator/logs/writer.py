"""Writes the log events of services and functions into their groups."""

import logging
import queue
import threading
import time
from collections import defaultdict

from moto.logs.models import logs_backends

from emulator.cloudwatch.metrics import Metrics

_log = logging.getLogger("emulator")

# Who logs faster than the writer writes waits: memory stays bounded and nothing is lost.
_QUEUED_LOG_EVENTS = 5_000
_BATCH = 1_000
_FLUSH_SECONDS = 0.1


class LogWriter:
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
        """Queue one event for a CloudWatch log group; the stream is made when missing.

        Never raises. An event for a group that does not exist is dropped, as AWS drops it, and the
        emulator says so once for each group.
        """
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

    def flush(self, timeout: float = 5.0) -> None:
        """Wait until every queued event is in its group."""
        deadline = time.monotonic() + timeout
        while self._queue.unfinished_tasks and time.monotonic() < deadline:
            time.sleep(0.01)

    def close(self) -> None:
        """Write out what is queued and stop."""
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
        streams: defaultdict[tuple[str, str], list[dict[str, object]]] = defaultdict(list)
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
            texts = [str(each["message"]) for each in messages]
            self._metrics.observe(group, texts, list(backend.filters.metric_filters))
