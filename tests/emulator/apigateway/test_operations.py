"""API Gateway's operations on REST APIs, where moto's own do something else."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from emulator.apigateway import usage_log
from tests.emulator.conftest import LOGS, REGION, Emulator, client_of
from tests.emulator.rest_apis import change, mock_api
from tests.emulator.shown import refusal, shows, unique
from toolkit.rehearsal import EXISTS_ALREADY

NOT_FOUND = (404, "NotFoundException")

apis = client_of("apigateway")


@pytest.fixture
def api(apis: Any) -> str:
    made: str = apis.create_rest_api(name=unique("api"), tags={"a": "1"})["id"]
    return made


@pytest.fixture
def method(apis: Any) -> dict[str, str]:
    """Make POST /chat, a mock with one answer; return where it is."""
    return mock_api(apis, "chat")


@pytest.fixture
def stage(apis: Any, method: dict[str, str]) -> dict[str, str]:
    api = method["restApiId"]
    deployment = apis.create_deployment(restApiId=api)["id"]
    apis.create_stage(restApiId=api, stageName="v1", deploymentId=deployment)
    return {"restApiId": api, "stageName": "v1"}


@shows("apigateway:CreateRestApi", "apigateway:GetRestApi", "apigateway:GetRestApis",
       "apigateway:UpdateRestApi", "apigateway:DeleteRestApi")  # fmt: skip
def test_a_rest_api_takes_all_that_is_in_it_along(apis: Any, method: dict[str, str]) -> None:
    api = method["restApiId"]
    arn = f"arn:aws:apigateway:{REGION}::/restapis/{api}"
    apis.tag_resource(resourceArn=arn, tags={"a": "1"})
    apis.update_rest_api(restApiId=api, patchOperations=change("/description", "new"))
    read = apis.get_rest_api(restApiId=api)
    assert (read["description"], read["tags"]) == ("new", {"a": "1"})
    assert api in {one["id"] for one in apis.get_rest_apis(limit=500)["items"]}
    apis.delete_rest_api(restApiId=api)
    for attempt in (
        refusal(apis.get_rest_api, restApiId=api),
        refusal(apis.delete_rest_api, restApiId=api),
        refusal(apis.update_rest_api, restApiId=api, patchOperations=change("/name", "x")),
        refusal(apis.get_resources, restApiId=api),
        refusal(apis.get_method, **method),
    ):
        assert attempt[:2] == NOT_FOUND


@shows("apigateway:CreateResource", "apigateway:GetResource", "apigateway:GetResources",
       "apigateway:DeleteResource")  # fmt: skip
def test_resources_are_a_tree(apis: Any, method: dict[str, str]) -> None:
    api, chat = method["restApiId"], method["resourceId"]
    inner = apis.create_resource(restApiId=api, parentId=chat, pathPart="{id}")["id"]
    paths = {one["path"] for one in apis.get_resources(restApiId=api)["items"]}
    assert paths == {"/", "/chat", "/chat/{id}"}
    again = refusal(apis.create_resource, restApiId=api, parentId=chat, pathPart="{id}")
    assert again[:2] == (409, "ConflictException")
    assert apis.get_resource(restApiId=api, resourceId=inner)["parentId"] == chat
    apis.delete_resource(restApiId=api, resourceId=chat)
    for gone in (chat, inner):
        assert refusal(apis.get_resource, restApiId=api, resourceId=gone)[:2] == NOT_FOUND


@shows("apigateway:PutMethod", "apigateway:GetMethod", "apigateway:UpdateMethod",
       "apigateway:DeleteMethod", "apigateway:PutMethodResponse", "apigateway:GetMethodResponse",
       "apigateway:UpdateMethodResponse", "apigateway:DeleteMethodResponse",
       "apigateway:PutIntegration", "apigateway:GetIntegration", "apigateway:UpdateIntegration",
       "apigateway:DeleteIntegration", "apigateway:PutIntegrationResponse",
       "apigateway:GetIntegrationResponse", "apigateway:UpdateIntegrationResponse",
       "apigateway:DeleteIntegrationResponse")  # fmt: skip
def test_a_method_and_its_integration(apis: Any, method: dict[str, str]) -> None:
    answer = method | {"statusCode": "200"}
    header = "method.response.header.X"
    apis.update_method(**method, patchOperations=change("/apiKeyRequired", "true"))
    assert apis.get_method(**method)["apiKeyRequired"] is True
    declare = change(f"/responseParameters/{header}", "true", "add")
    apis.update_method_response(**answer, patchOperations=declare)
    assert apis.get_method_response(**answer)["responseParameters"] == {header: True}
    give = change(f"/responseParameters/{header}", "'x'", "add")
    apis.update_integration_response(**answer, patchOperations=give)
    assert apis.get_integration_response(**answer)["responseParameters"] == {header: "'x'"}
    apis.update_integration(**method, patchOperations=change("/timeoutInMillis", "1000"))
    assert apis.get_integration(**method)["timeoutInMillis"] == 1000
    for delete, get in (
        (apis.delete_integration_response, apis.get_integration_response),
        (apis.delete_method_response, apis.get_method_response),
    ):
        delete(**answer)
        assert refusal(get, **answer)[:2] == NOT_FOUND
        assert refusal(delete, **answer)[:2] == NOT_FOUND
    for delete, get in (
        (apis.delete_integration, apis.get_integration),
        (apis.delete_method, apis.get_method),
    ):
        delete(**method)
        assert refusal(get, **method)[:2] == NOT_FOUND


@shows("apigateway:CreateModel", "apigateway:GetModel", "apigateway:GetModels",
       "apigateway:UpdateModel", "apigateway:DeleteModel", "apigateway:CreateRequestValidator",
       "apigateway:GetRequestValidator", "apigateway:GetRequestValidators",
       "apigateway:UpdateRequestValidator", "apigateway:DeleteRequestValidator")  # fmt: skip
def test_models_and_validators(apis: Any, method: dict[str, str]) -> None:
    api = method["restApiId"]
    kind = {"contentType": "application/json", "schema": '{"type": "object"}'}
    apis.create_model(restApiId=api, name="Chat", **kind)
    again = refusal(apis.create_model, restApiId=api, name="Chat", **kind)
    assert again[:2] == (409, "ConflictException")
    at = {"restApiId": api, "modelName": "Chat"}
    apis.update_model(**at, patchOperations=change("/schema", '{"type": "array"}'))
    assert json.loads(apis.get_model(**at)["schema"]) == {"type": "array"}
    assert "Chat" in {one["name"] for one in apis.get_models(restApiId=api)["items"]}
    apis.update_method(**method, patchOperations=change("/requestModels/$default", "Chat", "add"))
    assert refusal(apis.delete_model, **at)[:2] == (409, "ConflictException")
    apis.update_method(**method, patchOperations=change("/requestModels/$default", op="remove"))
    apis.delete_model(**at)
    assert refusal(apis.get_model, **at)[:2] == NOT_FOUND

    made = apis.create_request_validator(restApiId=api, name="v", validateRequestBody=True)["id"]
    at = {"restApiId": api, "requestValidatorId": made}
    apis.update_request_validator(
        **at, patchOperations=change("/validateRequestParameters", "true")
    )
    read = apis.get_request_validator(**at)
    assert (read["validateRequestBody"], read["validateRequestParameters"]) == (True, True)
    assert [one["id"] for one in apis.get_request_validators(restApiId=api)["items"]] == [made]
    apis.delete_request_validator(**at)
    assert refusal(apis.get_request_validator, **at)[:2] == NOT_FOUND


@shows("apigateway:PutGatewayResponse", "apigateway:GetGatewayResponse",
       "apigateway:GetGatewayResponses", "apigateway:UpdateGatewayResponse",
       "apigateway:DeleteGatewayResponse")  # fmt: skip
def test_gateway_responses(apis: Any, api: str) -> None:
    at = {"restApiId": api, "responseType": "THROTTLED"}
    assert apis.get_gateway_response(**at)["defaultResponse"] is True
    apis.put_gateway_response(**at, statusCode="429", responseTemplates={"text/plain": "x"})
    read = apis.get_gateway_response(**at)
    assert (read["defaultResponse"], read["responseTemplates"]) == (False, {"text/plain": "x"})
    apis.update_gateway_response(**at, patchOperations=change("/statusCode", "503"))
    assert apis.get_gateway_response(**at)["statusCode"] == "503"
    listed = apis.get_gateway_responses(restApiId=api, limit=500)["items"]
    assert {one["responseType"] for one in listed if not one["defaultResponse"]} == {"THROTTLED"}
    apis.delete_gateway_response(**at)
    assert apis.get_gateway_response(**at)["defaultResponse"] is True


@shows("apigateway:CreateDeployment", "apigateway:GetDeployment", "apigateway:GetDeployments",
       "apigateway:UpdateDeployment", "apigateway:DeleteDeployment", "apigateway:CreateStage",
       "apigateway:GetStage", "apigateway:GetStages", "apigateway:UpdateStage",
       "apigateway:DeleteStage")  # fmt: skip
def test_deployments_and_stages(apis: Any, stage: dict[str, str]) -> None:
    api = {"restApiId": stage["restApiId"]}
    first = apis.get_stage(**stage)["deploymentId"]
    assert refusal(apis.create_stage, **stage, deploymentId=first)[:2] == (409, "ConflictException")
    second = apis.create_deployment(**api)["id"]
    apis.update_deployment(
        **api, deploymentId=second, patchOperations=change("/description", "new")
    )
    assert apis.get_deployment(**api, deploymentId=second)["description"] == "new"
    assert {one["id"] for one in apis.get_deployments(**api)["items"]} == {first, second}
    apis.update_stage(**stage, patchOperations=change("/deploymentId", second))
    assert apis.get_stage(**stage)["deploymentId"] == second
    assert [one["stageName"] for one in apis.get_stages(**api)["item"]] == ["v1"]
    served = refusal(apis.delete_deployment, **api, deploymentId=second)
    why = "Active stages pointing to this deployment must be moved or deleted"
    assert served == (400, "BadRequestException", why)
    apis.delete_deployment(**api, deploymentId=first)
    assert refusal(apis.get_deployment, **api, deploymentId=first)[:2] == NOT_FOUND
    apis.delete_stage(**stage)
    for call in (apis.get_stage, apis.delete_stage, apis.update_stage):
        assert refusal(call, **stage)[:2] == NOT_FOUND


@shows("apigateway:CreateApiKey", "apigateway:GetApiKey", "apigateway:GetApiKeys",
       "apigateway:UpdateApiKey", "apigateway:DeleteApiKey", "apigateway:CreateUsagePlan",
       "apigateway:GetUsagePlan", "apigateway:GetUsagePlans", "apigateway:UpdateUsagePlan",
       "apigateway:DeleteUsagePlan", "apigateway:CreateUsagePlanKey",
       "apigateway:GetUsagePlanKey", "apigateway:GetUsagePlanKeys",
       "apigateway:DeleteUsagePlanKey")  # fmt: skip
def test_keys_and_plans(apis: Any, stage: dict[str, str]) -> None:
    key = apis.create_api_key(name=unique("key"), enabled=True)["id"]
    apis.update_api_key(apiKey=key, patchOperations=change("/enabled", "false"))
    read = apis.get_api_key(apiKey=key)
    assert (read["enabled"], "value" in read) == (False, False)
    listed = apis.get_api_keys(includeValues=True, limit=500)["items"]
    assert next(one for one in listed if one["id"] == key)["value"]
    taken = apis.get_api_key(apiKey=key, includeValue=True)["value"]
    again = refusal(apis.create_api_key, name=unique(), value=taken)
    assert again[:2] == (409, "ConflictException")

    served = {"apiId": stage["restApiId"], "stage": "v1"}
    plan = apis.create_usage_plan(name=unique("plan"), apiStages=[served])["id"]
    at = {"usagePlanId": plan, "keyId": key}
    apis.create_usage_plan_key(**at, keyType="API_KEY")
    twice = refusal(apis.create_usage_plan_key, **at, keyType="API_KEY")
    assert twice[:2] == (409, "ConflictException")
    assert EXISTS_ALREADY.search(twice[2])  # a rehearsal whose apply was cut short starts afresh
    assert apis.get_usage_plan_key(**at)["id"] == key
    listed = apis.get_usage_plan_keys(usagePlanId=plan)["items"]
    assert [one["id"] for one in listed] == [key]
    held = refusal(apis.delete_usage_plan, usagePlanId=plan)
    assert held[:2] == (400, "BadRequestException")  # its stages must go first
    gone = change("/apiStages", f"{served['apiId']}:v1", "remove")
    apis.update_usage_plan(usagePlanId=plan, patchOperations=gone)
    assert apis.get_usage_plan(usagePlanId=plan)["apiStages"] == []
    assert plan in {one["id"] for one in apis.get_usage_plans(limit=500)["items"]}
    apis.delete_usage_plan_key(**at)
    assert refusal(apis.get_usage_plan_key, **at)[:2] == NOT_FOUND
    apis.delete_usage_plan(usagePlanId=plan)
    apis.delete_api_key(apiKey=key)
    assert refusal(apis.get_usage_plan, usagePlanId=plan)[:2] == NOT_FOUND
    assert refusal(apis.get_api_key, apiKey=key)[:2] == NOT_FOUND
    assert refusal(apis.delete_api_key, apiKey=key)[:2] == NOT_FOUND


@shows("apigateway:GetAccount", "apigateway:UpdateAccount")
def test_the_account_has_one_log_role(emulator: Emulator, apis: Any) -> None:
    before = apis.get_account().get("cloudwatchRoleArn") or ""
    role = emulator.role(unique("gateway"), LOGS)["Arn"]
    apis.update_account(patchOperations=change("/cloudwatchRoleArn", role))
    assert apis.get_account()["cloudwatchRoleArn"] == role
    apis.update_account(patchOperations=change("/cloudwatchRoleArn", ""))
    assert not apis.get_account().get("cloudwatchRoleArn")
    if before:
        apis.update_account(patchOperations=change("/cloudwatchRoleArn", before))


@shows("apigateway:TagResource", "apigateway:UntagResource", "apigateway:GetTags")
def test_apis_stages_keys_and_plans_have_tags(apis: Any, stage: dict[str, str]) -> None:
    api, tags = stage["restApiId"], {"a": "1", "b": "2"}
    key = apis.create_api_key(name=unique("key"))["id"]
    plan = apis.create_usage_plan(name=unique("plan"))["id"]
    root = f"arn:aws:apigateway:{REGION}::"
    read: dict[str, Any] = {
        f"/restapis/{api}": lambda: apis.get_rest_api(restApiId=api),
        f"/restapis/{api}/stages/v1": lambda: apis.get_stage(**stage),
        f"/apikeys/{key}": lambda: apis.get_api_key(apiKey=key),
        f"/usageplans/{plan}": lambda: apis.get_usage_plan(usagePlanId=plan),
    }
    for path, get in read.items():
        apis.tag_resource(resourceArn=root + path, tags=tags)
        apis.untag_resource(resourceArn=root + path, tagKeys=["a"])
        assert apis.get_tags(resourceArn=root + path)["tags"] == {"b": "2"}
        assert get()["tags"] == {"b": "2"}
    absent = refusal(apis.tag_resource, resourceArn=f"{root}/restapis/none", tags=tags)
    assert absent[:2] == NOT_FOUND


@pytest.fixture
def quota(apis: Any) -> tuple[str, str]:
    """Make a usage plan with a quota of ten a month, and a key on it."""
    quota = {"limit": 10, "period": "MONTH"}
    plan_id = apis.create_usage_plan(name=unique("plan"), quota=quota)["id"]
    key_id = apis.create_api_key(name=unique("key"), enabled=True)["id"]
    apis.create_usage_plan_key(usagePlanId=plan_id, keyId=key_id, keyType="API_KEY")
    return plan_id, key_id


@shows("apigateway:GetUsage")
def test_a_plans_usage_is_listed_by_day(apis: Any, quota: tuple[str, str]) -> None:
    plan_id, key_id = quota
    today = datetime.now(UTC).replace(hour=12)
    before = today - timedelta(days=2)
    for when in (before, before, today):
        usage_log.note(plan_id, key_id, when.timestamp())
    days = {"startDate": f"{before:%Y-%m-%d}", "endDate": f"{today + timedelta(days=3):%Y-%m-%d}"}
    returned = apis.get_usage(usagePlanId=plan_id, **days)
    assert (returned["startDate"], returned["endDate"]) == (days["startDate"], days["endDate"])
    left = 7 if before.month == today.month else 9
    used, remaining = zip(*returned["items"][key_id], strict=True)
    assert used == (2, 0, 1)
    assert (remaining[0], remaining[-1]) == (8, left)
    other = apis.get_usage(usagePlanId=plan_id, keyId="other", **days)
    assert "items" not in other or other["items"] == {}


def test_no_usage_of_a_plan_that_is_not_there(apis: Any, quota: tuple[str, str]) -> None:
    usage = apis.get_usage
    days = {"startDate": "2026-11-01", "endDate": "2026-11-02"}
    assert refusal(usage, usagePlanId="nowhere", **days)[:2] == NOT_FOUND
    for wrong in ({"startDate": "1 November"}, {"endDate": "2026-10-31"}):
        returned = refusal(usage, usagePlanId=quota[0], **days | wrong)
        assert returned[:2] == (400, "BadRequestException")
