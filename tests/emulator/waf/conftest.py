"""Fixtures of the WAF engine's tests."""

import pytest

from tests.emulator.waf.support import Edge


@pytest.fixture
def edge() -> Edge:
    return Edge()
