"""A custom domain serves the stage that is mapped to it, and nothing else of the local AWS."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.emulator.conftest import ACCOUNT, REGION, Answer, Emulator
from tests.emulator.rest_apis import change, mock_api
from tests.emulator.shown import refusal, shows

SETTINGS: dict[str, Any] = {
    "regionalCertificateArn": f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/11111111",
    "endpointConfiguration": {"types": ["REGIONAL"]},
    "securityPolicy": "TLS_1_2",
}


class _Domain:
    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._apis = emulator.client("apigateway")
        self.name = f"chat-{uuid.uuid4().hex[:8]}.example.com"
        at = mock_api(self._apis, "chat")
        self.api = at["restApiId"]
        templates = {
            "application/json": '{"domain": "$context.domainName", "path": "$context.path"}'
        }
        self._apis.put_integration_response(**at, statusCode="200", responseTemplates=templates)
        self.deploy()
        self._apis.create_domain_name(domainName=self.name, **SETTINGS)

    def deploy(self) -> None:
        self._apis.create_deployment(restApiId=self.api, stageName="v1")

    def close_default_endpoint(self) -> None:
        closed = change("/disableExecuteApiEndpoint", "true")
        self._apis.update_rest_api(restApiId=self.api, patchOperations=closed)
        self.deploy()

    def map(self, base_path: str = "", stage: str = "v1") -> None:
        self._apis.create_base_path_mapping(
            domainName=self.name, restApiId=self.api, stage=stage, basePath=base_path
        )

    def ask(self, path: str, host: str = "", **headers: str) -> Answer:
        named = {"Host": host or self.name, "Content-Type": "application/json", **headers}
        return self._emulator.request("POST", path, b"{}", named)

    def remove(self) -> None:
        self._apis.delete_domain_name(domainName=self.name)
        self._apis.delete_rest_api(restApiId=self.api)


@pytest.fixture
def domain(emulator: Emulator) -> Iterator[_Domain]:
    domain = _Domain(emulator)
    yield domain
    domain.remove()


def test_the_host_header_leads_to_the_mapped_stage(emulator: Emulator, domain: _Domain) -> None:
    assert domain.ask("/chat").status == 403  # nothing is mapped yet
    domain.map()
    answer = {"domain": domain.name, "path": "/chat"}
    assert domain.ask("/chat").json() == answer
    assert domain.ask("/chat", f"{domain.name.upper()}:4566").json() == answer
    assert domain.ask("/chat", Origin="https://shop.example").json() == answer  # a browser may
    by_path = f"/_aws/custom-domain/{domain.name}/chat"
    headers = {"Content-Type": "application/json"}
    assert emulator.request("POST", by_path, b"{}", headers).json() == answer
    assert domain.ask("/v1/chat").status != 200  # the stage is no part of the path


def test_a_base_path_is_cut_off_and_the_longest_one_counts(domain: _Domain) -> None:
    domain.map("shop")
    assert domain.ask("/shop/chat").json()["path"] == "/shop/chat"
    assert (domain.ask("/chat").status, domain.ask("/shopping/chat").status) == (403, 403)


def test_the_default_endpoint_can_be_closed(emulator: Emulator, domain: _Domain) -> None:
    domain.map()
    default = f"/_aws/execute-api/{domain.api}/v1/chat"
    headers = {"Content-Type": "application/json"}
    assert emulator.request("POST", default, b"{}", headers).status == 200
    domain.close_default_endpoint()
    assert emulator.request("POST", default, b"{}", headers).status == 403
    assert domain.ask("/chat").status == 200


def test_a_domain_leads_to_nothing_but_its_api(domain: _Domain) -> None:
    domain.map()
    signed = "AWS4-HMAC-SHA256 Credential=rehearsal/20261124/us-east-2/iam/aws4_request, x"
    listed = domain.ask("/?Action=ListRoles&Version=2010-05-08", Authorization=signed)
    for answer in (listed, domain.ask("/_aws/health")):
        assert (answer.status, answer.json()) == (403, {"message": "Missing Authentication Token"})
    assert domain.ask("/chat", "other.example.com").status == 403


@shows("apigateway:CreateDomainName", "apigateway:GetDomainName", "apigateway:GetDomainNames",
       "apigateway:DeleteDomainName", "apigateway:CreateBasePathMapping",
       "apigateway:GetBasePathMapping", "apigateway:GetBasePathMappings",
       "apigateway:UpdateBasePathMapping", "apigateway:DeleteBasePathMapping")  # fmt: skip
def test_a_domain_and_its_mappings_are_made_once(emulator: Emulator, domain: _Domain) -> None:
    """The texts are those that public tools for API Gateway's domains look for."""
    apis, name = emulator.client("apigateway"), {"domainName": domain.name}
    again = refusal(apis.create_domain_name, **name, **SETTINGS)
    taken = "The domain name you provided already exists."
    assert again == (400, "BadRequestException", taken)
    read = apis.get_domain_name(**name)
    assert {key: read[key] for key in SETTINGS} == SETTINGS
    assert read["regionalDomainName"].endswith(f".execute-api.{REGION}.amazonaws.com")
    assert domain.name in {one["domainName"] for one in apis.get_domain_names(limit=500)["items"]}

    of_api = {"restApiId": domain.api, "stage": "v1"}
    for base_path in ("(none)", "shop"):
        apis.create_base_path_mapping(**name, basePath=base_path, **of_api)
        again = refusal(apis.create_base_path_mapping, **name, basePath=base_path, **of_api)
        taken = "Base path already exists for this domain name"
        assert again == (409, "ConflictException", taken)
        assert apis.get_base_path_mapping(**name, basePath=base_path)["stage"] == "v1"
    nowhere = of_api | {"stage": "none"}
    wrong = refusal(apis.create_base_path_mapping, **name, basePath="x", **nowhere)
    assert wrong == (400, "BadRequestException", "Invalid stage identifier specified")
    moved = change("/basePath", "store")
    apis.update_base_path_mapping(**name, basePath="shop", patchOperations=moved)
    listed = apis.get_base_path_mappings(**name)["items"]
    assert {one["basePath"] for one in listed} == {"(none)", "store"}
    assert domain.ask("/store/chat").status == 200
    apis.delete_base_path_mapping(**name, basePath="store")
    assert domain.ask("/store/chat").status == 403  # as any other path below "/"
    gone = refusal(apis.get_base_path_mapping, **name, basePath="store")
    assert gone == (404, "NotFoundException", "Invalid base path mapping identifier specified")

    apis.delete_domain_name(**name)
    gone = refusal(apis.get_domain_name, **name)
    assert gone == (404, "NotFoundException", "Invalid domain name identifier specified")
    apis.create_domain_name(**name, **SETTINGS)
    assert apis.get_base_path_mappings(**name).get("items", []) == []
