"""Findings of the account check, and their status."""

from dataclasses import dataclass
from typing import Literal

Status = Literal["pass", "warn", "fail", "skip"]


@dataclass(frozen=True)
class Finding:
    """What a check found, and what to do about it."""

    status: Status
    detail: str
    do: str = ""


@dataclass(frozen=True)
class Result:
    """One line of the report."""

    name: str
    status: Status
    detail: str
    do: str


def passed(detail: str) -> Finding:
    """Nothing to do."""
    return Finding("pass", detail)


def warned(detail: str, do: str) -> Finding:
    """The apply works; somebody should know."""
    return Finding("warn", detail, do)


def failed(detail: str, do: str) -> Finding:
    """The apply, or the chatbot after it, would not work or would do harm."""
    return Finding("fail", detail, do)


def skipped(detail: str, do: str = "") -> Finding:
    """The check could not be made."""
    return Finding("skip", detail, do)
