"""Turn a proof into the cases to ask of one deployment, or into the reason to skip it."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from toolkit.proofs.applied import Applied, holds
from toolkit.proofs.deployment import Deployment
from toolkit.proofs.errors import CREDENTIALS, CannotAskError, RemovedError
from toolkit.proofs.kinds import Proof, Request

PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
KEPT = frozenset({"layer", "control", "name", "each", "requires", "judgement", "settles"})
# More requests for one proof than this would take longer than it is worth.
MOST_COPIES = 400


@dataclass(frozen=True)
class Case:
    """A proof with its placeholders substituted, or the reason why it is skipped or fails."""

    proof: Proof
    skip: str = ""
    wrong: str = ""
    item: str = ""  # of the list that the proof is asked for each of
    counted: bool = False  # the environment only counts what would stop it


def cases(proof: Proof, deployment: Deployment, *, quick: bool = False) -> list[Case]:
    """Return what a proof asks of a deployment; `quick` takes the first item of a list alone."""
    if not deployment.rehearsal and (reason := proof.not_on_aws):
        return [Case(proof, skip=reason)]
    over_api = isinstance(proof, Request) and proof.via == "api"
    if deployment.client is None and not over_api:
        return [Case(proof, skip=CREDENTIALS)]
    applied = deployment.applied
    try:
        if unmet := _unmet(proof, applied):
            return [Case(proof, skip=unmet)]
        items = list(applied[proof.each]) if proof.each else [{}]
    except CannotAskError as error:
        return [Case(proof, skip=str(error))]
    except RemovedError as error:
        return [Case(proof, wrong=str(error))]
    if not items:
        return [Case(proof, skip=f"this environment has no {proof.each.replace('_', ' ')}")]
    return [_case(proof, applied, item) for item in (items[:1] if quick else items)]


def _case(proof: Proof, applied: Applied, item: Mapping[str, Any]) -> Case:
    name = str(next(iter(item.values()), ""))
    values = Applied({**applied.values, **item}) if item else applied
    try:
        asked = fill(proof, values)
        if isinstance(asked, Request):
            if reason := _hindered(asked, applied):
                return Case(proof, skip=reason, item=name)
            return Case(asked, item=name, counted=_counted(asked, applied))
    except CannotAskError as error:
        return Case(proof, skip=str(error), item=name)
    except RemovedError as error:
        return Case(proof, wrong=str(error), item=name)
    except (AttributeError, KeyError, TypeError, ValueError, re.error) as error:
        # The applied value has another type than the proof needs.
        return Case(proof, wrong=f"it does not fit what was applied: {error!r}", item=name)
    return Case(asked, item=name)


def _unmet(proof: Proof, applied: Applied) -> str:
    """Return what the environment lacks of what a proof requires, or nothing."""
    for name, needed in proof.requires.items():
        have, what = applied[name], name.replace("_", " ")
        if isinstance(have, list | tuple):
            required = needed if isinstance(needed, list) else [needed]
            if missing := [str(one) for one in required if one not in have]:
                return f"{', '.join(missing)} is not among this environment's {what}"
        elif have != needed and needed is True:
            return f"this environment has no {what}"
        elif have != needed:
            return f"this environment's {what} is {have}, and the proof is for {needed}"
    return ""


def fill[T](thing: T, values: Applied) -> T:
    """Substitute the applied value for every placeholder in a value.

    A text that is one placeholder alone becomes the value itself, and in a list a list's items.
    """
    filled: Any = thing
    if isinstance(thing, str):
        if whole := PLACEHOLDER.fullmatch(thing):
            filled = values[whole[1]]
        else:
            filled = PLACEHOLDER.sub(lambda name: str(values[name[1]]), thing)
    elif isinstance(thing, dict):
        filled = {fill(name, values): fill(value, values) for name, value in thing.items()}
    elif isinstance(thing, list | tuple):
        filled = type(thing)(_spliced(thing, values))
    elif is_dataclass(thing) and not isinstance(thing, type):
        given = {name: held for name, held in vars(thing).items() if held and name not in KEPT}
        filled = replace(thing, **{name: fill(held, values) for name, held in given.items()})
    result: T = filled
    return result


def _spliced(things: list[Any] | tuple[Any, ...], values: Applied) -> Iterator[Any]:
    for thing in things:
        filled = fill(thing, values)
        if isinstance(thing, str) and isinstance(filled, list):
            yield from filled
        else:
            yield filled


def placeholders(thing: Any) -> set[str]:
    """Return the names of all placeholders in a value."""
    if isinstance(thing, str):
        return set(PLACEHOLDER.findall(thing))
    if isinstance(thing, dict):
        return set().union(*map(placeholders, thing)) | placeholders(list(thing.values()))
    if isinstance(thing, list | tuple):
        return set().union(*map(placeholders, thing))
    if is_dataclass(thing) and not isinstance(thing, type):
        return placeholders([getattr(thing, one.name) for one in fields(thing)])
    return set()


def _hindered(request: Request, applied: Applied) -> str:
    """Return why a request can prove nothing in this environment, or "" if it can."""
    if request.stopped_by == "guardrail" and not request.types:
        return "this environment's guardrail has nothing of the kind"
    copies = max(int(request.rehearsed.flood), int(request.rehearsed.after))
    if copies > MOST_COPIES:
        return f"this environment's limit takes {copies} requests to reach"
    if _group_mode(request, applied) == "off":
        return f"this environment has the rule group {request.rule} off"
    counted = (applied.get("counted_rules") or {}).get(request.rule, ())
    # Which rule of the SQL injection group speaks is AWS's choice: any that is counted may.
    if request.signature in counted or (counted and not request.signature):
        return f"this environment only counts {request.signature or ', '.join(counted)}"
    said = spoken(request)
    patterns = applied.get("own_patterns") or ()
    ours = request.rule == "prompt-injection" or request.screened
    if patterns and ours and said and not any(re.search(one, said) for one in patterns):
        return "no prompt-injection pattern of this environment knows it"
    met = request.stopped_by in {"", "guardrail"} and not request.finding.startswith("input.wordP")
    word = holds(applied.get("words") or (), said) if met else ""
    return f"it holds a blocked word of this environment: {word}" if word else ""


def _counted(request: Request, applied: Applied) -> bool:
    """Return whether the environment counts what a request would be stopped for."""
    if request.rule == "prompt-injection":
        return bool(applied.get("injection_mode") == "count")
    if _group_mode(request, applied) == "count":
        return True
    return bool(request.screened and applied.get("screening_mode") == "count")


def _group_mode(request: Request, applied: Applied) -> str:
    return str((applied.get("group_modes") or {}).get(request.rule, "block"))


def spoken(request: Request) -> str:
    """Return the words of a request as a pattern meets them, in lower case with single spaces."""
    text = request.message
    if text is None and request.body:
        try:
            text = " ".join(_strings(json.loads(request.body)))
        except (RecursionError, ValueError):
            return ""
    return " ".join(" ".join((*request.earlier, text or "")).casefold().split())


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _strings(one)
