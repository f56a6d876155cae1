"""The logs of a deployment: each request's records, joined by the ids that it was answered with."""

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from toolkit.proofs.deployment import Deployment
from toolkit.proofs.errors import CREDENTIALS, CannotAskError, tells_nothing
from toolkit.proofs.kinds import LOGS

LOCAL_PATIENCE_SECONDS = 12.0
AWS_PATIENCE_SECONDS = 300.0
# Levels at which the function writes its record of an answered request.
LEVELS_WITH_RECORDS = ("TRACE", "DEBUG", "INFO")


def events(client: Any, group: str, since: int, pattern: str = "") -> Iterator[Mapping[str, Any]]:
    """Yield the events of a log group since a time in milliseconds, those that match a pattern."""
    asked = {"logGroupName": group, "startTime": since}
    if pattern:
        asked["filterPattern"] = pattern
    for page in client.get_paginator("filter_log_events").paginate(**asked):
        yield from page.get("events", ())


def dig(value: Any, *path: str | int) -> Any:
    """Return the value at a path of keys and indexes; None if the path does not exist."""
    for step in path:
        try:
            value = value[step]
        except (IndexError, KeyError, TypeError):
            return None
    return value


class Logs:
    """Records of the log groups since a start time; `unread` maps unreadable logs to reasons."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._since = round(time.time() * 1000) - 1000
        self.lines: dict[str, list[str]] = {}
        self.unread: dict[str, str] = dict.fromkeys(LOGS, "it was not read yet")
        self._records: dict[str, dict[str, dict[str, Any]]] = {}

    def read(self, wanted: Mapping[str, Iterable[str]]) -> None:
        """Read every group until it holds the expected ids or the time limit is reached."""
        patience = LOCAL_PATIENCE_SECONDS if self._deployment.local else AWS_PATIENCE_SECONDS
        deadline = time.monotonic() + patience
        pause = 0.3 if self._deployment.local else 10.0
        self.unread = {}
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

    def records(self, log: str) -> Iterator[dict[str, Any]]:
        """Return all records of a log: its lines that are JSON objects."""
        for line in self.lines.get(log, ()):
            if record := parsed(line):
                yield record

    def _group(self, log: str) -> str:
        """Return the name of a log's group. Raises CannotAskError when it cannot be read."""
        if self._deployment.client is None:
            raise CannotAskError(CREDENTIALS)
        groups = self._deployment.outputs.get("log_groups")
        group = dig(groups, log)
        if not isinstance(group, str):
            raise CannotAskError("this environment does not manage it")
        level = self._deployment.applied.get("log_level", LEVELS_WITH_RECORDS[-1])
        if log == "function" and level not in LEVELS_WITH_RECORDS:
            raise CannotAskError(f"at log level {level} the function writes no record of requests")
        return group

    def _read(self, log: str) -> None:
        try:
            group = self._group(log)
            found = events(self._deployment.aws("logs"), group, self._since)
            self.lines[log] = [str(event["message"]) for event in found]
        except CannotAskError as error:
            self.unread[log] = str(error)
            return
        except Exception as error:  # noqa: BLE001 - boto3's errors are many, and each is reported
            if tells_nothing(error):
                self.unread[log] = str(error)
                return
            self.lines[log] = []  # a group that is not there has no records
        records = self._records[log] = {}
        for line in self.lines[log]:
            if record := parsed(line):
                records.update({known_as: record for known_as in _ids(log, record) if known_as})


def parsed(line: str) -> dict[str, Any]:
    """Return a line's JSON object, or an empty one when it is none."""
    try:
        record = json.loads(line)
    except (RecursionError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def _ids(log: str, record: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the request ids that a record can be looked up by."""
    match log:
        case "waf":
            ids: tuple[Any, ...] = (dig(record, "httpRequest", "requestId"),)
        case "api":
            ids = (record.get("extendedRequestId"),)
        case "function" if record.get("message") == "chat":
            ids = (record.get("request_id"), record.get("function_request_id"))
        case "invocations":
            ids = (dig(record, "requestMetadata", "request_id"),)
        case "trail":
            caller = dig(record, "userIdentity", "arn") or ""
            ids = (f"{record.get('eventName')} {caller}",)
        case _:
            ids = ()
    return tuple(one for one in ids if isinstance(one, str))
