"""The trail of the tests of this folder."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from tests.emulator.cloudtrail.recording import Rig


@pytest.fixture
def rig() -> Iterator[Rig]:
    with mock_aws():
        made = Rig()
        yield made
        made.trail.close()
