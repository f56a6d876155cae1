"""What several folders of tests share: one rehearsal of dev, applied once a run."""

import gc
import os
import re
import signal
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

from toolkit.processes import free_port
from toolkit.rehearsal import Rehearsal
from toolkit.terraform import ROOT

# What takes long to make is shared by the tests of these folders, which run one after the other;
# any other file of tests is a group of its own. `make test` runs a group on each core, those that
# take longest first.
FOLDERS = {"browser": "dev", "proofs": "dev", "rehearsal": "dev", "terraform": "terraform"}
# Of those folders, what shares nothing.
LONGEST = (
    *("dev", "terraform", "test_customised.py", "test_prod.py"),
    *("test_alone.py", "test_common_changes.py"),
)

# How long one example takes says more of the machine's load than of the code.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

# A shell lets what it starts in the background ignore Ctrl-C, which some tests send.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

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


def group(nodeid: str) -> str:
    """Return the group of a test; xdist's own marks need an older pytest."""
    path = Path(nodeid.partition("::")[0])
    return path.name if path.name in LONGEST else FOLDERS.get(path.parent.name, str(path))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep what is collected from garbage collection, which would look through it many times."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Run one group more than there are cores, since an apply is mostly waits of the provider."""
    return min(4, (os.cpu_count() or 1) + 1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(group(item.nodeid), len(LONGEST)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Give each worker whole groups."""

    class ByGroup(LoadScopeScheduling):  # type: ignore[misc]  # xdist ships no types
        def _split_scope(self, nodeid: str) -> str:
            return group(nodeid)

    return ByGroup(config, log)


@pytest.fixture(scope="session")
def package() -> None:
    """Build the Lambda package that environments name."""
    Rehearsal("dev", home=HOME).build()


@contextmanager
def applied(
    env: str,
    home: Path = HOME,
    source: Path | None = None,
    change: Callable[[Rehearsal], None] = lambda _: None,
) -> Iterator[Rehearsal]:
    """Apply an environment, with a change of its files, to a local AWS of its own."""
    Rehearsal(env, home=home, source=source).down()
    rehearsal = Rehearsal(env, free_port(), home=home, source=source)
    rehearsal.stage()
    change(rehearsal)
    rehearsal.up(lambda _: None)
    yield rehearsal
    rehearsal.down()


@pytest.fixture(scope="session")
def dev(package: None) -> Iterator[Rehearsal]:  # noqa: ARG001 - it must be built first
    with applied("dev") as rehearsal:
        yield rehearsal
