#!/usr/bin/env python3
"""Load a rehearsal of its own through the whole path, and measure it.

Web ACL, API key, usage plan, body schema, function, guardrail, logs and trail all act. Only
the limits that would refuse a load are lifted: rate, throttle, quota, reserved concurrency. Ends
with 1 where a target is missed, an answer was not 200, or the emulator's memory grew.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import sys
import threading
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from benchmarks.clients import Load, NoAnswerError, Usage, drive, post, usage
from toolkit.errors import ToolkitError
from toolkit.rehearsal import Rehearsal
from toolkit.terraform import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# An environment finds its modules two folders up.
HOME = ROOT / ".rehearsal-load"
LIFTED = """module "chatbot" {
  api  = { plan = { rate_limit = 10000, burst_limit = 5000, quota_limit = 100000000 } }
  edge = { limits = { rate_requests = 100000000 } }

  reserved_concurrency = 100
}
"""
BODY = json.dumps({"message": "Where is my order? It was due yesterday."}).encode()
MAX_CLIENTS = 200
# Each client's first answer waits for a worker of the function, and what is kept fills its bounds.
WARM_UP_SECONDS = 10
WARM_UP_SHARE = 0.2
# At 16 clients on two cores that do nothing else.
LEAST_PER_SECOND = 250
MOST_P99_MILLISECONDS = 200
MOST_GROWTH_PERCENT = 10
SAMPLES = 10


@dataclass(frozen=True)
class Measured:
    """What came back, how fast, and what it took."""

    clients: int
    seconds: float
    requests: int
    requests_per_second: float
    p50_milliseconds: float
    p99_milliseconds: float
    statuses: dict[int, int]
    cpu_milliseconds_emulator: float
    cpu_milliseconds_function: float
    cpu_milliseconds_clients: float
    megabytes_emulator: list[float]  # from the beginning to the end, at even distances
    megabytes_function: list[float]

    @property
    def missed(self) -> list[str]:
        """What is not as it should be."""
        # The lowest of three: what the trail has not delivered yet comes and goes.
        first, last = min(self.megabytes_emulator[:3]), min(self.megabytes_emulator[-3:])
        growth = (last / first - 1) * 100
        tests = {
            f"answers other than 200: {self.statuses}": set(self.statuses) != {200},
            f"fewer than {LEAST_PER_SECOND} requests a second": (
                self.requests_per_second < LEAST_PER_SECOND
            ),
            f"p99 above {MOST_P99_MILLISECONDS} ms": self.p99_milliseconds > MOST_P99_MILLISECONDS,
            f"memory grew by {growth:.0f} %": growth > MOST_GROWTH_PERCENT,
        }
        return [text for text, failed in tests.items() if failed]


def load(rehearsal: Rehearsal, clients: int, seconds: float) -> Measured:
    """Load a rehearsal that is up. Raises NoAnswerError."""
    session = rehearsal.session()
    # The core rule set blocks requests without a User-Agent.
    headers = {**session.headers(), "User-Agent": "chatbot-load/1"}
    request = post(session.url, headers, BODY)
    drive(session.url, request, clients, max(WARM_UP_SECONDS, seconds * WARM_UP_SHARE))
    begun = time.process_time()
    with watched(rehearsal.pid, seconds / SAMPLES) as seen:
        done = drive(session.url, request, clients, seconds)
    return summary(clients, done, seen, time.process_time() - begun)


@contextlib.contextmanager
def watched(pid: int, every: float) -> Iterator[list[tuple[Usage, Usage]]]:
    """Look at a process and its children: now, every so many seconds, and at the end."""
    seen = [usage(pid)]
    over = threading.Event()

    def watch() -> None:
        while not over.wait(every):
            seen.append(usage(pid))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()
    seen.append(usage(pid))


def summary(
    clients: int, done: Load, seen: Sequence[tuple[Usage, Usage]], own_seconds: float
) -> Measured:
    """Return what a load and the use of processors and memory in it come to."""
    emulator, function = (
        (end.cpu_seconds - begin.cpu_seconds) * 1000 / len(done.took)
        for begin, end in zip(seen[0], seen[-1], strict=True)
    )
    return Measured(
        clients=clients,
        seconds=round(done.seconds, 1),
        requests=len(done.took),
        requests_per_second=round(done.per_second, 1),
        p50_milliseconds=round(done.percentile(50), 1),
        p99_milliseconds=round(done.percentile(99), 1),
        statuses=dict(done.statuses),
        cpu_milliseconds_emulator=round(emulator, 2),
        cpu_milliseconds_function=round(function, 2),
        cpu_milliseconds_clients=round(own_seconds * 1000 / len(done.took), 2),
        megabytes_emulator=[round(one.megabytes, 1) for one, _ in seen],
        megabytes_function=[round(one.megabytes, 1) for _, one in seen],
    )


def measure(env: str, port: int, clients: int, seconds: float) -> Measured:
    """Bring a rehearsal up, load it, and take it down."""
    rehearsal = Rehearsal(env, port, home=HOME)
    try:
        rehearsal.down()
        rehearsal.build()
        rehearsal.stage()
        (rehearsal.folder / "load_override.tf").write_text(LIFTED)
        rehearsal.up(lambda text: print(text, file=sys.stderr, flush=True))
        return load(rehearsal, clients, seconds)
    finally:
        rehearsal.down()
        shutil.rmtree(HOME, ignore_errors=True)


def main() -> int:
    """Measure, print, and return the exit code: 2 without a load."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--env", default="dev")
    parser.add_argument("--clients", type=int, default=16, help="default: %(default)s")
    parser.add_argument("--seconds", type=float, default=60, help="default: %(default)s")
    parser.add_argument("--port", type=int, default=4599)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    if not (1 <= options.clients <= MAX_CLIENTS and options.seconds >= 1):
        parser.error(f"1 to {MAX_CLIENTS} clients, at least a second")
    try:
        measured = measure(options.env, options.port, options.clients, options.seconds)
    except (NoAnswerError, ToolkitError) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Interrupted, and taken down.", file=sys.stderr)
        return 130
    if options.json:
        print(json.dumps(asdict(measured) | {"missed": measured.missed}))
    else:
        for name, value in asdict(measured).items():
            print(f"{name.replace('_', ' '):28}{value}")
        print("\n".join(f"missed: {one}" for one in measured.missed) or "all targets reached")
    return 1 if measured.missed else 0


if __name__ == "__main__":
    sys.exit(main())
