"""A function and what runs it."""

from collections.abc import Iterator

import pytest

from emulator.lambda_ import LambdaRuntime
from tests.emulator.lambda_.running import OneFunction, run_on


@pytest.fixture
def account() -> OneFunction:
    return OneFunction()


@pytest.fixture
def functions(account: OneFunction) -> Iterator[LambdaRuntime]:
    runtime = run_on(account)
    yield runtime
    runtime.close()
