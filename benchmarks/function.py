#!/usr/bin/env python3
"""Measure the function beside an empty one, the recipe's handler and the usual stack.

Each runs in AWS's runtime interface client, from its bytecode, against a stub of Bedrock that
answers at once in TLS on this machine. Columns take turns in every round; what is shown are medians
over the rounds. A ratio compares what is above the empty handler, the floor, for warm requests, and
whole times otherwise.
"""

from __future__ import annotations

import argparse
import compileall
import contextlib
import importlib.util
import io
import json
import os
import py_compile
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from chatbot.screening import Screen
from emulator.lambda_.worker import Worker
from toolkit import package as packaging
from toolkit.certificates import make_certificate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parent.parent
HANDLERS = Path(__file__).with_name("handlers")
COLUMNS = ("empty", "document", "ours", "usual")
# What AWS's managed runtime carries, with bytecode as there; what the usual stack brings along.
RUNTIME = (
    *("awslambdaric", "runtime_client", "snapshot_restore_py", "simplejson"),
    *("boto3", "botocore", "s3transfer", "jmespath", "urllib3", "dateutil", "six"),
)
USUAL = (
    *("aws_lambda_powertools", "pydantic", "pydantic_core", "annotated_types"),
    *("typing_extensions", "typing_inspection"),
)
# Ratios to the document's handler, and what they must not exceed.
TARGETS = {"init": 0.6, "first": 0.8, "warm": 0.8}
LENGTHS = (20, 400, 2000)
PROSE = (
    "Hello, I ordered a coffee machine two weeks ago and it arrived on Tuesday with a broken lid. "
    "I have already tried the steps on your help page, but the button for returns stays grey. "
    "Could you tell me how I can send it back, and when I will see the money on my account again? "
)
INIT_SECONDS = 30.0


@dataclass(frozen=True)
class Sample:
    """One start of one function, and its requests; times in milliseconds."""

    init: float
    first: float
    warm: tuple[float, ...]
    processor: float  # of a warm request, by all threads
    memory_mb: int


class Bench:
    """The columns, unpacked and compiled, and a Bedrock for them to ask."""

    def __init__(
        self, folder: Path, environment: Mapping[str, str], columns: tuple[str, ...] = COLUMNS
    ) -> None:
        self._environment = environment
        self._runtime = folder / "runtime"
        _carry(RUNTIME, self._runtime)
        self._roots = {name: folder / name for name in columns}
        self.packages: dict[str, int] = {}
        for name, root in self._roots.items():
            if name == "ours":
                package = packaging.build()
                zipfile.ZipFile(io.BytesIO(package)).extractall(root)
                self.packages[name] = len(package)
                continue
            root.mkdir()
            shutil.copy(HANDLERS / f"{name}.py", root / "app.py")
            _carry(USUAL if name == "usual" else (), root)
            self.packages[name] = _zipped(root)

    def run(
        self,
        name: str,
        requests: int,
        event: Mapping[str, object],
        settings: Mapping[str, str] | None = None,
    ) -> Sample:
        """Start a function, with further settings, ask it, and end it."""
        asked = json.dumps(event).encode()
        root = self._roots[name]
        started = time.perf_counter()
        worker = Worker(
            handler="chatbot.handler.lambda_handler" if name == "ours" else "app.lambda_handler",
            task_root=root,
            runtime_folder=self._runtime,
            environment={**self._environment, **(settings or {}), "LAMBDA_TASK_ROOT": str(root)},
            log=lambda _: None,
            keeps=lambda _: True,
        )
        try:
            failed = worker.initialize(time.monotonic() + INIT_SECONDS)
            init = time.perf_counter() - started
            if failed is not None:
                raise SystemExit(f"{name} does not start: {failed.payload.decode()}")
            times = [self._ask(worker, name, asked, 0)]
            begun = _processor_seconds(worker.pid)
            times += [self._ask(worker, name, asked, number + 1) for number in range(requests)]
            processor = (_processor_seconds(worker.pid) - begun) / requests
            memory = worker.max_memory_mb
        finally:
            worker.close()
        return Sample(init * 1000, times[0], tuple(times[1:]), processor * 1000, memory)

    @staticmethod
    def _ask(worker: Worker, name: str, event: bytes, number: int) -> float:
        request_id = f"00000000-0000-4000-8000-{number:012}"
        headers = {
            "Lambda-Runtime-Aws-Request-Id": request_id,
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + 28) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-2:1:function:f",
            "Lambda-Runtime-Trace-Id": "Root=1-00000000-000000000000000000000000",
        }
        deadline = time.monotonic() + INIT_SECONDS
        begun = time.perf_counter()
        answer = worker.invoke(event, headers, request_id, deadline)
        elapsed = time.perf_counter() - begun
        if answer.failed or json.loads(answer.payload)["statusCode"] != 200:
            raise SystemExit(f"{name} does not answer: {answer.payload.decode()}")
        worker.initialize(deadline)  # until it asks for the next
        return elapsed * 1000


def _processor_seconds(pid: int) -> float:
    """Return the processor time of a process, to the nanosecond (proc_pid_schedstat(5))."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(one.read_text().split()[0]) for one in tasks) / 1e9


def _carry(names: tuple[str, ...], folder: Path) -> None:
    """Copy installed packages and compile them, as a deployment would have them."""
    folder.mkdir(exist_ok=True)
    for name in names:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise SystemExit(
                f"{name} is not installed: run `bash scripts/setup.sh dev`, which installs it"
            )
        source = Path(spec.origin)
        if source.name == "__init__.py":
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source.parent, folder / source.parent.name, ignore=ignored)
        else:
            shutil.copy(source, folder)
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    compileall.compile_dir(folder, quiet=2, invalidation_mode=mode)


def _zipped(folder: Path) -> int:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder))
    return len(buffer.getvalue())


def event(message: str, **more: str) -> dict[str, object]:
    """Return what API Gateway hands on of a message; `more` is in the body beside it."""
    given: dict[str, object] = json.loads((ROOT / "tests" / "events" / "chat.json").read_text())
    return given | {"body": json.dumps({"message": message, **more})}


@contextlib.contextmanager
def bedrock(folder: Path) -> Iterator[dict[str, str]]:
    """Run the stub, and yield what a function must know to ask it."""
    certificate = make_certificate(folder / "localhost.pem")
    # Among AWS's own authorities, for reading them takes time on AWS as well.
    trusted = folder / "trusted.pem"
    authorities = Path(importlib.import_module("botocore").__file__ or "").with_name("cacert.pem")
    trusted.write_bytes(authorities.read_bytes() + certificate.read_bytes())
    stub = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.stub_bedrock", str(certificate)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert stub.stdin is not None  # noqa: S101  # Popen was asked for a pipe
    assert stub.stdout is not None  # noqa: S101  # Popen was asked for a pipe
    try:
        yield {
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_CA_BUNDLE": str(trusted),
            "AWS_ENDPOINT_URL": f"https://localhost:{stub.stdout.readline().strip()}",
            "AWS_SECRET_ACCESS_KEY": "not-a-secret",
            "AWS_SESSION_TOKEN": "a-token" * 100,
            "SSL_CERT_FILE": str(trusted),
        }
    finally:
        stub.stdin.close()
        stub.wait()
        stub.stdout.close()


def environment() -> dict[str, str]:
    shared = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    return shared | {
        "ADDITIONAL_REQUEST_FIELDS": "{}",
        "ALLOWED_ORIGIN": "https://support.example.com",
        "AWS_DEFAULT_REGION": "us-east-2",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_LAMBDA_FUNCTION_NAME": "bench",
        "AWS_LAMBDA_FUNCTION_VERSION": "1",
        "AWS_LAMBDA_LOG_FORMAT": "JSON",
        "AWS_LAMBDA_LOG_LEVEL": "INFO",
        "AWS_REGION": "us-east-2",
        "BLOCKED_MESSAGE": "Blocked.",
        "GUARDRAIL_ID": "gr4ha1rd",
        "GUARDRAIL_VERSION": "7",
        "LANG": "en_US.UTF-8",
        "LOG_LEVEL": "INFO",
        "MAX_MESSAGE_CHARS": "2000",
        "MAX_OUTPUT_TOKENS": "512",
        "METRICS_NAMESPACE": "Chatbot",
        "MODEL_ID": "us.anthropic.claude-haiku-4-5-20251001-v1:0",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LEAK_MODE": "block",
        "SCREENING_MODE": "block",
        "SERVICE_NAME": "bench",
        "SYSTEM_PROMPT": "You are a helpful customer support assistant.",
    }


def text(length: int) -> str:
    return (PROSE * (length // len(PROSE) + 1))[:length]


def measure(rounds: int, requests: int) -> dict[str, dict[str, float]]:
    """Return for each column the medians over the rounds, and screening's share by length."""
    samples: dict[str, list[Sample]] = defaultdict(list)
    lengths: dict[int, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        folder = Path(scratch)
        with bedrock(folder) as keys:
            bench = Bench(folder, environment() | keys)
            for number in range(rounds):
                turn = number % len(COLUMNS)
                for name in (*COLUMNS[turn:], *COLUMNS[:turn]):
                    samples[name].append(bench.run(name, requests, event(text(80))))
                for length in LENGTHS:
                    sample = bench.run("ours", max(requests // 10, 1), event(text(length)))
                    lengths[length].append(median(sample.warm))
                progress(number + 1, rounds)
    result = {name: _medians(samples[name], bench.packages[name]) for name in COLUMNS}
    for length, warm in lengths.items():
        screened = _screening(length)
        above = median(warm) - result["empty"]["warm"]
        result[f"{length} characters"] = {"screening": screened, "share": screened / above}
    return result


def _medians(samples: list[Sample], package: int) -> dict[str, float]:
    return {
        "init": median(one.init for one in samples),
        "first": median(one.first for one in samples),
        "warm": median(median(one.warm) for one in samples),
        "p99": median(sorted(one.warm)[len(one.warm) * 99 // 100] for one in samples),
        "memory": median(one.memory_mb for one in samples),
        "zip": package / 1000,
    }


def _screening(length: int) -> float:
    """Return the median time to screen a message that is no attack, in milliseconds."""
    screen, message, times = Screen.load(), text(length), []
    for _ in range(300):
        begun = time.perf_counter()
        screen.screen(message)
        times.append((time.perf_counter() - begun) * 1000)
    return median(times)


def ratios(result: Mapping[str, Mapping[str, float]], name: str) -> dict[str, float]:
    """Return a column's times as ratios to the document's; warm ones above the floor."""
    ours, theirs, floor = result[name], result["document"], result["empty"]["warm"]
    return {
        "init": ours["init"] / theirs["init"],
        "first": ours["first"] / theirs["first"],
        "warm": (ours["warm"] - floor) / (theirs["warm"] - floor),
    }


def _show(result: Mapping[str, Mapping[str, float]]) -> None:
    print(f"{'':22}" + "".join(f"{name:>12}" for name in COLUMNS))
    for label, key in (
        ("init, ms", "init"),
        ("first request, ms", "first"),
        ("warm median, ms", "warm"),
        ("warm p99, ms", "p99"),
        ("peak memory, MB", "memory"),
        ("zip, kB", "zip"),
    ):
        print(f"{label:22}" + "".join(f"{result[name][key]:12.2f}" for name in COLUMNS))
    print("\nRatio to the document's handler (a warm request's above the floor):")
    for key, target in TARGETS.items():
        shown = "".join(f"{name} {ratios(result, name)[key]:.2f}   " for name in ("ours", "usual"))
        print(f"  {key:6} {shown}(ours at most {target})")
    print("\nScreening in a warm request:")
    for length in LENGTHS:
        one = result[f"{length} characters"]
        print(f"  {length:5,} characters  {one['screening']:.3f} ms, {one['share']:.0%} of it")


def progress(done: int, rounds: int) -> None:
    print(f"\rround {done} of {rounds}", end="", file=sys.stderr, flush=True)
    if done == rounds:
        print(file=sys.stderr)


def arguments(description: str | None, requests: int) -> argparse.Namespace:
    """Read how much to measure, and how to show it; `requests` is a round's unless given."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7, help="default: %(default)s")
    parser.add_argument(
        "--requests", type=int, default=requests, help="warm ones a round (default: %(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser.parse_args()


def main() -> int:
    options = arguments(__doc__, requests=2000)
    result = measure(options.rounds, options.requests)
    reached = all(ratios(result, "ours")[key] <= most for key, most in TARGETS.items())
    if options.json:
        compared = {name: ratios(result, name) for name in ("ours", "usual")}
        print(json.dumps({"columns": result, "ratios": compared, "targets": TARGETS}))
    else:
        _show(result)
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
