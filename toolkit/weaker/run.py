"""Name what becomes weaker between two sides of a plan."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from toolkit.weaker import plans, policies, proofs, values
from toolkit.weaker.plans import UNKNOWN, Change

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

# What may go without anything becoming weaker.
MAY_GO = (
    "aws_api_gateway_api_key", "aws_api_gateway_deployment", "aws_api_gateway_usage_plan_key",
    "aws_cloudwatch_dashboard", "aws_kms_alias", "aws_lambda_permission", "terraform_data",
)  # fmt: skip
# What grants something by being there.
GRANTS = (
    "aws_iam_access_key", "aws_iam_group_membership", "aws_iam_user", "aws_iam_user_login_profile",
    "aws_kms_grant", "aws_lambda_function_url", "aws_lambda_permission",
)  # fmt: skip
POLICIES = ("assume_role_policy", "policy")
IDENTITY = ("aws_iam_policy", "aws_iam_role_policy", "aws_iam_user_policy", "aws_iam_group_policy")
NAMES = ("alarm_name", "function_name", "bucket", "name", "log_group_name", "role", "description")


def weaker(changes: Sequence[Change]) -> list[str]:
    """Return a sentence for each thing that becomes weaker; none where there was nothing before."""
    if all(one.before is None for one in changes):
        return []
    known = {str(value["name"]) for one in changes if (value := one.after) and value.get("name")}
    found = [f"{_name(one)}: {sentence}" for one in changes for sentence in of_one(one, known)]
    return [*found, *proofs.unasked(changes)]


def of_one(change: Change, known: Collection[str]) -> Iterator[str]:
    """Yield what becomes weaker of one resource; `known` are the names of all that is planned."""
    before, after = change.before, change.after
    if after is None:
        if before is None or change.type in MAY_GO:
            return
        if change.type in IDENTITY and not _denies(before):
            yield from policies.compare(before["policy"], policies.EMPTY, "identity")
        else:
            yield "is gone"
        return
    if before is None:
        yield from _new(change, after, known)
        return
    for name in POLICIES:
        if before.get(name) != after.get(name) and _known(before.get(name), after.get(name)):
            yield from policies.compare(
                before.get(name) or policies.EMPTY,
                after.get(name) or policies.EMPTY,
                _kind(change, name),
            )
    own = {name: value for name, value in before.items() if name not in POLICIES}
    yield from values.compare(
        change.type, own, {name: value for name, value in after.items() if name not in POLICIES}
    )


def _new(change: Change, after: Mapping[str, Any], known: Collection[str]) -> Iterator[str]:
    if change.type in GRANTS:
        yield "is new, and grants access"
    if change.type.endswith("_policy_attachment"):
        arn = str(after.get("policy_arn"))
        if arn != UNKNOWN and arn.rpartition("/")[2] not in known:
            yield f"attaches {arn}, which is not part of this plan"
    for name in POLICIES:
        if (text := after.get(name)) and _known(text):
            yield from policies.compare(policies.EMPTY, text, _kind(change, name))


def _known(*texts: Any) -> bool:
    return UNKNOWN not in texts


def _kind(change: Change, attribute: str) -> str:
    if attribute == "assume_role_policy":
        return "trust"
    text = str(change.before or change.after)
    own = change.type == plans.OUTPUT and '"Principal"' not in text
    return "identity" if own or change.type in IDENTITY else "resource"


def _denies(before: Mapping[str, Any] | None) -> bool:
    text = str((before or {}).get("policy") or "")
    try:
        statements = json.loads(text)["Statement"]
    except (KeyError, TypeError, ValueError):
        return True
    return (
        any(one["Effect"] == "Deny" for one in statements) if isinstance(statements, list) else True
    )


def _name(change: Change) -> str:
    values_ = change.after or change.before or {}
    own = next((str(values_[name]) for name in NAMES if values_.get(name)), "")
    noun = change.type.removeprefix("aws_").replace("_", " ")
    return f"{noun} {own}" if own and own != UNKNOWN else change.address
