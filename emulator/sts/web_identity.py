"""AssumeRoleWithWebIdentity: whom an OIDC provider's token names, and which keys it sends.

Sources: STS API reference, AssumeRoleWithWebIdentity; IAM User Guide, "IAM and AWS STS condition
context keys" (available keys for AWS OIDC federation). The provider's signature is not checked:
its public keys are elsewhere.
"""

import base64
import binascii
import json
from datetime import UTC, datetime

from botocore.client import BaseClient

from emulator.wire.call import Call, Principal
from emulator.wire.documents import JsonObject
from emulator.wire.errors import AwsError
from emulator.wire.partition import partition_of
from iam_policy import Context
from toolkit.conditions import keys_of

ACTION = "sts:AssumeRoleWithWebIdentity"


def is_web_identity(call: Call) -> bool:
    """Return whether a call brings a token in place of a signature."""
    return (call.service, call.operation) == ("sts", "AssumeRoleWithWebIdentity")


def identify(call: Call, iam: BaseClient, account: str, region: str) -> Principal:
    """Return whom the token names. Raises AwsError for one that no provider here answers for."""
    claims = _claims(call)
    issuer = str(claims.get("iss", ""))
    arn = f"arn:{partition_of(region)}:iam::{account}:oidc-provider/{_host(claims)}"
    try:
        provider = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    except iam.exceptions.ClientError:
        raise _invalid(f"No OpenIDConnect provider found in your account for {issuer}") from None
    if claims.get("aud") not in provider["ClientIDList"]:
        raise _invalid("Incorrect token audience")
    if float(claims.get("exp", 0)) <= datetime.now(UTC).timestamp():
        raise AwsError(400, "ExpiredTokenException", "Token expired: current date/time is past exp")
    user = f"{arn}:{claims['aud']}:{claims.get('sub', '')}"
    return Principal(arn=arn, account=account, type="WebIdentityUser", user_id=user)


def context(call: Call) -> Context:
    """Return the condition keys that AWS makes of the token's claims, as far as policies use them.

    A key that no page of AWS names is never sent, so that no policy here can rely on one.
    """
    claims = _claims(call)
    known = {f"{_host(claims)}:{name}": str(value) for name, value in claims.items()}
    sent = keys_of(call.principal.arn, ACTION)
    return {key: value for key, value in known.items() if key in sent}


def _host(claims: JsonObject) -> str:
    return str(claims.get("iss", "")).removeprefix("https://")


def _claims(call: Call) -> JsonObject:
    try:
        payload = str(call.params.get("WebIdentityToken", "")).split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError, binascii.Error):
        claims = None
    if not isinstance(claims, dict):
        raise _invalid("The ID Token provided is not a valid JWT.")
    return claims


def _invalid(message: str) -> AwsError:
    return AwsError(400, "InvalidIdentityToken", message)
