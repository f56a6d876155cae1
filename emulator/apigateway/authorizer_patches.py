"""Changes to moto's authorizers, each with its reason."""

from moto.apigateway.models import Authorizer

from emulator.patching import Moto, patch
from emulator.wire.documents import JsonObject


@patch(Authorizer, "__init__")
def _keep_validation_expression(
    original: Moto, authorizer: Authorizer, *args: object, **kwargs: object
) -> None:
    # moto hands it on under a misspelled name, and loses it.
    original(authorizer, *args, **kwargs)
    authorizer.identity_validation_expression = kwargs.get("identiy_validation_expression")


@patch(Authorizer, "apply_operations")
def _change_user_pools(
    original: Moto, authorizer: Authorizer, operations: list[JsonObject]
) -> Authorizer:
    # moto fails to change the user pools.
    for operation in operations:
        if operation["path"] != "/providerARNs":
            original(authorizer, [operation])
            continue
        arn, arns = operation["value"], list(authorizer.provider_arns or ())
        arns = [each for each in arns if each != arn]
        authorizer.provider_arns = arns if operation["op"] == "remove" else [*arns, arn]
    return authorizer
