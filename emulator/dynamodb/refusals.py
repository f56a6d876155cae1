"""What DynamoDB refuses and moto does not: items of a table whose KMS key the caller may not use,
and whatever it cannot answer now.

Source: DynamoDB Developer Guide, "DynamoDB encryption at rest usage notes" ("Authorizing use of
your KMS key"): the key is used on behalf of the caller, in the encryption context of the table.
"""

from emulator.account import Account
from emulator.dynamodb.keys import ITEMS, described
from emulator.faults import Faults
from emulator.iam import Authorizer
from emulator.wire.call import Call
from emulator.wire.errors import CallerError
from iam_policy import access_denied_message


def refuse(call: Call, account: Account, authorizer: Authorizer, faults: Faults) -> None:
    """Refuse items to a caller who may not use the table's key, or as a switch says.

    Raises AwsError.
    """
    caller = call.principal
    if call.operation not in ITEMS:
        return
    faults.of_store()
    if caller.administrator:
        return
    table = str(call.params.get("TableName", ""))
    key = account.snapshot(f"dynamodb:key:{table}", lambda: _key_of(table, account))
    if not key:
        return
    context = {
        "kms:ViaService": f"dynamodb.{call.region}.amazonaws.com",
        "kms:CallerAccount": account.id,
        "kms:EncryptionContext:aws:dynamodb:tableName": table.rpartition("/")[2],
        "kms:EncryptionContext:aws:dynamodb:subscriberId": account.id,
    }
    decision = authorizer.authorize(caller, "kms:Decrypt", key, context)
    if not decision.allowed:
        text = access_denied_message(decision, caller.arn, "kms:Decrypt", key)
        raise CallerError("AccessDenied", text)


def _key_of(table: str, account: Account) -> str:
    encryption = described(table, account).get("SSEDescription", {})
    return str(encryption.get("KMSMasterKeyArn", ""))
