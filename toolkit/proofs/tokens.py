"""The tokens of a deployment with sign-in: a person's own, and those that must be refused."""

import base64
import json
from typing import TYPE_CHECKING, Any

from toolkit import tokens
from toolkit.proofs.errors import CannotAskError

if TYPE_CHECKING:
    from toolkit.proofs.deployment import Deployment

GIVE = "set CHATBOT_TOKEN to a token of somebody who may ask"


class Tokens:
    """The tokens of one run. `given` is a person's own, where no rehearsal signs one."""

    def __init__(self, deployment: "Deployment", given: str = "") -> None:
        self._deployment = deployment
        self._given = given
        self.sent: set[str] = set()

    def of(self, kind: str) -> str:
        """Return the token that a request is sent with, "" for none. Raises CannotAskError."""
        token = self._of(kind)
        if token:
            self.sent.add(token)
        return token

    def secrets(self) -> set[str]:
        """Return what no log may hold: every token, and whom and whose address they name."""
        named: set[str] = set()
        for token in self.sent:
            claims = _claims(token)
            named |= {str(claims[name]) for name in ("sub", "email") if name in claims}
        return self.sent | named

    def _of(self, kind: str) -> str:
        identity = self._deployment.outputs.get("identity")
        if kind == "none" or not (identity or self._given):
            return ""
        match kind:
            case "own":
                return self._own()
            case "tampered":
                head, _, signature = (own := self._own()).split(".")
                return f"{head}.{_encoded(_claims(own) | {'sub': 'another'})}.{signature}"
            case "unsigned":
                return f"{_encoded({'alg': 'none'})}.{_encoded(_claims(self._own()))}."
            case "expired":
                return self._sign(expires_in=-60)
            case "elsewhere":
                arn = tokens.asked_for(identity or {})["user_pool"]
                return self._sign(user_pool=arn[:-1] + ("x" if arn[-1] != "x" else "y"))
            case "other-kind":
                use = tokens.asked_for(identity or {})["token_use"]
                return self._sign(token_use="id" if use == "access" else "access")
            case "another":
                return self._sign(person="another-person")
            case "unscoped":
                return self._sign(scopes=["somewhere/else"])
        raise ValueError(kind)

    def _own(self) -> str:
        if self._given:
            return self._given
        if not self._deployment.rehearsal:
            raise CannotAskError(GIVE)
        return self._sign()

    def _sign(self, **changed: Any) -> str:
        deployment = self._deployment
        return tokens.sign(deployment.endpoint, deployment.outputs["identity"], **changed)


def _claims(token: str) -> dict[str, Any]:
    middle = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    return claims


def _encoded(document: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")
