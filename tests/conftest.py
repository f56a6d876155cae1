"""What several folders of tests share: one rehearsal of dev, applied once a run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from toolkit.processes import free_port
from toolkit.rehearsal import Rehearsal
from toolkit.terraform import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

# Tests that share what takes long to make run one after the other, the longest first; any other
# file of tests is a group of its own. `make test` runs as many groups at once as there are cores.
GROUPS = ("dev", "customised", "jobs", "prod")

# Apart from .rehearsal, where a person may have one up.
HOME = ROOT / ".rehearsal-test"


# The account check asks these too. A rehearsal cannot answer them, and the check says so.
OF_AWS_ONLY = {
    "bedrock GetFoundationModel",
    "bedrock GetFoundationModelAvailability",
    "bedrock GetUseCaseForModelAccess",
    "bedrock ListEnforcedGuardrailsConfiguration",
}


def missing(rehearsal: Rehearsal) -> set[str]:
    """Return what a rehearsal was asked for, and its local AWS does not implement."""
    log = rehearsal.log.read_text()
    absent = re.findall(r"The emulator does not implement (\S+ \S+?)[:,]", log)
    return set(absent) - OF_AWS_ONLY


@pytest.hookimpl(tryfirst=True)  # before xdist reads the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep together the tests that share a rehearsal or Terraform's jobs."""

    def group(item: pytest.Item) -> str:
        fixtures = getattr(item, "fixturenames", ())
        return next((name for name in GROUPS if name in fixtures), str(item.path))

    order = {name: place for place, name in enumerate(GROUPS)}
    items.sort(key=lambda item: order.get(group(item), len(GROUPS)))
    for item in items:
        item.add_marker(pytest.mark.xdist_group(group(item)))


@pytest.fixture(scope="session")
def package() -> None:
    """Build the Lambda package that environments name."""
    Rehearsal("dev", home=HOME).build()


def apply(env: str) -> Rehearsal:
    """Apply an environment to a local AWS of its own."""
    Rehearsal(env, home=HOME).down()
    rehearsal = Rehearsal(env, free_port(), home=HOME)
    rehearsal.stage()
    rehearsal.up(lambda _: None)
    return rehearsal


@pytest.fixture(scope="session")
def dev(package: None) -> Iterator[Rehearsal]:  # noqa: ARG001 - it must be built first
    """Rehearse envs/dev."""
    rehearsal = apply("dev")
    yield rehearsal
    rehearsal.down()
