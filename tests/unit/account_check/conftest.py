"""The account of one test."""

from collections.abc import Iterator

import pytest

from tests.unit.account_check.support import Account


@pytest.fixture
def aws() -> Iterator[Account]:
    account = Account()
    yield account
    account.was_asked_everything()
