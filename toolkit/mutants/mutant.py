"""A mutant: one small change of one file's text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


@dataclass(frozen=True)
class Mutant:
    """One change; `mutated` returns a file's text with it made.

    `where` and `change` describe it to people, and stay the same when other lines of the file
    change: excuses are found by the name that they make.
    """

    file: str
    where: str
    change: str
    mutated: Callable[[str], str] = field(compare=False, repr=False)

    @property
    def name(self) -> str:
        """Return the name, such as `modules/edge/logging.tf: aws_x.this/retention: drop`."""
        return f"{self.file}: {self.where}: {self.change}"


def edit(start: int, end: int, text: str = "") -> Callable[[str], str]:
    """Return the change that puts `text` in place of characters `start` to `end`."""
    return partial(_edited, start, end, text)


def _edited(start: int, end: int, text: str, source: str) -> str:
    return source[:start] + text + source[end:]


def distinct(mutants: Iterable[Mutant]) -> Iterator[Mutant]:
    """Number the mutants whose names are equal, so that each has a name of its own."""
    seen: dict[str, int] = {}
    for mutant in mutants:
        count = seen[mutant.name] = seen.get(mutant.name, 0) + 1
        yield mutant if count == 1 else replace(mutant, change=f"{mutant.change} #{count}")


def short(text: str) -> str:
    """Return a text on one line, cut where it is too long to be a name."""
    line = re.sub(r"\s+", " ", text).strip()
    return line if len(line) <= 60 else f"{line[:59]}…"
