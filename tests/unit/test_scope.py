"""Which plans look at a part: those before which nothing else can have changed."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from toolkit.scope import PARTS, READER, Scope
from toolkit.state import STATE
from toolkit.terraform import ROOT

Changes = dict[str, dict[str, str]]
WHOLE = ("-refresh=false",)
PART = ("-refresh=false", "-target=module.chatbot.module.compute")
BOTH = (*PART, "-target=module.chatbot.module.governance")
MAIN = 'module "chatbot" {\n  source = "../../modules/chatbot"\n}\n'
KEYS = ("chatbot", *PARTS, "chatbot.edge")
CHATBOT = """
module "governance" {
  source = "../governance"
}

module "compute" {
  source     = "../compute"
  policy_arn = module.governance.policy_arn
}

output "alias" {
  value = module.compute.alias_arn
}
"""
COMPUTE = """
data "aws_region" "current" {}

locals {
  memory = 512
  prefix = "live"
  shown  = {
    arn = "${aws_lambda_alias.live[0].arn}/${local.prefix}"
  }
}

resource "aws_lambda_function" "this" {
  memory_size = local.memory

  environment {
    variables = {}
  }
}

resource "aws_lambda_alias" "live" {
  count = 1
}

moved {
  from = aws_lambda_alias.live
  to   = aws_lambda_alias.live[0]
}

variable "size" {
  default = 1
}

output "alias_arn" {
  value = local.shown.arn
}

output "version" {
  value = aws_lambda_function.this.version
}
"""
GOVERNANCE = """
resource "aws_iam_policy" "deny" {
  description = "denies"
}

resource "aws_cloudwatch_metric_alarm" "this" {
  threshold = 1
}

output "policy_arn" {
  value = one([for policy in [aws_iam_policy.deny] : policy.arn])
}
"""
FUNCTION = {"version": "1", "memory_size": 512}
ALIAS = {"arn": "arn:alias", "function_version": "1"}
POLICY = {"arn": "arn:policy", "policy": "{}"}


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
    texts = {"chatbot": CHATBOT, "compute": COMPUTE, "governance": GOVERNANCE}
    for key in keys:
        module = tmp_path / "modules" / key.rpartition(".")[2]
        if not module.exists():
            module.mkdir(parents=True)
            (module / "main.tf").write_text(texts.get(module.name, f"# {key}\n"))
    modules = [{"Key": key, "Dir": f"../../modules/{key.rpartition('.')[2]}"} for key in keys]
    listed.write_text(json.dumps({"Modules": [{"Key": "", "Dir": "."}, *modules]}))
    write_state(folder)
    Scope(folder).keep()
    return folder


def write_state(folder: Path, **changes: dict[str, str]) -> None:
    """Write a state with what the three resources have after changes of their attributes."""
    resources = [
        {
            "module": f"module.chatbot.module.{module}",
            "mode": "managed",
            "type": kind,
            "name": name,
            "instances": [{"attributes": attributes | changes.get(name, {})}],
        }
        for module, kind, name, attributes in (
            ("compute", "aws_lambda_function", "this", FUNCTION),
            ("compute", "aws_lambda_alias", "live", ALIAS),
            ("governance", "aws_iam_policy", "deny", POLICY),
        )
    ]
    (folder / STATE).write_text(json.dumps({"resources": resources}))


def edit(folder: Path, module: str, old: str, new: str) -> None:
    """Change the one place in a module that reads so."""
    file = folder.parent.parent / "modules" / module / "main.tf"
    assert file.read_text().count(old) == 1
    file.write_text(file.read_text().replace(old, new))


def options(folder: Path) -> tuple[str, ...]:
    """Return the options of the next plan."""
    return Scope(folder).options(lambda _: None)


def test_after_a_change_of_the_package_the_function_alone_is_planned(folder: Path) -> None:
    (folder.parent.parent / "chatbot.zip").write_bytes(b"new")
    assert options(folder) == PART


@pytest.mark.parametrize(
    ("module", "old", "new", "expected"),
    [
        ("compute", "variables = {}", "variables = { A = 1 }", PART),
        ("compute", "memory = 512", "memory = 1024", PART),
        ("governance", "threshold = 1", "threshold = 2", BOTH),
        ("governance", "  description", "  # Why.\n  description", BOTH),
    ],
)
def test_after_a_change_within_a_module_that_one_is_planned(
    module: str, old: str, new: str, expected: tuple[str, ...], folder: Path
) -> None:
    edit(folder, module, old, new)
    assert options(folder) == expected
    Scope(folder).keep()
    assert options(folder) == PART


CHANGES: dict[str, Callable[[Path, pytest.MonkeyPatch], object]] = {
    "a module": lambda root, _: (root / "modules/edge/main.tf").write_text("# other\n"),
    "what a module reads": lambda root, _: (root / "modules/edge/words.txt").write_text("word"),
    "what the function's reads": lambda root, _: (root / "modules/compute/a.json").write_text("1"),
    "the environment": lambda root, _: (root / "envs/dev/main.tf").write_text(MAIN + "# other\n"),
    "the provider": lambda root, _: (root / "envs/dev/.terraform.lock.hcl").write_text("# other"),
    "a variable": lambda _, monkeypatch: monkeypatch.setenv("TF_VAR_environment", "other"),
}
# Of the function's module, what reads so to what it then reads.
OUTSIDE = {
    "an output": ("value = local.shown.arn", "value = local.memory"),
    "a value that an output reads": ("${aws_lambda_alias", "of ${aws_lambda_alias"),
    "a value that such a value reads": ('prefix = "live"', 'prefix = "dead"'),
    "a variable's default": ("default = 1", "default = 2"),
    "a move": ("to   = aws_lambda_alias.live[0]", "to   = aws_lambda_alias.live[1]"),
    "a module within": ('output "alias', 'module "more" {\n}\n\noutput "alias'),
    "a value that looks like one of a resource": (
        "  count = 1\n}",
        "  count = 1\n  }\n  locals {\n  more = 1\n}",
    ),
    "a value beside a heredoc": ("memory = 512", "memory = <<E\n  other = 3\n  E"),
    "a data source": ("moved {", 'data "aws_partition" "here" {}\n\nmoved {'),
    "a resource in one line": ("moved {", 'resource "a" "b" { count = 0 }\n\nmoved {'),
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


@pytest.mark.parametrize(("old", "new"), OUTSIDE.values(), ids=OUTSIDE)
def test_after_a_change_of_what_leaves_a_module_everything_is_planned(
    old: str, new: str, folder: Path
) -> None:
    edit(folder, "compute", old, new)
    assert options(folder) == WHOLE
    Scope(folder).keep()
    assert options(folder) == PART


@pytest.mark.parametrize(
    ("main", "keys"),
    [
        (MAIN + 'resource "aws_lambda_function" "own" {}\n', KEYS),
        (MAIN + 'locals { hash = filebase64sha256("../chatbot.zip") }\n', KEYS),
        (MAIN, (*KEYS, "other")),
        (MAIN, (*KEYS, "chatbot.compute.more")),
        (MAIN, ("chatbot", READER)),
        (MAIN, ("memory",)),
    ],
)
def test_of_a_root_that_may_read_the_package_elsewhere_everything_is_planned(
    main: str, keys: tuple[str, ...], tmp_path: Path
) -> None:
    assert options(staged(tmp_path, main, *keys)) == WHOLE


def test_of_a_module_that_is_called_twice_everything_is_planned(folder: Path) -> None:
    listed = folder / ".terraform" / "modules" / "modules.json"
    listed.write_text(listed.read_text().replace("../../modules/edge", "../../modules/compute"))
    Scope(folder).keep()
    assert options(folder) == WHOLE


def test_while_another_module_asks_aws_everything_is_planned(folder: Path) -> None:
    edit(folder, "governance", "output", 'data "aws_lambda_function" "its" {\n}\n\noutput')
    Scope(folder).keep()
    assert options(folder) == WHOLE


def test_before_the_first_apply_everything_is_planned(tmp_path: Path) -> None:
    assert options(tmp_path) == WHOLE
    Scope(tmp_path).keep()
    assert options(tmp_path) == WHOLE


def test_after_a_note_that_cannot_be_read_everything_is_planned(folder: Path) -> None:
    (folder / "applied").write_text("5f" * 32)
    assert options(folder) == WHOLE


def after(folder: Path, changes: Changes, *, only_updates: bool) -> list[object]:
    """Return the options of the plan after an apply that changed attributes of resources."""
    scope = Scope(folder)
    scope.options(lambda _: None)
    write_state(folder, **changes)
    return [scope.options_after(only_updates, lambda _: None) for _ in range(2)]


@pytest.mark.parametrize(
    ("changes", "follow"),
    [
        ({}, None),
        ({"this": {"version": "2", "memory_size": "1024"}}, None),  # Of an output nobody reads.
        ({"live": {"function_version": "2"}}, None),
        ({"live": {"arn": "another"}}, ()),
        ({"deny": {"policy": "another"}}, ()),  # Named as a whole.
    ],
)
def test_everything_is_planned_after_a_part_that_others_read_another_value_of(
    changes: Changes, follow: tuple[str, ...] | None, folder: Path
) -> None:
    edit(folder, "compute", "memory = 512", "memory = 1024")
    assert after(folder, changes, only_updates=True) == [follow, None]


def test_everything_is_planned_after_a_part_that_made_or_removed_something(folder: Path) -> None:
    edit(folder, "governance", '"this"', '"that"')
    assert after(folder, {}, only_updates=False) == [(), None]


def test_everything_is_planned_after_a_part_whose_state_cannot_be_read(folder: Path) -> None:
    (folder / STATE).write_text("{")
    Scope(folder).keep()
    edit(folder, "governance", "threshold = 1", "threshold = 2")
    scope = Scope(folder)
    assert scope.options(lambda _: None) == BOTH
    assert scope.options_after(True, lambda _: None) == ()


@pytest.mark.parametrize("module", ["", "edge"])
def test_nothing_follows_a_plan_of_everything_or_of_a_new_package(
    module: str, folder: Path
) -> None:
    if module:
        edit(folder, module, "#", "# other")
    assert after(folder, {"live": {"arn": "another"}}, only_updates=False) == [None, None]


def test_no_other_module_reads_the_package() -> None:
    chatbot = ROOT / "modules" / "chatbot"
    text = "\n".join(file.read_text() for file in chatbot.glob("*.tf"))
    calls = re.findall(r'(?ms)^module "(\w+)" \{(.*?)^\}', text)
    readers = [name for name, arguments in calls if "var.package" in arguments]
    assert readers == [READER.partition(".")[2]]
    assert "module.compute.version" not in text


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("compute/main.tf", "Answers POST", "Takes POST", PART),
        ("compute/main.tf", 'METRICS_NAMESPACE         = "Chatbot"', "A = 1", PART),
        ("governance/alarms.tf", "close to its timeout", "near its timeout", BOTH),
        ("governance/kms.tf", "key_arn = ", 'key_arn = "" # ', WHOLE),
        ("compute/outputs.tf", "aws_lambda_alias.live.arn", "null", WHOLE),
    ],
)
def test_of_the_modules_here_a_line_is_planned_with_its_own(
    file: str, old: str, new: str, expected: tuple[str, ...], tmp_path: Path
) -> None:
    skipped = shutil.ignore_patterns("tests")
    shutil.copytree(ROOT / "modules", tmp_path / "modules", ignore=skipped)
    names = ("api", "compute", "edge", "governance", "guardrail", "memory")
    folder = staged(tmp_path, MAIN, "chatbot", *(f"chatbot.{name}" for name in names))
    changed = tmp_path / "modules" / file
    assert changed.read_text().count(old) == 1
    changed.write_text(changed.read_text().replace(old, new))
    assert options(folder) == expected
