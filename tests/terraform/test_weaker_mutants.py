"""Each mutant of a module's text that weakens a control is named by `make diff`.

Takes the mutants by hand, and as many by operators as CHATBOT_WEAKER_MUTANTS says for each module
(a number or `all`), other ones every day: that of CHATBOT_WEAKER_SEED.
"""

import datetime
import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest

from tests.terraform.conftest import MODULES
from tests.terraform.mutated import EXPECTED, Mutated, Plan, mutated
from tests.terraform.offline import Offline
from toolkit.mutants import listed, run
from toolkit.mutants.mutant import Mutant
from toolkit.weaker import plans
from toolkit.weaker.run import weaker

pytestmark = pytest.mark.long
SEED = os.environ.get("CHATBOT_WEAKER_SEED", datetime.datetime.now(datetime.UTC).date().isoformat())
SAMPLE = os.environ.get("CHATBOT_WEAKER_MUTANTS", "30")
AT_A_TIME = {"edge": 24, "chatbot": 16}


@dataclass(frozen=True)
class Compared:
    """What two comparisons say of a mutant; `differs` are the type and attribute of each change."""

    mutant: Mutant
    differs: frozenset[str]
    weaker: tuple[str, ...]
    stronger: tuple[str, ...]


def compared(copies: Mutated, mutants: Sequence[Mutant]) -> Iterator[Compared]:
    """Yield what the comparison of a module's plans says, of each mutant that can be planned."""
    for mutant, before, after in copies.plans(mutants):
        if after is not None:
            yield Compared(
                mutant,
                frozenset(differences(before, after)),
                tuple(weaker(plans.between(before, after))),
                tuple(weaker(plans.between(after, before))),
            )


def differences(first: Plan, second: Plan) -> Iterator[str]:
    """Yield the type and attribute of whatever two plans make otherwise."""
    before, after = plans.made(first), plans.made(second)
    types = {
        one["address"]: one["type"] for plan in (first, second) for one in plan["resource_changes"]
    }
    for at in before.keys() | after.keys():
        kind = types.get(at, plans.OUTPUT)
        if at in before and at in after:
            yield from (f"{kind} {path}" for path in leaves(before[at], after[at]))
        else:
            yield f"{kind} {'is gone' if at in before else 'is new'}"


def leaves(one: Any, other: Any, path: str = "") -> Iterator[str]:
    """Yield the path of each value in which two differ, inside texts of JSON too."""
    one, other = (parsed(value) for value in (one, other))
    if one == other:
        return
    if isinstance(one, dict) and isinstance(other, dict):
        for name in one.keys() | other.keys():
            yield from leaves(one.get(name), other.get(name), f"{path}.{name}".lstrip("."))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for each in zip(one, other, strict=True):
            yield from leaves(*each, path)
    else:
        yield path


def parsed(value: Any) -> Any:
    """Return what a text of JSON holds, and anything else as it is."""
    try:
        return json.loads(value) if isinstance(value, str) and value[:1] in ("{", "[") else value
    except ValueError:
        return value


def is_excused(mutant: Mutant) -> bool:
    """Return whether a mutant by hand need not be named."""
    return any(re.search(each, mutant.name) for each in EXPECTED["by_hand"])


def harmless(one: Compared) -> bool:
    """Return whether a mutant changes nothing but what may change without a word."""
    return any(re.search(excuse, one.mutant.name) for excuse in EXPECTED["excused"]) or all(
        any(re.fullmatch(pattern, each) for pattern in EXPECTED["harmless"]) for each in one.differs
    )


def test_each_excuse_is_of_a_mutant() -> None:
    mutants = {"by_hand": listed.load().by_hand, "excused": run.made(["modules/"])}
    for sort, excused in mutants.items():
        names = "\n".join(one.name for one in excused)
        assert [excuse for excuse in EXPECTED[sort] if not re.search(excuse, names)] == []


@pytest.mark.parametrize("module", MODULES)
def test_each_mutant_that_weakens_a_control_is_named(offline: Offline, module: str) -> None:
    every = run.made([f"modules/{module}/"])
    chosen = sampled([one for one in every if one.where != "by hand"], SAMPLE)
    by_hand = [one for one in every if one.where == "by hand"]
    if not (chosen or by_hand):
        pytest.skip("no mutant was chosen")
    with mutated(offline, module, AT_A_TIME.get(module, 80)) as copies:
        found = list(compared(copies, [*by_hand, *chosen]))
    wrong = [f"{one.mutant.name}: {sorted(one.differs)}" for one in found if not right(one)]
    assert not wrong, "\n".join(wrong)
    named = {one for one in by_hand if not is_excused(one)}
    assert named <= {one.mutant for one in found}, "a mutant by hand cannot be planned"


def sampled(mutants: Sequence[Mutant], count: str) -> list[Mutant]:
    """Return some mutants that a plan may show."""
    planned = [
        one for one in mutants if not any(re.search(at, one.name) for at in EXPECTED["not_planned"])
    ]
    Random(SEED).shuffle(planned)  # noqa: S311 - no secret
    return planned if count == "all" else planned[: int(count)]


def right(one: Compared) -> bool:
    """Return whether a mutant is named as it must be."""
    if one.mutant.where == "by hand":
        return bool(one.weaker) is not is_excused(one.mutant)
    if any(re.search(pattern, one.mutant.name) for pattern in EXPECTED["weakens"]):
        return bool(one.weaker) or harmless(one)
    return bool(one.weaker or one.stronger) or harmless(one)
