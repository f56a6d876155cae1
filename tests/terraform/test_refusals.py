"""What the modules refuse of their inputs: refused.toml, each input in a usage of its own."""

import json
import re
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from tests.terraform.conftest import MODULES, usage
from tests.terraform.offline import Jobs, Offline

CASES = {
    (module, title): inputs
    for module, table in tomllib.loads(
        Path(__file__).with_name("refused.toml").read_text("utf-8")
    ).items()
    for title, inputs in table.items()
}


def changed(module: str, name: str, inputs: dict[str, Any]) -> str:
    """Return the module's usage under another name, with other inputs."""
    text = usage(module).replace(f'module "{module}"', f'module "{name}"')
    attributes = dict(re.findall(r"^  (\w+) += (.*?)(?=^  \w|^})", text, re.MULTILINE | re.DOTALL))
    for key, value in inputs.items():
        known, new = attributes.get(key, ""), json.dumps(value)
        whole = not (known.startswith("{") and value)
        attributes[key] = new if whole else f"merge({known.strip()}, {new})"
    lines = [f"  {key} = {expression.strip()}" for key, expression in attributes.items()]
    return "\n".join([f'module "{name}" {{', *lines, "}", ""])


def refuser(offline: Offline, text: str) -> str:
    """Return the variable whose validation an error is of."""
    rule = re.search(r"This was checked by the validation rule at ([^:]+):(\d+),", text)
    assert rule, text
    lines = (offline.folder / "envs" / "refused" / rule[1]).read_text("utf-8").splitlines()
    before = "\n".join(lines[: int(rule[2])])
    return str(re.findall(r'^variable "(\w+)"', before, re.MULTILINE)[-1])


@pytest.fixture(scope="module")
def refused(offline: Offline) -> dict[str, list[str]]:
    """Return the variables that refuse each case, all found at once: file of the case -> names."""
    files = {
        f"case_{number}.tf": changed(module, f"case_{number}", inputs)
        for number, ((module, _), inputs) in enumerate(CASES.items())
    }
    done = offline.root("refused", files).run("validate", "-json", ok=(1,))
    found = defaultdict(list)
    for error in json.loads(done.stdout)["diagnostics"]:
        found[error["range"]["filename"]].append(refuser(offline, error["detail"]))
    return found


@pytest.mark.parametrize("case", CASES, ids=": ".join)
def test_the_input_is_refused(refused: dict[str, list[str]], case: tuple[str, str]) -> None:
    assert sorted(refused[f"case_{list(CASES).index(case)}.tf"]) == sorted(CASES[case])


def test_every_module_refuses_something() -> None:
    assert {module for module, _ in CASES} == set(MODULES)


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
        ("first", r"budget needs a limit, and each is a whole number of at least \d+ tokens"),
        ("first", r"budget\.clients .* would limit nobody as nobody"),
        ("first", r"user_tokens_per_month are for people who sign in"),
        ("third", r"further_origins names each origin once"),
        ("third", r"would stop nobody as mobil\. The clients are: web"),
        ("second", r"timeout_seconds is a whole number from 4 to 29"),
        ("third", r"expected retention_in_days to be one of .*, got 42"),
        ("third", r"would need \d+ capacity units \(WCU\), and 1,500"),
    ],
)
def test_bad_input_is_refused_with_what_is_allowed(jobs: Jobs, inputs: str, message: str) -> None:
    refused = jobs.result(f"bad {inputs}")
    assert any(re.search(message, text, re.DOTALL) for text in refused), refused
