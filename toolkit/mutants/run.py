"""Make mutants, and see for each whether a test notices."""

from __future__ import annotations

import fcntl
import math
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from queue import SimpleQueue
from threading import Event, Lock
from typing import TYPE_CHECKING

from toolkit.errors import ToolkitError
from toolkit.mutants import hcl, listed, python
from toolkit.mutants.layers import Results, layers, nothing
from toolkit.mutants.rehearsed import Rehearsed, applies
from toolkit.mutants.tree import Tree
from toolkit.terraform import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from toolkit.mutants.layers import Layer
    from toolkit.mutants.mutant import Mutant
    from toolkit.mutants.tree import Result, Verdict

SCRATCH = ROOT / ".cache" / "mutants"
WORKERS = 2
# Of the minutes that there are, those for tests: the rest is for proofs.
TESTS = 0.8
# Generated, and compared as a whole with what it is made of.
LEFT_OUT = ("lambda/src/chatbot/_confusables.py",)
TARGETS = ("modules/*/*.tf", "lambda/src/chatbot/*.py")


@dataclass(frozen=True)
class Outcome:
    """What became of a mutant; `detail` says which test noticed, or why Terraform refused it."""

    mutant: Mutant
    result: Result
    detail: str = ""


def operated(file: str) -> list[Mutant]:
    """Return what the operators make of a file."""
    source = (ROOT / file).read_text(encoding="utf-8")
    return hcl.mutants(file, source) if file.endswith(".tf") else python.mutants(file, source)


def made(files: Sequence[str] = ()) -> list[Mutant]:
    """Return all mutants, or those of the files whose paths begin so. Raises ToolkitError for none.

    Operators work on modules and function, and on any Python file that is named.
    """
    found = {str(path.relative_to(ROOT)) for target in TARGETS for path in ROOT.glob(target)}
    found |= {file for file in files if file.endswith(".py")}
    operators = [
        mutant
        for file in sorted(found - {*LEFT_OUT})
        if not files or file.startswith(tuple(files))
        for mutant in operated(file)
    ]
    chosen = [
        mutant
        for mutant in (*operators, *listed.load().by_hand)
        if not files or mutant.file.startswith(tuple(files))
    ]
    if not chosen:
        raise ToolkitError(f"there is no mutant in {', '.join(files)}")
    return chosen


def every(files: Sequence[str] = ()) -> list[Mutant]:
    """Return the mutants that some test must notice: all but the excused ones."""
    known = listed.load()
    return [mutant for mutant in made(files) if not known.excuse(mutant)]


def run(
    mutants: Sequence[Mutant], *, minutes: float = math.inf, proofs: bool = True
) -> list[Outcome]:
    """Run mutants, two at a time; then ask proofs about those that no test has noticed.

    None is begun when the minutes are over. What is known from before takes no time.
    Raises ToolkitError when a test fails without any mutant.
    """
    SCRATCH.mkdir(parents=True, exist_ok=True)
    with (SCRATCH / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ToolkitError(
                "another run of the mutants is under way. Wait for its end."
            ) from None
        return _Runner(minutes * 60).run(mutants, proofs=proofs)


class _Runner:
    def __init__(self, seconds: float) -> None:
        self._results = Results(SCRATCH / "results.jsonl")
        self._trees: SimpleQueue[Tree] = SimpleQueue()
        self._started = time.monotonic()
        self._seconds = seconds
        self._stop = Event()
        self._first: defaultdict[str, Lock] = defaultdict(Lock)
        self._outcomes: list[Outcome] = []

    def run(self, mutants: Sequence[Mutant], *, proofs: bool) -> list[Outcome]:
        with ExitStack() as stack:
            for number in range(WORKERS):
                tree = Tree.copy(SCRATCH / f"tree-{number}")
                stack.callback(tree.close)
                self._trees.put(tree)
            with ThreadPoolExecutor(WORKERS) as pool:
                try:
                    jobs = [pool.submit(self._one, mutant) for mutant in mutants]
                    left = [job.result() for job in as_completed(jobs)]
                except BaseException:
                    self._stop.set()
                    pool.shutdown(wait=False, cancel_futures=True)
                    raise
            survivors = [outcome for outcome in left if outcome]
            asked = [one for one in survivors if proofs and applies(one.mutant)]
            for outcome in survivors:
                if outcome not in asked:
                    self._end(outcome)
            if asked:
                self._ask(asked)
        return self._outcomes

    def _one(self, mutant: Mutant) -> Outcome | None:
        """Try each layer in turn; return what has survived them all."""
        with self._borrowed() as tree:
            for layer in layers(mutant.file):
                if self._is_over(TESTS):
                    return None
                result, detail = self._checked(tree, layer, mutant)
                if result != "survived":
                    self._end(Outcome(mutant, result, detail))
                    return None
        return Outcome(mutant, "survived")

    def _checked(self, tree: Tree, layer: Layer, mutant: Mutant) -> Verdict:
        if known := self._results.get(layer, mutant):
            return known
        with self._first[layer.name]:
            if self._results.get(layer, nothing()) is None:
                self._say(f"unchanged   {layer.name}")
                result, detail = layer.run(tree)
                if result != "survived":
                    raise ToolkitError(
                        f"{layer.name}: fails without any mutant, so it would prove nothing: "
                        f"{detail}. Make it pass first."
                    )
                self._results.add(layer, nothing(), (result, detail))
        with tree.changed(mutant):
            verdict = layer.run(tree)
        self._results.add(layer, mutant, verdict)
        return verdict

    def _ask(self, survivors: Sequence[Outcome]) -> None:
        with self._borrowed() as tree, Rehearsed(tree) as rehearsed:
            self._say(f"{len(survivors)} mutants left: proofs on a rehearsal")
            for outcome in survivors:
                if self._is_over(1):
                    self._end(replace(outcome, detail="no time was left to ask proofs"))
                    continue
                verdict = self._results.get(rehearsed.layer, outcome.mutant)
                if verdict is None:
                    with tree.changed(outcome.mutant):
                        verdict = rehearsed.layer.run(tree)
                    self._results.add(rehearsed.layer, outcome.mutant, verdict)
                self._end(Outcome(outcome.mutant, *verdict))

    def _is_over(self, part: float) -> bool:
        return self._stop.is_set() or time.monotonic() - self._started > part * self._seconds

    def _end(self, outcome: Outcome) -> None:
        self._outcomes.append(outcome)
        self._say(f"{outcome.result:8}  {outcome.mutant.name}  [{outcome.detail}]")

    def _say(self, line: str) -> None:
        print(f"{time.monotonic() - self._started:6.0f} s  {line}", flush=True)

    @contextmanager
    def _borrowed(self) -> Iterator[Tree]:
        tree = self._trees.get()
        try:
            yield tree
        finally:
            self._trees.put(tree)
