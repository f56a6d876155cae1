"""Facts about AWS that age (models, prices, limits), read from the modules' aws-facts.json."""

import json
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

_MODULES = Path(__file__).parent.parent / "modules"


@dataclass(frozen=True)
class Profile:
    """An inference profile: the Regions that may call it, and those that it routes to besides.

    `destinations` is None where AWS documents none.
    """

    sources: frozenset[str]
    destinations: frozenset[str] | None


@dataclass(frozen=True)
class Model:
    """A foundation model: its end of life on Bedrock, None if unknown, and its profiles.

    `output_burndown` is how many tokens of the quotas a token of an answer uses up.
    """

    id: str
    name: str
    ends: date | None
    output_burndown: int
    profiles: dict[str, Profile]


@dataclass(frozen=True)
class Route:
    """Where a call of a profile may be answered; a guess unless AWS documents it."""

    regions: frozenset[str]
    documented: bool


@cache
def facts(module: str = "chatbot") -> dict[str, Any]:
    """Return the data file of a module: chatbot has the models, edge the rule groups."""
    text = (_MODULES / module / "aws-facts.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


@cache
def models() -> dict[str, Model]:
    """Return every model that the data file names, by its id."""
    return {name: _model(name, entry) for name, entry in facts()["models"].items()}


def _model(name: str, known: dict[str, Any]) -> Model:
    profiles = {
        geography: Profile(
            frozenset(routing["from"]), None if routing["to"] is None else frozenset(routing["to"])
        )
        for geography, routing in known.get("profiles", {}).items()
    }
    ends = date.fromisoformat(known["ends"]) if known["ends"] else None
    return Model(name, known["name"], ends, known.get("output_burndown", 1), profiles)


def geographies() -> frozenset[str]:
    """Return what the name of a cross-Region profile may begin with, up to its first dot."""
    return frozenset(facts()["geographies"])


def fits(geography: str, region: str) -> bool:
    """Return whether a Region may call profiles of a geography at all."""
    return region.startswith(tuple(facts()["geographies"].get(geography, ())))


def route(geography: str, model_id: str, region: str) -> Route | None:
    """Return where a call of a profile from a Region may be answered.

    None if AWS has no such profile there. A model that the data file does not name is judged by
    its geography alone; so is one whose life had ended before its profiles were written down.
    """
    if not fits(geography, region):
        return None
    model = models().get(model_id)
    if model is None or not model.profiles:
        return Route(frozenset({region}), documented=False)
    profile = model.profiles.get(geography)
    if profile is None or region not in profile.sources:
        return None
    if profile.destinations is None:
        return Route(frozenset({region}), documented=False)
    return Route(profile.destinations | {region}, documented=True)


def offered(model_id: str, region: str) -> list[str]:
    """Return the ids of a model's profiles that a Region may call, as far as they are known."""
    model = models().get(model_id)
    found = model.profiles.items() if model else ()
    return sorted(f"{name}.{model_id}" for name, profile in found if region in profile.sources)


def as_of() -> date:
    """Return the day on which the oldest of the facts was last compared with AWS's pages."""
    return min(date.fromisoformat(facts(module)["as_of"]) for module in ("chatbot", "edge"))


def managed_rule_groups() -> dict[str, int]:
    """Return the capacity units of each of AWS's own rule groups, by its name."""
    capacities: dict[str, int] = facts("edge")["managed_rule_groups"]
    return capacities


def included_wcu() -> int:
    """Return the capacity units of a web ACL that its price includes."""
    return int(facts("edge")["included_wcu"])


def runtime_ends(runtime: str) -> date | None:
    """Return the day from which Lambda no longer patches a runtime, None if it is not known."""
    entry = facts()["runtimes"].get(runtime)
    return date.fromisoformat(entry["ends"]) if entry else None


@dataclass(frozen=True)
class Price:
    """A price in US dollars, and how sure it is: high, medium or low."""

    usd: float
    confidence: str


def priced_model() -> str:
    """Return the id of the model that the prices of tokens are for."""
    return str(facts()["prices"]["model_million_input"]["model"])


def prices() -> dict[str, Price]:
    """Return the prices that the cost page uses."""
    return {
        name: Price(float(entry["usd"]), entry["confidence"])
        for name, entry in facts()["prices"].items()
    }
