"""What an account has once passes from one environment to another, as the runbook says.

Both are applied to one local AWS and asked without pause: nothing may be destroyed, no request
refused and no record lost.
"""

import functools
import json
import re
import shutil
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from emulator.logs.patches import LOG_EVENTS_KEPT
from tests.conftest import applied
from tests.emulator.lambda_.running import eventually
from tests.rehearsal.live import HOME, REGION, RUNBOOK, write
from tests.rehearsal.probing import QUESTION, Probes, ask
from toolkit.rehearsal import Rehearsal

pytestmark = pytest.mark.long

SECTION = RUNBOOK.partition("\n## Handing the singletons over\n")[2].partition("\n## ")[0]
INVOCATIONS = "/aws/bedrock/model-invocations"
# The local AWS keeps the newest records alone, and each is counted.
PAUSE = 1.0
KEY = "module.chatbot.module.governance.aws_kms_key.this[0]"
NOTHING = "account = { api_gateway_log_role = null, invocation_logging = null, trail = null }"


def blocks(language: str) -> list[str]:
    """Return the runbook's blocks in a language, in order."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^\1```", SECTION, re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(text) for _, text in found]


@dataclass
class Environment:
    """One of the environments, and what the local AWS holds of it."""

    rehearsal: Rehearsal

    def plan(self) -> tuple[str, list[str]]:
        """Plan and keep the plan; return its summary, and whatever it would destroy or replace."""
        terraform = self.rehearsal.terraform()
        shown = terraform.run("plan", "-no-color", "-out=kept.tfplan").stdout
        changes = json.loads(terraform.run("show", "-json", "kept.tfplan").stdout)
        lost = [
            one["address"]
            for one in changes["resource_changes"]
            if "delete" in one["change"]["actions"]
        ]
        summary = re.search(r"^Plan: .*|^No changes\.", shown, re.MULTILINE)
        return (summary[0] if summary else shown), lost

    def apply(self) -> None:
        self.rehearsal.terraform().run("apply", "-no-color", "kept.tfplan")

    def events(self, group: str) -> list[dict[str, Any]]:
        pages = self.rehearsal.client("logs", REGION).get_paginator("filter_log_events")
        return [
            json.loads(event["message"])
            for page in pages.paginate(logGroupName=group)
            for event in page["events"]
        ]

    def has(self, group: str, count: int) -> bool:
        """Return whether there are so many records, of which the last may be on their way."""
        return eventually(lambda: len(self.events(group)) == count)

    def access_log(self) -> int:
        """Return how many requests the environment's API has logged."""
        return len(self.events(self.rehearsal.terraform().outputs()["log_groups"]["api"]))


@pytest.fixture(scope="module")
def dev(package: None) -> Iterator[Environment]:  # noqa: ARG001 - it must be built first
    """Rehearse the owner."""
    shutil.rmtree(HOME / "prod", ignore_errors=True)
    with applied("dev", HOME, change=functools.partial(write, name="dev")) as rehearsal:
        yield Environment(rehearsal)


@pytest.fixture(scope="module")
def prod(dev: Environment) -> Iterator[Environment]:
    """Rehearse another environment in the same local AWS."""
    folder = HOME / "prod"
    folder.mkdir()
    (folder / "emulator.json").symlink_to(dev.rehearsal.folder / "emulator.json")
    (folder / "emulator.log").symlink_to(dev.rehearsal.log)
    rehearsal = Rehearsal("prod", home=HOME)
    rehearsal.stage()
    write(rehearsal, name="prod", account=NOTHING)
    rehearsal.up(lambda _: None)
    yield Environment(rehearsal)
    shutil.rmtree(folder)


def test_the_singletons_pass_to_another_environment(dev: Environment, prod: Environment) -> None:
    given, imports, given_up = blocks("hcl")
    (removal,) = blocks("console")
    recorded = len(dev.events(INVOCATIONS))
    accesses = [one.access_log() for one in (dev, prod)]
    sessions = dev.rehearsal.session(), prod.rehearsal.session()
    with Probes(sessions[0], pause=PAUSE) as of_dev, Probes(sessions[1], pause=PAUSE) as of_prod:
        write(prod.rehearsal, name="prod", account=given)
        (prod.rehearsal.folder / "handover.tf").write_text(imports)
        summary, lost = prod.plan()
        assert lost == []
        assert summary.startswith("Plan: 8 to import"), summary
        assert summary.endswith(" 0 to destroy."), summary
        prod.apply()
        (prod.rehearsal.folder / "handover.tf").unlink()

        program, folder, *command = removal.replace("\\\n", " ").removeprefix("$ ").split()
        assert (program, folder) == ("terraform", "-chdir=envs/dev")
        dev.rehearsal.terraform().run(*(word.strip("'") for word in command))

        write(dev.rehearsal, name="dev", account=re.sub(r"trail += .*", "trail = null", given_up))
        summary, lost = dev.plan()
        assert lost == []
        assert summary.endswith(" 0 to destroy.") or summary == "No changes.", summary
        dev.apply()
    for probes in (of_dev, of_prod):
        assert probes.noticed == []
        assert probes.asked > 20
    # The model is asked each honest question; API Gateway also logs what the web ACL has refused.
    answered = (of_dev.asked + of_prod.asked) // 2
    assert answered < LOG_EVENTS_KEPT, "too slow: the local AWS no longer holds every record"
    assert dev.has(INVOCATIONS, recorded + answered)
    assert dev.access_log() == accesses[0] + of_dev.asked
    assert prod.access_log() == accesses[1] + of_prod.asked


def test_afterwards_neither_environment_would_change_anything(
    dev: Environment, prod: Environment
) -> None:
    for one in (dev, prod):
        assert one.plan() == ("No changes.", [])


def test_the_singletons_outlive_the_environment_that_had_them(
    dev: Environment, prod: Environment
) -> None:
    group = prod.rehearsal.client("logs", REGION).describe_log_groups(
        logGroupNamePrefix=INVOCATIONS
    )["logGroups"][0]
    key = prod.rehearsal.terraform().run("state", "show", "-no-color", KEY).stdout
    assert group["kmsKeyId"] in key
    dev.rehearsal.terraform().run("state", "rm", KEY)
    dev.rehearsal.terraform().run("destroy", "-auto-approve", "-no-color")
    recorded, accesses = len(prod.events(INVOCATIONS)), prod.access_log()
    assert ask(prod.rehearsal.session(), QUESTION)[0] == 200
    assert prod.has(INVOCATIONS, recorded + 1)
    assert prod.access_log() == accesses + 1
