"""A browser for the pages of a rehearsal, and an environment that changes while it is in use."""

from collections.abc import Iterator

import pytest

from tests.browser.conftest import browser, page
from tests.conftest import applied
from tests.rehearsal.live import HOME, write
from toolkit.rehearsal import Rehearsal

__all__ = ["browser", "page"]


@pytest.fixture(scope="module")
def life(package: None) -> Iterator[Rehearsal]:  # noqa: ARG001 - it must be built first
    with applied("dev", HOME, change=write) as rehearsal:
        yield rehearsal
