"""The cost page says what the facts about prices say."""

from dataclasses import replace

import pytest

from toolkit import aws_facts
from toolkit.pages.costs import PAGE, alarm_metrics, page, rules


def test_the_page_is_fresh() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make docs`"


@pytest.mark.parametrize("name", sorted(aws_facts.prices()))
def test_another_price_makes_another_page(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before, prices = page(), aws_facts.prices()
    dearer = prices | {name: replace(prices[name], usd=prices[name].usd * 7)}
    monkeypatch.setattr(aws_facts, "prices", lambda: dearer)
    assert page() != before


def test_what_terraform_makes_is_counted() -> None:
    assert rules() >= 10
    assert alarm_metrics() >= 26
