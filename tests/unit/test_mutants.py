"""What the operators make of a text, what is listed by hand, and how a mutant ends."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from toolkit.errors import ToolkitError
from toolkit.mutants import hcl, listed, python, run
from toolkit.mutants.layers import Results, layers
from toolkit.mutants.mutant import Mutant
from toolkit.mutants.tree import Tree, ordered
from toolkit.terraform import ROOT

LISTED = listed.load()

HCL = """# The store.
resource "aws_store" "this" {
  name        = "a"
  description = "words"
  size        = var.size == 3 && local.on ? 3 : 0

  # Kept.
  rule {
    name    = "first"
    enabled = true
    mode    = "COMPLIANCE"
    items   = ["a", "b"]
    rules   = [{ name = "x" }, { name = "y" }]
    map     = { most = 1, inner = "y" }
  }
}

variable "size" {
  type        = number
  description = "words 10"
  default     = 3
  validation {
    condition     = contains([1, 2], var.size)
    error_message = "1 or 2"
  }
}
"""
# Each change, and a part of the text that it leaves or makes; the rest is as it was.
OF_HCL = {
    "aws_store.this: drop": "# The store.\n\n",
    "aws_store.this/name: drop": "{\n  \n  description",
    "aws_store.this/size: drop": '"words"\n  \n',
    "aws_store.this/size: drop local.on": "= var.size == 3 ? 3 : 0",
    "aws_store.this/size: drop var.size == 3": "= local.on ? 3 : 0",
    "aws_store.this/size: 3 -> 30": "var.size == 30 &&",
    "aws_store.this/size: 3 -> 30 #2": "? 30 : 0",
    "aws_store.this/size: 0 -> 1": "? 3 : 1",
    "aws_store.this/rule[first]: drop": "  # Kept.\n  \n}",
    "aws_store.this/rule[first]/name: drop": "rule {\n    \n",
    "aws_store.this/rule[first]/enabled: drop": '"first"\n    \n',
    "aws_store.this/rule[first]/enabled: true -> false": "enabled = false",
    "aws_store.this/rule[first]/mode: drop": "true\n    \n",
    'aws_store.this/rule[first]/mode: "COMPLIANCE" -> "GOVERNANCE"': '"GOVERNANCE"',
    "aws_store.this/rule[first]/items: drop": '"COMPLIANCE"\n    \n',
    'aws_store.this/rule[first]/items: drop "a"': '[ "b"]',
    'aws_store.this/rule[first]/items: drop "b"': '["a", ]',
    "aws_store.this/rule[first]/rules: drop": '"b"]\n    \n',
    "aws_store.this/rule[first]/rules[x]: drop": '[ { name = "y" }]',
    "aws_store.this/rule[first]/rules[x]/name: drop": "[{  }, { name",
    "aws_store.this/rule[first]/rules[y]: drop": '"x" }, ]',
    "aws_store.this/rule[first]/rules[y]/name: drop": '"x" }, {  }]',
    "aws_store.this/rule[first]/map: drop": '"y" }]\n    \n',
    "aws_store.this/rule[first]/map/most: drop": '{  inner = "y" }',
    "aws_store.this/rule[first]/map/most: 1 -> 10": "most = 10,",
    "aws_store.this/rule[first]/map/inner: drop": "{ most = 1,  }",
    "variable.size/default: 3 -> 30": "default     = 30",
    "variable.size/validation: drop": "= 3\n  \n}",
}

PYTHON = '''"""Words."""

READS = ("Get", "List", "Head")
WORDS = {"get": "G", "list": "L"}


def limit(value: int | None) -> int:
    """Return words 7."""
    if value is None:
        raise ValueError("no")
    print("é", value)
    return value + 30
'''
OF_PYTHON = {
    'module: drop "Get"': 'READS = ("List", "Head")',
    'module: drop "List"': 'READS = ("Get", "Head")',
    'module: drop "Head"': 'READS = ("Get", "List", )',
    'module: drop "get"': 'WORDS = {"list": "L"}',
    'module: drop "list"': 'WORDS = {"get": "G", }',
    "limit: AddNot in `if value is None:`": "if not value is None:",
    "limit: ReplaceComparisonOperator_Is_IsNot in `if value is None:`": "if value is not None:",
    "limit: NumberReplacer in `return value + 30`": "value + 31",
    "limit: NumberReplacer in `return value + 30` #2": "value + 29",
    "limit: ReplaceBinaryOperator_Add_Sub in `return value + 30`": "value - 30",
    'limit: drop `raise ValueError("no")`': "None:\n        pass\n",
    'limit: drop `print("é", value)`': "    pass\n    return",
}


@pytest.mark.parametrize(
    ("operators", "file", "source", "expected"),
    [(hcl, "store.tf", HCL, OF_HCL), (python, "limits.py", PYTHON, OF_PYTHON)],
)
def test_operators_change_one_place_of_what_acts_and_no_words(
    operators: object, file: str, source: str, expected: dict[str, str]
) -> None:
    made = operators.mutants(file, source)  # type: ignore[attr-defined] # one of two modules
    texts = {mutant.name.removeprefix(f"{file}: "): mutant.mutated(source) for mutant in made}
    assert set(texts) == set(expected)
    assert {name: part for name, part in expected.items() if part not in texts[name]} == {}
    assert source not in texts.values()
    if file.endswith(".py"):
        for text in texts.values():
            ast.parse(text)


@pytest.mark.parametrize("name", ["resources", "identifiers"])
def test_what_makes_a_statement_narrow_is_widened(name: str) -> None:
    source = f'data "d" "p" {{\n  {name} = [local.arn]\n}}\n'
    made = {mutant.change: mutant.mutated(source) for mutant in hcl.mutants("p.tf", source)}
    assert f'{name} = ["*"]' in made['any: ["*"]']


# The generator takes out each rule, denial and watched event: what the plan is made of, by its name
# in the source.
@pytest.mark.parametrize(
    ("file", "control"),
    [
        ("modules/edge/rules.tf", r'\bname += "([a-z-]+)"'),
        ("modules/compute/execution-role.tf", r'sid += "(Deny\w+)"'),
        ("modules/governance/deny-tampering.tf", r"^    ([A-Z]\w+) = \{$"),
        ("modules/governance/alerts.tf", r'sid += "(Deny\w+)"'),
        ("modules/governance/trail-bucket.tf", r'sid += "(Deny\w+)"'),
        ("modules/governance/tamper-events.tf", r"^    ([a-z-]+ed) = \{$"),
    ],
)
def test_every_rule_denial_and_watched_event_is_taken_out(file: str, control: str) -> None:
    source = (ROOT / file).read_text(encoding="utf-8")

    def there(text: str) -> set[str]:
        return set(re.findall(control, text, re.MULTILINE))

    names = there(source)
    assert names, "the pattern finds no control: bring it up to date"
    alone = [names - there(mutant.mutated(source)) for mutant in run.operated(file)]
    assert {name for name in names if {name} not in alone} == set()


def test_what_is_by_hand_needs_a_hand() -> None:
    assert len(LISTED.by_hand) <= 85
    for mutant in LISTED.by_hand:
        source = (ROOT / mutant.file).read_text(encoding="utf-8")
        text = mutant.mutated(source)
        assert text != source
        if mutant.file.endswith(".py"):
            ast.parse(text)


def test_every_excuse_has_a_reason_and_excuses_something() -> None:
    for pattern, reason in LISTED.excuses.items():
        assert len(reason) > 10
        file, _, _ = pattern.partition(":")
        made = run.made([file.partition("*")[0]])
        assert any(listed.matches(pattern, mutant) for mutant in made), f"{pattern} excuses nothing"


def test_the_list_is_read_and_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mutants.toml"
    path.write_text('by_hand = [["README.md", "why", "no such text", ""]]\n[excused]\n')
    with pytest.raises(ToolkitError, match="occurs 0 times"):
        listed.load(path)
    path.write_text('by_hand = []\n[excused]\n"a.tf: *rule[x]*" = "why"\n')
    assert listed.load(path).excuse(Mutant("a.tf", "this/rule[x]", "drop", str)) == "why"
    assert listed.load(path).excuse(Mutant("a.tf", "this/rulex", "drop", str)) == ""


@pytest.mark.parametrize("module", ["disguises", "patterns", "screening"])
def test_all_tests_of_screening_look_at_each_of_its_modules(module: str) -> None:
    names = {layer.name for layer in layers(f"lambda/src/chatbot/{module}.py")}
    assert names >= {"tests/unit/test_screening.py", "tests/unit/test_patterns.py"}


def test_the_cheapest_layer_comes_first() -> None:
    names = [layer.name for layer in layers("modules/edge/main.tf")]
    assert names[:3] == [
        "module tests of edge",
        "tests/terraform/test_order.py",
        "module tests of chatbot",
    ]
    names = [layer.name for layer in layers("modules/edge/variables.tf")]
    assert names[2:4] == ["tests/terraform/test_refusals.py", "module tests of chatbot"]
    # The emulator and modules/ have tests of this name as well, which do not run the function.
    names = [layer.name for layer in layers("lambda/src/chatbot/refusals.py")]
    memory = "tests/emulator/dynamodb/test_service.py"
    assert names == ["tests/unit/chatbot/test_refusals.py", "tests/unit/chatbot", memory]
    assert [layer.name for layer in layers("toolkit/package.py")] == [
        "tests/unit/test_build_lambda.py"
    ]


@pytest.mark.parametrize("file", ["modules/edge/main.tf", "lambda/src/chatbot/bedrock.py"])
def test_what_layers_read_is_there(file: str) -> None:
    for layer in layers(file):
        assert [part for part in layer.reads if not (ROOT / part).exists()] == []


def test_a_result_is_kept_until_text_or_tests_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("toolkit.mutants.layers.ROOT", tmp_path)
    for name in ("lambda/src/a.py", "tests/unit/chatbot/test_a.py", "README.md"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x = 1\n")
    layer = next(one for one in layers("lambda/src/chatbot/a.py"))
    mutant = Mutant("lambda/src/a.py", "", "one", lambda text: text + "y = 2\n")
    other = Mutant("lambda/src/a.py", "", "two", lambda text: text + "y = 3\n")

    def known() -> object:
        return Results(tmp_path / "results.jsonl").get(layer, mutant)

    assert known() is None
    Results(tmp_path / "results.jsonl").add(layer, mutant, ("killed", "by a test"))
    assert known() == ("killed", "by a test")
    assert Results(tmp_path / "results.jsonl").get(layer, other) is None
    (tmp_path / "README.md").write_text("other\n")
    assert known() == ("killed", "by a test")
    for name in ("tests/unit/chatbot/test_a.py", "lambda/src/a.py"):
        (tmp_path / name).write_text("x = 2\n")
        assert known() is None
        (tmp_path / name).write_text("x = 1\n")
        assert known() is not None


def test_tests_that_noticed_most_run_first_and_after_those_they_refer_to() -> None:
    text = 'variables {\n}\n\nrun "a" {\n}\n\nrun "b" {\n  x = run.a.y\n}\n\nrun "c" {\n}\n'
    names = re.findall(r'run "(\w)"', ordered(text, {"a": 0, "b": 1, "c": 2}.__getitem__))
    assert names == ["c", "a", "b"]
    assert ordered(text, lambda _: 0) == text


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
TEST = "from limits import limit\n\n\ndef test_limit() -> None:\n    assert limit() == 30\n"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tree]:
    folder = tmp_path_factory.mktemp("tree")
    tests = folder / "modules" / "store" / "tests"
    tests.mkdir(parents=True)
    (tests.parent / "main.tf").write_text(MAIN)
    (tests / "store.tftest.hcl").write_text(RUNS)
    (folder / "limits.py").write_text("def limit() -> int:\n    return 30\n")
    (folder / "test_limits.py").write_text(TEST)
    tree = Tree(folder)
    yield tree
    tree.close()


def replaced(file: str, find: str, put: str) -> Mutant:
    return Mutant(file, "", "", lambda source: source.replace(find, put))


@pytest.mark.parametrize(
    ("find", "put", "result", "detail"),
    [
        ("= var.days\n", "= 7\n", "killed", "kept_for_a_month: Not kept for a month."),
        ("var.days > 0", "var.days > 99", "killed", "kept_for_a_month: days must be above 0."),
        ("var.days > 0", "var.days >= 0", "killed", "nothing_is_refused"),
        ('output "kept"', 'output "held"', "killed", "kept_for_a_month"),
        ("var.days > 0", "var.days > 1", "survived", ""),
        ("= var.days\n", "= var.months\n", "invalid", ""),
        ('output "kept" {', 'output "kept" {{', "invalid", ""),
    ],
)
def test_a_module_notices_by_any_of_its_tests_and_refuses_what_is_no_terraform(
    tree: Tree, find: str, put: str, result: str, detail: str
) -> None:
    with tree.changed(replaced("modules/store/main.tf", find, put)):
        ended, said = tree.module_tests("store", "modules/store/main.tf")
    assert ended == result, said
    assert detail in said
    assert (tree.folder / "modules/store/main.tf").read_text() == MAIN


@pytest.mark.parametrize(
    ("put", "result"), [("return 31", "killed"), ("return 29 + 1", "survived")]
)
def test_python_notices_by_a_failing_test(tree: Tree, put: str, result: str) -> None:
    with tree.changed(replaced("limits.py", "return 30", put)):
        assert tree.pytest(["test_limits.py"])[0] == result


def test_tests_that_take_too_long_to_be_asked_notice_nothing(tree: Tree) -> None:
    (tree.folder / "test_long.py").write_text("def test_long():\n    assert False\n")
    assert tree.pytest(["test_long.py"])[0] == "killed"
    (tree.folder / "pytest.ini").write_text("[pytest]\naddopts = --deselect test_long.py\n")
    assert tree.pytest(["test_long.py"]) == ("survived", "")


def test_a_test_that_hangs_has_noticed(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toolkit.mutants.tree.PYTEST_SECONDS", 0.1)
    assert tree.pytest(["test_limits.py"]) == ("killed", "not done after 0 s")
