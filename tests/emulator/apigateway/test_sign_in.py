"""Tokens of user pools: each check lets one token pass and refuses one."""

import base64
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from joserfc import jwk, jwt

from emulator.cognito import pools
from tests.emulator.apigateway.serving import Gateway, error_type
from tests.emulator.conftest import ACCOUNT, REGION, Aws, Emulator
from tests.emulator.rest_apis import change, mock_api
from tests.emulator.shown import refusal, shows, unique

POOL = f"arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/{REGION}_Example01"
OTHER = f"arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/{REGION}_Example02"
SCOPE = "chatbot/ask"


@pytest.fixture
def signed(gateway: Gateway) -> Gateway:
    """Return a gateway whose POST /chat takes identity tokens of one pool."""
    gateway.now = time.time()
    gateway.post.update(authorizationType="COGNITO_USER_POOLS", authorizerId="auth1")
    gateway.served["authorizers"] = {
        "auth1": {
            "id": "auth1",
            "type": "COGNITO_USER_POOLS",
            "identitySource": "method.request.header.Authorization",
            "providerARNs": [POOL],
        }
    }
    return gateway


def ask(gateway: Gateway, token: str | None, scheme: str = "Bearer ", **more: Any) -> Any:
    headers = [] if token is None else [("Authorization", scheme + token)]
    return gateway.call(b'{"message":"hi"}', *headers, **more)


def token(**wanted: Any) -> str:
    return pools.token({"user_pool": POOL} | wanted)


def parts(*documents: dict[str, Any], signature: str = "") -> str:
    """Return a token of these parts, whoever signs it."""
    encoded = (base64.urlsafe_b64encode(json.dumps(one).encode()) for one in documents)
    return ".".join([*(one.decode().rstrip("=") for one in encoded), signature])


def claims_of(text: str) -> dict[str, Any]:
    middle = text.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(middle + "=" * 3))
    return claims


def unsigned() -> str:
    return parts({"alg": "none"}, claims_of(token()))


def tampered() -> str:
    head, _, signature = (good := token()).split(".")
    return f"{head}.{parts(claims_of(good) | {'sub': 'another'}, signature=signature)}"


def of_another_key() -> str:
    key = jwk.RSAKey.generate_key(2048, {"kid": "dummy"})
    return jwt.encode({"alg": "RS256", "kid": "dummy"}, claims_of(token()), key)


def by_the_public_key() -> str:
    """Sign with the public key as the secret of an HMAC, which a careless verifier takes."""
    (key,) = pools.public_keys().keys
    assert isinstance(key, jwk.RSAKey)
    public = key.as_pem(private=False)
    said = parts({"alg": "HS256", "kid": "dummy"}, claims_of(token())).rstrip(".")
    signature = hmac.digest(public, said.encode(), "sha256")
    return f"{said}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


REFUSED: dict[str, Callable[[], str | None]] = {
    "none": lambda: None,
    "blank": lambda: "",
    "no token": lambda: "hello",
    "unsigned": unsigned,
    "tampered": tampered,
    "of another key": of_another_key,
    "by the public key": by_the_public_key,
    "of another pool": lambda: token(user_pool=OTHER),
    "an access token": lambda: token(token_use="access"),
    "an access token with scopes": lambda: token(token_use="access", scopes=[SCOPE]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_no_pool_of_the_authorizer_signed_is_refused(signed: Gateway, name: str) -> None:
    refused = ask(signed, REFUSED[name]())
    assert (refused.status, error_type(refused)) == (401, "UnauthorizedException")
    assert json.loads(refused.body) == {"message": "Unauthorized"}
    assert refused.header("Access-Control-Allow-Origin") == "https://app.example"
    assert json.loads(signed.account.logged[-1][2])["error"] == "UNAUTHORIZED"
    assert signed.functions.events == []


def test_a_token_is_good_until_it_expires(signed: Gateway) -> None:
    good = token(expires_in=60)
    assert ask(signed, good).status == 200
    signed.now += 120
    expired = ask(signed, good)
    assert (expired.status, json.loads(expired.body)) == (
        401,
        {"message": "The incoming token has expired"},
    )
    assert json.loads(signed.account.logged[-1][2])["error"] == "UNAUTHORIZED"


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", ""])
def test_the_function_learns_who_it_is_in_texts(signed: Gateway, scheme: str) -> None:
    good = token(person="mary")
    assert ask(signed, good, scheme).status == 200
    claims = signed.functions.events[0]["requestContext"]["authorizer"]["claims"]
    assert claims["cognito:username"] == "mary"
    assert claims["iss"] == f"https://cognito-idp.{REGION}.amazonaws.com/{REGION}_Example01"
    assert claims["sub"] == claims_of(good)["sub"]
    assert all(isinstance(value, str) for value in claims.values())


def test_with_scopes_an_access_token_must_hold_one(signed: Gateway) -> None:
    signed.post["authorizationScopes"] = [SCOPE, "chatbot/read"]
    assert ask(signed, token(token_use="access", scopes=["x/y", SCOPE])).status == 200
    for wrong, status, code in (
        (token(), 401, "UnauthorizedException"),
        (token(token_use="access", scopes=["chatbot/asks"]), 403, "AccessDeniedException"),
        (token(token_use="access"), 403, "AccessDeniedException"),
    ):
        refused = ask(signed, wrong)
        assert (refused.status, error_type(refused)) == (status, code)


def test_the_token_comes_before_the_key_and_neither_replaces_the_other(signed: Gateway) -> None:
    assert ask(signed, None, key=None).status == 401
    assert ask(signed, token(), key=None).status == 403
    assert ask(signed, token()).status == 200


def test_a_preflight_needs_no_token(signed: Gateway) -> None:
    assert ask(signed, None, method="OPTIONS", key=None).status == 204


def test_an_authorizer_that_is_not_of_user_pools_fails_closed(signed: Gateway) -> None:
    signed.served["authorizers"]["auth1"]["type"] = "TOKEN"
    assert ask(signed, token()).status == 500
    signed.served["authorizers"] = {}
    assert ask(signed, token()).status == 500


def test_an_expression_is_asked_for_first(signed: Gateway) -> None:
    signed.served["authorizers"]["auth1"]["identityValidationExpression"] = "ey[^.]+[.].*"
    assert ask(signed, token()).status == 200
    signed.served["authorizers"]["auth1"]["identityValidationExpression"] = "x.*"
    assert ask(signed, token()).status == 401


def test_a_pool_that_is_elsewhere_is_stood_in_for_and_said(signed: Gateway) -> None:
    ask(signed, token())
    assert any(POOL in text for text in signed.account.said)


@shows("apigateway:CreateAuthorizer", "apigateway:GetAuthorizer", "apigateway:GetAuthorizers",
       "apigateway:UpdateAuthorizer", "apigateway:DeleteAuthorizer")  # fmt: skip
def test_an_authorizer_names_user_pools(aws: Aws) -> None:
    apis = aws("apigateway")
    api = apis.create_rest_api(name=unique("api"))["id"]
    kind = {"restApiId": api, "name": "person", "type": "COGNITO_USER_POOLS"}
    header = {"identitySource": "method.request.header.Authorization"}
    more = {"authorizerResultTtlInSeconds": 0, "identityValidationExpression": "ey.*"}
    made = apis.create_authorizer(**kind, **header, **more, providerARNs=[POOL])
    at = {"restApiId": api, "authorizerId": made["id"]}
    read = apis.get_authorizer(**at)
    assert read["providerARNs"] == [POOL]
    assert {name: read[name] for name in more} == more
    assert [one["id"] for one in apis.get_authorizers(restApiId=api)["items"]] == [made["id"]]
    operations = [*change("/providerARNs", OTHER, "add"), *change("/providerARNs", POOL, "remove")]
    operations += change("/name", "people")
    changed = apis.update_authorizer(**at, patchOperations=operations)
    assert (changed["providerARNs"], changed["name"]) == ([OTHER], "people")
    for arns in ([], ["arn:aws:s3:::bucket"]):
        refused = refusal(apis.create_authorizer, **kind, **header, providerARNs=arns)
        assert refused[:2] == (400, "BadRequestException")
    wrong = change("/providerARNs", "arn:aws:s3:::bucket", "add")
    assert refusal(apis.update_authorizer, **at, patchOperations=wrong)[0] == 400
    apis.delete_authorizer(**at)
    for gone in (apis.get_authorizer, apis.delete_authorizer):
        assert refusal(gone, **at) == (
            404,
            "NotFoundException",
            "Invalid Authorizer identifier specified",
        )


def test_a_method_takes_an_authorizer_of_its_api_and_a_deployment_keeps_it(
    aws: Aws, emulator: Emulator
) -> None:
    apis = aws("apigateway")
    at = mock_api(apis, "chat")
    api = at["restApiId"]
    authorizer = apis.create_authorizer(
        restApiId=api,
        name="person",
        type="COGNITO_USER_POOLS",
        providerARNs=[POOL],
        identitySource="method.request.header.Authorization",
    )["id"]
    kind = change("/authorizationType", "COGNITO_USER_POOLS")
    assert refusal(apis.update_method, **at, patchOperations=kind)[0] == 400
    none = [*kind, *change("/authorizerId", "none")]
    assert refusal(apis.update_method, **at, patchOperations=none)[0] == 400
    wanted = [*kind, *change("/authorizerId", authorizer)]
    scopes = change("/authorizationScopes", SCOPE, "add")
    method = apis.update_method(**at, patchOperations=[*wanted, *scopes])
    assert (method["authorizerId"], method["authorizationScopes"]) == (authorizer, [SCOPE])

    def status(**wish: Any) -> int:
        wish = {"user_pool": POOL, **wish}
        made = emulator.request("POST", "/_aws/tokens", json.dumps(wish).encode()).json()
        headers = {"authorization": f"Bearer {made['token']}", "content-type": "application/json"}
        path = f"/_aws/execute-api/{api}/v1/chat"
        return emulator.request("POST", path, b"{}", headers).status

    deployment = apis.create_deployment(restApiId=api, stageName="v1")["id"]
    assert status(token_use="access", scopes=[SCOPE]) == 200
    assert status() == 401
    gone = change("/authorizationScopes", SCOPE, "remove")
    assert apis.update_method(**at, patchOperations=gone).get("authorizationScopes", []) == []
    assert status() == 401, "not deployed yet"
    deployment = apis.create_deployment(restApiId=api)["id"]
    apis.update_stage(
        restApiId=api, stageName="v1", patchOperations=change("/deploymentId", deployment)
    )
    assert status() == 200


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"user_pool": "pool"},
        {"user_pool": POOL, "token_use": "refresh"},
        {"user_pool": POOL, "expires_in": "soon"},
        {"user_pool": POOL, "colour": "blue"},
        [],
    ],
)
def test_the_page_of_tokens_says_what_it_takes(emulator: Emulator, wish: object) -> None:
    refused = emulator.request("POST", "/_aws/tokens", json.dumps(wish).encode())
    assert refused.status == 400
    assert b"user_pool" in refused.body
    assert emulator.request("GET", "/_aws/tokens").status == 405
