"""Runs functions: an event in, an answer or a failure out, within the deadline."""

import base64
import contextlib
import json
import logging
import random
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from emulator.account import Account
from emulator.iam import Authorizer
from emulator.lambda_.environments import Environment, Environments, NoneIdleError
from emulator.lambda_.execution_role import ExecutionRoles
from emulator.lambda_.functions import (
    Function,
    LambdaError,
    LoadCode,
    Resolved,
    may_invoke,
    moto_code,
    resolve,
    split_name,
    weights,
)
from emulator.lambda_.package import Packages
from emulator.lambda_.worker import MAX_RESPONSE_BYTES, Answer, WorkerExitError, WorkerTimeoutError
from emulator.wire.documents import JsonObject
from emulator.wire.ids import new_bytes, new_uuid

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_REQUEST_BYTES = 6_291_456
"""Limit of a synchronous event (AWS Lambda Developer Guide, Lambda quotas)."""


_INIT_SECONDS = 10.0

_log = logging.getLogger("emulator.lambda")


@dataclass(frozen=True)
class Invocation:
    """The Invoke API's answer: `log_tail` is base64, as its header X-Amz-Log-Result.

    `error_type` is the x-amzn-ErrorType of an invocation that was refused, else empty.
    """

    status: int
    payload: bytes
    function_error: str | None
    executed_version: str
    log_tail: str
    error_type: str = ""
    request_id: str = ""


class LambdaRuntime:
    """All functions of the local account, each in as many processes as it has invocations."""

    def __init__(
        self,
        account: Account,
        authorizer: Authorizer,
        *,
        load_code: LoadCode = moto_code,
        idle_seconds: float = 300.0,
        max_processes: int | None = None,
        scratch: Path | None = None,
    ) -> None:
        self._account = account
        self._packages = Packages(account, load_code, scratch)
        self._environments = Environments(
            account,
            self._packages,
            ExecutionRoles(account, authorizer),
            idle_seconds=idle_seconds,
            max_processes=max_processes,
        )
        if self._packages.missing:
            _log.warning("%s", self._packages.missing)

    def invoke(
        self,
        function: str,
        qualifier: str | None,
        payload: bytes,
        *,
        trace_header: str | None = None,
    ) -> Invocation:
        """Run a function with one event and wait for its answer (RequestResponse).

        `function` is a name or an ARN, `qualifier` an alias or version. Never raises: what the
        Lambda API refuses comes back with its status and `error_type`.
        """
        return self._invoke(function, qualifier, payload, trace_header)

    def invoke_within(
        self, seconds: float, function: str, payload: bytes, *, trace_header: str
    ) -> Invocation | None:
        """Run a function as `invoke` does, where that ends within a time, whatever happens.

        None, and nothing was done, where it may not: its timeout is longer, or no environment of it
        is idle.
        """
        try:
            return self._invoke(function, None, payload, trace_header, within=seconds)
        except NoneIdleError:
            return None

    def _invoke(
        self,
        function: str,
        qualifier: str | None,
        payload: bytes,
        trace_header: str | None,
        within: float | None = None,
    ) -> Invocation:
        request_id = new_uuid()
        try:
            resolved = self.resolved(function, qualifier)
            _check_event(payload)
            self._check_runtime(resolved.function)
            with self._environments.admitted(resolved) as running:
                begun = time.monotonic()
                environment, failed = self._ready(resolved.function, within)
                self._account.metrics.add(
                    *("AWS/Lambda", "ConcurrentExecutions"),
                    {"FunctionName": resolved.function.name},
                    running,
                )
                invocation = self._run(
                    resolved, payload or b"{}", request_id, trace_header, environment, failed=failed
                )
                self._count(resolved, invocation, time.monotonic() - begun)
                return invocation
        except LambdaError as error:
            if error.status == 429:
                self._account.metrics.add(
                    "AWS/Lambda", "Throttles", {"FunctionName": resolved.function.name}
                )
            return Invocation(error.status, error.payload, None, "", "", error.code, request_id)

    def _count(self, resolved: Resolved, invocation: Invocation, seconds: float) -> None:
        name = {"FunctionName": resolved.function.name}
        # By what was invoked as well: function:version or function:alias (Lambda Developer Guide,
        # "Viewing metrics for Lambda functions").
        resource = resolved.invoked_arn.rpartition(":function:")[2]
        values = (
            ("Invocations", 1.0, "Count"),
            ("Throttles", 0.0, "Count"),
            ("Errors", float(bool(invocation.function_error)), "Count"),
            ("Duration", seconds * 1000, "Milliseconds"),
        )
        for dimensions in (name, name | {"Resource": resource}):
            self._account.metrics.add_all("AWS/Lambda", dimensions, values)

    def resolved(self, function: str, qualifier: str | None) -> Resolved:
        """Resolve a name or ARN; LambdaError 404 when there is no such function or qualifier.

        An alias with weights resolves to one of its two versions, by chance, each time anew.
        """
        name, qualifier = split_name(function, qualifier)
        snapshot = self._account.snapshot
        known: dict[tuple[str, str | None], Resolved] = snapshot("lambda.resolved", dict)
        if (name, qualifier) not in known:
            known[name, qualifier] = resolve(self._account, name, qualifier)
        first = known[name, qualifier]
        shifted: dict[tuple[str, str | None], Mapping[str, float]] = snapshot(
            "lambda.weights", dict
        )
        if (name, qualifier) not in shifted:
            shifted[name, qualifier] = weights(self._account, name, qualifier)
        for version, weight in shifted[name, qualifier].items():
            if random.random() < weight:  # noqa: S311 - a share of requests, no secret
                return replace(self.resolved(name, version), invoked_arn=first.invoked_arn)
        return first

    def _check_runtime(self, function: Function) -> None:
        if self._packages.missing:
            raise LambdaError(500, "ServiceException", self._packages.missing, Type="Service")
        if not function.runtime.startswith("python"):
            raise LambdaError(
                502,
                "InvalidRuntimeException",
                f"This emulator runs Python functions only, not {function.runtime!r}",
                Type="User",
            )
        if function.runtime != "python3.12":
            self._account.approximations.note(
                "Lambda", f"{function.name} asks for {function.runtime} and gets python3.12"
            )

    def allows(self, function_arn: str, source_arn: str) -> bool:
        """Return whether the function's resource policy lets this API method invoke this ARN."""
        known: dict[tuple[str, str], bool] = self._account.snapshot("lambda.permissions", dict)
        if (function_arn, source_arn) not in known:
            known[function_arn, source_arn] = may_invoke(
                self._statements(function_arn), function_arn, source_arn
            )
        return known[function_arn, source_arn]

    def _statements(self, function_arn: str) -> list[JsonObject]:
        try:
            name, qualifier = split_name(function_arn, None)
            request = {"FunctionName": name} | ({"Qualifier": qualifier} if qualifier else {})
            policy = self._account.client("lambda").get_policy(**request)["Policy"]
        except (ClientError, LambdaError):
            return []
        document = json.loads(policy) if isinstance(policy, str) else policy
        statements: list[JsonObject] = document["Statement"]
        return statements

    def close(self) -> None:
        """Stop every worker at once and remove the unpacked code."""
        self._environments.close()
        self._packages.remove()

    def _run(
        self,
        resolved: Resolved,
        payload: bytes,
        request_id: str,
        trace_header: str | None,
        environment: Environment,
        *,
        failed: bool,
    ) -> Invocation:
        function = resolved.function
        trace = trace_header or _trace_header(sampled=function.tracing)
        init_seconds, environment.init_seconds = environment.init_seconds, 0.0
        environment.log.start(request_id)
        begun = time.monotonic()
        deadline = begun + function.timeout
        status = "failure"
        try:
            if failed:
                # Lambda runs a failed init a second time, within the first invocation.
                environment = self._environments.replace(environment)
                init_seconds = 0.0
                answer = self._initialize(environment, "invoke", deadline)
            else:
                answer = None
            if answer is not None:
                status = "error"
            else:
                answer = environment.worker.invoke(
                    payload, _event_headers(resolved, request_id, trace), request_id, deadline
                )
                if len(answer.payload) > MAX_RESPONSE_BYTES:
                    answer = _too_large()
                status = "error" if answer.failed else "success"
                environment.reusable = True
        except WorkerTimeoutError:
            status = "timeout"
            answer = _failure(
                "Sandbox.Timedout",
                f"RequestId: {request_id} Error: Task timed out after {function.timeout:.2f} "
                "seconds",
            )
        except WorkerExitError as error:
            answer = _failure("Runtime.ExitError", f"RequestId: {request_id} Error: {error}")
        finally:
            elapsed = min(time.monotonic() - begun, function.timeout)
            environment.log.report(request_id, status, elapsed, init_seconds, trace)
            log_tail = base64.b64encode(environment.worker.take_tail()).decode()
            self._environments.give_back(environment)
        return Invocation(
            200,
            answer.payload,
            "Unhandled" if answer.failed else None,
            function.version,
            log_tail,
            "",
            request_id,
        )

    def _ready(self, function: Function, within: float | None) -> tuple[Environment, bool]:
        """Give a worker that waits for an event, or a new one and whether its init failed.

        Raises NoneIdleError where `within` so many seconds an invocation may not have ended.
        """
        wait = _INIT_SECONDS if within is None else within - function.timeout
        if wait <= 0:
            raise NoneIdleError
        while True:
            environment = self._environments.take(function, at_once=within is not None)
            if environment is None:
                environment = self._environments.spawn(function)
                failed = True
                with contextlib.suppress(WorkerExitError, WorkerTimeoutError):
                    limit = environment.started + _INIT_SECONDS
                    failed = self._initialize(environment, "init", limit) is not None
                environment.init_seconds = time.monotonic() - environment.started
                return environment, failed
            try:
                if environment.worker.initialize(time.monotonic() + wait) is None:
                    return environment, False
            except WorkerTimeoutError:
                if within is not None:  # it is still busy with its last event
                    environment.reusable = True
                    self._environments.give_back(environment)
                    raise NoneIdleError from None
            except WorkerExitError:
                pass
            # It died while idle: nobody's invocation is lost.
            self._environments.discard(environment)

    @staticmethod
    def _initialize(environment: Environment, phase: str, deadline: float) -> Answer | None:
        """Wait for the handler's import, and log it; return the error that stopped it."""
        begun = time.monotonic()
        status = "error"
        environment.log.init_start(phase)
        try:
            answer = environment.worker.initialize(deadline)
            status = "success" if answer is None else "error"
        except WorkerTimeoutError:
            status = "timeout"
            raise
        finally:
            environment.log.init_report(phase, status, time.monotonic() - begun)
        return answer


def check_size(payload: bytes) -> None:
    """Refuse an event that Lambda does not take ("Lambda quotas"). Raises LambdaError."""
    if len(payload) > MAX_REQUEST_BYTES:
        raise LambdaError(
            413,
            "RequestTooLargeException",
            f"Request must be smaller than {MAX_REQUEST_BYTES} bytes for the InvokeFunction "
            "operation",
            Type="User",
        )


def _check_event(payload: bytes) -> None:
    check_size(payload)
    try:
        json.loads(payload or b"{}")
    except (ValueError, RecursionError) as error:
        raise LambdaError(
            400,
            "InvalidRequestContentException",
            f"Could not parse request body into json: Could not parse payload into json: {error}",
            Type="User",
        ) from error


def _event_headers(resolved: Resolved, request_id: str, trace: str) -> dict[str, str]:
    deadline = int((time.time() + resolved.function.timeout) * 1000)
    return {
        "Lambda-Runtime-Aws-Request-Id": request_id,
        "Lambda-Runtime-Deadline-Ms": str(deadline),
        "Lambda-Runtime-Invoked-Function-Arn": resolved.invoked_arn,
        "Lambda-Runtime-Trace-Id": trace,
    }


def _trace_header(*, sampled: bool) -> str:
    root = f"1-{int(time.time()):08x}-{new_bytes(12).hex()}"
    return f"Root={root};Parent={new_bytes(8).hex()};Sampled={int(sampled)}"


def _failure(error_type: str, message: str) -> Answer:
    document = {"errorType": error_type, "errorMessage": message}
    return Answer(json.dumps(document).encode(), failed=True)


def _too_large() -> Answer:
    return _failure(
        "Function.ResponseSizeTooLarge",
        f"Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} "
        "bytes).",
    )
