"""Terraform's plan of an environment in an empty account, for the account check."""

import json
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from toolkit import misspelled
from toolkit.terraform import CACHE, Terraform

# The plan needs state of its own, since the real one may not be there yet.
LOCAL_STATE = 'terraform {\n  backend "local" {}\n}\n'


@dataclass(frozen=True)
class Settings:
    """What Terraform must know before it can plan: where it may go, and where its state is."""

    account_ids: tuple[str, ...]
    bucket: str
    key: str
    bucket_region: str

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read an environment's files; a backend holds literals only, so patterns can read it."""
        text = "\n".join(path.read_text() for path in sorted(folder.glob("*.tf")))
        accounts = re.search(r"^\s*allowed_account_ids\s*=\s*\[([^\]]*)\]", text, re.MULTILINE)
        backend = re.search(r'^\s*backend\s+"s3"\s*\{(.*?)^\s*\}', text, re.MULTILINE | re.DOTALL)
        literals = dict(
            re.findall(r'^\s*(\w+)\s*=\s*"([^"]*)"', backend[1] if backend else "", re.MULTILINE)
        )
        return cls(
            account_ids=tuple(re.findall(r'"(\d{12})"', accounts[1] if accounts else "")),
            bucket=literals.get("bucket", ""),
            key=literals.get("key", ""),
            bucket_region=literals.get("region", ""),
        )


@dataclass(frozen=True)
class Resource:
    """A planned resource, with the attributes that are known at plan."""

    address: str
    type: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Plan:
    """All that the environment would make in an empty account."""

    region: str
    resources: tuple[Resource, ...]
    outputs: Mapping[str, Any] = field(default_factory=dict)
    advice: tuple[str, ...] = ()

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """Read the plan that `terraform show -json` prints."""
        outputs = document["output_changes"]["deployment"]["after"]  # without what is not known yet
        advice = [
            problem["message"]
            for check in document.get("checks", [])
            if check["address"]["kind"] == "check"
            for instance in check.get("instances", [])
            for problem in instance.get("problems", [])
        ]
        resources = tuple(_resources(document["planned_values"]["root_module"]))
        return cls(outputs["region"], resources, outputs, tuple(advice))

    def all(self, kind: str) -> list[Resource]:
        """Return every resource of a type."""
        return [resource for resource in self.resources if resource.type == kind]

    def one(self, kind: str) -> Resource | None:
        """Return the resource of a type of which there is at most one."""
        return next(iter(self.all(kind)), None)

    def names(self, kind: str, attribute: str = "name") -> list[str]:
        """Return the names of every resource of a type."""
        return [resource.values[attribute] for resource in self.all(kind)]

    @cached_property
    def applicable_guardrails(self) -> frozenset[str]:
        """Return the guardrails, by ARN, that the function's role may apply, as far as known."""
        policies = [
            json.loads(policy.values.get("policy") or "{}")
            for policy in self.all("aws_iam_role_policy")
        ]
        return frozenset(
            arn
            for policy in policies
            for statement in policy.get("Statement", [])
            if statement["Effect"] == "Allow"
            and "bedrock:ApplyGuardrail" in _several(statement["Action"])
            for arn in _several(statement["Resource"])
        )

    @cached_property
    def model(self) -> "Model":
        """Return the model as the function's role may use it."""
        for policy in self.all("aws_iam_role_policy"):
            statements = json.loads(policy.values.get("policy") or "{}").get("Statement", [])
            for statement in statements:
                equals = statement.get("Condition", {}).get("StringEquals", {})
                if "bedrock:InferenceProfileArn" not in equals:
                    continue
                arns = _several(statement["Resource"])
                profile = equals["bedrock:InferenceProfileArn"]
                return Model(
                    id=arns[0].partition("foundation-model/")[2],
                    profile=profile if ":application-" in profile else profile.rpartition("/")[2],
                    regions=frozenset(arn.split(":")[3] for arn in arns),
                )
        raise LookupError("no role policy of the plan names a model behind an inference profile")


@dataclass(frozen=True)
class Model:
    """A foundation model, its profile, and the regions in which the role may call it."""

    id: str
    profile: str
    regions: frozenset[str]


def _several(found: str | list[str]) -> list[str]:
    """Return a list; IAM accepts a string for a list of one."""
    return [found] if isinstance(found, str) else found


def _resources(module: Mapping[str, Any]) -> Iterable[Resource]:
    for resource in module.get("resources", []):
        if resource["mode"] == "managed":
            yield Resource(resource["address"], resource["type"], resource["values"])
    for child in module.get("child_modules", []):
        yield from _resources(child)


def planned(folder: Path, env: Mapping[str, str] | None = None) -> Plan:
    """Let Terraform plan an environment as if nothing were there, and return what it would make."""
    misspelled.check(folder)
    # Modules are named by "../../modules", so the copy lies as deep as the original.
    copy = CACHE / f"account-check-{folder.name}"
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir(parents=True)
    try:
        for file in (*folder.glob("*.tf"), *folder.glob(".terraform.lock.hcl")):
            shutil.copyfile(file, copy / file.name)
        (copy / "account_check_override.tf").write_text(LOCAL_STATE)
        terraform = Terraform(copy, env)
        terraform.run("init", "-lockfile=readonly", "-no-color")
        terraform.run("plan", "-lock=false", "-no-color", "-out=account-check.tfplan")
        shown = terraform.run("show", "-json", "account-check.tfplan")
        return Plan.of(json.loads(shown.stdout))
    finally:
        shutil.rmtree(copy, ignore_errors=True)
