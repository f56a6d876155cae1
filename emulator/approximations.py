"""What the emulator does otherwise than AWS, said once each."""

import logging
import threading

_log = logging.getLogger("emulator")


class Approximations:
    """Those that the applied configuration touches, for the log and for the health page."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._noted: dict[tuple[str, str], None] = {}

    def note(self, part: str, text: str) -> None:
        """Log, once, that the applied configuration touches something that AWS does better.

        Args:
            part: a row of the README's table.
            text: what differs.
        """
        with self._lock:
            if (part, text) in self._noted:
                return
            self._noted[part, text] = None
        _log.warning("approximation in %s: %s", part, text)

    def listed(self) -> list[dict[str, str]]:
        """Return all so far, the oldest first."""
        with self._lock:
            return [{"part": part, "text": text} for part, text in self._noted]
