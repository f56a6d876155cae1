"""Tags of API Gateway's resources, which moto keeps from their creation and never changes."""

from urllib.parse import unquote

from moto.apigateway.exceptions import ApiGatewayException
from moto.apigateway.models import (
    APIGatewayBackend,
    ApiKey,
    DomainName,
    RestAPI,
    Stage,
    UsagePlan,
    apigateway_backends,
)

from emulator.wire.call import Call
from emulator.wire.errors import AwsError
from emulator.wire.http import HttpResponse, json_response


def answer(call: Call, account: str) -> HttpResponse:
    """Answer GetTags, TagResource and UntagResource. Raises AwsError."""
    arn = unquote(str(call.params["resourceArn"]))
    backend = apigateway_backends[account][call.region]
    try:
        resource = _resource(backend, arn.partition("::/")[2].split("/"))
    except (ApiGatewayException, KeyError):
        resource = None
    if resource is None:
        raise AwsError(404, "NotFoundException", "Invalid resource identifier specified")
    tags: dict[str, str] = dict(resource.tags or {})
    match call.operation:
        case "GetTags":
            return json_response(200, {"tags": tags})
        case "TagResource":
            resource.tags = tags | call.params["tags"]
        case _:
            gone = set(call.params["tagKeys"])
            resource.tags = {name: value for name, value in tags.items() if name not in gone}
    return HttpResponse(204, (), b"")


def _resource(
    backend: APIGatewayBackend, path: list[str]
) -> ApiKey | DomainName | RestAPI | Stage | UsagePlan | None:
    match path:
        case ["restapis", api]:
            return backend.get_rest_api(api)
        case ["restapis", api, "stages", stage]:
            return backend.get_stage(api, stage)
        case ["usageplans", plan]:
            return backend.get_usage_plan(plan)
        case ["apikeys", key]:
            return backend.get_api_key(key)
        case ["domainnames", name]:
            return backend.get_domain_name(name)
        case _:
            return None
