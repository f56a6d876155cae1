"""Run proofs: make all calls and requests, read the logs once, then judge each proof by them."""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from toolkit.proofs.data import Call, Evidence, Proof, Question, Request, filled
from toolkit.proofs.deployment import CannotAskError, places, tells_nothing
from toolkit.proofs.logs import Logs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from toolkit.proofs.deployment import Answer, Deployment

SAFETY_MESSAGE = "[Request blocked by safety controls]"
# The access log's word for nothing.
NONE = "-"
LATENCY = "integrationLatency"  # which it has once the integration was tried
# Texts shorter than this may stand in a log by chance.
TELLING = 8


def plan(
    deployment: Deployment, proofs: Sequence[Proof]
) -> tuple[list[Proof], list[tuple[Proof, str]]]:
    """Return the proofs that a deployment can be asked, and why not the others."""
    asked, others = [], []
    for proof in proofs:
        reason = ""
        if isinstance(proof, Request):
            reason = "" if deployment.rehearsal else proof.local
        elif isinstance(proof, Call) and not deployment.rehearsal:
            reason = "a real function lends its credentials to nobody"
        if deployment.client is None and not (isinstance(proof, Request) and proof.via == "api"):
            reason = reason or "it needs AWS credentials: name the environment with --env"
        if reason:
            others.append((proof, reason))
        else:
            asked.append(proof)
    return asked, others


class Run:
    """One run of proofs on a deployment."""

    def __init__(
        self, deployment: Deployment, proofs: Sequence[Proof], *, origin: str | None = None
    ) -> None:
        """Take the allowed origin as given, else as the function was told it, else as answered."""
        self.deployment = deployment
        self.origin = origin
        self.logs = Logs(deployment)
        self.requests = [proof for proof in proofs if isinstance(proof, Request)]
        self.calls = [proof for proof in proofs if isinstance(proof, Call)]
        self._answers: dict[str, tuple[Answer, ...]] = {}
        self._unasked: dict[str, str] = {}
        self._called: dict[str, str | None] = {}
        self._session = f"proofs-{secrets.token_hex(4)}"
        self._places = places(deployment.outputs) if deployment.outputs else {}
        self._policies: Any = None

    def make(self, progress: Callable[[Proof], None] = lambda _: None) -> None:
        """Make every call and request, in order, and read the logs."""
        if self.deployment.outputs:
            self._read_configuration()
        self._places["origin"] = self.origin or "https://app.example"
        if self.calls:
            self._make_calls()
        with self.deployment.spare_keys(self.requests):
            for request in self.requests:
                progress(request)
                try:
                    headers = filled(dict(request.headers), self._places)
                    answers = self.deployment.ask(replace(request, headers=headers))
                except CannotAskError as error:
                    self._unasked[request.id] = str(error)
                else:
                    self._answers[request.id] = answers
        if self.deployment.client is None:
            self.logs.unread["all"] = "without AWS credentials: name the environment with --env"
        else:
            self.logs.read(self._wanted())

    @property
    def evidence(self) -> str:
        """Say which logs were not read, or nothing."""
        return "; ".join(f"{log}: {why}" for log, why in self.logs.unread.items())

    def judge(self, proof: Proof) -> list[str]:
        """Return what is wrong, nothing when the proof holds.

        Raises CannotAskError when it is about what another environment of the account manages, or
        AWS does not tell what it is to be judged by. What AWS says is not there is wrong.
        """
        if isinstance(proof, Request):
            return self._judge_request(proof)
        if missing := self._unmanaged(proof):
            raise CannotAskError(f"this environment does not manage {', '.join(missing)}")
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - asked by boto3

        try:
            match proof:
                case Call():
                    return self._judge_call(proof)
                case Question():
                    return self._judge_question(proof)
                case Evidence():
                    return self._judge_evidence(proof)
        except (BotoCoreError, ClientError) as error:
            if tells_nothing(error):
                raise CannotAskError(f"not read: {error}") from error
            return [str(error)]
        raise TypeError(proof)

    def _unmanaged(self, proof: Proof) -> list[str]:
        """Return what a proof names that this environment leaves to another."""
        names = re.findall(r"\{([a-z_]+)\}", json.dumps(asdict(proof)))
        return sorted(set(names) - set(self._places)) if self._places else []

    def _read_configuration(self) -> None:
        """Learn the origin and the model from what the function is told."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - asked by boto3

        name, alias = self._places["name"], self.deployment.outputs["alias_arn"]
        try:
            told = self.deployment.aws("lambda").get_function_configuration(FunctionName=alias)
            key = self.deployment.aws("kms").describe_key(KeyId=f"alias/{name}")
        except (BotoCoreError, ClientError) as error:
            raise CannotAskError(f"What the proofs are about could not be read: {error}") from error
        told = told["Environment"]["Variables"]
        self.origin = self.origin or told["ALLOWED_ORIGIN"]
        profile = told["MODEL_ID"]
        self._places |= {
            "key_arn": key["KeyMetadata"]["Arn"],
            "profile": profile,
            "profile_arn": f"{self._places['bedrock']}:inference-profile/{profile}",
            "model": profile.partition(".")[2],
        }

    # Requests

    def _wanted(self) -> dict[str, set[str]]:
        """Return the ids of the records that there must be, by log."""
        wanted: dict[str, set[str]] = {log: set() for log in ("waf", "api", "function")}
        wanted["invocations"] = set()
        for request in self.requests:
            for answer in self._answers.get(request.id, ()):
                for log in self._passes_through(request, answer):
                    wanted[log].add(self._id(log, answer))
        wanted["trail"] = {f"{call.event} {self._caller}" for call in self.calls if call.event}
        return wanted

    def _passes_through(self, request: Request, answer: Answer) -> Iterator[str]:
        """Yield the logs that a request must leave a record in."""
        if not answer.request_id:
            return
        if request.via == "api":
            if request.without != "edge":
                yield "waf"
            yield "api"
        if self._reaches_function(request):
            yield "function"
        if self._reaches_model(request):
            yield "invocations"

    def _reaches_function(self, request: Request) -> bool:
        if request.flood or request.after or request.method != "POST":
            return False
        return request.stopped_by in {"", "compute", "guardrail"}

    def _reaches_model(self, request: Request) -> bool:
        if not self._reaches_function(request) or request.screened:
            return False
        return request.stopped_by != "compute" or request.fault is not None

    @staticmethod
    def _id(log: str, answer: Answer) -> str:
        return answer.extended_id if log in {"waf", "api"} else answer.request_id

    def _judge_request(self, request: Request) -> list[str]:
        if request.id in self._unasked:
            return [self._unasked[request.id]]
        answers = self._answers[request.id]
        answer = answers[-1]
        if request.after and any(map(_refusal(request), answers[:-1])):
            return [f"one of the {request.after} requests before it was refused already"]
        if request.flood:
            stopped = [answer for answer in answers if _refusal(request)(answer)]
            if not stopped or len(stopped) == len(answers):
                return [f"{len(stopped)} of {len(answers)} requests at once were refused"]
            answer = stopped[0]
        if answer.status == 0:
            return [answer.body.decode(errors="replace")]
        problems = [*self._wrong_answer(request, answer), *self._wrong_headers(request, answer)]
        if "all" not in self.logs.unread:
            problems += self._wrong_records(request, answer)
        return problems

    def _wrong_answer(self, request: Request, answer: Answer) -> Iterator[str]:
        if answer.status != request.status:
            yield f"status {answer.status} {answer.error.get('code', '')}, not {request.status}"
            return
        if request.status != 200:
            if request.code and answer.error.get("code") != request.code:
                yield f"error code {answer.error.get('code')}, expected {request.code}"
            known = request.stopped_by in {"api", "compute"} and request.via == "api"
            if known and answer.error.get("request_id") != answer.request_id:
                yield f"request_id {answer.error.get('request_id')} is not the request's own"
            return
        reply = answer.json()
        masked = request.finding.endswith(".ANONYMIZED")
        blocked = bool(request.stopped_by) and not masked
        if reply.get("blocked") is not blocked:
            yield f"blocked is {reply.get('blocked')}, expected {blocked}"
        if blocked and reply.get("response") != SAFETY_MESSAGE:
            yield "the answer is not the safety message"
        said = str(reply.get("response", ""))
        if not said.strip():
            yield "there is no answer"
        if request.answer not in said:
            yield f"the answer does not hold {request.answer!r}"

    def _wrong_headers(self, request: Request, answer: Answer) -> Iterator[str]:
        expected = {"access-control-allow-origin": self.origin} if self.origin else {}
        if request.method != "OPTIONS":
            expected |= {"cache-control": "no-store", "x-content-type-options": "nosniff"}
            kind = answer.headers.get("content-type", "")
            if not kind.startswith("application/json"):
                yield f"content-type {kind or 'missing'}, expected application/json"
        expected |= {name.lower(): value for name, value in request.expect.items()}
        for name, value in expected.items():
            if answer.headers.get(name) != value:
                yield f"header {name} is {answer.headers.get(name)}, expected {value}"
        said = " ".join((answer.body.decode(errors="replace"), *answer.headers.values()))
        if request.hides and request.hides in said:
            yield "the answer holds what must be hidden"
        if answer.headers.get("access-control-allow-origin") in {None, "*"}:
            yield "no one origin may read the answer"

    # What the logs say

    def _record(self, log: str, answer: Answer) -> dict[str, Any] | None:
        return self.logs.record(log, self._id(log, answer))

    def _wrong_records(self, request: Request, answer: Answer) -> Iterator[str]:
        for log in self._passes_through(request, answer):
            if log not in self.logs.unread and self._record(log, answer) is None:
                yield f"there is no record in the log of {log}"
        if request.via == "api":
            yield from self._wrong_waf(request, self._record("waf", answer) or {})
            yield from self._wrong_access(request, self._record("api", answer) or {})
        function = self._record("function", answer)
        if function is not None and not self._reaches_function(request):
            yield "the function was reached"
        elif function is not None:
            yield from self._wrong_function(request, function)
        invocation = self._record("invocations", answer)
        if invocation is not None and not self._reaches_model(request):
            yield "the model was reached"
        elif invocation is not None and request.types:
            yield from self._wrong_trace(request, invocation)

    @staticmethod
    def _wrong_waf(request: Request, record: Mapping[str, Any]) -> Iterator[str]:
        if not record:
            return
        rule = record["terminatingRuleId"]
        if request.stopped_by != "edge":
            if record["action"] != "ALLOW":
                yield f"the web ACL stopped it, by {rule}"
            return
        if (record["action"], rule) != ("BLOCK", request.rule):
            yield f"the web ACL says {record['action']} by {rule}, expected {request.rule}"
        groups = [group["terminatingRule"] or {} for group in record["ruleGroupList"]]
        signatures = [group["ruleId"] for group in groups if group.get("ruleId")]
        if request.signature and request.signature not in signatures:
            yield f"the managed group says {signatures}, expected {request.signature}"

    @staticmethod
    def _wrong_access(request: Request, record: Mapping[str, Any]) -> Iterator[str]:
        if not record:
            return
        if record["status"] != str(request.status):
            yield f"the access log has status {record['status']}"
        word = "WAF_BLOCK" if request.stopped_by == "edge" else "WAF_ALLOW"
        if request.without != "edge" and record["wafResponseCode"] != word:
            yield f"the access log has {record['wafResponseCode']}, expected {word}"
        if request.error_type and record["errorType"] != request.error_type:
            yield f"the access log has {record['errorType']}, expected {request.error_type}"
        tried = request.error_type.startswith("INTEGRATION_")
        if request.stopped_by in {"edge", "api"} and not tried and record[LATENCY] != NONE:
            yield "the access log has an integration latency: the function was called"
        if request.stopped_by == "compute" and record["integrationStatus"] != str(request.status):
            yield f"the access log says that the function answered {record['integrationStatus']}"

    @staticmethod
    def _wrong_function(request: Request, record: Mapping[str, Any]) -> Iterator[str]:
        if record["status"] != request.status:
            yield f"the function's log has status {record['status']}"
        if request.stopped_by == "compute" and record.get("code", "") != request.code:
            yield f"the function's log has code {record.get('code')}, expected {request.code}"
        if (record.get("screened") or "") != request.screened:
            yield f"the function screened it as {record.get('screened')}"
        found = record.get("guardrail") or []
        if request.finding and request.finding not in found:
            yield f"the guardrail said {found or 'nothing'}, expected {request.finding}"
        if not request.stopped_by and found:
            yield f"the guardrail said {found}"

    @staticmethod
    def _wrong_trace(request: Request, record: Mapping[str, Any]) -> Iterator[str]:
        """Look for the types of a finding in the guardrail's trace, which the model's log holds."""
        source, policy, action = request.finding.split(".")
        trace = record["output"]["outputBodyJson"]["trace"]["guardrail"]
        assessments = (
            list(trace.get("inputAssessment", {}).values())
            if source == "input"
            else [one for many in trace.get("outputAssessments", {}).values() for one in many]
        )
        found = {
            item.get("type") if item.get("type") != "DENY" else item["name"]
            for assessment in assessments
            for items in assessment.get(policy, {}).values()
            for item in items
            if item["action"] == action
        } | {
            item["match"]
            for assessment in assessments
            for item in assessment.get(policy, {}).get("customWords", ())
        }
        if missing := sorted(set(request.types) - found):
            yield f"the guardrail did not find {', '.join(missing)}, only {sorted(map(str, found))}"

    # Calls with the credentials of the function's role

    @property
    def _caller(self) -> str:
        role = self._places.get("execution_role", "")
        account = self._places.get("account", "")
        return f"arn:aws:sts::{account}:assumed-role/{role}/{self._session}"

    def _make_calls(self) -> None:
        import boto3  # noqa: PLC0415 - only a rehearsal makes calls
        from botocore.config import Config  # noqa: PLC0415
        from botocore.exceptions import ClientError  # noqa: PLC0415

        assumed = self.deployment.aws("sts").assume_role(
            RoleArn=self._places["execution_role_arn"], RoleSessionName=self._session
        )["Credentials"]
        for call in self.calls:
            if self._unmanaged(call):
                continue
            service, _, operation = call.call.partition(".")
            client = boto3.client(
                service,
                region_name=self._places["region"],
                endpoint_url=self.deployment.endpoint,
                aws_access_key_id=assumed["AccessKeyId"],
                aws_secret_access_key=assumed["SecretAccessKey"],
                aws_session_token=assumed["SessionToken"],
                config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
            )
            try:
                getattr(client, operation)(**filled(dict(call.parameters), self._places))
            except ClientError as error:
                about = error.response["Error"]
                self._called[call.id] = f"{about['Code']}: {about['Message']}"
            else:
                self._called[call.id] = None

    def _judge_call(self, call: Call) -> list[str]:
        said = self._called[call.id]
        if not call.refused:
            problems = [] if said is None else [f"it was refused: {said}"]
        elif said is None:
            problems = ["it was not refused"]
        elif not said.startswith("AccessDenied") or call.because not in said:
            problems = [f"it was refused otherwise: {said}"]
        else:
            problems = []
        if call.event and "trail" not in self.logs.unread:
            problems += self._wrong_trail(call)
        return problems

    def _wrong_trail(self, call: Call) -> Iterator[str]:
        found = [
            str(record.get("errorCode", ""))
            for record in self.logs.records("trail")
            if record["eventName"] == call.event
            and record["userIdentity"].get("arn") == self._caller
        ]
        if not any(error.startswith("AccessDenied") is call.refused for error in found):
            said = f"only {found}" if found else "nothing"
            yield f"of {call.event} by {self._caller} the trail has {said}"

    # Questions and evidence

    def _judge_question(self, question: Question) -> list[str]:
        if self._policies is None:
            from toolkit.proofs.policies import Policies  # noqa: PLC0415 - needs the emulator

            self._policies = Policies(self.deployment, self._places)
        problems: list[str] = self._policies.answer(question)
        return problems

    def _judge_evidence(self, evidence: Evidence) -> list[str]:
        if evidence.call:
            return self._wrong_configuration(evidence)
        if evidence.log in self.logs.unread:
            raise CannotAskError(f"the log of {evidence.log}: {self.logs.unread[evidence.log]}")
        if evidence.complete:
            return self._gaps(evidence.log)
        lines = self.logs.lines[evidence.log]
        return [
            f"the log of {evidence.log} holds {secret} {number} times"
            for secret in evidence.lacks
            if (number := _holding(lines, self._secrets(secret, evidence.log)))
        ]

    def _wrong_configuration(self, evidence: Evidence) -> list[str]:
        import jmespath  # type: ignore[import-untyped]  # noqa: PLC0415 - boto3 brings it

        service, _, operation = evidence.call.partition(".")
        parameters = filled(dict(evidence.parameters), self._places)
        answer = getattr(self.deployment.aws(service), operation)(**parameters)
        if evidence.decode:
            answer = json.loads(jmespath.search(evidence.decode, answer))
        found = jmespath.search(filled(evidence.find, self._places), answer)
        expected = filled(evidence.equals, self._places)
        return [] if found == expected else [f"{evidence.find} is {found}, expected {expected}"]

    def _gaps(self, log: str) -> list[str]:
        """Return the requests that a log should have, and has not."""
        if log == "trail":
            return [] if self.logs.lines["trail"] else ["the trail's log is empty"]
        expected = self._wanted()[log]
        missing = [each for each in expected if self.logs.record(log, each) is None]
        if not expected:
            return ["no request should have left a record, so nothing is proven"]
        return [f"{len(missing)} of {len(expected)} requests have no record"] if missing else []

    def _secrets(self, kind: str, log: str) -> set[str]:
        """Return the texts of one kind that were sent or came back."""
        found: set[str] = set()
        if kind == "key":
            found = set(self.deployment.keys.values())
        for request in self.requests:
            if kind == "header":
                found |= {
                    value
                    for name, value in request.headers.items()
                    # The web ACL's log has all headers but those that are redacted.
                    if log != "waf" or name.lower() == "authorization"
                }
            elif kind == "prompt":
                found |= {request.text or "", _message(request.body), _message(request.event)}
            elif kind == "answer":
                answers = self._answers.get(request.id, ())
                found |= {str(answer.json().get("response", "")) for answer in answers}
                found.add(str((request.fault or {}).get("reply", {}).get("text", "")))
        return {text for text in found if len(text) >= TELLING and text != SAFETY_MESSAGE}


def _refusal(request: Request) -> Callable[[Answer], bool]:
    return lambda answer: (
        answer.status == request.status and answer.error.get("code") == request.code
    )


def _message(body: str | None) -> str:
    """Return the message inside a body that was written by hand, if it has one."""
    try:
        found = json.loads(body or "")["message"]
    except (KeyError, RecursionError, TypeError, ValueError):
        return ""
    return found if isinstance(found, str) else ""


def _holding(lines: Sequence[str], texts: set[str]) -> int:
    """Count the lines that hold one of the texts, as they are or as JSON writes them."""
    needles = texts | {
        json.dumps(text, ensure_ascii=ascii_only)[1:-1]
        for text in texts
        for ascii_only in (True, False)
    }
    return sum(any(needle in line for needle in needles) for line in lines)
