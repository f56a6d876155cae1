"""A misspelled attribute of an object input is found before Terraform drops it."""

from pathlib import Path

import pytest

from policies.attributes import Collection, Object, declared, unknown
from scripts import terraform as program
from toolkit import environments
from toolkit.misspelled import check, misspelled
from toolkit.planned import planned
from toolkit.rehearsal import Rehearsal
from toolkit.terraform import ROOT, TerraformError

VARIABLES = """
variable "function" {
  type = object({
    memory_mb            = optional(number, 512) # comment with a ) in it
    reserved_concurrency = optional(number, 10)
    limits               = optional(object({ bytes = optional(number, 1) }), { bytes = 2 })
  })
  default = {}
}

variable "clients" {
  type = map(object({ enabled = optional(bool, true) }))
}

variable "names" {
  type    = list(string)
  default = []
}

variable "anything" {
  default = {}
}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "modules" / "m").mkdir(parents=True)
    (tmp_path / "modules" / "m" / "variables.tf").write_text(VARIABLES)
    (tmp_path / "envs" / "dev").mkdir(parents=True)
    return tmp_path / "envs" / "dev"


def problems(root: Path, arguments: str, more: str = "") -> list[str]:
    call = f'module "m" {{\n  source = "../../modules/m"\n{arguments}\n}}\n{more}\n'
    (root / "main.tf").write_text(call)
    return [text for _, text in misspelled(root)]


def test_types_are_read_as_they_are_declared() -> None:
    assert declared(VARIABLES) == {
        "function": Object(
            {"memory_mb": None, "reserved_concurrency": None, "limits": Object({"bytes": None})}
        ),
        "clients": Collection(Object({"enabled": None}), keyed=True),
        "names": Collection(None),
        "anything": None,
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("  function = { reserved_concurency = 5 }", "did you mean reserved_concurrency?"),
        ("  function = { limits = { byte = 5 } }", "function.limits.byte is not declared"),
        ('  clients = { web = { enbled = false }, "my app" = {} }', "clients[web].enbled"),
        ("  function = { zzz = 1 }", "there are memory_mb, reserved_concurrency, limits"),
        ("  function = local.function", "function.memory is not declared"),
        ("  function = { limits = local.limits }", "function.limits.bits is not declared"),
    ],
)
def test_what_is_not_declared_is_found(root: Path, arguments: str, said: str) -> None:
    more = "locals {\n  function = { memory = 1 }\n  limits = { bits = 1 }\n}"
    (found,) = problems(root, arguments, more)
    assert said in found
    assert found.startswith('module "m": ')


@pytest.mark.parametrize(
    "arguments",
    [
        "  function = { reserved_concurrency = 5, limits = { bytes = 5 } }",
        "  function = merge({ reserved_concurrency = 5 }, var.more)",
        "  function = var.function",
        "  function = { limits = null }",
        "  clients  = { for name in var.names : name => {} }",
        "  anything = { whatever = { it = is } }",
        '  names    = ["a", "b"]',
        "  nobody_declared_this = { x = 1 } # an error of Terraform's",
    ],
)
def test_what_is_declared_or_unknown_passes(root: Path, arguments: str) -> None:
    assert problems(root, arguments) == []


RULES = Collection(Object({"action": None}))
CLIENTS = Collection(Object({"enabled": None}), keyed=True)


@pytest.mark.parametrize(
    ("value", "kind", "paths"),
    [
        ([{"web": {"enbled": 1}}], CLIENTS, ["x[web].enbled"]),
        ([{"web": {"enabled": 1}}], CLIENTS, []),
        ([[{"action": 1}, {"actoin": 1}]], RULES, ["x[1].actoin"]),
        ([{"actoin": 1}], RULES, ["x[0].actoin"]),
        ([{"action": 1}], RULES, []),
        ({"web": [{"enbled": 1, "__startline__": 1}], "__endline__": 2}, CLIENTS,
         ["x[web].enbled"]),
    ],
)  # fmt: skip
def test_values_are_read_as_checkov_hands_them_on(
    value: object, kind: Object | Collection, paths: list[str]
) -> None:
    assert [problem.path for problem in unknown(value, kind, "x")] == paths


def test_a_module_from_elsewhere_is_passed_over(root: Path) -> None:
    (root / "main.tf").write_text(
        'module "m" {\n  source = "git::ssh://x"\n  function = { x = 1 }\n}\n'
    )
    check(root)


def test_every_misspelling_is_named_with_its_file(root: Path) -> None:
    problems(root, "  function = { reserved_concurency = 5, memori_mb = 1 }")
    with pytest.raises(TerraformError) as raised:
        check(root)
    assert str(raised.value).count("main.tf: ") == 2


@pytest.mark.parametrize(
    "env", sorted(path.parent for path in ROOT.glob("envs/*/main.tf")), ids=str
)
def test_the_environments_spell_everything_right(env: Path) -> None:
    check(env)


def test_every_object_of_every_module_is_read() -> None:
    """A type that could not be read would let every misspelling pass."""
    for module in ROOT.glob("modules/*/variables.tf"):
        text = module.read_text(encoding="utf-8")
        read = declared(text)
        assert len(read) == text.count('\nvariable "') + text.startswith('variable "')
        for name, kind in read.items():
            body = text[text.index(f'variable "{name}"') :].partition("\n}\n")[0]
            assert ("object({" in body) == (_objects(kind) > 0), (module, name)


def _objects(kind: Object | Collection | None) -> int:
    if isinstance(kind, Collection):
        return _objects(kind.of)
    return 1 + sum(map(_objects, kind.attributes.values())) if kind else 0


class _NoTerraform:
    """Terraform in a folder, which is not run."""

    def __init__(self, folder: Path, _: object = None) -> None:
        self.folder = folder

    def run(self, *_: str) -> None:
        """Do nothing."""

    def show(self, *_: str) -> None:
        raise AssertionError("planned before the spelling was looked at")


@pytest.fixture
def wrong(root: Path) -> Path:
    problems(root, "  function = { reserved_concurency = 5 }")
    return root


def test_make_up_refuses_a_misspelled_attribute(wrong: Path, tmp_path: Path) -> None:
    rehearsal = Rehearsal("dev", home=tmp_path / ".rehearsal", source=wrong)
    with pytest.raises(TerraformError, match="did you mean reserved_concurrency"):
        rehearsal.stage()
    assert not rehearsal.folder.exists()


@pytest.mark.parametrize("command", [["plan", "--env", "dev"], ["validate"]])
def test_make_plan_and_make_lint_refuse_a_misspelled_attribute(
    wrong: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: list[str],
) -> None:
    monkeypatch.setattr(environments, "environment", lambda _: wrong)
    monkeypatch.setattr(environments, "ROOT", wrong.parent.parent)
    monkeypatch.setattr(environments, "Terraform", _NoTerraform)
    assert program.main(command) == 1
    assert "did you mean reserved_concurrency" in capsys.readouterr().err


def test_the_account_check_refuses_a_misspelled_attribute(wrong: Path) -> None:
    with pytest.raises(TerraformError, match="did you mean reserved_concurrency"):
        planned(wrong)
