"""A proof holds only when the answer and each log agree; any one of them that differs is told."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from scripts import smoke_test
from toolkit.proofs.data import Call, Control, Evidence, Proof, Question, Request
from toolkit.proofs.deployment import Answer, CannotAskError, Deployment
from toolkit.proofs.run import Run, plan

if TYPE_CHECKING:
    from collections.abc import Mapping

ORIGIN = "https://app.example"
IDS = {"x-amzn-requestid": "r-1", "x-amz-apigw-id": "x-1"}
HEADERS = {
    "access-control-allow-origin": ORIGIN,
    "cache-control": "no-store",
    "content-type": "application/json",
    "x-content-type-options": "nosniff",
}
GROUPS = {
    "log_groups": dict.fromkeys(("waf", "api", "function", "invocations", "trail"), "group"),
    "region": "us-east-2",
    "execution_role_arn": "arn:aws:iam::123456789012:role/a-execution",
    "function_name": "a",
    "alias_arn": "arn:aws:lambda:us-east-2:123456789012:function:a:live",
    "guardrail_id": "g",
    "api_id": "i",
    "api_key_ids": {"web": "k"},
    "stage_name": "v1",
}
ALLOWED = {
    "action": "ALLOW",
    "httpRequest": {"requestId": "x-1"},
    "ruleGroupList": [],
    "terminatingRuleId": "Default_Action",
}
BLOCKED = ALLOWED | {"action": "BLOCK", "terminatingRuleId": "prompt-injection"}
ACCESS = {
    "errorType": "-",
    "extendedRequestId": "x-1",
    "integrationLatency": "5",
    "integrationStatus": "200",
    "status": "200",
    "wafResponseCode": "WAF_ALLOW",
}
STOPPED = ACCESS | {
    "integrationLatency": "-",
    "integrationStatus": "-",
    "status": "403",
    "wafResponseCode": "WAF_BLOCK",
}
FUNCTION = {
    "message": "chat",
    "request_id": "r-1",
    "function_request_id": "f-1",
    "status": 200,
    "guardrail": [],
}
INVOCATION = {"requestMetadata": {"request_id": "r-1"}}
PASSING: dict[str, dict[str, Any]] = {
    "waf": ALLOWED,
    "api": ACCESS,
    "function": FUNCTION,
    "invocations": INVOCATION,
}
EDGE: dict[str, Any] = {
    "stopped_by": "edge",
    "rule": "prompt-injection",
    "status": 403,
    "code": "prompt_injection",
}


class FakeLogs:
    """CloudWatch Logs with one line in some groups."""

    def __init__(self, records: Mapping[str, Mapping[str, Any]]) -> None:
        self._lines = {log: [json.dumps(record)] for log, record in records.items()}

    def get_paginator(self, _: str) -> FakeLogs:
        return self

    def paginate(self, *, logGroupName: str, startTime: int) -> list[dict[str, Any]]:  # noqa: ARG002, N803 - boto3's names
        return [{"events": [{"message": line} for line in self._lines.get(logGroupName, ())]}]


class FakeDeployment(Deployment):
    """A deployment that gives one answer, and has one record in some logs."""

    def __init__(self, answer: Answer, records: Mapping[str, Mapping[str, Any]]) -> None:
        groups = {"log_groups": {log: log for log in GROUPS["log_groups"]}}
        super().__init__("http://127.0.0.1/chat", "the-key-of-a-client", outputs=GROUPS | groups)
        self.client = lambda _: FakeLogs(records)
        self._answer = answer

    def ask(self, request: Request) -> tuple[Answer, ...]:  # noqa: ARG002 - it has one answer
        return (self._answer,)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toolkit.proofs.logs.LOCAL_PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(Run, "_read_configuration", lambda _: None)


def _judged(
    proof: Request | Evidence,
    status: int,
    body: Mapping[str, Any],
    records: Mapping[str, Mapping[str, Any]],
    headers: Mapping[str, str] | None = None,
) -> list[str]:
    answer = Answer(status, headers or HEADERS | IDS, json.dumps(body).encode())
    request = proof if isinstance(proof, Request) else _request()
    run = Run(FakeDeployment(answer, records), [request, proof], origin=ORIGIN)
    run.make()
    return run.judge(proof)


def _request(**what: Any) -> Request:
    return Request(layer="edge", control="c", name="n", message="Where is my order?", **what)


ANSWER = {"response": "It is on its way.", "blocked": False}
REFUSAL = {"error": {"code": "prompt_injection", "message": "No."}}


def test_what_passes_passes_in_every_log() -> None:
    assert _judged(_request(), 200, ANSWER, PASSING) == []


@pytest.mark.parametrize("log", ["waf", "api", "function", "invocations"])
def test_a_missing_record_is_told(log: str) -> None:
    records = {name: record for name, record in PASSING.items() if name != log}
    assert _judged(_request(), 200, ANSWER, records) == [f"there is no record in the log of {log}"]


@pytest.mark.parametrize(
    ("status", "body", "headers", "said"),
    [
        (403, REFUSAL, {}, "status 403"),
        (200, ANSWER | {"blocked": True}, {}, "blocked is True"),
        (200, ANSWER | {"response": ""}, {}, "there is no answer"),
        (200, ANSWER, {"access-control-allow-origin": "*"}, "access-control-allow-origin is *"),
        (200, ANSWER, {"cache-control": "public"}, "cache-control is public"),
    ],
)
def test_an_answer_that_differs_is_told(
    status: int, body: dict[str, Any], headers: dict[str, str], said: str
) -> None:
    problems = _judged(_request(), status, body, PASSING, HEADERS | IDS | headers)
    assert said in "; ".join(problems)


def test_what_the_edge_stops_is_stopped_in_its_own_log() -> None:
    assert _judged(_request(**EDGE), 403, REFUSAL, {"waf": BLOCKED, "api": STOPPED}) == []


@pytest.mark.parametrize(
    ("records", "said"),
    [
        # The right status and code, from the wrong layer or rule.
        ({"waf": ALLOWED, "api": STOPPED}, "the web ACL says ALLOW"),
        ({"waf": BLOCKED | {"terminatingRuleId": "other"}, "api": STOPPED}, "BLOCK by other"),
        ({"waf": BLOCKED, "api": STOPPED | {"integrationLatency": "3"}}, "function was called"),
        ({"waf": BLOCKED, "api": STOPPED, "function": FUNCTION}, "the function was reached"),
        ({"waf": BLOCKED, "api": STOPPED, "invocations": INVOCATION}, "the model was reached"),
    ],
)
def test_the_right_status_from_another_layer_is_told(
    records: dict[str, dict[str, Any]], said: str
) -> None:
    assert said in "; ".join(_judged(_request(**EDGE), 403, REFUSAL, records))


def test_the_guardrail_must_have_said_what_it_is_proven_to_say() -> None:
    request = _request(stopped_by="guardrail", finding="input.topicPolicy.BLOCKED")
    blocked = {"response": "[Request blocked by safety controls]", "blocked": True}
    said = {"guardrail": ["input.topicPolicy.BLOCKED"]}
    assert _judged(request, 200, blocked, PASSING | {"function": FUNCTION | said}) == []
    assert "the guardrail said nothing" in "; ".join(_judged(request, 200, blocked, PASSING))


@pytest.mark.parametrize(
    ("secret", "leak"),
    [
        ("key", "the-key-of-a-client"),
        ("prompt", "Where is my order?"),
        ("answer", "It is on its way."),
    ],
)
def test_a_secret_in_a_log_is_told(secret: str, leak: str) -> None:
    evidence = Evidence(layer="edge", control="c", name="e", log="function", lacks=(secret,))
    leaking = PASSING | {"function": FUNCTION | {"oops": f"said {leak!r}"}}
    assert _judged(evidence, 200, ANSWER, PASSING) == []
    assert _judged(evidence, 200, ANSWER, leaking) == [
        f"the log of function holds {secret} 1 times"
    ]


def test_without_credentials_only_requests_are_asked_and_the_rest_says_why() -> None:
    proofs = [
        _request(),
        _request(via="invoke"),
        _request(fault={"error": "ThrottlingException"}),
        _request(key="disabled"),
        Evidence(layer="edge", control="c", name="e", log="waf", complete=True),
    ]
    asked, others = plan(Deployment("https://chat.example/v1/chat", "k"), proofs)
    assert asked == proofs[:1]
    assert [why for _, why in others] == [
        "it needs AWS credentials: name the environment with --env",
        "a real model does not fail or answer at will",
        "it needs an API key made for it",
        "it needs AWS credentials: name the environment with --env",
    ]


def test_of_aws_everything_is_asked_but_what_needs_a_rehearsal() -> None:
    about: dict[str, Any] = {"layer": "compute", "control": "c"}
    question = Question(name="q", actions=("s3:GetObject",), allowed=True, **about)
    call = Call(name="a", call="s3.list_buckets", refused=True, **about)
    evidence = Evidence(name="e", log="waf", complete=True, **about)
    stopped = _request(without="function", stopped_by="api", error_type="INTEGRATION_FAILURE")
    proofs = [_request(), _request(via="invoke"), question, evidence, call, stopped]
    deployment = Deployment("https://chat.example/v1/chat", "k", client=lambda _: None)
    asked, others = plan(deployment, proofs)
    assert asked == proofs[:4]
    assert [why for _, why in others] == [
        "a real function lends its credentials to nobody",
        "a real function is not stopped for a proof",
    ]


@pytest.mark.parametrize(
    ("statement", "said"),
    [("DenyAll", ""), ("DenyOther", "s3:GetObject is denied by role/DenyAll, expected DenyOther")],
)
def test_a_question_must_be_denied_by_its_own_statement(statement: str, said: str) -> None:
    class Iam:
        def get_role(self, RoleName: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
            return {"Role": {"Arn": f"arn:aws:iam::123456789012:role/{RoleName}"}}

        def list_attached_role_policies(self, **_: str) -> dict[str, Any]:
            return {"AttachedPolicies": []}

        def list_role_policies(self, **_: str) -> dict[str, Any]:
            return {"PolicyNames": ["role"]}

        def get_role_policy(self, **_: str) -> dict[str, Any]:
            deny = {"Sid": "DenyAll", "Effect": "Deny", "Action": "*", "Resource": "*"}
            return {"PolicyDocument": {"Version": "2012-10-17", "Statement": [deny]}}

    question = Question(
        layer="compute",
        control="c",
        name="q",
        actions=("s3:GetObject",),
        allowed=False,
        denied_by="explicit",
        statement=statement,
    )
    deployment = Deployment("https://x/chat", "k", client=lambda _: Iam(), outputs=GROUPS)
    assert Run(deployment, [question]).judge(question) == ([said] if said else [])


def test_what_aws_does_not_tell_is_no_proof_and_what_is_gone_is_no_excuse() -> None:
    class Aws:
        def get_secret(self) -> None:
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "GetSecret")

        def get_trail(self) -> None:
            raise ClientError({"Error": {"Code": "TrailNotFoundException"}}, "GetTrail")

        def get_broken(self) -> None:
            raise KeyError("a bug")

    about: dict[str, Any] = {"layer": "governance", "control": "c", "find": "a", "equals": 1}
    run = Run(Deployment("https://x/chat", "k", client=lambda _: Aws()), [])
    with pytest.raises(CannotAskError, match="AccessDenied"):
        run.judge(Evidence(name="e", call="a.get_secret", **about))
    (problem,) = run.judge(Evidence(name="e", call="a.get_trail", **about))
    assert "TrailNotFoundException" in problem
    with pytest.raises(KeyError):
        run.judge(Evidence(name="e", call="a.get_broken", **about))


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("ResourceNotFoundException", ["1 of 1 requests have no record"]),
        ("AccessDeniedException", "the log of waf: An error occurred (AccessDenied"),
    ],
)
def test_a_log_that_is_gone_is_a_failure_and_one_that_is_closed_to_us_is_not(
    code: str, said: str | list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: object, **__: object) -> None:
        raise ClientError({"Error": {"Code": code, "Message": "no"}}, "FilterLogEvents")

    monkeypatch.setattr(FakeLogs, "paginate", refuses)
    evidence = Evidence(layer="edge", control="c", name="e", log="waf", complete=True)
    if isinstance(said, list):
        assert _judged(evidence, 200, ANSWER, PASSING) == said
    else:
        with pytest.raises(CannotAskError, match=re.escape(said)):
            _judged(evidence, 200, ANSWER, PASSING)


@pytest.mark.parametrize(
    "proof",
    [
        Evidence(layer="a", control="c", name="e", log="trail", complete=True),
        Evidence(layer="a", control="c", name="e", log="trail", lacks=("key",)),
        Evidence(
            layer="a",
            control="c",
            name="e",
            call="s3.get_bucket_versioning",
            parameters={"Bucket": "{bucket}"},
            find="Status",
            equals="Enabled",
        ),
        Question(
            layer="a", control="c", name="q", actions=("a:B",), resource="{trail_arn}", allowed=True
        ),
    ],
    ids=["complete", "lacks", "call", "question"],
)
def test_what_another_environment_of_the_account_owns_is_left_to_its_proofs(proof: Proof) -> None:
    deployment = FakeDeployment(Answer(200, HEADERS | IDS, b"{}"), PASSING)
    groups = {"log_groups": {log: log for log in ("waf", "api", "function")} | {"trail": None}}
    deployment.outputs = GROUPS | groups
    run = Run(deployment, [proof], origin=ORIGIN)
    run.make()
    with pytest.raises(CannotAskError, match="this environment does not manage"):
        run.judge(proof)


def test_a_person_is_told_what_was_left_out_and_what_could_not_be_read(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    evidence = Evidence(layer="edge", control="c", name="e", call="a.b", find="x", equals=1)
    proofs = (_request(key="none", method="OPTIONS"), evidence, _request(key="disabled"))
    control = Control("edge", "c", "", "", "", "", proofs)
    monkeypatch.setattr("toolkit.proofs.data.load", lambda: (control,))
    monkeypatch.setattr(Deployment, "ask", lambda *_: (Answer(204, HEADERS | IDS, b""),))

    def refuses(*_: object) -> None:
        raise CannotAskError("you may not look")

    monkeypatch.setattr(Run, "_judge_evidence", refuses)
    monkeypatch.setattr(
        smoke_test,
        "deployment",
        lambda _: FakeDeployment(Answer(0, {}, b""), {}),
    )
    assert smoke_test.main(["--full", "--url", "https://x/chat", "--api-key", "k"]) == 1
    said = capsys.readouterr().out
    assert "2 proofs with 1 request" in said
    assert "1 is not asked here: it needs an API key made for it" in said
    assert "SKIP  edge/c/e\n      you may not look" in said
    assert "1 could not be judged" in said


def test_a_whole_smoke_test_tells_what_fails_without_evidence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = Answer(200, HEADERS | IDS, json.dumps(ANSWER).encode())
    monkeypatch.setattr(Deployment, "ask", lambda *_: (answer,))
    argv = ["--full", "--json", "--url", "https://chat.example/v1/chat", "--api-key", "k"]
    assert smoke_test.main(argv) == 1
    report = json.loads(capsys.readouterr().out)
    statuses = {check["name"]: check["status"] for check in report["checks"]}
    assert "credentials" in report["evidence_not_read"]
    assert statuses["api/api-key/a client's key"] == "pass"
    assert statuses["api/api-key/no key"] == "fail"
    assert statuses["api/api-key/a key that is disabled"] == "skip"
