"""Judge a request by its answer and by what each layer's own log says of it."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from toolkit.proofs import turns
from toolkit.proofs.cases import Case
from toolkit.proofs.client import Answer
from toolkit.proofs.deployment import Deployment
from toolkit.proofs.kinds import Request
from toolkit.proofs.logs import Logs, dig

# Where the three digits of a card may stand by chance.
RANDOM = {"content-length", "date", "x-amz-apigw-id", "x-amzn-requestid", "x-amzn-trace-id"}
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# The access log's value for an empty field.
NONE = "-"
LATENCY = "integrationLatency"  # which it has once the integration was tried


class NothingSaidError(Exception):
    """A record lacks an optional field that a proof reads. The text names it."""


def log_id(log: str, answer: Answer) -> str:
    """Return the id by which a log knows an answered request."""
    return answer.extended_id if log in {"waf", "api"} else answer.request_id


def passes_through(case: Case, answer: Answer, number: int | None = None) -> Iterator[str]:
    """Yield the logs that a request must leave a record in; `number` is which of its answers.

    Of a turn before it, the model's log is not asked: it may be blocked.
    """
    request = _request(case)
    if not answer.request_id:
        return
    if number is not None and number < request.before:
        yield from ("waf", "api", "function")
        return
    if request.via == "api":
        if request.rehearsed.without != "edge":
            yield "waf"
        yield "api"
    if case.counted:
        if request.screened:
            yield "function"
        return  # what happens next, the proof does not say
    if _reaches_function(request):
        yield "function"
    if _reaches_model(request):
        yield "invocations"


def _request(case: Case) -> Request:
    proof: Any = case.proof
    request: Request = proof
    return request


def _reaches_function(request: Request) -> bool:
    if request.rehearsed.flood or request.rehearsed.after or request.method == "OPTIONS":
        return False
    return request.stopped_by in {"", "compute", "guardrail"}


def _reaches_model(request: Request) -> bool:
    if not _reaches_function(request) or request.screened or request.method == "DELETE":
        return False
    return request.stopped_by != "compute" or bool(request.rehearsed.fault)


class Requests:
    """Judges requests of one deployment."""

    def __init__(self, deployment: Deployment, logs: Logs, ordinary: Answer | None) -> None:
        """`ordinary` is the answer to a question that passes every layer."""
        self._deployment = deployment
        self._applied = deployment.applied
        self._logs = logs
        self._ordinary = ordinary

    def judge(self, case: Case, answers: Sequence[Answer]) -> tuple[list[str], list[str]]:
        """Return what is wrong, and what could not be read."""
        request = _request(case)
        before, answers = answers[: request.before], answers[request.before :]
        if problems := list(turns.wrong(request, before)):
            return problems, []
        answer = answers[-1]
        alike = bool(request.rehearsed.address)
        if request.rehearsed.after and not alike and any(map(_refusal(request), answers[:-1])):
            return [f"one of the {len(answers) - 1} requests before it was refused already"], []
        if request.rehearsed.flood or request.twice:
            stopped = [answer for answer in answers if _refusal(request)(answer)]
            if not stopped or len(stopped) == len(answers):
                return [f"{len(stopped)} of {len(answers)} requests at once were refused"], []
            answer = stopped[0]
        if answer.status == 0:
            return [answer.body.decode(errors="replace") or "no answer"], []
        if case.counted:
            return list(self._wrong_count(request, answer)), []
        notes: list[str] = []
        problems = [*self._wrong_answer(request, answer), *self._wrong_headers(request, answer)]
        problems += self._wrong_records(case, answer, notes)
        given = self._record("invocations", answer)
        if request.before and given is not None:
            problems += turns.wrong_input(request, before, given, self._applied)
        return problems, notes

    def observed(self, case: Case, answer: Answer) -> str:
        """Return what the deployment did with a request, in one line."""
        said = f"{answer.status} {answer.error.get('code', '')}".strip()
        waf, api = self._record("waf", answer), self._record("api", answer)
        function = self._record("function", answer)
        parts = {
            "web ACL": f"{dig(waf, 'action')} {dig(waf, 'terminatingRuleId')}" if waf else "",
            "access log": dig(api, "errorType") if api else "",
            "stop reason": dig(function, "stop_reason"),
            "guardrail": dig(function, "guardrail") or "",
        }
        if _reaches_model(_request(case)):
            record = self._record("invocations", answer)
            parts["invocation log"] = _described(record) if record else "no record"
        return "; ".join((said, *(f"{name}: {text}" for name, text in parts.items() if text)))

    # The answer

    def _wrong_answer(self, request: Request, answer: Answer) -> Iterator[str]:
        if answer.status != request.status:
            yield f"status {answer.status} {answer.error.get('code', '')}, not {request.status}"
            return
        if request.status != 200:
            if request.code and answer.error.get("code") != request.code:
                yield f"error code {answer.error.get('code')}, expected {request.code}"
            named = request.stopped_by in {"api", "compute"} and request.via == "api"
            if named and answer.error.get("request_id") != answer.request_id:
                yield f"request_id {answer.error.get('request_id')} is not the request's own"
            return
        reply = answer.json()
        masked = request.finding.endswith(".ANONYMIZED")
        blocked = bool(request.stopped_by) and not masked
        if reply.get("blocked") is not blocked:
            yield f"blocked is {reply.get('blocked')}, expected {blocked}"
        message = self._applied.get("blocked_message")
        if blocked and message and reply.get("response") != message:
            yield "the answer is not the safety message"
        if not reply.get("request_id"):
            yield "the answer has no request_id"
        said = str(reply.get("response", ""))
        if not said.strip():
            yield "there is no answer"
        for text in request.answer:
            if text not in said:
                yield f"the answer does not hold {text!r}"

    def _wrong_headers(self, request: Request, answer: Answer) -> Iterator[str]:
        origin = self._applied.get("origin")
        expected = {"access-control-allow-origin": origin} if origin else {}
        if request.method != "OPTIONS":
            expected |= {"cache-control": "no-store", "x-content-type-options": "nosniff"}
            kind = answer.headers.get("content-type", "")
            if answer.body and not kind.startswith("application/json"):
                yield f"content-type {kind or 'missing'}, expected application/json"
        expected |= {name.lower(): str(value) for name, value in request.expect.items()}
        for name, value in expected.items():
            if (answer.headers.get(name) or "") != value:
                yield f"header {name} is {answer.headers.get(name)}, expected {value}"
        seconds = answer.headers.get("retry-after", "")
        if request.retry_after and seconds not in map(str, range(1, request.retry_after + 1)):
            yield f"header retry-after is {seconds}, expected 1 to {request.retry_after}"
        headers = (value for name, value in answer.headers.items() if name not in RANDOM)
        said = UUID.sub("", " ".join((answer.body.decode(errors="replace"), *headers)))
        for text in request.hides:
            if text in said:
                yield f"the answer holds {text!r}, which must be hidden"
        unnamed = expected.get("access-control-allow-origin") == ""
        if not unnamed and answer.headers.get("access-control-allow-origin") in {None, "*"}:
            yield "no one origin may read the answer"

    # What the logs say

    def _record(self, log: str, answer: Answer) -> dict[str, Any] | None:
        return self._logs.record(log, log_id(log, answer))

    def _wrong_count(self, request: Request, answer: Answer) -> Iterator[str]:
        """Look for a rule or a screening that only counts."""
        if request.rule:
            record = self._record("waf", answer)
            rules = dig(record, "nonTerminatingMatchingRules") or ()
            counted = [dig(one, "ruleId") for one in rules]
            if "waf" not in self._logs.unread and request.rule not in counted:
                yield f"the web ACL counted {counted or 'nothing'}, expected {request.rule}"
            return
        record = self._record("function", answer)
        if "function" not in self._logs.unread and dig(record, "screened") != request.screened:
            yield f"the function screened it as {dig(record, 'screened')}"

    def _wrong_records(self, case: Case, answer: Answer, notes: list[str]) -> Iterator[str]:
        request = _request(case)
        for log in passes_through(case, answer):
            if log not in self._logs.unread and self._record(log, answer) is None:
                said = f"there is no record in the log of {log}"
                # Whether a blocked question leaves one, AWS does not say.
                if log == "invocations" and self._blocked_question(request):
                    notes.append(said)
                else:
                    yield said
        if request.via == "api":
            if record := self._record("waf", answer):
                yield from self._wrong_waf(request, record)
            if record := self._record("api", answer):
                yield from self._wrong_access(request, record)
        yield from self._absences(request, answer)
        function = self._record("function", answer)
        if function is not None and _reaches_function(request):
            yield from self._wrong_function(request, function)
        invocation = self._record("invocations", answer)
        if invocation is not None and _reaches_model(request) and request.types:
            try:
                yield from self._wrong_trace(request, invocation)
            except NothingSaidError as error:
                if self._deployment.rehearsal:
                    yield str(error)
                else:
                    notes.append(str(error))

    def _blocked_question(self, request: Request) -> bool:
        return request.finding.startswith("input.") and not self._deployment.rehearsal

    def _absences(self, request: Request, answer: Answer) -> Iterator[str]:
        """Return records that must not exist, in logs that are known to be written."""
        for log, reached, what in (
            ("function", _reaches_function(request), "the function"),
            ("invocations", _reaches_model(request), "the model"),
        ):
            if reached or log in self._logs.unread:
                continue
            if self._record(log, answer) is not None:
                yield f"{what} was reached"
            elif not (self._ordinary and self._record(log, self._ordinary)):
                yield f"the log of {log} lacks even an ordinary question, so it shows nothing"

    @staticmethod
    def _wrong_waf(request: Request, record: Mapping[str, Any]) -> Iterator[str]:
        rule, action = record.get("terminatingRuleId"), record.get("action")
        if request.stopped_by != "edge":
            if action != "ALLOW":
                yield f"the web ACL stopped it, by {rule}"
            return
        if (action, rule) != ("BLOCK", request.rule):
            yield f"the web ACL says {action} by {rule}, expected {request.rule}"
        groups = dig(record, "ruleGroupList") or []
        signatures = [dig(group, "terminatingRule", "ruleId") for group in groups]
        if request.signature and request.signature not in signatures:
            named = [one for one in signatures if one]
            yield f"the managed group says {named}, expected {request.signature}"

    @staticmethod
    def _wrong_access(request: Request, record: Mapping[str, Any]) -> Iterator[str]:
        if record.get("status") != str(request.status):
            yield f"the access log has status {record.get('status')}"
        word = "WAF_BLOCK" if request.stopped_by == "edge" else "WAF_ALLOW"
        if request.rehearsed.without != "edge" and record.get("wafResponseCode") != word:
            yield f"the access log has {record.get('wafResponseCode')}, expected {word}"
        if request.error_type and record.get("errorType") != request.error_type:
            yield f"the access log has {record.get('errorType')}, expected {request.error_type}"
        tried = request.error_type.startswith("INTEGRATION_")
        if request.stopped_by in {"edge", "api"} and not tried and record.get(LATENCY) != NONE:
            yield "the access log has an integration latency: the function was called"
        answered = record.get("integrationStatus")
        if request.stopped_by == "compute" and answered != str(request.status):
            yield f"the access log says that the function answered {answered}"

    def _wrong_function(self, request: Request, record: Mapping[str, Any]) -> Iterator[str]:
        person = record.get("person")
        if request.via == "api" and bool(person) != self._applied.get("sign_in", False):
            yield f"the function's log has person {person}"
        if record.get("status") != request.status:
            yield f"the function's log has status {record.get('status')}"
        if request.stopped_by == "compute" and record.get("code", "") != request.code:
            yield f"the function's log has code {record.get('code')}, expected {request.code}"
        if (record.get("screened") or "") != request.screened:
            yield f"the function screened it as {record.get('screened')}"
        if request.stop_reason not in {"", record.get("stop_reason")}:
            yield f"the function's log has stop reason {record.get('stop_reason')}"
        findings = record.get("guardrail") or []
        if request.finding and request.finding not in findings:
            yield f"the guardrail said {findings or 'nothing'}, expected {request.finding}"
        if not request.stopped_by and findings:
            yield f"the guardrail said {findings}"

    @staticmethod
    def _wrong_trace(request: Request, record: Mapping[str, Any]) -> Iterator[str]:
        """Look for the types of a finding in the guardrail's trace, which the model's log holds."""
        found = _found(request.finding, record)
        if missing := sorted(kind for kind in request.types if kind.casefold() not in found):
            yield f"the guardrail did not find {', '.join(missing)}, only {sorted(found)}"


def _described(invocation: Mapping[str, Any]) -> str:
    trace = dig(invocation, "output", "outputBodyJson", "trace", "guardrail")
    return "a record, " + ("with the guardrail's trace" if trace else "without a trace")


def _found(finding: str, record: Mapping[str, Any]) -> set[str]:
    """Return what a policy of the guardrail found, in lower case. Raises NothingSaidError."""
    source, policy, action = finding.split(".")
    trace = dig(record, "output", "outputBodyJson", "trace", "guardrail")
    if not isinstance(trace, dict):
        raise NothingSaidError("the invocation log leaves out the guardrail's trace")
    if source == "input":
        assessments = list((trace.get("inputAssessment") or {}).values())
    else:
        many = (trace.get("outputAssessments") or {}).values()
        assessments = [one for each in many if isinstance(each, list) for one in each]
    names_found: set[str] = set()
    for assessment in assessments:
        items = [one for each in (dig(assessment, policy) or {}).values() for one in each or ()]
        for item in items:
            if dig(item, "action") == action:
                names = (item.get("name"), item.get("match"), item.get("type"))
                names_found |= {str(name).casefold() for name in names if name and name != "DENY"}
    return names_found


def _refusal(request: Request) -> Callable[[Answer], bool]:
    return lambda answer: (
        answer.status == request.status and answer.error.get("code") == request.code
    )
