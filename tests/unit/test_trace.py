"""One request's way, read from records as the logs of a rehearsal and of AWS have them."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from toolkit import logview
from toolkit.errors import ToolkitError
from toolkit.proofs.deployment import Deployment
from toolkit.trace import Trace, trace

ID, EXTENDED, CALL = "19d1ee48-be61-48ce", "FLe77pHOzgVw0/A=", "275b2118-c8fd"
MODEL = "arn:aws:bedrock:us-east-2:1:inference-profile/us.anthropic.claude-haiku-4-5-20251001-v1:0"
WAF = {
    "timestamp": 1795808584364,
    "action": "ALLOW",
    "terminatingRuleId": "Default_Action",
    "requestBodySize": 33,
    "requestBodySizeInspectedByWAF": 33,
    "httpRequest": {"clientIp": "192.0.2.1", "requestId": EXTENDED},
}
ACCESS = {
    "requestId": ID,
    "extendedRequestId": EXTENDED,
    "status": "200",
    "errorType": "-",
    "apiKeyId": "k1",
    "responseLatency": "42",
}
CHAT = {
    "message": "chat",
    "request_id": ID,
    "status": 200,
    "blocked": False,
    "stop_reason": "end_turn",
    "guardrail": [],
    "attempts": 1,
    "duration_ms": 32,
}
CONVERSE: dict[str, Any] = {
    "requestId": CALL,
    "modelId": MODEL,
    "input": {"inputTokenCount": 30, "inputBodyJson": {"messages": "the secret question"}},
    "output": {"outputTokenCount": 37, "outputBodyJson": {"stopReason": "end_turn"}},
    "requestMetadata": {"request_id": ID},
}
QUOTA = {"limit": 500, "period": "MONTH"}
TRAIL = {"eventName": "Converse", "requestID": CALL}
REFUSED = WAF | {
    "action": "BLOCK",
    "responseCodeSent": 403,
    "terminatingRuleId": "sql-injection",
    "labels": [{"name": "awswaf:managed:aws:sql-database:SQLi_Body"}],
    "terminatingRuleMatchDetails": [
        {"conditionType": "SQL_INJECTION", "location": "BODY", "matchedData": ["x'", "UNION"]}
    ],
    "ruleGroupList": [{"terminatingRule": {"ruleId": "SQLi_BODY", "action": "BLOCK"}}],
}


class MissingError(Exception):
    pass


def deployment(**logs: Any) -> Deployment:
    """Return a deployment whose logs hold these records, and whose key has 7 requests left now."""
    groups = {log: log for log in ("waf", "api", "function", "invocations", "trail")}

    def pages(logGroupName: str, filterPattern: str = '""', **_: Any) -> Any:  # noqa: N803 - AWS's
        ids = json.loads("[" + ",".join(filterPattern.replace("?", "").split()) + "]")
        lines = [json.dumps(one) for one in logs.get(logGroupName, [])]
        events = [
            {"timestamp": place, "eventId": f"{logGroupName}{place}", "message": line}
            for place, line in enumerate(lines)
            if any(one in line for one in ids)
        ]
        return [{"events": events}]

    usage = {"items": {"k1": [[3, 9], [2, 7]]}}
    plan = {"name": "basic", "throttle": {"rateLimit": 10.0, "burstLimit": 5}, "quota": QUOTA}
    errors = SimpleNamespace(ResourceNotFoundException=MissingError, ClientError=MissingError)
    client = SimpleNamespace(
        get_paginator=lambda _: SimpleNamespace(paginate=pages),
        get_usage=lambda **given: {"of web": usage}[given["usagePlanId"]],
        get_usage_plan=lambda **given: {"of web": plan}[given["usagePlanId"]],
        exceptions=errors,
    )
    clients = {"web": {"api_key_ids": ["k0", "k1"], "usage_plan_id": "of web"}}
    outputs = {"log_groups": groups, "usage_plan_id": "p", "clients": clients}
    return Deployment("http://127.0.0.1/chat", "", client=lambda _: client, outputs=outputs)


def answered(**changed: Any) -> Trace:
    logs = {
        "waf": [WAF],
        "api": [ACCESS],
        "function": [CHAT],
        "invocations": [CONVERSE],
        "trail": [TRAIL],
    }
    return trace(deployment(**logs | changed), ID)


def verdicts(found: Trace) -> list[str]:
    return [f"{step.place} {step.verdict}" for step in found.steps]


def test_an_answered_request_is_shown_in_ten_lines_without_its_text() -> None:
    lines = answered().lines()
    assert len(lines) <= 10
    assert lines[0] == f"2026-11-27 19:43:04 UTC  web  200  42 ms  {ID}"
    text = "\n".join(lines)
    assert "7 requests left now" in text
    facts = answered().steps[1].facts
    assert facts["plan"] == "basic"
    assert facts["rate"] == "10 a second, burst 5; no API of AWS tells how much of it is left"
    assert facts["quota"] == "500 a month"
    assert "30 in, 37 out tokens, $0.000237" in text
    assert "waf 1, api 1, function 1, invocations 1, trail 1" in text
    assert "secret" not in text
    assert answered().stopped_by is None


def test_either_id_finds_it() -> None:
    every = deployment(waf=[WAF], api=[ACCESS], function=[CHAT])
    assert trace(every, ID) == trace(every, EXTENDED)


def test_a_rule_of_the_edge_is_reported_with_its_labels_and_what_matched() -> None:
    found = trace(deployment(waf=[REFUSED]), EXTENDED)
    assert found.status == 403
    assert verdicts(found)[:3] == ["edge stopped", "api not reached", "compute not reached"]
    stopped = found.stopped_by
    assert stopped
    assert stopped.what == (
        "rule sql-injection (SQLi_BODY), matched SQL_INJECTION in BODY: x' UNION,"
        " labels sql-database:SQLi_Body"
    )


@pytest.mark.parametrize(
    ("changed", "place", "verdict", "what"),
    [
        ({"api": [ACCESS | {"status": "429", "errorType": "THROTTLED"}], "function": []}, "api",
         "stopped", "too many requests a second (THROTTLED), 7 requests left now"),
        ({"function": [CHAT | {"stop_reason": "screened", "screened": "override"}]}, "compute",
         "stopped", "screening: override"),
        ({"function": [CHAT | {"status": 429, "code": "model_throttled", "attempts": 3}]},
         "compute", "failed", "model_throttled, 3 attempts"),
        ({"function": [CHAT | {"screened": "override"}]}, "compute", "counted", "override"),
        ({"function": [CHAT | {"leaked": True, "blocked": True}]}, "compute", "stopped",
         "recites the system prompt"),
        ({"waf": []}, "edge", "no record", "log of waf: the log has no record of it, or not yet"),
    ],
)  # fmt: skip
def test_each_layer_says_what_it_did(
    changed: dict[str, Any], place: str, verdict: str, what: str
) -> None:
    step = next(one for one in answered(**changed).steps if one.place == place)
    assert step.verdict == verdict
    assert what in step.what


def test_the_guardrail_is_reported_on_both_sides_and_personal_data_by_its_kind() -> None:
    word = {"wordPolicy": {"customWords": [{"match": "Gemini", "action": "BLOCKED"}]}}
    masked = {
        "sensitiveInformationPolicy": {
            "piiEntities": [{"type": "IP_ADDRESS", "match": "192.0.2.7", "action": "ANONYMIZED"}]
        }
    }
    asked = {"trace": {"guardrail": {"inputAssessment": {"g": word}}}}
    said = {"trace": {"guardrail": {"outputAssessments": {"g": [masked]}}}}

    def of(body: Any) -> list[str]:
        output = {"outputTokenCount": 0, "outputBodyJson": body}
        found = answered(invocations=[CONVERSE | {"output": output}])
        return [str(step) for step in found.steps if step.place in {"guardrail", "model"}]

    assert of(asked) == [
        "guardrail   stopped      question: word Gemini blocked",
        "model       not reached",
    ]
    assert of(said)[2] == "guardrail   changed      answer: IP_ADDRESS anonymized"


def test_without_an_invocation_log_the_functions_record_tells_of_the_guardrail() -> None:
    blocked = CHAT | {"guardrail": ["input.topicPolicy.BLOCKED"]}
    assert "guardrail stopped" in verdicts(answered(function=[blocked], invocations=[]))


@pytest.mark.parametrize(("request_id", "why"), [("x'; rm", "no request id"), ("a" * 9, "knows")])
def test_what_no_log_knows_is_said(request_id: str, why: str) -> None:
    with pytest.raises(ToolkitError, match=why):
        trace(deployment(), request_id)


def test_logs_are_a_line_an_event_in_order_and_of_one_request_if_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    every = deployment(
        waf=[REFUSED, WAF], api=[ACCESS], function=[CHAT], invocations=[CONVERSE], trail=[TRAIL]
    )
    logview.show(every, hours=1)
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 6
    assert said[0] == f"00:00:00 waf         BLOCK sql-injection 192.0.2.1 33 bytes {EXTENDED}"
    assert said[1] == f"00:00:00 api         200 42 ms key k1 {ID}"
    assert not [line for line in said if "secret" in line or "\033" in line]
    logview.show(every, log="api", request_id=ID, hours=1, raw=True)
    assert json.loads(capsys.readouterr().out) == ACCESS
    for wrong, why in (("1234-another", "No event"), ('"', "no request id")):
        with pytest.raises(ToolkitError, match=why):
            logview.show(every, request_id=wrong, hours=1)
    assert capsys.readouterr().out == ""
    with pytest.raises(ToolkitError, match="GROUP=nothing"):
        logview.show(every, log="nothing", hours=1)


def test_what_an_attacker_sent_acts_on_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    sent = "x' \x1b[2J\n\u202eUNION"
    match = {"conditionType": "SQL_INJECTION", "location": "BODY", "matchedData": [sent]}
    waf = REFUSED | {"terminatingRuleId": sent, "terminatingRuleMatchDetails": [match]}
    every = deployment(waf=[waf])
    logview.show(every, hours=1)
    shown = capsys.readouterr().out + "\n".join(trace(every, EXTENDED).lines())
    assert "\ufffd[2J \ufffdUNION" in shown
    assert all(one.isprintable() for one in shown.replace("\n", ""))
    assert shown.count("\n") == 7  # one event, and seven lines of its trace


@pytest.mark.parametrize("text", ["-1", "0", "nan", "inf", "1e400", "soon", ""])
def test_hours_are_a_number_of_hours(text: str) -> None:
    assert logview.hours("0.5") == 0.5
    with pytest.raises(ValueError, match=r".*"):
        logview.hours(text)


@pytest.mark.parametrize(
    ("rows", "lines"),
    [
        ([], ["No event matches."]),
        ([["@ptr"]], ["No event has a field that the query names."]),
        ([["@ptr", "a"], ["@ptr", "b"]], ["a  b", "1", "   1"]),
    ],
)
def test_a_query_is_a_table_of_the_fields_that_there_are(
    rows: list[list[str]], lines: list[str]
) -> None:
    results = [[{"field": name, "value": "1"} for name in row] for row in rows]
    client = SimpleNamespace(
        start_query=lambda **_: {"queryId": "q"},
        get_query_results=lambda **_: {"status": "Complete", "results": results},
        exceptions=SimpleNamespace(ClientError=MissingError),
    )
    outputs = {"log_groups": {"api": "api"}}
    local = "http://127.0.0.1/chat"
    asked = Deployment(local, "", client=lambda _: client, outputs=outputs, endpoint=local)
    assert list(logview.query(asked, "fields a, b", hours=1)) == lines
    with pytest.raises(ToolkitError, match="no query"):
        list(logview.query(asked, " ", hours=1))
    with pytest.raises(ToolkitError, match="mails holds no events"):
        list(logview.query(asked, "fields a", log="mails", hours=1))
