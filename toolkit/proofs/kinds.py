"""The kinds of proofs: a request, a policy question, an AWS call, and evidence that is read."""

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from toolkit.disguises import DISGUISES

LAYERS = ("edge", "api", "compute", "guardrail", "governance")
KEYS = ("own", "client", "other", "none", "wrong", "{client}")
TOKENS = (
    *("own", "none", "tampered", "unsigned"),
    *("expired", "elsewhere", "other-kind", "unscoped", "another"),  # which a pool must sign
)
CONVERSATIONS = ("", "unknown", "ended")
SPARE_KEYS = ("disabled", "unplanned", "exhausted")
SECRETS = ("prompt", "answer", "key", "header", "address", "token")
LOGS = ("waf", "api", "function", "invocations", "trail")
DENIALS = ("explicit", "implicit", "boundary")
WITHOUT = ("edge", "function")
# The message of a request without a body of its own: every layer allows it.
ORDINARY_MESSAGE = "Where is my order?"
# Why AWS cannot be asked what needs a switch of the emulator, by the switch.
NOT_ON_AWS = {
    "reply": "a real model does not answer at will",
    "recites": "a real model does not recite its system prompt at will",
    "thinks": "a real model does not think for a given time",
    "error": "a real model does not fail at will",
    "without": "a real layer is not detached for a proof",
    "key": "it needs an API key made for it",
    "token": "it needs a token signed for it",
    "address": "a proof has its own address and no other",
    "flood": "a flood would cost other callers their share",
    "after": "a flood would cost other callers their share",
    "store": "a real table does not fail at will",
    "spent": "a budget that is used up would refuse other callers",
}
_DISGUISES = {disguise.name: disguise.apply for disguise in DISGUISES}


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What all proofs have. `stops`: it must be stopped, not pass.

    Texts may hold placeholders, such as `{origin}`: what was applied (toolkit/proofs/readers.py).
    """

    layer: str
    control: str
    name: str
    each: str = ""  # a list of what was applied: the proof is asked for each of its items
    # What must have been applied, or the proof is skipped: name -> value, or items of a list.
    requires: Mapping[str, Any] = field(default_factory=dict)
    judgement: str = ""  # who on AWS decides by a judgement of its own, and may decide otherwise
    settles: tuple[str, ...] = ()  # what it shows of tests/proofs/unconfirmed.toml, on AWS
    not_on_aws: str = ""  # why only a rehearsal can be asked; empty: AWS can be asked too

    @property
    def id(self) -> str:
        """Return the proof's name among all proofs."""
        return f"{self.layer}/{self.control}/{self.name}"

    @property
    def stops(self) -> bool:
        """Return whether the control must stop this."""
        raise NotImplementedError

    def wrong(self) -> str:
        """Return why the proof is invalid, or "" if it is valid."""
        return ""


@dataclass(frozen=True, kw_only=True)
class Rehearsed:
    """The emulator's switches for one request; AWS has none of them (NOT_ON_AWS).

    `reply` is what the model says before the guardrail sees it: a text, or `text` with
    `stopReason`. `thinks` is how many tokens it thinks before. `error` is how it fails. `without`
    detaches a layer for this request, to prove the one behind it alone. `flood` sends so many
    copies at once: some must be stopped, and some not. `after` sends so many copies first, from the
    same address, which must not be stopped. `address` is the one that it comes from; the copies
    before it may then be refused like itself. `store` is how the table fails, `spent` whether the
    client's budget is used up. `latency_ms` is how long the model takes; a real one takes as long.
    """

    reply: str | Mapping[str, str] = ""
    recites: str = ""
    thinks: int = 0
    error: Mapping[str, Any] = field(default_factory=dict)
    without: str = ""
    key: str = ""
    address: str = ""
    flood: int | str = 0
    after: int | str = 0
    store: Mapping[str, Any] = field(default_factory=dict)
    spent: bool = False
    latency_ms: int = 0

    @property
    def faults(self) -> dict[str, Any]:
        """Return what the emulator's switches are set to, or nothing."""
        store = {"times": 0, **self.store} if self.store else {}
        faults = {"bedrock": self.fault, "dynamodb": store, "latency_ms": self.latency_ms}
        return {name: fault for name, fault in faults.items() if fault}

    @property
    def fault(self) -> dict[str, Any]:
        """Return what the emulator's switch for Converse is set to, or nothing."""
        if self.reply:
            said = {"text": self.reply} if isinstance(self.reply, str) else dict(self.reply)
            return {"times": 0, "reply": said}
        if self.recites:
            return {"times": 0, "reply": {"recites": self.recites}}
        if self.thinks:
            return {"times": 0, "thinking_tokens": self.thinks}
        return {"times": 0, **self.error} if self.error else {}

    def wrong(self) -> str:
        """Return why the switches are invalid, or "" if they are valid."""
        if self.without and self.without not in WITHOUT:
            return f"rehearsed.without must be one of {WITHOUT}"
        if self.key and self.key not in SPARE_KEYS:
            return f"rehearsed.key must be one of {SPARE_KEYS}"
        return ""


@dataclass(frozen=True, kw_only=True)
class Request(Proof):
    """One request, and what must become of it.

    The body is one of `message`, `body` (as it stands), `repeat` (a character, and how often) and
    `nested` (a message inside so many arrays). `disguise`, `spaces` (before it), `encoding` and
    `gzip` change it. With `via = "invoke"` the function is invoked directly: with `event`, or
    with `body` in the envelope of API Gateway, or with the bare message.

    Where people sign in, it is sent with a token, `bearer`: their own, or one that must be refused.

    `earlier` are messages that are answered before, with the own key and token, in the conversation
    that it goes on with or deletes; `blocked_turn` is one after them that must be blocked. The
    `conversation` may also be unknown, or ended by its holder. `twice` sends the request twice at
    once: one of the two must be stopped.

    `stopped_by` is the layer whose own log record must show that it stopped the request; without
    it, the request must be answered. `smoke` puts it among the few that the smoke test asks, and
    is what it says of it.
    """

    message: str | None = None
    body: str | None = None
    repeat: Mapping[str, Any] | None = None
    nested: int = 0
    event: str | None = None
    disguise: str = ""
    spaces: int | str = 0
    encoding: str = "utf-8"
    gzip: bool = False
    method: str = "POST"
    path: str = ""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    key: str = "own"
    bearer: str = "own"
    earlier: tuple[str, ...] = ()
    blocked_turn: str = ""
    conversation: str = ""
    conversation_id: str = ""  # as it was given by the answers before
    twice: bool = False
    via: str = "api"
    rehearsed: Rehearsed = field(default_factory=Rehearsed)
    smoke: str = ""

    stopped_by: str = ""
    rule: str = ""  # of the web ACL
    signature: str = ""  # the rule of AWS's managed group
    error_type: str = ""  # of the access log
    finding: str = ""  # source.policy.action of the guardrail, in the function's log
    types: tuple[str, ...] = ()  # that the guardrail's trace in the invocation log must name
    screened: str = ""  # family, in the function's log
    stop_reason: str = ""  # in the function's log
    status: int = 200
    code: str = ""
    answer: tuple[str, ...] = ()  # what the answer must hold
    hides: tuple[str, ...] = ()  # what its body and headers must not
    expect: Mapping[str, str] = field(default_factory=dict)  # headers of the answer; "" for none
    retry_after: int = 0  # the most seconds that its Retry-After may say; 0: it is not looked at

    def __post_init__(self) -> None:
        """Set the reason why AWS cannot be asked, where a switch of the emulator is needed."""
        needed = {name for name in NOT_ON_AWS if getattr(self.rehearsed, name, None)}
        needed |= {"token"} if self.bearer in TOKENS[4:] else set()
        reasons = (why for name, why in NOT_ON_AWS.items() if name in needed)
        object.__setattr__(self, "not_on_aws", self.not_on_aws or next(reasons, ""))

    @property
    def stops(self) -> bool:
        """Return whether a layer must stop the request, or change what it says."""
        return bool(self.stopped_by or self.hides)

    @property
    def counts(self) -> bool:
        """Return whether it counts against the quota of the key."""
        own = self.key in {"own", "client"} and not self.rehearsed.key and self.via == "api"
        own = own and self.bearer == "own"
        return own and self.method != "OPTIONS" and self.stopped_by != "edge"

    @property
    def copies(self) -> int:
        """Return how many requests are sent."""
        copies = int(self.rehearsed.flood) + int(self.rehearsed.after) + self.twice
        return 1 + copies + self.before

    @property
    def before(self) -> int:
        """Return how many requests make its conversation what it must be."""
        turns = len(self.earlier) + bool(self.blocked_turn)
        return turns + (self.conversation == "ended")

    @property
    def text(self) -> str | None:
        """Return the message as sent, with its disguise applied; None without a message."""
        text = self.message
        if self.repeat is not None:
            count = int(self.repeat["count"]) + int(self.repeat.get("more", 0))
            text = str(self.repeat["char"]) * count + str(self.repeat.get("then", ""))
        return _DISGUISES[self.disguise](text) if text is not None and self.disguise else text

    def content(self) -> bytes | None:
        """Return the body's bytes, None when there is no body."""
        if (body := self._body()) is None:
            return None
        content = body.encode(self.encoding, "surrogatepass")
        return gzip.compress(content, mtime=0) if self.gzip else content

    @property
    def enveloped(self) -> bool:
        """Return whether a direct invocation comes as API Gateway would send it."""
        return self.body is not None or self.nested > 0

    def payload(self, request_id: str, claims: Mapping[str, str] | None = None) -> bytes:
        """Return the event of a direct invocation; `claims` are of whom the API let in."""
        if self.event is not None:
            return self.event.encode()
        if not self.enveloped:
            return json.dumps({"message": self.text}).encode()
        envelope: dict[str, Any] = {
            "body": self._body(),
            "isBase64Encoded": False,
            "requestContext": {"requestId": request_id},
        }
        if claims:
            envelope["requestContext"]["authorizer"] = {"claims": claims}
        return json.dumps(envelope).encode()

    def _body(self) -> str | None:
        if self.body is not None:
            return self.body
        if self.nested:
            return '{"message": ' + "[" * self.nested + '"Hello"' + "]" * self.nested + "}"
        if self.text is None:
            return None
        spaces = " " * int(self.spaces)
        text = '{"message": ' + spaces + json.dumps(self.text, ensure_ascii=False)
        known = f', "conversation_id": "{self.conversation_id}"' if self.conversation_id else ""
        return text + known + "}"

    @property
    def bodies(self) -> int:
        """Return in how many ways a body is given."""
        given = (self.message, self.body, self.repeat, self.nested or None, self.event)
        return sum(body is not None for body in given)

    def wrong(self) -> str:
        """Return why the request is invalid, or "" if it is valid."""
        checks = {
            "it needs one of message, body, repeat, nested and event": self.bodies > 1
            or (self.bodies == 0 and self.method == "POST"),
            f"key must be one of {KEYS}": self.key not in KEYS,
            f"bearer must be one of {TOKENS}": self.bearer not in TOKENS,
            "a proof of a token requires sign_in": (
                self.bearer != "own" and not self.requires.get("sign_in")
            ),
            f"conversation must be one of {CONVERSATIONS}": self.conversation not in CONVERSATIONS,
            "a conversation needs a message, over the API": bool(self.before or self.conversation)
            and (self.via != "api" or (self.method == "POST" and self.text is None)),
            "via must be api or invoke": self.via not in {"api", "invoke"},
            "event is for via = invoke": self.event is not None and self.via != "invoke",
            f"disguise {self.disguise!r} does not exist": self.disguise
            and self.disguise not in _DISGUISES,
            f"stopped_by must be one of {LAYERS[:4]}": self.stopped_by not in {"", *LAYERS[:4]},
            "the edge needs a rule": self.stopped_by == "edge" and not self.rule,
            "the api needs an error_type": self.stopped_by == "api" and not self.error_type,
            "compute needs a code, a stop_reason, or the family that was screened": (
                self.stopped_by == "compute"
                and not (self.code or self.screened or self.stop_reason)
            ),
            "the guardrail needs a finding, and its types": self.stopped_by == "guardrail"
            and not (self.finding and self.types),
            "what passes has no code": not self.stopped_by and self.code,
            "the smoke test asks nothing that needs a rehearsal": bool(
                self.smoke and self.not_on_aws
            ),
        }
        return self.rehearsed.wrong() or next((said for said, holds in checks.items() if holds), "")


@dataclass(frozen=True, kw_only=True)
class Question(Proof):
    """May a role do this? Asked of the policies that are applied to it, for each of the actions.

    `role` is a short name: function, logging, trail or api-logs. `granted` adds a policy that
    allows everything, as somebody might who may attach policies: only a Deny and the boundary hold.
    `under` adds a policy of the environment, by the end of its name, as a bound role has it.
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
    under: str = ""
    denied_by: str = ""
    statement: str = ""

    @property
    def stops(self) -> bool:
        """Return whether it must be refused."""
        return not self.allowed

    def wrong(self) -> str:
        """Return why the question is invalid, or "" if it is valid."""
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
    mailed: bool = False  # whether a topic must have taken a mail about that event
    not_on_aws: str = "a real function lends its credentials to nobody"

    @property
    def stops(self) -> bool:
        """Return whether it must be refused."""
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
        """Return whether something must be kept out."""
        return bool(self.lacks)

    def wrong(self) -> str:
        """Return why the evidence is invalid, or "" if it is valid."""
        if bool(self.call) == bool(self.log):
            return "it needs either call or log"
        if self.call and (not self.find or self.equals is None):
            return "a call needs find and equals"
        if self.log and (self.log not in LOGS or self.complete == bool(self.lacks)):
            return f"log must be one of {LOGS}, with either complete or lacks"
        unknown = set(self.lacks) - set(SECRETS)
        return f"lacks may name {SECRETS}" if unknown else ""
