"""What a plan changes: each resource before and after, with the policies that it knows in part."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# What stands for a text that is known after the apply alone.
UNKNOWN = "(known after apply)"
# What stands for a value that the configuration leaves to the provider.
UNSET = "(left to the provider)"
# What stands for a value that `dynamic` leaves to the provider, or that is known after the apply.
EITHER = "(known after apply, or left to the provider)"
# The type of a change of an output, which no resource has.
OUTPUT = "output"
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
    """One resource, or one policy among the outputs.

    `before` and `after` are its attributes, None where it is not there.
    """

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
    after = json.loads(json.dumps(made(plan)).replace(EITHER, UNKNOWN))
    before = {
        **{one["address"]: one["change"]["before"] for one in _managed(plan)},
        **_outputs(plan, "before"),
    }
    types = _types(plan)
    return [Change(at, types[at], before.get(at), after.get(at)) for at in types]


def between(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[Change]:
    """Return how what a second plan makes differs from what a first one makes."""
    before, after = made(first), made(second)
    for at in before.keys() & after.keys():
        before[at], after[at] = (
            _beside(before[at], after[at], UNKNOWN),
            _beside(after[at], before[at], None),
        )
    types = _types(first) | _types(second)
    return [Change(at, types[at], before.get(at), after.get(at)) for at in types]


def _beside(one: Any, other: Any, either: str | None) -> Any:
    """Return values without those that they leave to the provider, where the others set them."""
    if one == EITHER:
        return one if other == EITHER else either
    if one == UNSET:
        return one if other == UNSET else None
    if isinstance(one, dict) and isinstance(other, dict):
        return {name: _beside(value, other.get(name), either) for name, value in one.items()}
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [_beside(*each, either) for each in zip(one, other, strict=True)]
    return one


def made(plan: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what there is after a plan, by address.

    UNKNOWN and UNSET stand for what is not known.
    """
    documents = _documents(plan)
    configured = {at: resource.get("expressions", {}) for at, resource in _configured(plan)}
    result = {}
    for one in _managed(plan):
        after, unknown = one["change"]["after"], one["change"].get("after_unknown") or {}
        if after is None:
            continue
        place = _place(one["address"])
        values = _filled(after, unknown, configured.get(place, {}))
        for attribute, document in documents.get(place, {}).items():
            if values.get(attribute) == UNKNOWN:
                values[attribute] = json.dumps(document)
        result[one["address"]] = values
    return {**result, **_outputs(plan, "after")}


def _types(plan: Mapping[str, Any]) -> dict[str, str]:
    types = {one["address"]: one["type"] for one in _managed(plan)}
    for side in ("before", "after"):
        held = _outputs(plan, side)
        types |= {at: OUTPUT for at, one in held.items() if one["policy"] != UNKNOWN}
    return types


def _outputs(plan: Mapping[str, Any], side: str) -> dict[str, dict[str, Any]]:
    """Return the policies that are outputs, such as one for the organization to attach."""

    def walk(path: str, value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
        if isinstance(value, dict):
            for name, inner in value.items():
                yield from walk(f"{path}.{name}", inner)
        elif value == UNKNOWN or (isinstance(value, str) and '"Statement"' in value):
            yield path, {"policy": value}

    return {
        path: policy
        for name, one in plan.get("output_changes", {}).items()
        for path, policy in walk(
            f"output.{name}",
            _filled(one[side], side == "after" and one.get("after_unknown"), {}),
        )
    }


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
    for at, resource in _configured(plan):
        prefix = at.removesuffix(resource["address"])
        for attribute, expression in resource.get("expressions", {}).items():
            names = expression.get("references", ()) if isinstance(expression, dict) else ()
            for name in names:
                if (prefix + name) in sources:
                    found.setdefault(at, {})[attribute] = _document(sources[prefix + name])
    return found


def _configured(plan: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each resource of the configuration, with its address."""

    def walk(module: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, dict[str, Any]]]:
        for resource in module.get("resources", ()):
            yield prefix + resource["address"], resource
        for name, call in module.get("module_calls", {}).items():
            yield from walk(call["module"], f"{prefix}module.{name}.")

    return walk(plan.get("configuration", {}).get("root_module", {}), "")


def _filled(after: Any, unknown: Any, configured: Any) -> Any:
    """Return planned values with UNKNOWN or UNSET in place of those that are not known."""
    if unknown is True:
        return UNSET if configured is None else EITHER if configured == EITHER else UNKNOWN
    # What `dynamic` makes does not stand there.
    beyond: Any = EITHER if configured in (None, EITHER) else {}
    if isinstance(unknown, dict) and isinstance(after, dict):
        # Of a map that is one expression, nothing is said here.
        own = configured if isinstance(configured, dict) else {}
        named = own and not {"references", "constant_value"} & own.keys()
        return {
            name: _filled(after.get(name), unknown.get(name), own.get(name) if named else beyond)
            for name in {**after, **unknown}
        }
    if isinstance(unknown, list) and isinstance(after, list) and len(unknown) == len(after):
        # A block may stand once without a list.
        blocks = configured if isinstance(configured, list) else [configured]
        blocks = blocks if len(blocks) == len(after) else [beyond] * len(after)
        return [_filled(*one) for one in zip(after, unknown, blocks, strict=True)]
    return after


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
