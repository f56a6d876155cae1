"""Warm workers, reserved concurrency and the machine's limit."""

import json
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from emulator.lambda_ import LambdaRuntime
from emulator.lambda_.environments import Environment
from emulator.lambda_.execution_role import CREDENTIALS_SECONDS
from tests.emulator.lambda_.running import (
    ARN,
    OneFunction,
    call,
    eventually,
    gone,
    payload,
    run_on,
)


def test_calls_in_a_row_share_a_warm_worker(functions: LambdaRuntime) -> None:
    assert len({payload(call(functions))["pid"] for _ in range(5)}) == 1


def test_calls_at_once_get_a_worker_each(functions: LambdaRuntime) -> None:
    with ThreadPoolExecutor(3) as pool:
        futures = [pool.submit(call, functions, do="sleep", seconds=0.5) for _ in range(3)]
        assert len({payload(future.result())["pid"] for future in futures}) == 3


def test_only_an_idle_worker_surely_answers_within_a_time(
    account: OneFunction, functions: LambdaRuntime
) -> None:
    def within(seconds: float, **event: Any) -> Any:
        answer = functions.invoke_within(
            seconds, f"{ARN}:live", json.dumps(event).encode(), trace_header="Root=1"
        )
        return answer and payload(answer)

    timeout = 5  # the function's
    assert within(timeout + 1) is None, "a worker would have to start first"
    pid = payload(call(functions))["pid"]
    assert within(timeout) is None, "it could take as long"
    assert within(timeout + 1)["pid"] == pid
    with ThreadPoolExecutor(1) as pool:
        sleeping = pool.submit(call, functions, do="sleep", seconds=0.5)
        assert eventually(lambda: "asleep" in account.messages())
        assert within(timeout + 1) is None, "the worker is busy"
        assert payload(sleeping.result())["pid"] == pid
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)  # a busy machine takes its time
    assert within(timeout + 1) is None, "the worker has died"
    assert payload(call(functions))["pid"] != pid


def test_reserved_concurrency_refuses_one_more(
    account: OneFunction, functions: LambdaRuntime
) -> None:
    account.reserved = 2
    barrier = threading.Barrier(3)

    def invoke(_: int) -> int:
        barrier.wait()
        return call(functions, do="sleep", seconds=0.5).status

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(invoke, range(3))) == [200, 200, 429]
    assert call(functions).status == 200


def test_reserved_concurrency_of_zero_refuses_all(
    account: OneFunction, functions: LambdaRuntime
) -> None:
    account.reserved = 0
    invocation = call(functions)
    assert (invocation.status, invocation.error_type) == (429, "TooManyRequestsException")
    reason = json.loads(invocation.payload)["Reason"]
    assert reason == "ReservedFunctionConcurrentInvocationLimitExceeded"


def test_machine_limit_makes_invocations_wait(account: OneFunction) -> None:
    functions = run_on(account, max_processes=1)
    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(call, functions, do="sleep", seconds=0.2) for _ in range(2)]
        assert len({payload(future.result())["pid"] for future in futures}) == 1
    assert any("at most 1 workers" in text for text in account.said)
    functions.close()


def test_idle_workers_end(account: OneFunction) -> None:
    functions = run_on(account, idle_seconds=0.2)
    pid = payload(call(functions))["pid"]
    assert not gone(pid)
    assert eventually(lambda: gone(pid))
    assert payload(call(functions))["pid"] != pid
    functions.close()


def test_a_worker_ends_before_the_hour_of_its_credentials_is_over() -> None:
    function: Any = "the same function"
    nothing: Any = None
    worker = Environment(nothing, function, nothing, started=0.0)
    most = 3600 - CREDENTIALS_SECONDS  # AssumeRole's own duration is an hour
    assert worker.stale(function, most)
    assert not worker.stale(function, most / 2)
