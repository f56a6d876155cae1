"""The account of one test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.account_check.support import Account

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def aws() -> Iterator[Account]:
    account = Account()
    yield account
    account.was_asked_everything()
