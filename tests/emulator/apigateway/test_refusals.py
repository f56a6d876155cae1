"""API Gateway's API takes nothing that could not work once it is deployed."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.emulator.conftest import LOGS, Emulator, client_of
from tests.emulator.rest_apis import change, mock_api
from tests.emulator.shown import refusal

HEADER = "method.response.header.Access-Control-Allow-Origin"

apis = client_of("apigateway")


@pytest.fixture
def at(apis: Any) -> Iterator[dict[str, str]]:
    """Make GET / of a new API, a mock with one declared header; yield where it is."""
    place = mock_api(apis, verb="GET", declared={HEADER: True})
    yield place
    apis.delete_rest_api(restApiId=place["restApiId"])


def refused(call: Any, **arguments: Any) -> str:
    _, code, message = refusal(call, **arguments)
    assert code == "BadRequestException"
    return message


@pytest.mark.parametrize(
    "value", ["https://a.example", "'a", "'a','b'", "*", "integration.request.header.x", ""]
)
def test_a_header_needs_a_text_in_quotes_or_an_expression(
    apis: Any, at: dict[str, str], value: str
) -> None:
    said = refused(
        apis.put_integration_response, **at, statusCode="200", responseParameters={HEADER: value}
    )
    assert said.endswith(f"errors : [Invalid mapping expression specified: {value}]")
    own = {"gatewayresponse.header.Access-Control-Allow-Origin": value}
    said = refused(
        apis.put_gateway_response,
        restApiId=at["restApiId"],
        responseType="THROTTLED",
        responseParameters=own,
    )
    assert said.endswith(f"errors : [Invalid mapping expression specified: {value}]")


@pytest.mark.parametrize(
    ("of_integration", "of_gateway"),
    [
        ("'https://a.example'", "'https://a.example'"),
        ("'*'", "''"),
        ("context.requestId", "context.requestId"),
        ("stageVariables.a", "stageVariables.a"),
        ("integration.response.header.X", "method.request.header.Origin"),
        ("integration.response.body.a", "method.request.querystring.a"),
    ],
)
def test_texts_and_expressions_are_taken(
    apis: Any, at: dict[str, str], of_integration: str, of_gateway: str
) -> None:
    apis.put_integration_response(
        **at, statusCode="200", responseParameters={HEADER: of_integration}
    )
    apis.put_gateway_response(
        restApiId=at["restApiId"],
        responseType="THROTTLED",
        responseParameters={"gatewayresponse.header.X": of_gateway},
    )


def test_a_header_must_be_declared(apis: Any, at: dict[str, str]) -> None:
    other = "method.response.header.X-Other"
    said = refused(
        apis.put_integration_response, **at, statusCode="200", responseParameters={other: "'x'"}
    )
    assert said.endswith(f"[Invalid mapping expression parameter specified: {other}]")


@pytest.mark.parametrize("schema", ["{", "[]", '{"required": []}', '{"type": "text"}', "[" * 9000])
def test_a_model_must_be_a_schema_of_draft_4(apis: Any, at: dict[str, str], schema: str) -> None:
    model = {"restApiId": at["restApiId"], "contentType": "application/json"}
    said = refused(apis.create_model, **model, name="Bad", schema=schema)
    assert "Invalid modelschema specified" in said
    apis.create_model(**model, name="Good", schema='{"type": "object", "required": ["a"]}')
    good = {"restApiId": at["restApiId"], "modelName": "Good"}
    said = refused(apis.update_model, **good, patchOperations=change("/schema", schema))
    assert "Invalid modelschema specified" in said


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("/accessLogSettings/destinationArn", "arn:aws:logs:us-east-2:123456789012:log-group:x"),
        ("/*/*/logging/loglevel", "ERROR"),
    ],
)
def test_logs_need_the_accounts_role(
    emulator: Emulator, apis: Any, at: dict[str, str], path: str, value: str
) -> None:
    def name_role(arn: str) -> None:
        apis.update_account(patchOperations=change("/cloudwatchRoleArn", arn))

    def role(statements: list[dict[str, Any]]) -> str:
        return str(emulator.role(f"gateway-{uuid.uuid4()}", statements)["Arn"])

    before = apis.get_account().get("cloudwatchRoleArn") or ""
    deployment = apis.create_deployment(restApiId=at["restApiId"])["id"]
    stage = {"restApiId": at["restApiId"], "stageName": "v1"}
    apis.create_stage(**stage, deploymentId=deployment)
    on = change(path, value)
    name_role("")
    try:
        said = refused(apis.update_stage, **stage, patchOperations=on)
        assert said == "CloudWatch Logs role ARN must be set in account settings to enable logging"
        apis.update_stage(**stage, patchOperations=change("/*/*/logging/loglevel", "OFF"))
        for bad in (role([]), "arn:aws:iam::123456789012:role/none"):
            said = refused(apis.update_account, patchOperations=change("/cloudwatchRoleArn", bad))
            assert said.startswith("The role ARN does not have required permissions configured.")
        name_role(role(LOGS))
        apis.update_stage(**stage, patchOperations=on)
    finally:
        name_role(before)


@pytest.mark.parametrize(
    ("operation", "wrong", "code", "says"),
    [
        ("create_resource", {"parentId": "absent", "pathPart": "b"}, "NotFoundException",
         "Invalid Resource identifier specified"),
        ("create_resource", {"pathPart": "a"}, "ConflictException",
         "Another resource with the same parent already has this name: a"),
        ("put_method", {"httpMethod": "LOOK"}, "BadRequestException", "Invalid HttpMethod"),
        ("put_method", {"requestValidatorId": "absent"}, "BadRequestException",
         "Invalid Request Validator identifier specified"),
        ("put_method", {"requestModels": {"$default": "Absent"}}, "BadRequestException",
         "Invalid model identifier specified: Absent"),
        ("update_method",
         {"patchOperations": change("/requestModels/application~1json", "Absent", "add")},
         "BadRequestException", "Invalid model identifier specified: Absent"),
        ("put_integration", {"timeoutInMillis": 29_001}, "BadRequestException",
         "Timeout should be between 50 ms and 29000 ms"),
        ("put_integration", {"timeoutInMillis": 49}, "BadRequestException",
         "Timeout should be between 50 ms and 29000 ms"),
        ("update_integration", {"patchOperations": change("/timeoutInMillis", "long")},
         "BadRequestException", "Timeout should be between 50 ms and 29000 ms"),
        ("create_stage", {"stageName": "v 1"}, "BadRequestException",
         "Stage name only allows a-zA-Z0-9_-"),
        ("create_stage", {"deploymentId": "absent"}, "NotFoundException",
         "Invalid Deployment identifier specified"),
        ("create_usage_plan", {"apiStages": [{"apiId": "absent", "stage": "v1"}]},
         "NotFoundException", "API Stage not found: absent:v1"),
        ("create_usage_plan", {"apiStages": [{}]}, "NotFoundException", "API Stage not found: :"),
    ],
)  # fmt: skip
def test_what_is_not_there_cannot_be_referred_to(
    apis: Any, at: dict[str, str], *, operation: str, wrong: dict[str, Any], code: str, says: str
) -> None:
    api, root = at["restApiId"], at["resourceId"]
    apis.create_resource(restApiId=api, parentId=root, pathPart="a")
    apis.create_model(
        restApiId=api, name="Chat", contentType="application/json", schema='{"type": "object"}'
    )
    deployment = apis.create_deployment(restApiId=api)["id"]
    validator = apis.create_request_validator(restApiId=api, name="all")["id"]
    put = at | {"httpMethod": "PUT", "authorizationType": "NONE"}
    right: dict[str, dict[str, Any]] = {
        "create_resource": {"restApiId": api, "parentId": root, "pathPart": "c"},
        "put_method": put
        | {"requestValidatorId": validator, "requestModels": {"$default": "Empty", "a/b": "Chat"}},
        "update_method": at
        | {"patchOperations": change("/requestModels/$default", "Error", "add")},
        "put_integration": at | {"type": "MOCK", "timeoutInMillis": 29_000},
        "update_integration": at | {"patchOperations": change("/timeoutInMillis", "50")},
        "create_stage": {"restApiId": api, "stageName": "v-1_a", "deploymentId": deployment},
        "create_usage_plan": {"name": "plan", "apiStages": [{"apiId": api, "stage": "v1"}]},
    }
    apis.create_stage(restApiId=api, stageName="v1", deploymentId=deployment)
    refused = refusal(getattr(apis, operation), **right[operation] | wrong)
    assert refused[1] == code
    assert says in refused[2]
    getattr(apis, operation)(**right[operation])
    assert apis.get_resources(restApiId=api)["items"]
