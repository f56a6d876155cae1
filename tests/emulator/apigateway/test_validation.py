"""Bodies and parameters against the API's models, refused in AWS's words."""

import json

import pytest

from tests.emulator.apigateway.serving import JSON, Gateway, error_type


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
    gateway.account.written()
    assert gateway.call(b"not json", ("Content-Type", "text/plain")).status == 200
    assert (
        gateway.call(b"not json", ("Content-Type", "application/json; charset=utf-8")).status == 400
    )


def test_every_api_has_an_empty_model_and_none_that_is_not_there(gateway: Gateway) -> None:
    gateway.post["requestModels"] = {"$default": "Empty"}
    assert [gateway.call(body).status for body in (b'{"a":1}', b"[]")] == [200, 400]
    gateway.post["requestModels"] = {"$default": "Absent"}
    gateway.account.written()
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
    assert (gateway.call(query="lang=").status, gateway.call(query="lang=en").status) == (400, 200)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("", 'object has missing required properties (["message"])'),
        ("{}", 'object has missing required properties (["message"])'),
        ("[]",
         'instance type (array) does not match any allowed primitive type (allowed: ["object"])'),
        ('{"message":""}', 'string "" is too short (length: 0, required minimum: 1)'),
        ('{"message":"Grüße, Anna!"}',
         'string "Grüße, Anna!" is too long (length: 12, maximum allowed: 10)'),
        ('{"message":"a","b":1,"c":2}',
         'object instance has properties which are not allowed by the schema: ["b","c"]'),
    ],
)  # fmt: skip
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
