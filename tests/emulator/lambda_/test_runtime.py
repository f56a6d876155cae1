"""Functions run in real worker processes, from zips made here."""

import base64
import hashlib
import importlib.util
import io
import json
import marshal
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator.lambda_ import Invocation, LambdaRuntime
from emulator.lambda_.functions import may_invoke
from tests.emulator.fake_cloud import ACCOUNT, REGION, FakeCloud, FakeRoles

ROOT = Path(__file__).parents[3]
ARN = "arn:aws:lambda:us-east-2:123456789012:function:fn"

CODE = """
import os, socket, subprocess, sys, time

def handler(event, context):
    match event.get("do"):
        case "sleep":
            print("asleep")
            time.sleep(event["seconds"])
        case "child":
            child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
            return {"pid": os.getpid(), "child": child.pid}
        case "exit":
            os._exit(event["status"])
        case "raise":
            raise ValueError("on purpose")
        case "big":
            return "x" * 6_300_000
        case "print":
            print("one\\ntwo", flush=True)
            print("no end", end="")
        case "log":
            print("\\n".join(event["lines"]))
        case "garble":
            host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
            for line in (b"GARBAGE", b"POST / HTTP/1.1\\r\\nContent-Length: x", b"\\xff \\xff"):
                with socket.create_connection((host, int(port))) as connection:
                    connection.sendall(line + b"\\r\\n\\r\\n")
                    connection.recv(1)
            return "fine"
        case "environment":
            return dict(os.environ)
        case "import":
            return __import__(event["module"]).__name__
    return {
        "pid": os.getpid(),
        "arn": context.invoked_function_arn,
        "request_id": context.aws_request_id,
        "remaining": context.get_remaining_time_in_millis(),
        "trace": os.environ.get("_X_AMZN_TRACE_ID"),
        "event": event,
    }
"""


def make_zip(code: str) -> bytes:
    """Zip one module, `app.py`."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("app.py", textwrap.dedent(code))
    return buffer.getvalue()


class OneFunction(FakeCloud):
    """An account with one function and its versions."""

    def __init__(self, code: str = CODE, **config: Any) -> None:
        super().__init__()
        self.versions: dict[str, bytes] = {"1": make_zip(code)}
        self.aliases = {"live": "1"}
        self.config = {"Timeout": 5, **config}
        self.reserved: int | None = None
        self.groups: list[str] = []
        self.policy: list[dict[str, Any]] = []

    def client(self, service: str) -> Any:
        assert service in {"lambda", "logs", "sts"}
        return self

    exceptions = SimpleNamespace(ResourceAlreadyExistsException=KeyError)

    def create_log_group(self, **group: str) -> None:
        self.groups.append(group["logGroupName"])

    def code(self, _cloud: Any, _name: str, version: str) -> bytes:
        return self.versions[version]

    def get_function_configuration(self, FunctionName: str, Qualifier: str = "1") -> Any:  # noqa: N803  # boto3's names
        version = self.aliases.get(Qualifier, Qualifier)
        if FunctionName != "fn" or version not in self.versions:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "Get")
        digest = hashlib.sha256(self.versions[version]).digest()
        return {
            "CodeSha256": base64.b64encode(digest).decode(),
            "Environment": {"Variables": {"GREETING": "hello"}},
            "Handler": "app.handler",
            "LoggingConfig": {"LogFormat": "JSON", "LogGroup": "/aws/lambda/fn"},
            "MemorySize": 256,
            "Role": "arn:aws:iam::123456789012:role/fn-execution",
            "Runtime": "python3.12",
            "Version": version,
            **self.config,
        }

    def get_function_concurrency(self, FunctionName: str) -> Any:  # noqa: ARG002, N803  # boto3's names
        return {} if self.reserved is None else {"ReservedConcurrentExecutions": self.reserved}

    def assume_role(self, RoleArn: str, RoleSessionName: str) -> Any:  # noqa: N803  # boto3's names
        if RoleArn.endswith("/gone"):
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "AssumeRole")
        assert RoleSessionName == "fn"
        keys = ("AccessKeyId", "SecretAccessKey", "SessionToken")
        return {"Credentials": dict.fromkeys(keys, "temporary")}

    def get_policy(self, FunctionName: str, Qualifier: str = "") -> Any:  # noqa: ARG002, N803  # boto3's names
        return {"Policy": json.dumps({"Statement": self.policy})}

    def messages(self) -> list[Any]:
        """Every logged line; JSON ones parsed."""
        return [
            json.loads(message) if message.startswith("{") else message
            for _, _, message in self.logged
        ]


@pytest.fixture
def cloud() -> OneFunction:
    return OneFunction()


def run_on(cloud: OneFunction, roles: FakeRoles | None = None, **options: Any) -> LambdaRuntime:
    return LambdaRuntime(cloud, roles or FakeRoles(), load_code=cloud.code, **options)


@pytest.fixture
def functions(cloud: OneFunction) -> Iterator[LambdaRuntime]:
    runtime = run_on(cloud)
    yield runtime
    runtime.close()


def call(functions: LambdaRuntime, **event: Any) -> Invocation:
    return functions.invoke("fn", "live", json.dumps(event).encode())


def payload(invocation: Invocation) -> Any:
    assert invocation.status == 200, invocation
    return json.loads(invocation.payload)


def eventually(condition: Callable[[], bool], seconds: float = 3.0) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def gone(pid: int) -> bool:
    """Whether a process ended: a zombie that nobody collects counts as ended."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z"


# Answers


def test_no_payload_is_an_empty_event(functions: LambdaRuntime) -> None:
    assert payload(functions.invoke("fn", "live", b""))["event"] == {}


def test_handler_gets_event_and_context(functions: LambdaRuntime) -> None:
    invocation = functions.invoke(
        "fn", "live", b'{"message":"hi"}', trace_header="Root=1-2-3;Sampled=1"
    )
    answer = payload(invocation)
    assert answer["event"] == {"message": "hi"}
    assert answer["arn"] == f"{ARN}:live"
    assert answer["request_id"] == invocation.request_id
    assert 4_000 < answer["remaining"] <= 5_000
    assert answer["trace"] == "Root=1-2-3;Sampled=1"
    assert (invocation.function_error, invocation.executed_version) == (None, "1")


@pytest.mark.parametrize(
    ("name", "qualifier"),
    [(f"{ARN}:live", None), ("fn:1", None), ("123456789012:function:fn", "1")],
)
def test_names_and_arns_are_understood(
    functions: LambdaRuntime, name: str, qualifier: str | None
) -> None:
    assert payload(functions.invoke(name, qualifier, b"{}"))["event"] == {}


@pytest.mark.parametrize(
    ("name", "qualifier", "status", "error"),
    [
        ("other", None, 404, "ResourceNotFoundException"),
        ("fn", "none", 404, "ResourceNotFoundException"),
        ("fn:live", "1", 400, "InvalidParameterValueException"),
        ("../fn", None, 400, "ValidationException"),
    ],
)
def test_what_is_not_there_is_refused(
    functions: LambdaRuntime, name: str, qualifier: str | None, status: int, error: str
) -> None:
    invocation = functions.invoke(name, qualifier, b"{}")
    assert (invocation.status, invocation.error_type) == (status, error)
    assert json.loads(invocation.payload)["message"]


def test_environment_is_lambdas_and_nothing_else(
    functions: LambdaRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARENT_SECRET", "leak")
    variables = payload(call(functions, do="environment"))
    assert variables["GREETING"] == "hello"
    assert variables["AWS_ACCESS_KEY_ID"] == "temporary"
    assert variables["AWS_SESSION_TOKEN"] == "temporary"
    assert variables["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
    assert variables["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "256"
    assert variables["TZ"] == ":UTC"
    assert not {"PARENT_SECRET", "HOME", "VIRTUAL_ENV", "PYTHONPATH"} & variables.keys()


def test_zip_sees_the_managed_runtime_but_not_our_tools(functions: LambdaRuntime) -> None:
    assert payload(call(functions, do="import", module="boto3")) == "boto3"
    refused = call(functions, do="import", module="moto")
    assert payload(refused)["errorType"] == "ModuleNotFoundError"


def test_what_comes_by_the_alias_is_counted_apart_from_other_invocations(
    cloud: OneFunction, functions: LambdaRuntime
) -> None:
    call(functions)
    functions.invoke("fn", "1", b"{}")
    counted = [on.get("Resource", "") for name, on in cloud.counted if name == "Invocations"]
    assert sorted(counted) == ["", "", "fn:1", "fn:live"]


def test_alias_moves_to_another_version(cloud: OneFunction, functions: LambdaRuntime) -> None:
    call(functions)
    cloud.versions["2"] = make_zip("def handler(event, context): return 'two'")
    assert payload(call(functions)) != "two"  # published, but nobody pointed at it
    cloud.aliases["live"] = "2"
    cloud.bump()
    invocation = call(functions)
    assert (payload(invocation), invocation.executed_version) == ("two", "2")


# Errors


def test_raised_error_is_unhandled_and_the_worker_stays(functions: LambdaRuntime) -> None:
    pid = payload(call(functions))["pid"]
    invocation = call(functions, do="raise")
    assert invocation.function_error == "Unhandled"
    assert payload(invocation)["errorType"] == "ValueError"
    assert payload(call(functions))["pid"] == pid


def test_nonsense_to_the_runtime_api_is_hung_up_on(functions: LambdaRuntime) -> None:
    assert payload(call(functions, do="garble")) == "fine"


def test_timeout_kills_and_replaces_the_worker() -> None:
    cloud = OneFunction(Timeout=0.4)
    functions = run_on(cloud)
    pid = payload(call(functions))["pid"]
    invocation = call(functions, do="sleep", seconds=5)
    assert invocation.function_error == "Unhandled"
    assert payload(invocation) == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": f"RequestId: {invocation.request_id} Error: Task timed out after 0.40 "
        "seconds",
    }
    assert "asleep" in cloud.messages()
    assert cloud.messages()[-1]["record"]["status"] == "timeout"
    assert gone(pid)
    assert payload(call(functions))["pid"] != pid
    functions.close()


@pytest.mark.parametrize(
    ("status", "reason"),
    [(3, "Runtime exited with error: exit status 3"), (0, "Runtime exited without providing")],
)
def test_crash_is_told_and_recovered_from(
    functions: LambdaRuntime, status: int, reason: str
) -> None:
    answer = payload(call(functions, do="exit", status=status))
    assert answer["errorType"] == "Runtime.ExitError"
    assert reason in answer["errorMessage"]
    assert payload(call(functions))["event"] == {}


def test_worker_that_died_while_idle_costs_no_invocation(functions: LambdaRuntime) -> None:
    pid = payload(call(functions))["pid"]
    os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: gone(pid))
    time.sleep(0.2)  # its threads may end later than the process that is a zombie
    assert payload(call(functions))["pid"] != pid


def test_init_error_is_tried_twice_and_returned() -> None:
    cloud = OneFunction("import no_such_module")
    functions = run_on(cloud)
    invocation = call(functions)
    assert invocation.function_error == "Unhandled"
    assert payload(invocation)["errorType"] == "Runtime.ImportModuleError"
    starts = [
        line["record"]["phase"]
        for line in cloud.messages()
        if isinstance(line, dict) and line.get("type") == "platform.initStart"
    ]
    assert starts == ["init", "invoke"]
    functions.close()


def test_sizes_and_syntax_are_checked(functions: LambdaRuntime) -> None:
    assert payload(call(functions, do="big"))["errorType"] == "Function.ResponseSizeTooLarge"
    assert functions.invoke("fn", "live", b'"' + b"x" * 6_291_456 + b'"').status == 413
    assert (
        functions.invoke("fn", "live", b"not json").error_type == "InvalidRequestContentException"
    )
    assert payload(functions.invoke("fn", "live", b'{"a":"' + b"x" * 2_000_000 + b'"}'))


def test_role_that_cannot_be_assumed_runs_nothing() -> None:
    functions = run_on(OneFunction(Role="arn:aws:iam::123456789012:role/gone"))
    assert call(functions).error_type == "AccessDeniedException"
    functions.close()


def test_other_code_than_the_published_is_refused(
    cloud: OneFunction, functions: LambdaRuntime
) -> None:
    call(functions)
    functions.close()
    swapped = LambdaRuntime(cloud, FakeRoles(), load_code=lambda *_: make_zip("x = 1"))
    assert call(swapped).error_type == "InvalidZipFileException"
    swapped.close()


def test_other_runtimes_are_refused() -> None:
    functions = run_on(OneFunction(Runtime="nodejs22.x"))
    assert call(functions).error_type == "InvalidRuntimeException"
    functions.close()


def test_missing_awslambdaric_is_said(cloud: OneFunction, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("importlib.util.find_spec", lambda _name: None)
        functions = run_on(cloud)
    invocation = call(functions)
    assert invocation.status == 500
    assert "awslambdaric is not installed" in json.loads(invocation.payload)["message"]
    functions.close()


# Concurrency


def test_calls_in_a_row_share_a_warm_worker(functions: LambdaRuntime) -> None:
    assert len({payload(call(functions))["pid"] for _ in range(5)}) == 1


def test_calls_at_once_get_a_worker_each(functions: LambdaRuntime) -> None:
    with ThreadPoolExecutor(3) as pool:
        futures = [pool.submit(call, functions, do="sleep", seconds=0.5) for _ in range(3)]
        assert len({payload(future.result())["pid"] for future in futures}) == 3


def test_reserved_concurrency_refuses_one_more(
    cloud: OneFunction, functions: LambdaRuntime
) -> None:
    cloud.reserved = 2
    barrier = threading.Barrier(3)

    def invoke() -> Invocation:
        barrier.wait()
        return call(functions, do="sleep", seconds=0.5)

    with ThreadPoolExecutor(3) as pool:
        statuses = sorted(
            future.result().status for future in [pool.submit(invoke) for _ in range(3)]
        )
    assert statuses == [200, 200, 429]
    assert call(functions).status == 200


def test_reserved_concurrency_of_zero_refuses_all(
    cloud: OneFunction, functions: LambdaRuntime
) -> None:
    cloud.reserved = 0
    invocation = call(functions)
    assert (invocation.status, invocation.error_type) == (429, "TooManyRequestsException")
    reason = json.loads(invocation.payload)["Reason"]
    assert reason == "ReservedFunctionConcurrentInvocationLimitExceeded"


def test_machine_limit_makes_invocations_wait(cloud: OneFunction) -> None:
    functions = run_on(cloud, max_processes=1)
    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(call, functions, do="sleep", seconds=0.2) for _ in range(2)]
        assert len({payload(future.result())["pid"] for future in futures}) == 1
    assert any("at most 1 workers" in text for text in cloud.said)
    functions.close()


def test_idle_workers_end(cloud: OneFunction) -> None:
    functions = run_on(cloud, idle_seconds=0.2)
    pid = payload(call(functions))["pid"]
    assert not gone(pid)
    assert eventually(lambda: gone(pid))
    assert payload(call(functions))["pid"] != pid
    functions.close()


# Logs


def test_log_has_lambdas_records_around_the_functions_lines(
    cloud: OneFunction, functions: LambdaRuntime
) -> None:
    invocation = call(functions, do="print")
    kinds = [x["type"] if isinstance(x, dict) else x for x in cloud.messages()]
    assert kinds == [
        *("platform.initStart", "platform.start", "one", "two", "no end", "platform.report")
    ]
    group, stream, _ = cloud.logged[0]
    assert group == "/aws/lambda/fn"
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[1\][0-9a-f]{32}", stream)
    report = cloud.messages()[-1]["record"]
    assert report["requestId"] == invocation.request_id
    assert report["status"] == "success"
    assert report["metrics"]["memorySizeMB"] == 256
    assert report["metrics"]["initDurationMs"] > 0
    assert b"no end" in base64.b64decode(invocation.log_tail)
    call(functions)
    assert "initDurationMs" not in cloud.messages()[-1]["record"]["metrics"]


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
KEPT = {
    "TRACE": 13,
    "DEBUG": 12,
    "INFO": 11,
    "WARN": 5,
    "ERROR": 3,
    "FATAL": 2,
}


@pytest.mark.parametrize("level", KEPT)
def test_lines_below_the_application_log_level_are_dropped(level: str) -> None:
    logging = {"LogFormat": "JSON", "ApplicationLogLevel": level}
    cloud = OneFunction(LoggingConfig=logging | {"SystemLogLevel": "WARN"})
    functions = run_on(cloud)
    invocation = call(functions, do="log", lines=[*map(json.dumps, LINES), "no JSON"])
    functions.close()
    least = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL").index(level)
    plain: list[Any] = ["no JSON"] if least <= 2 else []
    assert len(cloud.messages()) == KEPT[level] + len(plain)
    assert cloud.messages()[-1:] == (plain or [LINES[7]])
    assert len(base64.b64decode(invocation.log_tail).splitlines()) == len(cloud.messages())


def test_text_logs_have_no_levels() -> None:
    cloud = OneFunction(LoggingConfig={"LogFormat": "Text", "ApplicationLogLevel": "FATAL"})
    functions = run_on(cloud)
    call(functions, do="log", lines=['{"level": "TRACE"}'])
    functions.close()
    assert {"level": "TRACE"} in cloud.messages()


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
    cloud = OneFunction(LoggingConfig=logging)
    functions = run_on(cloud)
    call(functions, do="log", lines=[])
    assert [one["type"] for one in cloud.messages()] == [f"platform.{kind}" for kind in kinds]
    call(functions, do="exit", status=1)
    functions.close()
    assert cloud.messages()[-1]["record"]["status"] == "failure"  # a WARN record


def test_bytecode_of_the_zip_is_used_and_none_is_written() -> None:
    """`/var/task` cannot be written on AWS."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("app.py", "raise RuntimeError('compiled')")
        code = compile(
            "def handler(event, context): import other; return __cached__", "app", "exec"
        )
        unchecked = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little") + bytes(8)
        archive.writestr(
            importlib.util.cache_from_source("app.py"), unchecked + marshal.dumps(code)
        )
        archive.writestr("other.py", "")
    cloud = OneFunction()
    cloud.versions["1"] = buffer.getvalue()
    functions = run_on(cloud)
    cached = Path(payload(call(functions)))
    assert [path.name for path in cached.parent.iterdir()] == [cached.name]
    functions.close()


def test_text_log_format_has_the_older_lines() -> None:
    cloud = OneFunction(LoggingConfig={"LogFormat": "Text"})
    functions = run_on(cloud)
    call(functions)
    words = [str(line).split()[0] for line in cloud.messages()]
    assert words == ["INIT_START", "START", "END", "REPORT"]
    functions.close()


def test_nothing_is_logged_without_the_roles_permission(cloud: OneFunction) -> None:
    roles = FakeRoles()
    roles.allowed = False
    functions = run_on(cloud, roles)
    call(functions)
    assert cloud.logged == []
    assert cloud.groups == []
    streams = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/fn:log-stream:*"
    assert roles.asked[:2] == [("logs:CreateLogStream", streams), ("logs:PutLogEvents", streams)]
    roles.allowed = True
    cloud.bump()
    call(functions)
    assert cloud.logged
    assert set(cloud.groups) == {"/aws/lambda/fn"}  # Lambda makes it where the role may
    functions.close()


# The end


def test_folders_of_emulators_that_were_killed_are_removed(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    old = tmp_path / f"emulator-lambda-{child.pid}-x1"
    own = tmp_path / f"emulator-lambda-{os.getpid()}-x1"
    other = tmp_path / "emulator-lambda-notes"
    for folder in (old, own, other):
        folder.mkdir()
        (folder / "file").touch()
    functions = run_on(OneFunction(), scratch=tmp_path)
    assert not old.exists()
    assert {own, other} < set(tmp_path.iterdir())
    functions.close()
    assert set(tmp_path.iterdir()) == {own, other}


def test_close_ends_busy_workers_and_their_children(functions: LambdaRuntime) -> None:
    family = payload(call(functions, do="child"))
    busy = ThreadPoolExecutor(1).submit(call, functions, do="sleep", seconds=4)
    time.sleep(0.3)
    begun = time.monotonic()
    functions.close()
    assert time.monotonic() - begun < 3
    assert payload(busy.result())["errorType"] == "Runtime.ExitError"
    assert eventually(lambda: gone(family["pid"]) and gone(family["child"]))
    assert call(functions).status == 503


def test_workers_do_not_outlive_a_killed_emulator(tmp_path: Path) -> None:
    program = (
        "import pathlib, threading, time\n"
        "from tests.emulator.lambda_.test_runtime import OneFunction, call, payload, run_on\n"
        f"functions = run_on(OneFunction(), scratch=pathlib.Path({str(tmp_path)!r}))\n"
        "print(payload(call(functions))['pid'], flush=True)\n"
        "threading.Thread(target=call, args=(functions,), kwargs={'do': 'sleep', 'seconds': 60})"
        ".start()\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as emulator:
        assert emulator.stdout is not None
        pid = int(emulator.stdout.readline())
        time.sleep(0.2)
        assert not gone(pid)
        emulator.kill()
    assert eventually(lambda: gone(pid))


# Permission to invoke

STATEMENT = {
    "Effect": "Allow",
    "Principal": {"Service": "apigateway.amazonaws.com"},
    "Action": "lambda:InvokeFunction",
    "Resource": f"{ARN}:live",
    "Condition": {
        "ArnLike": {"AWS:SourceArn": "arn:aws:execute-api:us-east-2:123456789012:api1/v1/POST/chat"}
    },
}
SOURCE = "arn:aws:execute-api:us-east-2:123456789012:api1/v1/POST/chat"


def test_resource_policy_of_the_alias_lets_its_api_in(
    cloud: OneFunction, functions: LambdaRuntime
) -> None:
    cloud.policy = [STATEMENT]
    assert functions.allows(f"{ARN}:live", SOURCE)
    assert not functions.allows(ARN, SOURCE)


@pytest.mark.parametrize(
    ("change", "source"),
    [
        ({}, SOURCE.replace("POST", "GET")),
        ({}, SOURCE.replace("api1", "api2")),
        ({}, SOURCE.replace("v1", "test-invoke-stage")),
        ({"Resource": ARN}, SOURCE),
        ({"Principal": {"Service": "s3.amazonaws.com"}}, SOURCE),
        ({"Principal": {"AWS": "arn:aws:iam::123456789012:root"}}, SOURCE),
        ({"Action": "lambda:GetFunction"}, SOURCE),
        ({"Condition": {"StringEquals": {"AWS:SourceAccount": "999999999999"}}}, SOURCE),
        # A key that AWS documents nowhere for this call is not sent, so that no guess is proven.
        ({"Condition": {"StringEquals": {"AWS:SourceAccount": "123456789012"}}}, SOURCE),
        ({"Condition": {"Bool": {"aws:SecureTransport": "true"}}}, SOURCE),
        ({"Condition": {"ArnLike": {"aws:PrincipalArn": "*"}}}, SOURCE),
        ({"Effect": "Deny"}, SOURCE),
    ],
)
def test_resource_policy_refuses_everyone_else(change: dict[str, Any], source: str) -> None:
    assert may_invoke([STATEMENT], f"{ARN}:live", SOURCE)
    assert not may_invoke([{**STATEMENT, **change}], f"{ARN}:live", source)


def test_wildcards_stay_within_their_part_of_the_arn() -> None:
    def allowed(pattern: str) -> bool:
        statement = {**STATEMENT, "Condition": {"ArnLike": {"AWS:SourceArn": pattern}}}
        return may_invoke([statement], f"{ARN}:live", SOURCE)

    assert allowed("arn:aws:execute-api:us-east-2:123456789012:api1/*/POST/*")
    assert not allowed("arn:aws:execute-api:*")
