"""Tokens of a rehearsal's people, signed by its local AWS as their user pool would sign them."""

import json
import urllib.request
from collections.abc import Mapping
from typing import Any

PERSON = "test-person"
DAY = 86_400  # the longest that Cognito lets a token be good for


def asked_for(identity: Mapping[str, Any]) -> dict[str, Any]:
    """Return what kind of token an environment with sign-in asks for (its output `identity`)."""
    wanted: dict[str, Any] = {"user_pool": identity["user_pool_arns"][0], "token_use": "id"}
    if scopes := identity.get("scopes"):
        wanted |= {"token_use": "access", "scopes": list(scopes)[:1]}
    return wanted


def sign(endpoint: str, identity: Mapping[str, Any], **changed: Any) -> str:
    """Return a token for the test person, `changed` in what /_aws/tokens takes."""
    wish = {"person": PERSON, "expires_in": DAY, **asked_for(identity), **changed}
    call = urllib.request.Request(f"{endpoint}/_aws/tokens", json.dumps(wish).encode())
    with urllib.request.urlopen(call, timeout=30) as reply:
        token: str = json.load(reply)["token"]
    return token


def bearer(endpoint: str, identity: Mapping[str, Any] | None) -> dict[str, str]:
    """Return the header that the test person is known by, none without sign-in."""
    return {"authorization": f"Bearer {sign(endpoint, identity)}"} if identity else {}
