"""Tokens of GitHub's workflows, and the sessions that they open in a local AWS."""

import base64
import json
import time
from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config

ISSUER = "https://token.actions.githubusercontent.com"
REPOSITORY = "repo:OWNER/REPOSITORY"


def token(context: str, ref: str = "refs/heads/main", repository: str = REPOSITORY) -> str:
    """Return the token of a job; nobody here checks its signature."""
    claims = {
        "iss": ISSUER,
        "aud": "sts.amazonaws.com",
        "sub": f"{repository}:{context}",
        "ref": ref,
        "exp": time.time() + 300,
    }
    parts = ({"alg": "RS256", "typ": "JWT"}, claims)
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts]
    return b".".join((*encoded, b"signature")).decode()


def session(endpoint: str, region: str, role: str, web_identity_token: str) -> dict[str, str]:
    """Return the credentials that a token opens. Raises ClientError where the role refuses it."""
    sts = boto3.client(
        "sts", endpoint_url=endpoint, region_name=region, config=Config(signature_version=UNSIGNED)
    )
    answer: dict[str, Any] = sts.assume_role_with_web_identity(
        RoleArn=role, RoleSessionName="run", WebIdentityToken=web_identity_token
    )
    return dict(answer["Credentials"])
