"""The logs of a deployment: each request's records, joined by the ids that it was answered with."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from toolkit.proofs.data import LOGS
from toolkit.proofs.deployment import tells_nothing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from toolkit.proofs.deployment import Deployment

LOCAL_PATIENCE_SECONDS = 12.0
AWS_PATIENCE_SECONDS = 300.0


class Logs:
    """What the log groups have gained since a moment; `unread` says which could not be read."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._since = round(time.time() * 1000) - 1000
        self.lines: dict[str, list[str]] = {}
        self.unread: dict[str, str] = {}
        self._records: dict[str, dict[str, dict[str, Any]]] = {}

    def read(self, wanted: Mapping[str, Iterable[str]]) -> None:
        """Read every group, again until it has the ids that are wanted or patience ends."""
        patience = LOCAL_PATIENCE_SECONDS if self._deployment.local else AWS_PATIENCE_SECONDS
        deadline = time.monotonic() + patience
        pause = 0.3 if self._deployment.local else 10.0
        for log in LOGS:
            while True:
                self._read(log)
                missing = set(wanted.get(log, ())) - set(self._records.get(log, ()))
                if not missing or log in self.unread or time.monotonic() > deadline:
                    break
                time.sleep(pause)

    def record(self, log: str, request_id: str) -> dict[str, Any] | None:
        """Return a request's record in one of the logs, None when there is none."""
        return self._records.get(log, {}).get(request_id)

    def records(self, log: str) -> Iterable[dict[str, Any]]:
        """Return all records of a log."""
        return (json.loads(line) for line in self.lines.get(log, ()))

    def _read(self, log: str) -> None:
        group = self._deployment.outputs["log_groups"].get(log)
        if group is None:
            self.unread[log] = "this environment does not manage it"
            return
        try:
            pages = (
                self._deployment.aws("logs")
                .get_paginator("filter_log_events")
                .paginate(logGroupName=group, startTime=self._since)
            )
            self.lines[log] = [event["message"] for page in pages for event in page["events"]]
        except Exception as error:  # noqa: BLE001 - boto3's errors are many, and each is told
            if tells_nothing(error):
                self.unread[log] = str(error)
                return
            self.lines[log] = []  # a group that is not there has no records
        found = self._records[log] = {}
        for line in self.lines[log]:
            found.update(_known(log, line))


def _known(log: str, line: str) -> Iterable[tuple[str, dict[str, Any]]]:
    """Return a line's record under each id that a request may know it by."""
    try:
        record = json.loads(line)
    except ValueError:
        return
    match log:
        case "waf":
            ids = [record["httpRequest"]["requestId"]]
        case "api":
            ids = [record["extendedRequestId"]]
        case "function" if record.get("message") == "chat":
            ids = [record["request_id"], record["function_request_id"]]
        case "invocations":
            ids = [(record.get("requestMetadata") or {}).get("request_id", "")]
        case "trail":
            ids = [f"{record['eventName']} {record['userIdentity'].get('arn', '')}"]
        case _:
            ids = []
    for request_id in ids:
        yield request_id, record
