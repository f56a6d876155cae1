"""The modules' own tests and their READMEs."""

import re

import pytest

from tests.terraform.conftest import MODULES, usage
from tests.terraform.offline import Jobs
from toolkit.pages.modules import pages
from toolkit.terraform import ROOT


@pytest.mark.needs("test {module}")
@pytest.mark.parametrize("module", MODULES)
def test_the_tests_of_the_module_pass(jobs: Jobs, module: str) -> None:
    ran = jobs.result(f"test {module}")
    failed = [
        f"{file}: {run}: {ran[file][run]}"
        for file in ran
        for run in ran[file]
        if ran[file][run] != "pass"
    ]
    assert not failed
    there = {
        f"tests/{path.name}" for path in (ROOT / "modules" / module / "tests").glob("*.tftest.hcl")
    }
    assert there, f"modules/{module} has no tests"
    assert set(ran) == there, "a file of tests was not run, or holds no run"


def test_no_file_of_tests_is_ignored_for_its_name_or_place() -> None:
    """Terraform runs tests/*.tftest.hcl, and passes over x_tftest.hcl without a word."""
    named = {path for path in ROOT.glob("modules/**/*tftest*") if ".terraform" not in path.parts}
    inside = set(ROOT.glob("modules/*/tests/*.hcl"))
    run = set(ROOT.glob("modules/*/tests/*.tftest.hcl"))
    assert named | inside == run


@pytest.mark.needs("usages")
def test_the_usage_of_every_readme_can_be_planned(jobs: Jobs) -> None:
    planned = jobs.result("usages")
    modules = planned["planned_values"]["root_module"]["child_modules"]
    assert {module["address"] for module in modules} == {f"module.{module}" for module in MODULES}


@pytest.mark.parametrize("module", MODULES)
def test_the_usage_names_the_module(module: str) -> None:
    assert f'module "{module}" {{\n  source = "../../modules/{module}"' in usage(module)


def test_the_tables_of_the_readmes_are_fresh() -> None:
    stale = [path.parent.name for path, text in pages().items() if path.read_text("utf-8") != text]
    assert stale == [], "run `make docs`"


def test_every_input_of_the_api_definition_makes_a_new_deployment() -> None:
    """The files are hashed themselves; what they read from variables must be hashed beside them."""
    api = ROOT / "modules" / "api"
    stage = (api / "stage.tf").read_text(encoding="utf-8")
    (definition,) = re.findall(r"^  definition = \[\n(.*?)^  \]$", stage, re.MULTILINE | re.DOTALL)
    files = set(re.findall(r'"([a-z-]+\.tf)"', definition))
    served = {
        path.name
        for path in api.glob("*.tf")
        if re.search(
            r'"aws_api_gateway_(method|integration|model|request_validator|gateway_response|resource)(_response)?"',
            path.read_text(),
        )
    }
    assert files >= served
    text = "".join((api / file).read_text(encoding="utf-8") for file in files)
    # Name and tags go into no snapshot; these two are the permission's, and the alias' own.
    names = set(re.findall(r"var\.([a-z_.]+)", text)) - {
        "name", "tags", "function.function_name", "function.alias_name", "stage_name",
    }  # fmt: skip
    hashed = set(re.findall(r"var\.([a-z_.]+)", definition))
    assert {name for name in names if not {name, name.partition(".")[0]} & hashed} == set()


def test_api_and_function_take_the_same_origins() -> None:
    """Either module may stand alone, so each has the pattern."""
    patterns = [
        re.findall(
            r'^  origin = "(.+)"$',
            (ROOT / f"modules/{module}/variables.tf").read_text(),
            re.MULTILINE,
        )
        for module in ("api", "compute")
    ]
    assert patterns[0] == patterns[1] != []
