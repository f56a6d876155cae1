"""The steps of a request: each lets one pass and refuses one."""

import gzip
import json
import re
from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator.wire.http import HttpResponse, json_response
from tests.emulator.apigateway.serving import JSON, KEY, Gateway, error_type, verdict


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
    assert (response.status, error_type(response)) == (404, "MissingAuthenticationTokenException")
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


def test_waf_comes_first_and_sees_the_stages_path(gateway: Gateway) -> None:
    gateway.waf.verdict = verdict("BLOCK", json_response(413, {"error": "big"}))
    response = gateway.call(key=None, path="/chat")
    assert (response.status, json.loads(response.body)) == (413, {"error": "big"})
    arn, seen = gateway.waf.seen[0]
    assert arn == "arn:aws:apigateway:us-east-2::/restapis/api1/stages/v1"
    assert seen.path == "/v1/chat"
    assert (seen.header("X-Amzn-Trace-Id") or "").startswith("Root=1-")
    assert (gateway.functions.events, gateway.log()["waf"]) == ([], "WAF_BLOCK")
    assert gateway.log()["acl"].startswith("arn:aws:wafv2:")


def test_waf_block_without_response_is_worded_by_the_gateway(gateway: Gateway) -> None:
    gateway.waf.verdict = verdict("BLOCK")
    gateway.served["gateway_responses"]["WAF_FILTERED"] = {
        "statusCode": "403",
        "responseTemplates": {"application/json": '{"code":"request_blocked"}'},
    }
    response = gateway.call()
    assert (response.status, response.body) == (403, b'{"code":"request_blocked"}')
    assert (gateway.log()["error"], gateway.log()["waf_status"]) == ("WAF_FILTERED", "403")
    assert (gateway.log()["resource"], gateway.log()["integration_status"]) == ("/chat", "-")


def test_waf_blocks_before_the_path_is_judged(gateway: Gateway) -> None:
    gateway.waf.verdict = verdict("BLOCK")
    assert json.loads(gateway.call(path="/none").body) == {"message": "Forbidden"}
    assert gateway.log()["resource"] == "-"


def test_waf_allows_and_its_headers_reach_the_function(gateway: Gateway) -> None:
    gateway.waf.verdict = verdict("ALLOW")
    assert gateway.call().status == 200
    assert gateway.functions.events[0]["headers"]["x-amzn-waf-note"] == "seen"
    assert (gateway.log()["waf"], gateway.log()["waf_status"]) == ("WAF_ALLOW", "200")


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


def test_each_answer_is_counted_for_the_api_and_for_its_stage(gateway: Gateway) -> None:
    statuses = [gateway.call(body).status for body in (b'{"message":"hi"}', b"{}")]
    gateway.post["methodIntegration"]["type"] = "HTTP"
    gateway.account.written()
    assert [*statuses, gateway.call(b'{"message":"hi"}').status] == [200, 400, 500]
    summed: Counter[tuple[str, int]] = Counter()
    for name, dimensions, value in gateway.account.counted:
        if not name.endswith("Latency"):
            summed[name, len(dimensions)] += int(value)
    assert summed == {
        (name, among): times
        for name, times in (("Count", 3), ("4XXError", 1), ("5XXError", 1))
        for among in (1, 2)
    }
    assert {tuple(on) for _, on, _ in gateway.account.counted} == {
        ("ApiName",),
        ("ApiName", "Stage"),
    }


def test_access_log_has_the_stages_format(gateway: Gateway) -> None:
    response = gateway.call(b'{"message":"hi"}', ("User-Agent", 'a"b\n$context.status'))
    assert gateway.account.logged[-1][0] == "/gateway"
    line = gateway.log()
    assert line["id"] == response.header("x-amzn-RequestId")
    assert line["agent"] == 'a"b\n$context.status'
    assert (line["key"], line["status"], line["integration"]) == ("key1", "200", "200")
    assert (line["error"], line["none"], line["waf"]) == ("-", "-", "-")
    assert KEY not in gateway.account.logged[-1][2]


def test_access_log_needs_a_format_and_a_role(gateway: Gateway) -> None:
    gateway.account.log_role = ""
    assert (gateway.call().status, gateway.account.logged) == (200, [])
    assert any("no access logs" in text for text in gateway.account.said)


def test_access_logs_need_a_role_that_may_write_them(gateway: Gateway) -> None:
    gateway.roles.allowed = False
    assert (gateway.call().status, gateway.account.logged) == (200, [])
    assert any("may not logs:" in text for text in gateway.account.said)


def test_what_is_absent_refuses(gateway: Gateway) -> None:
    gateway.post["authorizationType"] = "CUSTOM"
    assert gateway.call().status == 500
    gateway.post["authorizationType"] = "AWS_IAM"
    gateway.account.written()
    assert gateway.call().status == 404
    gateway.post.update(authorizationType="NONE", methodIntegration={"type": "HTTP"})
    gateway.account.written()
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
