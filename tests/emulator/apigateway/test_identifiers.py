"""API Gateway's API says of what is not there, and of patches, what AWS was recorded to say.

Source: localstack/localstack, tests/aws/services/apigateway/test_apigateway_api.snapshot.json,
test_apigateway_common.snapshot.json and test_apigateway_integrations.snapshot.json.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator.conftest import ACCOUNT, client_of
from tests.emulator.rest_apis import change, mock_api
from tests.emulator.shown import refusal

BAD, MISSING = (400, "BadRequestException"), (404, "NotFoundException")
TAKEN, INVALID = (409, "ConflictException"), (400, "ValidationException")
API = f"Invalid API identifier specified {ACCOUNT}:none"
AUTHORIZER = (
    "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or"
    " COGNITO_USER_POOLS requires a valid authorizer."
)
COMPRESSION = "Invalid minimum compression size, must be between 0 and 10485760"
FAILED = "failed to satisfy constraint"
INTEGRATION = "Invalid Integration identifier specified"
MAPPING = (
    "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid"
    " mapping expression specified: true]"
)
METHOD = "Invalid Method identifier specified"
MODEL = "Invalid model name specified: Nope"
ONLY_REPLACE = "Invalid patch operation specified. Must be one of: [replace]"
OPS = "Member must satisfy enum value set: [add, remove, move, test, replace, copy]"
PARAMETER = "Invalid parameter name specified"
RESOURCE = "Invalid Resource identifier specified"
STATUS = "Invalid Response status code specified"
TYPES = (
    "Member must satisfy enum value set: [REQUEST_TOO_LARGE, RESOURCE_NOT_FOUND,"
    " AUTHORIZER_CONFIGURATION_ERROR, MISSING_AUTHENTICATION_TOKEN, BAD_REQUEST_BODY,"
    " INVALID_SIGNATURE, INVALID_API_KEY, BAD_REQUEST_PARAMETERS, AUTHORIZER_FAILURE,"
    " UNAUTHORIZED, INTEGRATION_TIMEOUT, ACCESS_DENIED, DEFAULT_4XX, DEFAULT_5XX, WAF_FILTERED,"
    " QUOTA_EXCEEDED, THROTTLED, API_CONFIGURATION_ERROR, UNSUPPORTED_MEDIA_TYPE,"
    " INTEGRATION_FAILURE, EXPIRED_TOKEN]"
)
VALIDATOR = "Invalid Request Validator identifier specified"

NONE = {"restApiId": "none"}
OTHER = {"resourceId": "none00"}
PUT = {"httpMethod": "PUT"}
NO_STATUS = {"statusCode": "404"}

apis = client_of("apigateway")


@pytest.fixture(scope="module")
def names(apis: Any) -> Iterator[dict[str, Any]]:
    """An API with POST / (a mock with one response) and PUT / (no integration)."""
    at = mock_api(apis)
    api, root = at["restApiId"], at["resourceId"]
    apis.create_model(
        restApiId=api, name="Chat", contentType="application/json", schema='{"type": "object"}'
    )
    apis.put_method(**at | PUT, authorizationType="NONE")
    validator = apis.create_request_validator(restApiId=api, name="v")["id"]
    greedy = apis.create_resource(restApiId=api, parentId=root, pathPart="{proxy+}")["id"]
    deployment = apis.create_deployment(restApiId=api, stageName="s1")["id"]
    yield at | {
        "statusCode": "200",
        "modelName": "Chat",
        "requestValidatorId": validator,
        "stageName": "s1",
        "deploymentId": deployment,
        "parentId": root,
        "greedy": greedy,
        "responseType": "THROTTLED",
    }
    apis.delete_rest_api(restApiId=api)


def patch(op: str, path: str | None, value: str | None = None) -> dict[str, Any]:
    return {"patchOperations": change(path, value, op)}


def replaced(path: str, op: str, allowed: str) -> str:
    return f"Invalid patch path  '{path}' specified for op '{op}'. {allowed}"


CHOOSE = "Please choose supported operations"


@pytest.mark.parametrize(
    ("operation", "wrong", "error", "says"),
    [
        # what is not there
        ("get_rest_api", NONE, MISSING, API),
        ("update_rest_api", NONE | patch("replace", "/name", "x"), MISSING, API),
        ("delete_rest_api", NONE, MISSING, API),
        ("get_models", NONE, MISSING, API),
        ("get_request_validators", NONE, MISSING, API),
        ("get_gateway_responses", NONE, MISSING, API),
        ("get_gateway_response", NONE, MISSING, API),
        ("delete_gateway_response", NONE, MISSING, API),
        ("update_gateway_response", NONE | patch("replace", "/statusCode", "400"), MISSING, API),
        ("create_model", NONE | {"name": "M", "contentType": "application/json", "schema": "{}"},
         MISSING, API),
        ("create_request_validator", NONE | {"name": "x"}, BAD,
         "Invalid REST API identifier specified"),
        ("get_model", {"modelName": "Nope"}, MISSING, MODEL),
        ("get_model", NONE | {"modelName": "Nope"}, MISSING, MODEL),
        ("delete_model", NONE | {"modelName": "Nope"}, MISSING, MODEL),
        ("update_model", {"modelName": "Nope"} | patch("replace", "/schema", "{}"), MISSING, MODEL),
        ("get_request_validator", NONE, MISSING, VALIDATOR),
        ("get_request_validator", {"requestValidatorId": "none"}, MISSING, VALIDATOR),
        ("delete_request_validator", {"requestValidatorId": "none"}, MISSING, VALIDATOR),
        ("get_resource", OTHER, MISSING, RESOURCE),
        ("delete_resource", OTHER, MISSING, RESOURCE),
        ("create_resource", {"parentId": "none00", "pathPart": "x"}, MISSING, RESOURCE),
        ("put_method", NONE | {"authorizationType": "NONE"}, MISSING, RESOURCE),
        ("put_method", OTHER | {"authorizationType": "NONE"}, MISSING, RESOURCE),
        ("get_method", {"httpMethod": "GET"}, MISSING, METHOD),
        ("delete_method", {"httpMethod": "GET"}, MISSING, METHOD),
        ("update_method", {"httpMethod": "GET"} | patch("replace", "/operationName", "x"), MISSING,
         METHOD),
        ("put_integration", OTHER | {"type": "MOCK"}, MISSING, RESOURCE),
        ("put_integration", {"httpMethod": "GET", "type": "MOCK"}, MISSING, METHOD),
        ("get_integration", NONE, MISSING, RESOURCE),
        ("get_integration", {"httpMethod": "GET"}, MISSING, METHOD),
        ("get_integration", PUT, MISSING, INTEGRATION),
        ("put_integration_response", NONE, MISSING, RESOURCE),
        ("put_integration_response", {"httpMethod": "GET"}, MISSING, METHOD),
        ("get_integration_response", {"httpMethod": "GET"}, MISSING, METHOD),
        ("get_integration_response", PUT, MISSING, INTEGRATION),
        ("get_integration_response", NO_STATUS, MISSING, STATUS),
        ("delete_integration_response", {"httpMethod": "GET"}, MISSING, INTEGRATION),
        ("delete_integration_response", NO_STATUS, MISSING, STATUS),
        ("update_method_response", NO_STATUS | patch("add", "/responseModels/a~1b", "Empty"),
         MISSING, STATUS),
        ("delete_gateway_response", {}, MISSING, "Gateway response type not defined on api"),
        ("get_usage_plan", {"usagePlanId": "none00"}, MISSING, "Invalid Usage Plan ID specified"),
        ("delete_usage_plan", {"usagePlanId": "none00"}, MISSING,
         "Invalid Usage Plan ID specified"),
        ("get_api_key", {"apiKey": "none000000"}, MISSING, "Invalid API Key identifier specified"),
        ("get_stage", {"stageName": "none"}, MISSING, "Invalid stage identifier specified"),
        ("get_deployment", {"deploymentId": "none00"}, MISSING,
         "Invalid Deployment identifier specified"),
        # what may not be made
        ("create_rest_api", {"name": "x", "description": ""}, BAD,
         "Description cannot be an empty string"),
        ("create_rest_api", {"name": "x", "minimumCompressionSize": -1}, BAD, COMPRESSION),
        ("create_rest_api", {"name": "x", "endpointConfiguration": {"types": ["EDGE", "REGIONAL"]}},
         BAD, "Cannot create an api with multiple Endpoint Types."),
        ("create_model", {"name": "", "contentType": "application/json"}, BAD,
         "Model name must be non-empty"),
        ("create_model", {"name": "New", "contentType": "application/json", "schema": ""}, BAD,
         "Model schema must have at least 1 property or array items defined"),
        ("create_model", {"name": "New", "contentType": "application/xml"}, BAD,
         "Model schema must have at least 1 property or array items defined"),
        ("create_model", {"name": "Empty", "contentType": "application/json", "schema": "{}"},
         TAKEN, "Model name already exists for this REST API"),
        ("put_method", {"authorizationType": "NONE", "requestParameters": {
            "method.request.header.a": True, "method.request.querystring.a": True}}, BAD,
         "Parameter names must be unique across querystring, header and path"),
        ("put_method", {"authorizationType": "COGNITO_USER_POOLS"}, BAD, AUTHORIZER),
        ("put_integration", {"type": "MOCK", "requestParameters": {
            "integration.request.header.a": "true"}}, BAD, MAPPING),
        ("put_integration", {"type": "AWS"}, BAD,
         "Enumeration value for HttpMethod must be non-empty"),
        ("put_integration", {"type": "HTTP", "integrationHttpMethod": "POST", "uri": "nope"}, BAD,
         "Invalid HTTP endpoint specified for URI"),
        # patches
        ("update_model", patch("add", "/wrong-path", "x"), BAD,
         replaced("/wrong-path", "add", CHOOSE)),
        ("update_model", patch("replace", "/name", "x"), BAD,
         replaced("/name", "replace", "Must be one of: [/description, /schema]")),
        ("update_model", patch("replace", "/schema", ""), BAD,
         "Model schema must have at least 1 property or array items defined"),
        ("update_request_validator", patch("remove", "/validateRequestBody"), BAD,
         replaced("/validateRequestBody", "remove", CHOOSE)),
        ("update_request_validator", patch("replace", "/invalidPath", "x"), BAD,
         replaced("/invalidPath", "replace",
                  "Must be one of: [/name, /validateRequestParameters, /validateRequestBody]")),
        ("update_request_validator", patch("replace", "/name", ""), BAD,
         "Request Validator name cannot be blank"),
        ("update_method", patch("add", "/authorizationType", "NONE"), BAD, ONLY_REPLACE),
        ("update_method", patch("replace", "/httpMethod", "GET"), BAD,
         "Invalid patch path /httpMethod"),
        ("update_method", patch("add", "/requestModels/application/json", "Empty"), BAD,
         "Invalid patch path /requestModels/application/json"),
        ("update_method", patch("replace", "/authorizationType", "CUSTOM"), BAD, AUTHORIZER),
        ("update_method", patch("replace", "/requestValidatorId", "none"), BAD, VALIDATOR),
        ("update_method_response", patch("add", "/wrong/method.response.header.a", "true"), BAD,
         "Invalid patch path /wrong/method.response.header.a"),
        ("update_method_response", patch("remove", "/responseParameters/x"), MISSING, PARAMETER),
        ("update_method_response", patch("remove", "/responseModels/x"), MISSING,
         "Content-Type specified was not found"),
        ("update_gateway_response", patch("add", "/statusCode", "400"), BAD,
         "Invalid patch path /statusCode"),
        ("update_gateway_response", patch("replace", "/wrongPath", "x"), BAD,
         "Invalid patch path /wrongPath"),
        ("update_gateway_response", patch("replace", None), BAD, "Invalid patch path null"),
        ("update_gateway_response", patch("replace", "/responseParameters/gatewayresponse.header.X",
         "'x'"), MISSING, PARAMETER),
        ("update_gateway_response", patch("add", "/responseTemplates/a~1b"), BAD,
         "Invalid null or empty value in responseTemplates"),
        ("update_rest_api", patch("replace", "/minimumCompressionSize", "x"), BAD, COMPRESSION),
        ("update_rest_api", patch("remove", "/minimumCompressionSize"), BAD, ONLY_REPLACE),
        ("update_rest_api", patch("add", "/binaryMediaTypes", "x"), BAD,
         "Invalid patch path /binaryMediaTypes"),
        ("update_stage", patch("remove", "/*/*"), BAD,
         "Cannot remove method setting */* because there is no method setting for this method "),
        # what AWS's model forbids
        ("get_gateway_response", {"responseType": "FAKE"}, INVALID,
         f"1 validation error detected: Value 'FAKE' at 'responseType' {FAILED}: {TYPES}"),
        ("update_method_response", NO_STATUS | patch("wrong_op", "/x"), INVALID,
         ("1 validation error detected: Value 'wrong_op' at"
         f" 'updateMethodResponseInput.patchOperations.1.member.op' {FAILED}: {OPS}")),
        ("update_method_response", {"statusCode": "wrong"} | patch("wrong_op", "/x"), INVALID,
         ("2 validation errors detected: Value 'wrong_op' at"
         f" 'updateMethodResponseInput.patchOperations.1.member.op' {FAILED}: {OPS}; Value 'wrong'"
         f" at 'statusCode' {FAILED}: Member must satisfy regular expression pattern:"
         " [1-5]\\d\\d")),
        ("create_rest_api", {"name": "x", "endpointConfiguration": {"types": ["wrong"],
         "ipAddressType": "wrong"}}, INVALID, ("2 validation errors detected: Value '[wrong]' at"
         f" 'createRestApiInput.endpointConfiguration.types' {FAILED}: Member must satisfy"
         " constraint: [Member must satisfy enum value set: [PRIVATE, EDGE, REGIONAL]]; Value"
         f" 'wrong' at 'createRestApiInput.endpointConfiguration.ipAddressType' {FAILED}: Member"
         " must satisfy enum value set: [ipv4, dualstack]")),
    ],
)  # fmt: skip
def test_refusals_are_in_the_words_of_aws(
    apis: Any,
    names: dict[str, Any],
    *,
    operation: str,
    wrong: dict[str, Any],
    error: tuple[int, str],
    says: str,
) -> None:
    call = getattr(apis, operation)
    shape = apis.meta.service_model.operation_model(
        apis.meta.method_to_api_mapping[operation]
    ).input_shape
    needed = {name: names[name] for name in shape.required_members if name in names}
    assert refusal(call, **needed | wrong) == (*error, says)


def test_a_stage_names_the_paths_that_a_patch_may_have(apis: Any, names: dict[str, Any]) -> None:
    with pytest.raises(ClientError) as error:
        apis.update_stage(
            restApiId=names["restApiId"], stageName="s1", **patch("replace", "/tags/tag1", "x")
        )
    said = error.value.response["Error"]["Message"]
    assert said.startswith(
        "Invalid method setting path: /tags/tag1. Must be one of: [/deploymentId"
    )
    assert "/throttling/burstLimit/{resourcePath}/{httpMethod}/throttling/rateLimit/{reso" in said
    assert said.endswith(
        "/*/*/caching/unauthorizedCacheControlHeaderStrategy, /variables/{variable_name},"
        " /tracingEnabled]"
    )


def test_gateway_responses_take_what_they_lack_from_their_class(
    apis: Any, names: dict[str, Any]
) -> None:
    """Recorded in test_gateway_response_put and test_update_gateway_response."""
    api = {"restApiId": names["restApiId"]}
    header = {"gatewayresponse.header.a": "'b'"}
    apis.put_gateway_response(
        **api, responseType="DEFAULT_5XX", statusCode="599", responseParameters=header
    )
    inherited = apis.get_gateway_response(**api, responseType="API_CONFIGURATION_ERROR")
    assert (inherited["statusCode"], inherited["responseParameters"]) == ("599", header)
    assert inherited["defaultResponse"] is True
    own = apis.put_gateway_response(**api, responseType="AUTHORIZER_FAILURE")
    assert (own["statusCode"], own["responseParameters"]) == ("500", {})
    assert own["defaultResponse"] is False
    changed = apis.update_gateway_response(
        **api, responseType="DEFAULT_4XX", **patch("replace", "/statusCode", "444")
    )
    assert changed["statusCode"] == "444"
    apis.delete_gateway_response(**api, responseType="DEFAULT_4XX")
    read = apis.get_gateway_response(**api, responseType="DEFAULT_4XX")
    assert (read["defaultResponse"], read.get("statusCode")) == (True, None)


def test_a_resource_takes_what_is_below_it_along(apis: Any, names: dict[str, Any]) -> None:
    api = {"restApiId": names["restApiId"]}
    above = apis.create_resource(**api, parentId=names["parentId"], pathPart="above")["id"]
    below = apis.create_resource(**api, parentId=above, pathPart="below")["id"]
    apis.delete_resource(**api, resourceId=above)
    with pytest.raises(ClientError, match=RESOURCE):
        apis.get_resource(**api, resourceId=below)
    assert apis.get_resources(**api)["items"]


def test_settings_of_a_method_are_gone_once_removed(apis: Any, names: dict[str, Any]) -> None:
    stage = {"restApiId": names["restApiId"], "stageName": "s1"}
    apis.update_stage(**stage, **patch("replace", "/*/*/throttling/burstLimit", "1"))
    assert apis.get_stage(**stage)["methodSettings"]["*/*"]["throttlingBurstLimit"] == 1
    apis.update_stage(**stage, **patch("remove", "/*/*"))
    assert apis.get_stage(**stage)["methodSettings"] == {}


def test_a_patch_of_no_value_is_false(apis: Any, names: dict[str, Any]) -> None:
    validator = {name: names[name] for name in ("restApiId", "requestValidatorId")}
    path = "/validateRequestBody"
    read = apis.update_request_validator(**validator, **patch("replace", path, "true"))
    assert read["validateRequestBody"] is True
    read = apis.update_request_validator(**validator, **patch("replace", path))
    assert read["validateRequestBody"] is False
