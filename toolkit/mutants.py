"""Take controls out, one at a time, and see whether the test that guards each of them fails.

A mutant is a small change of one file that opens one attack or accident. It names the test that
must notice: a run of `terraform test`, a pytest test, or a proof asked of a rehearsal. Mutants live
in copies of the work tree, so that the tree itself is never touched.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from queue import SimpleQueue
from threading import Event
from typing import TYPE_CHECKING, Any, Literal

from toolkit.processes import free_port
from toolkit.proofs import data as proofs_data
from toolkit.proofs import targets
from toolkit.proofs.kinds import Evidence
from toolkit.proofs.run import Run
from toolkit.rehearsal import Rehearsal, RehearsalError
from toolkit.terraform import ROOT, Terraform, TerraformError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from toolkit.proofs.kinds import Proof

MUTANTS = ROOT / "tests" / "mutants.toml"
SCRATCH = ROOT / ".cache" / "mutants"
LAYERS = ("edge", "api", "compute", "guardrail", "governance", "chatbot", "function", "build")
WORKERS = 2

Result = Literal["killed", "survived", "invalid"]

# A check of ours has spoken; every other error of Terraform is an accident, and no test noticed.
NOTICED = frozenset(
    {
        "Test assertion failed",
        "Missing expected failure",
        "Invalid value for variable",
        "Resource precondition failed",
        "Module output value precondition failed",
    }
)
RUN = re.compile(r'^run "(\w+)" \{\n.*?^\}\n', re.MULTILINE | re.DOTALL)


class MutantError(Exception):
    """The mutants cannot be run. The text says why, and what to do."""


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One change that some test must notice.

    `killed_by` is `modules/<m>/tests/<f>.tftest.hcl::<run>`, a pytest id, or a proof's id.
    """

    name: str
    layer: str
    why: str
    file: str
    find: str
    through: str = ""
    replace: str = ""
    killed_by: str

    @property
    def kind(self) -> Literal["module", "pytest", "rehearsal"]:
        """Say what runs the check."""
        path = self.killed_by.partition("::")[0]
        if path.endswith(".tftest.hcl"):
            return "module"
        return "pytest" if path.endswith(".py") else "rehearsal"

    def mutated(self, text: str) -> str:
        """Return a file's text with the change made. Raises MutantError unless it fits once."""
        if (count := text.count(self.find)) != 1:
            raise MutantError(
                f"{self.name}: its `find` occurs {count} times in {self.file}, and must once. "
                f"Bring {MUTANTS.relative_to(ROOT)} up to date."
            )
        before, _, after = text.partition(self.find)
        cut, through, after = after.partition(self.through) if self.through else ("", "", after)
        if through != self.through:
            raise MutantError(f"{self.name}: its `through` does not follow in {self.file}: {cut!r}")
        return before + self.replace + after


@dataclass(frozen=True)
class Outcome:
    """What became of a mutant; `detail` is what the check said."""

    mutant: Mutant
    result: Result
    detail: str
    seconds: float

    def as_json(self) -> dict[str, object]:
        """Return what `--json` prints of it."""
        about = asdict(self.mutant)
        kept = {field: about[field] for field in ("name", "layer", "why", "file", "killed_by")}
        rest = {"result": self.result, "detail": self.detail, "seconds": round(self.seconds, 1)}
        return kept | rest


def load(path: Path = MUTANTS) -> tuple[Mutant, ...]:
    """Read the list. Raises MutantError."""
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))["mutant"]
        return tuple(Mutant(**one) for one in found)
    except (TypeError, KeyError, ValueError) as error:
        raise MutantError(f"{path} cannot be read: {error}") from None


class Tree:
    """A work tree to change at will."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ready: set[str] = set()

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
        # Downloads are shared; what is built in a copy stays there.
        wheels = folder / ".cache" / "wheels"
        wheels.parent.mkdir(exist_ok=True)
        wheels.symlink_to(ROOT / ".cache" / "wheels")
        return cls(folder)

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

    def terraform(self, module: str) -> Terraform:
        """Return Terraform in a module, made ready at its first use."""
        terraform = Terraform(self.folder / "modules" / module)
        if module not in self._ready:
            terraform.run("init", "-backend=false")
            self._ready.add(module)
        return terraform

    def module_test(self, file: str, runs: Sequence[str]) -> tuple[Result, str]:
        """Run some runs of one file of a module's tests, and no other: each costs seconds."""
        path = self.folder / file
        module = path.parents[1].name
        (path.parent / "mutants.tftest.hcl").write_text(only(path.read_text("utf-8"), runs))
        terraform = self.terraform(module)
        done = terraform.run("test", "-json", "-filter=tests/mutants.tftest.hcl", ok=(0, 1))
        messages = [json.loads(line) for line in done.stdout.splitlines()]
        if done.returncode == 0:
            passed = sum(message.get("test_summary", {}).get("passed", 0) for message in messages)
            return ("survived", "") if passed else ("invalid", "no test was run")
        errors = [message["diagnostic"] for message in messages if "diagnostic" in message]
        errors = [error for error in errors if error["severity"] == "error"]
        if any(error["summary"] not in NOTICED for error in errors):
            # Such as an assertion that cannot find the block it asserts on. That counts, as long
            # as the module itself is sound.
            try:
                terraform.run("validate", "-no-tests", "-no-color")
            except TerraformError as error:
                return "invalid", str(error).splitlines()[-1]
        noticed = [error for error in errors if _noticed(error)]
        if noticed:
            return "killed", noticed[0]["detail"].splitlines()[0]
        return "invalid", errors[0]["summary"] if errors else "terraform test failed"

    def python(self, *arguments: str, check: bool = False) -> subprocess.CompletedProcess[str]:
        """Run Python with the modules of this tree."""
        path = os.pathsep.join(str(self.folder / part) for part in (".", "lambda/src"))
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            # Bytecode is found by time and size, and a mutant may change neither.
            env=os.environ | {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=check,
        )

    def pytest(self, ids: Sequence[str]) -> tuple[Result, str]:
        """Run some tests of this tree."""
        done = self.python("-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *ids)
        summary = re.findall(r"^(?:FAILED|ERROR) (.*)", done.stdout, re.MULTILINE)
        said = summary[0] if summary else (done.stdout + done.stderr).strip()[-300:]
        if done.returncode == 0:
            return "survived", ""
        failed = done.returncode == 1 and re.search(r"^FAILED ", done.stdout, re.MULTILINE)
        return "killed" if failed else "invalid", said


def _noticed(error: Mapping[str, Any]) -> bool:
    place = (error.get("range") or {}).get("filename", "")
    return error["summary"] in NOTICED or place.endswith(".tftest.hcl")


def only(text: str, runs: Sequence[str]) -> str:
    """Return a file of Terraform tests with only these runs, and those that they refer to."""
    blocks = {match[1]: match[0] for match in RUN.finditer(text)}
    head = text[: text.index('run "')]
    wanted = list(runs)
    for name in wanted:
        if name not in blocks:
            raise MutantError(f"there is no run called {name}")
        wanted += [other for other in re.findall(r"\brun\.(\w+)", blocks[name]) if other in blocks]
    return head + "\n".join(block for name, block in blocks.items() if name in wanted)


class Rehearsed:
    """One rehearsal of dev, whose modules are those of a tree: for what only requests can show."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        # An environment finds modules and package two folders up: here, in the tree.
        self._rehearsal = Rehearsal("dev", free_port(), home=tree.folder / ".rehearsal")

    def __enter__(self) -> Rehearsed:
        """Bring it up."""
        try:
            self._build()
            self._rehearsal.stage()
            self._rehearsal.up(lambda _: None)
        except BaseException:
            self._rehearsal.down()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Take it down."""
        self._rehearsal.down()

    def check(self, mutant: Mutant) -> tuple[Result, str]:
        """Apply the mutant, with whatever undoes the one before, and ask its proof."""
        with self._tree.changed(mutant):
            try:
                self._build()
                self._rehearsal.apply(lambda _: None)
            except (RehearsalError, TerraformError) as error:
                return "invalid", str(error).strip().splitlines()[-1]
            wrong = self.wrong([mutant.killed_by])
        return ("killed", wrong[0]) if wrong else ("survived", "")

    def wrong(self, ids: Sequence[str]) -> list[str]:
        """Ask some proofs, and return what is wrong."""
        controls = proofs_data.load()
        named = [proof for control in controls for proof in control.proofs if proof.id in ids]
        if unknown := sorted(set(ids) - {proof.id for proof in named}):
            raise MutantError(f"there is no proof called {', '.join(unknown)}")
        asked = list(named)
        for control in controls:
            # Evidence lies in the records of its control's requests.
            if any(proof.id in ids and _reads_logs(proof) for proof in control.proofs):
                asked += [proof for proof in control.proofs if proof.id not in ids]
        run = Run(targets.rehearsal(self._rehearsal), asked)
        run.make()
        verdicts = [(proof, run.judge(proof)) for proof in named]
        # What the proof is about may be gone, so that it cannot be asked.
        return [f"{proof.id}: {told.detail}" for proof, told in verdicts if told.status != "pass"]

    def _build(self) -> None:
        self._tree.python("scripts/build_lambda.py", check=True)


def _reads_logs(proof: Proof) -> bool:
    return isinstance(proof, Evidence) and bool(proof.log)


def check(tree: Tree, mutant: Mutant) -> tuple[Result, str]:
    """Run the one test that must notice a mutant, on a changed tree."""
    path, _, run = mutant.killed_by.partition("::")
    with tree.changed(mutant):
        if mutant.kind == "module":
            return tree.module_test(path, [run])
        return tree.pytest([mutant.killed_by])


def unchanged(tree: Tree, file: str, tests: Sequence[str]) -> None:
    """Run the named tests of a file on the tree as it is. Raises MutantError unless they pass."""
    if file.endswith(".tftest.hcl"):
        result, detail = tree.module_test(file, tests)
    else:
        result, detail = tree.pytest([f"{file}::{test}" for test in tests])
    if result != "survived":
        raise MutantError(
            f"{file} fails without any mutant, so it would prove nothing: {detail}. "
            "Make it pass first."
        )


def run(
    mutants: Sequence[Mutant],
    report: Callable[[Outcome], None],
    progress: Callable[[str], None],
) -> list[Outcome]:
    """Run mutants, two at a time. `report` gets each outcome as it comes, `progress` lines of text.

    Raises MutantError when a mutant does not fit, or a test fails without one.
    """
    for mutant in mutants:
        mutant.mutated((ROOT / mutant.file).read_text(encoding="utf-8"))
    SCRATCH.mkdir(parents=True, exist_ok=True)
    with (SCRATCH / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise MutantError(
                "another run of the mutants is under way. Wait for its end."
            ) from None
        return _run(mutants, report, progress)


def _run(
    mutants: Sequence[Mutant],
    report: Callable[[Outcome], None],
    progress: Callable[[str], None],
) -> list[Outcome]:
    asked = [mutant for mutant in mutants if mutant.kind == "rehearsal"]
    others = [mutant for mutant in mutants if mutant.kind != "rehearsal"]
    trees: SimpleQueue[Tree] = SimpleQueue()
    for number in range(WORKERS):
        trees.put(Tree.copy(SCRATCH / f"tree-{number}"))
    outcomes: list[Outcome] = []
    stop = Event()

    def timed(mutant: Mutant, checked: Callable[[Mutant], tuple[Result, str]]) -> None:
        started = time.monotonic()
        result, detail = checked(mutant)
        outcomes.append(Outcome(mutant, result, detail, time.monotonic() - started))
        report(outcomes[-1])

    @contextmanager
    def borrowed() -> Iterator[Tree]:
        tree = trees.get()
        try:
            yield tree
        finally:
            trees.put(tree)

    def ask_all() -> None:
        with borrowed() as tree, Rehearsed(tree) as rehearsed:
            progress("unchanged   a rehearsal of dev")
            if wrong := rehearsed.wrong([mutant.killed_by for mutant in asked]):
                raise MutantError(f"a proof fails without any mutant: {wrong[0]}")
            for mutant in asked:
                if not stop.is_set():
                    timed(mutant, rehearsed.check)

    def first(file: str, tests: Sequence[str]) -> None:
        with borrowed() as tree:
            progress(f"unchanged   {file}")
            unchanged(tree, file, tests)

    def one(mutant: Mutant) -> None:
        with borrowed() as tree:
            timed(mutant, partial(check, tree))

    files: dict[str, list[str]] = {}
    for name in sorted({mutant.killed_by for mutant in others}):
        file, _, test = name.partition("::")
        files.setdefault(file, []).append(test)
    with ThreadPoolExecutor(WORKERS) as pool:
        try:
            rehearsal = [pool.submit(ask_all)] if asked else []
            for job in as_completed([pool.submit(first, *file) for file in files.items()]):
                job.result()
            for job in as_completed([*rehearsal, *(pool.submit(one, m) for m in others)]):
                job.result()
        except BaseException:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return outcomes
