"""What was applied, by name. toolkit/proofs/readers.py reads it.

Proofs compare with these values and with nothing else, so that no default is written down twice. A
name that has no value has a reason: what the environment does not configure is skipped by the
proofs about it, and what it should have and AWS says is not there is a failure.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from toolkit.proofs.errors import CannotAskError, RemovedError


@dataclass(frozen=True)
class Gap:
    """Why a name has no value. `removed`: what it describes should exist and does not."""

    reason: str
    removed: bool = True


@dataclass(frozen=True)
class Applied:
    """The values by name. An item that is a Gap says why there is none."""

    values: Mapping[str, Any] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)  # client -> API key

    def __getitem__(self, name: str) -> Any:
        """Return a value. Raises CannotAskError or RemovedError, with the reason."""
        value = self.values.get(name, Gap(f"nobody knows {name}"))
        if isinstance(value, Gap):
            raise (RemovedError if value.removed else CannotAskError)(value.reason)
        return value

    def get(self, name: str, default: Any = None) -> Any:
        """Return a value, or the default where there is none."""
        value = self.values.get(name)
        return default if value is None or isinstance(value, Gap) else value


def holds(words: Sequence[str], text: str) -> str:
    """Return the first of some words that a text holds as a whole word, or nothing."""
    for word in words:
        parts = r"\s+".join(re.escape(part) for part in word.split())
        if parts and re.search(rf"(?<!\w){parts}(?!\w)", text, re.IGNORECASE):
            return word
    return ""


def number(value: Any) -> int | float | None:
    """Return a number above zero, None for none. Raises TypeError for anything else."""
    if value is None or (isinstance(value, int | float) and value > 0):
        return value
    raise TypeError(f"{value!r} is no number above zero")
