"""One request's way through the layers, read from its log records and API Gateway's usage.

Nothing is guessed: a layer without a record says so. Console and `make trace` show the same.
"""

import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from toolkit import records
from toolkit.errors import ToolkitError
from toolkit.proofs.deployment import Deployment
from toolkit.proofs.errors import CannotAskError
from toolkit.proofs.kinds import LOGS
from toolkit.proofs.logs import dig, events, parsed
from toolkit.records import Record

ID = re.compile(r"[A-Za-z0-9_=+/.:-]{8,128}")
HOURS = 24
# Types of API Gateway's gateway responses: what each refuses, and with what reason.
REFUSALS = {
    "ACCESS_DENIED": "access denied",
    "BAD_REQUEST_BODY": "the body does not fit the schema",
    "BAD_REQUEST_PARAMETERS": "a parameter is missing",
    "INVALID_API_KEY": "no API key that is valid here",
    "MISSING_AUTHENTICATION_TOKEN": "there is no such path or method",
    "QUOTA_EXCEEDED": "the quota is used up",
    "RESOURCE_NOT_FOUND": "there is no such path",
    "THROTTLED": "too many requests a second",
    "UNAUTHORIZED": "not signed in",
    "UNSUPPORTED_MEDIA_TYPE": "the content type is not supported",
}
PASSED, STOPPED, CHANGED, COUNTED = "passed", "stopped", "changed", "counted"
FAILED, NOT_REACHED, NO_RECORD = "failed", "not reached", "no record"


@dataclass(frozen=True)
class Step:
    """What one layer did: `what` in a line, `facts` in detail."""

    place: str  # a layer, or model
    verdict: str
    what: str
    facts: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return the step as a line for a terminal."""
        return f"{self.place:<12}{self.verdict:<13}{records.plain(self.what)}".rstrip()


@dataclass(frozen=True)
class Trace:
    """The way of one request. Times are in UTC."""

    id: str
    at: str
    client: str
    status: int | None
    milliseconds: int | None
    steps: tuple[Step, ...]

    @property
    def stopped_by(self) -> Step | None:
        """Return the step that stopped the request, None where it was answered."""
        return next((one for one in self.steps if one.verdict in {STOPPED, FAILED}), None)

    def lines(self) -> list[str]:
        """Return the trace for a terminal, in at most ten lines."""
        took = "" if self.milliseconds is None else f"  {self.milliseconds} ms"
        head = f"{self.at}  {self.client or 'no client'}  {self.status or 'no status'}{took}"
        return [f"{head}  {self.id}", *map(str, self.steps)]

    def document(self) -> Record:
        """Return the trace as JSON has it."""
        stopped = self.stopped_by
        by = {"layer": stopped.place, "what": stopped.what} if stopped else None
        return {**asdict(self), "stopped_by": by}


def trace(deployment: Deployment, request_id: str, *, hours: float = HOURS) -> Trace:
    """Return the way of a request, by any id that an answer or a log names it with.

    Raises ToolkitError where no log knows the id.
    """
    return _Reader(deployment, hours).trace(checked(request_id))


def checked(request_id: str) -> str:
    """Return what can be a request id. Raises ToolkitError."""
    if not ID.fullmatch(request_id):
        raise ToolkitError(
            f"{request_id[:60]!r} is no request id. It is the request_id of an answer, or the"
            " header x-amz-apigw-id; `make logs` ends its lines with it."
        )
    return request_id


def search(deployment: Deployment, log: str, text: str, *, hours: float = HOURS) -> list[Record]:
    """Return a log's JSON records that hold a text, oldest first. Raises CannotAskError."""
    group = dig(deployment.outputs.get("log_groups"), log)
    if not isinstance(group, str):
        raise CannotAskError("not managed here")
    client = deployment.aws("logs")
    since = round((time.time() - hours * 3600) * 1000)
    try:
        found = events(client, group, since, json.dumps(text))
        lines = [str(event["message"]) for event in found]
    except client.exceptions.ResourceNotFoundException:
        raise CannotAskError(f"the log group {group} does not exist") from None
    return [record for line in lines if (record := parsed(line))]


class _Reader:
    def __init__(self, deployment: Deployment, hours: float) -> None:
        self._deployment = deployment
        self._hours = hours
        self._unread: dict[str, str] = {}
        self._found: dict[str, list[Record]] = {}

    def trace(self, request_id: str) -> Trace:
        access = self._last("api", request_id)
        own, extended = (access.get(n) for n in ("requestId", "extendedRequestId"))
        waf = self._last("waf", extended or request_id)
        function = self._last("function", own or request_id)
        self._read("invocations", own or request_id)
        calls = self._found["invocations"]
        for call in calls[-1:]:
            self._read("trail", str(call.get("requestId")))
        if not any(self._found.values()):
            why = "; ".join(f"{log}: {reason}" for log, reason in self._unread.items())
            raise ToolkitError(
                f"No log of the last {self._hours:g} h knows {request_id}."
                + (f" Not read: {why}." if why else "")
                + (
                    ""
                    if self._deployment.rehearsal
                    else " AWS takes up to some minutes: try again."
                )
            )
        stopped, _ = records.stopped(waf, access, function) or ("", "")
        call = calls[-1] if calls else {}
        status = access.get("status") or waf.get("responseCodeSent") or function.get("status")
        steps = [
            self._edge(waf),
            self._api(access, blocked=stopped == "edge"),
            self._compute(function, stopped),
            *self._model(call, function),
            self._records(),
        ]
        client = self._client(str(access.get("apiKeyId", "")))
        latency = access.get("responseLatency", function.get("duration_ms"))
        return Trace(
            id=own or request_id,
            at=_at(waf, call, function),
            client=client,
            status=_number(status),
            milliseconds=_number(latency),
            steps=tuple(steps),
        )

    def _read(self, log: str, text: str) -> list[Record]:
        try:
            self._found[log] = search(self._deployment, log, text, hours=self._hours)
        except CannotAskError as error:
            self._unread[log], self._found[log] = str(error), []
        return self._found[log]

    def _last(self, log: str, text: str) -> Record:
        found = self._read(log, text)
        if log == "function":  # Lambda's own records of an invocation hold the id as well
            found = [one for one in found if one.get("message") == "chat"]
        return found[-1] if found else {}

    def _missing(self, place: str, log: str, *, reached: bool) -> Step:
        if not reached:
            return Step(place, NOT_REACHED, "")
        why = self._unread.get(log, "the log has no record of it, or not yet")
        return Step(place, NO_RECORD, f"log of {log}: {why}")

    # The layers

    def _edge(self, record: Record) -> Step:
        if not record:
            return self._missing("edge", "waf", reached=True)
        counted = [rule for rule, _ in records.counted(record)]
        labels = [records.short(label["name"]) for label in record.get("labels") or ()]
        details = [*(record.get("terminatingRuleMatchDetails") or ())]
        details += [one for _, found in records.counted(record) for one in found]
        inspected, size = record.get("requestBodySizeInspectedByWAF"), record.get("requestBodySize")
        facts = {
            "rule": str(record.get("terminatingRuleId")),
            "labels": ", ".join(labels),
            "matched": "; ".join(dict.fromkeys(map(records.match, details))),
            "counted": ", ".join(counted),
            "body": f"{inspected} of {size} bytes inspected" if size is not None else "",
            "address": str(dig(record, "httpRequest", "clientIp") or ""),
        }
        said = f", labels {facts['labels']}" if labels else ""
        if record.get("action") != "BLOCK":
            verdict = COUNTED if counted else PASSED
            what = f"counted {facts['counted']}" if counted else "no rule stopped it"
            return Step("edge", verdict, what + said, _present(facts))
        rule = facts["rule"]
        if signature := records.signature(record):
            rule = f"{rule} ({signature})"
        matched = f", matched {facts['matched']}" if facts["matched"] else ""
        return Step("edge", STOPPED, f"rule {rule}{matched}{said}", _present(facts))

    def _api(self, record: Record, *, blocked: bool) -> Step:
        if not record:
            return self._missing("api", "api", reached=not blocked)
        key_id, error = str(record.get("apiKeyId", "-")), str(record.get("errorType", "-"))
        facts = {"client": self._client(key_id), **self._usage(key_id)}
        plan = f", {facts['left']}" if facts.get("left") else ""
        if blocked:
            return Step("api", NOT_REACHED, "", _present(facts))
        if error not in {"-", ""}:
            why = REFUSALS.get(error, error.lower().replace("_", " "))
            by = "request validator" if error.startswith("BAD_REQUEST") else "gateway"
            if error.startswith(("INTEGRATION_", "API_CONFIGURATION", "DEFAULT_5")):
                return Step("api", FAILED, f"{error}{plan}", _present(facts))
            return Step("api", STOPPED, f"{by}: {why} ({error}){plan}", _present(facts))
        facts["validation"] = "the body fits the schema"
        return Step("api", PASSED, f"key of {facts['client'] or '-'}{plan}, body valid", facts)

    def _compute(self, record: Record, stopped: str) -> Step:
        if not record:
            return self._missing("compute", "function", reached=stopped not in {"edge", "api"})
        score = f" ({record['score']})" if record.get("score") else ""
        screening = f"{record['screened']}{score}" if record.get("screened") else "no attack known"
        facts = {
            "person": _text(record, "person"),
            "screening": screening,
            "attempts": _text(record, "attempts"),
            "milliseconds": _text(record, "duration_ms"),
            "stop reason": _text(record, "stop_reason"),
            "error": " ".join(_text(record, name) for name in ("code", "cause", "hint")).strip(),
        }
        attempts = facts["attempts"] or "0"
        took = f"{attempts} attempt{'s' * (attempts != '1')}, {facts['milliseconds']} ms"
        if int(record.get("status", 200)) != 200:
            verdict = STOPPED if record.get("code") == "invalid_request" else FAILED
            return Step("compute", verdict, f"{facts['error']}, {took}", _present(facts))
        leaked = record.get("leaked")
        what = "the answer recites the system prompt" if leaked else f"screening: {screening}"
        verdict = COUNTED if leaked or record.get("screened") else PASSED
        if stopped == "compute":
            verdict = STOPPED
        return Step("compute", verdict, f"{what}, {took}", _present(facts))

    def _model(self, call: Record, function: Record) -> Iterator[Step]:
        """Yield the guardrail on the question, the model, and the guardrail on the answer."""
        if not call:
            asked = bool(function.get("attempts"))
            yield self._guardrail_of(function, reached=asked)
            yield self._missing("model", "invocations", reached=asked)
            return
        body = dig(call, "output", "outputBodyJson") or {}
        trace = dig(body, "trace", "guardrail") or {}
        before = list((trace.get("inputAssessment") or {}).values())
        after = [one for many in (trace.get("outputAssessments") or {}).values() for one in many]
        yield _assessed("question", before)
        spent = [dig(call, side, f"{side}TokenCount") or 0 for side in ("input", "output")]
        facts = {
            "model": str(call.get("modelId", "")).rpartition("/")[2],
            "tokens": f"{spent[0]} in, {spent[1]} out",
            "cost": records.cost(str(call.get("modelId", "")), *spent),
            "milliseconds": str(dig(body, "metrics", "latencyMs") or ""),
            "stop reason": str(body.get("stopReason", "")),
            "error": str(call.get("errorCode", "")),
        }
        if facts["error"]:
            yield Step("model", FAILED, f"{facts['error']}", _present(facts))
        elif records.acted(before, "BLOCKED"):
            yield Step("model", NOT_REACHED, "")
        else:
            cost = f", {facts['cost']}" if facts["cost"] else ""
            what = f"{facts['model']}, {facts['tokens']} tokens{cost}"
            yield Step("model", PASSED, what, _present(facts))
            yield _assessed("answer", after)

    def _guardrail_of(self, function: Record, *, reached: bool) -> Step:
        """Return what the function's own record says, where the invocation log has none."""
        findings = function.get("guardrail")
        if not findings:
            return self._missing("guardrail", "invocations", reached=reached)
        verdict = STOPPED if any(one.endswith(".BLOCKED") for one in findings) else CHANGED
        return Step("guardrail", verdict, ", ".join(findings))

    def _records(self) -> Step:
        counts = [f"{log} {self._unread.get(log) or len(self._found.get(log, ()))}" for log in LOGS]
        events = [str(one.get("eventName")) for one in self._found.get("trail", ())]
        facts = {"records": ", ".join(counts), "trail": ", ".join(events)}
        return Step("governance", "recorded", facts["records"], _present(facts))

    # The client

    def _client(self, key_id: str) -> str:
        clients = self._deployment.outputs.get("clients", {}).items()
        names: dict[str, str] = {id_: name for name, own in clients for id_ in own["api_key_ids"]}
        return names.get(key_id, key_id.strip("-"))

    def _usage(self, key_id: str) -> dict[str, str]:
        """Return the limits of a key's plan, and what is left of its quota, with a delay on AWS."""
        outputs = self._deployment.outputs
        own = outputs.get("clients", {}).get(self._client(key_id), {})
        plan = own.get("usage_plan_id") or outputs.get("usage_plan_id")
        if key_id in {"", "-"} or not plan:
            return {}
        today = f"{datetime.now(UTC):%Y-%m-%d}"
        gateway = self._deployment.aws("apigateway")
        try:
            limits = gateway.get_usage_plan(usagePlanId=plan)
            usage = gateway.get_usage(
                usagePlanId=plan, keyId=key_id, startDate=today, endDate=today
            )
        except gateway.exceptions.ClientError as error:
            return {"left": f"usage not read: {error.response['Error']['Code']}"}
        shown = {"plan": str(limits.get("name", plan))}
        if rate := limits.get("throttle"):
            shown["rate"] = (
                f"{rate['rateLimit']:g} a second, burst {rate['burstLimit']};"
                " no API of AWS tells how much of it is left"
            )
        if quota := limits.get("quota"):
            shown["quota"] = f"{quota['limit']} a {quota['period'].lower()}"
        if days := usage.get("items", {}).get(key_id):
            shown["left"] = f"{days[-1][1]} requests left now"
        return shown


def _assessed(side: str, assessments: list[Record]) -> Step:
    found = list(dict.fromkeys(what for _, what in records.findings(assessments)))
    if not found:
        return Step("guardrail", PASSED, f"{side}: nothing found")
    verdict = STOPPED if records.acted(assessments, "BLOCKED") else CHANGED
    return Step("guardrail", verdict, f"{side}: {', '.join(found)}")


def _number(value: Any) -> int | None:
    return int(value) if str(value).isdecimal() else None


def _text(record: Record, name: str) -> str:
    value = record.get(name)
    return "" if value is None else str(value)


def _present(facts: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in facts.items() if text}


def _at(waf: Record, call: Record, function: Record) -> str:
    if waf.get("timestamp"):
        return f"{datetime.fromtimestamp(waf['timestamp'] / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"
    stamp = str(function.get("timestamp") or call.get("timestamp") or "")
    return f"{stamp[:19].replace('T', ' ')} UTC" if stamp else "time unknown"
