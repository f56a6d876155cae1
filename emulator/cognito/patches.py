"""Changes to moto's Cognito, each with its reason."""

from moto.cognitoidp.exceptions import InvalidParameterException
from moto.cognitoidp.models import CognitoIdpBackend
from moto.cognitoidp.responses import CognitoIdpResponse
from moto.core.responses import EmptyResult

from emulator.patching import Moto, add, patch


@patch(CognitoIdpBackend, "delete_user_pool")
def _keep_protected(original: Moto, cognito: CognitoIdpBackend, user_pool_id: str) -> None:
    # moto deletes a pool whose deletion protection is on (API reference, CreateUserPool).
    pool = cognito.describe_user_pool(user_pool_id)
    if pool.extended_config.get("DeletionProtection") == "ACTIVE":
        raise InvalidParameterException(
            "The user pool cannot be deleted because deletion protection is activated. Deletion"
            " protection must be inactivated first."
        )
    original(cognito, user_pool_id)


@add(CognitoIdpResponse, "delete_resource_server")
def _delete_resource_server(response: CognitoIdpResponse) -> EmptyResult:
    # moto lacks it.
    pool, identifier = response._get_param("UserPoolId"), response._get_param("Identifier")
    response.backend.describe_resource_server(pool, identifier)
    del response.backend.describe_user_pool(pool).resource_servers[identifier]
    return EmptyResult()
