"""Judge evidence: AWS's configuration, the applied policies, and the logs after all requests."""

import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from toolkit.proofs.errors import CannotAskError
from toolkit.proofs.kinds import Evidence, Question, Request
from toolkit.proofs.policies import Policies

if TYPE_CHECKING:
    from toolkit.proofs.run import Run

# Texts shorter than this may stand in a log by chance.
TELLING = 8


class Reader:
    """Reads the evidence of one run."""

    def __init__(self, run: "Run") -> None:
        self._run = run
        self._deployment = run.deployment
        self._policies: Policies | None = None

    def question(self, question: Question) -> list[str]:
        """Return what is wrong with the answers of the applied policies."""
        if self._policies is None:
            self._policies = Policies(self._deployment)
        return self._policies.answer(question)

    def evidence(self, evidence: Evidence) -> list[str]:
        """Return what is wrong with the configuration or with a log."""
        if evidence.call:
            return self._configuration(evidence)
        log, logs = evidence.log, self._run.logs
        if log in logs.unread:
            raise CannotAskError(f"the log of {log}: {logs.unread[log]}")
        lines = logs.lines.get(log, [])
        if not lines:
            return [f"the log of {log} is empty, so it shows nothing"]
        expected = self._run.expected_records()[log]
        missing = [each for each in expected if self._run.logs.record(log, each) is None]
        if evidence.complete:
            if not expected and log != "trail":  # only calls leave ids in it, and AWS gets none
                return ["no request should have left a record, so nothing is proven"]
            return [f"{len(missing)} of {len(expected)} requests have no record"] * bool(missing)
        if expected and len(missing) == len(expected):
            return [f"the log of {log} has no record of a request, so it shows nothing"]
        problems = []
        for secret in evidence.lacks:
            if not (texts := self.secrets(secret)):
                problems.append(f"no {secret} was sent, so nothing is proven")
            elif number := _holding(lines, texts):
                problems.append(f"the log of {log} holds {secret} {number} times")
        return problems

    def _configuration(self, evidence: Evidence) -> list[str]:
        import jmespath  # type: ignore[import-untyped]  # noqa: PLC0415 - boto3 brings it

        service, _, operation = evidence.call.partition(".")
        answer = getattr(self._deployment.aws(service), operation)(**evidence.parameters)
        if evidence.decode:
            answer = json.loads(jmespath.search(evidence.decode, answer))
        try:
            value = jmespath.search(evidence.find, answer)
        except jmespath.exceptions.JMESPathError:
            return [f"AWS's answer does not have what {evidence.find} looks for"]
        if value == evidence.equals:
            return []
        return [f"{evidence.find} is {value}, expected {evidence.equals}"]

    def secrets(self, kind: str) -> set[str]:
        """Return the texts of one kind that were sent or came back."""
        applied = self._deployment.applied
        texts: set[str] = set()
        if kind == "key":
            texts = {self._deployment.api_key, *applied.keys.values()}
            texts |= self._deployment.switches.keys
        if kind == "token":
            texts = self._deployment.tokens.secrets()
        for case in self._run.requests:
            request = case.proof
            if not isinstance(request, Request):
                continue
            if kind == "header":
                texts |= set(request.headers.values())
            elif kind == "address":  # what a client may put into path and query
                given = (answer.json() for answer in self._run.answers(case))
                texts |= {str(answer.get("conversation_id", "")) for answer in given}
                texts |= set(re.split(r"[/?&=]", request.path))
            elif kind == "prompt":
                texts |= {request.text or "", _message(request.body), _message(request.event)}
                texts |= {*request.earlier, request.blocked_turn}
            elif kind == "answer":
                given = (answer.json() for answer in self._run.answers(case))
                texts |= {str(answer.get("response", "")) for answer in given}
                texts.add(request.rehearsed.fault.get("reply", {}).get("text", ""))
        message = applied.get("blocked_message")
        return {text for text in texts if len(text) >= TELLING and text != message}


def _message(body: str | None) -> str:
    """Return the message inside a body that was written by hand, if it has one."""
    try:
        message = json.loads(body or "")["message"]
    except (KeyError, RecursionError, TypeError, ValueError):
        return ""
    return message if isinstance(message, str) else ""


def _holding(lines: Sequence[str], texts: set[str]) -> int:
    """Count the lines that hold one of the texts, as they are or as JSON writes them."""
    needles = texts | {
        json.dumps(text, ensure_ascii=ascii_only)[1:-1]
        for text in texts
        for ascii_only in (True, False)
    }
    return sum(any(needle in line for needle in needles) for line in lines)
