"""No condition without evidence: every one that a plan writes is on the list, and no other."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import pytest

from tests.terraform.offline import Jobs, managed
from toolkit.conditions import Call, calls, keys_of
from toolkit.proofs.data import load
from toolkit.proofs.kinds import Question

# Every attribute that holds a policy, and of what kind it is.
HOLDERS = {
    ("aws_iam_policy", "policy"): "identity",
    ("aws_iam_role", "assume_role_policy"): "trust",
    ("aws_iam_role_policy", "policy"): "identity",
    ("aws_kms_key", "policy"): "key",
    ("aws_s3_bucket_policy", "policy"): "bucket",
    ("aws_sns_topic_policy", "policy"): "topic",
}
# aws_lambda_permission writes the document itself, from these.
PERMISSIONS = {
    "source_arn": "aws:SourceArn",
    "source_account": "aws:SourceAccount",
    "principal_org_id": "aws:PrincipalOrgID",
    "function_url_auth_type": "lambda:FunctionUrlAuthType",
    "event_source_token": "lambda:EventSourceToken",
}


@dataclass(frozen=True)
class Compared:
    """One condition key that a policy tests when somebody does something."""

    policy: str
    caller: str
    action: str
    key: str

    def has_evidence(self, call: Call) -> bool:
        return (
            self.policy == call.policy
            and fnmatchcase(self.caller, call.caller)
            and (self.action in call.actions or call.actions == ("*",))
            and self.key.lower() in {key.lower() for key in call.keys}
        )


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def callers(statement: dict[str, Any]) -> Iterator[str]:
    principal = statement.get("Principal", "principal")
    for name in listed(principal) if isinstance(principal, str) else principal.values():
        for one in listed(name):
            yield "account" if one.endswith(":root") else one


def read(kind: str, document: str) -> Iterator[Compared]:
    for statement in listed(json.loads(document)["Statement"]):
        for key in {key for keys in statement.get("Condition", {}).values() for key in keys}:
            for caller in callers(statement):
                for action in listed(statement["Action"]):
                    yield Compared(kind, caller, action, key)


def conditions(plan: dict[str, Any]) -> set[Compared]:
    """Return every condition in a plan's policies, those of its outputs among them."""
    found: set[Compared] = set()
    for one in managed(plan):
        for attribute, value in one["values"].items():
            if isinstance(value, str) and value.startswith("{") and '"Statement"' in value:
                if one["type"] == "aws_cloudwatch_log_data_protection_policy":
                    continue  # what to mask, and no statement of who may
                found |= set(read(HOLDERS[one["type"], attribute], value))
    for change in plan["resource_changes"]:
        if change["type"] == "aws_lambda_permission":
            after, waits = change["change"]["after"], change["change"]["after_unknown"]
            found |= {
                Compared("function", after["principal"], after["action"], key)
                for attribute, key in PERMISSIONS.items()
                if after.get(attribute) or waits.get(attribute)
            }
    for output in plan["planned_values"].get("outputs", {}).values():
        if isinstance(output.get("value"), str) and '"Statement"' in output["value"]:
            found |= set(read("scp", output["value"]))
    return found


def service_control_policy(plan: dict[str, Any]) -> set[Compared]:
    """Return the conditions of the policy for the organization, which only an output holds."""
    found = [
        one["values"]["json"]
        for one in documents(plan["prior_state"]["values"]["root_module"])
        if one["name"] == "scp"
    ]
    return set().union(*(read("scp", document) for document in found))


def documents(module: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for one in module.get("resources", ()):
        if one["type"] == "aws_iam_policy_document":
            yield one
    for child in module.get("child_modules", ()):
        yield from documents(child)


@pytest.fixture(scope="module")
def written(jobs: Jobs) -> set[Compared]:
    plans = [jobs.result(name) for name in ("usages", "plan dev", "plan prod")]
    return set().union(*map(conditions, plans)) | service_control_policy(plans[0])


needs_plans = pytest.mark.needs("usages", "plan dev", "plan prod")


@needs_plans
def test_every_condition_has_evidence_that_aws_sends_its_key(written: set[Compared]) -> None:
    without = [one for one in written if not any(one.has_evidence(call) for call in calls())]
    assert sorted(map(str, without)) == []
    assert len({one.policy for one in written}) == 7, "a kind of policy was not read"


@needs_plans
def test_every_evidence_is_of_a_condition_that_is_written(written: set[Compared]) -> None:
    unused = [
        (call.policy, call.caller, action, key)
        for call in calls()
        for action in call.actions
        for key in call.keys
        if not any(
            one.has_evidence(Call(call.policy, call.caller, (action,), (key,), "", ""))
            for one in written
        )
    ]
    assert unused == []


@needs_plans
@pytest.mark.parametrize("name", ["plan dev", "plan prod"])
def test_a_policy_that_waits_for_an_id_is_read_in_the_usage_of_its_module(
    jobs: Jobs, name: str
) -> None:
    """Otherwise a condition could hide in a document that is unknown at plan."""
    known = {
        (one["type"], one["name"])
        for one in managed(jobs.result("usages"))
        for kind, attribute in HOLDERS
        if one["type"] == kind and one["values"].get(attribute)
    }
    waiting = {
        (change["type"], change["name"])
        for change in jobs.result(name)["resource_changes"]
        for kind, attribute in HOLDERS
        if change["type"] == kind and (change["change"].get("after_unknown") or {}).get(attribute)
    }
    assert waiting - known == set()


def test_every_page_is_one() -> None:
    for call in calls():
        assert call.page.startswith(("https://docs.aws.amazon.com/", "https://aws.github.io/"))
        assert call.says.endswith(".")


def test_a_proof_gives_a_service_only_keys_that_aws_sends() -> None:
    """Otherwise a proof would hold by a guess, and not on AWS."""

    def sent(proof: Question) -> set[str]:
        caller = proof.principal.replace("{region}", "us-east-2")
        return {key.lower() for action in proof.actions for key in keys_of(caller, action)}

    asked = [
        proof
        for control in load()
        for proof in control.proofs
        # A service that no policy names is refused whatever it sends.
        if isinstance(proof, Question) and proof.principal and sent(proof)
    ]
    assert asked
    guesses = [
        (proof.id, key)
        for proof in asked
        for key in proof.context
        if key.lower() not in sent(proof)
    ]
    assert guesses == []
