"""The deny policy and the organisation's: what they leave open, to whom, and why."""

import fnmatch
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from iam_policy import Decision, Policy, Query, evaluate
from tests.services import PREFIXES
from tests.terraform.offline import Jobs, resources
from tests.terraform.roles import (
    ADMINISTRATOR,
    GLOBAL,
    GUARDRAIL,
    LOGS,
    NAME,
    REGION,
    kinds,
    listed,
    mine,
    names_of,
    policy_name,
    published,
)
from toolkit.offline import ACCOUNT


def rendered(plan: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a policy document that governance renders."""
    address = f"module.governance.data.aws_iam_policy_document.{name}"
    (governance,) = (
        child
        for child in plan["prior_state"]["values"]["root_module"]["child_modules"]
        if child["address"] == "module.governance"
    )
    (found,) = (one for one in governance["resources"] if one["address"] == address)
    document: dict[str, Any] = json.loads(found["values"]["minified_json"])
    return document


def expanded(patterns: Iterable[str]) -> set[str]:
    """Return the published actions that a policy's patterns stand for."""
    found = set()
    for pattern in patterns:
        service, name = pattern.split(":")
        matching = fnmatch.filter(names_of(service), name)
        assert matching, f"{pattern} stands for nothing"
        found |= {f"{service}:{one}" for one in matching}
    return found


OUR_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"

# One of ours for every service that the denials are about.
OURS = (
    GUARDRAIL,
    f"arn:aws:apigateway:{REGION}::/restapis/abcdef/stages/v1",
    f"arn:aws:budgets::{ACCOUNT}:budget/{GLOBAL}-month",
    f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/{GLOBAL}",
    f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{NAME}-api-5xx",
    f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/{GLOBAL}",
    f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{NAME}",
    f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{NAME}-waf-changed",
    f"arn:aws:iam::{ACCOUNT}:policy/{GLOBAL}-boundary",
    f"arn:aws:iam::{ACCOUNT}:policy/{GLOBAL}-deny-tampering",
    f"arn:aws:iam::{ACCOUNT}:role/ApiGatewayLoggingRole-{REGION}",
    f"arn:aws:iam::{ACCOUNT}:role/BedrockLoggingRole-{REGION}",
    f"arn:aws:iam::{ACCOUNT}:role/{GLOBAL}-execution",
    f"arn:aws:iam::{ACCOUNT}:role/{GLOBAL}-trail",
    f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/{NAME}",
    OUR_KEY,
    f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{NAME}",
    *(f"{LOGS}/aws/{service}/{NAME}" for service in ("apigateway", "cloudtrail", "lambda")),
    f"{LOGS}aws-waf-logs-{NAME}",
    f"{LOGS}/aws/bedrock/model-invocations",
    f"{LOGS}/aws/bedrock/model-invocations:log-stream:aws/bedrock/modelinvocations",
    f"arn:aws:s3:::{GLOBAL}-trail-{ACCOUNT}",
    f"arn:aws:s3:::{GLOBAL}-trail-{ACCOUNT}/AWSLogs/{ACCOUNT}/CloudTrail/record.json.gz",
    f"arn:aws:sns:{REGION}:{ACCOUNT}:{NAME}-alerts",
    f"arn:aws:wafv2:{REGION}:{ACCOUNT}:regional/regexpatternset/{NAME}-prompt-injection/some",
    f"arn:aws:wafv2:{REGION}:{ACCOUNT}:regional/webacl/{NAME}/some",
)

# Denied by a wildcard, and done to no resource: the organisation's policy, which denies these by
# resource, leaves them to the account's administrators.
NAMELESS = {
    "cloudtrail:StopImport", "cloudwatch:DeleteAnomalyDetector", "cloudwatch:DeleteOmniThread",
    "cloudwatch:DeleteResourceMetricsConfiguration", "cloudwatch:PutAnomalyDetector",
    "cloudwatch:PutIntelligenceConfiguration", "cloudwatch:PutManagedInsightRules",
    "cloudwatch:PutRecords", "events:PutPartnerEvents", "events:PutPermission",
    "iam:DeleteAccountAlias", "iam:DeleteAccountPasswordPolicy", "iam:DeleteCloudFrontPublicKey",
    "iam:UpdateAccountEmailAddress", "iam:UpdateAccountName", "iam:UpdateAccountPasswordPolicy",
    "iam:UpdateCloudFrontPublicKey", "lambda:CreateCodeSigningConfig",
    "lambda:CreateEventSourceMapping", "lambda:CreateMicrovmImage", "logs:DeleteIndexPolicy",
    "logs:DeleteIntegration", "logs:DeleteLogDelivery", "logs:DeletePipelineRule",
    "logs:DeleteQueryDefinition", "s3:PutAccessPointPublicAccessBlock",
    "s3:PutAccountPublicAccessBlock", "s3:PutStorageLensConfiguration", "sns:SetEndpointAttributes",
    "sns:SetPlatformApplicationAttributes", "sns:SetSMSAttributes", "wafv2:DeleteAPIKey",
}  # fmt: skip

# What an administrator under the organisation's policy may still write to what is ours, and why
# that undoes no control, or raises an alert. What a bound role may, tests/tampering.toml lists.
LEFT_OPEN = {
    "nothing here depends on a tag": ["*:*Tag*", "*:Untag*", "kms:UpdateKeyDescription"],
    "it is there already, so this fails or makes another beside it": [
        "*:CreateBucket", "*:CreateLogGroup", "*:CreateLogStream", "*:CreatePolicy", "*:CreateRole",
        "*:CreateServiceLinkedRole", "*:CreateTopic", "*:CreateTrail", "wafv2:Create*",
    ],
    "it turns a control on": [
        "*:Enable*", "*:StartLogging", "kms:CancelKeyDeletion", "kms:RotateKeyOnDemand",
    ],
    "the key's own policy decides, and gives nobody but our services its use": [
        "kms:*crypt*", "kms:*DataKey*", "kms:*capsulate", "kms:*Grant", "kms:*Mac",
        "kms:*KeyMaterial", "kms:DeriveSharedSecret", "kms:Sign", "kms:Verify", "kms:ReplicateKey",
        "kms:*PrimaryRegion", "kms:SynchronizeMultiRegionKey", "events:*Archive",
    ],
    "without credentials, or along with AssumeRole, which is denied": ["sts:*"],
    "the topic's and its key's policies decide who publishes": [
        "sns:ConfirmSubscription", "sns:Publish",
    ],
    "object lock keeps each version, and a copy takes nothing away": [
        "s3:AbortMultipartUpload", "s3:CreateBucketMetadataTableConfiguration", "s3:*Replication",
        "s3:ObjectOwnerOverrideToBucketOwner", "s3:RestoreObject",
    ],
    "it adds log events or reads them, and takes none away": [
        "logs:CreateLogAnomalyDetector", "logs:PutLogEvents",
    ],
    "whoever calls the function meets its own checks and the guardrail": ["lambda:Invoke*"],
    "its items are the application's; of the table logs-changed tells": ["dynamodb:*"],
    "AWS invents the API's id; the alert api-changed tells": ["apigateway:*"],
}  # fmt: skip


def on_ours(action: str) -> list[str]:
    """Return which resources of ours an action can be done to; "*" if it names no resource."""
    service, name = action.split(":")
    types = published().actions.get_action_details(service, name)["resourceTypes"]
    if not types:
        return ["*"]
    patterns = [
        re.escape(published().resources.get_resource_type_details(service, kind["name"])["arn"])
        for kind in types
    ]
    shapes = [
        re.compile(re.sub(r"\\\$\\\{\w+\\\}", "[^:]*" if service != "logs" else ".*", pattern))
        for pattern in patterns
    ]
    return [arn for arn in OURS if any(shape.fullmatch(arn) for shape in shapes)]


@pytest.fixture(scope="module")
def organisation(usages: dict[str, Any]) -> list[Policy]:
    """Return the service control policies of an account of the organisation."""
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    return [
        Policy({"Version": "2012-10-17", "Statement": everything}, "FullAWSAccess"),
        Policy(rendered(usages, "scp"), "scp"),
    ]


def ask(scps: Sequence[Policy], principal: str, action: str, resource: str) -> Decision:
    """Ask for an administrator under the organisation's policy."""
    context: dict[str, str | list[str]] = {"aws:PrincipalArn": principal}
    if resource == OUR_KEY:
        context["kms:ResourceAliases"] = [f"alias/{NAME}"]
    return evaluate(
        Query(action, resource, context, principal), identity=[ADMINISTRATOR], scps=[scps]
    )


DEPLOY = f"arn:aws:iam::{ACCOUNT}:role/deploy"
STRANGERS = (
    f"arn:aws:iam::{ACCOUNT}:root",
    f"arn:aws:iam::{ACCOUNT}:role/administrator",
    f"arn:aws:iam::{ACCOUNT}:role/deploy2",
    f"arn:aws:iam::{ACCOUNT}:role/path/deploy",
    f"arn:aws:iam::{ACCOUNT}:user/deploy",
    "arn:aws:iam::444455556666:role/deploy",
)


def test_the_organisations_policy_spares_the_deploy_role_and_nobody_else(
    usages: dict[str, Any], organisation: list[Policy]
) -> None:
    """Every action of the deny list, on everything of ours that it can be done to."""
    open_to_others, closed_to_deploy, questions = set(), set(), 0
    for statement in rendered(usages, "scp")["Statement"]:
        anywhere = statement["Resource"] == "*" and "Key" not in statement["Sid"]
        for action in expanded(listed(statement["Action"])):
            for resource in [*kinds(*action.split(":")), "*"] if anywhere else on_ours(action):
                questions += 1
                if any(ask(organisation, who, action, resource).allowed for who in STRANGERS):
                    open_to_others.add((action, resource))
                if not ask(organisation, DEPLOY, action, resource).allowed:
                    closed_to_deploy.add((action, resource))
    assert questions > 300
    # Moving or deleting an alias asks for the alias and for its key; the alias is denied.
    moved = {("kms:DeleteAlias", OUR_KEY), ("kms:UpdateAlias", OUR_KEY)}
    assert open_to_others - moved == {(action, "*") for action in NAMELESS}
    assert not closed_to_deploy


def test_other_environments_and_keys_are_left_alone(organisation: list[Policy]) -> None:
    for action, resource in {
        "logs:DeleteLogGroup": f"{LOGS}/aws/lambda/other",
        "s3:DeleteObject": "arn:aws:s3:::other/key",
        "wafv2:DeleteWebACL": f"arn:aws:wafv2:{REGION}:{ACCOUNT}:regional/webacl/other/some",
        "iam:DetachRolePolicy": f"arn:aws:iam::{ACCOUNT}:role/other",
        "sns:DeleteTopic": f"arn:aws:sns:{REGION}:{ACCOUNT}:other",
        "kms:ScheduleKeyDeletion": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/other",
    }.items():
        assert ask(organisation, STRANGERS[1], action, resource).allowed, action


def test_whatever_else_can_be_written_to_what_is_ours_undoes_no_control(
    organisation: list[Policy],
) -> None:
    """An action that AWS adds tomorrow shows here, as cloudwatch:PutAlarmMuteRule did."""
    found = set()
    for service in PREFIXES:
        for name in names_of(service):
            action = f"{service}:{name}"
            level = published().actions.get_action_details(service, name)["accessLevel"]
            if level in {"List", "Read"}:
                continue
            for resource in set(on_ours(action)) - {"*"}:
                stranger = ask(organisation, STRANGERS[1], action, resource)
                if stranger.allowed and not action.endswith("Alias"):
                    found.add(action)
    patterns = [pattern for group in LEFT_OPEN.values() for pattern in group]
    assert {a for a in found if not any(fnmatch.fnmatch(a, p) for p in patterns)} == set()
    assert [p for p in patterns if not fnmatch.filter(found, p)] == [], "no longer needed"


def test_a_bound_role_cannot_free_itself(
    usages: dict[str, Any], organisation: list[Policy]
) -> None:
    """Nor what it is bound by: the policy, its versions, the boundary, the trust."""
    policy = f"arn:aws:iam::{ACCOUNT}:policy/{GLOBAL}-deny-tampering"
    role = f"arn:aws:iam::{ACCOUNT}:role/{GLOBAL}-execution"
    bound = [ADMINISTRATOR, Policy(rendered(usages, "deny_tampering"), "deny-tampering")]
    of_role = [
        "DetachRolePolicy", "AttachRolePolicy", "PutRolePolicy", "DeleteRolePolicy", "DeleteRole",
        "UpdateAssumeRolePolicy", "PutRolePermissionsBoundary", "DeleteRolePermissionsBoundary",
        "PassRole",
    ]  # fmt: skip
    of_policy = ["CreatePolicyVersion", "SetDefaultPolicyVersion", "DeletePolicyVersion",
                 "DeletePolicy"]  # fmt: skip
    for action, resource in [*((a, role) for a in of_role), *((a, policy) for a in of_policy)]:
        decision = evaluate(Query(f"iam:{action}", resource, {}, role), identity=bound)
        by = "deny-tampering/DenyPrivilegeChanges"
        assert (decision.reason, decision.by) == ("explicit_deny", by), action
        assert ask(organisation, DEPLOY, f"iam:{action}", resource).allowed


def test_only_the_functions_role_and_the_named_ones_are_bound(
    jobs: Jobs, usages: dict[str, Any]
) -> None:
    kind = "aws_iam_role_policy_attachment"
    dev = resources(jobs.result("plan dev"), kind)
    for attached, name in ((mine(usages, kind), NAME), (dev, "chatbot-dev")):
        assert {(one["role"], policy_name(one["policy_arn"])) for one in attached} == {
            (f"{name}-{REGION}-execution", f"{name}-{REGION}-deny-tampering")
        }
