"""Frozen copies of REST APIs, made when a deployment is created, as AWS makes them."""

import json
import threading

from moto.apigateway.models import apigateway_backends

from emulator.account import Account
from emulator.apigateway.deployed import Served
from emulator.apigateway.patches import put_gateway_responses
from emulator.wire.call import Call
from emulator.wire.http import HttpResponse


class Deployments:
    """The deployments of the account's REST APIs."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._lock = threading.Lock()
        self._copies: dict[tuple[str, str], Served] = {}

    def note(self, call: Call, response: HttpResponse) -> None:
        """Freeze or forget what a call created or deleted."""
        match call.operation:
            case "CreateDeployment":
                api = call.params["restApiId"]
                copy = self._freeze(api)
                with self._lock:
                    self._copies[api, json.loads(response.body)["id"]] = copy
            case "DeleteDeployment":
                self._forget(call.params["restApiId"], call.params["deploymentId"])
            case "DeleteRestApi":
                self._forget(call.params["restApiId"], None)

    def _freeze(self, api_id: str) -> Served:
        account, all_of = self._account, {"restApiId": api_id, "limit": 500}
        client = account.client("apigateway")
        models = client.get_models(**all_of)["items"]
        validators = client.get_request_validators(**all_of)["items"]
        authorizers = client.get_authorizers(**all_of)["items"]
        apis = apigateway_backends[account.id][account.region]
        return {
            "rest_api": client.get_rest_api(restApiId=api_id),
            "resources": client.get_resources(**all_of, embed=["methods"])["items"],
            "models": {model["name"]: model.get("schema", "{}") for model in models},
            "validators": {validator["id"]: validator for validator in validators},
            "authorizers": {authorizer["id"]: authorizer for authorizer in authorizers},
            # As they were put: an error keeps its own status where the author gave none.
            "gateway_responses": put_gateway_responses(apis, api_id),
        }

    def _forget(self, api_id: str, deployment_id: str | None) -> None:
        with self._lock:
            for key in list(self._copies):
                if key[0] == api_id and deployment_id in {None, key[1]}:
                    del self._copies[key]

    def served(self, api_id: str, stage_name: str) -> Served | None:
        """Return what a stage of a REST API serves, in boto3's shapes; None without such a stage.

        `rest_api`, `resources` (methods embedded), `models` (name to schema), `validators` and
        `authorizers` (by id) and `gateway_responses` (by type) are as they were when the stage's
        deployment was created: a change without a new deployment has no effect. `stage` is live:
        its settings act at once.
        """
        client = self._account.client("apigateway")
        try:
            stage = client.get_stage(restApiId=api_id, stageName=stage_name)
        except client.exceptions.NotFoundException:
            return None
        copy = self._copies.get((api_id, stage["deploymentId"]))
        return None if copy is None else {**copy, "stage": stage}
