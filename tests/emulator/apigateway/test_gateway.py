"""REST APIs: each station of a request lets one pass and refuses one."""

import base64
import gzip
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator.apigateway import ExecuteApi
from emulator.lambda_ import Invocation
from emulator.wire.http import HttpRequest, HttpResponse, json_response
from tests.emulator.fake_cloud import FakeCloud, FakeRoles

ALIAS = "arn:aws:lambda:us-east-2:123456789012:function:chatbot:live"
KEY = "k" * 24
JSON = ("Content-Type", "application/json")


class OnePlan(FakeCloud):
    """An account with one usage plan and its keys."""

    def __init__(self) -> None:
        super().__init__()
        self.keys = [{"id": "key1", "value": KEY, "enabled": True}]
        self.members = [{"id": "key1"}]
        self.plan: dict[str, Any] = {
            "id": "plan1",
            "apiStages": [{"apiId": "api1", "stage": "v1"}],
        }
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
    """A function that answers what a test wants."""

    answer: Any = field(default_factory=lambda: {"statusCode": 200, "body": "{}"})
    allowed: bool = True
    status: int = 200
    function_error: str | None = None
    seconds: float = 0.0
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

    def allows(self, function_arn: str, source_arn: str) -> bool:
        self.asked.append((function_arn, source_arn))
        return self.allowed


@dataclass
class FakeWaf:
    """A firewall with one opinion."""

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
            {
                "id": "res1",
                "path": "/chat",
                "resourceMethods": {"POST": post, "OPTIONS": options},
            },
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

    cloud: OnePlan = field(default_factory=OnePlan)
    waf: FakeWaf = field(default_factory=FakeWaf)
    functions: FakeFunctions = field(default_factory=FakeFunctions)
    served: dict[str, Any] = field(default_factory=deployed)
    now: float = 1_770_000_000.0

    def __post_init__(self) -> None:
        def find(api_id: str, stage: str) -> dict[str, Any] | None:
            return self.served if (api_id, stage) == ("api1", "v1") else None

        self.roles = FakeRoles()
        self.api = ExecuteApi(
            self.cloud,
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
        return json.loads(self.cloud.logged[-1][2])


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    return Gateway()  # type: ignore[return-value]  # a plain fixture


def error_type(response: HttpResponse) -> str | None:
    return response.header("x-amzn-ErrorType")


# Routing


def test_answer_carries_the_gateways_ids(gateway: Gateway) -> None:
    response = gateway.call()
    assert (response.status, response.body) == (200, b"{}")
    assert response.header("Content-Type") == "application/json"
    assert re.fullmatch(r"[0-9a-f-]{36}", response.header("x-amzn-RequestId") or "")
    assert re.fullmatch(r"[\w+/]{15}=", response.header("x-amz-apigw-id") or "")
    assert error_type(response) is None


def test_unknown_stage_is_forbidden(gateway: Gateway) -> None:
    response = gateway.call(stage="v2")
    assert (response.status, json.loads(response.body)) == (403, {"message": "Forbidden"})
    assert error_type(response) == "ForbiddenException"


def test_api_behind_a_custom_domain_only_is_forbidden(gateway: Gateway) -> None:
    gateway.served["rest_api"]["disableExecuteApiEndpoint"] = True
    assert gateway.call().status == 403


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/"), ("GET", "/chat"), ("HEAD", "/chat"), ("POST", "/chat/x")]
)
def test_unknown_route_is_worded_by_the_api(gateway: Gateway, method: str, path: str) -> None:
    response = gateway.call(method=method, path=path)
    assert response.status == 404
    assert error_type(response) == "MissingAuthenticationTokenException"
    assert response.header("Access-Control-Allow-Origin") == "https://app.example"
    if method != "HEAD":
        assert json.loads(response.body) == {
            "code": "not_found",
            "request_id": response.header("x-amzn-RequestId"),
        }


def test_unknown_route_without_wording_is_aws_own(gateway: Gateway) -> None:
    gateway.served["gateway_responses"] = {}
    response = gateway.call(path="/none")
    assert response.status == 403
    assert json.loads(response.body) == {"message": "Missing Authentication Token"}


def test_most_specific_resource_wins(gateway: Gateway) -> None:
    get = {**gateway.post, "apiKeyRequired": False, "requestModels": {}}
    gateway.served["resources"] += [
        {"id": "r2", "path": "/{proxy+}", "resourceMethods": {"ANY": get}},
        {"id": "r3", "path": "/users/{id}", "resourceMethods": {"GET": get}},
    ]
    for path, resource, parameters in [
        ("/users/a%20b", "/users/{id}", {"id": "a b"}),
        ("/users/a/b", "/{proxy+}", {"proxy": "users/a/b"}),
        ("/users", "/{proxy+}", {"proxy": "users"}),
    ]:
        assert gateway.call(b"", method="GET", path=path).status == 200
        event = gateway.functions.events[-1]
        assert (event["resource"], event["pathParameters"]) == (resource, parameters)


# WAF


def test_waf_comes_first_and_sees_the_stages_path(gateway: Gateway) -> None:
    gateway.waf.verdict = verdict("BLOCK", json_response(413, {"error": "big"}))
    response = gateway.call(key=None, path="/chat")
    assert (response.status, json.loads(response.body)) == (413, {"error": "big"})
    arn, seen = gateway.waf.seen[0]
    assert arn == "arn:aws:apigateway:us-east-2::/restapis/api1/stages/v1"
    assert seen.path == "/v1/chat"
    assert (seen.header("X-Amzn-Trace-Id") or "").startswith("Root=1-")
    assert gateway.functions.events == []
    assert gateway.log()["waf"] == "WAF_BLOCK"
    assert gateway.log()["acl"].startswith("arn:aws:wafv2:")


def test_waf_block_without_response_is_worded_by_the_gateway(gateway: Gateway) -> None:
    gateway.waf.verdict = verdict("BLOCK")
    gateway.served["gateway_responses"]["WAF_FILTERED"] = {
        "statusCode": "403",
        "responseTemplates": {"application/json": '{"code":"request_blocked"}'},
    }
    response = gateway.call()
    assert (response.status, response.body) == (403, b'{"code":"request_blocked"}')
    assert gateway.log()["error"] == "WAF_FILTERED"
    assert gateway.log()["waf_status"] == "403"
    assert gateway.log()["resource"] == "/chat"
    assert gateway.log()["integration_status"] == "-"


def test_waf_blocks_before_the_path_is_judged(gateway: Gateway) -> None:
    gateway.waf.verdict = verdict("BLOCK")
    assert json.loads(gateway.call(path="/none").body) == {"message": "Forbidden"}
    assert gateway.log()["resource"] == "-"


def test_waf_allows_and_its_headers_reach_the_function(gateway: Gateway) -> None:
    gateway.waf.verdict = verdict("ALLOW")
    assert gateway.call().status == 200
    assert gateway.functions.events[0]["headers"]["x-amzn-waf-note"] == "seen"
    assert gateway.log()["waf"] == "WAF_ALLOW"
    assert gateway.log()["waf_status"] == "200"


# API keys, throttles, quota


@pytest.mark.parametrize("key", [None, "", "wrong"])
def test_missing_and_wrong_keys_are_forbidden(gateway: Gateway, key: str | None) -> None:
    response = gateway.call(key=key)
    assert response.status == 403
    assert json.loads(response.body) == {"message": "Forbidden"}
    assert error_type(response) == "ForbiddenException"
    assert response.header("Access-Control-Allow-Origin") == "https://app.example"
    assert gateway.call().status == 200


@pytest.mark.parametrize(
    "break_it",
    [
        lambda cloud: cloud.keys[0].update(enabled=False),
        lambda cloud: cloud.members.clear(),
        lambda cloud: cloud.plan.update(apiStages=[{"apiId": "api1", "stage": "other"}]),
    ],
)
def test_key_must_be_enabled_and_in_a_plan_of_this_stage(
    gateway: Gateway, break_it: Callable[[OnePlan], None]
) -> None:
    assert gateway.call().status == 200
    break_it(gateway.cloud)
    gateway.cloud.bump()
    assert gateway.call().status == 403


def test_key_in_a_header_is_none_where_an_authorizer_brings_it(gateway: Gateway) -> None:
    gateway.served["rest_api"]["apiKeySource"] = "AUTHORIZER"
    assert gateway.call().status == 403


def test_bucket_lets_a_burst_pass_and_refills_at_the_rate(gateway: Gateway) -> None:
    gateway.cloud.plan["throttle"] = {"rateLimit": 10, "burstLimit": 5}
    assert [gateway.call().status for _ in range(6)] == [200] * 5 + [429]
    refused = gateway.call()
    assert json.loads(refused.body) == {"message": "Too Many Requests"}
    assert error_type(refused) == "TooManyRequestsException"
    gateway.now += 0.21
    assert [gateway.call().status for _ in range(3)] == [200, 200, 429]
    gateway.now += 60
    assert [gateway.call().status for _ in range(6)] == [200] * 5 + [429]


def test_bucket_is_each_keys_own(gateway: Gateway) -> None:
    gateway.cloud.keys.append({"id": "key2", "value": "other", "enabled": True})
    gateway.cloud.members.append({"id": "key2"})
    gateway.cloud.plan["throttle"] = {"rateLimit": 1, "burstLimit": 1}
    assert [gateway.call(key=key).status for key in (KEY, KEY, "other")] == [200, 429, 200]


def test_plan_may_throttle_one_method_by_itself(gateway: Gateway) -> None:
    gateway.cloud.plan["throttle"] = {"rateLimit": 100, "burstLimit": 100}
    gateway.cloud.plan["apiStages"][0]["throttle"] = {
        "/chat/POST": {"rateLimit": 1, "burstLimit": 1}
    }
    assert [gateway.call().status for _ in range(2)] == [200, 429]


@pytest.mark.parametrize("key", ["*/*", "chat/POST", "~1chat/POST"])
def test_stage_throttles_all_clients_together(gateway: Gateway, key: str) -> None:
    settings = {"throttlingRateLimit": 1.0, "throttlingBurstLimit": 2}
    gateway.served["stage"]["methodSettings"] = {key: settings}
    assert [gateway.call().status for _ in range(3)] == [200, 200, 429]
    gateway.served["stage"]["methodSettings"] = {key: {**settings, "throttlingRateLimit": -1}}
    gateway.cloud.bump()
    assert [gateway.call().status for _ in range(3)] == [200] * 3


def test_quota_ends_with_its_period_and_survives_changes(gateway: Gateway) -> None:
    gateway.cloud.plan["quota"] = {"limit": 2, "period": "MONTH"}
    assert [gateway.call().status for _ in range(3)] == [200, 200, 429]
    gateway.cloud.bump()
    refused = gateway.call()
    assert (refused.status, json.loads(refused.body)) == (429, {"message": "Limit Exceeded"})
    assert error_type(refused) == "LimitExceededException"
    gateway.now += 32 * 86_400
    assert gateway.call().status == 200


def test_throttled_requests_do_not_use_up_the_quota(gateway: Gateway) -> None:
    gateway.cloud.plan |= {
        "quota": {"limit": 2, "period": "DAY", "offset": 0},
        "throttle": {"rateLimit": 1, "burstLimit": 1},
    }
    assert [gateway.call().status for _ in range(4)] == [200, 429, 429, 429]
    gateway.now += 1
    assert gateway.call().status == 200
    gateway.now += 1
    assert error_type(gateway.call()) == "LimitExceededException"


def test_quota_weeks_begin_on_sunday(gateway: Gateway) -> None:
    gateway.cloud.plan["quota"] = {"limit": 1, "period": "WEEK"}
    gateway.now = 1_769_903_999.0  # Saturday 2026-01-31, one second before midnight UTC
    assert [gateway.call().status for _ in range(2)] == [200, 429]
    gateway.now += 1
    assert gateway.call().status == 200


# Validation


@pytest.mark.parametrize(
    "body",
    [
        *(
            b"",
            b"nothing",
            b"[]",
            b'{"message":""}',
            b'{"message":"12345678901"}',
            b'{"message":1}',
        ),
        *(b'{"message":"a","more":1}', b'{"message":NaN}', b"\xff\xfe", b"[" * 100_000),
    ],
)
def test_body_that_the_model_refuses(gateway: Gateway, body: bytes) -> None:
    response = gateway.call(body, JSON)
    assert response.status == 400
    assert json.loads(response.body) == {"message": "Invalid request body"}
    assert error_type(response) == "BadRequestException"
    assert gateway.functions.events == []


def test_body_that_the_model_accepts(gateway: Gateway) -> None:
    assert gateway.call('{"message":"ÄÖÜ😀567890"}'.encode(), JSON).status == 200


def test_default_model_covers_every_content_type(gateway: Gateway) -> None:
    assert gateway.call(b"not json", ("Content-Type", "text/plain")).status == 400
    gateway.post["requestModels"] = {"application/json": "Chat"}
    gateway.cloud.bump()
    assert gateway.call(b"not json", ("Content-Type", "text/plain")).status == 200
    assert (
        gateway.call(b"not json", ("Content-Type", "application/json; charset=utf-8")).status == 400
    )


def test_every_api_has_an_empty_model_and_none_that_is_not_there(gateway: Gateway) -> None:
    gateway.post["requestModels"] = {"$default": "Empty"}
    assert [gateway.call(body).status for body in (b'{"a":1}', b"[]")] == [200, 400]
    gateway.post["requestModels"] = {"$default": "Absent"}
    gateway.cloud.bump()
    assert gateway.call(b"{}").status == 400


def test_nothing_is_validated_without_a_validator(gateway: Gateway) -> None:
    del gateway.post["requestValidatorId"]
    assert gateway.call(b"not json").status == 200


def test_required_parameters(gateway: Gateway) -> None:
    gateway.post["requestParameters"] = {
        "method.request.querystring.lang": True,
        "method.request.header.X-Opt": False,
    }
    gateway.served["validators"]["val1"]["validateRequestParameters"] = True
    response = gateway.call()
    assert json.loads(response.body) == {"message": "Missing required request parameters: [lang]"}
    assert gateway.call(query="lang=").status == 400
    assert gateway.call(query="lang=en").status == 200


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("", 'object has missing required properties (["message"])'),
        ("{}", 'object has missing required properties (["message"])'),
        (
            "[]",
            'instance type (array) does not match any allowed primitive type (allowed: ["object"])',
        ),
        ('{"message":""}', 'string "" is too short (length: 0, required minimum: 1)'),
        (
            '{"message":"Grüße, Anna!"}',
            'string "Grüße, Anna!" is too long (length: 12, maximum allowed: 10)',
        ),
        (
            '{"message":"a","b":1,"c":2}',
            'object instance has properties which are not allowed by the schema: ["b","c"]',
        ),
    ],
)
def test_validation_message_is_awss_and_quotes_the_body(
    gateway: Gateway, body: str, message: str
) -> None:
    """Whoever puts it into an answer or a log sees here what that would show on AWS."""
    gateway.served["gateway_responses"]["BAD_REQUEST_BODY"] = {
        "responseTemplates": {"application/json": "$context.error.validationErrorString"}
    }
    response = gateway.call(body.encode())
    assert (response.status, response.body.decode()) == (400, f"[{message}]")
    assert gateway.call(b"{").body == b"Invalid JSON"


def test_validation_messages_of_other_keywords(gateway: Gateway) -> None:
    gateway.served["models"]["Chat"] = json.dumps(
        {
            "required": ["a", "b"],
            "properties": {
                "word": {"enum": ["x", "y"]},
                "code": {"pattern": "^[0-9]+$"},
                "low": {"type": "number", "minimum": 5},
                "high": {"maximum": 5},
                "few": {"minItems": 1},
                "many": {"maxItems": 1},
                "odd": {"multipleOf": 2},
            },
        }
    )
    gateway.served["gateway_responses"]["BAD_REQUEST_BODY"] = {
        "responseTemplates": {"application/json": "$context.error.validationErrorString"}
    }
    body = {"word": "z", "code": "q", "low": 1, "high": 6.5, "few": [], "many": [1, 2], "odd": 3}
    for expected in (
        'object has missing required properties (["a","b"])',
        'instance value ("z") not found in enum (possible values: ["x","y"])',
        'ECMA 262 regex "^[0-9]+$" does not match input string "q"',
        "numeric instance is lower than the required minimum (minimum: 5, found: 1)",
        "numeric instance is greater than the required maximum (maximum: 5, found: 6.5)",
        "array is too short: must have at least 1 elements but instance has 0 elements",
        "array is too long: must have at most 1 elements but instance has 2 elements",
        "instance does not satisfy multipleOf",
    ):
        text = gateway.call(json.dumps(body).encode()).body.decode()
        assert text.count(expected) == 1, text
    assert '(allowed: ["integer","number"])' in gateway.call(b'{"low":"x"}').body.decode()


def test_an_empty_body_is_an_empty_object(gateway: Gateway) -> None:
    gateway.served["models"]["Chat"] = '{"type":"object"}'
    assert gateway.call(b"").status == 200
    assert gateway.functions.events[0]["body"] is None


# Requests that are too large or compressed


def test_ten_megabytes_are_the_limit(gateway: Gateway) -> None:
    del gateway.post["requestValidatorId"]
    gateway.served["gateway_responses"]["REQUEST_TOO_LARGE"] = {"statusCode": "418"}
    assert gateway.call(b"x" * 10_485_760).status == 200
    assert gateway.call(b"x" * 10_485_761).status == 413


def test_url_and_headers_have_a_limit_each(gateway: Gateway) -> None:
    body = b'{"message":"hi"}'
    assert gateway.call(body, ("X-Long", "x" * 20_000), query="q" * 10_000).status == 200
    assert gateway.call(body, ("X-Long", "x" * 20_480)).status == 431
    assert gateway.call(body, query="q" * 10_240).status == 414


def test_gzip_is_undone_before_validation(gateway: Gateway) -> None:
    def call(body: bytes, encoding: str = "gzip") -> HttpResponse:
        return gateway.call(body, JSON, ("Content-Encoding", encoding))

    assert call(gzip.compress(b'{"message":"hi"}')).status == 200
    assert gateway.functions.events[0]["body"] == '{"message":"hi"}'
    assert call(gzip.compress(b'{"message":1}')).status == 400
    assert call(b"not gzip").status == 400
    assert call(gzip.compress(b'{"message":"hi"}')[:-9]).status == 400
    assert call(gzip.compress(bytes(20_000_000))).status == 413
    assert call(b"{}", "br").status == 415


# Mock integration


def test_preflight_gets_the_configured_headers_and_no_others(gateway: Gateway) -> None:
    response = gateway.call(b"", method="OPTIONS", key=None)
    assert response.status == 204
    assert response.header("Access-Control-Allow-Origin") == "https://app.example"
    assert response.header("Not-Declared") is None


def test_preflight_with_another_content_type_is_refused(gateway: Gateway) -> None:
    response = gateway.call(b"", ("Content-Type", "text/xml"), method="OPTIONS", key=None)
    assert response.status == 415
    assert json.loads(response.body) == {"message": "Unsupported Media Type"}


def test_mock_chooses_its_response_by_pattern_and_fills_it_in(gateway: Gateway) -> None:
    options = gateway.served["resources"][1]["resourceMethods"]["OPTIONS"]
    options["methodResponses"]["503"] = {}
    integration = options["methodIntegration"]
    integration["integrationResponses"]["503"] = {
        "statusCode": "503",
        "selectionPattern": "5\\d{2}",
        "responseTemplates": {
            "application/json": '{"id":"$context.requestId","color":"$stageVariables.color"}'
        },
    }
    assert gateway.call(b"", method="OPTIONS", key=None).status == 204
    integration["requestTemplates"] = {"application/json": '{"statusCode": 500}'}
    gateway.cloud.bump()
    response = gateway.call(b"", method="OPTIONS", key=None)
    assert response.status == 503
    assert json.loads(response.body) == {
        "id": response.header("x-amzn-RequestId"),
        "color": "blue",
    }


def test_a_template_that_is_a_program_is_told(gateway: Gateway) -> None:
    options = gateway.served["resources"][1]["resourceMethods"]["OPTIONS"]
    assert gateway.call(b"", method="OPTIONS", key=None).status == 204
    assert gateway.cloud.said == []
    templates = {"application/json": '#set($x = 1){"statusCode": 204}'}
    options["methodIntegration"]["requestTemplates"] = templates
    gateway.cloud.bump()
    assert gateway.call(b"", method="OPTIONS", key=None).status == 500
    assert any("templates" in text for text in gateway.cloud.said)


# Lambda proxy integration


def test_event_is_a_rest_proxy_event(gateway: Gateway) -> None:
    gateway.call(
        b'{"message":"hi"}',
        JSON,
        ("User-Agent", "pytest"),
        ("X-Twice", "1"),
        ("X-Twice", "2"),
        ("Connection", "close"),
        query="a=1&a=2&b=%C3%A9",
    )
    event = gateway.functions.events[0]
    context = event["requestContext"]
    assert (event["resource"], event["path"], event["httpMethod"]) == ("/chat", "/chat", "POST")
    assert event["headers"]["X-Twice"] == "2"
    assert event["multiValueHeaders"]["X-Twice"] == ["1", "2"]
    assert "Connection" not in event["headers"]
    assert event["headers"]["X-Forwarded-For"] == "127.0.0.9"
    assert event["queryStringParameters"] == {"a": "2", "b": "é"}
    assert event["multiValueQueryStringParameters"] == {"a": ["1", "2"], "b": ["é"]}
    assert event["pathParameters"] is None
    assert event["stageVariables"] == {"color": "blue"}
    assert (event["body"], event["isBase64Encoded"]) == ('{"message":"hi"}', False)
    assert context["identity"]["sourceIp"] == "127.0.0.9"
    assert context["identity"]["apiKeyId"] == "key1"
    assert context["identity"]["userAgent"] == "pytest"
    assert (context["stage"], context["apiId"]) == ("v1", "api1")
    assert (context["path"], context["resourcePath"]) == ("/v1/chat", "/chat")
    assert context["domainName"] == "api1.execute-api.us-east-2.amazonaws.com"
    assert re.fullmatch(r"\d\d/\w{3}/\d{4}:[\d:]{8} \+0000", context["requestTime"])
    assert isinstance(context["requestTimeEpoch"], int)
    assert {"requestId", "extendedRequestId", "accountId", "protocol"} <= context.keys()


def test_client_may_choose_a_uuid_as_request_id_only(gateway: Gateway) -> None:
    wanted = "01234567-89ab-cdef-0123-456789abcdef"
    chosen = gateway.call(b'{"message":"a"}', ("x-amzn-RequestId", wanted))
    assert chosen.header("x-amzn-RequestId") == wanted
    other = gateway.call(b'{"message":"a"}', ("x-amzn-RequestId", '","admin":"1'))
    assert re.fullmatch(r"[0-9a-f-]{36}", other.header("x-amzn-RequestId") or "")


def test_binary_media_types_decide_on_base64(gateway: Gateway) -> None:
    del gateway.post["requestValidatorId"]
    image = ("Content-Type", "image/png")
    gateway.call(b"\xff", image)
    assert gateway.functions.events[-1]["body"] == "\ufffd"
    gateway.served["rest_api"]["binaryMediaTypes"] = ["image/png"]
    gateway.cloud.bump()
    gateway.functions.answer = {
        "statusCode": 200,
        "isBase64Encoded": True,
        "headers": {"Content-Type": "image/png"},
        "body": base64.b64encode(b"\xfe").decode(),
    }
    assert gateway.call(b"\xff", image, ("Accept", "image/png")).body == b"\xfe"
    assert gateway.functions.events[-1]["body"] == base64.b64encode(b"\xff").decode()
    assert gateway.functions.events[-1]["isBase64Encoded"] is True
    assert gateway.call(b"\xff", image, ("Accept", "text/html")).body == b"/g=="


def test_function_must_permit_this_very_method(gateway: Gateway) -> None:
    gateway.call()
    source = "arn:aws:execute-api:us-east-2:123456789012:api1/v1/POST/chat"
    assert gateway.functions.asked == [(ALIAS, source)]
    gateway.functions.allowed = False
    response = gateway.call()
    assert response.status == 500
    assert json.loads(response.body) == {"message": "Internal server error"}
    assert gateway.log()["error"] == "API_CONFIGURATION_ERROR"


@pytest.mark.parametrize("change", [{"httpMethod": "GET"}, {"uri": "arn:aws:sns:action/Publish"}])
def test_a_function_is_invoked_by_post_on_its_uri(gateway: Gateway, change: dict[str, str]) -> None:
    gateway.post["methodIntegration"].update(change)
    assert gateway.call().status == 500
    assert gateway.log()["error"] == "API_CONFIGURATION_ERROR"
    assert gateway.functions.events == []


@pytest.mark.parametrize(
    "answer",
    [
        *(b"not json", b"null", b"[]", b'"text"', b"[" * 100_000),
        {"statusCode": "no"},
        {"statusCode": 99},
        {"statusCode": 200, "body": {"not": "text"}},
        {"statusCode": 200, "message": "unknown field"},
        {"statusCode": 200, "headers": {"X-Split": "a\r\nSet-Cookie: b"}},
        {"statusCode": 200, "headers": {"Bad Name": "x"}},
        {"statusCode": 200, "headers": ["x"]},
        {"statusCode": 200, "multiValueHeaders": {"X": "y"}},
    ],
)
def test_malformed_answers_are_502(gateway: Gateway, answer: Any) -> None:
    gateway.functions.answer = answer
    response = gateway.call()
    assert response.status == 502
    assert json.loads(response.body) == {"message": "Internal server error"}
    assert error_type(response) == "InternalServerErrorException"


def test_well_formed_answer_passes_with_its_headers(gateway: Gateway) -> None:
    gateway.functions.answer = {
        "statusCode": "429",
        "headers": {"X-One": "1", "Server": "mine", "Content-Length": "7"},
        "multiValueHeaders": {"Set-Cookie": ["a", "b"]},
        "body": "é",
    }
    response = gateway.call()
    assert (response.status, response.body) == (429, "é".encode())
    assert [value for name, value in response.headers if name == "Set-Cookie"] == ["a", "b"]
    assert response.header("x-amzn-Remapped-Server") == "mine"
    assert response.header("Content-Length") is None
    assert response.header("Access-Control-Allow-Origin") is None
    assert gateway.log()["integration"] == "429"


def test_a_mock_cannot_set_reserved_headers(gateway: Gateway) -> None:
    options = gateway.served["resources"][1]["resourceMethods"]["OPTIONS"]
    name = "method.response.header.Date"
    options["methodResponses"]["204"]["responseParameters"][name] = True
    mapped = options["methodIntegration"]["integrationResponses"]["204"]["responseParameters"]
    mapped[name] = "'never'"
    response = gateway.call(method="OPTIONS", key=None)
    assert response.header("Date") is None
    assert response.header("x-amzn-Remapped-Date") == "never"


def test_a_header_of_both_maps_is_sent_twice(gateway: Gateway) -> None:
    gateway.functions.answer = {
        "statusCode": 200,
        "headers": {"X-One": "solo", "x-two": "same", "X-Three": "3"},
        "multiValueHeaders": {"X-One": ["multi"], "x-two": ["same"]},
    }
    sent = [pair for pair in gateway.call().headers if pair[0].lower().startswith("x-")]
    assert sent[:4] == [("X-One", "multi"), ("x-two", "same"), ("X-One", "solo"), ("X-Three", "3")]


def test_a_proxy_integration_overlooks_mappings_of_parameters(gateway: Gateway) -> None:
    """Recorded in localstack/localstack, test_apigateway_lambda.py, …_request_data_mapping."""
    gateway.post["methodIntegration"]["requestParameters"] = {
        "integration.request.header.X-Id": "context.apiId",
        "integration.request.querystring.a": "'1'",
    }
    assert gateway.call(query="a=2&b=3").status == 200
    event = gateway.functions.events[0]
    assert "X-Id" not in event["headers"]
    assert event["queryStringParameters"] == {"a": "2", "b": "3"}


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        ({"statusCode": "201"}, 201, b""),
        ({"headers": {"test-header": "value"}}, 200, b""),
        ({}, 200, b""),
        ("justAString", 502, b'{"message": "Internal server error"}'),
        ({"statusCode": 200, "body": "dGVzdA=="}, 200, b"dGVzdA=="),
        ({"statusCode": 200, "body": "dGVzdA==", "isBase64Encoded": True}, 200, b"dGVzdA=="),
    ],
)
def test_forms_of_an_answer_that_are_on_record(
    gateway: Gateway, answer: Any, status: int, body: bytes
) -> None:
    """The same source, test_aws_proxy_response_payload_format_validation."""
    gateway.functions.answer = answer
    response = gateway.call()
    assert (response.status, response.body) == (status, body)


@pytest.mark.parametrize("name", ["Content-Length", "authorization", "TE"])
def test_a_mapping_of_a_reserved_header_fails_each_request(gateway: Gateway, name: str) -> None:
    mapped = {f"integration.request.header.{name}": "'x'"}
    gateway.post["methodIntegration"]["requestParameters"] = mapped
    del gateway.served["gateway_responses"]["DEFAULT_4XX"]
    response = gateway.call()
    assert (response.status, response.body) == (500, b'{"message": "Internal server error"}')
    assert gateway.functions.events == []


@pytest.mark.parametrize(
    ("path", "event_path", "context_path"),
    [
        ("//chat", "/chat", "/v1//chat"),
        ("/chat", "/chat", "/v1/chat"),
        ("/chat/", "/chat/", "/v1/chat/"),
    ],
)
def test_slashes_before_the_first_segment_are_one(
    gateway: Gateway, path: str, event_path: str, context_path: str
) -> None:
    assert gateway.call(path=path).status == 200
    event = gateway.functions.events[0]
    assert (event["path"], event["requestContext"]["path"]) == (event_path, context_path)


def test_records_of_the_access_log_go_to_many_streams(gateway: Gateway) -> None:
    for _ in range(600):
        gateway.call(method="OPTIONS")
    streams = [stream for _, stream, _ in gateway.cloud.logged]
    assert len(set(streams[:256])) == 256
    assert all(re.fullmatch(r"[0-9a-f]{32}", stream) for stream in streams)
    assert len(set(streams)) == 256  # the memory of a long run is bounded


@pytest.mark.parametrize(
    ("status", "function_error", "expected", "kind"),
    [
        (200, "Unhandled", 502, "DEFAULT_5XX"),
        (429, None, 500, "INTEGRATION_FAILURE"),
        (404, None, 500, "API_CONFIGURATION_ERROR"),
        (413, None, 413, "REQUEST_TOO_LARGE"),
    ],
)
def test_lambdas_failures_keep_their_inside_hidden(
    gateway: Gateway, status: int, function_error: str | None, expected: int, kind: str
) -> None:
    gateway.functions.status, gateway.functions.function_error = status, function_error
    gateway.functions.answer = {"errorMessage": "secret", "stackTrace": ["secret"]}
    response = gateway.call()
    assert response.status == expected
    assert b"secret" not in response.body
    assert gateway.log()["error"] == kind


def test_slow_function_is_504_and_worded_by_the_api(gateway: Gateway) -> None:
    gateway.served["gateway_responses"]["INTEGRATION_TIMEOUT"] = {
        "responseTemplates": {"application/json": '{"code":"slow"}'}
    }
    gateway.post["methodIntegration"]["timeoutInMillis"] = 100
    gateway.functions.seconds = 1.0
    response = gateway.call()
    assert (response.status, response.body) == (504, b'{"code":"slow"}')
    gateway.functions.seconds = 0
    assert gateway.call().status == 200


def test_default_5xx_words_what_has_no_wording_of_its_own(gateway: Gateway) -> None:
    gateway.served["gateway_responses"]["DEFAULT_5XX"] = {
        "responseTemplates": {
            "application/json": '{"error":$context.error.messageString,'
            '"type":"$context.error.responseType","stage":"$stageVariables.color"}'
        },
        "responseParameters": {"gatewayresponse.header.X-Id": "context.requestId"},
    }
    gateway.functions.answer = b"null"
    response = gateway.call()
    assert response.status == 502
    assert json.loads(response.body) == {
        "error": "Internal server error",
        "type": "DEFAULT_5XX",
        "stage": "blue",
    }
    assert response.header("X-Id") == response.header("x-amzn-RequestId")


def test_the_first_accepted_type_chooses_the_wording(gateway: Gateway) -> None:
    gateway.served["gateway_responses"]["INVALID_API_KEY"] = {
        "responseTemplates": {"application/json": "{}", "text/plain": "no"}
    }
    for accept, wording in [
        ("text/plain;q=0.9, application/json", b"no"),
        ("application/json, text/plain", b"{}"),
        ("image/png, text/plain", b"{}"),
    ]:
        response = gateway.call(b"", ("Accept", accept), key=None)
        assert (response.status, response.body) == (403, wording)


def test_what_a_client_says_splits_no_header(gateway: Gateway) -> None:
    gateway.served["gateway_responses"]["INVALID_API_KEY"] = {
        "responseParameters": {
            "gatewayresponse.header.X-Said": "method.request.querystring.said",
        }
    }
    response = gateway.call(key=None, query="said=a%0d%0aSet-Cookie:b%00%E4%BD%A0")
    assert response.status == 403
    assert response.header("X-Said") == "a  Set-Cookie:b " + "你".encode().decode("latin-1")


def test_trace_id_is_kept_and_sampled_on_a_traced_stage(gateway: Gateway) -> None:
    root = "1-67891233-abcdef012345678912345678"
    gateway.call(b'{"message":"a"}', ("X-Amzn-Trace-Id", f"Root={root}"))
    assert gateway.functions.traces[-1] == f"Root={root}"
    gateway.served["stage"]["tracingEnabled"] = True
    gateway.cloud.bump()
    response = gateway.call(b'{"message":"a"}', ("X-Amzn-Trace-Id", f"Root={root}"))
    trace = gateway.functions.traces[-1] or ""
    assert re.fullmatch(rf"Root={root};Parent=[0-9a-f]{{16}};Sampled=1", trace)
    assert response.header("X-Amzn-Trace-Id") == trace


def test_answer_is_compressed_only_if_the_api_says_so(gateway: Gateway) -> None:
    accept = ("Accept-Encoding", "gzip")
    assert gateway.call(b'{"message":"a"}', accept).body == b"{}"
    gateway.served["rest_api"]["minimumCompressionSize"] = 0
    gateway.cloud.bump()
    response = gateway.call(b'{"message":"a"}', accept)
    assert gzip.decompress(response.body) == b"{}"
    assert response.header("Content-Encoding") == "gzip"


# Access log


def test_access_log_has_the_stages_format(gateway: Gateway) -> None:
    response = gateway.call(b'{"message":"hi"}', ("User-Agent", 'a"b\n$context.status'))
    assert gateway.cloud.logged[-1][0] == "/gateway"
    line = gateway.log()
    assert line["id"] == response.header("x-amzn-RequestId")
    assert line["agent"] == 'a"b\n$context.status'
    assert (line["key"], line["status"], line["integration"]) == ("key1", "200", "200")
    assert (line["error"], line["none"], line["waf"]) == ("-", "-", "-")
    assert KEY not in gateway.cloud.logged[-1][2]


def test_access_log_needs_a_format_and_a_role(gateway: Gateway) -> None:
    gateway.cloud.log_role = ""
    assert gateway.call().status == 200
    assert gateway.cloud.logged == []
    assert any("no access logs" in text for text in gateway.cloud.said)


def test_access_logs_need_a_role_that_may_write_them(gateway: Gateway) -> None:
    gateway.roles.allowed = False
    assert gateway.call().status == 200
    assert gateway.cloud.logged == []
    assert any("may not logs:" in text for text in gateway.cloud.said)


# Fail closed


def test_what_is_absent_refuses(gateway: Gateway) -> None:
    gateway.post["authorizationType"] = "CUSTOM"
    assert gateway.call().status == 500
    gateway.post["authorizationType"] = "AWS_IAM"
    gateway.cloud.bump()
    assert gateway.call().status == 404
    gateway.post.update(authorizationType="NONE", methodIntegration={"type": "HTTP"})
    gateway.cloud.bump()
    assert gateway.call().status == 500


def test_failure_of_the_emulator_is_an_answer(
    gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise ClientError({"Error": {"Code": "Internal"}}, "Get")

    gateway.waf.inspect = fail  # type: ignore[method-assign]  # to break it
    response = gateway.call()
    assert (response.status, response.body) == (500, b'{"message":"Internal server error"}')
    assert "failed inside the emulator" in caplog.text
