"""CloudWatch Logs Insights: run a query over the events of log groups."""

import functools
import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from emulator.logs.insights.commands import (
    MAX_ROWS,
    Aggregate,
    Bin,
    Command,
    Dedup,
    Fields,
    Filter,
    Limit,
    Parse,
    Row,
    Sort,
    Stats,
    number,
    text,
)
from emulator.logs.insights.syntax import QueryError, parsed

__all__ = ["Event", "QueryError", "Result", "run"]

_MAX_FIELDS = 200  # of one JSON event ("Supported logs and discovered fields")
_TIMES = {"@timestamp", "@ingestionTime"}


@dataclass(frozen=True)
class Event:
    """One event of a log group, with where it is."""

    log: str
    stream: str
    pointer: str
    timestamp: int
    ingested: int
    message: str


@dataclass(frozen=True)
class Result:
    """The rows of a query, each a list of field and value, and what was looked at."""

    rows: list[list[tuple[str, str]]]
    matched: int
    scanned: int
    size: int


def run(query: str, events: Iterable[Event], *, limit: int | None = None) -> Result:
    """Evaluate a query. Raises QueryError for one that is not of the language, or not known here.

    `limit` holds for a query without a limit of its own.
    """
    commands = parsed(query)
    looked_at = sorted(events, key=lambda one: one.timestamp, reverse=True)
    rows: list[Row] = [_row(event) for event in looked_at]
    columns: list[tuple[str, str]] | None = None
    matched = len(rows)
    for command in commands:
        if isinstance(command, Fields):
            columns = _columns(command, columns)
            continue
        rows = _apply(command, rows)
        if isinstance(command, Filter):
            matched = len(rows)
        if isinstance(command, Stats):
            names = [one if isinstance(one, str) else one.name for one in command.by]
            names += [one.name for one in command.aggregates]
            columns = [(name, name) for name in names]
    aggregated = any(isinstance(one, Stats) for one in commands)
    if not any(isinstance(one, Limit) for one in commands):
        rows = rows[: limit or MAX_ROWS]
    shown = columns or [("@timestamp", "@timestamp"), ("@message", "@message")]
    return Result(
        [_shown(row, shown, with_pointer=not aggregated) for row in rows],
        matched,
        len(looked_at),
        sum(len(event.message) for event in looked_at),
    )


def _row(event: Event) -> Row:
    row: Row = {
        "@timestamp": event.timestamp,
        "@ingestionTime": event.ingested,
        "@message": event.message,
        "@log": event.log,
        "@logStream": event.stream,
        "@ptr": event.pointer,
    }
    try:
        document = json.loads(event.message)
    except (RecursionError, ValueError):
        return row
    if isinstance(document, dict):
        found: Row = {}
        _flatten(document, "", found)
        row = found | row
    return row


def _flatten(value: object, name: str, into: Row) -> None:
    """Discover fields as Insights does: `a.b` of an object, `a.0` of an array."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            _flatten(item, f"{name}.{key}" if name else key, into)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _flatten(item, f"{name}.{index}", into)
    elif value is not None and len(into) < _MAX_FIELDS:
        into[name] = value


def _columns(command: Fields, before: list[tuple[str, str]] | None) -> list[tuple[str, str]]:
    kept = [] if command.replace or before is None else before
    return [*kept, *(one for one in command.columns if one not in kept)]


def _apply(command: Command, rows: list[Row]) -> list[Row]:
    match command:
        case Filter():
            return [row for row in rows if command.condition(row)]
        case Parse():
            return [row | _groups(command, row) for row in rows]
        case Stats():
            return _stats(command, rows)
        case Sort():
            for field, descending in reversed(command.keys):
                rows = sorted(rows, key=functools.partial(_rank, field), reverse=descending)
            return rows
        case Limit():
            return rows[: command.rows]
        case Dedup():
            first: dict[tuple[str, ...], Row] = {}
            for row in rows:
                if all(row.get(field) is not None for field in command.fields):
                    first.setdefault(tuple(text(row[field]) for field in command.fields), row)
            return list(first.values())
        case _:
            raise TypeError(command)


def _groups(command: Parse, row: Row) -> Row:
    found = command.pattern.search(text(row.get(command.field)))
    if found is None:
        return {}
    values = found.groups() if not command.pattern.groupindex else found.groupdict().values()
    return {
        name: value for name, value in zip(command.names, values, strict=True) if value is not None
    }


def _rank(field: str, row: Row) -> tuple[int, float, str]:
    """Order numbers before texts, and what is absent before both."""
    value = row.get(field)
    as_number = number(value)
    if value is None:
        return 0, 0.0, ""
    return (1, as_number, "") if as_number is not None else (2, 0.0, text(value))


def _stats(command: Stats, rows: list[Row]) -> list[Row]:
    groups: dict[tuple[str, ...], tuple[Row, list[Row]]] = {}
    for row in rows:
        key = {
            one if isinstance(one, str) else one.name: _group_value(one, row) for one in command.by
        }
        known = tuple(text(value) for value in key.values())
        groups.setdefault(known, (key, []))[1].append(row)
    if not command.by and not groups:
        groups[()] = ({}, [])
    return [
        key | {one.name: _aggregated(one, members) for one in command.aggregates}
        for key, members in groups.values()
    ]


def _group_value(by: str | Bin, row: Row) -> object:
    if isinstance(by, str):
        return row.get(by)
    width = by.seconds * 1000
    return _moment(row["@timestamp"] // width * width)


def _aggregated(one: Aggregate, rows: list[Row]) -> object:
    if one.field is None:
        return len(rows)
    field = one.field
    present = [row for row in rows if row.get(field) is not None]
    if one.function == "count":
        return len(present)
    if one.function == "count_distinct":
        return len({text(row[field]) for row in present})
    if not present:
        return None
    if one.function in {"earliest", "latest"}:
        pick = min if one.function == "earliest" else max
        return pick(present, key=lambda row: row["@timestamp"])[field]
    numbers = [value for row in present if (value := number(row[field])) is not None]
    if one.function in {"max", "min"} and len(numbers) < len(present):
        pick_text: Callable[[Iterable[str]], str] = max if one.function == "max" else min
        return pick_text(text(row[field]) for row in present)
    return _of_numbers(one, numbers)


def _of_numbers(one: Aggregate, numbers: list[float]) -> float | None:
    if not numbers:
        return None
    match one.function:
        case "avg":
            return sum(numbers) / len(numbers)
        case "max":
            return max(numbers)
        case "min":
            return min(numbers)
        case "sum":
            return sum(numbers)
        case _:
            # The nearest rank; AWS does not say how it estimates.
            ordered = sorted(numbers)
            return ordered[max(0, math.ceil(one.percent / 100 * len(ordered)) - 1)]


def _shown(
    row: Row, columns: list[tuple[str, str]], *, with_pointer: bool
) -> list[tuple[str, str]]:
    fields = [
        (name, _moment(row[field]) if field in _TIMES else text(row[field]))
        for field, name in columns
        if row.get(field) is not None
    ]
    return [*fields, ("@ptr", text(row["@ptr"]))] if with_pointer else fields


def _moment(milliseconds: object) -> str:
    """Write a time as Insights shows it."""
    if not isinstance(milliseconds, int):
        return text(milliseconds)
    when = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return f"{when:%Y-%m-%d %H:%M:%S}.{milliseconds % 1000:03d}"
