"""The version of the provider is a parameter of the tests."""

import shutil
from pathlib import Path

import pytest

from tests.terraform.offline import pin
from toolkit.terraform import ROOT


def test_a_copied_tree_is_pinned_to_one_version(tmp_path: Path) -> None:
    for part in ("modules", "envs"):
        shutil.copytree(ROOT / part, tmp_path / part)
    pin(tmp_path, "= 6.69.1")
    roots = list(tmp_path.glob("*/*/terraform.tf"))
    assert len(roots) == len([*ROOT.glob("modules/*/"), *ROOT.glob("envs/*/")])
    assert all('version = "= 6.69.1"' in root.read_text() for root in roots)
    assert not list(tmp_path.glob("*/*/.terraform.lock.hcl"))


def test_a_root_that_names_no_provider_is_no_silent_success(tmp_path: Path) -> None:
    (tmp_path / "modules" / "one").mkdir(parents=True)
    (tmp_path / "modules" / "one" / "terraform.tf").write_text("terraform {}\n")
    with pytest.raises(ValueError, match="names no version"):
        pin(tmp_path, "= 6.69.1")
