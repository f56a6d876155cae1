"""`make logs`, `make trace` and `make query`, on requests of a real rehearsal."""

import contextlib
import json
import time

import pytest

from toolkit import logview
from toolkit.errors import ToolkitError
from toolkit.proofs import targets
from toolkit.proofs.client import Answer
from toolkit.proofs.deployment import Deployment
from toolkit.proofs.kinds import Request
from toolkit.rehearsal import Rehearsal
from toolkit.trace import trace

WORDED = "Is ChatGPT better, and why?"


@pytest.fixture(scope="module")
def deployment(dev: Rehearsal) -> Deployment:
    return targets.rehearsal(dev)


@pytest.fixture(scope="module")
def answer(deployment: Deployment) -> Answer:
    asked = Request(layer="edge", control="logs", name="asked", message=WORDED)
    answered = deployment.http.send(asked, deployment.api_key, deployment.http.address())
    deadline = time.monotonic() + 20  # the trail's records come last
    seen, lines = [""], [" trail 0"]
    while seen != lines or any(" trail 0" in line for line in lines):
        assert time.monotonic() < deadline
        time.sleep(0.5)
        seen = lines
        with contextlib.suppress(ToolkitError):
            lines = trace(deployment, answered.request_id, hours=1).lines()
    return answered


def test_a_request_is_traced_by_either_of_its_ids(deployment: Deployment, answer: Answer) -> None:
    lines = trace(deployment, answer.extended_id, hours=1).lines()
    assert len(lines) <= 10
    assert any("guardrail   stopped" in line and "word ChatGPT blocked" in line for line in lines)
    assert trace(deployment, answer.request_id, hours=1).lines() == lines
    with pytest.raises(ToolkitError, match="knows 00000000-none"):
        trace(deployment, "00000000-none", hours=1)


def test_its_records_are_a_line_each_and_without_its_text(
    deployment: Deployment, answer: Answer, capsys: pytest.CaptureFixture[str]
) -> None:
    logview.show(deployment, request_id=answer.request_id, hours=1)
    said = capsys.readouterr().out
    logs = [line.split()[1] for line in said.splitlines()]
    assert {"waf", "api", "function", "invocations"} <= set(logs)
    assert "why" not in said
    logview.show(deployment, log="invocations", request_id=answer.request_id, hours=1, raw=True)
    assert json.loads(capsys.readouterr().out)["operation"] == "Converse"


def test_a_query_is_a_table_and_a_wrong_one_is_refused(
    deployment: Deployment, answer: Answer
) -> None:
    text = f"filter request_id = '{answer.request_id}' | fields status, stop_reason"
    rows = list(logview.query(deployment, text, log="function", hours=1))
    assert [row.split() for row in rows] == [
        ["status", "stop_reason"],
        ["200", "guardrail_intervened"],
    ]
    assert list(logview.query(deployment, "filter status = 9", log="function", hours=1)) == [
        "No event matches."
    ]
    with pytest.raises(ToolkitError, match="refused"):
        list(logview.query(deployment, "nonsense here", log="function", hours=1))


def test_mails_are_shown_as_a_log(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    sns = deployment.aws("sns")
    topic = sns.create_topic(Name="drill")["TopicArn"]
    sns.publish(TopicArn=topic, Subject="A drill", Message="Nothing has happened.")
    sns.delete_topic(TopicArn=topic)
    logview.show(deployment, log="mails", hours=1)
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.endswith(" mails       drill to nobody A drill Nothing has happened.")
