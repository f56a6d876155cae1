"""Functions run in real worker processes, and end with them."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from emulator.lambda_ import LambdaRuntime
from tests.emulator.fake_account import FakeRoles
from tests.emulator.lambda_.running import (
    ARN,
    ROOT,
    OneFunction,
    call,
    eventually,
    gone,
    make_zip,
    payload,
    run_on,
)


def test_no_payload_is_an_empty_event(functions: LambdaRuntime) -> None:
    assert payload(functions.invoke("fn", "live", b""))["event"] == {}


def test_handler_gets_event_and_context(functions: LambdaRuntime) -> None:
    invocation = functions.invoke(
        "fn", "live", b'{"message":"hi"}', trace_header="Root=1-2-3;Sampled=1"
    )
    answer = payload(invocation)
    assert (answer["event"], answer["arn"]) == ({"message": "hi"}, f"{ARN}:live")
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
    assert (variables["GREETING"], variables["AWS_ACCESS_KEY_ID"]) == ("hello", "temporary")
    assert variables["AWS_SESSION_TOKEN"] == "temporary"
    assert variables["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
    assert (variables["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"], variables["TZ"]) == ("256", ":UTC")
    assert not {"PARENT_SECRET", "HOME", "VIRTUAL_ENV", "PYTHONPATH"} & variables.keys()


def test_zip_sees_the_managed_runtime_but_not_our_tools(functions: LambdaRuntime) -> None:
    assert payload(call(functions, do="import", module="boto3")) == "boto3"
    refused = call(functions, do="import", module="moto")
    assert payload(refused)["errorType"] == "ModuleNotFoundError"


def test_what_comes_by_the_alias_is_counted_apart_from_other_invocations(
    account: OneFunction, functions: LambdaRuntime
) -> None:
    call(functions)
    functions.invoke("fn", "1", b"{}")
    counted = [on.get("Resource", "") for name, on, _ in account.counted if name == "Invocations"]
    assert sorted(counted) == ["", "", "fn:1", "fn:live"]


def test_alias_moves_to_another_version(account: OneFunction, functions: LambdaRuntime) -> None:
    call(functions)
    account.versions["2"] = make_zip("def handler(event, context): return 'two'")
    assert payload(call(functions)) != "two"  # published, but nobody pointed at it
    account.aliases["live"] = "2"
    account.written()
    invocation = call(functions)
    assert (payload(invocation), invocation.executed_version) == ("two", "2")


def test_an_alias_with_weights_calls_either_of_its_versions(
    account: OneFunction, functions: LambdaRuntime
) -> None:
    account.versions["2"] = make_zip("def handler(event, context): return 'two'")
    account.aliases["live"] = "2"

    def versions(weight: float) -> set[str]:
        account.weights = {"1": weight}
        account.written()
        return {call(functions).executed_version for _ in range(30)}

    assert versions(1.0) == {"1"}
    assert versions(0.0) == {"2"}
    assert versions(0.5) == {"1", "2"}  # by chance one alone, once in a billion runs
    counted = {on["Resource"] for _, on, _ in account.counted if "Resource" in on}
    assert counted == {"fn:live"}


def test_raised_error_is_unhandled_and_the_worker_stays(functions: LambdaRuntime) -> None:
    pid = payload(call(functions))["pid"]
    invocation = call(functions, do="raise")
    assert invocation.function_error == "Unhandled"
    assert payload(invocation)["errorType"] == "ValueError"
    assert payload(call(functions))["pid"] == pid


def test_nonsense_to_the_runtime_api_is_hung_up_on(functions: LambdaRuntime) -> None:
    assert payload(call(functions, do="garble")) == "fine"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 404),
        ({"Host": "localhost:1"}, 404),
        ({"Host": "attacker.example"}, 403),  # a name that its owner points at 127.0.0.1
        ({"Origin": "https://attacker.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
def test_no_web_page_reaches_the_runtime_api(
    functions: LambdaRuntime, headers: dict[str, str], status: int
) -> None:
    assert payload(call(functions, do="knock", headers=headers)) == status


def test_timeout_kills_and_replaces_the_worker() -> None:
    account = OneFunction(Timeout=0.4)
    functions = run_on(account)
    pid = payload(call(functions))["pid"]
    invocation = call(functions, do="sleep", seconds=5)
    assert invocation.function_error == "Unhandled"
    message = f"RequestId: {invocation.request_id} Error: Task timed out after 0.40 seconds"
    assert payload(invocation) == {"errorType": "Sandbox.Timedout", "errorMessage": message}
    assert "asleep" in account.messages()
    assert account.messages()[-1]["record"]["status"] == "timeout"
    assert gone(pid)
    assert payload(call(functions))["pid"] != pid
    functions.close()


@pytest.mark.parametrize(
    ("status", "reason"),
    [(3, "Runtime exited with error: exit status 3"), (0, "Runtime exited without providing")],
)
def test_crash_is_reported_and_recovered_from(
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
    account = OneFunction("import no_such_module")
    functions = run_on(account)
    invocation = call(functions)
    assert invocation.function_error == "Unhandled"
    assert payload(invocation)["errorType"] == "Runtime.ImportModuleError"
    starts = [
        line["record"]["phase"]
        for line in account.messages()
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


@pytest.mark.parametrize(
    ("config", "error"),
    [
        ({"Role": "arn:aws:iam::123456789012:role/gone"}, "AccessDeniedException"),
        ({"Runtime": "nodejs22.x"}, "InvalidRuntimeException"),
    ],
)
def test_what_cannot_run_is_refused(config: dict[str, str], error: str) -> None:
    functions = run_on(OneFunction(**config))
    assert call(functions).error_type == error
    functions.close()


def test_other_code_than_the_published_is_refused(
    account: OneFunction, functions: LambdaRuntime
) -> None:
    call(functions)
    functions.close()
    swapped = LambdaRuntime(account, FakeRoles(), load_code=lambda *_: make_zip("x = 1"))
    assert call(swapped).error_type == "InvalidZipFileException"
    swapped.close()


def test_missing_awslambdaric_is_said(
    account: OneFunction, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("importlib.util.find_spec", lambda _name: None)
        functions = run_on(account)
    invocation = call(functions)
    assert invocation.status == 500
    assert "awslambdaric is not installed" in json.loads(invocation.payload)["message"]
    functions.close()


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
    time.sleep(1)  # A busy machine is slow to hand a call over.
    begun = time.monotonic()
    functions.close()
    assert time.monotonic() - begun < 3
    assert payload(busy.result())["errorType"] == "Runtime.ExitError"
    assert eventually(lambda: gone(family["pid"]) and gone(family["child"]))
    assert call(functions).status == 503


PROGRAM = """
import pathlib, threading, time
from tests.emulator.lambda_.running import OneFunction, call, payload, run_on
functions = run_on(OneFunction(), scratch=pathlib.Path({scratch!r}))
print(payload(call(functions))["pid"], flush=True)
threading.Thread(target=call, args=(functions,), kwargs={{"do": "sleep", "seconds": 60}}).start()
time.sleep(60)
"""


def test_workers_do_not_outlive_a_killed_emulator(tmp_path: Path) -> None:
    program = [sys.executable, "-c", PROGRAM.format(scratch=str(tmp_path))]
    with subprocess.Popen(program, cwd=ROOT, stdout=subprocess.PIPE, text=True) as emulator:
        assert emulator.stdout is not None
        pid = int(emulator.stdout.readline())
        time.sleep(0.2)
        assert not gone(pid)
        emulator.kill()
    assert eventually(lambda: gone(pid))
