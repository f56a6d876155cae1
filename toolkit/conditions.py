"""Which condition keys AWS sends in which call: evidence for every condition that we write."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Literal

FILE = Path(__file__).with_name("conditions.toml")

PolicyKind = Literal["trust", "key", "topic", "bucket", "function", "identity", "scp"]


@dataclass(frozen=True)
class Call:
    """Condition keys that one caller sends for some actions, and the page that says so."""

    policy: PolicyKind
    caller: str
    actions: tuple[str, ...]
    keys: tuple[str, ...]
    page: str
    says: str
    unconfirmed: str = ""


@cache
def calls() -> tuple[Call, ...]:
    """Return the entries of conditions.toml."""
    document = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return tuple(
        Call(**{**entry, "actions": tuple(entry["actions"]), "keys": tuple(entry["keys"])})
        for entry in document["call"]
    )


@cache
def keys_of(caller: str, action: str) -> frozenset[str]:
    """Return the keys that a service sends when it does this, by AWS's own pages."""
    return frozenset(
        key
        for call in calls()
        for key in call.keys
        if fnmatchcase(caller, call.caller)
        and any(fnmatchcase(action, pattern) for pattern in call.actions)
    )


def sent[Value](caller: str, action: str, origin: Mapping[str, Value]) -> dict[str, Value]:
    """Keep, of what is known of a service's call, the keys that AWS is known to send in it.

    Raise KeyError where the list has a key that `origin` says nothing of.
    """
    return {key: origin[key] for key in sorted(keys_of(caller, action))}
