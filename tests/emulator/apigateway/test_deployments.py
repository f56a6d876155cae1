"""What is served is the deployed snapshot; what is not deployed changes in place."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.emulator.conftest import Emulator
from tests.emulator.rest_apis import change, mock_api
from tests.emulator.shown import unique


@pytest.fixture
def api(emulator: Emulator) -> str:
    """Make an API with one mock method, a model and a gateway response, not deployed yet."""
    apis = emulator.client("apigateway")
    at = mock_api(apis, "chat", apiKeyRequired=True)
    api = {"restApiId": at["restApiId"]}
    model = {"contentType": "application/json", "schema": '{"maxLength": 1}'}
    apis.create_model(**api, name="Chat", **model)
    apis.update_method(**at, patchOperations=change("/requestModels/$default", "Chat", "add"))
    apis.put_gateway_response(**api, responseType="THROTTLED", statusCode="429")
    return api["restApiId"]


def deploy(emulator: Emulator, api: str) -> str:
    deployment: str = emulator.client("apigateway").create_deployment(restApiId=api)["id"]
    return deployment


def chat_method(served: Mapping[str, Any]) -> dict[str, Any]:
    [resource] = [each for each in served["resources"] if each["path"] == "/chat"]
    method: dict[str, Any] = resource["resourceMethods"]["POST"]
    return method


def test_only_the_deployed_snapshot_is_served(emulator: Emulator, api: str) -> None:
    apis = emulator.client("apigateway")
    assert emulator.server.app.door.deployments.served(api, "v1") is None
    first = deploy(emulator, api)
    apis.create_stage(restApiId=api, stageName="v1", deploymentId=first)
    served = emulator.server.app.door.deployments.served(api, "v1")
    assert served is not None
    assert (served["stage"]["deploymentId"], chat_method(served)["apiKeyRequired"]) == (first, True)
    assert chat_method(served)["methodIntegration"]["type"] == "MOCK"
    assert json.loads(served["models"]["Chat"]) == {"maxLength": 1}
    assert served["gateway_responses"]["THROTTLED"]["statusCode"] == "429"

    resource = next(each["id"] for each in served["resources"] if each["path"] == "/chat")
    at = {"restApiId": api, "resourceId": resource, "httpMethod": "POST"}
    apis.update_method(**at, patchOperations=change("/apiKeyRequired", "false"))
    schema = change("/schema", '{"maxLength": 2}')
    apis.update_model(restApiId=api, modelName="Chat", patchOperations=schema)
    apis.delete_gateway_response(restApiId=api, responseType="THROTTLED")
    stage = {"restApiId": api, "stageName": "v1"}
    apis.update_stage(**stage, patchOperations=change("/description", "live"))
    served = emulator.server.app.door.deployments.served(api, "v1")
    assert served is not None
    assert chat_method(served)["apiKeyRequired"] is True
    assert "THROTTLED" in served["gateway_responses"]
    assert served["stage"]["description"] == "live"

    second = deploy(emulator, api)
    apis.update_stage(**stage, patchOperations=change("/deploymentId", second))
    served = emulator.server.app.door.deployments.served(api, "v1")
    assert served is not None
    assert chat_method(served)["apiKeyRequired"] is False
    assert json.loads(served["models"]["Chat"]) == {"maxLength": 2}
    assert "THROTTLED" not in served["gateway_responses"]


def test_a_deleted_api_is_served_no_more(emulator: Emulator, api: str) -> None:
    apis = emulator.client("apigateway")
    apis.create_stage(restApiId=api, stageName="v1", deploymentId=deploy(emulator, api))
    assert emulator.server.app.door.deployments.served(api, "v1") is not None
    assert emulator.server.app.door.deployments.served(api, "v2") is None
    apis.delete_rest_api(restApiId=api)
    assert emulator.server.app.door.deployments.served(api, "v1") is None


def test_the_models_of_a_method_change_in_place(emulator: Emulator, api: str) -> None:
    apis = emulator.client("apigateway")
    resources = apis.get_resources(restApiId=api)["items"]
    resource = next(each["id"] for each in resources if each["path"] == "/chat")
    at = {"restApiId": api, "resourceId": resource, "httpMethod": "POST"}
    apis.update_method(**at, patchOperations=change("/requestModels/application~1json", "Chat"))
    apis.update_method(**at, patchOperations=change("/requestModels/$default", op="remove"))
    assert apis.get_method(**at)["requestModels"] == {"application/json": "Chat"}


def test_usage_plans_change_in_place(emulator: Emulator, api: str) -> None:
    apis = emulator.client("apigateway")
    apis.create_stage(restApiId=api, stageName="v1", deploymentId=deploy(emulator, api))
    own = {"rateLimit": 2.0, "burstLimit": 1}
    plan = apis.create_usage_plan(
        name=unique("plan"),
        throttle={"rateLimit": 10.0, "burstLimit": 5},
        quota={"limit": 500, "period": "MONTH"},
        apiStages=[{"apiId": api, "stage": "v1", "throttle": {"/chat/POST": own}}],
    )["id"]

    def update(path: str, value: str | None = None, op: str = "replace") -> Any:
        return apis.update_usage_plan(usagePlanId=plan, patchOperations=change(path, value, op))

    assert update("/throttle/rateLimit", "2.5")["throttle"]["rateLimit"] == 2.5
    assert update("/quota/limit", "100")["quota"]["limit"] == 100
    throttle = f"/apiStages/{api}:v1/throttle//chat/POST"
    changed = update(f"{throttle}/rateLimit", "1.5")["apiStages"][0]["throttle"]
    assert changed == {"/chat/POST": {"rateLimit": 1.5, "burstLimit": 1}}
    assert update(throttle, op="remove")["apiStages"][0]["throttle"] == {}
    assert update("/apiStages", f"{api}:v1", op="remove")["apiStages"] == []


def test_an_api_can_be_opened_and_closed(emulator: Emulator, api: str) -> None:
    apis = emulator.client("apigateway")
    for value in ("true", "false"):
        read = apis.update_rest_api(
            restApiId=api, patchOperations=change("/disableExecuteApiEndpoint", value)
        )
        assert read["disableExecuteApiEndpoint"] is (value == "true")
