"""Cognito's operations on user pools, and the tokens that these sign."""

import json
from typing import Any

import pytest

from tests.emulator.apigateway.test_sign_in import claims_of
from tests.emulator.conftest import REGION, Aws, Emulator, client_of
from tests.emulator.rest_apis import mock_api
from tests.emulator.shown import refusal, shows, unique

ABSENT = (400, "ResourceNotFoundException")
NOWHERE = {"UserPoolId": f"{REGION}_Nowhere01"}
PASSWORD = "Correct-horse-1"

cognito = client_of("cognito-idp")


@pytest.fixture
def pool(cognito: Any) -> dict[str, str]:
    made = cognito.create_user_pool(PoolName=unique("people"))["UserPool"]
    return {"UserPoolId": made["Id"]}


@shows("cognito-idp:CreateUserPool", "cognito-idp:DescribeUserPool", "cognito-idp:UpdateUserPool",
       "cognito-idp:DeleteUserPool", "cognito-idp:GetUserPoolMfaConfig",
       "cognito-idp:SetUserPoolMfaConfig")  # fmt: skip
def test_a_protected_pool_is_not_deleted(cognito: Any) -> None:
    made = cognito.create_user_pool(PoolName="people", DeletionProtection="ACTIVE")["UserPool"]
    at = {"UserPoolId": made["Id"]}
    assert made["Arn"].endswith(f":userpool/{made['Id']}")
    assert refusal(cognito.delete_user_pool, **at)[:2] == (400, "InvalidParameterException")
    assert cognito.describe_user_pool(**at)["UserPool"]["Name"] == "people"
    token = {"SoftwareTokenMfaConfiguration": {"Enabled": True}}
    cognito.set_user_pool_mfa_config(**at, **token, MfaConfiguration="ON")
    assert cognito.get_user_pool_mfa_config(**at)["MfaConfiguration"] == "ON"
    assert refusal(cognito.set_user_pool_mfa_config, **at, MfaConfiguration="ON")[0] == 400
    cognito.update_user_pool(**at, DeletionProtection="INACTIVE")
    cognito.delete_user_pool(**at)
    for gone in (cognito.describe_user_pool, cognito.delete_user_pool):
        assert refusal(gone, **at)[:2] == ABSENT
    assert refusal(cognito.get_user_pool_mfa_config, **at)[:2] == ABSENT
    assert refusal(cognito.update_user_pool, **at)[:2] == ABSENT


@shows("cognito-idp:CreateUserPoolClient", "cognito-idp:DescribeUserPoolClient",
       "cognito-idp:UpdateUserPoolClient", "cognito-idp:DeleteUserPoolClient")  # fmt: skip
def test_an_app_client_is_of_a_pool(cognito: Any, pool: dict[str, str]) -> None:
    made = cognito.create_user_pool_client(**pool, ClientName="page")["UserPoolClient"]
    assert "ClientSecret" not in made
    at = {**pool, "ClientId": made["ClientId"]}
    cognito.update_user_pool_client(**at, CallbackURLs=["https://shop.example.com/"])
    read = cognito.describe_user_pool_client(**at)["UserPoolClient"]
    assert (read["ClientName"], read["CallbackURLs"]) == ("page", ["https://shop.example.com/"])
    cognito.delete_user_pool_client(**at)
    for gone in (cognito.describe_user_pool_client, cognito.delete_user_pool_client):
        assert refusal(gone, **at)[:2] == ABSENT
    assert refusal(cognito.create_user_pool_client, **NOWHERE, ClientName="page")[:2] == ABSENT
    assert refusal(cognito.update_user_pool_client, **at)[:2] == ABSENT


@shows("cognito-idp:CreateResourceServer", "cognito-idp:DescribeResourceServer",
       "cognito-idp:DeleteResourceServer")  # fmt: skip
def test_a_resource_server_has_scopes(cognito: Any, pool: dict[str, str]) -> None:
    at = {**pool, "Identifier": "chatbot"}
    scopes = [{"ScopeName": "ask", "ScopeDescription": "Ask the chatbot"}]
    cognito.create_resource_server(**at, Name="Chatbot", Scopes=scopes)
    assert cognito.describe_resource_server(**at)["ResourceServer"]["Scopes"] == scopes
    assert refusal(cognito.create_resource_server, **at, Name="Chatbot")[0] == 400
    cognito.delete_resource_server(**at)
    for gone in (cognito.describe_resource_server, cognito.delete_resource_server):
        assert refusal(gone, **at)[:2] == ABSENT


@shows("cognito-idp:CreateUserPoolDomain", "cognito-idp:DescribeUserPoolDomain",
       "cognito-idp:DeleteUserPoolDomain")  # fmt: skip
def test_a_domain_leads_to_a_pool(cognito: Any, pool: dict[str, str]) -> None:
    domain = unique("people")
    cognito.create_user_pool_domain(**pool, Domain=domain)
    described = cognito.describe_user_pool_domain(Domain=domain)["DomainDescription"]
    assert described["UserPoolId"] == pool["UserPoolId"]
    cognito.delete_user_pool_domain(**pool, Domain=domain)
    assert cognito.describe_user_pool_domain(Domain=domain)["DomainDescription"] == {}
    assert refusal(cognito.create_user_pool_domain, **NOWHERE, Domain=domain)[:2] == ABSENT


@shows("cognito-idp:AdminCreateUser", "cognito-idp:AdminSetUserPassword",
       "cognito-idp:AdminInitiateAuth")  # fmt: skip
def test_what_a_pool_gives_to_a_person_opens_an_api_of_that_pool(
    cognito: Any, pool: dict[str, str], aws: Aws, emulator: Emulator
) -> None:
    arn = cognito.describe_user_pool(**pool)["UserPool"]["Arn"]
    flows = ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    client = cognito.create_user_pool_client(**pool, ClientName="t", ExplicitAuthFlows=flows)
    client_id = client["UserPoolClient"]["ClientId"]
    cognito.admin_create_user(**pool, Username="mary")
    assert refusal(cognito.admin_create_user, **pool, Username="mary")[1] == (
        "UsernameExistsException"
    )
    set_password = {"Password": PASSWORD, "Permanent": True}
    cognito.admin_set_user_password(**pool, Username="mary", **set_password)
    absent = refusal(cognito.admin_set_user_password, **pool, Username="john", **set_password)
    assert absent[:2] == (400, "UserNotFoundException")

    def sign_in(password: str) -> dict[str, Any]:
        return {
            **pool,
            "ClientId": client_id,
            "AuthFlow": "ADMIN_USER_PASSWORD_AUTH",
            "AuthParameters": {"USERNAME": "mary", "PASSWORD": password},
        }

    assert refusal(cognito.admin_initiate_auth, **sign_in("wrong"))[:2] == (
        400,
        "NotAuthorizedException",
    )
    given = cognito.admin_initiate_auth(**sign_in(PASSWORD))["AuthenticationResult"]

    apis = aws("apigateway")
    api = apis.create_rest_api(name=unique("api"))["id"]
    authorizer = apis.create_authorizer(
        restApiId=api,
        name="person",
        type="COGNITO_USER_POOLS",
        providerARNs=[arn],
        identitySource="method.request.header.Authorization",
    )["id"]
    kind = {"authorizationType": "COGNITO_USER_POOLS", "authorizerId": authorizer}
    at = mock_api(apis, "chat", api=api, **kind)
    apis.create_deployment(restApiId=at["restApiId"], stageName="v1")

    def status(token: str) -> int:
        headers = {"authorization": token, "content-type": "application/json"}
        return emulator.request("POST", f"/_aws/execute-api/{api}/v1/chat", b"{}", headers).status

    assert status(given["IdToken"]) == 200
    assert status(given["AccessToken"]) == 401, "without scopes"
    wish = json.dumps({"user_pool": arn, "person": "mary"}).encode()
    signed = emulator.request("POST", "/_aws/tokens", wish).json()["token"]
    assert claims_of(signed)["sub"] == claims_of(given["IdToken"])["sub"]
    assert status(signed) == 200
