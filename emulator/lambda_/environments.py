"""Execution environments: started, kept warm, counted against limits, ended."""

import contextlib
import os
import secrets
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from emulator.account import Account
from emulator.lambda_.execution_role import ExecutionRoles
from emulator.lambda_.functions import Function, LambdaError, Resolved
from emulator.lambda_.log_levels import reaches_the_log
from emulator.lambda_.package import Packages
from emulator.lambda_.platform_log import PlatformLog
from emulator.lambda_.worker import Worker

WORKER_SECONDS = 1500.0  # with credentials up to 1,800 s old at its start, inside their hour


@dataclass
class Environment:
    """A worker with what the pool must know of it."""

    worker: Worker
    function: Function
    log: PlatformLog
    started: float
    idle_since: float = 0.0
    init_seconds: float = 0.0
    reusable: bool = False  # after an answer, and not after a timeout, an exit or a failed init

    def stale(self, function: Function, now: float) -> bool:
        """Return whether it may not run the function again; that it died, its next use shows."""
        return self.function != function or now - self.started > WORKER_SECONDS


@dataclass
class _Pool:
    idle: list[Environment] = field(default_factory=list)  # used from the end: latest first


class NoneIdleError(Exception):
    """No environment waits for an event."""


class Environments:
    """Every execution environment of the account: idle ones by function version, busy ones counted.

    `max_processes` bounds what one machine runs at a time, `idle_seconds` how long an environment
    stays without an invocation.
    """

    def __init__(
        self,
        account: Account,
        packages: Packages,
        roles: ExecutionRoles,
        *,
        idle_seconds: float,
        max_processes: int | None,
    ) -> None:
        self._account = account
        self._packages = packages
        self._roles = roles
        self._idle_seconds = idle_seconds
        self._max_processes = max_processes or max(16, 4 * (os.cpu_count() or 1))
        self._state = threading.Condition()
        self._pools: defaultdict[tuple[str, str], _Pool] = defaultdict(_Pool)
        self._environments: set[int] = set()  # process ids, while they may run
        self._processes = 0
        self._running: defaultdict[str, int] = defaultdict(int)
        self._closed = False
        self._reaper: threading.Thread | None = None

    def close(self) -> None:
        """Stop every worker at once."""
        with self._state:
            self._closed = True
            idle = [environment for pool in self._pools.values() for environment in pool.idle]
            self._pools.clear()
            busy = self._environments - {environment.worker.pid for environment in idle}
            self._state.notify_all()
        for pid in busy:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, 9)
        for environment in idle:
            self.discard(environment)
        with self._state:
            self._state.wait_for(lambda: not self._processes, timeout=2)

    @contextlib.contextmanager
    def admitted(self, resolved: Resolved) -> Iterator[int]:
        """Count the invocation against the function's reserved concurrency; yield how many run."""
        name, limit = resolved.function.name, resolved.reserved_concurrency
        with self._state:
            if limit is not None and self._running[name] >= limit:
                raise LambdaError(
                    429,
                    "TooManyRequestsException",
                    "Rate Exceeded.",
                    Reason="ReservedFunctionConcurrentInvocationLimitExceeded",
                    Type="User",
                )
            self._running[name] += 1
            running = self._running[name]
        try:
            yield running
        finally:
            with self._state:
                self._running[name] -= 1
                if not self._running[name]:
                    del self._running[name]

    def take(self, function: Function, *, at_once: bool = False) -> Environment | None:
        """Take the latest used idle worker, or None with the right to start one.

        At the limit of real processes it waits for one to come free: AWS would start another
        environment where one machine cannot. Raises NoneIdleError, if it must be `at_once`.
        """
        deadline = time.monotonic() + function.timeout
        unwanted: list[Environment] = []
        try:
            with self._state:
                while True:
                    if self._closed:
                        raise LambdaError(
                            503, "ServiceException", "The emulator is stopping", Type="Service"
                        )
                    pool = self._pools[function.name, function.version]
                    now = time.monotonic()
                    while pool.idle:
                        environment = pool.idle.pop()
                        if not environment.stale(function, now):
                            return environment
                        unwanted.append(environment)
                    if at_once:
                        raise NoneIdleError
                    if self._processes - len(unwanted) < self._max_processes:
                        self._processes += 1
                        return None
                    spare = next((pool for pool in self._pools.values() if pool.idle), None)
                    if spare:
                        unwanted.append(spare.idle.pop(0))
                        continue
                    self._account.approximations.note(
                        "Lambda",
                        f"at most {self._max_processes} workers run at a time; further "
                        "invocations wait for one, where AWS starts another environment",
                    )
                    if not self._state.wait(deadline - now):
                        raise LambdaError(
                            429,
                            "TooManyRequestsException",
                            "Rate Exceeded.",
                            Reason="ConcurrentInvocationLimitExceeded",
                            Type="User",
                        )
        finally:
            for environment in unwanted:
                self.discard(environment)

    def give_back(self, environment: Environment) -> None:
        """Keep an environment for the next invocation, or end it if it is not fit for one."""
        function = environment.function
        with self._state:
            if environment.reusable and not self._closed:
                environment.reusable = False
                environment.idle_since = time.monotonic()
                self._pools[function.name, function.version].idle.append(environment)
                if self._reaper is None:
                    self._reaper = threading.Thread(
                        target=self._reap, name="lambda-reaper", daemon=True
                    )
                    self._reaper.start()
                self._state.notify()
                return
        self.discard(environment)

    def discard(self, environment: Environment) -> None:
        """End an environment and free its place."""
        environment.worker.close()
        with self._state:
            self._environments.discard(environment.worker.pid)
            self._processes -= 1
            self._state.notify()

    def _reap(self) -> None:
        """End workers that nobody used for a while."""
        while True:
            with self._state:
                self._state.wait_for(lambda: self._closed, timeout=min(self._idle_seconds / 2, 30))
                if self._closed:
                    return
                oldest = time.monotonic() - self._idle_seconds
                unwanted = []
                for key, pool in list(self._pools.items()):
                    unwanted += [x for x in pool.idle if x.idle_since < oldest]
                    pool.idle = [x for x in pool.idle if x.idle_since >= oldest]
                    if not pool.idle:
                        del self._pools[key]
            for environment in unwanted:
                self.discard(environment)

    def replace(self, environment: Environment) -> Environment:
        """Replace a worker whose init failed, in the same place of the process count."""
        with self._state:
            self._processes += 1
        fresh = self.spawn(environment.function)
        self.discard(environment)
        return fresh

    def spawn(self, function: Function) -> Environment:
        """Start a process; the place for it was taken before and is given back on failure."""
        try:
            instance = secrets.token_hex(16)
            stream = f"{datetime.now(UTC):%Y/%m/%d}/[{function.version}]{instance}"
            credentials = self._roles.credentials(function)
            task_root = self._packages.unpack(function)
            started = time.monotonic()
            worker = Worker(
                handler=function.handler,
                task_root=task_root,
                runtime_folder=self._packages.runtime_folder,
                environment=self._variables(function, task_root, stream, credentials),
                log=self._roles.log_writer(function, stream),
                keeps=_filter(function),
            )
        except BaseException:
            with self._state:
                self._processes -= 1
                self._state.notify()
            raise
        environment = Environment(worker, function, PlatformLog(function, worker), started)
        with self._state:
            self._environments.add(worker.pid)
            if self._closed:
                worker.kill()
        return environment

    def _variables(
        self, function: Function, task_root: Path, stream: str, credentials: dict[str, str]
    ) -> dict[str, str]:
        """Build the whole environment (AWS Lambda Developer Guide, Defined environment variables).

        Of the emulator's own only where its Python finds shared libraries.
        """
        region = self._account.region
        variables = {
            name: os.environ[name]
            for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
            if name in os.environ
        }
        variables |= {"LANG": "en_US.UTF-8", "PATH": "/usr/local/bin:/usr/bin:/bin", "TZ": ":UTC"}
        variables |= dict(function.environment)
        variables |= credentials
        variables |= {
            "AWS_DEFAULT_REGION": region,
            "AWS_ENDPOINT_URL": self._account.endpoint,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": function.version,
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_FORMAT": "JSON" if function.json_logs else "Text",
            "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
            "AWS_LAMBDA_LOG_STREAM_NAME": stream,
            "AWS_REGION": region,
            "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
            "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000",
            "LAMBDA_RUNTIME_DIR": str(self._packages.runtime_folder),
            "LAMBDA_TASK_ROOT": str(task_root),
            "_HANDLER": function.handler,
        }
        if function.application_log_level:
            variables["AWS_LAMBDA_LOG_LEVEL"] = function.application_log_level
        return variables


def _filter(function: Function) -> Callable[[str], bool]:
    """Return which lines of a function's code Lambda logs; only JSON has levels."""
    least = function.application_log_level
    return lambda line: not function.json_logs or reaches_the_log(line, least)
