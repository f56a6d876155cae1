"""AWS Signature Version 4 of a POST without a query string.

IAM User Guide, "Create a signed AWS API request". The tests compare it with botocore's signer.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from dataclasses import dataclass
from urllib.parse import quote

ALGORITHM = "AWS4-HMAC-SHA256"
JSON = "application/json"
JSON_RPC = "application/x-amz-json-1.0"
"""The type of a body in AWS's JSON protocol, which names the operation in a header."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of a role's session; never shown."""

    access_key_id: str
    secret_access_key: str
    session_token: str  # empty for keys that are no session's

    def __repr__(self) -> str:
        return "Keys(…)"


@dataclass(frozen=True, slots=True)
class Scope:
    """What a signature is good for, beside its day."""

    service: str
    region: str
    host: str


def signed_headers(
    keys: Keys, scope: Scope, path: str, body: bytes, *, at: float, target: str = ""
) -> dict[str, str]:
    """Return the headers to send; `path` as it is sent, percent-encoded, `at` in Unix seconds.

    `target` is the operation in AWS's JSON protocol, as in DynamoDB_20120810.GetItem.
    """
    moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(at))
    kind = JSON_RPC if target else JSON
    signed = {"content-type": kind, "host": scope.host, "x-amz-date": moment}
    signed |= {"x-amz-security-token": keys.session_token} if keys.session_token else {}
    signed |= {"x-amz-target": target} if target else {}
    names = ";".join(signed)
    canonical = "\n".join(
        [
            "POST",
            quote(path, safe="/-_.~"),  # all services but S3 encode the encoded path once more
            "",
            *(f"{name}:{value}" for name, value in signed.items()),
            "",
            names,
            hashlib.sha256(body).hexdigest(),
        ]
    )
    credential = f"{moment[:8]}/{scope.region}/{scope.service}/aws4_request"
    key = f"AWS4{keys.secret_access_key}".encode()
    for part in credential.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = f"{ALGORITHM}\n{moment}\n{credential}\n{digest}"
    signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
    del signed["host"]  # which the connection writes itself
    return signed | {
        "authorization": f"{ALGORITHM} Credential={keys.access_key_id}/{credential}, "
        f"SignedHeaders={names}, Signature={signature}"
    }
