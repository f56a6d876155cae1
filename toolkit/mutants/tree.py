"""A copy of the work tree to change at will, and what is run in it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Literal

import pytest

from toolkit.attached import attached
from toolkit.errors import ToolkitError
from toolkit.terraform import ROOT, Terraform, TerraformError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from toolkit.mutants.mutant import Mutant

# killed: a test failed. survived: all passed. invalid: Terraform or Python refuses the text itself.
Result = Literal["killed", "survived", "invalid"]
Verdict = tuple[Result, str]

RUN = re.compile(r'^run "(\w+)" \{\n.*?^\}\n', re.MULTILINE | re.DOTALL)
# The module itself is sound when one of its tests says this.
TESTED = ("Test assertion failed", "Missing expected failure")
# What a mutant that loops may take of the processor; and one that waits, on a machine however busy.
PROCESSOR_SECONDS = 120
PYTEST_SECONDS = 1200.0


class _FailedError(Exception):
    """A run of `terraform test` failed, and the rest says no more."""

    def __init__(self, run: str, error: Mapping[str, Any]) -> None:
        super().__init__(run)
        self.run = run
        self.error = error


class Tree:
    """A work tree, and a provider that stays up between the runs of Terraform in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._kills: Counter[tuple[str, str]] = Counter()
        self._up = ExitStack()
        self._env: dict[str, str] | None = None
        self._running: subprocess.Popen[str] | None = None

    @classmethod
    def copy(cls, folder: Path) -> Tree:
        """Copy what git knows, and what is new and not ignored."""
        shutil.rmtree(folder, ignore_errors=True)
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            check=True,
            text=True,
        )
        for name in filter(None, listed.stdout.split("\0")):
            if (ROOT / name).is_file():
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / name, target)
        return cls(folder)

    def close(self) -> None:
        """Stop the provider, and what runs."""
        self._kill()
        self._up.close()

    def _kill(self) -> None:
        if self._running and self._running.poll() is None:
            os.killpg(self._running.pid, signal.SIGKILL)

    @contextmanager
    def changed(self, mutant: Mutant) -> Iterator[None]:
        """Hold the tree changed by a mutant, and put it right again."""
        path = self.folder / mutant.file
        before = path.read_text(encoding="utf-8")
        path.write_text(mutant.mutated(before), encoding="utf-8")
        try:
            yield
        finally:
            path.write_text(before, encoding="utf-8")

    # Terraform

    def module_tests(self, module: str, file: str) -> Verdict:
        """Run a module's tests until one fails, first those that noticed changes of `file`."""
        terraform = self._terraform(module)
        tests = sorted(
            path
            for path in (terraform.folder / "tests").glob("*.tftest.hcl")
            if path.name != "mutants.tftest.hcl"
        )

        def kills(path: Path) -> int:
            return sum(self._kills[file, name] for name in RUN.findall(path.read_text("utf-8")))

        for path in sorted(tests, key=kills, reverse=True):
            text = ordered(path.read_text(encoding="utf-8"), lambda run: self._kills[file, run])
            (path.parent / "mutants.tftest.hcl").write_text(text, encoding="utf-8")
            failed = self._first_failure(terraform)
            if failed:
                run, error = failed
                if error["summary"] not in TESTED:
                    try:
                        terraform.run("validate", "-no-tests", "-no-color")
                    except TerraformError as unsound:
                        return "invalid", _summary(str(unsound))
                self._kills[file, run] += 1
                said = (error.get("detail") or error["summary"]).splitlines()[0]
                return "killed", f"{module}/tests/{path.name}: {run}: {said}"
        return "survived", ""

    def _terraform(self, module: str) -> Terraform:
        folder = self.folder / "modules" / module
        if self._env is None:
            log = self.folder / "provider.log"
            self._env = self._up.enter_context(attached(folder, {}, log))
        terraform = Terraform(folder, self._env)
        if not (folder / ".terraform" / "attached").is_file():
            shutil.rmtree(folder / ".terraform", ignore_errors=True)
            terraform.run("init", "-backend=false")
            (folder / ".terraform").mkdir(exist_ok=True)
            (folder / ".terraform" / "attached").touch()
        return terraform

    def _first_failure(self, terraform: Terraform) -> tuple[str, Mapping[str, Any]] | None:
        """Run the tests of `mutants.tftest.hcl` up to the first error: its run, and what it is."""
        passed = 0

        def line(message: Mapping[str, Any]) -> None:
            nonlocal passed
            passed += message.get("test_summary", {}).get("passed", 0)
            error = message.get("diagnostic", {})
            if error.get("severity") == "error":
                raise _FailedError(message.get("@testrun", ""), error)

        try:
            terraform.follow("test", "-filter=tests/mutants.tftest.hcl", line=line)
        except _FailedError as failed:
            return failed.run, failed.error
        if not passed:
            raise ToolkitError(f"no test was run in {terraform.folder}")
        return None

    # Python

    def pytest(self, tests: Sequence[str]) -> Verdict:
        """Run some tests until one fails. Those that are only for `make test-long` are left out."""
        code, text = self.python("-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests)
        if code in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
            return "survived", ""
        summary = re.findall(r"^(?:FAILED|ERROR) (.*)", text, re.MULTILINE)
        return "killed", summary[0] if summary else _summary(text)

    def python(self, *arguments: str) -> tuple[int, str]:
        """Run Python with the modules of this tree; return its exit code and all it printed."""
        path = os.pathsep.join(str(self.folder / part) for part in (".", "lambda/src"))
        limited = ("bash", "-c", f'ulimit -t {PROCESSOR_SECONDS}; exec "$@"', "bash")
        with subprocess.Popen(
            [*limited, sys.executable, *arguments],
            cwd=self.folder,
            # Bytecode is found by time and size, and a mutant may change neither.
            env=os.environ | {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            process_group=0,
        ) as process:
            self._running = process
            try:
                text, _ = process.communicate(timeout=PYTEST_SECONDS)
            except subprocess.TimeoutExpired:
                self._kill()
                return 1, f"not done after {PYTEST_SECONDS:.0f} s"
            return process.returncode, text


def ordered(text: str, kills: Any) -> str:
    """Return a file of Terraform tests, those with the most kills first.

    A run stays after those that it refers to.
    """
    blocks = {match[1]: match[0] for match in RUN.finditer(text)}
    done: dict[str, str] = {}

    def place(name: str) -> None:
        for other in re.findall(r"\brun\.(\w+)", blocks[name]):
            if other not in done:
                place(other)
        done.setdefault(name, blocks[name])

    for name in sorted(blocks, key=kills, reverse=True):
        place(name)
    return text[: text.index('run "')] + "\n".join(done.values())


def _summary(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if "Error:" in line]
    return (errors or lines or [""])[-1][:200]
