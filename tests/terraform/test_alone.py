"""Modules carry what they read: each works away from this repository."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.terraform.conftest import MODULES, usage
from tests.terraform.offline import Offline, planned, resource
from toolkit.offline import offline as without_aws
from toolkit.terraform import ROOT, Terraform


def test_edge_works_as_a_folder_of_its_own(offline: Offline, tmp_path: Path) -> None:
    """An absolute path is a package to Terraform: nothing above it can be read."""
    shutil.copytree(ROOT / "modules" / "edge", tmp_path / "edge")
    text = usage("edge").replace("../../modules/edge", str(tmp_path / "edge"))
    assert str(tmp_path) in text
    plan = planned(offline.root("edge-alone", {"main.tf": text}))
    assert resource(plan, "aws_wafv2_web_acl")["scope"] == "REGIONAL"


def test_chatbot_works_from_a_package_of_the_modules(offline: Offline, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "modules", tmp_path / "package" / "modules")
    text = usage("chatbot").replace("../../modules/chatbot", f"{tmp_path}/package//modules/chatbot")
    text += '\noutput "model" {\n  value = module.chatbot.deployment.model\n}\n'
    plan = planned(offline.root("chatbot-alone", {"main.tf": text}))
    assert len(plan["planned_values"]["outputs"]["model"]["value"]["regions"]) == 3


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terraform]:
    """Return a root elsewhere with the usage of every README: as it stands, but for the paths."""
    folder = tmp_path_factory.mktemp("outside")
    package, root = folder / "package", folder / "root"
    shutil.copytree(ROOT / "modules", package / "modules")
    root.mkdir()
    (root / "chatbot.zip").write_bytes(b"a package")
    for module in MODULES:
        text = usage(module).replace(
            '"../../modules/' + module + '"', f'"{package}//modules/{module}"'
        )
        text = re.sub(r'(\n  package +=) "[^"]*"', r'\1 "chatbot.zip"', text)
        assert "../" not in text, module
        (root / f"{module}.tf").write_text(text)
    with without_aws() as env:
        terraform = Terraform(root, env)
        terraform.run("init", "-backend=false")
        yield terraform


def test_the_usage_of_every_readme_is_valid_outside_of_the_repository(outside: Terraform) -> None:
    assert json.loads(outside.run("validate", "-json").stdout)["error_count"] == 0


@pytest.mark.long
def test_the_usage_of_every_readme_plans_outside_of_the_repository(outside: Terraform) -> None:
    modules = planned(outside)["planned_values"]["root_module"]["child_modules"]
    assert {module["address"] for module in modules} == {f"module.{module}" for module in MODULES}
