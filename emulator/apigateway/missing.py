"""What API Gateway's API says of things that are not there.

Which identifier AWS looks up first decides the text: for a model of an API that does not exist it
names the model. Recorded from AWS in localstack/localstack, tests/aws/services/apigateway/
test_apigateway_api.snapshot.json and test_apigateway_common.snapshot.json.
"""

from collections.abc import Callable, Mapping

from moto.apigateway.models import (
    APIGatewayBackend,
    ApiKey,
    Integration,
    IntegrationResponse,
    Method,
    MethodResponse,
    Resource,
    Stage,
    UsagePlanKey,
)

from emulator.apigateway.refusal import RefusalError, not_found
from emulator.wire.documents import Document

_AUTHORIZER = "Invalid Authorizer identifier specified"
_DEPLOYMENT = "Invalid Deployment identifier specified"
_INTEGRATION = "Invalid Integration identifier specified"
_KEY = "Invalid API Key identifier specified"
_METHOD = "Invalid Method identifier specified"
_PLAN = "Invalid Usage Plan ID specified"
_RESOURCE = "Invalid Resource identifier specified"
_STAGE = "Invalid stage identifier specified"
_STATUS = "Invalid Response status code specified"
_VALIDATOR = "Invalid Request Validator identifier specified"


class Named:
    """What the parameters of one operation name, found in moto's backend; None is not there."""

    def __init__(self, params: Document, apis: APIGatewayBackend) -> None:
        self._params = params
        self._apis = apis
        self.api = apis.apis.get(params.get("restApiId"))
        self.plan = apis.usage_plans.get(params.get("usagePlanId"))

    def of_api(self, kind: str, parameter: str) -> object:
        """Return what an API keeps under an identifier: a resource, model, stage and so on."""
        return getattr(self.api, kind, {}).get(self._params.get(parameter))

    @property
    def resource(self) -> Resource | None:
        """The resource, or the one that a new resource goes below."""
        place = "resourceId" if "resourceId" in self._params else "parentId"
        found: Resource | None = self.of_api("resources", place)
        return found

    @property
    def stage(self) -> Stage | None:
        found: Stage | None = self.of_api("stages", "stageName")
        return found

    @property
    def method(self) -> Method | None:
        return self.resource and self.resource.resource_methods.get(self._params.get("httpMethod"))

    @property
    def integration(self) -> Integration | None:
        return self.method and self.method.method_integration

    @property
    def method_response(self) -> MethodResponse | None:
        return self.method and self.method.method_responses.get(self._params.get("statusCode"))

    @property
    def integration_response(self) -> IntegrationResponse | None:
        # moto keeps None in place of the responses that there are none of.
        responses = (self.integration and self.integration.integration_responses) or {}
        return responses.get(self._params.get("statusCode"))

    @property
    def key(self) -> ApiKey | None:
        return self._apis.keys.get(self._params.get("apiKey") or self._params.get("keyId"))

    @property
    def plan_key(self) -> UsagePlanKey | None:
        keys = self._apis.usage_plan_keys.get(self._params.get("usagePlanId"), {})
        return keys.get(self._params.get("keyId"))


_Check = tuple[str, Callable[[Named], object]]

_api: _Check = ("Invalid API identifier specified {account}:{restApiId}", lambda at: at.api)
_resource: _Check = (_RESOURCE, lambda at: at.resource)
_method: _Check = (_METHOD, lambda at: at.method)
_integration: _Check = (_INTEGRATION, lambda at: at.integration)
_method_response: _Check = (_STATUS, lambda at: at.method_response)
_integration_response: _Check = (_STATUS, lambda at: at.integration_response)
_model: _Check = (
    "Invalid model name specified: {modelName}",
    lambda at: at.of_api("models", "modelName"),
)
_validator: _Check = (_VALIDATOR, lambda at: at.of_api("request_validators", "requestValidatorId"))
_deployment: _Check = (_DEPLOYMENT, lambda at: at.of_api("deployments", "deploymentId"))
_authorizer: _Check = (_AUTHORIZER, lambda at: at.of_api("authorizers", "authorizerId"))
_stage: _Check = (_STAGE, lambda at: at.stage)
_own_answer: _Check = (
    "Gateway response type not defined on api",
    lambda at: at.of_api("gateway_responses", "responseType"),
)
_plan: _Check = (_PLAN, lambda at: at.plan)
_key: _Check = (_KEY, lambda at: at.key)
_plan_key: _Check = (_KEY, lambda at: at.plan_key)

_CHECKS: Mapping[str, tuple[_Check, ...]] = {
    **dict.fromkeys(
        ("CreateAuthorizer", "CreateDeployment", "CreateModel", "CreateStage", "DeleteRestApi",
         "GetAuthorizers", "GetDeployments",
         "GetGatewayResponse", "GetGatewayResponses", "GetModels", "GetRequestValidators",
         "GetResources", "GetRestApi", "GetStages", "PutGatewayResponse", "PutRestApi",
         "UpdateGatewayResponse", "UpdateRestApi"),
        (_api,),
    ),
    **dict.fromkeys(("DeleteAuthorizer", "GetAuthorizer", "UpdateAuthorizer"), (_authorizer,)),
    **dict.fromkeys(("DeleteModel", "GetModel", "UpdateModel"), (_model,)),
    **dict.fromkeys(
        ("DeleteRequestValidator", "GetRequestValidator", "UpdateRequestValidator"), (_validator,)
    ),
    **dict.fromkeys(("DeleteDeployment", "GetDeployment", "UpdateDeployment"), (_deployment,)),
    **dict.fromkeys(("DeleteStage", "GetStage", "UpdateStage"), (_stage,)),
    "DeleteGatewayResponse": (_api, _own_answer),
    **dict.fromkeys(
        ("CreateResource", "DeleteResource", "GetResource", "PutMethod"),
        (_resource,),
    ),
    **dict.fromkeys(
        ("DeleteMethod", "GetMethod", "PutIntegration", "PutMethodResponse", "UpdateMethod"),
        (_resource, _method),
    ),
    **dict.fromkeys(
        ("GetIntegration", "PutIntegrationResponse", "UpdateIntegration"),
        (_resource, _method, _integration),
    ),
    "DeleteIntegration": (_resource, _integration),
    **dict.fromkeys(
        ("DeleteMethodResponse", "GetMethodResponse", "UpdateMethodResponse"),
        (_resource, _method, _method_response),
    ),
    "DeleteIntegrationResponse": (_resource, _integration, _integration_response),
    **dict.fromkeys(
        ("GetIntegrationResponse", "UpdateIntegrationResponse"),
        (_resource, _method, _integration, _integration_response),
    ),
    **dict.fromkeys(
        ("DeleteUsagePlan", "GetUsage", "GetUsagePlan", "GetUsagePlanKeys", "UpdateUsagePlan"),
        (_plan,),
    ),
    "CreateUsagePlanKey": (_plan, _key),
    **dict.fromkeys(("DeleteUsagePlanKey", "GetUsagePlanKey"), (_plan, _plan_key)),
    **dict.fromkeys(("DeleteApiKey", "GetApiKey", "UpdateApiKey"), (_key,)),
}  # fmt: skip


def check(operation: str, params: Document, apis: APIGatewayBackend) -> None:
    """Refuse an operation on something that is not there, as AWS does. Raises RefusalError.

    Args:
        apis: moto's backend of API Gateway, for one account and Region.
    """
    named = Named(params, apis)
    if operation == "CreateRequestValidator" and named.api is None:
        raise RefusalError("Invalid REST API identifier specified")
    for text, find in _CHECKS.get(operation, ()):
        if not find(named):
            raise not_found(text.format_map({**params, "account": apis.account_id}))
