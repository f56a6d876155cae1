"""Which plans leave the web ACL out: those before which nothing it is given can have changed."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.scoped import MAIN, TEXTS
from toolkit.scope import Options, Scope
from toolkit.state import STATE
from toolkit.terraform import ROOT

WHOLE = ("-refresh=false",)
PART = (
    *WHOLE,
    "-target=module.chatbot.module.api",
    "-target=module.chatbot.module.compute",
    "-target=module.chatbot.data.aws_region.current",
    "-target=module.chatbot.terraform_data.name",
)
KEYS = ("chatbot", "chatbot.api", "chatbot.compute", "chatbot.edge")
STAGE = "module.api.aws_api_gateway_stage.this"
ALIAS = "module.compute.aws_lambda_alias.live"
RESOURCES: dict[str, dict[str, object]] = {
    STAGE: {"arn": "arn:stage", "throttle": 10},
    ALIAS: {"arn": "arn:alias", "function_version": "1"},
    "module.api.aws_api_gateway_deployment.this": {"id": "1"},
    "module.edge.aws_wafv2_web_acl.this": {"arn": "arn:acl", "rate": 50},
    "terraform_data.name": {"output": "chatbot-dev"},
}
Changes = dict[str, dict[str, object]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a staged environment whose configuration is applied."""
    monkeypatch.setenv("TF_VAR_environment", "dev")
    return staged(tmp_path, MAIN, *KEYS)


def staged(tmp_path: Path, main: str, *keys: str) -> Path:
    """Return a folder as `terraform init` leaves it, with an apply noted."""
    folder = tmp_path / "envs" / "dev"
    listed = folder / ".terraform" / "modules" / "modules.json"
    listed.parent.mkdir(parents=True)
    (folder / "main.tf").write_text(main)
    for key in keys:
        module = tmp_path / "modules" / key.rpartition(".")[2]
        if not module.exists():
            module.mkdir(parents=True)
            (module / "main.tf").write_text(TEXTS.get(module.name, f"# {key}\n"))
    modules = [{"Key": key, "Dir": f"../../modules/{key.rpartition('.')[2]}"} for key in keys]
    listed.write_text(json.dumps({"Modules": [{"Key": "", "Dir": "."}, *modules]}))
    write_state(folder, {})
    Scope(folder).keep()
    return folder


def write_state(folder: Path, changes: Changes) -> None:
    """Write a state with what the resources have after changes of their attributes."""
    resources = []
    for address, attributes in RESOURCES.items():
        module, _, name = f"module.chatbot.{address}".rpartition(".")
        module, _, kind = module.rpartition(".")
        instances = [{"attributes": attributes | changes.get(address, {})}]
        named = {"module": module, "mode": "managed", "type": kind, "name": name}
        resources.append(named | {"instances": instances})
    (folder / STATE).write_text(json.dumps({"resources": resources}))


def edit(folder: Path, place: str, old: str, new: str) -> None:
    """Change the one place in a module, or in the environment, that reads so."""
    file = (folder.parent.parent / "modules" / place if place else folder) / "main.tf"
    assert file.read_text().count(old) == 1
    file.write_text(file.read_text().replace(old, new))


def options(folder: Path) -> Options:
    """Return the options of the next plan."""
    return Scope(folder).options(lambda _: None)


PARTS = {
    "the package": ("", "", ""),
    "a resource": ("compute", "variables = {}", "variables = { A = 1 }"),
    "a comment": ("compute", "  memory_size", "  # Why.\n  memory_size"),
    "another resource": ("api", "made here", "made there"),
    "a local value": ("api", '"v1"', '"v2"'),
    "what an output reads": ("compute", 'prefix = "live"', 'prefix = "next"'),
    "a variable": ("api", "default = 10", "default = 20"),
    "an argument of the environment": ("", "memory = 512", "memory = 1024"),
    "an attribute of one": ("", "shown = false", "shown = true"),
    "how arguments are aligned": ("", "name     =", "name ="),
    "a heredoc": ("", "limits = none\n", "limits = some\n"),
    "an argument of a module": ("chatbot", "= var.function\n", "= merge(var.function, {})\n"),
    "a check": ("chatbot", "> 0", "> 1"),
}
WHOLES = {
    "the web ACL": ("edge", "= var.rate", "= 2 * var.rate"),
    "what it is given": ("", "= 50", "= 60"),
    "what a validation of it reads": ("", "= 100", "= 200"),
    "how it is given": ("chatbot", "rates = ", "rates = 2 * "),
    "an output that it is given": ("api", "${var.stage_suffix}", ""),
    "what such an output reads": ("api", 'default = ""', 'default = "x"'),
    "what refuses a plan": ("chatbot", "terraform_data.name.output ==", '"x" =='),
    "what a refusal reads": ("chatbot", "}-dev", "}-prod"),
    "a move": ("api", "stage.live", "stage.old"),
    "an attribute of an object in one line": ("", "most = 5", "most = 6"),
    "what it is given after an output": ("chatbot", '"/chat"', '"/talk"'),
    "a provider": ("", "us-east-2", "us-east-1"),
    "a new layout": ("api", "default = 10\n}", "default = 10 }"),
    "a resource in one line": ("api", "moved {", 'resource "a" "b" { count = 0 }\n\nmoved {'),
}


@pytest.mark.parametrize(("place", "old", "new"), PARTS.values(), ids=PARTS)
def test_the_web_acl_is_left_out_after_a_change_of(
    place: str, old: str, new: str, folder: Path
) -> None:
    if old:
        edit(folder, place, old, new)
    else:
        (folder.parent.parent / "chatbot.zip").write_bytes(b"new")
    assert options(folder) == PART


@pytest.mark.parametrize(("place", "old", "new"), WHOLES.values(), ids=WHOLES)
def test_everything_is_planned_after_a_change_of(
    place: str, old: str, new: str, folder: Path
) -> None:
    edit(folder, place, old, new)
    assert options(folder) == WHOLE
    Scope(folder).keep()
    assert options(folder) == PART


CHANGES: dict[str, Callable[[Path, pytest.MonkeyPatch], object]] = {
    "what its module reads": lambda root, _: (root / "modules/edge/words.txt").write_text("word"),
    "what another module reads": lambda root, _: (root / "modules/api/a.json").write_text("1"),
    "the provider's version": lambda root, _: (root / "envs/dev/.terraform.lock.hcl").write_text(
        "# other"
    ),
    "a variable": lambda _, monkeypatch: monkeypatch.setenv("TF_VAR_environment", "other"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_everything_is_planned_after_any_other_change(
    change: Callable[[Path, pytest.MonkeyPatch], object],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert options(folder) == PART
    change(folder.parent.parent, monkeypatch)
    assert options(folder) == WHOLE
    Scope(folder).keep()
    assert options(folder) == PART


@pytest.mark.parametrize("name", ["README.md", "tests/api.tftest.hcl", ".terraform/x.json"])
def test_what_terraform_does_not_read_changes_nothing(name: str, folder: Path) -> None:
    file = folder.parent.parent / "modules" / "edge" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text("x")
    assert options(folder) == PART


@pytest.mark.parametrize(
    ("main", "keys"),
    [
        (MAIN + 'resource "aws_lambda_function" "own" {}\n', KEYS),
        (MAIN + 'locals { hash = filebase64sha256("../chatbot.zip") }\n', KEYS),
        (MAIN, (*KEYS, "other")),
        (MAIN, (*KEYS, "chatbot.compute.more")),
        (MAIN, ("chatbot", "chatbot.compute")),
        (MAIN, ("memory",)),
    ],
)
def test_everything_is_planned_of_a_root_that_has_more(
    main: str, keys: tuple[str, ...], tmp_path: Path
) -> None:
    assert options(staged(tmp_path, main, *keys)) == WHOLE


def test_everything_is_planned_of_a_module_that_is_called_twice(folder: Path) -> None:
    listed = folder / ".terraform" / "modules" / "modules.json"
    listed.write_text(listed.read_text().replace("../../modules/api", "../../modules/compute"))
    Scope(folder).keep()
    assert options(folder) == WHOLE


@pytest.mark.parametrize("module", ["edge", "chatbot"])
def test_everything_is_planned_where_what_is_left_out_may_ask_aws(
    module: str, folder: Path
) -> None:
    edit(folder, module, 'output "', 'data "aws_lambda_function" "its" {\n}\n\noutput "')
    Scope(folder).keep()
    assert options(folder) == WHOLE


def test_everything_is_planned_where_the_call_of_the_module_is_not_understood(
    folder: Path,
) -> None:
    edit(folder, "chatbot", '{local.suffix}"\n', '{local.suffix}" ')
    Scope(folder).keep()
    assert options(folder) == WHOLE


def test_everything_is_planned_before_the_first_apply(tmp_path: Path) -> None:
    assert options(tmp_path) == WHOLE
    Scope(tmp_path).keep()
    assert options(tmp_path) == WHOLE


def test_everything_is_planned_after_a_note_that_cannot_be_read(folder: Path) -> None:
    (folder / "applied").write_text("5f" * 32)
    assert options(folder) == WHOLE


NOTHING = (None, False)
OUTPUTS = (WHOLE, True)
REFRESHED = ((), False)


def after(folder: Path, changes: Changes, *, has_lost: bool = False) -> tuple[Options | None, bool]:
    """Return the options of the plan after an apply, and whether requests are answered before it.

    The apply changes attributes of resources.
    """
    stood: list[None] = []
    lines: list[str] = []
    scope = Scope(folder)
    is_part = scope.options(lines.append) != WHOLE
    write_state(folder, changes)
    follow, end = (
        scope.options_after(has_lost, lines.append, lambda: stood.append(None)) for _ in range(2)
    )
    assert end is None
    assert len(lines) == is_part + (follow is not None)
    return follow, bool(stood)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, NOTHING),
        ({STAGE: {"throttle": "20"}}, NOTHING),
        ({ALIAS: {"function_version": "2"}}, NOTHING),
        ({"module.api.aws_api_gateway_deployment.this": {"id": "2"}}, NOTHING),
        ({ALIAS: {"arn": "arn:other"}}, OUTPUTS),
        ({STAGE: {"arn": "arn:other"}}, REFRESHED),
        ({"terraform_data.name": {"output": "other"}}, REFRESHED),
    ],
)
def test_everything_is_planned_after_a_part_that_others_read_another_value_of(
    changes: Changes, expected: tuple[Options | None, bool], folder: Path
) -> None:
    edit(folder, "compute", "variables = {}", "variables = { A = 1 }")
    assert after(folder, changes) == expected


@pytest.mark.parametrize(
    ("place", "old", "new", "expected"),
    [
        ("compute", 'prefix = "live"', 'prefix = "next"', OUTPUTS),
        ("", "limits = none", "limits = some", OUTPUTS),  # Which a check reads.
        ("", "memory = 512", "memory = 1024", NOTHING),  # Which the validation of that does.
    ],
)
def test_everything_is_planned_after_a_part_whose_change_outputs_or_checks_read(
    place: str, old: str, new: str, expected: tuple[Options | None, bool], folder: Path
) -> None:
    edit(folder, place, old, new)
    assert after(folder, {}) == expected


def test_everything_is_planned_after_a_part_that_replaced_or_removed_something(
    folder: Path,
) -> None:
    assert after(folder, {}, has_lost=True) == REFRESHED


def test_everything_is_planned_after_a_part_whose_state_cannot_be_read(folder: Path) -> None:
    (folder / STATE).write_text("{")
    Scope(folder).keep()
    scope = Scope(folder)
    assert scope.options(lambda _: None) == PART
    assert scope.options_after(False, lambda _: None, lambda: None) == ()


def test_nothing_follows_a_plan_with_a_refresh(folder: Path) -> None:
    assert Scope(folder).options_after(True, lambda _: None, lambda: None) is None


def test_nothing_follows_a_plan_of_everything(folder: Path) -> None:
    edit(folder, "", "= 50", "= 60")
    assert after(folder, {STAGE: {"arn": "arn:other"}}, has_lost=True) == NOTHING


@pytest.mark.parametrize(
    ("file", "old", "new", "is_part"),
    [
        ("modules/compute/main.tf", "Answers POST", "Takes POST", True),
        ("modules/compute/outputs.tf", "aws_lambda_alias.live.arn", "null", True),
        ("modules/governance/alarms.tf", "close to its timeout", "near its timeout", True),
        ("modules/guardrail/variables.tf", '"HIGH"', '"LOW"', True),
        ("modules/api/stage.tf", "Made by Terraform", "Made here", True),
        (
            "envs/dev/main.tf",
            "  clients =",
            '  function = {\n    log_level = "DEBUG"\n  }\n  clients =',
            True,
        ),
        ("modules/governance/kms.tf", "key_arn = ", 'key_arn = "" # ', False),
        ("modules/edge/rules.tf", "priority", "priority ", False),
        ("envs/dev/main.tf", '"dev"\n', '"test"\n', False),
    ],
)
def test_of_the_modules_here_the_web_acl_is_left_out(
    file: str, old: str, new: str, is_part: bool, tmp_path: Path
) -> None:
    skipped = shutil.ignore_patterns("tests", ".terraform")
    shutil.copytree(ROOT / "modules", tmp_path / "modules", ignore=skipped)
    names = ("api", "compute", "edge", "governance", "guardrail", "memory")
    folder = staged(tmp_path, MAIN, "chatbot", *(f"chatbot.{name}" for name in names))
    for place in (ROOT / "envs" / "dev").glob("*.tf"):
        shutil.copyfile(place, folder / place.name)
    Scope(folder).keep()
    changed = tmp_path / file
    assert old in changed.read_text()
    changed.write_text(changed.read_text().replace(old, new, 1))
    assert (options(folder) != WHOLE) is is_part
