"""What CloudWatch Logs answered about groups, filters and policies."""

import uuid
from collections.abc import Iterator
from typing import Any

from tests.conformance.harness import asked, replay
from tests.emulator.conftest import ACCOUNT, REGION, Emulator
from tests.emulator.shown import allow, document


def _group(aws: Emulator, **settings: Any) -> str:
    name = f"/replay/{uuid.uuid4()}"
    aws.client("logs").create_log_group(logGroupName=name, **settings)
    return name


def _described(aws: Emulator, name: str) -> dict[str, Any]:
    (group,) = aws.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return dict(group)


@replay("logs-001")
def group_that_exists(aws: Emulator) -> dict[str, Any]:
    return asked(aws.client("logs").create_log_group, logGroupName=_group(aws))


_ARN = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/replay/<name>"


@replay(
    "logs-002",
    reading={
        "arn": f"{_ARN}:*",
        "logGroupArn": _ARN,
        "ends": True,
        "logGroupClass": "STANDARD",
        "metricFilterCount": 0,
        "storedBytes": 0,
        "deletionProtectionEnabled": False,
    },
)
def group_as_described(aws: Emulator) -> dict[str, Any]:
    group = _described(aws, _group(aws))
    return group | {"ends": group["arn"] == f"{group['logGroupArn']}:*"}


@replay("logs-003", reading={"kmsKeyId": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/<id>"})
def group_with_a_key(aws: Emulator) -> dict[str, Any]:
    principals = {"AWS": f"arn:aws:iam::{ACCOUNT}:root", "Service": f"logs.{REGION}.amazonaws.com"}
    policy = document(allow("kms:*", Principal=principals))
    key = aws.client("kms").create_key(Policy=policy)["KeyMetadata"]["Arn"]
    return _described(aws, _group(aws, kmsKeyId=key))


@replay("logs-004")
def json_filter(aws: Emulator) -> dict[str, Any]:
    client, group = aws.client("logs"), _group(aws)
    client.put_metric_filter(
        logGroupName=group,
        filterName="filter",
        filterPattern='{$.message = "test"}',
        metricTransformations=[
            {"metricName": "m", "metricNamespace": "n", "metricValue": "1", "defaultValue": 0}
        ],
    )
    (found,) = client.describe_metric_filters(logGroupName=group)["metricFilters"]
    return dict(found)


@replay("logs-006", reading={
    "status": 400,
    "code": "ResourceNotFoundException",
    "message": "Policy with name [replay-none] does not exist.",
})  # fmt: skip
def policy_that_is_not_there(aws: Emulator) -> dict[str, Any]:
    return asked(aws.client("logs").delete_resource_policy, policyName="replay-none")


def _policies(aws: Emulator) -> Iterator[dict[str, Any]]:
    sender = {"Service": "delivery.logs.amazonaws.com"}
    policy = document(allow("logs:PutLogEvents", Principal=sender))
    for number in range(11):
        yield asked(
            aws.client("logs").put_resource_policy,
            policyName=f"replay-{number}",
            policyDocument=policy,
        )


@replay("logs-007")
def eleventh_policy(aws: Emulator) -> dict[str, Any]:
    client = aws.client("logs")
    try:
        *_, last = _policies(aws)
    finally:
        for policy in client.describe_resource_policies()["resourcePolicies"]:
            if policy["policyName"].startswith("replay-"):
                client.delete_resource_policy(policyName=policy["policyName"])
    return last
