"""A token of an OIDC provider in place of a signature: whom the trust policy of a role lets in."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config

from tests.emulator.conftest import ACCOUNT, REGION, Emulator, client_of
from tests.emulator.shown import allow, document, note, refusal, shows, unique

HOST = "token.actions.githubusercontent.com"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{HOST}"
SUBJECT = "repo:octo-org/octo-repo:environment:prod"
CLAIMS = {
    "iss": f"https://{HOST}",
    "aud": "sts.amazonaws.com",
    "sub": SUBJECT,
    "ref": "refs/heads/main",
}
# On record: https://github.com/aws-actions/configure-aws-credentials/issues/1446
REFUSED = (403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")

Assume = Callable[..., dict[str, Any]]


def token(**changes: Any) -> str:
    """Return a token with the claims of a workflow, changed; nobody here checks its signature."""
    claims = {**CLAIMS, "exp": time.time() + 300, **changes}
    parts = ({"alg": "RS256", "typ": "JWT"}, claims)
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts]
    return b".".join((*encoded, b"signature")).decode()


iam = client_of("iam")


@pytest.fixture
def provider(iam: Any) -> Iterator[str]:
    made = iam.create_open_id_connect_provider(
        Url=f"https://{HOST}", ClientIDList=["sts.amazonaws.com"]
    )
    yield made["OpenIDConnectProviderArn"]
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=PROVIDER)


@pytest.fixture
def role(iam: Any, provider: str) -> str:
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": provider},
        "Condition": {
            "StringEquals": {
                f"{HOST}:aud": "sts.amazonaws.com",
                f"{HOST}:sub": SUBJECT,
                f"{HOST}:ref": "refs/heads/main",
            }
        },
    }
    name = unique("web")
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))
    rights = document(allow("iam:GetRole"))
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=rights)
    return str(made["Role"]["Arn"])


@pytest.fixture
def assume(emulator: Emulator, role: str) -> Assume:
    sts = boto3.client(
        "sts",
        endpoint_url=emulator.endpoint,
        region_name=REGION,
        config=Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1}),
    )
    sts.meta.events.register("after-call", lambda **kw: note("sts", **kw))

    def call(web_identity_token: str, **more: Any) -> dict[str, Any]:
        given = {"RoleArn": role, "RoleSessionName": "run-1", **more}
        answer: dict[str, Any] = sts.assume_role_with_web_identity(
            WebIdentityToken=web_identity_token, **given
        )
        return answer

    return call


@shows(
    "iam:CreateOpenIDConnectProvider",
    "iam:DeleteOpenIDConnectProvider",
    "iam:GetOpenIDConnectProvider",
    "iam:ListOpenIDConnectProviders",
)
def test_an_account_has_one_provider_of_an_address(iam: Any) -> None:
    made = {"Url": f"https://{HOST}", "ClientIDList": ["sts.amazonaws.com"]}
    arn = iam.create_open_id_connect_provider(**made)["OpenIDConnectProviderArn"]
    assert arn == PROVIDER
    read = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert (read["Url"], read["ClientIDList"]) == (HOST, ["sts.amazonaws.com"])
    assert {"Arn": arn} in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    assert refusal(iam.create_open_id_connect_provider, **made)[:2] == (409, "EntityAlreadyExists")
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    gone = refusal(iam.get_open_id_connect_provider, OpenIDConnectProviderArn=arn)
    assert gone[:2] == (404, "NoSuchEntity")


@shows("sts:AssumeRoleWithWebIdentity")
def test_a_token_of_the_trusted_workflow_gets_a_session(
    emulator: Emulator, assume: Assume, role: str
) -> None:
    session = assume(token())
    name = role.rpartition("/")[2]
    assert session["AssumedRoleUser"]["Arn"].endswith(f"assumed-role/{name}/run-1")
    inside = emulator.client("iam", session["Credentials"])
    assert inside.get_role(RoleName=name)
    assert refusal(inside.list_roles)[:2] == (403, "AccessDenied")
    approximations = emulator.request("GET", "/_aws/health").json()["approximations"]
    assert any("token is not checked" in each["text"] for each in approximations)


@pytest.mark.parametrize(
    "changes",
    [
        {"sub": "repo:octo-org/other:environment:prod"},
        {"sub": "repo:octo-org/octo-repo:environment:dev"},
        {"sub": "repo:octo-org/octo-repo:pull_request"},
        {"sub": f"{SUBJECT}:more"},
        {"sub": ""},
        {"ref": "refs/heads/other"},
        {"ref": ""},
    ],
    ids=str,
)
def test_a_token_of_anybody_else_is_refused(assume: Assume, changes: dict[str, Any]) -> None:
    assert refusal(assume, web_identity_token=token(**changes)) == REFUSED


def test_what_is_no_token_of_a_provider_is_refused(assume: Assume, role: str) -> None:
    def code(web_identity_token: str) -> tuple[str, str]:
        return refusal(assume, web_identity_token=web_identity_token)[1:]

    # On record: https://github.com/aws-actions/configure-aws-credentials/issues/721 and 1309.
    other = "https://token.example.com"
    assert code(token(iss=other)) == (
        "InvalidIdentityToken",
        f"No OpenIDConnect provider found in your account for {other}",
    )
    assert code(token(aud="sigstore")) == ("InvalidIdentityToken", "Incorrect token audience")
    assert code(token(exp=time.time() - 1))[0] == "ExpiredTokenException"
    assert code("no.token")[0] == code("none")[0] == "InvalidIdentityToken"
    missing = {"RoleArn": f"{role}-missing"}
    assert refusal(assume, web_identity_token=token(), **missing) == REFUSED


def test_a_token_opens_no_role_that_trusts_someone_else(iam: Any, assume: Assume) -> None:
    trust = allow("sts:AssumeRoleWithWebIdentity", Principal={"AWS": ACCOUNT})
    del trust["Resource"]
    made = iam.create_role(RoleName=unique("web"), AssumeRolePolicyDocument=document(trust))
    given = {"RoleArn": made["Role"]["Arn"], "web_identity_token": token()}
    assert refusal(assume, **given) == REFUSED
