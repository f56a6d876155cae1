"""The emulator as a program: start and stop."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from types import SimpleNamespace

import pytest

from emulator.server import PortInUseError, Server
from tests.emulator.conftest import Emulator, signed
from tests.emulator.lambda_.running import make_zip

SLEEPS = "import time\ndef handler(event, _): time.sleep(event['s'])\n"
ROOT = Path(__file__).parents[2]


def test_a_port_in_use_names_the_way_out() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(PortInUseError, match=r"make down.*PORT="):
            Server(port=other.getsockname()[1])


def test_the_program_starts_fast_and_stops_gracefully(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("w") as output:
        began = time.monotonic()
        program = subprocess.Popen(
            [sys.executable, "-m", "emulator", "--port", "0"],
            cwd=ROOT,
            stderr=output,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        try:
            while "listening" not in log.read_text():
                assert time.monotonic() - began < 10, log.read_text()
                time.sleep(0.02)
            took = time.monotonic() - began
            program.send_signal(signal.SIGTERM)
            assert program.wait(timeout=10) == 0
        finally:
            program.kill()
            program.wait()
    assert took < 3
    assert "stopping (SIGTERM)" in log.read_text()
    assert "Traceback" not in log.read_text()


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_the_program_stops_at_once_in_the_midst_of_work(
    tmp_path: Path, sent: signal.Signals
) -> None:
    log, state = tmp_path / "log", tmp_path / "state"
    with log.open("w") as output:
        program = subprocess.Popen(
            [sys.executable, "-m", "emulator", "--port", "0", "--state-dir", str(state)],
            cwd=ROOT,
            stderr=output,
        )
    try:
        while not (found := re.search(r"listening on (\S+)", log.read_text())):
            assert program.poll() is None, log.read_text()
            time.sleep(0.02)
        emulator = Emulator(SimpleNamespace(endpoint=found[1]))  # type: ignore[arg-type]  # elsewhere
        function = emulator.client("lambda")
        emulator.function("slow", make_zip(SLEEPS), Timeout=60)
        assert function.invoke(FunctionName="slow", Payload=b'{"s": 0}')["StatusCode"] == 200
        assert list(state.iterdir())
        emulator.request("PUT", "/_aws/faults", b'{"latency_ms": 30000}')
        question = json.dumps({"messages": [{"role": "user", "content": [{"text": "x"}]}]}).encode()
        slow = "/2015-03-31/functions/slow/invocations", b'{"s": 30}', signed("lambda")
        model = "/model/us.anthropic.claude-haiku-4-5-20251001-v1:0/converse"
        asked = model, question, signed("bedrock")
        with ThreadPoolExecutor(2) as threads:
            waiting = [threads.submit(emulator.request, "POST", *each) for each in (slow, asked)]
            time.sleep(0.5)
            assert not any(each.done() for each in waiting)
            program.send_signal(sent)
            assert program.wait(timeout=10) == 0
            wait(waiting, timeout=5)
    finally:
        program.kill()
        program.wait()
    assert "Traceback" not in log.read_text()
    assert list(state.iterdir()) == []


def test_the_program_says_that_its_port_is_taken() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        done = subprocess.run(
            [sys.executable, "-m", "emulator", "--port", str(other.getsockname()[1])],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    assert done.returncode == 1
    assert "make down" in done.stderr
    assert "Traceback" not in done.stderr
