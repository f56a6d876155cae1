"""The runbook names what there is: every alarm, every tamper rule, and fields that are logged."""

import re

import pytest

from toolkit.terraform import ROOT

RUNBOOK = (ROOT / "docs" / "operations.md").read_text()
GOVERNANCE = ROOT / "modules" / "governance"

# Where each log group's fields come from: our own code, or the emulator's copy of AWS's records.
SOURCES = {
    "/aws/apigateway/chatbot-dev": ["modules/api/access-log.tf"],
    "/aws/lambda/chatbot-dev": ["lambda/src/chatbot/*.py", "emulator/lambda_/*.py"],
    "aws-waf-logs-chatbot-dev": ["emulator/waf/*.py"],
    "/aws/cloudtrail/chatbot-dev": [
        "emulator/cloudtrail/trail.py",
        "modules/governance/tamper-events.tf",
    ],
    "/aws/bedrock/model-invocations": ["emulator/bedrock/*.py", "lambda/src/chatbot/*.py"],
}
WORDS = {
    "and", "as", "asc", "avg", "bin", "by", "count", "count_distinct", "desc", "earliest", "fields",
    "filter", "in", "ispresent", "latest", "like", "limit", "max", "parse", "pct", "sort", "stats",
    "sum",
}  # fmt: skip
QUERIES = re.findall(
    r"^ *```\n *# log group: (\S+)\n(.*?)^ *```$", RUNBOOK, re.MULTILINE | re.DOTALL
)


def keys(file: str, *indents: str) -> set[str]:
    """Return the keys of a Terraform map that open an object on their line."""
    found: set[str] = set()
    for indent in indents:
        text = (GOVERNANCE / file).read_text()
        found |= set(re.findall(rf"^{indent}([a-z0-9-]+) = \{{$", text, re.MULTILINE))
    return found


def test_every_alarm_has_its_page_and_no_other_thing_has() -> None:
    alarms = keys("alarms.tf", " {4}", " {6}")
    section = RUNBOOK.partition("## When an alarm rings")[2].partition("\n## ")[0]
    assert len(alarms) > 10
    assert set(re.findall(r"^### (.+)$", section, re.MULTILINE)) == alarms


def test_every_tamper_rule_is_named() -> None:
    rules = {rule for rule in keys("tamper-events.tf", " {4}") if rule.endswith("ed")}
    assert len(rules) > 5
    section = RUNBOOK.partition("## When a control was touched")[2].partition("\n## ")[0]
    assert {rule for rule in rules if f"`{rule}`" not in section} == set()


def test_every_kind_of_log_is_asked() -> None:
    assert {group for group, _ in QUERIES} == set(SOURCES)
    assert len(QUERIES) == RUNBOOK.count("# log group:")


@pytest.mark.parametrize(("group", "query"), QUERIES)
def test_queries_name_fields_that_are_logged(group: str, query: str) -> None:
    files = [path for pattern in SOURCES[group] for path in sorted(ROOT.glob(pattern))]
    logged = {word for path in files for word in re.findall(r"\w+", path.read_text())}
    assert {field for field in _fields(query) if not _parts(field) <= logged} == set()


def _fields(query: str) -> set[str]:
    """Return the fields that a query reads: no texts, patterns, functions or names of its own."""
    bare = re.sub(r'"[^"]*"|\'[^\']*\'|/[^/\n]*/|@\w+', " ", re.sub(r"'.*'|/\S*/", " ", query))
    own = set(re.findall(r"\bas (\w+)", bare))
    return set(re.findall(r"(?<![\w.])[A-Za-z_][\w.]*", bare)) - own - WORDS


def _parts(field: str) -> set[str]:
    return {part for part in field.split(".") if not part.isdigit()}


def test_links_lead_to_headings() -> None:
    headings = {
        re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", RUNBOOK, re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", RUNBOOK)) <= headings


def test_commands_read_outputs_that_there_are() -> None:
    read = set(re.findall(r" output -json deployment \|\s*jq (?:-r )?\.(\w+)", RUNBOOK))
    outputs = (ROOT / "modules/chatbot/outputs.tf").read_text()
    assert len(read) > 3
    assert read <= set(re.findall(r"^ {4}(\w+) += ", outputs, re.MULTILINE))
    assert set(re.findall(r"-chdir=\S+ output (?:-json )?(\w+)", RUNBOOK)) == {"deployment"}


def test_the_account_check_sends_people_to_pages_that_exist() -> None:
    program = "".join(path.read_text() for path in (ROOT / "toolkit/account_check").glob("*.py"))
    named = set(re.findall(r'docs/operations\.md, "([^"]+)"', program))
    assert named
    assert named <= set(re.findall(r"^## (.+)$", RUNBOOK, re.MULTILINE))


def test_an_alarm_that_rings_without_data_is_said_to_ring_at_the_start() -> None:
    """CloudWatch takes what was never written for breaching: such an alarm starts in ALARM."""
    text = (GOVERNANCE / "alarms.tf").read_text()
    ringing = re.findall(
        r'^      ([a-z-]+) = \{\n(?:(?!^      \}).*\n)*?.*missing = "breaching"', text, re.MULTILINE
    )
    assert ringing == ["trail-silent"]
    for name in ringing:
        page = RUNBOOK.partition(f"### {name}\n")[2].partition("\n### ")[0]
        assert "in ALARM from the start" in page
        (description,) = re.findall(rf'{name} = \{{\n +description = "([^"]+)"', text)
        assert "first delivery" in description


def test_what_is_handed_over_is_all_that_an_account_has_once() -> None:
    """Whoever forgets one lets Terraform destroy it under the other environment."""
    section = RUNBOOK.partition("\n## Handing the singletons over\n")[2].partition("\n## ")[0]
    governance = r"module\.chatbot\.module\.governance\.(\S+)"
    imported = re.findall(rf"^ *to = {governance}$", section, re.MULTILINE)
    forgotten = re.findall(rf"^ *'{governance}'", section, re.MULTILINE)
    text = "".join(path.read_text() for path in sorted(GOVERNANCE.glob("*.tf")))
    count = r"count = var\.(?:api_gateway_log_role|invocation_logging) == null"
    once = re.findall(rf'^resource "(\w+)" "(\w+)" \{{\n  {count}', text, re.MULTILINE)
    assert len(once) == 8
    assert set(imported) == set(forgotten) == {f"{kind}.{name}[0]" for kind, name in once}
