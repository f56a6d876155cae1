"""A stage with everything around it in a test's hands."""

import json
import time
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from emulator.apigateway import ExecuteApi
from emulator.lambda_ import Invocation
from emulator.wire.http import HttpRequest, HttpResponse
from tests.emulator.fake_account import FakeAccount, FakeRoles

ALIAS = "arn:aws:lambda:us-east-2:123456789012:function:chatbot:live"
KEY = "k" * 24
JSON = ("Content-Type", "application/json")


class OnePlan(FakeAccount):
    def __init__(self) -> None:
        super().__init__()
        self.keys = [{"id": "key1", "value": KEY, "enabled": True}]
        self.members = [{"id": "key1"}]
        self.plan: dict[str, Any] = {"id": "plan1", "apiStages": [{"apiId": "api1", "stage": "v1"}]}
        self.log_role = "arn:aws:iam::123456789012:role/gateway"

    def client(self, service: str) -> Any:
        if service == "wafv2":
            acl = {"WebACL": {"ARN": "arn:aws:wafv2:us-east-2:123456789012:regional/webacl/x/1"}}
            return SimpleNamespace(get_web_acl_for_resource=lambda **_: acl)
        answers = {
            "get_usage_plans": [self.plan],
            "get_usage_plan_keys": self.members,
            "get_api_keys": self.keys,
        }

        def paginator(operation: str) -> Any:
            return SimpleNamespace(paginate=lambda **_: [{"items": answers[operation]}])

        return SimpleNamespace(
            get_account=lambda: {"cloudwatchRoleArn": self.log_role}, get_paginator=paginator
        )


@dataclass
class FakeFunctions:
    answer: Any = field(default_factory=lambda: {"statusCode": 200, "body": "{}"})
    allowed: bool = True
    status: int = 200
    function_error: str | None = None
    seconds: float = 0.0
    idle: bool = True
    events: list[Any] = field(default_factory=list)
    traces: list[str | None] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def invoke(
        self,
        function: str,
        qualifier: str | None,
        payload: bytes,
        *,
        trace_header: str | None = None,
    ) -> Invocation:
        assert (function, qualifier) == (ALIAS, None)
        self.events.append(json.loads(payload))
        self.traces.append(trace_header)
        time.sleep(self.seconds)
        content = (
            self.answer if isinstance(self.answer, bytes) else json.dumps(self.answer).encode()
        )
        return Invocation(self.status, content, self.function_error, "1", "", "", "lambda-id")

    def invoke_within(
        self, seconds: float, function: str, payload: bytes, *, trace_header: str
    ) -> Invocation | None:
        if not self.idle or self.seconds >= seconds:
            return None
        return self.invoke(function, None, payload, trace_header=trace_header)

    def allows(self, function_arn: str, source_arn: str) -> bool:
        self.asked.append((function_arn, source_arn))
        return self.allowed


@dataclass
class FakeWaf:
    verdict: Any = None
    seen: list[tuple[str, HttpRequest]] = field(default_factory=list)

    def inspect(self, resource_arn: str, request: HttpRequest, *, request_id: str) -> Any:
        assert request_id
        self.seen.append((resource_arn, request))
        return self.verdict


def verdict(action: str, response: HttpResponse | None = None) -> Any:
    return SimpleNamespace(
        action=action, response=response, insert_headers=(("x-amzn-waf-note", "seen"),)
    )


def deployed() -> dict[str, Any]:
    """POST /chat to a function and OPTIONS /chat as a mock, with a model on `$default`."""
    cors = {"gatewayresponse.header.Access-Control-Allow-Origin": "'https://app.example'"}
    schema = {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "type": "object",
        "additionalProperties": False,
        "required": ["message"],
        "properties": {"message": {"type": "string", "minLength": 1, "maxLength": 10}},
    }
    post = {
        "httpMethod": "POST",
        "authorizationType": "NONE",
        "apiKeyRequired": True,
        "requestValidatorId": "val1",
        "requestModels": {"$default": "Chat"},
        "methodIntegration": {
            "type": "AWS_PROXY",
            "httpMethod": "POST",
            "uri": "arn:aws:apigateway:us-east-2:lambda:path/2015-03-31/functions/"
            f"{ALIAS}/invocations",
        },
    }
    options = {
        "httpMethod": "OPTIONS",
        "authorizationType": "NONE",
        "apiKeyRequired": False,
        "methodResponses": {
            "204": {"responseParameters": {"method.response.header.Access-Control-Allow-Origin": 1}}
        },
        "methodIntegration": {
            "type": "MOCK",
            "passthroughBehavior": "NEVER",
            "requestTemplates": {"application/json": "{statusCode: 204}"},
            "integrationResponses": {
                "204": {
                    "statusCode": "204",
                    "responseParameters": {
                        "method.response.header.Access-Control-Allow-Origin": (
                            "'https://app.example'"
                        ),
                        "method.response.header.Not-Declared": "'x'",
                    },
                }
            },
        },
    }
    return {
        "rest_api": {"id": "api1", "name": "chatbot"},
        "resources": [
            {"id": "root", "path": "/"},
            {"id": "res1", "path": "/chat", "resourceMethods": {"POST": post, "OPTIONS": options}},
        ],
        "models": {"Chat": json.dumps(schema)},
        "validators": {"val1": {"validateRequestBody": True, "validateRequestParameters": False}},
        "gateway_responses": {
            "DEFAULT_4XX": {"responseParameters": cors},
            "MISSING_AUTHENTICATION_TOKEN": {
                "statusCode": "404",
                "responseParameters": cors,
                "responseTemplates": {
                    "application/json": '{"code":"not_found","request_id":"$context.requestId"}'
                },
            },
        },
        "stage": {
            "stageName": "v1",
            "variables": {"color": "blue"},
            "accessLogSettings": {
                "destinationArn": "arn:aws:logs:us-east-2:123456789012:log-group:/gateway",
                "format": json.dumps(
                    {
                        "id": "$context.requestId",
                        "agent": "$context.identity.userAgent",
                        "key": "$context.identity.apiKeyId",
                        "status": "$context.status",
                        "integration": "$context.integration.status",
                        "error": "$context.error.responseType",
                        "waf": "$context.wafResponseCode",
                        "waf_status": "$context.waf.status",
                        "resource": "$context.resourcePath",
                        "integration_status": "$context.integrationStatus",
                        "acl": "$context.webaclArn",
                        "none": "$context.authorizer.principalId",
                    }
                ),
            },
        },
        "deployment_id": "dep1",
    }


@dataclass
class Gateway:
    """An ExecuteApi with everything around it in a test's hands."""

    account: OnePlan = field(default_factory=OnePlan)
    waf: FakeWaf = field(default_factory=FakeWaf)
    functions: FakeFunctions = field(default_factory=FakeFunctions)
    served: dict[str, Any] = field(default_factory=deployed)
    now: float = 1_770_000_000.0

    def __post_init__(self) -> None:
        def find(api_id: str, stage: str) -> dict[str, Any] | None:
            return self.served if (api_id, stage) == ("api1", "v1") else None

        self.roles = FakeRoles()
        self.api = ExecuteApi(
            self.account,
            self.waf,
            self.functions,
            authorizer=self.roles,
            deployed_api=find,
            clock=lambda: self.now,
        )

    @property
    def post(self) -> dict[str, Any]:
        method: dict[str, Any] = self.served["resources"][1]["resourceMethods"]["POST"]
        return method

    @property
    def options(self) -> dict[str, Any]:
        method: dict[str, Any] = self.served["resources"][1]["resourceMethods"]["OPTIONS"]
        return method

    def preflight(self, *headers: tuple[str, str]) -> HttpResponse:
        return self.call(b"", *headers, method="OPTIONS", key=None)

    def call(
        self,
        body: bytes = b'{"message":"hi"}',
        *headers: tuple[str, str],
        method: str = "POST",
        path: str = "/chat",
        query: str = "",
        key: str | None = KEY,
        stage: str = "v1",
    ) -> HttpResponse:
        sent = tuple(headers) + ((("X-Api-Key", key),) if key else ())
        request = HttpRequest(method, f"/_aws{path}", query, sent, body, "127.0.0.9")
        return self.api.handle(request, "api1", stage, path)

    def log(self) -> Any:
        return json.loads(self.account.logged[-1][2])


def error_type(response: HttpResponse) -> str | None:
    return response.header("x-amzn-ErrorType")
