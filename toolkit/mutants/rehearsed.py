"""Proofs of mutants on a rehearsal: what only requests can show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from toolkit.errors import ToolkitError
from toolkit.mutants.layers import Layer
from toolkit.processes import free_port
from toolkit.proofs import data, targets
from toolkit.proofs.run import Run
from toolkit.rehearsal import Rehearsal

if TYPE_CHECKING:
    from toolkit.mutants.mutant import Mutant
    from toolkit.mutants.tree import Tree, Verdict

READS = ("emulator", "envs", "lambda", "modules", "scripts", "tests/proofs", "toolkit")


class Rehearsed:
    """One rehearsal of dev, whose modules and package are those of a tree."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        # An environment finds modules and package two folders up: here, in the tree.
        self._rehearsal = Rehearsal("dev", free_port(), home=tree.folder / ".rehearsal")
        self._held: frozenset[str] = frozenset()
        self.layer = Layer("proofs on a rehearsal", READS, lambda _: self._asked())

    def __enter__(self) -> Self:
        """Bring it up, and ask every proof once."""
        try:
            self._build()
            self._rehearsal.stage()
            self._rehearsal.up(lambda _: None)
            statuses = self._statuses()
        except BaseException:
            self._rehearsal.down()
            raise
        # One that fails already notices nothing.
        self._held = frozenset(name for name, status in statuses.items() if status == "pass")
        return self

    def __exit__(self, *_: object) -> None:
        """Take it down."""
        self._rehearsal.down()

    def _asked(self) -> Verdict:
        """Apply the tree as it is, which undoes the mutant before, and ask every proof."""
        try:
            self._build()
            self._rehearsal.apply(lambda _: None)
        except ToolkitError as error:
            return "invalid", str(error).strip().splitlines()[-1]
        # A proof that can no longer be asked has noticed nothing: it would be skipped for a person.
        failed = [name for name, status in self._statuses().items() if status == "fail"]
        noticed = [name for name in failed if name in self._held]
        return ("killed", f"proof {noticed[0]}") if noticed else ("survived", "")

    def _statuses(self) -> dict[str, str]:
        run = Run(
            targets.rehearsal(self._rehearsal),
            [proof for control in data.load() for proof in control.proofs],
        )
        run.make()
        return {proof.id: run.judge(proof).status for proof in run.proofs}

    def _build(self) -> None:
        code, text = self._tree.python("scripts/build_lambda.py")
        if code:
            raise ToolkitError(f"the package cannot be built: {text.strip()[-300:]}")


def applies(mutant: Mutant) -> bool:
    """Return whether a rehearsal applies the file of a mutant."""
    return mutant.file.startswith(("lambda/", "modules/"))
