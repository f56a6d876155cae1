"""What the tests share: each plan and each run of `terraform test` is made once."""

import json
import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from tests.terraform.offline import Jobs, Offline, planned, refusals
from tests.terraform.roles import GLOBAL, Role, mine
from toolkit import bootstrap
from toolkit.terraform import ROOT

MODULES = sorted(path.name for path in (ROOT / "modules").iterdir() if path.is_dir())
ROOTS = sorted(path.parent.name for path in ROOT.glob("envs/*/main.tf"))
ENVIRONMENTS = [root for root in ROOTS if root != bootstrap.NAME]

# What a caller may get wrong, twice over, where one value can be wrong in more than one way.
BAD_INPUTS = {
    "first": """
  allowed_origin = "*"
  clients        = {}
  model          = { inference_profile_id = "anthropic.claude-haiku-4-5-20251001-v1:0" }
  function       = { timeout_seconds = 3 }
  operations     = { alert_emails = ["oncall@example.com"] }
  budget = {
    client_tokens_per_day = 5000
    clients               = { nobody = {} }
    user_tokens_per_day   = 1
  }
  guardrail = {
    content_filters = { prompt_attack = { output = "HIGH" } }
    denied_topics   = { long = { definition = "LONG" } }
  }
  edge = {
    prompt_injection = {
      patterns = [
        "LONG", "see (here|there)", "Capital", "(?i)Ignore it", "a(?!b)", "[[:alpha:]]+",
        "(?:a+)+", "a*", "open (?:", "10", "11",
      ]
    }
  }
""".replace("LONG", "x" * 201),
    "second": """
  allowed_origin = "https://chat.example.com/app"
  clients        = { "Web Page" = {} }
  function       = { timeout_seconds = 30 }
  operations     = { alert_emails = ["oncall@example.com", "oncall"] }
  monitoring     = { alarms = { thresholds = { api-6xx = 1 } }, budget = {}, dashboard = {} }
  guardrail = {
    blocked_words = ["Acme", "the other company's bot"]
    denied_topics = { "Law/taxes" = { definition = "Any." } }
    pii           = { block = ["SHOE_SIZE"] }
  }
""",
    "third": """
  allowed_origin   = "https://chat.example.com"
  clients          = { web = {} }
  operations       = { alert_emails = ["oncall@example.com"], log_retention_days = 42 }
  api              = { further_origins = ["https://chat.example.com"] }
  disabled_clients = ["mobil"]
  edge = {
    prompt_injection = {
      chains = { for name in range(6) : tostring(name) => ["COMPRESS_WHITE_SPACE", "LOWERCASE"] }
    }
  }
""",
}


def usage(module: str) -> str:
    """Return the one usage block of a module's README."""
    text = (ROOT / "modules" / module / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```hcl\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return str(block)


def module_tests(offline: Offline, module: str) -> dict[str, dict[str, str]]:
    """Run a module's own tests, and return file -> run -> status."""
    with offline.attached("modules", module) as terraform:
        terraform.run("init", "-backend=false")
        done = terraform.run("test", "-json", ok=(0, 1))
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for message in map(json.loads, done.stdout.splitlines()):
        run = message.get("test_run", {})
        if run.get("progress") == "complete":
            found[run["path"]][run["run"]] = run["status"]
        elif message.get("@level") == "error":
            detail = message.get("diagnostic", {}).get("detail", "")
            found[message.get("@testfile", "?")][f"{message['@message']}: {detail}"] = "error"
    return found


def planned_usages(offline: Offline) -> dict[str, Any]:
    """Plan the usage block of every README, in one root."""
    return planned(offline.root("usage", {f"{module}.tf": usage(module) for module in MODULES}))


def bad_inputs(offline: Offline, name: str) -> list[str]:
    """Plan an environment with bad inputs, and return what it is refused for."""
    head = """module "chatbot" {
  source      = "../../modules/chatbot"
  environment = "test"
  package     = "../../build/chatbot.zip"
"""
    return refusals(offline.root(f"refused-{name}", {"main.tf": f"{head}{BAD_INPUTS[name]}}}\n"}))


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker that lets Terraform begin ahead of a test."""
    config.addinivalue_line(
        "markers", "needs(*jobs): jobs of a test; {name} is a parameter's value"
    )


def needed(items: list[pytest.Item]) -> set[str]:
    """Return the jobs that the tests of this run need."""
    return {
        job.format(**item.callspec.params)
        if isinstance(item, pytest.Function) and hasattr(item, "callspec")
        else job
        for item in items
        for marker in item.iter_markers("needs")
        for job in marker.args
    }


@pytest.fixture(scope="session")
def offline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Offline]:
    """Return a copy of modules and environments that Terraform plans without AWS."""
    with Offline(tmp_path_factory.mktemp("terraform") / "tree") as copy:
        yield copy


@pytest.fixture(scope="session")
def jobs(request: pytest.FixtureRequest, offline: Offline) -> Iterator[Jobs]:
    """Return everything that Terraform has to do here, the longest first."""
    by_length = sorted(MODULES, key=lambda module: module != "edge")
    tasks: dict[str, Callable[[], Any]] = {
        **{f"test {module}": partial(module_tests, offline, module) for module in by_length},
        "usages": partial(planned_usages, offline),
        **{f"plan {env}": partial(offline.environment, env) for env in ROOTS},
        **{f"bad {name}": partial(bad_inputs, offline, name) for name in BAD_INPUTS},
    }
    soon = needed(request.session.items)
    work = Jobs(tasks, [name for name in tasks if name in soon], os.cpu_count() or 1)
    yield work
    work.close()


@pytest.fixture(scope="session", params=ENVIRONMENTS)
def environment(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def plan(jobs: Jobs, environment: str) -> dict[str, Any]:
    found: dict[str, Any] = jobs.result(f"plan {environment}")
    return found


@pytest.fixture(scope="session")
def usages(jobs: Jobs) -> dict[str, Any]:
    """Return the plan of the READMEs' usage blocks."""
    found: dict[str, Any] = jobs.result("usages")
    return found


@pytest.fixture(scope="session")
def roles(usages: dict[str, Any]) -> dict[str, Role]:
    return {role["name"]: Role(usages, role["name"]) for role in mine(usages, "aws_iam_role")}


@pytest.fixture(scope="session")
def function(roles: dict[str, Role]) -> Role:
    return roles[f"{GLOBAL}-execution"]
