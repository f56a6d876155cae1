"""Mock and Lambda proxy integrations: what they are given and what they answer."""

import base64
import gzip
import json
import re
from typing import Any

import pytest

from tests.emulator.apigateway.serving import ALIAS, JSON, Gateway, error_type


def test_preflight_gets_the_configured_headers_and_no_others(gateway: Gateway) -> None:
    response = gateway.preflight()
    assert response.status == 204
    assert response.header("Access-Control-Allow-Origin") == "https://app.example"
    assert response.header("Not-Declared") is None


def test_preflight_with_another_content_type_is_refused(gateway: Gateway) -> None:
    response = gateway.preflight(("Content-Type", "text/xml"))
    assert response.status == 415
    assert json.loads(response.body) == {"message": "Unsupported Media Type"}


def test_mock_chooses_its_response_by_pattern_and_fills_it_in(gateway: Gateway) -> None:
    options = gateway.options
    options["methodResponses"]["503"] = {}
    integration = options["methodIntegration"]
    integration["integrationResponses"]["503"] = {
        "statusCode": "503",
        "selectionPattern": "5\\d{2}",
        "responseTemplates": {
            "application/json": '{"id":"$context.requestId","color":"$stageVariables.color"}'
        },
    }
    assert gateway.preflight().status == 204
    integration["requestTemplates"] = {"application/json": '{"statusCode": 500}'}
    gateway.account.written()
    response = gateway.preflight()
    assert response.status == 503
    assert json.loads(response.body) == {"id": response.header("x-amzn-RequestId"), "color": "blue"}


def test_a_template_that_is_a_program_is_reported(gateway: Gateway) -> None:
    assert (gateway.preflight().status, gateway.account.said) == (204, [])
    templates = {"application/json": '#set($x = 1){"statusCode": 204}'}
    gateway.options["methodIntegration"]["requestTemplates"] = templates
    gateway.account.written()
    assert gateway.preflight().status == 500
    assert any("templates" in text for text in gateway.account.said)


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
    assert (event["headers"]["X-Twice"], event["multiValueHeaders"]["X-Twice"]) == ("2", ["1", "2"])
    assert "Connection" not in event["headers"]
    assert event["headers"]["X-Forwarded-For"] == "127.0.0.9"
    assert event["queryStringParameters"] == {"a": "2", "b": "é"}
    assert event["multiValueQueryStringParameters"] == {"a": ["1", "2"], "b": ["é"]}
    assert event["pathParameters"] is None
    assert event["stageVariables"] == {"color": "blue"}
    assert (event["body"], event["isBase64Encoded"]) == ('{"message":"hi"}', False)
    assert context["identity"]["sourceIp"] == "127.0.0.9"
    assert (context["identity"]["apiKeyId"], context["identity"]["userAgent"]) == ("key1", "pytest")
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
    gateway.account.written()
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
    assert (gateway.call().status, gateway.log()["error"]) == (500, "API_CONFIGURATION_ERROR")
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
    options = gateway.options
    name = "method.response.header.Date"
    options["methodResponses"]["204"]["responseParameters"][name] = True
    mapped = options["methodIntegration"]["integrationResponses"]["204"]["responseParameters"]
    mapped[name] = "'never'"
    response = gateway.preflight()
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
    streams = [stream for _, stream, _ in gateway.account.logged]
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
    gateway.post["methodIntegration"]["timeoutInMillis"] = 500
    gateway.functions.seconds = 1.0
    response = gateway.call()
    assert (response.status, response.body) == (504, b'{"code":"slow"}')
    gateway.functions.seconds = 0
    assert gateway.call().status == 200
    gateway.functions.idle = False
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
        "responseParameters": {"gatewayresponse.header.X-Said": "method.request.querystring.said"}
    }
    response = gateway.call(key=None, query="said=a%0d%0aSet-Cookie:b%00%E4%BD%A0")
    assert response.status == 403
    assert response.header("X-Said") == "a  Set-Cookie:b " + "你".encode().decode("latin-1")


def test_trace_id_is_kept_and_sampled_on_a_traced_stage(gateway: Gateway) -> None:
    root = "1-67891233-abcdef012345678912345678"
    gateway.call(b'{"message":"a"}', ("X-Amzn-Trace-Id", f"Root={root}"))
    assert gateway.functions.traces[-1] == f"Root={root}"
    gateway.served["stage"]["tracingEnabled"] = True
    gateway.account.written()
    response = gateway.call(b'{"message":"a"}', ("X-Amzn-Trace-Id", f"Root={root}"))
    trace = gateway.functions.traces[-1] or ""
    assert re.fullmatch(rf"Root={root};Parent=[0-9a-f]{{16}};Sampled=1", trace)
    assert response.header("X-Amzn-Trace-Id") == trace


def test_answer_is_compressed_only_if_the_api_says_so(gateway: Gateway) -> None:
    accept = ("Accept-Encoding", "gzip")
    assert gateway.call(b'{"message":"a"}', accept).body == b"{}"
    gateway.served["rest_api"]["minimumCompressionSize"] = 0
    gateway.account.written()
    response = gateway.call(b'{"message":"a"}', accept)
    assert gzip.decompress(response.body) == b"{}"
    assert response.header("Content-Encoding") == "gzip"


def asks(origin: str, header: str = "Origin") -> str:
    return (
        f"#if($input.params('{header}') == '{origin}' || $input.params('x-at') == '{origin}')"
        f"#set($context.responseOverride.header.Access-Control-Allow-Origin = '{origin}')#end"
    )


def template(gateway: Gateway, text: str) -> None:
    """Let the mock fill in this template."""
    (answer,) = gateway.options["methodIntegration"]["integrationResponses"].values()
    answer["responseTemplates"] = {"application/json": text}


@pytest.mark.parametrize(
    ("headers", "named"),
    [
        ([("Origin", "https://a.example")], "https://a.example"),
        ([("Origin", "https://b.example")], "https://b.example"),
        ([("x-at", "https://b.example")], "https://b.example"),
        ([("origin", "https://b.example")], "https://app.example"),
        ([("Origin", "https://b.example.org")], "https://app.example"),
        ([], "https://app.example"),
    ],
)
def test_a_template_of_a_mock_replaces_a_header_on_a_condition(
    gateway: Gateway, headers: list[tuple[str, str]], named: str
) -> None:
    template(gateway, asks("https://a.example") + asks("https://b.example"))
    response = gateway.preflight(*headers)
    found = [value for name, value in response.headers if name == "Access-Control-Allow-Origin"]
    assert (response.status, response.body, gateway.account.said) == (204, b"", [])
    assert found == [named]


def test_a_header_that_a_template_sets_twice_is_an_error(gateway: Gateway) -> None:
    template(gateway, asks("https://a.example") * 2)
    assert gateway.preflight(("Origin", "https://a.example")).status == 500


def test_another_template_is_not_run_and_said_so(gateway: Gateway) -> None:
    template(gateway, asks("https://a.example") + "#foreach")
    gateway.preflight(("Origin", "https://a.example"))
    assert gateway.account.said == ["templates: only $context and $stageVariables are filled in"]
