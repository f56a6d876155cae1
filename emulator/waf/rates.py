"""Rate-based rules: how many requests each key made in the window.

AWS checks about every ten seconds and promises no exact limit. Here the window slides exactly: a
request is over the limit when the window already holds as many as the limit allows.
"""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable

MAX_KEYS = 10_000
"""AWS WAF quota: aggregation instances that one rate-based rule tracks."""


class RateCounter:
    """The requests of one rate-based rule."""

    def __init__(self, limit: int, window_seconds: int, clock: Callable[[], float]) -> None:
        self._limit = limit
        self._window = window_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: OrderedDict[Hashable, deque[float]] = OrderedDict()

    def is_over(self, key: Hashable) -> bool:
        """Count one request of a key and return whether it exceeds the limit."""
        with self._lock:
            now = self._clock()
            times = self._seen.get(key)
            if times is None:
                self._make_room(now)
                # One more than the limit is all that the answer needs, however fast the client is.
                times = self._seen[key] = deque(maxlen=self._limit + 1)
            self._seen.move_to_end(key)
            times.append(now)
            while times[0] <= now - self._window:
                times.popleft()
            return len(times) > self._limit

    def _make_room(self, now: float) -> None:
        """Forget keys that are out of the window, and the longest silent one when all are in it."""
        while self._seen:
            oldest = next(iter(self._seen))
            expired = self._seen[oldest][-1] <= now - self._window
            if not expired and len(self._seen) < MAX_KEYS:
                return
            del self._seen[oldest]


class RateCounters:
    """The counters of every rate-based rule; they outlive a change of any other rule."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._counters: dict[str, tuple[str, RateCounter]] = {}

    def get(self, rule: str, settings: str, limit: int, window_seconds: int) -> RateCounter:
        """Return a rule's counter; changed rate limit settings start it from zero, as on AWS."""
        with self._lock:
            known = self._counters.get(rule)
            if known is None or known[0] != settings:
                known = (settings, RateCounter(limit, window_seconds, self._clock))
                self._counters[rule] = known
            return known[1]
