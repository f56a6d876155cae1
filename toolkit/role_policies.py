"""The policies of a role, read through IAM's API, for the emulator and for the proofs."""

from collections.abc import Mapping
from dataclasses import dataclass

from botocore.client import BaseClient

from iam_policy import Policy


@dataclass(frozen=True)
class Role:
    """A role with its policies compiled."""

    arn: str
    tags: Mapping[str, str]
    identity: tuple[Policy, ...]
    boundary: Policy | None
    trust: Policy


def read_role(iam: BaseClient, name: str) -> Role:
    """Read a role. Raises ClientError without it, PolicyError for a malformed policy."""
    role = iam.get_role(RoleName=name)["Role"]
    identity = [
        managed_policy(iam, policy["PolicyArn"])
        for page in iam.get_paginator("list_attached_role_policies").paginate(RoleName=name)
        for policy in page["AttachedPolicies"]
    ]
    for page in iam.get_paginator("list_role_policies").paginate(RoleName=name):
        for policy in page["PolicyNames"]:
            document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
            identity.append(Policy(document, policy))
    boundary = role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    return Role(
        arn=role["Arn"],
        tags={tag["Key"]: tag["Value"] for tag in role.get("Tags", [])},
        identity=tuple(identity),
        boundary=managed_policy(iam, boundary) if boundary else None,
        trust=Policy(role["AssumeRolePolicyDocument"], f"{name} trust", "trust"),
    )


def managed_policy(iam: BaseClient, arn: str) -> Policy:
    """Read a managed policy's default version. Raises ClientError without it, or PolicyError."""
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    answer = iam.get_policy_version(PolicyArn=arn, VersionId=version)
    return Policy(answer["PolicyVersion"]["Document"], arn.rpartition("/")[2])
