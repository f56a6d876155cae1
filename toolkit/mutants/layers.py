"""What can notice a mutant, the cheapest first, and what that reads."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from functools import partial
from pathlib import PurePath
from typing import TYPE_CHECKING

from toolkit.mutants.mutant import Mutant
from toolkit.terraform import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from toolkit.mutants.tree import Tree, Verdict

# What plans show across modules. The modules' own tests are the layer before; tables in READMEs
# and text compared with text are no test of what a change does.
PLANS = (
    "tests/terraform/test_tampering.py",
    "tests/terraform/test_wiring.py",
    "tests/terraform/test_environments.py",
    "tests/terraform/test_alerts.py",
    "tests/terraform/test_delivery.py",
    "tests/terraform/test_least_privilege.py",
    "tests/terraform/test_role_attacks.py",
    "tests/terraform/test_organisation.py",
    "tests/terraform/test_refusals.py",
    "tests/terraform/test_alone.py",
)
ORDER = "tests/terraform/test_order.py"
REFUSALS = "tests/terraform/test_refusals.py"
# The modules of the function's screening, and what runs it besides tests/unit/chatbot.
SCREENS = frozenset(("disguises", "patterns", "screening"))
SCREENING = ("tests/unit/test_screening.py", "tests/unit/test_patterns.py")
# The function with budgets and conversations, on a table.
MEMORY = "tests/emulator/dynamodb/test_service.py"
PLANNED = (
    "envs",
    "modules",
    "tests/terraform",
    "tests/tampering.py",
    "tests/tampering.toml",
    "toolkit",
)
FUNCTION = ("lambda/src", "modules/compute", "modules/edge", "tests/unit/chatbot")


@dataclass(frozen=True)
class Layer:
    """Tests that may notice a change of a file; `reads` are the files and folders they read."""

    name: str
    reads: tuple[str, ...]
    run: Callable[[Tree], Verdict]


def layers(file: str) -> list[Layer]:
    """Return the layers of tests that may notice a change of a file."""
    path = PurePath(file)
    found = []
    if path.suffix == ".txt":
        found += [_pytest(test, FUNCTION) for test in SCREENING]
    if path.parts[0] == "modules":
        for module in dict.fromkeys((path.parts[1], "chatbot")):
            reads = "modules" if module == "chatbot" else f"modules/{module}"
            run = partial(_module, module, file)
            found.append(Layer(f"module tests of {module}", (reads,), run))
        asked = (_pytest(REFUSALS, PLANNED),) if path.name == "variables.tf" else ()
        found[1:1] = [_pytest(ORDER, ("modules",)), *asked]  # The first only reads.
        # In one run, which plans each environment once.
        found.append(Layer("plans", PLANNED, lambda tree: tree.pytest(PLANS)))
    elif path.suffix == ".py":
        ours = "chatbot" in path.parts
        tests = [
            str(test.relative_to(ROOT))
            for test in _own(path)
            # Tests of the emulator and of modules have some of the function's names.
            if not ours or "from chatbot." in test.read_text(encoding="utf-8")
        ]
        if ours:
            tests += [*(SCREENING if path.stem in SCREENS else ()), "tests/unit/chatbot", MEMORY]
        inputs = FUNCTION if ours else (path.parts[0], "toolkit")
        found += [_pytest(test, inputs) for test in dict.fromkeys(tests)]
    return found


def _own(path: PurePath) -> list[Path]:
    """Return the tests that are named after a Python file, or the unit tests that import it."""
    package, _, name = ".".join(path.with_suffix("").parts).rpartition(".")
    imports = re.compile(rf"{package}\.{name}\b|from {package} import [^\n]*\b{name}\b")
    named = ROOT.glob(f"tests/**/test_{path.stem}.py")
    return sorted(named, key=lambda test: ("unit" not in test.parts, test)) or [
        test
        for test in sorted(ROOT.glob("tests/unit/test_*.py"))
        if imports.search(test.read_text(encoding="utf-8"))
    ]


def _module(module: str, file: str, tree: Tree) -> Verdict:
    return tree.module_tests(module, file)


def _pytest(test: str, reads: tuple[str, ...]) -> Layer:
    return Layer(test, (*reads, test), lambda tree: tree.pytest([test]))


def nothing() -> Mutant:
    """Return the mutant that changes nothing: every test must pass with it."""
    return Mutant("pyproject.toml", "", "unchanged", str)


class Results:
    """What became of mutants before, for as long as nothing changes that had a part in it.

    A result is known by the layer, the mutated text, and all that the layer's tests read.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._digests: dict[tuple[str, ...], str] = {}
        self._known: dict[str, Verdict] = {}
        if file.is_file():
            for line in file.read_text(encoding="utf-8").splitlines():
                key, result, detail = json.loads(line)
                self._known[key] = (result, detail)

    def get(self, layer: Layer, mutant: Mutant) -> Verdict | None:
        """Return what became of a mutant, where that is known."""
        return self._known.get(self._key(layer, mutant))

    def add(self, layer: Layer, mutant: Mutant, verdict: Verdict) -> None:
        """Keep what became of a mutant."""
        key = self._key(layer, mutant)
        self._known[key] = verdict
        with self._file.open("a", encoding="utf-8") as out:
            out.write(json.dumps([key, *verdict]) + "\n")

    def _key(self, layer: Layer, mutant: Mutant) -> str:
        source = (ROOT / mutant.file).read_text(encoding="utf-8")
        parts = (layer.name, mutant.file, mutant.mutated(source), self._digest(layer.reads))
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def _digest(self, reads: tuple[str, ...]) -> str:
        if reads not in self._digests:
            digest = hashlib.sha256()
            inside = [file for part in reads for file in (ROOT / part).rglob("*")]
            for path in sorted({*inside, *(ROOT / part for part in reads)}):
                hidden = any(part.startswith((".", "__")) for part in path.relative_to(ROOT).parts)
                if path.is_file() and not hidden and path.suffix != ".md":
                    digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
            self._digests[reads] = digest.hexdigest()
        return self._digests[reads]
