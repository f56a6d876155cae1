"""The bridge between a red-team tool and a deployment, without either."""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from toolkit.errors import ToolkitError
from toolkit.proofs.client import Answer, Pace
from toolkit.redteam import report, run, verdicts
from toolkit.redteam.bridge import REFUSAL, Asker, Bridge, QuotaError, Turn, digest
from toolkit.redteam.tools import (
    Garak,
    Lines,
    Probe,
    Promptfoo,
    _garak_families,
    of_proofs,
    read_lines,
)


def answered(
    text: str = "Two to four days.", *, blocked: bool = False, stop: str = "end_turn"
) -> Answer:
    body = {"response": text, "blocked": blocked, "stop_reason": stop}
    return Answer(200, IDS, json.dumps(body).encode())


def refused(status: int, code: str, **headers: str) -> Answer:
    body = {"error": {"code": code, "message": "no"}}
    return Answer(status, IDS | headers, json.dumps(body).encode())


IDS = {"x-amzn-requestid": "r-1", "x-amz-apigw-id": "x-1"}


@dataclass
class Http:
    """A client whose answers are given."""

    answers: list[Answer]
    local: bool = True
    pace: Pace | None = None
    waits: int = 0
    said: list[str | None] = field(default_factory=list)

    def wait(self, *, counts: bool) -> None:
        assert counts
        self.waits += 1

    def address(self) -> str:
        return "127.0.0.2"

    def send(self, request: Any, key: str, address: str, token: str) -> Answer:
        assert (key, address, token) == ("a-key", "127.0.0.2", "a.b.c")
        self.said.append(request.message)
        return self.answers.pop(0)


@dataclass
class FakeDeployment:
    """A deployment as far as the bridge looks at it."""

    http: Http
    api_key: str = "a-key"
    tokens: Any = field(default_factory=lambda: SimpleNamespace(of=lambda _: "a.b.c"))
    applied: dict[str, Any] = field(default_factory=lambda: {"rate_limit": 10, "rate_requests": 50})


def asker(*answers: Answer, slept: list[float] | None = None) -> tuple[Asker, Http]:
    http = Http(list(answers))
    deployment: Any = FakeDeployment(http)
    return Asker(deployment, sleep=([] if slept is None else slept).append), http


def post(bridge: Bridge, document: Any, *, token: str = "", path: str = "/chat/completions") -> Any:
    request = urllib.request.Request(
        bridge.url + path,
        json.dumps(document).encode(),
        {"Authorization": f"Bearer {token or bridge.token}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def ask(prompt: str) -> dict[str, Any]:
    return {"model": "chatbot", "messages": [{"role": "user", "content": prompt}]}


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (answered(), "Two to four days."),
        (answered("[Blocked]", blocked=True, stop="guardrail_intervened"), REFUSAL),
        (refused(403, "prompt_injection"), REFUSAL),
        (refused(400, "invalid_request"), REFUSAL),
        (refused(502, "model_error"), REFUSAL),
    ],
    ids=["answer", "blocked", "edge", "api", "model"],
)
def test_a_tool_gets_the_answer_or_words_of_refusal(answer: Answer, text: str) -> None:
    one, http = asker(answer)
    with Bridge(one) as bridge:
        status, found = post(bridge, ask("Where is it?"))
    assert (status, found["choices"][0]["message"]["content"]) == (200, text)
    assert http.said == ["Where is it?"]
    assert [turn.request_id for turn in one.turns] == ["r-1"]
    assert "Two" not in repr(one.turns)  # answers are not kept


def test_the_last_message_of_a_user_is_asked_and_others_are_refused() -> None:
    one, http = asker(answered(), answered())
    parts = [{"type": "text", "text": "Where"}, {"type": "text", "text": "is it?"}]
    with Bridge(one) as bridge:
        before = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes?"}]
        assert post(bridge, {"messages": [*before, {"role": "user", "content": parts}]})[0] == 200
        bad: list[Any] = [{}, [], {"messages": []}, {"messages": [{"role": "user", "content": 1}]}]
        for wrong in bad:
            assert post(bridge, wrong)[0] == 400
        assert post(bridge, ask("Hi"), token="of-another")[0] == 401
        assert post(bridge, ask("Hi"), path="/embeddings")[0] == 404
    assert http.said == ["Where\nis it?"]


def test_a_throttled_probe_is_asked_again_and_counts_once() -> None:
    slept: list[float] = []
    one, http = asker(
        refused(429, "throttled"),
        refused(429, "rate_limited", **{"retry-after": "7"}),
        refused(503, "model_unavailable"),
        answered(),
        slept=slept,
    )
    assert one.ask("Hi").status == 200
    assert (slept, http.waits) == ([1.5, 7.0, 15.0], 4)
    assert len(one.turns) == 1


def test_what_stays_throttled_ends_as_a_refusal() -> None:
    slept: list[float] = []
    one, _ = asker(*[refused(429, "model_throttled")] * 6, slept=slept)
    assert one.ask("Hi").code == "model_throttled"
    assert len(slept) == 5


def test_a_quota_that_is_used_up_ends_the_run() -> None:
    one, _ = asker(refused(429, "quota_exceeded"), refused(429, "quota_exceeded"))
    with pytest.raises(QuotaError, match="raise it, or wait"):
        one.ask("Hi")
    with Bridge(one) as bridge:
        status, found = post(bridge, ask("Hi"))
        assert (status, found["error"]["code"]) == (402, "not_asked")
        assert "quota" in bridge.problem
        assert post(bridge, ask("Hi"))[0] == 402  # without asking: no answer is left


class Records:
    """Logs that hold what they are given."""

    def __init__(self, **records: Any) -> None:
        self._records = records

    def record(self, log: str, request_id: str) -> Any:
        known_as = {"waf": "x-1", "api": "x-1"}.get(log, "r-1")
        return self._records.get(log) if request_id == known_as else None


BLOCKED = {"status": 200, "blocked": True}


def turn(
    status: int = 200, code: str = "", *, blocked: bool = False, stop: str = "end_turn"
) -> Turn:
    return Turn(digest("Hi"), status, code, blocked, stop, "r-1", "x-1")


@pytest.mark.parametrize(
    ("one", "records", "layer", "what"),
    [
        (turn(403, "prompt_injection"), {"waf": {"action": "BLOCK",
         "terminatingRuleId": "prompt-injection"}}, "edge", "prompt-injection"),
        (turn(400, "invalid_request"), {"waf": {"action": "ALLOW"}, "api": {}}, "none", ""),
        (turn(400, "invalid_request"), {"waf": {"action": "ALLOW"},
         "api": {"errorType": "BAD_REQUEST_BODY"}}, "api", "BAD_REQUEST_BODY"),
        (turn(blocked=True, stop="screened"), {"function": BLOCKED | {"stop_reason": "screened",
         "screened": "override"}}, "compute", "screening: override"),
        (turn(blocked=True, stop="leak"), {"function": BLOCKED | {"leaked": True}}, "compute",
         "prompt leak"),
        (turn(blocked=True, stop="guardrail_intervened"),
         {"function": BLOCKED | {"guardrail": ["input.x.BLOCKED", "output.x.ANONYMIZED"]}},
         "guardrail", "input.x.BLOCKED"),
        (turn(502, "model_error"), {"function": {"status": 502, "code": "model_error"}}, "compute",
         "model_error"),
        (turn(), {"function": {"status": 200, "screened": "override"}}, "model", "end_turn"),
        (turn(), {}, verdicts.NOT_KNOWN, "no record of the function"),
    ],
)  # fmt: skip
def test_the_logs_say_which_layer_stopped_a_probe(
    one: Turn, records: dict[str, Any], layer: str, what: str
) -> None:
    logs: Any = Records(**records)
    (verdict,) = verdicts.judge([one], {digest("Hi"): "greeting"}, logs)
    if layer == "none":  # an access record that is empty proves nothing
        assert verdict.layer == verdicts.NOT_KNOWN
        return
    assert (verdict.family, verdict.layer, verdict.what) == ("greeting", layer, what)
    assert verdict.stopped == (layer not in {"model", verdicts.NOT_KNOWN})


VERDICTS = [
    verdicts.Verdict("dan", "1", "edge", "prompt-injection", "r-1"),
    verdicts.Verdict("dan", "2", "model", "end_turn", "r-2"),
    verdicts.Verdict("encoding", "3", "compute", "screening: override", "r-3"),
]


def test_the_table_counts_by_family_and_layer() -> None:
    lines = report.table(VERDICTS).splitlines()
    assert lines[0].split() == ["family", "probes", "stopped", "edge", "compute", "model"]
    assert lines[1].split() == ["dan", "2", "50.0%", "1", "1"]
    assert lines[-1].split() == ["all", "3", "66.7%", "1", "1", "1"]
    assert report.share([]) == 0


def test_the_reports_for_programs_name_what_came_through(tmp_path: Path) -> None:
    report.write(VERDICTS, tmp_path)
    suite = ET.parse(tmp_path / "junit.xml").getroot()  # noqa: S314 - our own file
    assert (suite.get("tests"), suite.get("failures")) == ("3", "1")
    (failure,) = suite.findall("testcase/failure")
    assert failure.get("message") == "model: end_turn; request r-2"
    assert len(json.loads((tmp_path / "report.json").read_text())["probes"]) == 3


def test_a_file_of_prompts_is_read_and_a_bad_line_named(tmp_path: Path) -> None:
    file = tmp_path / "prompts.jsonl"
    file.write_text(
        '{"prompt": "Hi", "family": "a"}\n{"text": "Ho", "kind": "b"}\n{"prompt": "x"}\n'
    )
    assert read_lines(file) == [Probe("a", "Hi"), Probe("b", "Ho"), Probe("probe", "x")]
    for wrong in ("no", "[]", "{}", '{"prompt": 1}', '{"prompt": ""}'):
        file.write_text(f'{{"prompt": "Hi"}}\n{wrong}\n')
        with pytest.raises(ToolkitError, match=r"prompts\.jsonl:2: each line is a JSON object"):
            read_lines(file)


def test_our_own_proofs_are_a_first_set_of_probes() -> None:
    probes = of_proofs()
    families = {one.family for one in probes}
    assert len(probes) > 60
    assert {"prompt-injection", "screening"} <= families
    assert not {"content-type", "body-size"} & families  # no tool sends headers or spaces of JSON


def test_each_tool_is_configured_for_the_bridge_and_holds_no_token(tmp_path: Path) -> None:
    one, _ = asker()
    with Bridge(one) as bridge:
        probes = [Probe("a", "Say {{ this }}")]
        for config in (Promptfoo(probes).config(bridge), Garak().config(bridge, tmp_path)):
            text = json.dumps(config)
            assert bridge.url in text
            assert bridge.token not in text
        tests: Any = Promptfoo(probes).config(bridge)["tests"]
        assert tests[0]["vars"]["prompt"] == "{% raw %}Say {{ this }}{% endraw %}"
    lines = [
        {"entry_type": "start_run setup"},
        {"entry_type": "attempt", "probe_classname": "dan.Dan_11_0", "prompt": "Hi"},
        {
            "entry_type": "attempt",
            "probe_classname": "encoding.InjectBase64",
            "prompt": {"turns": [{"role": "user", "content": {"text": "Ho"}}]},
        },
    ]
    found = tmp_path / "garak.report.jsonl"
    found.write_text("\n".join(map(json.dumps, lines)))
    assert dict(_garak_families(found)) == {
        digest("Hi"): "dan.Dan_11_0",
        digest("Ho"): "encoding.InjectBase64",
    }


class Journal(Records):
    """Logs of a whole run."""

    def __init__(self) -> None:
        super().__init__(
            waf={"action": "BLOCK", "terminatingRuleId": "prompt-injection"}, function=None
        )
        self.unread = {"trail": "this environment does not manage it"}

    def read(self, wanted: Any) -> None:
        assert wanted["waf"]


@pytest.mark.parametrize(("fail_under", "code"), [(0, 0), (100, 0), (100.5, 1)])
def test_a_run_reports_and_fails_below_its_mark(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    fail_under: float,
    code: int,
) -> None:
    monkeypatch.setattr("toolkit.proofs.readers.read", lambda _: {"rate_limit": 10})
    monkeypatch.setattr(run, "Logs", lambda _: Journal())
    deployment: Any = FakeDeployment(Http([refused(403, "prompt_injection")] * 2))
    deployment.rehearsal = True
    tool = Lines([Probe("a", "Hi"), Probe("b", "Ho")])
    assert run.run(deployment, tool, tmp_path / "out", fail_under=fail_under) == code
    said = capsys.readouterr().out
    assert "100.0%" in said
    assert "not what a real model would say" in said
    assert "The log of trail could not be read" in said
    with pytest.raises(ToolkitError, match="none came"):
        run.run(deployment, Lines([]), tmp_path / "none")
