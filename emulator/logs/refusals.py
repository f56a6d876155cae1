"""What CloudWatch Logs tries before a log group gets a key."""

from emulator.iam import Authorizer
from emulator.wire.call import Call
from emulator.wire.errors import AwsError
from emulator.wire.partition import partition_of

# CloudWatch Logs User Guide, "Encrypt log data in CloudWatch Logs using AWS KMS": the key's policy
# lets the service do these, and may ask for the group in the encryption context.
_ACTIONS = ("kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey")


def refuse(call: Call, authorizer: Authorizer, account: str) -> None:
    """Refuse a key that the log group could not use. Raises AwsError."""
    key = call.params.get("kmsKeyId")
    if call.operation not in {"CreateLogGroup", "AssociateKmsKey"} or not key:
        return
    name = call.params.get("logGroupName") or str(call.params.get("resourceIdentifier"))
    arn = name if name.startswith("arn:") else _arn(call.region, account, name)
    service = f"logs.{call.region}.amazonaws.com"
    origin = {"kms:EncryptionContext:aws:logs:arn": arn.removesuffix(":*")}
    for action in _ACTIONS:
        if not authorizer.authorize_service(service, action, key, origin).allowed:
            # On record in hashicorp/terraform-provider-aws issues about CreateLogGroup.
            message = (
                "The specified KMS key does not exist or is not allowed to be used with Arn"
                f" '{arn}'"
            )
            raise AwsError(400, "AccessDeniedException", message)


def _arn(region: str, account: str, name: str) -> str:
    return f"arn:{partition_of(region)}:logs:{region}:{account}:log-group:{name}"
