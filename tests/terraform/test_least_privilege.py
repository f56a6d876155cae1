"""What each role may do, of all actions that AWS publishes: what is allowed is written here."""

import json
from collections.abc import Mapping
from typing import Any

from iam_policy import Policy, Query, evaluate
from tests.services import PREFIXES
from tests.terraform.offline import Jobs, resources
from tests.terraform.roles import (
    ADMINISTRATOR,
    BEDROCK,
    GLOBAL,
    GUARDRAIL,
    LOGS,
    MODELS,
    NAME,
    OFFERED,
    PROFILE,
    PROJECT,
    REGION,
    Role,
    mine,
)
from toolkit.offline import ACCOUNT

TRAIL_STREAM = f"{LOGS}/aws/cloudtrail/{NAME}:log-stream:{ACCOUNT}_CloudTrail_{REGION}"

TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{NAME}"
KEY_USES = (
    *("kms:Decrypt", "kms:Encrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo"),
    *("kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext"),
    *("kms:GenerateDataKeyPair", "kms:GenerateDataKeyPairWithoutPlaintext"),
)

# Role -> action -> every resource that it is allowed on. "*" is all that were asked.
ALLOWED: dict[str, dict[str, set[str]]] = {
    f"{GLOBAL}-execution": {
        "bedrock:ApplyGuardrail": {GUARDRAIL},
        "bedrock:InvokeModel": {PROFILE, PROJECT, *MODELS},
        **{action: {TABLE} for action in ("dynamodb:DeleteItem", "dynamodb:UpdateItem")},
        **{action: {f"arn:aws:kms:{REGION}:{ACCOUNT}:key/some"} for action in KEY_USES},
        "logs:CreateLogStream": {f"{LOGS}/aws/lambda/{NAME}:some"},
        "logs:PutLogEvents": {f"{LOGS}/aws/lambda/{NAME}:some"},
        "xray:PutTelemetryRecords": {"*"},
        "xray:PutTraceSegments": {"*"},
    },
    f"BedrockLoggingRole-{REGION}": {
        "logs:CreateLogStream": {
            f"{LOGS}/aws/bedrock/model-invocations:log-stream:aws/bedrock/modelinvocations"
        },
        "logs:PutLogEvents": {
            f"{LOGS}/aws/bedrock/model-invocations:log-stream:aws/bedrock/modelinvocations"
        },
    },
    f"{GLOBAL}-trail": {
        "logs:CreateLogStream": {f"{TRAIL_STREAM}some"},
        "logs:PutLogEvents": {f"{TRAIL_STREAM}some"},
    },
    # It serves every API of the account, and API Gateway takes no role that may do less.
    f"ApiGatewayLoggingRole-{REGION}": {
        f"logs:{action}": {"*"}
        for action in (
            "CreateLogGroup",
            "CreateLogStream",
            "DescribeLogGroups",
            "DescribeLogStreams",
            "FilterLogEvents",
            "GetLogEvents",
            "PutLogEvents",
        )
    },
}

# What the execution role could do at most, were AdministratorAccess attached to it.
AT_MOST = ALLOWED[f"{GLOBAL}-execution"] | {
    "bedrock:ApplyGuardrail": {GUARDRAIL, f"{BEDROCK}:guardrail/some", f"{BEDROCK}:guardrail/other"}
}

# Of a role that has a table, as the usage blocks do.
OF_THE_TABLE = {"ChangeOwnItems", "UseKeyOfTable"}
# Of a role whose function is in a VPC, likewise.
OF_THE_NETWORK = {
    f"AtMost{name}" for name in ("CreateInterfaces", "DescribeWhatIsThere", "ManageInterfaces")
}

# Who may take on each role: the service, with what AWS says of the request's origin.
TRUSTED = {
    f"{GLOBAL}-execution": ("lambda.amazonaws.com", {}),
    f"BedrockLoggingRole-{REGION}": (
        "bedrock.amazonaws.com",
        {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": f"{BEDROCK}:any"},
    ),
    # AWS says nothing of where a request comes from when CloudTrail writes to CloudWatch Logs.
    f"{GLOBAL}-trail": ("cloudtrail.amazonaws.com", {}),
    f"ApiGatewayLoggingRole-{REGION}": ("apigateway.amazonaws.com", {}),
}


def test_each_role_may_do_what_is_written_above_and_nothing_else(roles: dict[str, Role]) -> None:
    assert {name: role.allowed() for name, role in roles.items()} == ALLOWED


def test_an_administrators_policy_on_the_functions_role_gains_it_nothing(function: Role) -> None:
    assert function.allowed(ADMINISTRATOR) == AT_MOST


def test_every_condition_of_a_role_is_offered_above(roles: dict[str, Role]) -> None:
    keys = {
        key
        for role in roles.values()
        for document in role.documents.values()
        for statement in json.loads(document)["Statement"]
        for condition in statement.get("Condition", {}).values()
        for key in condition
    }
    assert keys == {key for offered in OFFERED.values() for key in offered}


def test_lambda_makes_interfaces_with_the_role_and_the_functions_code_makes_none(
    function: Role,
) -> None:
    code = {"lambda:SourceFunctionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{NAME}"}
    ec2 = f"arn:aws:ec2:{REGION}:{ACCOUNT}"
    for action, resource in (
        ("ec2:CreateNetworkInterface", f"{ec2}:subnet/subnet-0a1b2c3d"),
        ("ec2:CreateNetworkInterface", f"{ec2}:security-group/sg-0c1d2e3f"),
        ("ec2:CreateNetworkInterface", f"{ec2}:network-interface/*"),
        ("ec2:DeleteNetworkInterface", f"{ec2}:network-interface/eni-1"),
        ("ec2:DescribeNetworkInterfaces", "*"),
    ):
        assert function.may(action, resource, {}).allowed
        assert function.may(action, resource, code).reason == "explicit_deny"
    for action, resource in (
        ("ec2:CreateNetworkInterface", f"{ec2}:subnet/subnet-other"),
        ("ec2:CreateNetworkInterface", f"{ec2}:security-group/sg-other"),
        ("ec2:RunInstances", "*"),
    ):
        assert not function.may(action, resource, {}).allowed


def test_each_role_is_for_one_service_and_for_our_own_requests(roles: dict[str, Role]) -> None:
    services = {f"{service}.amazonaws.com" for service in PREFIXES} | {"ec2.amazonaws.com"}
    for name, role in roles.items():
        expected, origin = TRUSTED[name]

        def assumes(who: str, context: Mapping[str, str], trust: Policy = role.trust) -> bool:
            query = Query("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/x", dict(context), who)
            return evaluate(query, identity=[], resource_policy=trust).allowed

        assert {who for who in services if assumes(who, origin)} == {expected}
        assert not assumes(f"arn:aws:iam::{ACCOUNT}:role/other", origin)
        for key in origin:  # another account's Bedrock or trail, and one that does not say whose
            theirs = origin | {key: origin[key].replace(ACCOUNT, "444455556666")}
            assert not assumes(expected, theirs)
            assert not assumes(expected, {k: v for k, v in origin.items() if k != key})


def test_an_environment_holds_the_same_documents(jobs: Jobs, usages: dict[str, Any]) -> None:
    """All but those about the guardrail, whose id AWS has not given yet, and about a table."""

    def documents(found: list[dict[str, Any]], name: str) -> dict[str, str]:
        return {
            policy["name"].replace(f"{name}-{REGION}", "N"): policy["policy"].replace(name, "N")
            for policy in found
            if "policy" in policy
        }

    for kind in ("aws_iam_policy", "aws_iam_role_policy"):
        example = documents(mine(usages, kind), NAME)
        for waiting in ("guardrail", "memory", "vpc", "N-require-guardrail"):
            example.pop(waiting, None)
        if boundary := example.get("N-boundary"):
            document = json.loads(boundary)
            document["Statement"] = [
                one
                for one in document["Statement"]
                if one["Sid"] not in OF_THE_TABLE | OF_THE_NETWORK
            ]
            example["N-boundary"] = json.dumps(document, separators=(",", ":"))
        assert documents(resources(jobs.result("plan dev"), kind), "chatbot-dev") == example
