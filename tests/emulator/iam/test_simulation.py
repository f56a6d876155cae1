"""`aws iam simulate-principal-policy` and `simulate-custom-policy`, answered by the evaluator."""

from typing import Any

import pytest

from tests.emulator.conftest import ACCOUNT, Aws
from tests.emulator.shown import allow, deny, document, refusal, shows, trust, unique

BUCKET = "arn:aws:s3:::ours"


TRUST = trust("lambda.amazonaws.com")


@pytest.fixture
def role(aws: Aws) -> str:
    """Return a role that reads objects, deletes none, and is bounded to S3 and logs."""
    iam, name = aws("iam"), unique("simulated")
    boundary = iam.create_policy(
        PolicyName=f"{name}-boundary", PolicyDocument=document(allow("s3:*"), allow("logs:*"))
    )["Policy"]["Arn"]
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST, PermissionsBoundary=boundary)
    iam.put_role_policy(
        RoleName=name,
        PolicyName="mine",
        PolicyDocument=document(
            allow("s3:*", f"{BUCKET}/*"),
            allow("kms:*"),
            allow("logs:*", Condition={"StringEquals": {"aws:RequestedRegion": "us-east-2"}}),
            deny("s3:DeleteObject"),
        ),
    )
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


def decisions(answer: dict[str, Any]) -> dict[str, str]:
    return {one["EvalActionName"]: one["EvalDecision"] for one in answer["EvaluationResults"]}


@shows("iam:SimulatePrincipalPolicy")
def test_a_roles_policies_and_boundary_decide(aws: Aws, role: str) -> None:
    answer = aws("iam").simulate_principal_policy(
        PolicySourceArn=role,
        ActionNames=["s3:GetObject", "s3:DeleteObject", "kms:Decrypt", "sns:Publish"],
        ResourceArns=[f"{BUCKET}/x"],
    )
    assert answer["IsTruncated"] is False
    assert decisions(answer) == {
        "s3:GetObject": "allowed",
        "s3:DeleteObject": "explicitDeny",
        "kms:Decrypt": "implicitDeny",
        "sns:Publish": "implicitDeny",
    }
    get, _, decrypt, _ = answer["EvaluationResults"]
    assert get["MatchedStatements"] == [
        {"SourcePolicyId": "mine", "SourcePolicyType": "IAM Policy"}
    ]
    assert get["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": True}
    assert decrypt["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}


def test_each_resource_has_its_own_result_and_the_strictest_is_the_actions(
    aws: Aws, role: str
) -> None:
    answer = aws("iam").simulate_principal_policy(
        PolicySourceArn=role,
        ActionNames=["s3:GetObject"],
        ResourceArns=[f"{BUCKET}/x", "arn:aws:s3:::theirs/x"],
    )
    (result,) = answer["EvaluationResults"]
    assert result["EvalDecision"] == "implicitDeny"
    assert {
        one["EvalResourceName"]: one["EvalResourceDecision"]
        for one in result["ResourceSpecificResults"]
    } == {f"{BUCKET}/x": "allowed", "arn:aws:s3:::theirs/x": "implicitDeny"}


def test_a_condition_finds_only_the_keys_that_are_given(aws: Aws, role: str) -> None:
    ask = aws("iam").simulate_principal_policy
    (bare,) = ask(PolicySourceArn=role, ActionNames=["logs:PutLogEvents"])["EvaluationResults"]
    assert (bare["EvalDecision"], bare["MissingContextValues"]) == (
        "implicitDeny",
        ["aws:RequestedRegion"],
    )
    for region, decision in (("us-east-2", "allowed"), ("eu-west-1", "implicitDeny")):
        entry = {
            "ContextKeyName": "aws:RequestedRegion",
            "ContextKeyValues": [region],
            "ContextKeyType": "string",
        }
        (given,) = ask(
            PolicySourceArn=role, ActionNames=["logs:PutLogEvents"], ContextEntries=[entry]
        )["EvaluationResults"]
        assert (given["EvalDecision"], given["MissingContextValues"]) == (decision, [])


def test_policies_can_be_tried_on_top_or_by_themselves(aws: Aws, role: str) -> None:
    iam = aws("iam")
    tried = iam.simulate_principal_policy(
        PolicySourceArn=role,
        ActionNames=["s3:GetObject"],
        ResourceArns=[f"{BUCKET}/x"],
        PolicyInputList=[document(deny("s3:*"))],
    )
    assert decisions(tried) == {"s3:GetObject": "explicitDeny"}
    (result,) = tried["EvaluationResults"]
    assert result["MatchedStatements"][0]["SourcePolicyId"] == "PolicyInputList.1"
    custom = iam.simulate_custom_policy(
        PolicyInputList=[document(allow("s3:Get*"), allow("sns:*"))],
        PermissionsBoundaryPolicyInputList=[document(allow("s3:*"))],
        ActionNames=["s3:GetObject", "s3:PutObject", "sns:Publish"],
    )
    assert decisions(custom) == {
        "s3:GetObject": "allowed",
        "s3:PutObject": "implicitDeny",
        "sns:Publish": "implicitDeny",
    }


@shows("iam:SimulateCustomPolicy")
def test_an_organizations_policies_hold_at_every_level(aws: Aws) -> None:
    levels = [[document(allow("*"))], [document(allow("*")), document(deny("kms:PutKeyPolicy"))]]
    answer = aws("iam").simulate_custom_policy(
        PolicyInputList=[document(allow("*"))],
        ActionNames=["kms:PutKeyPolicy", "kms:Decrypt"],
        OrderedOrganizationPolicyInputList=[
            {"ServiceControlPolicyInputList": level} for level in levels
        ],
    )
    assert decisions(answer) == {"kms:PutKeyPolicy": "explicitDeny", "kms:Decrypt": "allowed"}
    assert [
        one["OrganizationsDecisionDetail"]["AllowedByOrganizations"]
        for one in answer["EvaluationResults"]
    ] == [False, True]


def test_pages_follow_each_other(aws: Aws, role: str) -> None:
    pages = list(
        aws("iam")
        .get_paginator("simulate_principal_policy")
        .paginate(
            PolicySourceArn=role,
            ActionNames=["s3:GetObject", "s3:PutObject", "s3:ListBucket"],
            PaginationConfig={"PageSize": 2},
        )
    )
    assert [len(page["EvaluationResults"]) for page in pages] == [2, 1]


@pytest.mark.parametrize(
    ("operation", "given", "code"),
    [
        ("simulate_principal_policy", {"PolicySourceArn": f"arn:aws:iam::{ACCOUNT}:role/nobody"},
         "NoSuchEntity"),
        ("simulate_custom_policy", {"PolicyInputList": ['{"Statement": 1}']}, "InvalidInput"),
    ],
)  # fmt: skip
def test_what_cannot_be_simulated_is_refused(
    aws: Aws, operation: str, given: dict[str, Any], code: str
) -> None:
    simulate = getattr(aws("iam"), operation)
    assert refusal(simulate, ActionNames=["s3:GetObject"], **given)[1] == code
