"""ARNs that policies name where a call names less."""

import re

from emulator.wire.partition import partition_of


def model_arn(model_id: str, region: str, account: str) -> str:
    """Return the ARN that a Converse or InvokeModel call of this model id needs."""
    if model_id.startswith("arn:"):
        return model_id
    if model_id.count(".") > 1 and re.match(r"(global|[a-z]{2,4}|us-gov)\.[a-z0-9-]+\.", model_id):
        return f"arn:{partition_of(region)}:bedrock:{region}:{account}:inference-profile/{model_id}"
    return f"arn:{partition_of(region)}:bedrock:{region}::foundation-model/{model_id}"


def key_arn(name: str, region: str, account: str) -> str:
    """Return the ARN of a key that is named by ARN, id or alias, or the ARN of its alias."""
    if name.startswith("arn:"):
        return name
    kind = "" if name.startswith("alias/") else "key/"
    return f"arn:{partition_of(region)}:kms:{region}:{account}:{kind}{name}"
