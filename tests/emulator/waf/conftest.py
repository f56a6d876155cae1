"""Fixtures of the WAF engine's tests."""

import pytest

from tests.emulator.conftest import client_of
from tests.emulator.waf.support import Edge

waf = client_of("wafv2")


@pytest.fixture
def edge() -> Edge:
    return Edge()
