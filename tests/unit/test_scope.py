"""Which plans look at the function alone: those before which nothing but its package changed."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from toolkit.scope import READER, Scope
from toolkit.terraform import ROOT

WHOLE = ("-refresh=false",)
PART = ("-refresh=false", "-target=module.chatbot.module.compute")
MAIN = 'module "chatbot" {\n  source = "../../modules/chatbot"\n}\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a staged environment whose configuration is applied."""
    monkeypatch.setenv("TF_VAR_environment", "dev")
    return staged(tmp_path, MAIN, "chatbot", READER, "chatbot.edge")


def staged(tmp_path: Path, main: str, *keys: str) -> Path:
    """Return a folder as `terraform init` leaves it, with an apply noted."""
    folder = tmp_path / "envs" / "dev"
    listed = folder / ".terraform" / "modules" / "modules.json"
    listed.parent.mkdir(parents=True)
    (folder / "main.tf").write_text(main)
    for key in keys:
        module = tmp_path / "modules" / key.rpartition(".")[2]
        module.mkdir(parents=True)
        (module / "main.tf").write_text(f"# {key}\n")
    modules = [{"Key": key, "Dir": f"../../modules/{key.rpartition('.')[2]}"} for key in keys]
    listed.write_text(json.dumps({"Modules": [{"Key": "", "Dir": "."}, *modules]}))
    Scope(folder).keep()
    return folder


def options(folder: Path) -> tuple[str, ...]:
    """Return the options of the next plan."""
    return Scope(folder).options(lambda _: None)


def test_after_a_change_of_the_package_the_function_alone_is_planned(folder: Path) -> None:
    (folder / "terraform.tfstate").write_text("{}")
    (folder.parent.parent / "chatbot.zip").write_bytes(b"new")
    assert options(folder) == PART


CHANGES: dict[str, Callable[[Path, pytest.MonkeyPatch], object]] = {
    "a module": lambda root, _: (root / "modules/edge/main.tf").write_text("# other\n"),
    "what a module reads": lambda root, _: (root / "modules/edge/words.txt").write_text("word"),
    "the environment": lambda root, _: (root / "envs/dev/main.tf").write_text(MAIN + "# other\n"),
    "the provider": lambda root, _: (root / "envs/dev/.terraform.lock.hcl").write_text("# other"),
    "a variable": lambda _, monkeypatch: monkeypatch.setenv("TF_VAR_environment", "other"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_after_any_other_change_everything_is_planned(
    change: Callable[[Path, pytest.MonkeyPatch], object],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert options(folder) == PART
    change(folder.parent.parent, monkeypatch)
    assert options(folder) == WHOLE
    Scope(folder).keep()
    assert options(folder) == PART


@pytest.mark.parametrize(
    ("main", "keys"),
    [
        (MAIN + 'resource "aws_lambda_function" "own" {}\n', ("chatbot", READER)),
        (MAIN + 'locals { hash = filebase64sha256("../chatbot.zip") }\n', ("chatbot", READER)),
        (MAIN, ("chatbot", READER, "other")),
        (MAIN, ("memory",)),
    ],
)
def test_of_a_root_that_may_read_the_package_elsewhere_everything_is_planned(
    main: str, keys: tuple[str, ...], tmp_path: Path
) -> None:
    assert options(staged(tmp_path, main, *keys)) == WHOLE


def test_before_the_first_apply_everything_is_planned(tmp_path: Path) -> None:
    assert options(tmp_path) == WHOLE
    Scope(tmp_path).keep()
    assert options(tmp_path) == WHOLE


def test_no_other_module_reads_the_package() -> None:
    chatbot = ROOT / "modules" / "chatbot"
    text = "\n".join(file.read_text() for file in chatbot.glob("*.tf"))
    calls = re.findall(r'(?ms)^module "(\w+)" \{(.*?)^\}', text)
    readers = [name for name, arguments in calls if "var.package" in arguments]
    assert readers == [READER.partition(".")[2]]
    assert "module.compute.version" not in text
