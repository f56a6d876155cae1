"""A REST API with one mock method, as several tests need it."""

from typing import Any

from tests.emulator.shown import unique


def mock_api(
    apis: Any,
    part: str = "",
    verb: str = "POST",
    declared: Any = None,
    *,
    api: str = "",
    **settings: Any,
) -> dict[str, str]:
    """Make an API whose one method, of the root or of a part, answers 200; return where it is.

    `api` is one that is there already.
    """
    api = api or apis.create_rest_api(name=unique("api"))["id"]
    resource = apis.get_resources(restApiId=api)["items"][0]["id"]
    if part:
        resource = apis.create_resource(restApiId=api, parentId=resource, pathPart=part)["id"]
    at = {"restApiId": api, "resourceId": resource, "httpMethod": verb}
    apis.put_method(**at, **{"authorizationType": "NONE"} | settings)
    template = {"application/json": '{"statusCode": 200}'}
    apis.put_integration(**at, type="MOCK", requestTemplates=template)
    apis.put_method_response(**at, statusCode="200", responseParameters=declared or {})
    apis.put_integration_response(**at, statusCode="200", responseTemplates={})
    return at


def change(path: str | None, value: str | None = None, op: str = "replace") -> list[dict[str, str]]:
    """Return one operation of a patch."""
    one = {"op": op, "path": path, "value": value}
    return [{name: each for name, each in one.items() if each is not None}]
