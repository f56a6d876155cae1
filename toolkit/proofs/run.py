"""Run proofs: make all calls and requests, read the logs once, then judge each proof by them."""

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from toolkit.proofs import readers
from toolkit.proofs.calls import Calls
from toolkit.proofs.cases import Case, cases
from toolkit.proofs.client import Answer, Pace
from toolkit.proofs.deployment import Deployment
from toolkit.proofs.errors import CannotAskError, RemovedError, tells_nothing
from toolkit.proofs.evidence import Reader
from toolkit.proofs.kinds import (
    LOGS,
    ORDINARY_MESSAGE,
    Call,
    Evidence,
    Proof,
    Question,
    Request,
)
from toolkit.proofs.logs import Logs
from toolkit.proofs.requests import Requests, log_id, passes_through

# Sent first and expected in every log: the absence of other records means nothing without it.
ORDINARY = Case(Request(layer="", control="", name="", message=ORDINARY_MESSAGE))
# "A few seconds to a number of minutes" (AWS WAF Developer Guide, "Eventual consistency"), and "a
# few minutes" for a new key (API Gateway Developer Guide, "Create and configure API keys").
WAITS_SECONDS = (0.0, 15.0, 35.0, 90.0, 160.0)

Status = Literal["pass", "fail", "miss", "skip"]


@dataclass(frozen=True)
class Verdict:
    """The result of a proof. A miss: AWS's own classifier decided otherwise."""

    status: Status
    detail: str = ""


class Run:
    """One run of proofs on a deployment.

    `quick` is the smoke test: it reads no log, and asks with a client's own key.
    """

    def __init__(
        self,
        deployment: Deployment,
        proofs: Sequence[Proof],
        *,
        origin: str | None = None,
        quick: bool = False,
    ) -> None:
        """Read what was applied, and decide what can be asked."""
        self.deployment = deployment
        deployment.applied = readers.read(deployment, origin)
        self.proofs = tuple(proofs)
        self.cases = {proof.id: cases(proof, deployment, quick=quick) for proof in proofs}
        self.logs = Logs(deployment)
        self._quick = quick
        self._answers: dict[int, tuple[Answer, ...]] = {}  # by the identity of the case
        self._unasked: dict[int, Verdict] = {}
        self._ordinary: Answer | None = None
        self._calls = Calls(deployment, f"proofs-{secrets.token_hex(4)}")
        self._reader = Reader(self)
        self._fit_quota()
        local, many = deployment.local, self.requests_to_make
        deployment.http.pace = Pace.of(deployment.applied, local=local, requests=many)

    # What there is to do

    @property
    def asked(self) -> list[Case]:
        """Return the cases that can be asked."""
        every = (case for of_proof in self.cases.values() for case in of_proof)
        return [case for case in every if not (case.skip or case.wrong)]

    @property
    def requests(self) -> list[Case]:
        """Return the requests that can be made."""
        return [case for case in self.asked if isinstance(case.proof, Request)]

    @property
    def requests_to_make(self) -> int:
        """Return how many requests there are, with all copies and the wait before them."""
        made = (case.proof for case in self.requests)
        copies = (proof.copies for proof in made if isinstance(proof, Request))
        return sum(copies) + len(WAITS_SECONDS)

    @property
    def counted(self) -> int:
        """Return how many requests count against the quota of a key."""
        return sum(map(self._counted, self.requests))

    def _counted(self, case: Case) -> int:
        request = case.proof
        if not isinstance(request, Request):
            return 0
        itself = request.copies - request.before if self.deployment.counts(request) else 0
        return request.before + itself

    def _fit_quota(self) -> None:
        """Skip requests beyond the usage plan's quota; a rehearsal has more keys."""
        quota = self.deployment.applied.get("quota_limit")
        if not quota or (self.deployment.rehearsal and not self._quick):
            return
        left = quota - len(WAITS_SECONDS)
        period = self.deployment.applied.get("quota_period", "")
        for proof, of_proof in self.cases.items():
            for place, case in enumerate(of_proof):
                if case.skip or case.wrong or not (taken := self._counted(case)):
                    continue
                left -= taken
                if left < 0:
                    said = f"the quota of {quota} a {period.lower()} does not cover it"
                    self.cases[proof][place] = replace(case, skip=said)

    # Asking

    def wait(self, say: Callable[[str], None] = lambda _: None) -> None:
        """Wait until a question is answered and an attack refused, or the time limit is reached.

        Local changes act at once: there, each is asked once.
        """
        open_ = [("a question to be answered", self._first("") or ORDINARY)]
        if attack := self._first("edge"):
            open_.append(("an attack to be refused", attack))
        waits = WAITS_SECONDS[:1] if self.deployment.local else WAITS_SECONDS
        started = time.monotonic()
        for seconds in waits:
            if seconds:
                what = " and ".join(what for what, _ in open_)
                say(f"  AWS needs minutes after an apply: waiting {seconds:.0f} s for {what}")
                time.sleep(seconds)
            open_ = [(what, case) for what, case in open_ if not self._settled(case)]
            if not open_:
                return
        if len(waits) > 1:
            what = " and ".join(what for what, _ in open_)
            say(f"  Waited {time.monotonic() - started:.0f} s in vain for {what}; asking anyway")

    def _first(self, stopped_by: str) -> Case | None:
        """Return a request of the smoke test, if possible a prompt injection."""
        candidates = [
            case
            for case in self.requests
            if isinstance(case.proof, Request)
            and case.proof.smoke
            and case.proof.stopped_by == stopped_by
            and case.proof.method == "POST"
            and not case.counted
        ]
        candidates.sort(key=lambda case: getattr(case.proof, "rule", "") != "prompt-injection")
        return candidates[0] if candidates else None

    def _settled(self, case: Case) -> bool:
        self._ask(case)
        expected, answers = case.proof, self.answers(case)
        if not answers or not isinstance(expected, Request):
            return False
        answer = answers[-1]
        if not expected.stopped_by and answer.status == 200:
            self._ordinary = answer
        return (answer.status, answer.error.get("code", "")) == (expected.status, expected.code)

    def make(
        self,
        progress: Callable[[Case], None] = lambda _: None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Make every call and request, in order, and read the logs."""
        calls = [case.proof for case in self.asked if isinstance(case.proof, Call)]
        requests = self.requests
        quota = 1 if self._quick else self.deployment.applied.get("quota_limit", 1)
        with self.deployment.switches.spare_keys(0 if self._quick else quota):
            if requests:
                self.wait(say)
            self._calls.make([call for call in calls if isinstance(call, Call)])
            for case in requests:
                if id(case) not in self._answers:
                    self._ask(case)
                progress(case)
        if not self._quick:
            self.logs.read(self.expected_records())

    def _ask(self, case: Case) -> None:
        proof: Any = case.proof
        try:
            self._answers[id(case)] = self.deployment.ask(proof)
        except CannotAskError as error:
            self._unasked[id(case)] = Verdict("skip", str(error))
        except RemovedError as error:
            self._unasked[id(case)] = Verdict("fail", str(error))
        except Exception as error:  # noqa: BLE001 - one proof fails, and the others are asked
            self._unasked[id(case)] = Verdict("fail", f"it could not be asked: {_text_of(error)}")

    def expected_records(self) -> dict[str, set[str]]:
        """Return the ids of the expected records, by log."""
        expected: dict[str, set[str]] = {log: set() for log in LOGS}
        for case in self.requests:
            for number, answer in enumerate(self.answers(case)):
                for log in passes_through(case, answer, number):
                    expected[log].add(log_id(log, answer))
        if self._ordinary:
            for log in passes_through(ORDINARY, self._ordinary):
                expected[log].add(log_id(log, self._ordinary))
        expected["trail"] = self._calls.expected_records()
        return expected

    def answers(self, case: Case) -> tuple[Answer, ...]:
        """Return what came back for a request and its copies."""
        return self._answers.get(id(case), ())

    def trail(self, call: Call) -> dict[str, Any] | None:
        """Return the trail's record of a call, None where it has none."""
        return self._calls.record(call, self.logs) if call.event else None

    # Judging

    def judge(self, proof: Proof) -> Verdict:
        """Return the verdict of a proof: the worst of its cases. Never raises."""
        verdicts = [(case, self._judge(case)) for case in self.cases[proof.id]]
        for status in ("fail", "miss", "pass", "skip"):
            matching = [(case, verdict) for case, verdict in verdicts if verdict.status == status]
            if matching:
                details = dict.fromkeys(
                    f"{case.item}: {verdict.detail}" if case.item else verdict.detail
                    for case, verdict in matching
                    if verdict.detail
                )
                return Verdict(matching[0][1].status, "; ".join(details))
        return Verdict("skip", "there is nothing to ask")

    def _judge(self, case: Case) -> Verdict:
        if case.skip:
            return Verdict("skip", case.skip)
        if case.wrong:
            return Verdict("fail", case.wrong)
        if id(case) in self._unasked and id(case) not in self._answers:
            return self._unasked[id(case)]
        try:
            problems, notes = self._problems(case)
        except CannotAskError as error:
            return Verdict("skip", str(error))
        except RemovedError as error:
            return Verdict("fail", str(error))
        except Exception as error:  # noqa: BLE001 - one proof fails, and the others are judged
            if getattr(error, "response", None) is not None and tells_nothing(error):
                return Verdict("skip", f"not read: {error}")
            return Verdict("fail", f"it could not be judged: {_text_of(error)}")
        if problems:
            left_to_aws = case.proof.judgement and not self.deployment.rehearsal
            return Verdict("miss" if left_to_aws else "fail", "; ".join(problems))
        return Verdict("pass", "; ".join(notes))

    def _problems(self, case: Case) -> tuple[list[str], list[str]]:
        match case.proof:
            case Request():
                if case.counted and self._quick:
                    raise CannotAskError("this environment only counts it, as the logs show")
                judge = Requests(self.deployment, self.logs, self._ordinary)
                return judge.judge(case, self._answers[id(case)])
            case Call() as call:
                return self._calls.judge(call, self.logs), []
            case Question() as question:
                return self._reader.question(question), []
            case Evidence() as evidence:
                return self._reader.evidence(evidence), []
        raise TypeError(case.proof)

    def observed(self, proof: Proof) -> list[str]:
        """Return what the deployment did with each case of a proof, one line each."""
        judge = Requests(self.deployment, self.logs, self._ordinary)
        lines = []
        for case in self.cases[proof.id]:
            if answers := self.answers(case):
                lines.append(judge.observed(case, answers[-1]))
            else:
                verdict = self._judge(case)
                lines.append(f"{verdict.status}: {verdict.detail}".rstrip(": "))
        return lines


def _text_of(error: Exception) -> str:
    """Return an error's text, with its class name where the text is one word."""
    text = str(error)
    return text if " " in text else f"{type(error).__name__} {text}".strip()
