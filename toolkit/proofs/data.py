"""The proofs as data: tests/proofs/*.toml, one file a layer, read and checked."""

from __future__ import annotations

import gzip
import json
import re
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from toolkit.disguises import DISGUISES
from toolkit.terraform import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

FOLDER = ROOT / "tests" / "proofs"
LAYERS = ("edge", "api", "compute", "guardrail", "governance")
KEYS = ("own", "client", "none", "wrong", "disabled", "unplanned", "exhausted")
SECRETS = ("prompt", "answer", "key", "header")
LOGS = ("waf", "api", "function", "invocations", "trail")
DENIALS = ("explicit", "implicit", "boundary")
# What can be taken away for a request, and why not from a real deployment.
WITHOUT = {
    "edge": "a real web ACL stays on",
    "function": "a real function is not stopped for a proof",
}
_DISGUISES = {disguise.name: disguise.apply for disguise in DISGUISES}


class ProofDataError(Exception):
    """A file of proofs cannot be used. The text names the file, the control and what is wrong."""


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What all proofs have. `stops` tells those that must be stopped from those that must pass."""

    layer: str
    control: str
    name: str

    @property
    def id(self) -> str:
        """Return the proof's name among all proofs."""
        return f"{self.layer}/{self.control}/{self.name}"

    @property
    def stops(self) -> bool:
        """Tell whether the control must stop this."""
        raise NotImplementedError

    def wrong(self) -> str:
        """Return what makes the proof unusable, or nothing."""
        return ""


@dataclass(frozen=True, kw_only=True)
class Request(Proof):
    """One request, and what must become of it.

    The body is one of `message`, `body` (as it stands), `repeat` (a character, and how often) and
    `nested` (a message inside so many arrays). `disguise`, `spaces` (before it), `encoding` and
    `gzip` change it. With `via = "invoke"` the function is invoked directly: with `event`, or
    with `body` in the envelope of API Gateway, or with the bare message.

    `stopped_by` is the layer whose own log record must show that it stopped the request; without
    it, the request must be answered. `without = "edge"` takes the web ACL off meanwhile, to prove
    the layer behind it alone, `without = "function"` stops the function as its operator would, and
    `fault` sets what the model does: all are for a rehearsal only.
    """

    message: str | None = None
    body: str | None = None
    repeat: Mapping[str, Any] | None = None
    nested: int = 0
    event: str | None = None
    disguise: str = ""
    spaces: int = 0
    encoding: str = "utf-8"
    gzip: bool = False
    method: str = "POST"
    path: str = ""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    key: str = "own"
    via: str = "api"
    without: str = ""
    fault: Mapping[str, Any] | None = None
    flood: int = 0  # so many copies at once: some must be stopped, and some not
    after: int = 0  # so many copies first, from the same address, which must not be stopped
    rehearsal_only: str = ""  # why it cannot be asked of AWS

    stopped_by: str = ""
    rule: str = ""  # of the web ACL
    signature: str = ""  # the rule of AWS's managed group
    error_type: str = ""  # of the access log
    finding: str = ""  # source.policy.action of the guardrail, in the function's log
    types: tuple[str, ...] = ()  # that the guardrail's trace in the invocation log must name
    screened: str = ""  # family, in the function's log
    status: int = 200
    code: str = ""
    answer: str = ""  # what the answer must hold
    hides: str = ""  # what its body and headers must not
    expect: Mapping[str, str] = field(default_factory=dict)  # headers of the answer

    @property
    def stops(self) -> bool:
        """Tell whether a layer must stop the request, or change what it says."""
        return bool(self.stopped_by or self.hides)

    @property
    def counts(self) -> bool:
        """Tell whether it counts against the quota of the key."""
        own = self.key in {"own", "client"} and self.via == "api" and self.method != "OPTIONS"
        return own and self.stopped_by != "edge"

    @property
    def local(self) -> str:
        """Return why only a rehearsal can be asked, or nothing."""
        if self.rehearsal_only:
            return self.rehearsal_only
        if self.fault:
            return "a real model does not fail or answer at will"
        if self.without:
            return WITHOUT[self.without]
        if self.key in {"disabled", "unplanned", "exhausted"}:
            return "it needs an API key made for it"
        if self.flood or self.after:
            return "a flood would cost other callers their share"
        return ""

    @property
    def text(self) -> str | None:
        """Return the message as it is sent, in whatever disguise; None when there is none."""
        text = self.message
        if self.repeat is not None:
            text = str(self.repeat["char"]) * int(self.repeat["count"])
            text += str(self.repeat.get("then", ""))
        return _DISGUISES[self.disguise](text) if text is not None and self.disguise else text

    def content(self) -> bytes | None:
        """Return the body's bytes, None when there is no body."""
        if (body := self._body()) is None:
            return None
        content = body.encode(self.encoding, "surrogatepass")
        return gzip.compress(content, mtime=0) if self.gzip else content

    @property
    def enveloped(self) -> bool:
        """Tell whether a direct invocation comes as API Gateway would send it."""
        return self.body is not None or self.nested > 0

    def payload(self, request_id: str) -> bytes:
        """Return the event of a direct invocation."""
        if self.event is not None:
            return self.event.encode()
        if not self.enveloped:
            return json.dumps({"message": self.text}).encode()
        envelope = {
            "body": self._body(),
            "isBase64Encoded": False,
            "requestContext": {"requestId": request_id},
        }
        return json.dumps(envelope).encode()

    def _body(self) -> str | None:
        if self.body is not None:
            return self.body
        if self.nested:
            return '{"message": ' + "[" * self.nested + '"Hello"' + "]" * self.nested + "}"
        if self.text is None:
            return None
        return '{"message": ' + " " * self.spaces + json.dumps(self.text, ensure_ascii=False) + "}"

    def wrong(self) -> str:
        """Return what makes the request unusable, or nothing."""
        bodies = (self.message, self.body, self.repeat, self.nested or None, self.event)
        checks = {
            "it needs one of message, body, repeat, nested and event": sum(
                body is not None for body in bodies
            )
            != 1
            and self.method == "POST",
            f"key must be one of {KEYS}": self.key not in KEYS,
            f"without must be one of {tuple(WITHOUT)}": self.without not in {"", *WITHOUT},
            "via must be api or invoke": self.via not in {"api", "invoke"},
            "event is for via = invoke": self.event is not None and self.via != "invoke",
            f"disguise {self.disguise!r} does not exist": self.disguise
            and self.disguise not in _DISGUISES,
            f"stopped_by must be one of {LAYERS[:4]}": self.stopped_by not in {"", *LAYERS[:4]},
            "the edge needs a rule": self.stopped_by == "edge" and not self.rule,
            "the api needs an error_type": self.stopped_by == "api" and not self.error_type,
            "compute needs a code, or the family that was screened": self.stopped_by == "compute"
            and not (self.code or self.screened),
            "the guardrail needs a finding, and its types": self.stopped_by == "guardrail"
            and not (self.finding and self.types),
            "what passes has no code": not self.stopped_by and self.code,
        }
        return next((said for said, holds in checks.items() if holds), "")


@dataclass(frozen=True, kw_only=True)
class Question(Proof):
    """May a role do this? Asked of the policies that are applied to it, for each of the actions.

    `role` is a short name: function, logging, trail or api-logs. `granted` adds a policy that
    allows everything, as somebody might who may attach policies: only a Deny and the boundary hold.
    With `principal` it asks the policy of `resource` itself (trust of a role, or the function's).
    An explicit Deny must be of the `statement` that the control promises, and of no other.
    """

    actions: tuple[str, ...]
    allowed: bool
    resource: str = "*"
    role: str = "function"
    principal: str = ""
    context: Mapping[str, str] = field(default_factory=dict)
    granted: bool = False
    denied_by: str = ""
    statement: str = ""

    @property
    def stops(self) -> bool:
        """Tell whether it must be refused."""
        return not self.allowed

    def wrong(self) -> str:
        """Return what makes the question unusable, or nothing."""
        if not self.allowed and self.denied_by not in DENIALS:
            return f"denied_by must be one of {DENIALS}"
        if (self.denied_by == "explicit") != bool(self.statement):
            return "an explicit denial, and no other, needs the statement that denies"
        return "what is allowed is denied by nobody" if self.allowed and self.denied_by else ""


@dataclass(frozen=True, kw_only=True)
class Call(Proof):
    """A real AWS call with the credentials of the function's role, on a rehearsal."""

    call: str  # service.operation, as boto3 names them
    parameters: Mapping[str, Any] = field(default_factory=dict)
    refused: bool
    because: str = ""  # what the refusal must say
    event: str = ""  # the event that the trail must hold; nothing: none is asked for

    @property
    def stops(self) -> bool:
        """Tell whether it must be refused."""
        return self.refused


@dataclass(frozen=True, kw_only=True)
class Evidence(Proof):
    """What AWS's configuration or a log must say, once all requests have been made.

    Either `call` asks AWS, `decode` reads a JSON text in the answer, and `find` (JMESPath) must
    come to `equals`; or `log` must hold a record of every request that it should (`complete`),
    or must not hold any of the secrets in `lacks`.
    """

    call: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    decode: str = ""
    find: str = ""
    equals: Any = None
    log: str = ""
    complete: bool = False
    lacks: tuple[str, ...] = ()

    @property
    def stops(self) -> bool:
        """Tell whether something must be kept out."""
        return bool(self.lacks)

    def wrong(self) -> str:
        """Return what makes the evidence unusable, or nothing."""
        if bool(self.call) == bool(self.log):
            return "it needs either call or log"
        if self.call and (not self.find or self.equals is None):
            return "a call needs find and equals"
        if self.log and (self.log not in LOGS or self.complete == bool(self.lacks)):
            return f"log must be one of {LOGS}, with either complete or lacks"
        unknown = set(self.lacks) - set(SECRETS)
        return f"lacks may name {SECRETS}" if unknown else ""


@dataclass(frozen=True)
class Control:
    """One promise of a layer, and its proofs."""

    layer: str
    name: str
    promise: str
    owasp: str
    resource: str
    unprovoked: str
    proofs: tuple[Proof, ...]


KINDS: dict[str, type[Proof]] = {
    "request": Request,
    "question": Question,
    "call": Call,
    "evidence": Evidence,
}
_TEXTS = ("name", "promise", "owasp", "resource", "unprovoked")


def filled(value: Any, places: Mapping[str, str]) -> Any:
    """Put what names in braces stand for into every text of a value."""
    match value:
        case str():
            return re.sub(r"\{([a-z_]+)\}", lambda name: places.get(name[1], name[0]), value)
        case dict():
            return {name: filled(each, places) for name, each in value.items()}
        case list() | tuple():
            return [filled(each, places) for each in value]
    return value


def load(folder: Path = FOLDER) -> tuple[Control, ...]:
    """Read every control of every layer. Raises ProofDataError."""
    controls = tuple(control for layer in LAYERS for control in _layer(folder / f"{layer}.toml"))
    names = [control.name for control in controls]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ProofDataError(f"{folder}: two controls are called {', '.join(twice)}")
    return controls


def about(layer: str, folder: Path = FOLDER) -> str:
    """Return what a layer is for. Raises ProofDataError."""
    return str(_document(folder / f"{layer}.toml")["about"]).strip()


def _layer(path: Path) -> Iterator[Control]:
    for table in _document(path)["control"]:
        yield _control(path, path.stem, table)


def _document(path: Path) -> dict[str, Any]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ProofDataError(f"{path} cannot be read: {error}") from error
    if document.get("layer") != path.stem or set(document) != {"about", "layer", "control"}:
        raise ProofDataError(f'{path} needs layer = "{path.stem}", about and [[control]]')
    return document


def _control(path: Path, layer: str, table: Mapping[str, Any]) -> Control:
    where = f"{path.name}, control {table.get('name')}"
    if unknown := set(table) - {*_TEXTS, *KINDS}:
        raise ProofDataError(f"{where}: unknown {', '.join(sorted(unknown))}")
    if missing := {"name", "promise", "owasp", "resource"} - set(table):
        raise ProofDataError(f"{where} lacks {', '.join(sorted(missing))}")
    proofs = [
        _proof(f"{where}, {kind} {each.get('name')}", kind, layer, table["name"], each)
        for kind in KINDS
        for each in table.get(kind, ())
    ]
    names = [proof.name for proof in proofs]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ProofDataError(f"{where}: two proofs are called {', '.join(twice)}")
    texts = {text: table.get(text, "") for text in _TEXTS}
    return Control(layer=layer, proofs=tuple(proofs), **texts)


def _proof(where: str, kind: str, layer: str, control: str, table: Mapping[str, Any]) -> Proof:
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) and name != "equals" else value
        for name, value in table.items()
    }
    try:
        proof = KINDS[kind](layer=layer, control=control, **values)
    except TypeError as error:
        text = str(error).partition("__init__() ")[2] or str(error)
        raise ProofDataError(f"{where}: {text}") from error
    if problem := proof.wrong():
        raise ProofDataError(f"{where}: {problem}")
    return proof
