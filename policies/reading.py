"""What the policies share: checkov's view of Terraform, read without its lists of one."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.data.base_check import BaseDataCheck
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

_REFERENCE = re.compile(
    r"\$\{|^[\[{(]|^(aws_\w+|data|each|local|module|var|path)\.|^\w+\.value\b|^\w+\("
)


def flat(raw: Any) -> list[Any]:
    """Return the values of lists within lists."""
    if isinstance(raw, list):
        return [value for inner in raw for value in flat(inner)]
    return [] if raw is None else [raw]


def blocks(conf: Any, *path: str) -> list[dict[str, Any]]:
    """Return the blocks at the end of a path of block names."""
    found = [block for block in flat(conf) if isinstance(block, dict)]
    for name in path:
        found = [b for block in found for b in flat(block.get(name)) if isinstance(b, dict)]
    return found


def value(block: dict[str, Any], name: str) -> Any:
    """Return the one value of an attribute, or None."""
    values = flat(block.get(name))
    return values[0] if len(values) == 1 else None


def known(raw: Any) -> bool:
    """Return whether checkov could work a value out, or shows the expression instead."""
    return not (isinstance(raw, dict) or (isinstance(raw, str) and _REFERENCE.search(raw)))


class ResourcePolicy(BaseResourceCheck):
    """A policy on the arguments of some resources: a name, an id and a function that judges."""

    def __init__(
        self, number: str, name: str, resources: list[str], judge: Callable[[Any], CheckResult]
    ) -> None:
        """Register the policy with checkov."""
        self._judge = judge
        super().__init__(
            name=name,
            id=number,
            categories=[CheckCategories.GENERAL_SECURITY],
            supported_resources=resources,
        )

    def scan_resource_conf(self, conf: Any) -> CheckResult:
        """Judge a resource."""
        return self._judge(conf)


@dataclass(frozen=True)
class Statement:
    """A statement of an IAM policy, however it was written."""

    allow: bool
    actions: list[str]
    resources: list[str]
    conditions: list[tuple[str, str]]  # operator, key


def _of_document(conf: Any) -> Iterator[Statement]:
    for block in blocks(conf, "statement"):
        yield Statement(
            allow=(value(block, "effect") or "Allow") == "Allow",
            actions=[str(action) for action in flat(block.get("actions"))],
            resources=[str(resource) for resource in flat(block.get("resources"))],
            conditions=[
                (str(value(condition, "test")), str(value(condition, "variable")))
                for condition in blocks(block, "condition")
            ],
        )


def _of_json(conf: Any) -> Iterator[Statement]:
    text = value(conf, "policy")
    if isinstance(text, str):
        try:
            text = json.loads(text)
        except ValueError:  # a reference to a document, which is judged where it stands
            return
    for raw in blocks(text, "Statement"):
        yield Statement(
            allow=value(raw, "Effect") == "Allow",
            actions=[str(action) for action in flat(raw.get("Action"))],
            resources=[str(resource) for resource in flat(raw.get("Resource"))],
            conditions=[
                (operator, key)
                for condition in blocks(raw, "Condition")
                for operator, keys in condition.items()
                for pairs in blocks(keys)
                for key in pairs
            ],
        )


class DocumentPolicy(BaseDataCheck):
    """A policy on IAM statements in aws_iam_policy_document, and in JSON where a policy stands."""

    def __init__(
        self, number: str, name: str, judge: Callable[[list[Statement]], CheckResult]
    ) -> None:
        """Register the policy with checkov, for data sources and for resources."""
        self._judge = judge
        super().__init__(
            name=name,
            id=number,
            categories=[CheckCategories.IAM],
            supported_data=["aws_iam_policy_document"],
        )
        kinds = ["aws_iam_policy", *(f"aws_iam_{who}_policy" for who in ("group", "role", "user"))]
        ResourcePolicy(number, name, kinds, lambda conf: judge(list(_of_json(conf))))

    def scan_data_conf(self, conf: Any) -> CheckResult:
        """Judge a policy document."""
        return self._judge(list(_of_document(conf)))
