"""A custom domain serves the stage that is mapped to it, and nothing else of the local AWS."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.emulator.conftest import Answer, Emulator


class _Domain:
    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._apis = emulator.client("apigateway")
        self.name = f"chat-{uuid.uuid4().hex[:8]}.example.com"
        self.api = self._apis.create_rest_api(
            name=self.name, endpointConfiguration={"types": ["REGIONAL"]}
        )["id"]
        root = self._apis.get_resources(restApiId=self.api)["items"][0]["id"]
        chat = self._apis.create_resource(restApiId=self.api, parentId=root, pathPart="chat")["id"]
        at = {"restApiId": self.api, "resourceId": chat, "httpMethod": "POST"}
        self._apis.put_method(**at, authorizationType="NONE")
        self._apis.put_integration(
            **at, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'}
        )
        self._apis.put_method_response(**at, statusCode="200")
        templates = {
            "application/json": '{"domain": "$context.domainName", "path": "$context.path"}'
        }
        self._apis.put_integration_response(**at, statusCode="200", responseTemplates=templates)
        self.deploy()
        certificate = emulator.client("acm").request_certificate(DomainName=self.name)
        self._apis.create_domain_name(
            domainName=self.name,
            regionalCertificateArn=certificate["CertificateArn"],
            endpointConfiguration={"types": ["REGIONAL"]},
            securityPolicy="TLS_1_2",
        )

    def deploy(self) -> None:
        self._apis.create_deployment(restApiId=self.api, stageName="v1")

    def close_default_endpoint(self) -> None:
        closed = [{"op": "replace", "path": "/disableExecuteApiEndpoint", "value": "true"}]
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
    told = {"domain": domain.name, "path": "/chat"}
    assert domain.ask("/chat").json() == told
    assert domain.ask("/chat", f"{domain.name.upper()}:4566").json() == told
    page = domain.ask("/chat", Origin="https://shop.example")
    assert page.json() == told  # a browser may
    by_path = f"/_aws/custom-domain/{domain.name}/chat"
    headers = {"Content-Type": "application/json"}
    assert emulator.request("POST", by_path, b"{}", headers).json() == told
    assert domain.ask("/v1/chat").status != 200  # the stage is no part of the path


def test_a_base_path_is_cut_off_and_the_longest_one_counts(domain: _Domain) -> None:
    domain.map("shop")
    assert domain.ask("/shop/chat").json()["path"] == "/shop/chat"
    assert domain.ask("/chat").status == 403
    assert domain.ask("/shopping/chat").status == 403


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
    assert b"ListRolesResult" not in listed.body
    assert b"generation" not in domain.ask("/_aws/health").body
    assert domain.ask("/chat", "other.example.com").status == 403
