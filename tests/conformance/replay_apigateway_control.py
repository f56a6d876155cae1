"""What authors of REST APIs were answered by API Gateway's own API."""

from collections.abc import Callable
from typing import Any

from tests.conformance.harness import asked, asking, replay
from tests.conformance.rest_api import RestApi, function, invocation_uri
from tests.emulator.conftest import REGION, Emulator

JSON = "application/json"
_ANY = '{"type": "object"}'

# Usage plans and keys


_DAILY = {"quota": {"limit": 10, "period": "DAY"}, "throttle": {"rateLimit": 2, "burstLimit": 1}}
_STEEP = {"rateLimit": 10, "burstLimit": 20}
asking("apigw-015", "apigateway", "create_usage_plan", name="quota", **_DAILY)
asking("apigw-016", "apigateway", "create_usage_plan", name="burst", throttle=_STEEP)
_RENAMED = [{"op": "replace", "path": "/name", "value": "x"}]
asking(
    "apigw-019", "apigateway", "update_usage_plan", usagePlanId="nope00", patchOperations=_RENAMED
)
asking("apigw-020", "apigateway", "create_api_key", name="short", value="12345")
asking("apigw-021", "apigateway", "create_api_key", name="long", value="k" * 129)


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


def _of_an_api(operation: str, **arguments: Any) -> Callable[[Emulator], dict[str, Any]]:
    """Ask an operation of a new API."""

    def ask(aws: Emulator) -> dict[str, Any]:
        api = RestApi(aws)
        return asked(getattr(api.client, operation), restApiId=api.id, **arguments)

    return ask


_TOKEN = {"responseType": "MISSING_AUTHENTICATION_TOKEN"}
_STATIC = {"gatewayresponse.header.X": "'static'"}
replay("apigw-023")(_of_an_api("put_gateway_response", **_TOKEN, statusCode="404"))
replay("apigw-024")(_of_an_api("put_gateway_response", **_TOKEN, responseParameters=_STATIC))
replay("apigw-027")(_of_an_api("delete_gateway_response", responseType="DEFAULT_4XX"))


def _proxy_to(uri: str, *, method: bool = True) -> Callable[[Emulator], dict[str, Any]]:
    def ask(aws: Emulator) -> dict[str, Any]:
        api = RestApi(aws)
        place = (api.method if method else api.at)(api.root, "POST")
        place |= {"type": "AWS_PROXY", "integrationHttpMethod": "POST"}
        return asked(
            api.client.put_integration, **place, uri=uri.replace("FUNCTION", function(aws, "echo"))
        )

    return ask


replay("apigw-080")(_proxy_to(invocation_uri("FUNCTION"), method=False))
replay("apigw-060")(_proxy_to("FUNCTION"))
replay("apigw-061")(_proxy_to("bad-arn:lambda:path/2015-03-31/functions/FUNCTION/invocations"))
replay("apigw-062")(
    _proxy_to(f"arn:aws:apigateway:{REGION}:lambda:path/random/value/FUNCTION/invocations")
)
replay("apigw-063")(_proxy_to(f"arn:aws:apigateway:{REGION}:s3:path/bucket/key"))


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


@replay("apigw-070")
def model_name_taken(aws: Emulator) -> dict[str, Any]:
    api, model = RestApi(aws), {"name": "Chat", "contentType": JSON, "schema": _ANY}
    api.client.create_model(restApiId=api.id, **model)
    return asked(api.client.create_model, restApiId=api.id, **model)


@replay("apigw-072")
def model_in_use(aws: Emulator) -> dict[str, Any]:
    api = RestApi(aws)
    api.client.create_model(restApiId=api.id, name="Chat", contentType=JSON, schema=_ANY)
    api.method(api.resource("path"), "POST", requestModels={JSON: "Chat"})
    return asked(api.client.delete_model, restApiId=api.id, modelName="Chat")


def _beside(first: str | None, *, part: str, below: bool) -> Callable[[Emulator], dict[str, Any]]:
    """Make a resource below or beside another; below one that is not there without a first."""

    def ask(aws: Emulator) -> dict[str, Any]:
        api = RestApi(aws)
        above = api.resource(first) if first else "nope000000"
        parent = above if below else api.root
        create = api.client.create_resource
        return asked(create, restApiId=api.id, parentId=parent, pathPart=part)

    return ask


replay("apigw-073")(_beside("{proxy+}", part="child", below=True))
replay("apigw-074")(_beside("{proxy+}", part="{other}", below=False))
replay("apigw-075")(_beside(None, part="child", below=True))


@replay("apigw-076")
def deployment_in_use(aws: Emulator) -> dict[str, Any]:
    api = RestApi(aws)
    api.mock(api.root)
    return asked(api.client.delete_deployment, restApiId=api.id, deploymentId=api.deploy())


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
