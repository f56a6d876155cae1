"""The list of mutants is fresh: each fits its file, is sound, and names a test that is there."""

from __future__ import annotations

import ast
import re
from collections import Counter

import pytest

from toolkit.mutants import LAYERS, RUN, Mutant, MutantError, Tree, check, load, only, unchanged
from toolkit.proofs import data
from toolkit.terraform import ROOT

MUTANTS = load()


def test_every_layer_is_taken_apart() -> None:
    assert len(MUTANTS) >= 60
    counts = Counter(mutant.layer for mutant in MUTANTS)
    assert set(counts) == set(LAYERS)
    assert min(counts.values()) >= 5
    assert sum(mutant.kind == "rehearsal" for mutant in MUTANTS) >= 5


@pytest.mark.parametrize(
    ("file", "control", "number"),
    [
        ("modules/edge/rules.tf", r'\bname += "([a-z-]+)"', 10),
        ("modules/compute/execution-role.tf", r'sid += "(Deny\w+)"', 1),
        ("modules/governance/deny-tampering.tf", r"^    ([A-Z]\w+) = \{$", 15),
        ("modules/governance/alerts.tf", r'sid += "(Deny\w+)"', 1),
        ("modules/governance/trail-bucket.tf", r'sid += "(Deny\w+)"', 1),
        ("modules/governance/tamper-events.tf", r"^    ([a-z-]+ed) = \{$", 9),
    ],
)
def test_every_rule_denial_and_watched_event_is_taken_out(
    file: str, control: str, number: int
) -> None:
    def there(text: str) -> set[str]:
        return set(re.findall(control, text, re.MULTILINE))

    text = (ROOT / file).read_text(encoding="utf-8")
    assert len(there(text)) == number
    left = [there(mutant.mutated(text)) for mutant in MUTANTS if mutant.file == file]
    assert set.intersection(*left) == set(), "no mutant takes these out"


def test_each_has_a_name_of_its_own() -> None:
    assert not [name for name, count in Counter(m.name for m in MUTANTS).items() if count > 1]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_changes_one_place_and_what_is_python_stays_python(mutant: Mutant) -> None:
    before = (ROOT / mutant.file).read_text(encoding="utf-8")
    after = mutant.mutated(before)
    assert after != before
    if mutant.file.endswith(".py"):
        ast.parse(after)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_names_a_test_that_is_there(mutant: Mutant) -> None:
    path, _, name = mutant.killed_by.partition("::")
    if mutant.kind == "rehearsal":
        proofs = {proof.id for control in data.load() for proof in control.proofs}
        assert mutant.killed_by in proofs
    elif mutant.kind == "module":
        assert name in RUN.sub(r"\1\n", (ROOT / path).read_text(encoding="utf-8")).splitlines()
    else:
        assert f"def {re.sub(r'\[.*', '', name)}(" in (ROOT / path).read_text(encoding="utf-8")


def test_a_mutant_that_does_not_fit_is_refused() -> None:
    about = {"name": "m", "layer": "edge", "why": "w", "file": "f.tf", "killed_by": "t.py::test"}
    assert Mutant(find="b", replace="x", **about).mutated("abc") == "axc"
    assert Mutant(find="b", through="d", **about).mutated("abcde") == "ae"
    for find, through in (("z", ""), ("a", ""), ("b", "z")):
        with pytest.raises(MutantError, match="m: its"):
            Mutant(find=find, through=through, **about).mutated("aba")


def test_only_the_named_run_is_kept_and_what_it_refers_to() -> None:
    text = 'variables {\n}\n\nrun "a" {\n}\n\nrun "b" {\n  x = run.a.y\n}\n\nrun "c" {\n}\n'
    assert only(text, ["b"]) == text.partition('\nrun "c"')[0]
    assert only(text, ["c"]) == 'variables {\n}\n\nrun "c" {\n}\n'
    with pytest.raises(MutantError, match="no run called d"):
        only(text, ["d"])


# How a mutant ends, on a tree of one module and one Python file.

MAIN = """variable "days" {
  type = number
  validation {
    condition     = var.days > 0
    error_message = "days must be above 0."
  }
}

output "kept" {
  value = var.days
}
"""
RUNS = """variables {
  days = 30
}

run "kept_for_a_month" {
  command = plan
  assert {
    condition     = output.kept == 30
    error_message = "Not kept for a month."
  }
}

run "nothing_is_refused" {
  command = plan
  variables {
    days = 0
  }
  expect_failures = [var.days]
}
"""
PYTHON = "def limit() -> int:\n    return 30\n"
TEST = "from limits import limit\n\n\ndef test_limit() -> None:\n    assert limit() == 30\n"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    folder = tmp_path_factory.mktemp("tree")
    tests = folder / "modules" / "store" / "tests"
    tests.mkdir(parents=True)
    (tests.parent / "main.tf").write_text(MAIN)
    (tests / "store.tftest.hcl").write_text(RUNS)
    (folder / "limits.py").write_text(PYTHON)
    (folder / "test_limits.py").write_text(TEST)
    return Tree(folder)


@pytest.mark.parametrize(
    ("find", "replace", "run", "result", "detail"),
    [
        ("= var.days\n", "= 7\n", "kept_for_a_month", "killed", "Not kept for a month."),
        ("var.days > 0", "var.days > 99", "kept_for_a_month", "killed", "days must be above 0."),
        ("var.days > 0", "var.days >= 0", "nothing_is_refused", "killed", "var.days"),
        ('output "kept"', 'output "held"', "kept_for_a_month", "killed", "kept"),
        ("var.days > 0", "var.days > 1", "kept_for_a_month", "survived", ""),
        ("= var.days\n", "= var.months\n", "kept_for_a_month", "invalid", ""),
        ('output "kept" {', 'output "kept" {{', "kept_for_a_month", "invalid", ""),
    ],
)
def test_a_module_notices_by_an_assertion_or_a_refusal_and_not_by_an_accident(
    tree: Tree, *, find: str, replace: str, run: str, result: str, detail: str
) -> None:
    about = {"name": "m", "layer": "edge", "why": "w", "file": "modules/store/main.tf"}
    killer = f"modules/store/tests/store.tftest.hcl::{run}"
    mutant = Mutant(find=find, replace=replace, killed_by=killer, **about)
    assert mutant.kind == "module"
    ended, said = check(tree, mutant)
    assert ended == result, said
    assert detail in said
    assert (tree.folder / mutant.file).read_text() == MAIN


@pytest.mark.parametrize(
    ("find", "replace", "result"),
    [
        ("return 30", "return 31", "killed"),
        ("return 30", "return 29 + 1", "survived"),
        ("def limit", "def limits", "invalid"),
    ],
)
def test_python_notices_by_a_failing_test_and_not_by_one_that_cannot_run(
    tree: Tree, find: str, replace: str, result: str
) -> None:
    about = {"name": "m", "layer": "function", "why": "w", "file": "limits.py"}
    killer = "test_limits.py::test_limit"
    mutant = Mutant(find=find, replace=replace, killed_by=killer, **about)
    assert check(tree, mutant)[0] == result


def test_a_test_that_fails_without_a_mutant_is_said(tree: Tree) -> None:
    unchanged(tree, "modules/store/tests/store.tftest.hcl", ["kept_for_a_month"])
    (tree.folder / "test_broken.py").write_text("def test() -> None:\n    assert not 1\n")
    with pytest.raises(MutantError, match="fails without any mutant"):
        unchanged(tree, "test_broken.py", ["test"])
