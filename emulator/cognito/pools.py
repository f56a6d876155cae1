"""User pools: who signs their tokens, by which key, and a token for whoever a rehearsal needs."""

import functools
import json
import time
import uuid
from typing import Any

from joserfc import jwk, jwt
from moto.cognitoidp.models import CognitoIdpUserPool, cognitoidp_backends
from moto.utilities.utils import load_resource

from emulator.wire.documents import Document, JsonObject
from emulator.wire.errors import AwsError
from emulator.wire.http import HttpRequest, HttpResponse, json_response

_KEYS = "cognitoidp/resources/jwks-{}.json"
# An address of a person has no meaning here, and stands in a token so that proofs can look for it.
_MAIL = "{}@person.example"
_FIELDS = frozenset({"expires_in", "person", "scopes", "token_use", "user_pool"})
_USAGE = (
    'POST {"user_pool": "<ARN>", "person": "mary", "token_use": "id" or "access",'
    ' "scopes": ["chatbot/ask"], "expires_in": 3600}: only user_pool is required'
)


def place(arn: str) -> tuple[str, str, str]:
    """Return the Region, the account and the id of a user pool. Raises ValueError for no ARN."""
    parts = arn.split(":")
    kind, _, pool = parts[-1].partition("/")
    if len(parts) != 6 or (parts[2], kind) != ("cognito-idp", "userpool") or not pool:
        raise ValueError(f"{arn} is not the ARN of a user pool")
    return parts[3], parts[4], pool


def issuer(arn: str) -> str:
    """Return who signs the tokens of a user pool (Cognito, "Verifying JSON web tokens")."""
    region, _, pool = place(arn)
    return f"https://cognito-idp.{region}.amazonaws.com/{pool}"


def find(arn: str) -> CognitoIdpUserPool | None:
    """Return a user pool, None where it is not in this account."""
    region, account_id, pool = place(arn)
    found: CognitoIdpUserPool | None = cognitoidp_backends[account_id][region].user_pools.get(pool)
    return found


@functools.cache
def public_keys() -> jwk.KeySet:
    """Return the keys of all pools, as moto publishes them: one key signs for each."""
    keys: Any = load_resource(_KEYS.format("public"))
    return jwk.KeySet.import_key_set(keys)


@functools.cache
def _signing_key() -> jwk.RSAKey:
    key: Any = load_resource(_KEYS.format("private"))
    return jwk.RSAKey.import_key(key)


def token(wanted: Document) -> str:
    """Return a token as a pool signs it. Raises ValueError, KeyError or TypeError for no wish.

    The person need not be a user of the pool: API Gateway does not ask whether there is such a
    user. Nor need the pool be here.
    """
    if not wanted.keys() <= _FIELDS:
        raise ValueError(wanted)
    arn, person = wanted["user_pool"], str(wanted.get("person", "mary"))
    use, now = wanted.get("token_use", "id"), int(time.time())
    pool = find(arn)
    user = pool.users.get(person) if pool else None
    client = next(iter(pool.clients), "rehearsal") if pool else "rehearsal"
    claims: JsonObject = {
        "iss": issuer(arn),
        "sub": user.id if user else str(uuid.uuid5(uuid.NAMESPACE_URL, f"{arn}/{person}")),
        "token_use": use,
        "iat": now,
        "auth_time": now,
        "exp": now + int(wanted.get("expires_in", 3600)),
        "jti": str(uuid.uuid4()),
    }
    match use:
        case "access":
            scopes = " ".join(wanted.get("scopes", ())) or "aws.cognito.signin.user.admin"
            claims |= {"client_id": client, "username": person, "scope": scopes}
        case "id":
            mail = {"email": _MAIL.format(person), "email_verified": True}
            claims |= {"aud": client, "cognito:username": person, **mail}
        case _:
            raise ValueError(use)
    return jwt.encode({"alg": "RS256", "kid": "dummy"}, claims, _signing_key())


def answer(request: HttpRequest) -> HttpResponse:
    """Answer the page that signs tokens: no AWS has it. Raises AwsError."""
    if request.method != "POST":
        raise AwsError(405, "UnknownOperationException", f"The page of tokens takes {_USAGE}.")
    try:
        return json_response(200, {"token": token(json.loads(request.body))})
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
        text = f"The page of tokens takes {_USAGE}."
        raise AwsError(400, "ValidationException", text) from None
