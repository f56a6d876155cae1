"""Which proofs are asked of what, and why the others are not."""

import io
import json
from functools import partial
from typing import Any, ClassVar

import pytest

from tests.unit.fake_aws import OUTPUTS, FakeDeployment
from toolkit.proofs.applied import Applied
from toolkit.proofs.client import Answer
from toolkit.proofs.deployment import Deployment
from toolkit.proofs.kinds import Call, Evidence, Proof, Question, Rehearsed, Request
from toolkit.proofs.run import Run

ask = partial(Request, layer="edge", control="c", name="n", message="Where is my order?")


def test_without_credentials_only_requests_are_asked_and_the_rest_says_why() -> None:
    proofs: list[Proof] = [
        ask(name="a"),
        ask(name="b", via="invoke"),
        ask(name="c", rehearsed=Rehearsed(error={"error": "ThrottlingException"})),
        ask(name="d", rehearsed=Rehearsed(key="disabled")),
        Evidence(layer="edge", control="c", name="e", log="waf", complete=True),
    ]
    run = Run(Deployment("https://chat.example/v1/chat", "k"), proofs)
    assert [run.cases[proof.id][0].skip for proof in proofs] == [
        "",
        "it needs AWS credentials: name the environment with --env",
        "a real model does not fail at will",
        "it needs an API key made for it",
        "it needs AWS credentials: name the environment with --env",
    ]


def test_of_aws_everything_is_asked_but_what_needs_a_rehearsal() -> None:
    about: dict[str, Any] = {"layer": "compute", "control": "c"}
    proofs: list[Proof] = [
        ask(name="a"),
        ask(name="b", via="invoke"),
        Question(name="q", actions=("s3:GetObject",), allowed=True, **about),
        Evidence(name="e", log="waf", complete=True, **about),
        Call(name="c", call="s3.list_buckets", refused=True, **about),
        ask(name="d", rehearsed=Rehearsed(without="function")),
    ]
    deployment = FakeDeployment(Answer(200, {}, b""), {})
    deployment.endpoint = ""
    run = Run(deployment, proofs)
    assert [run.cases[proof.id][0].skip for proof in proofs] == [
        *[""] * 4,
        "a real function lends its credentials to nobody",
        "a real layer is not detached for a proof",
    ]


def test_a_quota_that_does_not_cover_all_leaves_out_the_rest() -> None:
    deployment = FakeDeployment(Answer(200, {}, b"{}"), {})
    deployment.endpoint = ""
    proofs = [ask(name=str(number)) for number in range(100)]
    run = Run(deployment, proofs)
    skipped = [run.cases[proof.id][0].skip for proof in proofs]
    assert skipped.count("") == 90 - 5  # and what the wait may take
    assert skipped[-1] == "the quota of 90 a day does not cover it"


def test_a_direct_invocation_names_the_version_and_so_uses_up_no_clients_quota() -> None:
    class Function:
        invoked: ClassVar[list[tuple[str, str]]] = []

        def invoke(self, FunctionName: str, Qualifier: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - boto3's names
            self.invoked.append((FunctionName, Qualifier))
            answer = {"statusCode": 200, "headers": {}, "body": Payload.decode()}
            payload = io.BytesIO(json.dumps(answer).encode())
            return {"Payload": payload, "ResponseMetadata": {"RequestId": "r"}}

    deployment = Deployment("https://x/chat", "k", client=lambda _: Function(), outputs=OUTPUTS)
    deployment.applied = Applied({"function_name": "chatbot-a", "function_version": "7"})
    (answer,) = deployment.ask(ask(via="invoke"))
    assert Function.invoked == [("chatbot-a", "7")]
    assert (answer.status, answer.request_id) == (200, "r")


@pytest.mark.parametrize("name", ["alarms", "watched_trail_log_group"])
def test_alarms_that_an_environment_leaves_to_others_are_not_asked_for(name: str) -> None:
    proof = Evidence(
        layer="a", control="c", name="alarms", call="cloudwatch.describe_alarms",
        parameters={"AlarmNamePrefix": f"{{{name}}}"}, find="MetricAlarms", equals=[],
    )  # fmt: skip
    without = {"alarm_name_prefix": None, "watched_trail_log_group_name": None}
    answer = Answer(200, {}, b"{}")
    run = Run(FakeDeployment(answer, {}, outputs=OUTPUTS | without), [proof])
    run.make()
    verdict = run.judge(proof)
    assert verdict.status == "skip"
    assert verdict.detail == "this environment has no such alarms: monitoring.alarms"
