"""Plans of mutated modules, many in one run of Terraform."""

import json
import re
import shutil
import tomllib
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.terraform.conftest import usage
from tests.terraform.offline import Offline
from tests.terraform.rules import Rules
from toolkit.mutants.mutant import Mutant
from toolkit.terraform import ROOT, Terraform

Plan = dict[str, Any]

EXPECTED = tomllib.loads(
    (ROOT / "tests" / "terraform" / "test_weaker_mutants.toml").read_text(encoding="utf-8")
)

# In modules/edge/main.tf, the beginning of the block that makes the rules of the web ACL.
EVERY = "for_each = local.rules\n"


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
    """Copies of one module in one root; the first copy stays as it is.

    A copy that has a web ACL makes only those of its rules which its mutant may change: each takes
    a second of a processor.
    """

    def __init__(self, offline: Offline, module: str, terraform: Terraform, size: int) -> None:
        assert EVERY in (ROOT / "modules" / "edge" / "main.tf").read_text(encoding="utf-8")
        self._module = module
        self._source = ROOT / "modules" / module
        self._copies = offline.folder / "modules"
        self._terraform = terraform
        self._names = [f"{module}-{number}" for number in range(size + 1)]
        for name in self._names:
            self._put(name)
        self._write(self._names)
        terraform.run("init", "-backend=false")
        self._unchanged = self._planned(self._names[:1])[self._names[0]]
        self._rules = Rules(self._unchanged)

    def plans(self, mutants: Sequence[Mutant]) -> Iterator[tuple[Mutant, Plan, Plan | None]]:
        """Yield each mutant with what its module makes without and with it.

        That is None where Terraform refuses the mutant.
        """
        size = len(self._names) - 1
        for start in range(0, len(mutants), size):
            batch = dict(zip(self._names[1:], mutants[start : start + size], strict=False))
            for name, mutant in batch.items():
                self._put(name, mutant)
            found = self._planned([*batch])
            for name, mutant in batch.items():
                rules = self._rules.changed_by(mutant)
                yield mutant, self._rules.alone(self._unchanged, rules), found.get(name)

    def _put(self, name: str, mutant: Mutant | None = None) -> None:
        """Put a copy in its place, with a mutant and the rules that it may change."""
        own = name.replace(self._module, "edge")
        for module, copy in {self._module: name, "edge": own}.items():
            to = self._copies / copy
            shutil.rmtree(to, ignore_errors=True)
            shutil.copytree(ROOT / "modules" / module, to, ignore=shutil.ignore_patterns("tests"))
        if mutant:
            path = self._copies / name / (ROOT / mutant.file).relative_to(self._source)
            path.write_text(mutant.mutated(path.read_text(encoding="utf-8")), encoding="utf-8")
            replace(self._copies / own / "main.tf", EVERY, some(self._rules.changed_by(mutant)))
        replace(self._copies / name / "main.tf", '"../edge"', f'"../{own}"')

    def _write(self, names: Sequence[str]) -> None:
        for file in self._terraform.folder.glob("*.tf"):
            file.unlink()
        for name in names:
            (self._terraform.folder / f"{name}.tf").write_text(call(self._module, name))

    def _planned(self, names: Sequence[str]) -> dict[str, Plan]:
        """Plan the copies that can be planned, leaving out those that Terraform refuses."""
        saved = self._terraform.folder / "all.tfplan"
        while names:
            self._write(names)
            saved.unlink(missing_ok=True)
            done = self._terraform.run(
                "plan", "-refresh=false", "-json", f"-out={saved.name}", ok=(0, 1)
            )
            errors = [re.search(rf"\b{self._module}-\d+\b", one) for one in _errors(done.stdout)]
            refused = {one[0] for one in errors if one}
            if done.returncode and self._names[0] in names:
                raise ValueError(f"modules/{self._module} as it is: {done.stdout}")
            if done.returncode and not (refused and all(errors)):
                half = len(names) // 2
                return self._planned(names[:half]) | self._planned(names[half:]) if half else {}
            names = [name for name in names if name not in refused]
            if saved.exists():  # Also a plan with errors: it has all that no error touches.
                shown = json.loads(self._terraform.run("show", "-json", saved.name).stdout)
                return {name: _part(shown, name, self._module) for name in names}
        return {}


def some(names: Collection[str]) -> str:
    """Return the beginning of the block that makes some rules of the web ACL."""
    only = f"if contains({json.dumps([*names])}, rule.name)"
    return f"for_each = {{ for at, rule in local.rules : at => rule {only} }}\n"


def replace(file: Path, text: str, other: str) -> None:
    """Put another text in place of one in a file, if it is there."""
    file.write_text(file.read_text(encoding="utf-8").replace(text, other), encoding="utf-8")


def _errors(output: str) -> list[str]:
    messages = (json.loads(line) for line in output.splitlines() if line.startswith("{"))
    said = [one["diagnostic"] for one in messages if one.get("@level") == "error"]
    # The detail names the file of a variable whose own default is refused.
    return [f"{one.get('address')} {one.get('range')} {one.get('detail')}" for one in said]


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
