"""The policies of a role, read through IAM's API, for the emulator, the proofs and evidence."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.client import BaseClient

from iam_policy import Policy

type Document = dict[str, Any]


@dataclass(frozen=True)
class Role:
    """A role with its policies compiled."""

    arn: str
    tags: Mapping[str, str]
    identity: tuple[Policy, ...]
    boundary: Policy | None
    trust: Policy


@dataclass(frozen=True)
class Documents:
    """A role as GetRole has it, and its policies as they are written: by ARN, or by name."""

    role: Mapping[str, Any]
    attached: Mapping[str, Document]
    inline: Mapping[str, Document]
    boundary: Mapping[str, Document]  # one or none


def read_documents(iam: BaseClient, name: str) -> Documents:
    """Read a role and its policies. Raises ClientError without one of them."""
    role = iam.get_role(RoleName=name)["Role"]
    attached = [
        policy["PolicyArn"]
        for page in iam.get_paginator("list_attached_role_policies").paginate(RoleName=name)
        for policy in page["AttachedPolicies"]
    ]
    inline = [
        policy
        for page in iam.get_paginator("list_role_policies").paginate(RoleName=name)
        for policy in page["PolicyNames"]
    ]
    boundary = role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    return Documents(
        role,
        {arn: _managed(iam, arn) for arn in attached},
        {
            policy: iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
            for policy in inline
        },
        {boundary: _managed(iam, boundary)} if boundary else {},
    )


def read_role(iam: BaseClient, name: str) -> Role:
    """Read a role. Raises ClientError without it, PolicyError for a malformed policy."""
    found = read_documents(iam, name)
    named = [*found.attached.items(), *found.inline.items()]
    return Role(
        arn=found.role["Arn"],
        tags={tag["Key"]: tag["Value"] for tag in found.role.get("Tags", [])},
        identity=tuple(_compiled(policy, document) for policy, document in named),
        boundary=next((_compiled(*one) for one in found.boundary.items()), None),
        trust=Policy(found.role["AssumeRolePolicyDocument"], f"{name} trust", "trust"),
    )


def managed_policy(iam: BaseClient, arn: str) -> Policy:
    """Read a managed policy's default version. Raises ClientError without it, or PolicyError."""
    return _compiled(arn, _managed(iam, arn))


def _managed(iam: BaseClient, arn: str) -> Document:
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    answer = iam.get_policy_version(PolicyArn=arn, VersionId=version)
    document: Document = answer["PolicyVersion"]["Document"]
    return document


def _compiled(name: str, document: Document) -> Policy:
    return Policy(document, name.rpartition("/")[2])
