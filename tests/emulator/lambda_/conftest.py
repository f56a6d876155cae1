"""A function and what runs it."""

from collections.abc import Iterator

import pytest

from emulator.lambda_ import LambdaRuntime
from tests.emulator.lambda_.running import OneFunction, run_on


@pytest.fixture
def cloud() -> OneFunction:
    return OneFunction()


@pytest.fixture
def functions(cloud: OneFunction) -> Iterator[LambdaRuntime]:
    runtime = run_on(cloud)
    yield runtime
    runtime.close()
