"""Ctrl-C at a terminal, at any moment of `make up`: nothing is lost, and the next run goes on."""

import os
import pty
import re
import select
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import HOME
from toolkit.processes import free_port, is_free
from toolkit.rehearsal import HOME_VARIABLE, Rehearsal
from toolkit.terraform import ROOT

pytestmark = pytest.mark.long

CTRL_C = b"\x03"
PROGRAM = """
import functools, pathlib, sys
from scripts import rehearse
from toolkit.rehearsal import Rehearsal
source, port = sys.argv[1:]
cut = functools.partial(Rehearsal, source=pathlib.Path(source))
sys.exit(rehearse.main(["up", "--env", "cut", "--port", port], cut))
"""


class _Terminal:
    """`make up` at a terminal, whose text is read as it comes."""

    def __init__(self, rehearsal: Rehearsal, source: Path) -> None:
        command = [sys.executable, "-c", PROGRAM, str(source), str(rehearsal.port)]
        environment = {**os.environ, HOME_VARIABLE: str(rehearsal.home)}
        self._pid, self._screen = pty.fork()
        if not self._pid:
            os.chdir(ROOT)
            os.execve(sys.executable, command, environment)  # noqa: S606 - our own program
        self.text = ""

    def press(self, key: bytes) -> None:
        os.write(self._screen, key)

    def wait_for(self, pattern: str, seconds: float = 300) -> None:
        """Read on until the text holds a pattern."""
        deadline = time.monotonic() + seconds
        while not re.search(pattern, self.text):
            assert time.monotonic() < deadline, self.text
            assert self._read(), f"no {pattern} in:\n{self.text}"

    def end(self) -> int:
        """Read to the end and return the exit code."""
        while self._read():
            pass
        _, status = os.waitpid(self._pid, 0)
        os.close(self._screen)
        return os.waitstatus_to_exitcode(status)

    def _read(self) -> bool:
        if not select.select([self._screen], [], [], 300)[0]:
            os.kill(self._pid, signal.SIGKILL)
        try:
            text = os.read(self._screen, 65_536)
        except OSError:  # Linux's way of saying that the other side has closed
            return False
        self.text += text.decode(errors="replace")
        return bool(text)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """envs/dev without a trail, whose bucket would take a minute."""
    folder = tmp_path_factory.mktemp("envs") / "cut"
    shutil.copytree(ROOT / "envs" / "dev", folder, ignore=shutil.ignore_patterns(".terraform"))
    text = (folder / "main.tf").read_text()
    short = re.sub(r"trail += \{.*\}", "trail = null", text)
    assert short != text
    (folder / "main.tf").write_text(short)
    return folder


@pytest.fixture
def rehearsal(package: None) -> Iterator[Rehearsal]:  # noqa: ARG001 - it must be built first
    rehearsal = Rehearsal("cut", free_port(), home=HOME)
    yield rehearsal
    Rehearsal("cut", home=HOME).down()


# What the screen shows when the key is pressed.
MIDDLE = r"40 of \d+ done"
MOMENTS = {
    "build": r"Rehearsing",
    "init": r"Terraform prepares itself",
    "plan": r"Local AWS is up",
    "apply": r"changes planned",
    "middle": MIDDLE,
}


def test_an_interrupt_while_the_local_aws_starts_leaves_no_orphan(
    rehearsal: Rehearsal, source: Path
) -> None:
    terminal = _Terminal(rehearsal, source)
    started = rehearsal.folder / "emulator.log"
    while not started.exists():
        time.sleep(0.01)
    terminal.press(CTRL_C)
    assert terminal.end() == 130, terminal.text
    assert Rehearsal("cut", home=HOME).pid
    assert Rehearsal("cut", home=HOME).down()
    assert is_free(rehearsal.port)


def _interrupted(terminal: _Terminal, pattern: str) -> str:
    terminal.wait_for(pattern)
    terminal.press(CTRL_C)
    assert terminal.end() == 130, terminal.text
    assert terminal.text.count("`make up` continues") == 1, terminal.text
    return terminal.text


# One after the other, since each begins where the one before was cut short.
def test_whatever_is_interrupted_the_next_run_goes_on(rehearsal: Rehearsal, source: Path) -> None:
    for pattern in MOMENTS.values():
        _interrupted(_Terminal(rehearsal, source), pattern)
    applied = Rehearsal("cut", home=HOME).terraform().run("state", "list").stdout.splitlines()
    assert len(applied) > 40

    terminal = _Terminal(rehearsal, source)
    terminal.wait_for(r"20 of \d+ done")
    terminal.press(CTRL_C)
    terminal.wait_for("Interrupted")
    terminal.press(CTRL_C)  # a second one kills
    assert terminal.end() == 130, terminal.text
    assert "Killed" in terminal.text

    _interrupted(_Terminal(rehearsal, source), "Asking each layer")
    terminal = _Terminal(rehearsal, source)
    assert terminal.end() == 0, terminal.text
    assert "The chatbot is up" in terminal.text
    assert "afresh" not in terminal.text

    (HOME / "cut" / "terraform.tfstate").unlink()
    terminal = _Terminal(rehearsal, source)
    assert terminal.end() == 1, terminal.text
    assert "`make down ENV=cut`, then `make up ENV=cut`" in terminal.text
