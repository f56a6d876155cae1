"""The proofs as data: tests/proofs/*.toml, one file a layer, read and checked."""

import functools
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolkit.errors import ToolkitError
from toolkit.proofs.kinds import (
    LAYERS,
    ORDINARY_MESSAGE,
    Call,
    Evidence,
    Proof,
    Question,
    Rehearsed,
    Request,
)
from toolkit.terraform import ROOT

FOLDER = ROOT / "tests" / "proofs"
OWASP = "owasp.toml"
UNCONFIRMED = "unconfirmed.toml"
_TEXTS = ("promise", "owasp", "resource", "unprovoked")
_BODIES = ("message", "body", "repeat", "nested", "event")
_TUPLES = ("actions", "answer", "earlier", "hides", "lacks", "settles", "types")
# The name of a kind in a file, its class, and the fields that the name implies.
KINDS: dict[str, tuple[type[Proof], Mapping[str, Any]]] = {
    "stopped": (Request, {}),
    "passes": (Request, {}),
    "denied": (Question, {"allowed": False}),
    "allowed": (Question, {"allowed": True}),
    "refused": (Call, {"refused": True}),
    "call": (Call, {"refused": False}),
    "evidence": (Evidence, {}),
}


@dataclass(frozen=True)
class Control:
    """One promise of a layer, and its proofs."""

    layer: str
    name: str
    promise: str
    owasp: str  # the item that it counts for, or nothing
    resource: str
    unprovoked: str
    proofs: tuple[Proof, ...]


@dataclass(frozen=True, kw_only=True)
class Belief:
    """An assumption about AWS that no outside source confirms."""

    id: str
    belief: str
    known: str  # what AWS's documents and others say
    otherwise: str  # what happens if it is not so
    by_hand: str = ""  # how to find out where no proof shows it
    proofs: tuple[str, ...] = ()  # the ids of those that show it


@dataclass(frozen=True, kw_only=True)
class Item:
    """One item of the OWASP Top 10 for LLM Applications, and how far it is covered."""

    id: str
    verdict: str  # covered, partly or not
    why: str
    controls: tuple[str, ...] = ()  # that name another item as theirs


def owasp() -> tuple[Item, ...]:
    """Read the ten items, in OWASP's order."""
    document = _document(FOLDER / OWASP)
    return tuple(
        Item(
            id=name, **one | {"why": one["why"].strip(), "controls": tuple(one.get("controls", ()))}
        )
        for name, one in document.items()
    )


@functools.cache
def load(folder: Path = FOLDER) -> tuple[Control, ...]:
    """Read every control of every layer. Raises ToolkitError."""
    controls = tuple(control for layer in LAYERS for control in _layer(folder / f"{layer}.toml"))
    names = [control.name for control in controls]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ToolkitError(f"{folder}: two controls are called {', '.join(twice)}")
    return controls


def about(layer: str, folder: Path = FOLDER) -> str:
    """Return what a layer is for. Raises ToolkitError."""
    return str(_layer_document(folder / f"{layer}.toml")["about"]).strip()


def beliefs(controls: tuple[Control, ...], folder: Path = FOLDER) -> tuple[Belief, ...]:
    """Read what nobody outside has confirmed, with the proofs that show it on AWS.

    Raises ToolkitError for one that nothing shows, and for a proof that shows another.
    """
    path = folder / UNCONFIRMED
    settled: dict[str, list[str]] = {}
    for proof in (proof for control in controls for proof in control.proofs):
        for belief in proof.settles:
            settled.setdefault(belief, []).extend([] if proof.not_on_aws else [proof.id])
    try:
        every = tuple(
            Belief(id=name, **table, proofs=tuple(settled.pop(name, ())))
            for name, table in _document(path).items()
        )
    except TypeError as error:
        raise ToolkitError(f"{path}: each has belief, known and otherwise") from error
    if unshown := [belief.id for belief in every if not (belief.proofs or belief.by_hand)]:
        raise ToolkitError(f"{path}: no proof settles {', '.join(unshown)}")
    if settled:
        raise ToolkitError(f"{path} lacks {', '.join(settled)}, which proofs settle")
    return every


def _layer(path: Path) -> Iterator[Control]:
    document = _layer_document(path)
    for name, table in document["control"].items():
        yield _control(path, name, table, document.get("defaults", {}))


def _document(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ToolkitError(f"{path} cannot be read: {error}") from error


def _layer_document(path: Path) -> dict[str, Any]:
    document = _document(path)
    needed = {"about", "layer", "control"}
    if document.get("layer") != path.stem or set(document) - {"defaults"} != needed:
        raise ToolkitError(f'{path} needs layer = "{path.stem}", about and [control.<name>]')
    return document


def _control(
    path: Path, name: str, table: Mapping[str, Any], defaults: Mapping[str, Any]
) -> Control:
    where = f"{path.name}, control {name}"
    own = table.get("defaults", {})
    if unknown := {*table, *defaults, *own} - {*_TEXTS, *KINDS, "defaults"}:
        raise ToolkitError(
            f"{where}: unknown {', '.join(sorted(unknown))}. Proofs are called {', '.join(KINDS)}."
        )
    texts = {text: table.get(text, defaults.get(text, "")) for text in _TEXTS}
    if missing := {"promise", "resource"} - {*table, *defaults}:
        raise ToolkitError(f"{where} lacks {', '.join(sorted(missing))}")
    if unused := [kind for kind in own if kind not in table]:
        raise ToolkitError(f"{where}: defaults for {', '.join(unused)}, and none of these")
    proofs = [
        _proof(
            f"{where}, {kind} {each.get('name')}",
            kind,
            {"layer": path.stem, "control": name}
            | _merged(each, defaults.get(kind, {}), own.get(kind, {})),
        )
        for kind in KINDS
        for each in table.get(kind, ())
    ]
    names = [proof.name for proof in proofs]
    if twice := sorted({one for one in names if names.count(one) > 1}):
        raise ToolkitError(f"{where}: two proofs are called {', '.join(twice)}")
    texts["resource"] = texts["resource"].replace("{control}", name)
    return Control(layer=path.stem, name=name, proofs=tuple(proofs), **texts)


def _merged(table: Mapping[str, Any], *defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return a proof's table merged over its defaults; its own body replaces a default body."""
    merged: dict[str, Any] = {}
    for default in defaults:
        merged |= default
    if any(name in table for name in _BODIES):
        merged = {name: value for name, value in merged.items() if name not in _BODIES}
    return merged | dict(table)


def _completed(cls: type[Proof], values: dict[str, Any]) -> dict[str, Any]:
    """Return a proof's fields with defaults and placeholders of its control substituted."""
    if cls is Request:
        posts = values.get("method", "POST") in {"POST", "PUT"}
        if posts and not any(name in values for name in _BODIES):
            values["message"] = ORDINARY_MESSAGE
        if "rule" in values:
            values["rule"] = values["rule"].replace("{control}", values["control"])
    if "rehearsed" in values:
        values["rehearsed"] = Rehearsed(**values["rehearsed"])
    for name in _TUPLES:
        if name in values:
            value = values[name]
            values[name] = (value,) if isinstance(value, str) else tuple(value)
    return values


def _proof(where: str, kind: str, values: dict[str, Any]) -> Proof:
    cls, implied = KINDS[kind]
    try:
        proof = cls(**_completed(cls, {**values, **implied}))
    except TypeError as error:
        text = str(error).partition("__init__() ")[2] or str(error)
        raise ToolkitError(f"{where}: {text}") from error
    if problem := proof.wrong() or _miscalled(kind, proof):
        raise ToolkitError(f"{where}: {problem}")
    return proof


def _miscalled(kind: str, proof: Proof) -> str:
    if kind == "stopped" and not proof.stops:
        return "what is stopped needs stopped_by or hides"
    if kind == "passes" and isinstance(proof, Request) and proof.stopped_by:
        return "what passes is stopped by nobody"
    return ""
