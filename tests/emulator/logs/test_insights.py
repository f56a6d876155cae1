"""Logs Insights evaluates what it is asked, and refuses what it does not know."""

import json
import time
from typing import Any

import pytest

from emulator.logs.insights import Event, QueryError, run
from tests.emulator.conftest import ACCOUNT, REGION, Aws
from tests.emulator.shown import refusal, shows, unique

MOMENT = 1_795_000_000_000  # 2026-11-18 11:06:40
LINES: list[Any] = [
    {"status": 200, "user": "a", "ms": 100, "tags": ["x", "y"], "at": {"ip": "1.1.1.1"}},
    {"status": "502", "user": "b", "ms": 300, "code": "model_error"},
    {"status": 502, "user": "a", "ms": 200, "code": "model_error", "blocked": True},
    {"status": 403, "user": "c", "note": 'rule "x"'},
    "plain text with id=42 and ERROR",
]


def events(lines: list[Any]) -> list[Event]:
    return [
        Event(
            log="1:g",
            stream="s",
            pointer=str(at),
            timestamp=MOMENT + at * 60_000,
            ingested=MOMENT + at * 60_000 + 5,
            message=line if isinstance(line, str) else json.dumps(line),
        )
        for at, line in enumerate(lines)
    ]


def rows(query: str, lines: list[Any] = LINES, **options: Any) -> list[dict[str, str]]:
    result = run(query, events(lines), **options)
    return [{name: value for name, value in row if name != "@ptr"} for row in result.rows]


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("status = 502", "2 1"),
        ("status >= 500", "2 1"),
        ("status >= 400 and status < 500", "3"),
        ("status != 200", "3 2 1"),  # nothing is claimed of a line without a status
        ('code = "model_error" and user = "a"', "2"),
        ('user = "a" or user = "c"', "3 2 0"),
        ('not user = "a"', "4 3 1"),
        ('(user = "a" or user = "b") and status > 200', "2 1"),
        ('user in ["b", "c"]', "3 1"),
        ('user not in ["b", "c"]', "4 2 0"),
        ("status in [200, 403]", "3 0"),
        ("@message like /ERR(OR|S)/", "4"),
        ("@message like /i?d=\\d+/", "4"),
        ('@message like "plain"', "4"),
        ("@message =~ /plain/", "4"),
        ("@message not like /status/", "4"),
        ("ispresent(code)", "2 1"),
        ("not ispresent(code)", "4 3 0"),
        ('tags.1 = "y"', "0"),
        ('at.ip = "1.1.1.1"', "0"),
        ("blocked = 1", "2"),
        ("blocked = true", "2"),
        ("`status` = 200", "0"),
    ],
)
def test_filter(condition: str, found: str) -> None:
    query = f"filter {condition} # a comment\n| fields @timestamp"
    result = run(query, events(LINES))
    assert " ".join(dict(row)["@ptr"] for row in result.rows) == found
    assert (result.matched, result.scanned) == (len(found.split()), len(LINES))


def test_newest_first_with_time_and_message_by_default() -> None:
    found = rows("filter ispresent(status)")
    assert [json.loads(row["@message"])["user"] for row in found] == ["c", "a", "b", "a"]
    assert found[-1]["@timestamp"] == "2026-11-18 11:06:40.000"


def test_fields_add_columns_and_display_replaces_them() -> None:
    assert rows("fields user, ms | fields status as s | limit 2") == [{}, {"user": "c", "s": "403"}]
    assert rows("fields user | display ms | sort ms desc | limit 1") == [{"ms": "300"}]
    assert rows("fields @log, @logStream | limit 1") == [{"@log": "1:g", "@logStream": "s"}]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("stats count(*)", [{"count(*)": "5"}]),
        ("stats count(*) as n, count(code) as c", [{"n": "5", "c": "2"}]),
        ('filter user = "a" | stats sum(ms) as s, avg(ms), min(ms), max(ms) as m',
         [{"s": "300", "avg(ms)": "150", "min(ms)": "100", "m": "200"}]),
        ("stats avg(ms) as m", [{"m": "200"}]),
        ("stats pct(ms, 95) as p, pct(ms, 50) as q", [{"p": "300", "q": "200"}]),
        ("stats count(*) as n by user | sort n desc, user",
         [{"user": "a", "n": "2"}, {"n": "1"}, {"user": "b", "n": "1"}, {"user": "c", "n": "1"}]),
        ("stats count(*) by user, status | sort count(*) desc, user desc | limit 1",
         [{"user": "c", "status": "403", "count(*)": "1"}]),
        (("filter ispresent(user) | stats latest(status) as l, earliest(status) as e by user"
          " | sort user | limit 1"), [{"user": "a", "l": "502", "e": "200"}]),
        ("stats count_distinct(user) as n", [{"n": "3"}]),
        ("stats count(*) as n by bin(2m) | sort n desc, bin(2m) desc | limit 1",
         [{"bin(2m)": "2026-11-18 11:08:00.000", "n": "2"}]),
        ('filter user = "z" | stats count(*) as n', [{"n": "0"}]),
        ('filter user = "z" | stats sum(ms) as s', [{}]),
        ("stats max(user) as m", [{"m": "c"}]),
    ],
)  # fmt: skip
def test_stats(query: str, found: list[dict[str, str]]) -> None:
    assert rows(query) == found


def test_parse_takes_wildcards_and_named_groups() -> None:
    glob = (
        "filter @message like /plain/ | parse @message 'id=* and *' as id, what | fields id, what"
    )
    assert rows(glob) == [{"id": "42", "what": "ERROR"}]
    quoted = 'parse @message \'"note": "*",\' as note | filter ispresent(note) | display note'
    assert rows(quoted, ['{"note": "a", "b": 1}', "{}"]) == [{"note": "a"}]
    assert rows("parse @message /id=(?<id>\\d+)/ | filter id = 42 | display id") == [{"id": "42"}]


def test_sort_limit_and_dedup() -> None:
    found = [row.get("ms") for row in rows("fields ms | sort ms")]
    assert found == [None, None, "100", "200", "300"]
    assert [row["user"] for row in rows("fields user | dedup user | sort user")] == ["a", "b", "c"]
    assert len(rows("fields @message", limit=2)) == 2
    assert len(rows("fields @message | limit 3", limit=2)) == 3


@pytest.mark.parametrize(
    ("query", "symbol"),
    [
        ("nonsense", "nonsense"),
        ("filter", "end of the query"),
        ("filter status ==", "="),
        ("filter status = 1 |", "end of the query"),
        ("filter status = unknown", "unknown"),
        ("fields tolower(user)", "tolower"),
        ("stats stddev(ms)", "stddev"),
        ("stats count(*) by", "end of the query"),
        ("stats count(*) by bin(5)", "5"),
        ("stats count(*) by bin(5x)", "5x"),
        ("limit many", "many"),
        ("filter a = 1 + 2", "+"),
        ("parse @message 'a*b*' as x", "2 wildcards"),
        ("parse @message /no names/", "names"),
        ("filter a like /(/", "invalid pattern"),
        ("pattern @message", "pattern"),
        ("", "end of the query"),
    ],
)
def test_what_is_not_known_is_refused_with_its_place(query: str, symbol: str) -> None:
    with pytest.raises(QueryError) as caught:
        run(query, events(LINES))
    assert symbol in str(caught.value)
    assert 0 <= caught.value.start <= caught.value.end <= len(query)


@shows("logs:StartQuery", "logs:GetQueryResults")
def test_a_query_is_run_on_the_groups_and_the_time_that_it_names(aws: Aws) -> None:
    logs, group = aws("logs"), unique("/insights")
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    now = 1_000 * int(time.time())
    batch = [{"timestamp": now + at, "message": json.dumps({"n": at})} for at in range(3)]
    logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=batch)

    def asked(query: str, **options: Any) -> Any:
        times = {"startTime": now // 1000 - 60, "endTime": now // 1000 + 60}
        where = {"logGroupName": group} if "logGroupNames" not in options else {}
        started = logs.start_query(queryString=query, **times | where | options)
        return logs.get_query_results(queryId=started["queryId"])

    answer = asked("filter n > 0 | stats sum(n) as s")
    assert (answer["status"], answer["results"]) == ("Complete", [[{"field": "s", "value": "3"}]])
    assert answer["statistics"]["recordsMatched"] == 2
    assert answer["statistics"]["recordsScanned"] == 3
    assert len(asked("fields @message", limit=1)["results"]) == 1
    assert asked("fields n", endTime=now // 1000 - 30)["results"] == []
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}"
    times = {"startTime": now // 1000, "endTime": now // 1000, "queryString": "fields n"}
    assert logs.start_query(**times, logGroupIdentifiers=[arn])["queryId"]
    malformed = refusal(logs.start_query, **times | {"queryString": "nonsense"}, logGroupName=group)
    assert malformed == (
        400, "MalformedQueryException", "unexpected symbol found nonsense",
    )  # fmt: skip
    missing = refusal(logs.start_query, **times, logGroupName="none")
    assert missing == (
        400, "ResourceNotFoundException",
        f"Log group 'none' does not exist for account ID '{ACCOUNT}'",
    )  # fmt: skip
    assert refusal(logs.start_query, **times)[1] == "InvalidParameterException"
    late = times | {"startTime": now // 1000 + 1}
    assert refusal(logs.start_query, **late, logGroupName=group)[1] == "InvalidParameterException"
    assert refusal(logs.start_query, **times, logGroupName=group, queryLanguage="SQL")[0] == 501
    assert refusal(logs.get_query_results, queryId="none")[1] == "ResourceNotFoundException"
