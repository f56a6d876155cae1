"""tests/mutants.toml: mutants that no operator makes, and excuses."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from toolkit.errors import ToolkitError
from toolkit.mutants.mutant import Mutant
from toolkit.terraform import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LIST = ROOT / "tests" / "mutants.toml"


@dataclass(frozen=True)
class Listed:
    """`by_hand` are mutants; `excuses` are patterns of names, each with its reason."""

    by_hand: tuple[Mutant, ...]
    excuses: Mapping[str, str]

    def excuse(self, mutant: Mutant) -> str:
        """Return why a mutant may survive, or "" where it may not."""
        reasons = (reason for one, reason in self.excuses.items() if matches(one, mutant))
        return next(reasons, "")


def matches(pattern: str, mutant: Mutant) -> bool:
    """Return whether a mutant's name is as a pattern says, in which `*` is any text."""
    return fnmatchcase(mutant.name, pattern.replace("[", "[[]"))


def load(path: Path = LIST) -> Listed:
    """Read the list. Raises ToolkitError, also when a mutant does not fit its file."""
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
        by_hand = tuple(_mutant(*entry) for entry in found["by_hand"])
        return Listed(by_hand, dict(found["excused"]))
    except (TypeError, KeyError, ValueError) as error:
        raise ToolkitError(f"{path} cannot be read: {error}") from None


def _mutant(file: str, why: str, find: str, put: str) -> Mutant:
    count = (ROOT / file).read_text(encoding="utf-8").count(find)
    if count != 1:
        raise ToolkitError(
            f"{file}: {find!r} occurs {count} times, and must once. Bring "
            f"{LIST.relative_to(ROOT)} up to date."
        )
    return Mutant(file, "by hand", why, lambda source: source.replace(find, put))
