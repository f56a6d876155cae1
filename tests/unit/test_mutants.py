"""The list of mutants is fresh: each fits its file, is sound, and names a test that is there."""

from __future__ import annotations

import ast
import re
from collections import Counter

import pytest

from toolkit.mutants import LAYERS, RUN, Mutant, MutantError, load, only
from toolkit.proofs import data
from toolkit.terraform import ROOT

MUTANTS = load()


def test_every_layer_is_taken_apart() -> None:
    assert len(MUTANTS) >= 60
    counts = Counter(mutant.layer for mutant in MUTANTS)
    assert set(counts) == set(LAYERS)
    assert min(counts.values()) >= 5
    assert sum(mutant.kind == "rehearsal" for mutant in MUTANTS) >= 5


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
