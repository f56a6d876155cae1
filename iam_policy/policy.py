"""Policy documents and their evaluation, pure: no account, no clock, no network.

Source: IAM User Guide, "IAM JSON policy elements reference" and "Policy evaluation logic".
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from iam_policy.conditions import Condition, Keys, PolicyError, Texts, parse_conditions
from iam_policy.principals import Grant, Principals, Query, Request

Kind = Literal["identity", "resource", "trust"]
Source = Literal["", "identity", "boundary", "scp", "session", "resource"]

_ELEMENTS = {
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
}
_NO_KEYS = Keys({})
_ACTIONS_KEPT = 1000
_ACTION = re.compile(r"\*|(\*|[A-Za-z0-9-]+):[A-Za-z0-9*?]+")


@dataclass(frozen=True)
class Decision:
    """The answer; `by` names the policy and statement (or the layer) that decided."""

    allowed: bool
    reason: Literal["allowed", "explicit_deny", "implicit_deny"]
    by: str
    source: Source = ""


def _strings(statement: Mapping[str, object], element: str) -> list[str] | None:
    if element not in statement:
        return None
    raw = statement[element]
    values = raw if isinstance(raw, list) else [raw]
    texts = [value for value in values if isinstance(value, str) and value]
    if len(texts) != len(values):
        raise PolicyError(f"{element} must be text or a list of texts, and no text is empty")
    return texts


def _either(statement: Mapping[str, object], element: str) -> tuple[list[str] | None, bool]:
    """Return the values of an element or of its Not… twin, and whether it was the twin."""
    plain, inverted = _strings(statement, element), _strings(statement, f"Not{element}")
    if plain is not None and inverted is not None:
        raise PolicyError(f"a statement has {element} or Not{element}, never both")
    return (plain, False) if plain is not None else (inverted, True)


class _Statement:
    __slots__ = (
        "_actions",
        "_any_action",
        "_any_resource",
        "_conditions",
        "_not_action",
        "_not_principal",
        "_not_resource",
        "_principals",
        "_resources",
        "_void",
        "allow",
        "sid",
    )

    def __init__(self, raw: object, kind: Kind, *, variables: bool) -> None:
        if not isinstance(raw, dict):
            raise PolicyError("a statement must be an object")
        if unknown := sorted(set(raw) - _ELEMENTS):
            raise PolicyError(f"statement element {unknown[0]!r} does not exist")
        self.sid = raw.get("Sid", "")
        if not isinstance(self.sid, str):
            raise PolicyError("Sid must be text")
        if raw.get("Effect") not in {"Allow", "Deny"}:
            raise PolicyError(f"Effect must be Allow or Deny, not {raw.get('Effect')!r}")
        self.allow = raw["Effect"] == "Allow"

        actions, self._not_action = _either(raw, "Action")
        if actions is None:
            raise PolicyError("a statement needs Action or NotAction")
        for action in actions:
            if not _ACTION.fullmatch(action):
                raise PolicyError(f"action {action!r} is not of the form service:Operation")
        self._any_action = "*" in actions or "*:*" in actions
        self._actions = Texts([a.lower() for a in actions], "glob", variables=False)

        resources, self._not_resource = _either(raw, "Resource")
        if resources is None and kind == "identity":
            raise PolicyError("a statement needs Resource or NotResource")
        if resources is not None and kind == "trust":
            raise PolicyError("a trust policy has no Resource")
        if resources is None:
            resources, self._not_resource = ["*"], False
        for resource in resources:
            if resource != "*" and not resource.startswith(("arn:", "${")):
                raise PolicyError(f'resource {resource!r} is neither an ARN nor "*"')
        self._any_resource = "*" in resources
        self._resources = Texts(resources, "resource", variables=variables)

        # AWS saves empty lists and does not say what they mean. An Allow that leaves nothing out
        # allows nothing here; a Deny that leaves nothing out denies everything.
        self._void = self.allow and (
            (self._not_action and not actions) or (self._not_resource and not resources)
        )
        self._principals, self._not_principal = self._read_principal(raw, kind)
        self._conditions: tuple[Condition, ...] = ()
        if "Condition" in raw:
            self._conditions = parse_conditions(
                raw["Condition"], variables=variables, allow=self.allow
            )

    def _read_principal(
        self, raw: Mapping[str, object], kind: Kind
    ) -> tuple[Principals | None, bool]:
        present = [name for name in ("Principal", "NotPrincipal") if name in raw]
        if kind == "identity":
            if present:
                raise PolicyError(f"an identity-based policy has no {present[0]}")
            return None, False
        if len(present) != 1:
            raise PolicyError("a resource-based statement needs Principal or NotPrincipal")
        inverted = present == ["NotPrincipal"]
        if inverted and self.allow:
            raise PolicyError("NotPrincipal with Allow would let everyone else in")
        return Principals(raw[present[0]]), inverted

    def names(self, action: str) -> bool:
        """Return whether the statement is about an action, in lower case."""
        return (self._any_action or self._actions(action, _NO_KEYS)) is not self._not_action

    def applies(self, request: Request, *, any_resource: bool = False) -> Grant | None:
        """Return whether all parts but the action match, and how directly a grant means the caller.

        `any_resource` takes the resource as matched, for a caller who does not know what it is.
        """
        grant = self._meant(request, any_resource=any_resource)
        if grant is None or not all(one.holds(request.keys) for one in self._conditions):
            return None
        return grant

    def _meant(self, request: Request, *, any_resource: bool = False) -> Grant | None:
        """Return the same of all parts but the conditions, too."""
        if self._void:
            return None
        if (
            not any_resource
            and (self._any_resource or self._resources(request.resource, request.keys))
            is self._not_resource
        ):
            return None
        grant: Grant | None = "session"
        if self._principals is not None:
            if self._not_principal:
                grant = None if self._principals.names_fully(request) else "session"
            else:
                grant = self._principals.grant(request)
        return grant

    def missing(self, request: Request) -> list[str]:
        """Return the condition keys that the statement compares with and the request lacks."""
        if self._meant(request) is None:
            return []
        return [one.key for one in self._conditions if request.keys.get(one.key.lower()) is None]


def _no_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise PolicyError("a key stands twice in one object, so one of them would be ignored")
    return document


class Policy:
    """A policy document, checked and compiled."""

    __slots__ = ("_about", "_allows", "_denies", "name")

    def __init__(self, document: str | Mapping[str, object], name: str, kind: Kind = "identity"):
        """Raise PolicyError, naming the policy, for a document that AWS would refuse."""
        self.name = name
        self._allows: list[_Statement] = []
        self._denies: list[_Statement] = []
        self._about: dict[str, tuple[list[_Statement], list[_Statement]]] = {}
        try:
            self._read(document, kind)
        except (PolicyError, RecursionError) as error:
            raise PolicyError(f"policy {name}: {error}") from error

    def _read(self, document: str | Mapping[str, object], kind: Kind) -> None:
        if isinstance(document, str):
            try:
                document = json.loads(document, object_pairs_hook=_no_duplicates)
            except json.JSONDecodeError as error:
                raise PolicyError(f"is not JSON: {error}") from error
        if not isinstance(document, Mapping):
            raise PolicyError("must be a JSON object")
        if unknown := sorted(set(document) - {"Version", "Id", "Statement"}):
            raise PolicyError(f"element {unknown[0]!r} does not exist")
        version = document.get("Version", "2008-10-17")
        if version not in {"2008-10-17", "2012-10-17"}:
            raise PolicyError(f"Version must be 2012-10-17 or 2008-10-17, not {version!r}")
        raw = document.get("Statement")
        statements = raw if isinstance(raw, list) else [raw]
        if raw is None:
            raise PolicyError("Statement is missing")
        sids: set[str] = set()
        for item in statements:
            statement = _Statement(item, kind, variables=version == "2012-10-17")
            if statement.sid and statement.sid in sids:
                raise PolicyError(f"Sid {statement.sid!r} stands twice")
            sids.add(statement.sid)
            (self._allows if statement.allow else self._denies).append(statement)

    def _naming(self, action: str) -> tuple[list[_Statement], list[_Statement]]:
        """Return the statements that deny and that allow an action, found out once."""
        known = self._about.get(action)
        if known is None:
            if len(self._about) >= _ACTIONS_KEPT:
                self._about.clear()
            denies = [one for one in self._denies if one.names(action)]
            known = denies, [one for one in self._allows if one.names(action)]
            self._about[action] = known
        return known

    def denies(self, request: Request, *, any_resource: bool = False) -> str | None:
        """Return the name of the first statement that denies, or None."""
        for statement in self._naming(request.action)[0]:
            if statement.applies(request, any_resource=any_resource):
                return self._label(statement)
        return None

    def allows(self, request: Request) -> tuple[str, Grant] | None:
        """Return the statement that allows most directly, with how it means the caller."""
        best: tuple[str, Grant] | None = None
        for statement in self._naming(request.action)[1]:
            grant = statement.applies(request)
            if grant == "session":
                return self._label(statement), grant
            if grant is not None and (best is None or grant == "role"):
                best = self._label(statement), grant
        return best

    def missing(self, request: Request) -> list[str]:
        """Return the condition keys that a request lacks and some statement about it asks for."""
        denies, allows = self._naming(request.action)
        return [key for one in (*denies, *allows) for key in one.missing(request)]

    def _label(self, statement: _Statement) -> str:
        return f"{self.name}/{statement.sid}" if statement.sid else self.name


def missing_keys(query: Query, policies: Iterable[Policy]) -> list[str]:
    """Return the condition keys that a query lacks and the policies compare with, each once."""
    request = Request(query, bounded=False)
    return list(dict.fromkeys(key for policy in policies for key in policy.missing(request)))


def _allowed_by(policies: Iterable[Policy], request: Request) -> str | None:
    for policy in policies:
        if found := policy.allows(request):
            return found[0]
    return None


def _implicit(source: Source) -> Decision:
    return Decision(False, "implicit_deny", source, source)


def evaluate(
    query: Query,
    *,
    identity: Sequence[Policy],
    boundary: Policy | None = None,
    resource_policy: Policy | None = None,
    scps: Sequence[Sequence[Policy]] = (),
    session: Sequence[Policy] = (),
    resource_policy_decides: bool = False,
    resource_unknown: bool = False,
) -> Decision:
    """Decide as AWS does for a principal of the resource's own account.

    `scps` are the policies of each level of the organization; a call needs one of every level, and
    one of the `session`'s, if it has any. `resource_policy_decides` is for key and trust policies,
    without which no identity policy is enough. `resource_unknown` says that the query's resource is
    a stand-in: any Deny of the action then holds, whatever it is on.
    """
    request = Request(query, bounded=boundary is not None)
    layers: tuple[tuple[Source, Sequence[Policy]], ...] = (
        ("identity", identity),
        ("scp", tuple(policy for level in scps for policy in level)),
        ("resource", (resource_policy,) if resource_policy else ()),
        ("boundary", (boundary,) if boundary else ()),
        ("session", session),
    )
    for source, policies in layers:
        for policy in policies:
            if by := policy.denies(request, any_resource=resource_unknown):
                return Decision(False, "explicit_deny", by, source)

    granted = resource_policy.allows(request) if resource_policy else None
    if not query.principal.startswith("arn:"):  # an AWS service: it has no policies of its own
        if granted is None:
            return _implicit("resource")
        return Decision(True, "allowed", granted[0], "resource")

    if any(_allowed_by(level, request) is None for level in scps):
        return _implicit("scp")
    if granted is not None and granted[1] == "session":
        # AWS: a grant to the session itself is not limited by boundary or session policy.
        return Decision(True, "allowed", granted[0], "resource")
    if resource_policy_decides and granted is None:
        return _implicit("resource")

    by_identity = _allowed_by(identity, request)
    by_resource = granted[0] if granted is not None and granted[1] == "role" else None
    if by_identity is None and by_resource is None:
        return _implicit("identity")
    if boundary is not None and _allowed_by((boundary,), request) is None:
        return _implicit("boundary")
    if session and _allowed_by(session, request) is None:
        return _implicit("session")
    if by_identity is not None:
        return Decision(True, "allowed", by_identity, "identity")
    return Decision(True, "allowed", by_resource or "", "resource")


_LAYER_NAMES: dict[Source, str] = {
    "": "identity-based policy",
    "identity": "identity-based policy",
    "boundary": "permissions boundary",
    "scp": "service control policy",
    "session": "session policy",
    "resource": "resource-based policy",
}


def access_denied_message(
    decision: Decision, principal_arn: str, action: str, resource: str
) -> str:
    """Word a refusal as AWS does.

    Source: IAM User Guide, "Troubleshoot access denied error messages".
    """
    layer = _LAYER_NAMES[decision.source]
    article = "an" if layer[0] in "aeiou" else "a"
    why = (
        f"with an explicit deny in {article} {layer}"
        if decision.reason == "explicit_deny"
        else f"because no {layer} allows the {action} action"
    )
    return (
        f"User: {principal_arn} is not authorized to perform: {action}"
        f" on resource: {resource} {why}"
    )
