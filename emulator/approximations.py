"""What the emulator does otherwise than AWS, said once each."""

import logging
import threading
from typing import Literal

_log = logging.getLogger("emulator")


Part = Literal[
    "API Gateway", "CloudTrail", "CloudWatch", "Control plane", "Converse", "DynamoDB",
    "EventBridge", "Guardrail", "IAM", "Lambda", "Logs Insights", "S3", "SNS", "WAF",
]  # fmt: skip
"""A row of the table in README.md."""


class Approximations:
    """Those that the applied configuration touches, for the log and for the health page."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._noted: dict[tuple[Part, str], None] = {}

    def note(self, part: Part, text: str) -> None:
        """Log, once, what differs of something that the applied configuration touches."""
        with self._lock:
            if (part, text) in self._noted:
                return
            self._noted[part, text] = None
        _log.warning("approximation in %s: %s", part, text)

    def listed(self) -> list[dict[str, str]]:
        """Return all so far, the oldest first."""
        with self._lock:
            return [{"part": part, "text": text} for part, text in self._noted]
