#!/usr/bin/env python3
"""Load a rehearsal of its own with many clients at once, through the whole path, and measure it.

It applies the environment with the limits that would refuse a load lifted (rate, throttle, quota,
reserved concurrency), everything else in force, and takes it down again. Loopback only.
"""

from __future__ import annotations

import argparse
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

from toolkit.rehearsal import Rehearsal, RehearsalError, Session
from toolkit.terraform import ROOT, TerraformError

HOME = ROOT / ".rehearsal-load"
LIFTED = """module "chatbot" {
  api      = { plan = { rate_limit = 10000, burst_limit = 5000, quota_limit = 100000000 } }
  edge     = { limits = { rate_requests = 100000000 } }
  function = { reserved_concurrency = 100 }
}
"""
MAX_CLIENTS = 200
MAX_SECONDS = 300
# A process grows until its caches are full; what counts is what it does afterwards.
WARM_UP_SECONDS = 10


def ask(session: Session, source: str, until: float, seen: Counter[int], took: list[float]) -> None:
    """Ask one question after another from one loopback address, over one connection."""
    parts = urllib.parse.urlsplit(session.url)
    body = json.dumps({"message": "Where is my order? It was due yesterday."})
    # Without a User-Agent, the core rule set takes it for a robot.
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


def load(rehearsal: Rehearsal, clients: int, seconds: int) -> dict[str, object]:
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
    return {
        "clients": clients,
        "seconds": round(lasted, 1),
        "requests": sum(seen.values()),
        "requests_per_second": round(sum(seen.values()) / lasted, 1),
        "statuses": dict(sorted(seen.items())),
        "milliseconds": {"p50": round(spread[49] * 1000), "p99": round(spread[98] * 1000)},
        "emulator_megabytes": {"warm": round(warm, 1), "end": round(end, 1)},
        "growth_percent": round((end / warm - 1) * 100, 1),
    }


def main(argv: list[str] | None = None) -> int:
    """Rehearse, load, report, take down; exit code 1 if anything but 200 came back."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--env", default="dev")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--port", type=int, default=4599)
    options = parser.parse_args(argv)
    if not (1 <= options.clients <= MAX_CLIENTS and 2 <= options.seconds <= MAX_SECONDS):
        parser.error(f"1 to {MAX_CLIENTS} clients, 2 to {MAX_SECONDS} seconds")
    rehearsal = Rehearsal(options.env, options.port, home=HOME)
    try:
        rehearsal.down()
        rehearsal.build()
        rehearsal.stage()
        (rehearsal.folder / "load_override.tf").write_text(LIFTED)
        rehearsal.start()
        rehearsal.init()
        rehearsal.apply(lambda text: print(text, file=sys.stderr, flush=True))
        rehearsal.open_session()
        measured = load(rehearsal, options.clients, options.seconds)
    except (RehearsalError, TerraformError) as error:
        print(error, file=sys.stderr)
        return 2
    finally:
        rehearsal.down()
        shutil.rmtree(HOME, ignore_errors=True)
    print(json.dumps(measured, indent=2))
    return 0 if set(measured["statuses"]) == {200} else 1  # type: ignore[call-overload]  # a dict


if __name__ == "__main__":
    sys.exit(main())
