"""The local AWS as a process: started, found again, asked how it is, and stopped."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from toolkit.interrupts import interrupts
from toolkit.processes import command_of
from toolkit.terraform import PRIVATE, ROOT, merged

ADMINISTRATOR_KEY_ID = "rehearsal"
"""Access key id and secret of people and Terraform: the local account's administrator."""

START_SECONDS = 30.0
STOP_SECONDS = 10.0

# glibc keeps what is freed. By default it has eight pools a processor, and once a large block was
# freed it takes such blocks from its pools too, where small ones that stay then cut them up. As
# set here two pools serve all threads, and each block from 128 KiB on goes back when it is freed
# (GNU C Library manual, "Memory Allocation Tunables": a fixed threshold ends its adjustment).
GLIBC = {"MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": "131072"}


def local_aws(endpoint: str) -> dict[str, str | None]:
    """Return the variables that send an AWS SDK to the local AWS, and None for a person's own."""
    return {name: None for name in os.environ if name.startswith("AWS_")} | {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": ADMINISTRATOR_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": ADMINISTRATOR_KEY_ID,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }


class LocalAws:
    """One local AWS: `folder` keeps its log, and which process it is."""

    def __init__(self, folder: Path, port: int) -> None:
        """Find the one that runs; otherwise `port` is where it will listen.

        `model` is the address of the server whose model answers, "" where none was named.
        """
        self.folder = folder
        self.model = ""
        self.log = folder / "emulator.log"
        self._process = folder / "emulator.json"
        self.port: int = self.started().get("port", port) if self.runs() else port

    @property
    def endpoint(self) -> str:
        """Return the address of the local AWS."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Return the process id of the local AWS, zero when it was never started."""
        return int(self.started().get("pid", 0))

    def runs(self) -> bool:
        """Return whether its process lives, which may not answer yet."""
        return _is_emulator(self.pid)

    def spawn(self, region: str) -> None:
        """Start the process; `comes_up` waits for it."""
        # A process without a recorded id could not be stopped.
        with interrupts(), self.log.open("ab") as log:
            process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "emulator"),
                    *("--port", str(self.port)),
                    *("--region", region),
                    *("--state-dir", str(self.folder / "emulator")),
                    *("--model", self.model),
                ],
                cwd=ROOT,
                env=merged(os.environ, local_aws(self.endpoint) | GLIBC),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                umask=PRIVATE,
            )
            # For a moment Linux shows no command of a new process, and it would pass for gone.
            while process.poll() is None and not command_of(process.pid):
                time.sleep(0.01)
            started = {"pid": process.pid, "port": self.port, "region": region}
            self._process.write_text(json.dumps(started | {"model": self.model}))
            # It goes on without us, and Popen would call that a leak.
            process.returncode = 0

    def started(self) -> dict[str, Any]:
        """Return its process id, port, region and model, nothing if it was never started."""
        try:
            started = json.loads(self._process.read_text())
        except (OSError, ValueError):
            return {}
        return dict(started)

    def comes_up(self) -> bool:
        """Wait until the local AWS answers; return False where none runs, or it does not answer."""
        deadline = time.monotonic() + START_SECONDS
        while self.runs() and time.monotonic() < deadline:
            if self.health():
                return True
            time.sleep(0.1)
        return False

    def health(self) -> dict[str, Any]:
        """Return what the local AWS says of itself, nothing where it does not answer."""
        try:
            with urllib.request.urlopen(f"{self.endpoint}/_aws/health", timeout=5) as reply:
                return dict(json.load(reply))
        except (OSError, ValueError):
            return {}

    def stop(self) -> None:
        """End the process, if it lives."""
        pid = self.pid
        if not _is_emulator(pid):
            return
        for sent in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.kill(pid, sent)
            except ProcessLookupError:
                return
            deadline = time.monotonic() + STOP_SECONDS
            while time.monotonic() < deadline:
                if not _is_emulator(pid):
                    return
                time.sleep(0.05)


def _is_emulator(pid: int) -> bool:
    """Return whether a live process is our emulator: process ids are used again."""
    if not pid:
        return False
    try:
        reaped, _ = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        reaped = 0
    if reaped:
        return False
    return "-m emulator" in command_of(pid)
