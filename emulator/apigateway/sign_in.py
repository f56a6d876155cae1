"""Tokens of Cognito user pools, verified as a COGNITO_USER_POOLS authorizer does.

Without scopes on the method an identity token is asked for, with scopes an access token that holds
one of them (Amazon API Gateway API Reference, PutMethod, authorizationScopes). A missing or wrong
token is refused as UNAUTHORIZED, and so is an expired one, in words of its own. The app client is
not looked at: any of the pool's will do.
"""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime

from joserfc import jwt
from joserfc.errors import ExpiredTokenError, JoseError

from emulator.account import Account
from emulator.apigateway.exchange import Exchange
from emulator.apigateway.responses import GatewayError
from emulator.cognito import pools
from emulator.wire.documents import Document

COGNITO = "COGNITO_USER_POOLS"
_DATES = frozenset({"exp", "iat"})  # which API Gateway hands on as dates in words


class SignIn:
    """The authorizers of user pools."""

    def __init__(self, account: Account, clock: Callable[[], float] = time.time) -> None:
        self._account = account
        self._clock = clock

    def admit(self, exchange: Exchange) -> None:
        """Let a request on whose token is good, and note its claims. Raises GatewayError."""
        method = exchange.routed
        authorizer = exchange.api.authorizers.get(method.authorizer_id)
        if authorizer is None or authorizer.get("type") != COGNITO:
            self._account.approximations.note(
                "API Gateway", "authorizers other than of user pools are absent: methods refuse"
            )
            raise GatewayError("AUTHORIZER_CONFIGURATION_ERROR")
        header = exchange.evaluate(authorizer.get("identitySource") or "") or ""
        token = re.sub(r"^Bearer +", "", header, flags=re.IGNORECASE)
        expression = authorizer.get("identityValidationExpression") or ""
        if not token or not re.fullmatch(expression or ".*", token):
            raise GatewayError("UNAUTHORIZED")
        claims = self._verified(token, authorizer, method.authorization_scopes)
        exchange.signed_in({name: _text(name, value) for name, value in claims.items()})

    def _verified(self, token: str, authorizer: Document, scopes: frozenset[str]) -> Document:
        asked = jwt.JWTClaimsRegistry(
            now=int(self._clock()),
            exp={"essential": True},
            iss={"essential": True, "values": self._issuers(authorizer)},
            sub={"essential": True},
            token_use={"essential": True, "value": "access" if scopes else "id"},
        )
        try:
            read = jwt.decode(token, pools.public_keys(), algorithms=["RS256"])
            asked.validate(read.claims)
        except ExpiredTokenError:
            raise GatewayError("UNAUTHORIZED", "The incoming token has expired") from None
        except (JoseError, ValueError, TypeError):
            raise GatewayError("UNAUTHORIZED") from None
        if scopes and scopes.isdisjoint(str(read.claims.get("scope", "")).split()):
            # "When access is denied by a custom or Amazon Cognito authorizer" (Gateway response
            # types). That it is this type, and not UNAUTHORIZED, is not on record.
            raise GatewayError("ACCESS_DENIED")
        return read.claims

    def _issuers(self, authorizer: Document) -> list[str]:
        arns = authorizer.get("providerARNs") or []
        for arn in arns:
            if pools.find(arn) is None:
                self._account.approximations.note(
                    "API Gateway", f"{arn} is not here: the emulator signs its tokens"
                )
        return [pools.issuer(arn) for arn in arns]


def _text(name: str, value: object) -> str:
    """Return a claim as API Gateway hands it to a function: always a text."""
    if name in _DATES and isinstance(value, int):
        return f"{datetime.fromtimestamp(value, UTC):%a %b %d %H:%M:%S UTC %Y}"
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
