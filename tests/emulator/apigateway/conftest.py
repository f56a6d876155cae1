"""The gateway of the tests of this folder."""

import pytest

from tests.emulator.apigateway.serving import Gateway


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()
