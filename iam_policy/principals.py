"""Who is asked about, and whom a Principal element means."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from iam_policy.conditions import Context, Keys, PolicyError

Grant = Literal["session", "role", "account"]
_ACCOUNT = re.compile(r"\d{12}")
_UNIQUE_ID = re.compile(r"(AROA|AIDA)[A-Z0-9]+")
_ACCOUNT_ARN = re.compile(r"arn:[a-z-]+:iam::(\d{12}):root")
_SESSION = re.compile(r"(arn:[a-z-]+):sts::(\d{12}):assumed-role/([^/]+)/.+")


@dataclass(frozen=True)
class Query:
    """One question: may `principal` do `action` on `resource`?

    `principal` is a role, a session, a service, or an OIDC provider whose token somebody shows.
    """

    action: str
    resource: str
    context: Context
    principal: str


class Request:
    """A query with what many statements ask of it worked out once."""

    __slots__ = ("account", "action", "bounded", "keys", "principal", "resource", "role")

    def __init__(self, query: Query, *, bounded: bool) -> None:
        self.bounded = bounded  # the principal has a permissions boundary
        self.action = query.action.lower()
        self.resource = query.resource
        self.keys = Keys(query.context)
        self.principal = query.principal
        session = _SESSION.fullmatch(query.principal)
        known = self.keys.get("aws:principalarn")
        self.role = query.principal
        if session is not None:
            # The session's ARN lacks the role's path, so the context's role ARN is preferred.
            fallback = f"{session[1]}:iam::{session[2]}:role/{session[3]}"
            self.role = known if isinstance(known, str) else fallback
        parts = query.principal.split(":")
        self.account = parts[4] if len(parts) > 5 else ""


class Principals:
    """The Principal element: who is meant, and how directly."""

    __slots__ = ("anyone", "aws", "federated", "services")

    def __init__(self, raw: object) -> None:
        self.anyone = raw == "*"
        self.aws: set[str] = set()
        self.federated: set[str] = set()
        self.services: set[str] = set()
        if self.anyone:
            return
        if not isinstance(raw, dict):
            raise PolicyError('Principal must be "*" or an object such as {"AWS": "…"}')
        for kind, values in raw.items():
            names = values if isinstance(values, list) else [values]
            if not all(isinstance(name, str) for name in names):
                raise PolicyError(f"Principal {kind} must be text or a list of texts")
            match kind:
                case "AWS":
                    self._add_aws(names)
                case "Service":
                    if any("*" in name or "." not in name for name in names):
                        raise PolicyError(f"Principal Service {names} has an invalid name")
                    self.services.update(names)
                case "Federated":
                    self.federated.update(names)
                case "CanonicalUser":
                    pass  # nobody here signs in that way, so these never match
                case _:
                    raise PolicyError(f"Principal type {kind!r} does not exist")

    def _add_aws(self, names: Iterable[str]) -> None:
        for name in names:
            if name == "*":
                self.anyone = True
            elif root := _ACCOUNT_ARN.fullmatch(name):
                self.aws.add(root[1])
            elif "*" in name or not (
                name.startswith("arn:") or _ACCOUNT.fullmatch(name) or _UNIQUE_ID.fullmatch(name)
            ):
                raise PolicyError(f"Principal AWS {name!r} is invalid: no account, no full ARN")
            else:
                self.aws.add(name)

    def grant(self, request: Request) -> Grant | None:
        """Return as what the caller is meant: itself, its role, or its account (a delegation)."""
        if self.anyone or request.principal in self.services | self.federated:
            return "session"
        if request.principal in self.aws:
            return "session" if request.principal != request.role else "role"
        if request.role in self.aws:
            return "role"
        return "account" if request.account in self.aws else None

    def names_fully(self, request: Request) -> bool:
        """Return whether NotPrincipal leaves the caller out: every name it goes by must be listed.

        It never does for a principal with a permissions boundary (IAM User Guide, "AWS JSON policy
        elements: NotPrincipal").
        """
        if request.bounded:
            return False
        if self.anyone or request.principal in self.services | self.federated:
            return True
        return {request.principal, request.role, request.account} <= self.aws
