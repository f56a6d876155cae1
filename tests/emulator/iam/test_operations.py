"""IAM's and STS's operations, where moto's own do something else."""

import json
from typing import Any

import pytest

from tests.emulator import shown
from tests.emulator.conftest import ACCOUNT, Aws, client_of
from tests.emulator.shown import allow, refusal, shows, trust, unique

TRUST = trust({"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
POLICY = shown.document(allow("logs:*"))

iam = client_of("iam")


@pytest.fixture
def role(iam: Any) -> str:
    name = unique("role")
    iam.create_role(
        RoleName=name, AssumeRolePolicyDocument=TRUST, Tags=[{"Key": "a", "Value": "1"}]
    )
    return name


@pytest.fixture
def policy(iam: Any) -> str:
    made = iam.create_policy(PolicyName=unique("policy"), PolicyDocument=POLICY)
    arn: str = made["Policy"]["Arn"]
    return arn


def no_role(name: str) -> tuple[int, str, str]:
    return 404, "NoSuchEntity", f"The role with name {name} cannot be found."


@shows("iam:CreateRole", "iam:GetRole", "iam:ListRoles", "iam:UpdateRole")
def test_a_role_is_made_once_and_changes_in_place(iam: Any, role: str) -> None:
    again = refusal(iam.create_role, RoleName=role, AssumeRolePolicyDocument=TRUST)
    assert again == (409, "EntityAlreadyExists", f"Role with name {role} already exists.")
    iam.update_role(RoleName=role, Description="new", MaxSessionDuration=7200)
    read = iam.get_role(RoleName=role)["Role"]
    assert (read["Description"], read["MaxSessionDuration"]) == ("new", 7200)
    assert read["AssumeRolePolicyDocument"] == json.loads(TRUST)
    assert read["Tags"] == [{"Key": "a", "Value": "1"}]
    pages = iam.get_paginator("list_roles").paginate()
    assert role in {one["RoleName"] for page in pages for one in page["Roles"]}
    assert refusal(iam.get_role, RoleName="none") == no_role("none")
    for change in ({"Description": "x"}, {"MaxSessionDuration": 3600}):
        assert refusal(iam.update_role, RoleName="none", **change) == no_role("none")


@pytest.mark.parametrize(
    "document",
    ["{invalid}", "[]", '{"Version": "2012-10-17"}', POLICY,
     '{"Version": "2012-10-17", "Statement": [{"Effect": "Maybe"}]}'],
)  # fmt: skip
@shows("iam:UpdateAssumeRolePolicy")
def test_a_trust_policy_must_be_one(iam: Any, role: str, document: str) -> None:
    for attempt in (
        refusal(iam.create_role, RoleName=unique(), AssumeRolePolicyDocument=document),
        refusal(iam.update_assume_role_policy, RoleName=role, PolicyDocument=document),
    ):
        assert attempt[:2] == (400, "MalformedPolicyDocument")
    if document == "{invalid}":
        assert attempt[2] == "This policy contains invalid Json"
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=TRUST)
    refused = refusal(iam.update_assume_role_policy, RoleName="none", PolicyDocument=TRUST)
    assert refused == no_role("none")


@shows(
    "iam:PutRolePolicy", "iam:GetRolePolicy", "iam:DeleteRolePolicy", "iam:ListRolePolicies",
)  # fmt: skip
def test_a_roles_own_policies(iam: Any, role: str) -> None:
    at = {"RoleName": role, "PolicyName": "own"}
    iam.put_role_policy(**at, PolicyDocument=POLICY)
    other = POLICY.replace("logs", "kms")
    iam.put_role_policy(**at, PolicyDocument=other)
    assert iam.list_role_policies(RoleName=role)["PolicyNames"] == ["own"]
    assert iam.get_role_policy(**at)["PolicyDocument"] == json.loads(other)
    for bad in ("{", TRUST):
        refused = refusal(iam.put_role_policy, **at, PolicyDocument=bad)
        assert refused[:2] == (400, "MalformedPolicyDocument")
    long = POLICY.replace("logs:*", "logs:" + "x" * 10_300)
    refused = refusal(iam.put_role_policy, **at, PolicyDocument=long)
    assert refused == (
        409, "LimitExceeded", f"Maximum policy size of 10240 bytes exceeded for role {role}",
    )  # fmt: skip
    assert refusal(iam.delete_role, RoleName=role)[:2] == (409, "DeleteConflict")
    iam.delete_role_policy(**at)
    missing = (404, "NoSuchEntity", "The role policy with name own cannot be found.")
    assert refusal(iam.get_role_policy, **at) == missing
    assert refusal(iam.delete_role_policy, **at) == missing
    at["RoleName"] = "none"
    assert refusal(iam.put_role_policy, **at, PolicyDocument=POLICY) == no_role("none")
    assert refusal(iam.list_role_policies, RoleName="none") == no_role("none")


@shows(
    "iam:AttachRolePolicy", "iam:DetachRolePolicy", "iam:ListAttachedRolePolicies",
    "iam:ListEntitiesForPolicy", "iam:DeleteRole",
)  # fmt: skip
def test_policies_are_attached_to_roles(iam: Any, role: str, policy: str) -> None:
    at = {"RoleName": role, "PolicyArn": policy}
    for _ in range(2):
        iam.attach_role_policy(**at)
    listed = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    assert [one["PolicyArn"] for one in listed] == [policy]
    used = iam.list_entities_for_policy(PolicyArn=policy)["PolicyRoles"]
    assert [one["RoleName"] for one in used] == [role]
    assert iam.get_policy(PolicyArn=policy)["Policy"]["AttachmentCount"] == 1
    for attempt in (
        refusal(iam.delete_role, RoleName=role),
        refusal(iam.delete_policy, PolicyArn=policy),
    ):
        assert attempt[:2] == (409, "DeleteConflict")
    iam.detach_role_policy(**at)
    assert refusal(iam.detach_role_policy, **at) == (
        404, "NoSuchEntity", f"Policy {policy} was not found.",
    )  # fmt: skip
    absent = f"arn:aws:iam::{ACCOUNT}:policy/none"
    assert refusal(iam.attach_role_policy, RoleName=role, PolicyArn=absent) == (
        404, "NoSuchEntity", f"Policy {absent} does not exist or is not attachable.",
    )  # fmt: skip
    invalid = refusal(iam.attach_role_policy, RoleName=role, PolicyArn="longpolicyname" * 3)
    assert invalid == (400, "ValidationError", "Invalid ARN:  Could not be parsed!")
    more = [iam.create_policy(PolicyName=unique(), PolicyDocument=POLICY) for _ in range(11)]
    for one in more[:10]:
        iam.attach_role_policy(RoleName=role, PolicyArn=one["Policy"]["Arn"])
    refused = refusal(iam.attach_role_policy, RoleName=role, PolicyArn=more[10]["Policy"]["Arn"])
    assert refused == (
        409, "LimitExceeded", "Cannot exceed quota for PoliciesPerRole: 10",
    )  # fmt: skip
    for one in more[:10]:
        iam.detach_role_policy(RoleName=role, PolicyArn=one["Policy"]["Arn"])
    iam.delete_role(RoleName=role)
    assert refusal(iam.delete_role, RoleName=role) == no_role(role)
    assert refusal(iam.attach_role_policy, **at) == no_role(role)


@shows("iam:CreatePolicy", "iam:GetPolicy", "iam:DeletePolicy", "iam:ListPolicies")
def test_a_policy_is_made_once(iam: Any, policy: str) -> None:
    name = policy.rpartition("/")[2]
    again = refusal(iam.create_policy, PolicyName=name, PolicyDocument=POLICY)
    assert again == (
        409, "EntityAlreadyExists",
        f"A policy called {name} already exists. Duplicate names are not allowed.",
    )  # fmt: skip
    pages = iam.get_paginator("list_policies").paginate(Scope="Local")
    assert policy in {one["Arn"] for page in pages for one in page["Policies"]}
    assert iam.get_policy(PolicyArn=policy)["Policy"]["DefaultVersionId"] == "v1"
    for bad in ("{", TRUST):
        refused = refusal(iam.create_policy, PolicyName=unique(), PolicyDocument=bad)
        assert refused[:2] == (400, "MalformedPolicyDocument")
    long = POLICY.replace("logs:*", "logs:" + "x" * 6_200)
    refused = refusal(iam.create_policy, PolicyName=unique(), PolicyDocument=long)
    assert refused == (409, "LimitExceeded", "Cannot exceed quota for PolicySize: 6144")
    iam.delete_policy(PolicyArn=policy)
    missing = (404, "NoSuchEntity", f"Policy {policy} was not found.")
    assert refusal(iam.delete_policy, PolicyArn=policy) == missing
    assert refusal(iam.get_policy, PolicyArn=policy) == missing


@shows(
    "iam:CreatePolicyVersion", "iam:DeletePolicyVersion", "iam:GetPolicyVersion",
    "iam:ListPolicyVersions", "iam:SetDefaultPolicyVersion",
)  # fmt: skip
def test_a_policy_has_five_versions(iam: Any, policy: str) -> None:
    for number in range(2, 6):
        document = POLICY.replace("logs", f"s{number}")
        made = iam.create_policy_version(
            PolicyArn=policy, PolicyDocument=document, SetAsDefault=True
        )
        assert made["PolicyVersion"]["VersionId"] == f"v{number}"
    assert iam.get_policy(PolicyArn=policy)["Policy"]["DefaultVersionId"] == "v5"
    refused = refusal(iam.create_policy_version, PolicyArn=policy, PolicyDocument=POLICY)
    assert refused[:2] == (409, "LimitExceeded")
    default = refusal(iam.delete_policy_version, PolicyArn=policy, VersionId="v5")
    assert default[:2] == (409, "DeleteConflict")
    assert refusal(iam.delete_policy, PolicyArn=policy)[:2] == (409, "DeleteConflict")
    iam.delete_policy_version(PolicyArn=policy, VersionId="v1")
    iam.set_default_policy_version(PolicyArn=policy, VersionId="v2")
    versions = iam.list_policy_versions(PolicyArn=policy)["Versions"]
    assert {one["VersionId"]: one["IsDefaultVersion"] for one in versions} == {
        "v2": True, "v3": False, "v4": False, "v5": False,
    }  # fmt: skip
    read = iam.get_policy_version(PolicyArn=policy, VersionId="v3")["PolicyVersion"]
    assert "s3:*" in json.dumps(read["Document"])
    gone = refusal(iam.get_policy_version, PolicyArn=policy, VersionId="v1")
    assert gone[:2] == (404, "NoSuchEntity")
    bad = refusal(iam.create_policy_version, PolicyArn=policy, PolicyDocument="{")
    assert bad[:2] == (400, "MalformedPolicyDocument")
    new = iam.create_policy_version(PolicyArn=policy, PolicyDocument=POLICY)["PolicyVersion"]
    assert (new["VersionId"], new["IsDefaultVersion"]) == ("v6", False)


@shows("iam:PutRolePermissionsBoundary", "iam:DeleteRolePermissionsBoundary")
def test_a_roles_boundary_is_a_policy(iam: Any, role: str, policy: str) -> None:
    iam.put_role_permissions_boundary(RoleName=role, PermissionsBoundary=policy)
    read = iam.get_role(RoleName=role)["Role"]["PermissionsBoundary"]
    assert read["PermissionsBoundaryArn"] == policy
    assert refusal(iam.delete_policy, PolicyArn=policy)[:2] == (409, "DeleteConflict")
    absent = f"arn:aws:iam::{ACCOUNT}:policy/none"
    refused = refusal(iam.put_role_permissions_boundary, RoleName=role, PermissionsBoundary=absent)
    assert refused[:2] == (404, "NoSuchEntity")
    made = {"RoleName": unique(), "AssumeRolePolicyDocument": TRUST}
    assert refusal(iam.create_role, **made, PermissionsBoundary=absent)[:2] == (404, "NoSuchEntity")
    iam.delete_role_permissions_boundary(RoleName=role)
    assert "PermissionsBoundary" not in iam.get_role(RoleName=role)["Role"]
    refused = refusal(iam.delete_role_permissions_boundary, RoleName="none")
    assert refused == no_role("none")


@shows(
    "iam:TagRole", "iam:UntagRole", "iam:ListRoleTags",
    "iam:TagPolicy", "iam:UntagPolicy", "iam:ListPolicyTags", "iam:ListInstanceProfilesForRole",
)  # fmt: skip
def test_roles_and_policies_have_tags(iam: Any, role: str, policy: str) -> None:
    tags = [{"Key": "b", "Value": "2"}]
    iam.tag_role(RoleName=role, Tags=tags)
    iam.untag_role(RoleName=role, TagKeys=["a"])
    assert iam.list_role_tags(RoleName=role)["Tags"] == tags
    iam.tag_policy(PolicyArn=policy, Tags=[*tags, {"Key": "c", "Value": "3"}])
    iam.untag_policy(PolicyArn=policy, TagKeys=["c"])
    assert iam.list_policy_tags(PolicyArn=policy)["Tags"] == tags
    assert refusal(iam.tag_role, RoleName="none", Tags=tags) == no_role("none")
    assert iam.list_instance_profiles_for_role(RoleName=role)["InstanceProfiles"] == []
    assert refusal(iam.list_instance_profiles_for_role, RoleName="none") == no_role("none")


@shows("sts:AssumeRole", "sts:GetCallerIdentity")
def test_a_session_of_a_role_says_who_it_is(aws: Aws, iam: Any, role: str) -> None:
    sts, made = aws("sts"), iam.get_role(RoleName=role)["Role"]
    session = sts.assume_role(RoleArn=made["Arn"], RoleSessionName="me")
    who = session["AssumedRoleUser"]
    assert who["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/me"
    assert who["AssumedRoleId"] == f"{made['RoleId']}:me"
    inside = aws("sts", credentials=session["Credentials"])
    identity = inside.get_caller_identity()
    assert (identity["Arn"], identity["UserId"]) == (who["Arn"], who["AssumedRoleId"])
    invalid = refusal(sts.assume_role, RoleArn="nothing-valid-in-here", RoleSessionName="me")
    assert invalid == (400, "ValidationError", "nothing-valid-in-here is invalid")
    long = {"RoleArn": made["Arn"], "RoleSessionName": "me", "DurationSeconds": 7200}
    assert refusal(sts.assume_role, **long) == (
        400, "ValidationError",
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    )  # fmt: skip


@shows("iam:CreateUser", "iam:CreateAccessKey", "iam:ListAccessKeys", "iam:UpdateAccessKey",
       "iam:DeleteAccessKey")  # fmt: skip
def test_a_users_access_keys(iam: Any) -> None:
    # IAM API reference, CreateAccessKey: Active from the start; IAM quotas: two for each user.
    user = unique("user")
    assert refusal(iam.create_access_key, UserName=user)[:2] == (404, "NoSuchEntity")
    iam.create_user(UserName=user)
    assert refusal(iam.create_user, UserName=user)[:2] == (409, "EntityAlreadyExists")
    first, second = (iam.create_access_key(UserName=user)["AccessKey"] for _ in range(2))
    assert {first["Status"], second["Status"]} == {"Active"}
    assert refusal(iam.create_access_key, UserName=user)[:2] == (409, "LimitExceeded")

    def statuses() -> dict[str, str]:
        listed = iam.list_access_keys(UserName=user)["AccessKeyMetadata"]
        return {one["AccessKeyId"]: one["Status"] for one in listed}

    known = {"UserName": user, "AccessKeyId": first["AccessKeyId"]}
    iam.update_access_key(**known, Status="Inactive")
    assert statuses() == {first["AccessKeyId"]: "Inactive", second["AccessKeyId"]: "Active"}
    iam.delete_access_key(**known)
    assert statuses() == {second["AccessKeyId"]: "Active"}
    for call in (iam.delete_access_key, lambda **of: iam.update_access_key(**of, Status="Active")):
        assert refusal(call, **known)[:2] == (404, "NoSuchEntity")
    assert refusal(iam.list_access_keys, UserName=unique("nobody"))[:2] == (404, "NoSuchEntity")


def test_awss_own_policies_can_be_attached(iam: Any, role: str) -> None:
    arn = "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
    iam.attach_role_policy(RoleName=role, PolicyArn=arn)
    attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    assert [each["PolicyArn"] for each in attached] == [arn]
    none = {"RoleName": role, "PolicyArn": "arn:aws:iam::aws:policy/NoSuchPolicy"}
    assert refusal(iam.attach_role_policy, **none)[:2] == (404, "NoSuchEntity")
