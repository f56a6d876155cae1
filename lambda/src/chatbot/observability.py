"""One log line and one set of metrics for each request, and never a word of what was said."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics
from aws_lambda_powertools.metrics.exceptions import SchemaValidationError

if TYPE_CHECKING:
    from chatbot.errors import ChatbotError
    from chatbot.models import ChatAnswer, RequestIds

PACKAGE = Path(__file__).parent


class Telemetry:
    """Powertools' logger and metrics; they read their own POWERTOOLS_* variables."""

    def __init__(self) -> None:
        # Every line comes from the same place, so that `location` would say nothing.
        self._log = Logger(utc=True, use_rfc3339=True, location=None)
        self._metrics = Metrics()
        # With the function's log level at DEBUG these would write whole requests and answers.
        for library in ("botocore", "urllib3"):
            logging.getLogger(library).setLevel(logging.WARNING)

    def answered(self, answer: ChatAnswer, ids: RequestIds, *, duration_ms: int) -> None:
        reply = answer.reply
        self._count("Blocked" if answer.blocked else "Answered")
        if answer.screened:
            self._metrics.add_metric("Screened", "Count", 1)
            self._metrics.add_metric(f"Screened.{answer.screened}", "Count", 1)
        if reply.attempts:
            self._metrics.add_metric("InputTokens", "Count", reply.usage.input_tokens)
            self._metrics.add_metric("OutputTokens", "Count", reply.usage.output_tokens)
            self._metrics.add_metric("ModelLatency", "Milliseconds", reply.latency_ms)
        self._write(
            logging.INFO,
            ids,
            status=200,
            blocked=answer.blocked,
            stop_reason=reply.stop_reason,
            screened=answer.screened,
            guardrail=sorted({str(finding) for finding in reply.findings}),
            input_tokens=reply.usage.input_tokens,
            output_tokens=reply.usage.output_tokens,
            model_latency_ms=reply.latency_ms,
            attempts=reply.attempts,
            duration_ms=duration_ms,
        )

    def failed(self, error: ChatbotError, ids: RequestIds, *, duration_ms: int) -> None:
        self._count(error.metric)
        level = logging.INFO if error.status == 400 else logging.WARNING
        self._write(
            logging.ERROR if error.status == 500 else level,
            ids,
            status=error.status,
            code=error.code,
            reason=error.public_message,
            duration_ms=duration_ms,
            **error.details,
        )

    def _count(self, outcome: str) -> None:
        self._metrics.add_metric("Requests", "Count", 1)
        self._metrics.add_metric(outcome, "Count", 1)

    def _write(self, level: int, ids: RequestIds, **fields: object) -> None:
        self._log.log(
            level,
            "chat",
            extra={
                "request_id": ids.request_id,
                "function_request_id": ids.function_request_id,
                **fields,
            },
        )
        try:
            self._metrics.flush_metrics()
        except SchemaValidationError:
            self._log.error("POWERTOOLS_METRICS_NAMESPACE is missing: no metrics")
            self._metrics.clear_metrics()


def where(error: Exception) -> str:
    """Name our own frames of a traceback; the error's text stays out, it may quote the caller."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).parent == PACKAGE]
    return " > ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in ours)
