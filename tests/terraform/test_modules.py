"""The modules' own tests, their READMEs, and what they refuse."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.terraform.conftest import MODULES, usage
from toolkit.pages.modules import pages
from toolkit.terraform import ROOT

if TYPE_CHECKING:
    from tests.terraform.offline import Jobs


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


@pytest.mark.needs("bad {inputs}")
@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ("first", r"allowed_origin .*https://host.*\*"),
        ("first", r"clients must name at least one client"),
        ("first", r"bare model id .*UnsupportedModelException"),
        ("first", r"timeout_seconds is a whole number from 4 to 29"),
        ("first", r"prompt_attack.output must be NONE"),
        ("first", r"topic's definition is 1 to 200 characters"),
        ("first", r"1 to 10 patterns, and there are 11"),
        ("first", r"`x{60}…` has 201 characters"),
        ("first", r"has a capturing group.*Write `see \(\?:here\|there\)`\."),
        ("first", r"`Capital` has a capital letter.*Write `capital`\."),
        ("first", r"`\(\?i\)Ignore it` has a flag.*lower-cased.*Write `ignore it`\."),
        ("first", r"`a\(\?!b\)` has a look-around"),
        ("first", r"`\[\[:alpha:\]\]\+` has an escape, class or .* read differently"),
        ("first", r"`\(\?:a\+\)\+` repeats a group that ends in a repetition"),
        ("first", r"`a\*` matches the empty text, and with it every message"),
        ("first", r"`open \(\?:` is no regular expression: a bracket is not closed"),
        ("first", r"Put the geography before it: us\.anthropic\.claude-haiku-4-5"),
        ("first", r'put the rest into examples: "long" has 201'),
        ("second", r"allowed_origin .*without a path.*Write https://chat\.example\.com\."),
        ("second", r'web-page in place of "Web Page"'),
        ("second", r'addresses such as oncall@example\.com, which "oncall" is not'),
        ("second", r"alarm that is not there: api-6xx\. The alarms are: "),
        ("second", r"Use denied_topics for \"the other company's bot\"\."),
        ("second", r'"Law taxes" in place of "Law/taxes"'),
        ("second", r"Bedrock does not know SHOE_SIZE .*It knows ADDRESS, AGE, "),
        ("second", r"timeout_seconds is a whole number from 4 to 29"),
        ("third", r"expected retention_in_days to be one of .*, got 42"),
        ("third", r"would need \d+ capacity units \(WCU\), and 1,500"),
    ],
)
def test_bad_input_is_refused_with_what_is_allowed(jobs: Jobs, inputs: str, message: str) -> None:
    refused = jobs.result(f"bad {inputs}")
    assert any(re.search(message, text, re.DOTALL) for text in refused), refused


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
    # The name goes into no snapshot; these two are the permission's, and the alias' own.
    names = set(re.findall(r"var\.([a-z_.]+)", text)) - {
        "name",
        "function.function_name",
        "function.alias_name",
        "stage_name",
    }
    assert names <= set(re.findall(r"var\.([a-z_.]+)", definition))
