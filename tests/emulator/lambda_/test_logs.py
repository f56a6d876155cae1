"""A function's log: Lambda's own records, levels, and the role's permission."""

import base64
import importlib.util
import io
import json
import marshal
import re
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from emulator.lambda_ import LambdaRuntime
from tests.emulator.fake_account import ACCOUNT, REGION, FakeRoles
from tests.emulator.lambda_.running import OneFunction, call, payload, run_on


def test_log_has_lambdas_records_around_the_functions_lines(
    account: OneFunction, functions: LambdaRuntime
) -> None:
    invocation = call(functions, do="print")
    kinds = [x["type"] if isinstance(x, dict) else x for x in account.messages()]
    assert kinds == [
        *("platform.initStart", "platform.start", "one", "two", "no end", "platform.report")
    ]
    group, stream, _ = account.logged[0]
    assert group == "/aws/lambda/fn"
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[1\][0-9a-f]{32}", stream)
    report = account.messages()[-1]["record"]
    assert (report["requestId"], report["status"]) == (invocation.request_id, "success")
    assert report["metrics"]["memorySizeMB"] == 256
    assert report["metrics"]["initDurationMs"] > 0
    assert b"no end" in base64.b64decode(invocation.log_tail)
    call(functions)
    assert "initDurationMs" not in account.messages()[-1]["record"]["metrics"]


NOW = "2026-11-27T12:00:00Z"
LINES = [
    *({"level": level, "timestamp": NOW} for level in ("TRACE", "debug", "INFO", "WARN", "ERROR")),
    *({"level": level, "timestamp": NOW} for level in ("FATAL", "WARNING", "CRITICAL")),
    {"level": "ERROR"},  # without a timestamp, INFO
    {"level": "ERROR", "timestamp": "yesterday"},
    {"level": "LOUD", "timestamp": NOW},
    {"log_level": "ERROR", "timestamp": NOW},
    {"_aws": {}, "Requests": 1},  # metrics: the same
]
KEPT = {"TRACE": 13, "DEBUG": 12, "INFO": 11, "WARN": 5, "ERROR": 3, "FATAL": 2}


@pytest.mark.parametrize("level", KEPT)
def test_lines_below_the_application_log_level_are_dropped(level: str) -> None:
    logging = {"LogFormat": "JSON", "ApplicationLogLevel": level}
    account = OneFunction(LoggingConfig=logging | {"SystemLogLevel": "WARN"})
    functions = run_on(account)
    invocation = call(functions, do="log", lines=[*map(json.dumps, LINES), "no JSON"])
    functions.close()
    least = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL").index(level)
    plain: list[Any] = ["no JSON"] if least <= 2 else []
    assert len(account.messages()) == KEPT[level] + len(plain)
    assert account.messages()[-1:] == (plain or [LINES[7]])
    assert len(base64.b64decode(invocation.log_tail).splitlines()) == len(account.messages())


def logged(lines: list[str], **logging: str) -> list[Any]:
    """Return what a function's log holds after it has printed lines."""
    account = OneFunction(LoggingConfig=logging)
    functions = run_on(account)
    call(functions, do="log", lines=lines)
    functions.close()
    return account.messages()


def test_text_logs_have_no_levels_and_the_older_lines() -> None:
    messages = logged(['{"level": "TRACE"}'], LogFormat="Text", ApplicationLogLevel="FATAL")
    words = [line if isinstance(line, dict) else str(line).split()[0] for line in messages]
    assert words == ["INIT_START", "START", {"level": "TRACE"}, "END", "REPORT"]


@pytest.mark.parametrize(
    ("level", "kinds"),
    [
        ("DEBUG", ["initStart", "initReport", "start", "report"]),
        ("INFO", ["initStart", "start", "report"]),
        ("WARN", []),
    ],
)
def test_lambdas_own_records_have_a_level_of_their_own(level: str, kinds: list[str]) -> None:
    logging = {"LogFormat": "JSON", "ApplicationLogLevel": "FATAL", "SystemLogLevel": level}
    account = OneFunction(LoggingConfig=logging)
    functions = run_on(account)
    call(functions, do="log", lines=[])
    assert [one["type"] for one in account.messages()] == [f"platform.{kind}" for kind in kinds]
    call(functions, do="exit", status=1)
    functions.close()
    assert account.messages()[-1]["record"]["status"] == "failure"  # a WARN record


def test_bytecode_of_the_zip_is_used_and_none_is_written() -> None:
    """`/var/task` cannot be written on AWS."""
    buffer = io.BytesIO()
    source = "def handler(event, context): import other; return __cached__"
    unchecked = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little") + bytes(8)
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("app.py", "raise RuntimeError('compiled')")
        code = unchecked + marshal.dumps(compile(source, "app", "exec"))
        archive.writestr(f"__pycache__/app.{sys.implementation.cache_tag}.pyc", code)
        archive.writestr("other.py", "")
    account = OneFunction()
    account.versions["1"] = buffer.getvalue()
    functions = run_on(account)
    cached = Path(payload(call(functions)))
    assert [path.name for path in cached.parent.iterdir()] == [cached.name]
    functions.close()


def test_nothing_is_logged_without_the_roles_permission(account: OneFunction) -> None:
    roles = FakeRoles()
    roles.allowed = False
    functions = run_on(account, roles)
    call(functions)
    assert (account.logged, account.groups) == ([], [])
    streams = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/fn:log-stream:*"
    assert roles.asked[:2] == [("logs:CreateLogStream", streams), ("logs:PutLogEvents", streams)]
    roles.allowed = True
    account.written()
    call(functions)
    assert account.logged
    assert set(account.groups) == {"/aws/lambda/fn"}  # Lambda makes it where the role may
    functions.close()
