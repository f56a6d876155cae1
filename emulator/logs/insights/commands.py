"""The commands of a Logs Insights query, and how values are read and shown."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from emulator.wire.documents import JsonObject

MAX_ROWS = 10_000
"""Rows of a result ("limit": the most and, where a query names none, the default)."""

Row = JsonObject
Condition = Callable[[Row], bool]


@dataclass(frozen=True)
class Aggregate:
    """One function of `stats`; `field` is None for count(*)."""

    function: str
    field: str | None
    name: str
    percent: float = 0.0


@dataclass(frozen=True)
class Bin:
    """A group of `stats` by time."""

    seconds: int
    name: str


@dataclass(frozen=True)
class Filter:
    """`filter`: the rows that meet a condition."""

    condition: Condition


@dataclass(frozen=True)
class Fields:
    """`fields` adds columns, `display` replaces them; each is a field and its name."""

    columns: tuple[tuple[str, str], ...]
    replace: bool


@dataclass(frozen=True)
class Parse:
    """`parse`: groups of a pattern become fields."""

    field: str
    pattern: re.Pattern[str]
    names: tuple[str, ...]


@dataclass(frozen=True)
class Stats:
    """`stats`: aggregates by groups."""

    aggregates: tuple[Aggregate, ...]
    by: tuple[str | Bin, ...]


@dataclass(frozen=True)
class Sort:
    """`sort`: fields, each with whether it is descending."""

    keys: tuple[tuple[str, bool], ...]


@dataclass(frozen=True)
class Limit:
    """`limit`: the first rows."""

    rows: int


@dataclass(frozen=True)
class Dedup:
    """`dedup`: the first row for each combination of values."""

    fields: tuple[str, ...]


Command = Filter | Fields | Parse | Stats | Sort | Limit | Dedup


def number(value: object) -> float | None:
    """Return a value as a number where it is one, as text or not."""
    if isinstance(value, bool):
        return float(value)
    try:
        return float(value) if isinstance(value, int | float | str) else None
    except ValueError:
        return None


def text(value: object) -> str:
    """Return a value as Insights shows it; an absent one as nothing."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)
