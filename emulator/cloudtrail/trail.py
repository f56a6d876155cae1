"""CloudTrail: a record of each API call, delivered where the applied trails say."""

import json
import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from emulator import OPERATOR_KEY_ID
from emulator.account import Account
from emulator.cloudtrail.delivery import Delivery, Record
from emulator.cloudtrail.history import History
from emulator.cloudtrail.records import (
    data_event,
    envelope,
    is_unrecorded,
    particulars,
    recorded_assessment,
)
from emulator.cloudtrail.selectors import LoggingTrail, logging_trail
from emulator.iam import Authorizer
from emulator.wire.call import Call
from emulator.wire.documents import Document, JsonObject
from emulator.wire.http import HttpResponse
from emulator.wire.read_only import is_read_only

_log = logging.getLogger("emulator")

_MAX_EVENTS = 10_000
_MAX_BUFFERED = 32 * 1024 * 1024


@dataclass
class _Buffer:
    trail: LoggingTrail
    records: list[Record] = field(default_factory=list)
    size: int = 0


class Trail:
    """Records API calls for the trails that log, and delivers them every few seconds."""

    def __init__(
        self,
        account: Account,
        authorizer: Authorizer,
        *,
        flush_seconds: float = 5.0,
        on_records: Callable[[list[JsonObject]], None] | None = None,
    ) -> None:
        """`flush_seconds` is the emulator's haste: AWS takes about five minutes.

        `on_records` gets every record that some trail selects: EventBridge has no others.
        """
        self._on_records = on_records
        self._events: list[JsonObject] = []
        self._account = account
        self._flush_seconds = flush_seconds
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        self._trails: tuple[LoggingTrail, ...] | None = None
        self._version = 0
        self._buffers: dict[str, _Buffer] = {}
        self._dropped = 0
        self.delivery = Delivery(account, authorizer)
        self.history = History()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def record(self, call: Call, response: HttpResponse) -> None:
        """Note one answered API call. Never raises."""
        if not call.operation or call.principal.type == "Unknown":
            return  # CloudTrail, too, has no identity to write down
        if call.principal.access_key_id == OPERATOR_KEY_ID:
            return  # the emulator's own calls are no one's API activity
        try:
            trails = self._current()
            if call.service == "cloudtrail" and not is_read_only(call.service, call.operation):
                # Both states: that logging was started or stopped is recorded, as on AWS.
                self._forget()
                trails = tuple({one.arn: one for one in (*self._current(), *trails)}.values())
            if is_unrecorded(call):
                return
            made = envelope(call, response, self._account.id)
            made |= particulars(call, response, self._account.id)
            if call.operation == "Converse":
                made["additionalEventData"] = {"inferenceRegion": self._account.region}
            self.history.note(made)
            self._keep(made, trails)
        except Exception:  # noqa: BLE001  # a call must not fail because it could not be written down
            _log.exception("CloudTrail could not record %s", call.name)

    def record_guardrail(
        self,
        call: Call,
        *,
        guardrail_arn: str,
        guardrail_version: str,
        source: str,
        action: str,
        assessment: Document,
    ) -> None:
        """Note that a guardrail was applied within a Converse call: a data event of its own."""
        trails = self._current()
        if not trails:
            return
        made = envelope(call, None, self._account.id)
        made |= {
            "eventSource": "bedrock.amazonaws.com",
            "eventName": "ApplyGuardrail",
            "awsRegion": self._account.region,
            "requestParameters": {
                "guardrailIdentifier": guardrail_arn.rpartition("/")[2],
                "guardrailVersion": guardrail_version,
                "source": source,
            },
            "responseElements": {
                "action": action,
                "assessments": [recorded_assessment(assessment)],
            },
            **data_event(guardrail_arn, self._account.id),
        }
        self._keep(made, trails)

    def _current(self) -> tuple[LoggingTrail, ...]:
        while True:
            trails, version = self._trails, self._version
            if trails is not None:
                return trails
            trails = self._read_trails()
            with self._lock:
                # What was read before a trail changed must not outlive the change.
                if version == self._version:
                    self._trails = trails
                    return trails

    def _forget(self) -> None:
        with self._lock:
            self._version += 1
            self._trails = None

    def _read_trails(self) -> tuple[LoggingTrail, ...]:
        client = self._account.client("cloudtrail")
        found = []
        for trail in client.describe_trails(includeShadowTrails=False)["trailList"]:
            arn = trail["TrailARN"]
            if not client.get_trail_status(Name=arn)["IsLogging"]:
                continue
            found.append(logging_trail(trail, client.get_event_selectors(TrailName=trail["Name"])))
        return tuple(found)

    def _keep(self, record: JsonObject, trails: Iterable[LoggingTrail]) -> None:
        wanting = [trail for trail in trails if trail.selects(record)]
        if not wanting:
            return
        text = json.dumps(record, separators=(",", ":"), default=str)
        with self._lock:
            for trail in wanting:
                buffer = self._buffers.setdefault(trail.arn, _Buffer(trail))
                if buffer.size + len(text) > _MAX_BUFFERED:
                    self._dropped += 1
                    continue
                buffer.trail = trail
                buffer.records.append((record["awsRegion"], text))
                buffer.size += len(text)
            if self._on_records is not None and len(self._events) < _MAX_EVENTS:
                self._events.append(record)
            if self._thread is None and not self._closing.is_set():
                self._thread = threading.Thread(target=self._run, name="cloudtrail", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while not self._closing.wait(self._flush_seconds):
            self.flush()

    def flush(self) -> None:
        """Deliver what is buffered, now."""
        with self._flushing:
            with self._lock:
                buffers, self._buffers = self._buffers, {}
                events, self._events = self._events, []
                dropped, self._dropped = self._dropped, 0
            if dropped:
                _log.warning("CloudTrail dropped %d records: too many between deliveries", dropped)
            if self._on_records is not None:
                try:
                    self._on_records(events)
                except Exception:  # noqa: BLE001  # deliveries go on
                    _log.exception("CloudTrail's records could not be handed on")
            for buffer in buffers.values():
                for deliver in (self.delivery.to_bucket, self.delivery.to_logs):
                    try:
                        deliver(buffer.trail, buffer.records)
                    except Exception:  # noqa: BLE001  # one destination must not stop the other
                        _log.exception("CloudTrail could not deliver for %s", buffer.trail.arn)

    def close(self) -> None:
        """Deliver what is left and stop."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join(timeout=10)
        self.flush()
