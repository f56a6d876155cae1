"""What a plan changes: each resource before and after, with the policies that it knows in part."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# What stands for a text that is known after the apply alone.
UNKNOWN = "(known after apply)"
# Besides what a resource sets itself, the elements of a statement of aws_iam_policy_document.
_ELEMENTS = {
    "actions": "Action",
    "not_actions": "NotAction",
    "resources": "Resource",
    "not_resources": "NotResource",
}
_WHO = {"principals": "Principal", "not_principals": "NotPrincipal"}


@dataclass(frozen=True)
class Change:
    """One resource; `before` and `after` are its attributes, None where it is not there."""

    address: str
    type: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


def read(text: str) -> dict[str, Any]:
    """Return a plan from `terraform show -json`. Raises ValueError for anything else."""
    plan = json.loads(text)
    if not isinstance(plan, dict) or "resource_changes" not in plan:
        raise ValueError("it has no resource_changes: write it by `terraform show -json PLAN`")
    return plan


def own(plan: Mapping[str, Any]) -> list[Change]:
    """Return what a plan changes of what was applied."""
    after = made(plan)
    return [
        Change(one["address"], one["type"], one["change"]["before"], after.get(one["address"]))
        for one in _managed(plan)
    ]


def between(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[Change]:
    """Return how what a second plan makes differs from what a first one makes."""
    before, after = made(first), made(second)
    types = {one["address"]: one["type"] for plan in (first, second) for one in _managed(plan)}
    return [Change(at, types[at], before.get(at), after.get(at)) for at in types]


def made(plan: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what there is after a plan, by address; UNKNOWN stands for what is not known."""
    documents = _documents(plan)
    result = {}
    for one in _managed(plan):
        after, unknown = one["change"]["after"], one["change"].get("after_unknown") or {}
        if after is None:
            continue
        values = {**after, **{name: UNKNOWN for name, how in unknown.items() if how is True}}
        for attribute, document in documents.get(_place(one["address"]), {}).items():
            if values.get(attribute) == UNKNOWN:
                values[attribute] = json.dumps(document)
        result[one["address"]] = values
    return result


def _managed(plan: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for one in plan["resource_changes"]:
        if one["mode"] == "managed" and "deposed" not in one:
            yield one


def _place(address: str) -> str:
    """Return an address without the keys of count and for_each."""
    return "".join(
        part.partition("]")[2] if at else part for at, part in enumerate(address.split("["))
    )


def _documents(plan: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the policies that data sources make after the apply, by resource and attribute."""
    sources = {
        one["address"]: one["change"]
        for one in plan["resource_changes"]
        if one["mode"] == "data" and one["type"] == "aws_iam_policy_document"
    }
    found: dict[str, dict[str, Any]] = {}

    def walk(module: Mapping[str, Any], prefix: str) -> None:
        for resource in module.get("resources", ()):
            for attribute, expression in resource.get("expressions", {}).items():
                names = expression.get("references", ()) if isinstance(expression, dict) else ()
                for name in names:
                    if (prefix + name) in sources:
                        document = _document(sources[prefix + name])
                        found.setdefault(prefix + resource["address"], {})[attribute] = document
        for name, call in module.get("module_calls", {}).items():
            walk(call["module"], f"{prefix}module.{name}.")

    walk(plan.get("configuration", {}).get("root_module", {}), "")
    return found


def _document(change: Mapping[str, Any]) -> dict[str, Any]:
    """Return the policy document of a data source, as far as it is known."""
    statements = []
    for one in change["after"]["statement"]:
        statement: dict[str, Any] = {"Effect": one["effect"] or "Allow"}
        if one.get("sid"):
            statement["Sid"] = one["sid"]
        for name, element in _ELEMENTS.items():
            if one.get(name):
                statement[element] = _texts(one[name])
        for name, element in _WHO.items():
            if one.get(name):
                statement[element] = {
                    each["type"]: _texts(each.get("identifiers")) for each in one[name]
                }
        for each in one.get("condition") or ():
            keys = statement.setdefault("Condition", {}).setdefault(each["test"], {})
            keys[each["variable"]] = _texts(each.get("values"))
        statements.append(statement)
    return {"Version": "2012-10-17", "Statement": statements}


def _texts(values: Any) -> list[str]:
    return [UNKNOWN if value is None else str(value) for value in values or [None]]
