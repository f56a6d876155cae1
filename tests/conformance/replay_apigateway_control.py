"""What authors of REST APIs were answered by API Gateway's own API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.conformance.harness import asked, replay
from tests.conformance.rest_api import RestApi, function, invocation_uri
from tests.emulator.conftest import REGION, Emulator

if TYPE_CHECKING:
    from collections.abc import Callable

JSON = "application/json"
_ANY = '{"type": "object"}'

# Usage plans and keys


@replay("apigw-015")
def plan_with_quota(aws: Emulator) -> dict[str, Any]:
    return asked(
        aws.client("apigateway").create_usage_plan,
        name="quota",
        quota={"limit": 10, "period": "DAY"},
        throttle={"rateLimit": 2, "burstLimit": 1},
    )


@replay("apigw-016")
def burst_above_the_rate(aws: Emulator) -> dict[str, Any]:
    return asked(
        aws.client("apigateway").create_usage_plan,
        name="burst",
        throttle={"rateLimit": 10, "burstLimit": 20},
    )


def _removed_from_a_plan(value: Callable[[RestApi], str]) -> Callable[[Emulator], dict[str, Any]]:
    def ask(aws: Emulator) -> dict[str, Any]:
        api = RestApi(aws)
        api.mock(api.root)
        api.deploy()
        plan = api.client.create_usage_plan(
            name=api.id, apiStages=[{"apiId": api.id, "stage": api.stage}]
        )["id"]
        change = {"op": "remove", "path": "/apiStages", "value": value(api)}
        return asked(api.client.update_usage_plan, usagePlanId=plan, patchOperations=[change])

    return ask


replay("apigw-017")(_removed_from_a_plan(lambda api: f"{api.id}:nostage"))
replay("apigw-018")(_removed_from_a_plan(lambda _: "x"))


@replay("apigw-019")
def unknown_plan(aws: Emulator) -> dict[str, Any]:
    change = {"op": "replace", "path": "/name", "value": "x"}
    client = aws.client("apigateway")
    return asked(client.update_usage_plan, usagePlanId="nope00", patchOperations=[change])


@replay("apigw-020")
def short_key(aws: Emulator) -> dict[str, Any]:
    return asked(aws.client("apigateway").create_api_key, name="short", value="12345")


@replay("apigw-021")
def long_key(aws: Emulator) -> dict[str, Any]:
    return asked(aws.client("apigateway").create_api_key, name="long", value="k" * 129)


# Gateway responses


@replay("apigw-022")
def gateway_responses(aws: Emulator) -> dict[str, Any]:
    items = aws.client("apigateway").get_gateway_responses(restApiId=RestApi(aws).id)["items"]
    (template,) = {each["responseTemplates"][JSON] for each in items}
    (default,) = {each["defaultResponse"] for each in items}
    codes = {each["responseType"]: each.get("statusCode") for each in items}
    return {
        "count": len(items),
        "statuses": {kind: code and int(code) for kind, code in codes.items()},
        "defaultResponse": default,
        "template": template,
    }


def _put_gateway_response(**settings: Any) -> Callable[[Emulator], dict[str, Any]]:
    def ask(aws: Emulator) -> dict[str, Any]:
        api = RestApi(aws)
        kind = "MISSING_AUTHENTICATION_TOKEN"
        put = api.client.put_gateway_response
        return asked(put, restApiId=api.id, responseType=kind, **settings)

    return ask


replay("apigw-023")(_put_gateway_response(statusCode="404"))
replay("apigw-024")(
    _put_gateway_response(responseParameters={"gatewayresponse.header.X": "'static'"})
)


@replay("apigw-027")
def gateway_response_never_put(aws: Emulator) -> dict[str, Any]:
    delete = aws.client("apigateway").delete_gateway_response
    return asked(delete, restApiId=RestApi(aws).id, responseType="DEFAULT_4XX")


# Integrations


def _proxy_to(uri: str) -> Callable[[Emulator], dict[str, Any]]:
    def ask(aws: Emulator) -> dict[str, Any]:
        api = RestApi(aws)
        place = api.method(api.root, "POST")
        return asked(
            api.client.put_integration,
            **place,
            type="AWS_PROXY",
            integrationHttpMethod="POST",
            uri=uri.replace("FUNCTION", function(aws, "echo")),
        )

    return ask


replay("apigw-060")(_proxy_to("FUNCTION"))
replay("apigw-061")(_proxy_to("bad-arn:lambda:path/2015-03-31/functions/FUNCTION/invocations"))
replay("apigw-062")(
    _proxy_to(f"arn:aws:apigateway:{REGION}:lambda:path/random/value/FUNCTION/invocations")
)
replay("apigw-063")(_proxy_to(f"arn:aws:apigateway:{REGION}:s3:path/bucket/key"))


@replay("apigw-080")
def integration_without_its_method(aws: Emulator) -> dict[str, Any]:
    api = RestApi(aws)
    return asked(
        api.client.put_integration,
        **api.at(api.root, "POST"),
        type="AWS_PROXY",
        integrationHttpMethod="POST",
        uri=invocation_uri(function(aws, "echo")),
    )


# Methods


def _put_method(**settings: Any) -> Callable[[Emulator], dict[str, Any]]:
    def ask(aws: Emulator) -> dict[str, Any]:
        api = RestApi(aws)
        place = api.at(api.root, "POST") | {"authorizationType": "NONE"} | settings
        return asked(api.client.put_method, **place)

    return ask


replay("apigw-065")(_put_method(restApiId="nope000000"))
replay("apigw-066")(_put_method(httpMethod="GOT"))
replay("apigw-068")(_put_method(requestModels={JSON: "nope"}))
replay("apigw-069")(_put_method(authorizationType="CUSTOM"))


# Models


def _with_model(aws: Emulator) -> tuple[RestApi, dict[str, Any]]:
    api = RestApi(aws)
    model = {"restApiId": api.id, "name": "Chat", "contentType": JSON, "schema": _ANY}
    api.client.create_model(**model)
    return api, model


@replay("apigw-070")
def model_name_taken(aws: Emulator) -> dict[str, Any]:
    api, model = _with_model(aws)
    return asked(api.client.create_model, **model)


@replay("apigw-072")
def model_in_use(aws: Emulator) -> dict[str, Any]:
    api, _ = _with_model(aws)
    api.method(api.resource("path"), "POST", requestModels={JSON: "Chat"})
    return asked(api.client.delete_model, restApiId=api.id, modelName="Chat")


# Resources


@replay("apigw-073")
def child_of_a_greedy_resource(aws: Emulator) -> dict[str, Any]:
    api = RestApi(aws)
    greedy = api.resource("{proxy+}")
    create = api.client.create_resource
    return asked(create, restApiId=api.id, parentId=greedy, pathPart="child")


@replay("apigw-074")
def sibling_of_a_variable(aws: Emulator) -> dict[str, Any]:
    api = RestApi(aws)
    api.resource("{proxy+}")
    create = api.client.create_resource
    return asked(create, restApiId=api.id, parentId=api.root, pathPart="{other}")


@replay("apigw-075")
def unknown_parent(aws: Emulator) -> dict[str, Any]:
    api = RestApi(aws)
    create = api.client.create_resource
    return asked(create, restApiId=api.id, parentId="nope000000", pathPart="child")


# Deployments and stages


@replay("apigw-076")
def deployment_in_use(aws: Emulator) -> dict[str, Any]:
    api = RestApi(aws)
    api.mock(api.root)
    deployment = api.deploy()
    return asked(api.client.delete_deployment, restApiId=api.id, deploymentId=deployment)


def _patch_stage(*patch: dict[str, str]) -> Callable[[Emulator], dict[str, Any]]:
    def ask(aws: Emulator) -> dict[str, Any]:
        api = RestApi(aws)
        api.mock(api.root)
        api.deploy()
        update = api.client.update_stage
        return asked(update, restApiId=api.id, stageName=api.stage, patchOperations=list(patch))

    return ask


_DESTINATION = "/accessLogSettings/destinationArn"
replay("apigw-077")(_patch_stage({"op": "replace", "path": _DESTINATION, "value": ""}))
replay("apigw-078")(_patch_stage({"op": "add", "path": "/accessLogSettings/random", "value": "x"}))
replay("apigw-079")(
    _patch_stage(
        {"op": "replace", "path": "/*/*/throttling/burstLimit", "value": "123"},
        {"op": "replace", "path": "/*/*/caching/enabled", "value": "true"},
    )
)
