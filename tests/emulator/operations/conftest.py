"""Clients that note what they asked, for the tests that show an operation to be AWS's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.emulator.operations.shown import asked_in, named_by

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.emulator.conftest import Emulator

Aws = "Callable[[str], Any]"


@pytest.fixture
def aws(emulator: Emulator, request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """Return a function that makes clients; afterwards all that the test names was asked."""
    asked: set[str] = set()

    def client(service: str, **options: Any) -> Any:
        made = emulator.client(service, **options)
        made.meta.events.register("after-call", asked_in(asked, service))
        return made

    yield client
    missing = named_by(request.function) - asked
    assert not missing, f"named and never asked: {sorted(missing)}"
