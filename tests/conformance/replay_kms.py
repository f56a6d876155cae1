"""What KMS answered about keys."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.conformance.harness import asking, replay
from tests.emulator.conftest import Emulator

asking("kms-001", "kms", "describe_key", KeyId="fake-key-id")


@replay(
    "kms-003",
    reading={"KeyRotationEnabled": True, "RotationPeriodInDays": 180, "of the key": True,
             "in days": 180},
)  # fmt: skip
def rotation_with_a_period(aws: Emulator) -> dict[str, Any]:
    client = aws.client("kms")
    key = client.create_key()["KeyMetadata"]
    client.enable_key_rotation(KeyId=key["KeyId"], RotationPeriodInDays=180)
    status = client.get_key_rotation_status(KeyId=key["KeyId"])
    until = (status.get("NextRotationDate") or datetime.min.replace(tzinfo=UTC)) - datetime.now(UTC)
    return {
        **status,
        "of the key": status.get("KeyId") == key["KeyId"],
        "in days": round(until / timedelta(days=1)),
    }
