"""Runs functions: warm and cold starts, concurrency, deadlines, failures and recovery."""

import base64
import contextlib
import hashlib
import importlib.util
import io
import json
import logging
import os
import secrets
import shutil
import tempfile
import threading
import time
import uuid
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from botocore.exceptions import ClientError

from emulator.cloud import Cloud
from emulator.iam import CallerError
from emulator.lambda_.functions import (
    Function,
    LambdaError,
    LoadCode,
    Target,
    may_invoke,
    moto_code,
    resolve,
    split_name,
)
from emulator.lambda_.log_levels import reaches_the_log
from emulator.lambda_.platform_log import PlatformLog
from emulator.lambda_.worker import (
    MAX_RESPONSE_BYTES,
    Answer,
    Worker,
    WorkerExitError,
    WorkerTimeoutError,
)
from emulator.wire.partition import partition_of

MAX_REQUEST_BYTES = 6_291_456
"""Limit of a synchronous event (AWS Lambda Developer Guide, Lambda quotas)."""

SERVICE = "lambda.amazonaws.com"
NOT_ASSUMED = "The role defined for the function cannot be assumed by Lambda."

_FOLDER = "emulator-lambda-"
_INIT_SECONDS = 10.0
_CREDENTIALS_SECONDS = 1800.0
_WORKER_SECONDS = 2400.0  # with credentials up to 1,800 s old, well inside their hour
_RUNTIME_MODULES = (
    *("awslambdaric", "runtime_client", "snapshot_restore_py", "simplejson"),
    *("boto3", "botocore", "s3transfer", "jmespath", "urllib3", "dateutil", "six"),
)

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


class _Decision(Protocol):
    @property
    def allowed(self) -> bool: ...


class RoleAuthorizer(Protocol):
    """Evaluates whom a role trusts, and what its credentials may do."""

    def assume_by_service(self, role_arn: str, service: str, origin: Mapping[str, str]) -> object:
        """Raise CallerError for a service that the role does not trust."""

    def authorize(
        self, access_key_id: str, action: str, resource: str, context: Mapping[str, Any]
    ) -> _Decision:
        """Decide on one action."""


@dataclass
class _Environment:
    """A worker with what the pool must know of it."""

    worker: Worker
    function: Function
    log: PlatformLog
    started: float
    idle_since: float = 0.0
    init_seconds: float = 0.0
    reusable: bool = False  # after an answer, and not after a timeout, an exit or a failed init

    def stale(self, function: Function, now: float) -> bool:
        return (
            self.function != function
            or now - self.started > _WORKER_SECONDS
            or not self.worker.alive
        )


@dataclass
class _Pool:
    idle: list[_Environment] = field(default_factory=list)  # used from the end: latest first


class LambdaRuntime:
    """All functions of the local account, each in as many processes as it has invocations."""

    def __init__(
        self,
        cloud: Cloud,
        *,
        authorizer: RoleAuthorizer | None = None,
        load_code: LoadCode = moto_code,
        idle_seconds: float = 300.0,
        max_processes: int | None = None,
        scratch: Path | None = None,
    ) -> None:
        self._cloud = cloud
        self._authorizer = authorizer
        self._load_code = load_code
        self._idle_seconds = idle_seconds
        self._max_processes = max_processes or max(16, 4 * (os.cpu_count() or 1))
        if scratch is not None:
            scratch.mkdir(parents=True, exist_ok=True)
        _remove_orphans(scratch or Path(tempfile.gettempdir()))
        self._scratch = Path(tempfile.mkdtemp(prefix=f"{_FOLDER}{os.getpid()}-", dir=scratch))
        self._runtime_folder = self._scratch / "runtime"
        self._missing = _link_runtime(self._runtime_folder)
        self._unpacking = threading.Lock()
        self._state = threading.Condition()
        self._pools: defaultdict[tuple[str, str], _Pool] = defaultdict(_Pool)
        self._environments: set[int] = set()  # process ids, while they may run
        self._processes = 0
        self._running: defaultdict[str, int] = defaultdict(int)
        self._credentials: dict[tuple[str, str], tuple[float, dict[str, str]]] = {}
        self._closed = False
        self._reaper: threading.Thread | None = None
        if self._missing:
            _log.warning("%s", self._missing)

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
        request_id = str(uuid.uuid4())
        try:
            target = self.target(function, qualifier)
            _check_event(payload)
            self._check_runtime(target.function)
            with self._admitted(target):
                begun = time.monotonic()
                invocation = self._run(target, payload or b"{}", request_id, trace_header)
                self._count(target, invocation, time.monotonic() - begun)
                return invocation
        except LambdaError as error:
            if error.status == 429:
                self._cloud.metric(
                    "AWS/Lambda", "Throttles", {"FunctionName": target.function.name}
                )
            return Invocation(
                error.status, error.payload, None, "", "", error.error_type, request_id
            )

    def _count(self, target: Target, invocation: Invocation, seconds: float) -> None:
        name = {"FunctionName": target.function.name}
        # By what was invoked as well: function:version or function:alias (Lambda Developer Guide,
        # "Viewing metrics for Lambda functions").
        resource = target.invoked_arn.rpartition(":function:")[2]
        for dimensions in (name, name | {"Resource": resource}):
            self._cloud.metric("AWS/Lambda", "Invocations", dimensions)
            self._cloud.metric("AWS/Lambda", "Throttles", dimensions, 0)
            self._cloud.metric(
                "AWS/Lambda", "Errors", dimensions, float(bool(invocation.function_error))
            )
            self._cloud.metric("AWS/Lambda", "Duration", dimensions, seconds * 1000, "Milliseconds")

    def target(self, function: str, qualifier: str | None) -> Target:
        """Resolve a name or ARN; LambdaError 404 when there is no such function or qualifier."""
        name, qualifier = split_name(function, qualifier)
        known: dict[tuple[str, str | None], Target] = self._cloud.snapshot("lambda.targets", dict)
        if (name, qualifier) not in known:
            known[name, qualifier] = resolve(self._cloud, name, qualifier)
        return known[name, qualifier]

    def _check_runtime(self, function: Function) -> None:
        if self._missing:
            raise LambdaError(500, "ServiceException", self._missing, Type="Service")
        if not function.runtime.startswith("python"):
            raise LambdaError(
                502,
                "InvalidRuntimeException",
                f"This emulator runs Python functions only, not {function.runtime!r}",
                Type="User",
            )
        if function.runtime != "python3.12":
            self._cloud.approximation(
                "Lambda", f"{function.name} asks for {function.runtime} and gets python3.12"
            )

    def allows(self, function_arn: str, source_arn: str) -> bool:
        """Say whether the function's resource policy lets this API method invoke this ARN."""
        known: dict[tuple[str, str], bool] = self._cloud.snapshot("lambda.permissions", dict)
        if (function_arn, source_arn) not in known:
            known[function_arn, source_arn] = may_invoke(
                self._statements(function_arn), function_arn, source_arn
            )
        return known[function_arn, source_arn]

    def _statements(self, function_arn: str) -> list[dict[str, Any]]:
        try:
            name, qualifier = split_name(function_arn, None)
            request = {"FunctionName": name} | ({"Qualifier": qualifier} if qualifier else {})
            policy = self._cloud.client("lambda").get_policy(**request)["Policy"]
        except (ClientError, LambdaError):
            return []
        document = json.loads(policy) if isinstance(policy, str) else policy
        statements: list[dict[str, Any]] = document["Statement"]
        return statements

    def close(self) -> None:
        """Stop every worker at once and remove the unpacked code."""
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
            self._discard(environment)
        with self._state:
            self._state.wait_for(lambda: not self._processes, timeout=2)
        shutil.rmtree(self._scratch, ignore_errors=True)

    # Concurrency

    @contextlib.contextmanager
    def _admitted(self, target: Target) -> Iterator[None]:
        """Count the invocation against the function's reserved concurrency."""
        name, limit = target.function.name, target.reserved_concurrency
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
        self._cloud.metric("AWS/Lambda", "ConcurrentExecutions", {"FunctionName": name}, running)
        try:
            yield
        finally:
            with self._state:
                self._running[name] -= 1
                if not self._running[name]:
                    del self._running[name]

    def _take(self, function: Function) -> _Environment | None:
        """Take the latest used idle worker, or None with the right to start one.

        At the limit of real processes it waits for one to come free: AWS would start another
        environment where one machine cannot.
        """
        deadline = time.monotonic() + function.timeout
        unwanted: list[_Environment] = []
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
                    if self._processes - len(unwanted) < self._max_processes:
                        self._processes += 1
                        return None
                    spare = next((pool for pool in self._pools.values() if pool.idle), None)
                    if spare:
                        unwanted.append(spare.idle.pop(0))
                        continue
                    self._cloud.approximation(
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
                self._discard(environment)

    def _give_back(self, environment: _Environment) -> None:
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
        self._discard(environment)

    def _discard(self, environment: _Environment) -> None:
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
                self._discard(environment)

    # One invocation

    def _run(
        self, target: Target, payload: bytes, request_id: str, trace_header: str | None
    ) -> Invocation:
        function = target.function
        environment, failed = self._ready(function)
        trace = trace_header or _trace_header(sampled=function.tracing)
        init_seconds, environment.init_seconds = environment.init_seconds, 0.0
        environment.log.start(request_id)
        begun = time.monotonic()
        deadline = begun + function.timeout
        status = "failure"
        try:
            if failed:
                # Lambda runs a failed init a second time, within the first invocation.
                environment = self._again(environment)
                init_seconds = 0.0
                answer = self._initialize(environment, "invoke", deadline)
            else:
                answer = None
            if answer is not None:
                status = "error"
            else:
                answer = environment.worker.invoke(
                    payload, _event_headers(target, request_id, trace), request_id, deadline
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
            self._give_back(environment)
        return Invocation(
            200,
            answer.payload,
            "Unhandled" if answer.failed else None,
            function.version,
            log_tail,
            "",
            request_id,
        )

    def _ready(self, function: Function) -> tuple[_Environment, bool]:
        """Give a worker that waits for an event, or a new one and whether its init failed."""
        while True:
            environment = self._take(function)
            if environment is None:
                environment = self._spawn(function)
                failed = True
                with contextlib.suppress(WorkerExitError, WorkerTimeoutError):
                    limit = environment.started + _INIT_SECONDS
                    failed = self._initialize(environment, "init", limit) is not None
                environment.init_seconds = time.monotonic() - environment.started
                return environment, failed
            with contextlib.suppress(WorkerExitError, WorkerTimeoutError):
                if environment.worker.initialize(time.monotonic() + _INIT_SECONDS) is None:
                    return environment, False
            self._discard(environment)  # it died while idle: nobody's invocation is lost

    @staticmethod
    def _initialize(environment: _Environment, phase: str, deadline: float) -> Answer | None:
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

    def _again(self, environment: _Environment) -> _Environment:
        """Replace a worker whose init failed, in the same place of the process count."""
        with self._state:
            self._processes += 1
        fresh = self._spawn(environment.function)
        self._discard(environment)
        return fresh

    def _spawn(self, function: Function) -> _Environment:
        """Start a process; the place for it was taken before and is given back on failure."""
        try:
            instance = secrets.token_hex(16)
            stream = f"{datetime.now(UTC):%Y/%m/%d}/[{function.version}]{instance}"
            credentials = self._assume(function)
            task_root = self._unpack(function)
            started = time.monotonic()
            worker = Worker(
                handler=function.handler,
                task_root=task_root,
                runtime_folder=self._runtime_folder,
                environment=self._variables(function, task_root, stream, credentials),
                log=self._log_writer(function, stream, credentials["AWS_ACCESS_KEY_ID"]),
                keeps=_filter(function),
            )
        except BaseException:
            with self._state:
                self._processes -= 1
                self._state.notify()
            raise
        environment = _Environment(worker, function, PlatformLog(function, worker), started)
        with self._state:
            self._environments.add(worker.pid)
            if self._closed:
                worker.kill()
        return environment

    def _log_writer(
        self, function: Function, stream: str, access_key_id: str
    ) -> Callable[[str], None]:
        """Write to the function's group, while its role may: Lambda logs with the role's rights."""

        def write(line: str) -> None:
            if self._may_log(function, access_key_id):
                self._cloud.log(function.log_group, stream, line)

        return write

    def _may_log(self, function: Function, access_key_id: str) -> bool:
        if self._authorizer is None:
            return True
        known: dict[tuple[str, str], bool] = self._cloud.snapshot("lambda.logging", dict)
        key = (access_key_id, function.log_group)
        if key not in known:
            region, account = self._cloud.region, self._cloud.account_id
            resource = (
                f"arn:{partition_of(region)}:logs:{region}:{account}:log-group:"
                f"{function.log_group}:log-stream:*"
            )
            known[key] = True
            for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
                if not self._authorizer.authorize(access_key_id, action, resource, {}).allowed:
                    known[key] = False
                    _log.warning(
                        "%s logs nothing: its role lacks %s on %s",
                        *(function.name, action, function.log_group),
                    )
            group = resource.removesuffix(":log-stream:*")
            create = self._authorizer.authorize(access_key_id, "logs:CreateLogGroup", group, {})
            if known[key] and create.allowed:
                self._make_group(function.log_group)
        return known[key]

    def _make_group(self, group: str) -> None:
        """Make a function's log group where its role may, as Lambda does at the first event."""
        logs = self._cloud.client("logs")
        with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
            logs.create_log_group(logGroupName=group)

    def _assume(self, function: Function) -> dict[str, str]:
        """Get the role's temporary credentials, the same for workers started close together."""
        key = (function.role, function.name)
        try:
            if self._authorizer is not None:
                self._authorizer.assume_by_service(function.role, SERVICE, {})
            with self._state:
                got, known = self._credentials.get(key, (0.0, {}))
            if known and time.monotonic() - got < _CREDENTIALS_SECONDS:
                return known
            answer = self._cloud.client("sts").assume_role(
                RoleArn=function.role, RoleSessionName=function.name
            )["Credentials"]
        except (CallerError, ClientError) as error:
            raise LambdaError(403, "AccessDeniedException", NOT_ASSUMED, Type="User") from error
        credentials = {
            "AWS_ACCESS_KEY_ID": answer["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": answer["SecretAccessKey"],
            "AWS_SESSION_TOKEN": answer["SessionToken"],
        }
        with self._state:
            self._credentials[key] = (time.monotonic(), credentials)
        return credentials

    def _unpack(self, function: Function) -> Path:
        """Unpack the zip once for each content."""
        folder = self._scratch / hashlib.sha256(function.code_sha256.encode()).hexdigest()[:32]
        with self._unpacking:
            if not folder.exists():
                code = self._load_code(self._cloud, function.name, function.version)
                digest = base64.b64encode(hashlib.sha256(code).digest()).decode()
                if digest != function.code_sha256:
                    raise LambdaError(
                        502,
                        "InvalidZipFileException",
                        f"The stored zip has sha256 {digest}, not {function.code_sha256}",
                        Type="User",
                    )
                partial = folder.with_suffix(".partial")
                try:
                    with zipfile.ZipFile(io.BytesIO(code)) as archive:
                        archive.extractall(partial)  # never leaves the folder
                except zipfile.BadZipFile as error:
                    raise LambdaError(
                        502, "InvalidZipFileException", "Lambda could not unzip the file"
                    ) from error
                partial.rename(folder)
        return folder

    def _variables(
        self, function: Function, task_root: Path, stream: str, credentials: dict[str, str]
    ) -> dict[str, str]:
        """Build the whole environment (AWS Lambda Developer Guide, Defined environment variables).

        Of the emulator's own only where its Python finds shared libraries.
        """
        region = self._cloud.region
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
            "AWS_ENDPOINT_URL": self._cloud.endpoint,
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
            "LAMBDA_RUNTIME_DIR": str(self._runtime_folder),
            "LAMBDA_TASK_ROOT": str(task_root),
            "_HANDLER": function.handler,
        }
        if function.application_log_level:
            variables["AWS_LAMBDA_LOG_LEVEL"] = function.application_log_level
        return variables


def _remove_orphans(folder: Path) -> None:
    """Remove what was left by emulators that had no time to tidy up, as those that were killed."""
    for left in folder.glob(f"{_FOLDER}*-*"):
        pid = left.name.removeprefix(_FOLDER).partition("-")[0]
        if not pid.isdecimal():
            continue
        try:
            os.kill(int(pid), 0)
        except ProcessLookupError:
            shutil.rmtree(left, ignore_errors=True)
        except (OSError, OverflowError):
            continue  # somebody else's, and alive


def _link_runtime(folder: Path) -> str:
    """Gather what AWS's managed runtime carries; return what is missing of it, as a sentence."""
    folder.mkdir()
    for name in _RUNTIME_MODULES:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            continue
        source = Path(spec.origin)
        source = source.parent if source.name == "__init__.py" else source
        (folder / source.name).symlink_to(source)
    if not (folder / "awslambdaric").exists():
        return (
            "awslambdaric is not installed (there is no wheel for every platform): functions "
            "cannot run, so every invocation answers 500. Everything else works."
        )
    return ""


def _check_event(payload: bytes) -> None:
    if len(payload) > MAX_REQUEST_BYTES:
        raise LambdaError(
            413,
            "RequestTooLargeException",
            f"Request must be smaller than {MAX_REQUEST_BYTES} bytes for the InvokeFunction "
            "operation",
            Type="User",
        )
    try:
        json.loads(payload or b"{}")
    except (ValueError, RecursionError) as error:
        raise LambdaError(
            400,
            "InvalidRequestContentException",
            f"Could not parse request body into json: Could not parse payload into json: {error}",
            Type="User",
        ) from error


def _filter(function: Function) -> Callable[[str], bool]:
    """Return which lines of a function's code Lambda logs; only JSON has levels."""
    least = function.application_log_level
    return lambda line: not function.json_logs or reaches_the_log(line, least)


def _event_headers(target: Target, request_id: str, trace: str) -> dict[str, str]:
    deadline = int((time.time() + target.function.timeout) * 1000)
    return {
        "Lambda-Runtime-Aws-Request-Id": request_id,
        "Lambda-Runtime-Deadline-Ms": str(deadline),
        "Lambda-Runtime-Invoked-Function-Arn": target.invoked_arn,
        "Lambda-Runtime-Trace-Id": trace,
    }


def _trace_header(*, sampled: bool) -> str:
    root = f"1-{int(time.time()):08x}-{secrets.token_hex(12)}"
    return f"Root={root};Parent={secrets.token_hex(8)};Sampled={int(sampled)}"


def _failure(error_type: str, message: str) -> Answer:
    document = {"errorType": error_type, "errorMessage": message}
    return Answer(json.dumps(document).encode(), failed=True)


def _too_large() -> Answer:
    return _failure(
        "Function.ResponseSizeTooLarge",
        f"Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} "
        "bytes).",
    )
