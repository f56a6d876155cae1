"""One log line for each request, with its metrics and without its content.

The line is JSON with the fields that Lambda's log levels need (level, timestamp) and the metrics in
CloudWatch's embedded metric format. Metrics are in it at every log level: modules/compute leaves
Lambda's own filter at INFO, which drops a line by its level and would drop the metrics with it
(AWS Lambda Developer Guide, "Log-level filtering").
"""

from __future__ import annotations

import json
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from chatbot.errors import BudgetExhaustedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatbot.config import TelemetryConfig
    from chatbot.errors import ChatbotError
    from chatbot.models import ChatAnswer, RequestIds

PACKAGE = Path(__file__).parent
LEVELS = ("INFO", "WARN", "ERROR")
UNITS = {"BudgetUsed": "Percent", "ModelLatency": "Milliseconds"}  # the others are counts


class Telemetry:
    def __init__(self, config: TelemetryConfig) -> None:
        self._config = config
        self._least = LEVELS.index(config.level)

    def answered(self, answer: ChatAnswer, ids: RequestIds, *, duration_ms: int) -> None:
        reply = answer.reply
        metrics = {"Requests": 1, "Blocked" if answer.blocked else "Answered": 1}
        if answer.screened:
            metrics |= {"Screened": 1, f"Screened.{answer.screened}": 1}
        if answer.leaked:
            metrics |= {"Leaked": 1}
        fields = {
            "status": 200,
            "blocked": answer.blocked,
            "stop_reason": answer.stop_reason,
            "screened": answer.screened,
            "score": answer.score,
            "leaked": answer.leaked or None,
            "guardrail": sorted(map(str, reply.findings)),
            "input_tokens": reply.usage.input_tokens,
            "output_tokens": reply.usage.output_tokens,
            "model_latency_ms": reply.latency_ms,
            "attempts": reply.attempts,
            "duration_ms": duration_ms,
        }
        if reply.attempts:
            metrics |= _paid(fields)
        if answer.budget_used is not None:
            metrics |= {"BudgetUsed": answer.budget_used}
        self._write("INFO", ids, metrics, fields)

    def deleted(self, ids: RequestIds, *, duration_ms: int) -> None:
        """Log that a conversation was deleted, and not which."""
        fields = {"status": 204, "duration_ms": duration_ms}
        self._write("INFO", ids, {"Requests": 1, "Deleted": 1}, fields)

    def failed(self, error: ChatbotError, ids: RequestIds, *, duration_ms: int) -> None:
        level = {400: "INFO", 500: "ERROR"}.get(error.status, "WARN")
        fields = {
            "status": error.status,
            "code": error.code,
            "reason": error.public_message,
            "duration_ms": duration_ms,
            **error.details,
        }
        metrics = {"Requests": 1, error.metric: 1} | _paid(fields)
        if isinstance(error, BudgetExhaustedError):
            metrics |= {"BudgetUsed": 100}
        self._write(level, ids, metrics, fields)

    def _write(
        self,
        level: str,
        ids: RequestIds,
        metrics: Mapping[str, int],
        fields: Mapping[str, object],
    ) -> None:
        now = time.time()
        line: dict[str, object] = {
            "level": level,
            "timestamp": _rfc3339(now),
            "service": self._config.service,
        }
        if LEVELS.index(level) >= self._least:
            line |= {
                "message": "chat",
                "request_id": ids.request_id,
                "function_request_id": ids.function_request_id,
                **({"person": ids.person} if ids.person else {}),
                **{name: value for name, value in fields.items() if value is not None},
            }
        if self._config.namespace:
            line |= metrics
            line["_aws"] = _embedded(self._config.namespace, metrics, now)
        sys.stdout.write(json.dumps(line, separators=(",", ":")) + "\n")


def _paid(fields: Mapping[str, object]) -> dict[str, int]:
    """Return the metrics of a reply of the model, whether or not the caller saw it."""
    named = {
        "InputTokens": fields.get("input_tokens"),
        "OutputTokens": fields.get("output_tokens"),
        "ModelLatency": fields.get("model_latency_ms"),
    }
    return {name: value for name, value in named.items() if isinstance(value, int)}


def _embedded(namespace: str, metrics: Mapping[str, int], now: float) -> dict[str, object]:
    """CloudWatch User Guide, "Specification: Embedded metric format"."""
    described = [{"Name": name, "Unit": UNITS.get(name, "Count")} for name in metrics]
    directive = {"Namespace": namespace, "Dimensions": [["service"]], "Metrics": described}
    return {"Timestamp": int(now * 1000), "CloudWatchMetrics": [directive]}


def _rfc3339(now: float) -> str:
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(now))}.{int(now * 1000) % 1000:03}Z"


def where(error: Exception) -> str:
    """Name our own frames of a traceback; the error's text stays out, it may quote the caller."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).parent == PACKAGE]
    return " > ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in ours)
