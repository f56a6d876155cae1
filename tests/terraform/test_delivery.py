"""The roles that plan and apply: what they may do, of all actions that AWS publishes."""

import fnmatch
import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import pytest

from iam_policy import Decision, Policy, Query, evaluate
from tests.services import SERVICES
from tests.terraform.roles import REGION, listed, published
from toolkit.offline import ACCOUNT
from toolkit.terraform import ROOT

pytestmark = pytest.mark.needs("usages")

LIST = Path(__file__).with_suffix(".toml")

ARN = f"arn:aws:{{}}:{REGION}:{ACCOUNT}:"
IAM = f"arn:aws:iam::{ACCOUNT}:"
STATE = f"arn:aws:s3:::chatbot-state-{REGION}-{ACCOUNT}"
ASKED = tuple(dict.fromkeys((*SERVICES, "dynamodb", "ec2")))
# The tags of envs/dev's provider, and what else a call may carry.
TAGS = {"application": "chatbot", "environment": "dev"}
TAGGED = {
    f"aws:{where}Tag/{key}": v for where in ("Request", "Resource") for key, v in TAGS.items()
}
OTHERS = {**TAGGED, "aws:ResourceTag/environment": "prod", "aws:RequestTag/environment": "prod"}
# One that begins with its own name, and such as its neighbours and the bootstrap have.
FOREIGN = (
    f"{IAM}role/delivery-chatbot-dev-{REGION}-apply",
    f"{IAM}role/delivery-chatbot-dev-{REGION}-plan",
    f"{IAM}role/chatbot-prod-{REGION}-execution",
    f"{IAM}role/chatbot-dev-us-east-1-execution",
    f"{IAM}role/admin",
    f"{IAM}policy/delivery-chatbot-dev-{REGION}-limits",
    f"{IAM}policy/chatbot-prod-{REGION}-boundary",
    f"{IAM}user/somebody",
    f"{IAM}oidc-provider/token.actions.githubusercontent.com",
    STATE,
    f"{STATE}/chatbot/bootstrap.tfstate",
    f"{STATE}/chatbot/prod.tfstate",
    f"{STATE}/chatbot/prod.tfstate.tflock",
    f"arn:aws:s3:::chatbot-prod-{REGION}-trail-{ACCOUNT}",
    "arn:aws:s3:::somebody/key",
    f"{ARN.format('lambda')}function:chatbot-prod",
    f"{ARN.format('lambda')}function:other",
    f"{ARN.format('logs')}log-group:/aws/lambda/chatbot-prod:*",
    f"{ARN.format('logs')}log-group:other:*",
    f"{ARN.format('wafv2')}regional/webacl/chatbot-prod/1",
    f"{ARN.format('wafv2')}regional/webacl/chatbot-dev2/1",
    f"{ARN.format('cloudtrail')}trail/chatbot-prod-{REGION}",
    f"{ARN.format('cloudtrail')}trail/organization",
    f"{ARN.format('sns')}chatbot-prod-alerts",
    f"{ARN.format('events')}rule/chatbot-prod-api-changed",
    f"{ARN.format('cloudwatch')}alarm:chatbot-prod-api-5xx",
    f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/chatbot-prod-{REGION}",
    f"arn:aws:budgets::{ACCOUNT}:budget/chatbot-prod-{REGION}-month",
    f"{ARN.format('dynamodb')}table/chatbot-prod",
    f"{ARN.format('kms')}alias/chatbot-prod",
    f"{ARN.format('kms')}alias/delivery-chatbot-state",
)
# What the apply role may do to no thing of its own, since the action has none or AWS asks for all.
ACCOUNT_WIDE = {
    *(f"bedrock:{verb}ModelInvocationLoggingConfiguration" for verb in ("Delete", "Get", "Put")),
    *("bedrock:GetInferenceProfile", "cloudtrail:DescribeTrails", "cloudwatch:DescribeAlarms"),
    *("ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs"),  # of a function
    *("kms:ListAliases", "logs:CreateLogDelivery", "logs:DeleteLogDelivery"),
    *("logs:DescribeLogGroups", "logs:DescribeResourcePolicies", "logs:PutResourcePolicy"),
    "sts:GetCallerIdentity",
}
# What it may make, with its own tags.
MADE = {"bedrock:CreateGuardrail", "kms:CreateKey"}


@dataclass(frozen=True)
class DeliveryRole:
    """A role of envs/dev with its policies."""

    name: str
    documents: Mapping[str, str]

    @cached_property
    def policies(self) -> tuple[Policy, ...]:
        return tuple(Policy(text, name) for name, text in self.documents.items())

    def may(self, action: str, resource: str, context: Mapping[str, str]) -> Decision:
        principal = f"arn:aws:sts::{ACCOUNT}:assumed-role/{self.name}/run"
        return evaluate(Query(action, resource, context, principal), identity=self.policies)

    def allowed(self, resources: Iterable[str], context: Mapping[str, str]) -> set[str]:
        """Return every published action that it may do to one of these."""
        of = {service: {arn for arn in resources if of_service(arn, service)} for service in ASKED}
        return {
            action
            for action, _ in every_action()
            if any(self.may(action, arn, context).allowed for arn in of[action.partition(":")[0]])
        }

    def statements(self) -> Iterator[dict[str, Any]]:
        """Yield the statements that allow."""
        for text in self.documents.values():
            yield from (one for one in json.loads(text)["Statement"] if one["Effect"] == "Allow")


def of_service(arn: str, service: str) -> bool:
    return arn == "*" or arn.split(":")[2] == service


def of_dev(plan: dict[str, Any], kind: str) -> DeliveryRole:
    children = plan["planned_values"]["root_module"]["child_modules"]
    (module,) = (child for child in children if child["address"] == "module.delivery")
    found = {
        one["index"]: one["values"]["policy"]
        for one in module["resources"]
        if one["type"] == "aws_iam_policy"
    }
    attached = [
        one["index"].split(" ")
        for one in module["resources"]
        if one["type"] == "aws_iam_role_policy_attachment"
    ]
    mine = [what for env, role, what in attached if (env, role) == ("dev", kind)]
    documents = {what: found[f"dev {what}"] for what in mine}
    return DeliveryRole(f"delivery-chatbot-dev-{REGION}-{kind}", documents)


@pytest.fixture(scope="module")
def plan_role(usages: dict[str, Any]) -> DeliveryRole:
    return of_dev(usages, "plan")


@pytest.fixture(scope="module")
def apply_role(usages: dict[str, Any]) -> DeliveryRole:
    return of_dev(usages, "apply")


@cache
def every_action() -> tuple[tuple[str, str], ...]:
    """Return every action of the services that a role here may use, with its access level."""
    data = published().actions
    return tuple(
        (f"{service}:{name}", data.get_action_details(service, name)["accessLevel"])
        for service in ASKED
        for name in data.get_actions_for_service(service)
    )


def own(role: DeliveryRole) -> set[str]:
    """Return a resource for each pattern that a role's policies name."""
    named = (arn for one in role.statements() for arn in listed(one["Resource"]))
    return {arn if arn == "*" else arn.replace("*", "some") for arn in named}


def written(role: DeliveryRole) -> dict[str, dict[str, list[str]]]:
    """Return each statement of a role's policies, with its actions as AWS publishes them."""
    known = [action for action, _ in every_action()]

    def meant(patterns: list[str]) -> list[str]:
        lower = [pattern.lower() for pattern in patterns]
        return [one for one in known if any(fnmatch.fnmatchcase(one.lower(), p) for p in lower)]

    return {
        f"{policy} {one['Effect']} {one['Sid']}": {
            "actions": sorted(meant(listed(one["Action"]))),
            "conditions": sorted(
                f"{test} {key} {' '.join(sorted(listed(value)))}"
                for test, keys in one.get("Condition", {}).items()
                for key, value in keys.items()
            ),
            "resources": sorted(listed(one["Resource"])),
        }
        for policy, text in role.documents.items()
        for one in json.loads(text)["Statement"]
    }


def spelled_out(
    on: Iterable[str] = ("*",), tagged: str = "", conditions: Iterable[str] = (), **actions: str
) -> dict[str, list[str]]:
    """Return a statement of test_delivery.toml in full."""
    begins = {service: ARN.format(service) for service in ASKED}
    begins |= {"iam": IAM, "apigateway": f"arn:aws:apigateway:{REGION}::"}
    ends = [re.sub(r"\[(.*)\]", end, one) for one in on for end in ("", r"\1")]
    tags = [f"StringEquals aws:{tagged}Tag/{key} {v}" for key, v in TAGS.items() if tagged]
    return {
        "actions": sorted(
            f"{of}:{name}" for of, names in actions.items() for name in names.split()
        ),
        "conditions": sorted([*conditions, *tags]),
        "resources": sorted({one.format(**begins) for one in ends}),
    }


def test_each_role_may_do_what_is_written_down_and_nothing_else(
    plan_role: DeliveryRole, apply_role: DeliveryRole
) -> None:
    """A new action of AWS's that a pattern lets in is read here first."""
    listing = tomllib.loads(LIST.read_text(encoding="utf-8"))
    expected = {name: spelled_out(**statement) for name, statement in listing.items()}
    assert written(apply_role) == expected
    reads = {name: value for name, value in expected.items() if name.startswith("reads ")}
    assert written(plan_role) == reads


def test_no_statement_is_of_another_service(
    plan_role: DeliveryRole, apply_role: DeliveryRole
) -> None:
    """Otherwise the tests below would not ask it."""
    for role in (plan_role, apply_role):
        actions = {action for one in role.statements() for action in listed(one["Action"])}
        assert {action.partition(":")[0] for action in actions} <= {*ASKED}


def test_every_action_exists(apply_role: DeliveryRole) -> None:
    known = {action.lower() for action, _ in every_action()}
    for one in apply_role.statements():
        for action in listed(one["Action"]):
            assert fnmatch.filter(known, action.lower()), action


def test_who_plans_only_reads(plan_role: DeliveryRole) -> None:
    levels = dict(every_action())
    may = plan_role.allowed(own(plan_role), TAGGED)
    assert len(may) > 50
    assert {action for action in may if levels[action] not in {"Read", "List"}} == set()


def test_who_plans_reads_no_question_and_no_evidence(plan_role: DeliveryRole) -> None:
    """Pull requests run their own code."""
    ours = own(plan_role)
    may = plan_role.allowed({*ours, *(f"{arn}/some" for arn in ours - {"*"})}, TAGGED)
    data = {
        *("logs:FilterLogEvents", "logs:GetLogEvents", "logs:StartQuery", "logs:Unmask"),
        *("dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan", "lambda:InvokeFunction"),
        *("cloudtrail:LookupEvents", "kms:Decrypt", "iam:PassRole", "sts:AssumeRole"),
    }
    assert may & data == set()
    for key in ("AWSLogs/record", "record"):
        bucket = f"arn:aws:s3:::chatbot-dev-{REGION}-trail-{ACCOUNT}"
        assert not plan_role.may("s3:GetObject", f"{bucket}/{key}", TAGGED).allowed


def test_who_applies_reaches_its_own(apply_role: DeliveryRole) -> None:
    for action, resource in (
        ("lambda:UpdateFunctionCode", f"{ARN.format('lambda')}function:chatbot-dev"),
        ("wafv2:UpdateWebACL", f"{ARN.format('wafv2')}regional/webacl/chatbot-dev/1"),
        ("apigateway:PUT", f"arn:aws:apigateway:{REGION}::/restapis/some/gatewayresponses/WAF"),
        ("bedrock:UpdateGuardrail", f"{ARN.format('bedrock')}guardrail/some"),
        ("kms:PutKeyPolicy", f"{ARN.format('kms')}key/some"),
        ("s3:PutObject", f"{STATE}/chatbot/dev.tfstate"),
        ("s3:DeleteObject", f"{STATE}/chatbot/dev.tfstate.tflock"),
        ("iam:PutRolePolicy", f"{IAM}role/chatbot-dev-{REGION}-execution"),
    ):
        assert apply_role.may(action, resource, TAGGED).allowed, action


@pytest.mark.parametrize("resource", FOREIGN)
def test_who_applies_reaches_nothing_else(apply_role: DeliveryRole, resource: str) -> None:
    bucket = {"s3:ListBucket"} if resource == STATE else set()  # to find its state
    assert apply_role.allowed([resource], TAGGED) - ACCOUNT_WIDE - MADE == bucket


@pytest.mark.parametrize("tags", [OTHERS, {}], ids=["another environment's", "nobody's"])
@pytest.mark.parametrize(
    "resource",
    [
        f"arn:aws:apigateway:{REGION}::/apikeys",
        f"arn:aws:apigateway:{REGION}::/apikeys/some",
        f"arn:aws:apigateway:{REGION}::/restapis",
        f"arn:aws:apigateway:{REGION}::/restapis/some/resources/some",
        f"arn:aws:apigateway:{REGION}::/usageplans/some/keys/some",
        f"{ARN.format('bedrock')}guardrail/some",
        f"{ARN.format('kms')}key/some",
    ],
)
def test_what_has_another_tag_or_none_is_out_of_reach(
    apply_role: DeliveryRole, plan_role: DeliveryRole, resource: str, tags: dict[str, str]
) -> None:
    for role in (apply_role, plan_role):
        assert role.allowed([resource], tags) - ACCOUNT_WIDE == set()
        assert role.allowed([resource], TAGGED) - ACCOUNT_WIDE - MADE or role is plan_role


def test_what_is_allowed_on_everything_has_no_resource(apply_role: DeliveryRole) -> None:
    assert apply_role.allowed(["*"], {}) == ACCOUNT_WIDE
    assert apply_role.allowed(["*"], OTHERS) == ACCOUNT_WIDE
    tagging = {"kms:TagResource"}  # of a key that is made; below, of one that has no tags
    requested = {key: value for key, value in TAGGED.items() if "Request" in key}
    assert apply_role.allowed(["*"], requested) == ACCOUNT_WIDE | MADE | tagging


def test_who_applies_lends_roles_to_their_services_alone(apply_role: DeliveryRole) -> None:
    role = f"{IAM}role/chatbot-dev-{REGION}-execution"
    for service, passes in (("lambda", True), ("ec2", False), ("codebuild", False)):
        context = {"iam:PassedToService": f"{service}.amazonaws.com"}
        assert apply_role.may("iam:PassRole", role, context).allowed is passes
    for policy, attaches in (
        (f"{IAM}policy/chatbot-dev-{REGION}-deny-tampering", True),
        ("arn:aws:iam::aws:policy/AdministratorAccess", False),
    ):
        context = {"iam:PolicyARN": policy}
        assert apply_role.may("iam:AttachRolePolicy", role, context).allowed is attaches


def test_who_applies_becomes_nobody_else(apply_role: DeliveryRole) -> None:
    """Whatever the other role's trust policy says: it may have written that itself."""
    for action in ("sts:AssumeRole", "sts:AssumeRoleWithWebIdentity"):
        decision = apply_role.may(action, f"{IAM}role/chatbot-dev-{REGION}-some", TAGGED)
        assert decision.reason == "explicit_deny"


def test_bucket_and_key_of_the_state_are_not_destroyed_by_mistake() -> None:
    """No plan shows it."""
    text = (ROOT / "modules" / "delivery" / "state.tf").read_text(encoding="utf-8")
    assert text.count("  lifecycle {\n    prevent_destroy = true\n  }\n") == 2
    # KMS refuses a policy that names a role before there is one; S3, a policy before its block.
    assert "depends_on = [aws_iam_role.this]" in text
    assert "depends_on = [aws_s3_bucket_public_access_block.state]" in text
