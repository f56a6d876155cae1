"""Which operations only read: CloudTrail's `readOnly`, and what leaves the configuration as it is.

AWS publishes no list. Most names say it by their verb; the operations below, which do not, are on
record: AWS KMS Developer Guide, "Logging AWS KMS API calls with AWS CloudTrail" (examples); a
record of AssumeRole of 2026-08. Service Authorization Reference, access levels, for the rest.
"""

_VERBS = (
    *("BatchGet", "CheckCapacity", "CheckIf", "Describe", "Filter", "Get", "Head", "List"),
    *("Lookup", "Search", "Simulate", "Test"),
)
_OTHERS = {
    "dynamodb": ("Query", "Scan"),
    "kms": ("Decrypt", "Encrypt", "GenerateDataKey", "GenerateRandom", "ReEncrypt"),
    "sts": ("AssumeRole",),
}


def is_read_only(service: str, operation: str) -> bool:
    """Return whether an operation only reads; both by botocore's names."""
    return operation.startswith((*_VERBS, *_OTHERS.get(service, ())))
