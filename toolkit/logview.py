"""Read a deployment's logs as a person does: one line an event, all logs in the order of time."""

import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.error import URLError

from botocore.exceptions import BotoCoreError, ClientError

from toolkit.errors import ToolkitError
from toolkit.mailbox import mails
from toolkit.proofs.deployment import Deployment
from toolkit.proofs.logs import dig, events, parsed
from toolkit.records import plain
from toolkit.trace import checked

UNREAD = (BotoCoreError, ClientError, URLError)  # whoever reads a log may meet these
SHOWN = 20  # newest events of each log, unless a request is named
LOCAL_PAUSE_SECONDS, AWS_PAUSE_SECONDS = 0.5, 5.0
QUERY_SECONDS = 120.0
MOST_HOURS = 100_000  # eleven years
COLORS = {"good": "32", "bad": "31", "warn": "33", "soft": "2"}
BAD = ("BLOCK", "ERROR", "FAIL")
MOST_OF_A_LINE = 160
MOST_OF_AN_ERROR = 300
MAILS = "mails"  # of the local AWS: no log, but shown as one


@dataclass(frozen=True)
class Event:
    """One event of a log. `at` is milliseconds since 1970."""

    at: int
    log: str
    id: str
    message: str

    def line(self, *, color: bool) -> str:
        """Return the event as a line for people; the invocation log's is without its texts."""
        shown = _shown(self.log, self.message)
        stamp = f"{datetime.fromtimestamp(self.at / 1000, UTC):%H:%M:%S}"
        line = f"{stamp} {self.log:<12}{plain(shown)[:MOST_OF_A_LINE]}"
        if not color:
            return line
        return f"\033[{COLORS[_kind(shown)]}m{line}\033[0m"


def hours(text: str) -> float:
    """Read how far back to look. Raises ValueError."""
    if not 0 < (read := float(text)) <= MOST_HOURS:
        raise ValueError(text)
    return read


def groups(deployment: Deployment, log: str = "") -> dict[str, str]:
    """Return the log groups by log, or of one log alone. Raises ToolkitError."""
    managed = {k: v for k, v in deployment.outputs.get("log_groups", {}).items() if v}
    if deployment.rehearsal:
        managed[MAILS] = MAILS
    if log and log not in managed:
        raise ToolkitError(f"GROUP={log} is no log of this environment: {', '.join(managed)}.")
    return {log: managed[log]} if log else managed


def show(
    deployment: Deployment,
    *,
    log: str = "",
    request_id: str = "",
    hours: float,
    follow: bool = False,
    raw: bool = False,
) -> None:
    """Print events, and with `follow` the new ones until Ctrl-C.

    Raises ToolkitError, also where no log names the request.
    """
    color = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    named = groups(deployment, log)
    pattern = _pattern(deployment, checked(request_id), hours) if request_id else ""
    since = round((time.time() - hours * 3600) * 1000)
    seen: set[str] = set()
    shown = None if pattern else SHOWN
    while True:
        events = [
            event
            for name, group in named.items()
            for event in _events(deployment, name, group, since, pattern)[-(shown or 0) :]
        ]
        for event in sorted(events, key=lambda one: one.at):
            if event.id not in seen:
                print(event.message.rstrip() if raw else event.line(color=color), flush=True)
                seen.add(event.id)
        if not follow:
            if request_id and not seen:
                raise ToolkitError(f"No event of the last {hours:g} h names {request_id}.")
            return
        # What arrives late is older than what was seen: look back a little.
        since = max(since, round(time.time() * 1000) - (15_000 if deployment.local else 300_000))
        shown = None
        time.sleep(LOCAL_PAUSE_SECONDS if deployment.local else AWS_PAUSE_SECONDS)


def _events(deployment: Deployment, log: str, group: str, since: int, pattern: str) -> list[Event]:
    if group == MAILS:
        return [] if pattern else list(_mails(deployment, since))
    client = deployment.aws("logs")
    try:
        return [
            Event(one["timestamp"], log, one["eventId"], one["message"])
            for one in events(client, group, since, pattern)
        ]
    except client.exceptions.ResourceNotFoundException:
        return []


def _mails(deployment: Deployment, since: int) -> Iterator[Event]:
    for place, mail in enumerate(mails(deployment.endpoint)):
        at = round(datetime.fromisoformat(mail["at"]).timestamp() * 1000)
        if at >= since:
            yield Event(at, MAILS, f"{MAILS}{place}", json.dumps(mail))


def _pattern(deployment: Deployment, request_id: str, hours: float) -> str:
    """Return a filter for both ids of a request: the web ACL's log has another than the rest."""
    ids = {request_id}
    since = round((time.time() - hours * 3600) * 1000)
    if group := groups(deployment).get("api"):
        for event in _events(deployment, "api", group, since, json.dumps(request_id)):
            record = parsed(event.message)
            ids |= {str(record.get("requestId")), str(record.get("extendedRequestId"))}
    return " ".join(f"?{json.dumps(one)}" for one in sorted(ids))


def _shown(log: str, message: str) -> str:
    record = parsed(message)
    if not record:
        return message
    get = record.get
    match log:
        case "waf":
            http = get("httpRequest") or {}
            words = [get("action"), get("terminatingRuleId"), http.get("clientIp")]
            words += [f"{get('requestBodySize', 0)} bytes", http.get("requestId")]
        case "api":
            words = [get("status"), get("httpMethod"), get("resourcePath"), get("errorType")]
            words += [f"{get('responseLatency')} ms", f"key {get('apiKeyId')}", get("requestId")]
        case "function" if get("message") == "chat":
            words = [get("level"), get("status"), get("code") or get("stop_reason")]
            words += [get("screened"), get("cause"), *(get("guardrail") or ())]
            words += [f"{get('duration_ms')} ms", get("request_id")]
        case "function":
            state = dig(record, "record", "status")
            words = [get("type") or get("level"), state, get("message")]
            words += [dig(record, "record", "requestId")]
        case "invocations":
            words = [get("operation"), str(get("modelId")).rpartition("/")[2], get("errorCode")]
            words += [f"{dig(record, 'input', 'inputTokenCount')} tokens in"]
            words += [f"{dig(record, 'output', 'outputTokenCount') or 0} out"]
            words += [dig(record, "requestMetadata", "request_id")]
        case "trail":
            who = str(dig(record, "userIdentity", "arn") or get("eventSource"))
            words = [get("eventName"), str(get("eventSource")).partition(".")[0]]
            words += [f"by {who.rpartition('/')[2]}", get("errorCode"), get("requestID")]
        case _:
            refused = get("refused") and f"REFUSED: {get('refused')}"
            pending = [f"{who} (has not confirmed)" for who in get("pending", ())]
            to = ", ".join([*get("to", ()), *pending]) or "nobody"
            words = [get("topic"), refused or f"to {to}", get("subject"), get("text")]
    return " ".join(str(one) for one in words if one not in {None, "", "-"})


def _kind(shown: str) -> str:
    first, _, rest = shown.partition(" ")
    if first in BAD or first.startswith("5") or "Denied" in rest:
        return "bad"
    if first in {"WARN", "COUNT"} or first.startswith("4") or ".BLOCKED" in rest:
        return "warn"
    return "good" if first in {"ALLOW", "200", "INFO"} else "soft"


def query(deployment: Deployment, text: str, *, log: str = "", hours: float) -> Iterator[str]:
    """Yield the rows of a Logs Insights query as lines, its fields first. Raises ToolkitError."""
    client = deployment.aws("logs")
    asked = [one for one in groups(deployment, log).values() if one != MAILS]
    if not text.strip() or not asked:
        missing = "There is no query" if asked else f"GROUP={log} holds no events to query"
        raise ToolkitError(f"{missing}: make query Q='stats count(*) by status' GROUP=api")
    now = round(time.time())
    try:
        started = client.start_query(
            logGroupNames=asked,
            startTime=now - round(hours * 3600),
            endTime=now + 1,
            queryString=text,
        )
    except client.exceptions.ClientError as error:
        why = plain(error.response["Error"]["Message"])[:MOST_OF_AN_ERROR]
        raise ToolkitError(f"The query is refused: {why}") from None
    deadline = time.monotonic() + QUERY_SECONDS
    while True:
        answer = client.get_query_results(queryId=started["queryId"])
        if answer["status"] not in {"Scheduled", "Running"}:
            break
        if time.monotonic() > deadline:
            raise ToolkitError("The query takes longer than two minutes: ask for fewer HOURS.")
        time.sleep(LOCAL_PAUSE_SECONDS if deployment.local else 1.0)
    if answer["status"] != "Complete":
        raise ToolkitError(f"The query ended as {answer['status']}.")
    rows = [
        {one["field"]: one["value"] for one in row if one["field"] != "@ptr"}
        for row in answer["results"]
    ]
    fields = list(dict.fromkeys(name for row in rows for name in row))
    if not fields:
        yield "No event has a field that the query names." if rows else "No event matches."
        return
    table = [fields, *([plain(row.get(name, "")) for name in fields] for row in rows)]
    widths = [min(60, max(len(line[place]) for line in table)) for place in range(len(fields))]
    for line in table:
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        yield "  ".join(padded).rstrip()
