"""The records that Lambda itself writes among a function's log lines.

Names, fields and levels: AWS Lambda Developer Guide, Telemetry API Event schema reference and
Log levels for system logs.
"""

import json
import math
from datetime import UTC, datetime

from emulator.lambda_.functions import Function, runtime_version_arn
from emulator.lambda_.worker import Worker
from emulator.wire.documents import JsonObject

_LEVELS = {"DEBUG": 0, "INFO": 1, "WARN": 2}


class PlatformLog:
    """Writes one worker's platform records, as JSON or as the older plain lines."""

    def __init__(self, function: Function, worker: Worker) -> None:
        self._function = function
        self._worker = worker

    def init_start(self, phase: str) -> None:
        """Log that the function's module is about to be imported."""
        function = self._function
        version = f"{function.runtime.replace('python', 'python:')}.v0"
        version_arn = runtime_version_arn(function.arn.split(":")[3], function.runtime)
        self._record(
            "INFO",
            "platform.initStart",
            {
                "initializationType": "on-demand",
                "phase": phase,
                "runtimeVersion": version,
                "runtimeVersionArn": version_arn,
                "functionName": function.name,
                "functionVersion": function.version,
            },
        )
        self._line(f"INIT_START Runtime Version: {version}\tRuntime Version ARN: {version_arn}")

    def init_report(self, phase: str, status: str, seconds: float) -> None:
        """Report how the import went."""
        self._record(
            "DEBUG" if status == "success" else "WARN",
            "platform.initReport",
            {
                "initializationType": "on-demand",
                "phase": phase,
                "status": status,
                "metrics": {"durationMs": _ms(seconds)},
            },
        )
        if status != "success":
            self._line(
                f"INIT_REPORT Init Duration: {_ms(seconds):.2f} ms\tPhase: {phase}\t"
                f"Status: {status}"
            )

    def start(self, request_id: str) -> None:
        """Log that an invocation starts."""
        version = self._function.version
        self._record("INFO", "platform.start", {"requestId": request_id, "version": version})
        self._line(f"START RequestId: {request_id} Version: {version}")

    def report(
        self, request_id: str, status: str, seconds: float, init_seconds: float, trace: str
    ) -> None:
        """Report an invocation's duration, memory and outcome: success, error, failure, timeout."""
        billed = math.ceil(_ms(seconds + init_seconds))
        metrics: JsonObject = {
            "durationMs": _ms(seconds),
            "billedDurationMs": billed,
            "memorySizeMB": self._function.memory_mb,
            "maxMemoryUsedMB": self._worker.max_memory_mb,
        }
        if init_seconds:
            metrics["initDurationMs"] = _ms(init_seconds)
        record: JsonObject = {"requestId": request_id, "metrics": metrics, "status": status}
        if self._function.tracing:
            record["tracing"] = {"type": "X-Amzn-Trace-Id", "value": trace}
        level = "INFO" if status == "success" else "WARN"
        self._record(level, "platform.report", record)
        if status == "timeout":
            self._line(f"{_now()} {request_id} Task timed out after {seconds:.2f} seconds\n")
        self._line(f"END RequestId: {request_id}")
        init = f"\tInit Duration: {_ms(init_seconds):.2f} ms" if init_seconds else ""
        self._line(
            f"REPORT RequestId: {request_id}\tDuration: {_ms(seconds):.2f} ms\t"
            f"Billed Duration: {billed} ms\tMemory Size: {self._function.memory_mb} MB\t"
            f"Max Memory Used: {metrics['maxMemoryUsedMB']} MB{init}"
            # On record: a tab ends the line of a success.
            + ("\t" if status == "success" else f"\tStatus: {status}")
        )

    def _record(self, level: str, kind: str, record: JsonObject) -> None:
        wanted = _LEVELS.get(self._function.system_log_level, 1)
        if self._function.json_logs and _LEVELS[level] >= wanted:
            line = json.dumps({"time": _now(), "type": kind, "record": record})
            self._worker.write_log(line)

    def _line(self, line: str) -> None:
        if not self._function.json_logs:
            self._worker.write_log(line)


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
