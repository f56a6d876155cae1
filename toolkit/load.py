"""Load a rehearsal of its own with many clients at once, through the whole path, and measure it.

It applies the environment with the limits that would refuse a load lifted (rate, throttle, quota,
reserved concurrency), everything else in force, and takes it down again. Loopback only.
"""

import http.client
import json
import shutil
import statistics
import subprocess
import sys
import threading
import time
import urllib.parse
from collections import Counter
from dataclasses import dataclass

from toolkit.rehearsal import Rehearsal, Session
from toolkit.terraform import ROOT

# An environment finds its modules two folders up.
HOME = ROOT / ".rehearsal-load"
LIFTED = """module "chatbot" {
  api  = { plan = { rate_limit = 10000, burst_limit = 5000, quota_limit = 100000000 } }
  edge = { limits = { rate_requests = 100000000 } }

  reserved_concurrency = 100
}
"""
MAX_CLIENTS = 200
MAX_SECONDS = 300
# A process grows until its caches are full; what counts is what it does afterwards.
WARM_UP_SECONDS = 10
MAX_GROWTH_PERCENT = 10


def ask(session: Session, source: str, until: float, seen: Counter[int], took: list[float]) -> None:
    """Ask one question after another from one loopback address, over one connection."""
    parts = urllib.parse.urlsplit(session.url)
    body = json.dumps({"message": "Where is my order? It was due yesterday."})
    # The core rule set blocks requests without a User-Agent.
    headers = {
        "x-api-key": session.api_key,
        "content-type": "application/json",
        "user-agent": "chatbot-load/1",
    }
    connection = http.client.HTTPConnection(
        str(parts.hostname), parts.port, timeout=35, source_address=(source, 0)
    )
    while time.monotonic() < until:
        started = time.monotonic()
        try:
            connection.request("POST", parts.path, body, headers)
            reply = connection.getresponse()
            reply.read()
            seen[reply.status] += 1
        except (OSError, http.client.HTTPException):
            seen[0] += 1
            connection.close()
        took.append(time.monotonic() - started)
    connection.close()


def resident_megabytes(pid: int) -> float:
    """Return the memory that a process holds now."""
    done = subprocess.run(
        ["ps", "-o", "rss=", "-p", str(pid)], text=True, capture_output=True, check=True
    )
    return int(done.stdout) / 1024


@dataclass(frozen=True)
class Measured:
    """What came back, how fast, and what the emulator held. The first answer of each client waits
    for a worker of the function to start, as on AWS: on two cores, fifty of them take ten seconds.
    """

    clients: int
    seconds: float
    requests: int
    requests_per_second: float
    statuses: dict[int, int]
    p50_milliseconds: int
    p99_milliseconds: int
    megabytes_warm: float
    megabytes_end: float
    growth_percent: float

    @property
    def held(self) -> bool:
        """Whether every answer was 200 and the emulator's memory stayed steady."""
        return self.growth_percent <= MAX_GROWTH_PERCENT and set(self.statuses) == {200}


def load(rehearsal: Rehearsal, clients: int, seconds: int) -> Measured:
    """Load a rehearsal and return what was measured."""
    session = rehearsal.session()
    seen: Counter[int] = Counter()
    took: list[float] = []
    started = time.monotonic()
    until = started + seconds
    threads = [
        threading.Thread(target=ask, args=(session, f"127.0.0.{2 + n % 250}", until, seen, took))
        for n in range(clients)
    ]
    for thread in threads:
        thread.start()
    time.sleep(min(WARM_UP_SECONDS, seconds / 2))
    warm = resident_megabytes(rehearsal.pid)
    for thread in threads:
        thread.join()
    lasted = time.monotonic() - started
    end = resident_megabytes(rehearsal.pid)
    spread = statistics.quantiles(took, n=100)
    return Measured(
        clients=clients,
        seconds=round(lasted, 1),
        requests=sum(seen.values()),
        requests_per_second=round(sum(seen.values()) / lasted, 1),
        statuses=dict(sorted(seen.items())),
        p50_milliseconds=round(spread[49] * 1000),
        p99_milliseconds=round(spread[98] * 1000),
        megabytes_warm=round(warm, 1),
        megabytes_end=round(end, 1),
        growth_percent=round((end / warm - 1) * 100, 1),
    )


def measure(env: str, port: int, clients: int, seconds: int) -> Measured:
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
