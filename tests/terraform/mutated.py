"""Plans of mutated modules, many in one run of Terraform."""

import json
import re
import shutil
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from tests.terraform.conftest import usage
from tests.terraform.offline import Offline
from toolkit.mutants.mutant import Mutant
from toolkit.terraform import ROOT, Terraform

Plan = dict[str, Any]

EXPECTED = tomllib.loads(
    (ROOT / "tests" / "terraform" / "test_weaker_mutants.toml").read_text(encoding="utf-8")
)


def call(module: str, name: str) -> str:
    """Return a call of a copy of a module, which is beside it."""
    text = usage(module)
    for find, put in EXPECTED["changes"].get(module, {}).items():
        assert find in text, f"README.md of modules/{module} has no {find!r}"
        text = text.replace(find, put)
    text = text.replace(f'"../../modules/{module}"', f'"../../modules/{name}"', 1)
    head, _, _ = text.rstrip().rpartition("}")
    named = head.replace(f'module "{module}"', f'module "{name}"', 1)
    more = EXPECTED["more"].get(module, "")
    output = f'output "{name}" {{\n  value     = module.{name}\n  sensitive = true\n}}\n'
    return f"{named}{more}}}\n\n{output}"


class Mutated:
    """Copies of one module in one root; the first copy stays as it is."""

    def __init__(self, offline: Offline, module: str, terraform: Terraform, size: int) -> None:
        self._module = module
        self._source = ROOT / "modules" / module
        self._copies = offline.folder / "modules"
        self._terraform = terraform
        self._names = [f"{module}-{number}" for number in range(size + 1)]
        for name in self._names:
            shutil.copytree(
                self._source, self._copies / name, ignore=shutil.ignore_patterns("tests")
            )
        self._write(self._names)
        terraform.run("init", "-backend=false")
        self.unchanged = self._plans({})[self._names[0]]

    def plans(self, mutants: Sequence[Mutant]) -> Iterator[tuple[Mutant, Plan | None]]:
        """Yield what each mutant's module makes; None where Terraform refuses the mutant."""
        size = len(self._names) - 1
        for start in range(0, len(mutants), size):
            batch = dict(zip(self._names[1:], mutants[start : start + size], strict=False))
            found = self._plans(batch)
            for name, mutant in batch.items():
                yield mutant, found.get(name)

    def _plans(self, batch: Mapping[str, Mutant]) -> dict[str, Plan]:
        for name, mutant in batch.items():
            self._put(name, mutant)
        try:
            return self._planned([self._names[0], *batch])
        finally:
            for name, mutant in batch.items():
                self._put(name, mutant, back=True)

    def _put(self, name: str, mutant: Mutant, *, back: bool = False) -> None:
        source = (ROOT / mutant.file).read_text(encoding="utf-8")
        path = self._copies / name / (ROOT / mutant.file).relative_to(self._source)
        path.write_text(source if back else mutant.mutated(source), encoding="utf-8")

    def _write(self, names: Sequence[str]) -> None:
        for file in self._terraform.folder.glob("*.tf"):
            file.unlink()
        for name in names:
            (self._terraform.folder / f"{name}.tf").write_text(call(self._module, name))

    def _planned(self, names: list[str]) -> dict[str, Plan]:
        """Plan the copies that can be planned, leaving out those that Terraform refuses."""
        while names:
            self._write(names)
            done = self._terraform.run(
                "plan", "-refresh=false", "-json", "-out=all.tfplan", ok=(0, 1)
            )
            if done.returncode == 0:
                shown = self._terraform.run("show", "-json", "all.tfplan").stdout
                return {name: _part(json.loads(shown), name, self._module) for name in names}
            if len(names) == 1 and names == self._names[:1]:
                raise ValueError(f"modules/{self._module} as it is: {done.stdout}")
            refused = set(re.findall(rf"\b{self._module}-\d+\b", _errors(done.stdout)))
            if not refused & set(names):
                if len(names) == 1:
                    return {}
                half = len(names) // 2
                return self._planned(names[:half]) | self._planned(names[half:])
            names = [name for name in names if name not in refused]
        return {}


def _errors(output: str) -> str:
    messages = (json.loads(line) for line in output.splitlines() if line.startswith("{"))
    said = [one["diagnostic"] for one in messages if one.get("@level") == "error"]
    return "\n".join(
        f"{one.get('address', '')} {one.get('range', {}).get('filename', '')}" for one in said
    )


def _part(plan: Plan, name: str, module: str) -> Plan:
    """Return the plan of one call alone, as if it had the module's own name."""
    text = json.dumps(
        {
            "resource_changes": [
                one
                for one in plan["resource_changes"]
                if one["address"].startswith(f"module.{name}.")
            ],
            "output_changes": {module: plan["output_changes"][name]},
            "configuration": {
                "root_module": {
                    "module_calls": {
                        module: plan["configuration"]["root_module"]["module_calls"][name]
                    }
                }
            },
        }
    )
    found: Plan = json.loads(text.replace(f"module.{name}.", f"module.{module}."))
    return found


@contextmanager
def mutated(offline: Offline, module: str, size: int) -> Iterator[Mutated]:
    """Return copies of a module to plan with mutants, `size` of them at a time."""
    root = offline.folder / "envs" / f"mutants-of-{module}"
    root.mkdir()
    first = f"{module}-0"
    shutil.copytree(offline.folder / "modules" / module, offline.folder / "modules" / first)
    (root / "first.tf").write_text(call(module, first))
    with offline.attached("envs", root.name) as terraform:
        shutil.rmtree(offline.folder / "modules" / first)
        yield Mutated(offline, module, terraform, size)
