"""envs/prod, as it stands."""

from collections.abc import Iterator

import pytest

from tests.conftest import applied
from tests.rehearsal.probing import smoke
from toolkit.rehearsal import Rehearsal


@pytest.fixture(scope="module")
def prod(package: None) -> Iterator[Rehearsal]:  # noqa: ARG001 - it must be built first
    with applied("prod") as rehearsal:
        yield rehearsal


def test_prod_keeps_what_the_smoke_test_asks(
    prod: Rehearsal, capsys: pytest.CaptureFixture[str]
) -> None:
    assert smoke(prod, capsys) == (0, [])
