"""Rate-based rules count each key in its window, and nothing else."""

from typing import Any

import pytest

from emulator.waf.rates import MAX_KEYS, RateCounters
from tests.emulator.fake_account import Clock
from tests.emulator.waf.support import Edge, contains, rule


def rate(**options: Any) -> dict[str, Any]:
    return {"RateBasedStatement": {"Limit": 10, "AggregateKeyType": "IP"} | options}


def allowed(edge: Edge, requests: int, **parts: Any) -> int:
    return sum(edge.send(**parts).action == "ALLOW" for _ in range(requests))


@pytest.mark.parametrize("window", [60, 120, 300, 600])
def test_the_limit_holds_in_the_window_and_not_after_it(edge: Edge, window: int) -> None:
    edge.apply(rule("rate", rate(EvaluationWindowSec=window)))
    assert allowed(edge, 15) == 10
    edge.clock.now += window - 1
    assert allowed(edge, 1) == 0
    edge.clock.now += window
    assert allowed(edge, 15) == 10


def test_the_default_window_is_five_minutes(edge: Edge) -> None:
    edge.apply(rule("rate", rate()))
    assert allowed(edge, 10) == 10
    edge.clock.now += 299
    assert allowed(edge, 1) == 0
    edge.clock.now += 1
    # The ten at the start are out of the window; the one just refused still counts.
    assert allowed(edge, 10) == 9


def test_each_address_has_a_count_of_its_own(edge: Edge) -> None:
    edge.apply(rule("rate", rate()))
    assert allowed(edge, 11, source_ip="127.0.0.1") == 10
    assert allowed(edge, 11, source_ip="127.0.0.2") == 10


def test_requests_over_the_limit_keep_counting(edge: Edge) -> None:
    edge.apply(rule("rate", rate(EvaluationWindowSec=60)))
    for _ in range(20):
        allowed(edge, 5)
        edge.clock.now += 20
    assert allowed(edge, 1) == 0


def test_only_what_the_scope_down_statement_matches_is_counted(edge: Edge) -> None:
    edge.apply(rule("rate", rate(ScopeDownStatement=contains("login", {"UriPath": {}}))))
    assert (allowed(edge, 30), allowed(edge, 15, path="/v1/login")) == (30, 10)
    assert edge.send().log_record["rateBasedRuleList"] == []


def test_constant_counts_all_that_is_in_scope_together(edge: Edge) -> None:
    scope = contains("/v1", {"UriPath": {}})
    edge.apply(rule("rate", rate(AggregateKeyType="CONSTANT", ScopeDownStatement=scope)))
    assert sum(allowed(edge, 1, source_ip=f"127.0.0.{at}") for at in range(1, 16)) == 10


def by_header(*transforms: str) -> dict[str, Any]:
    chain = [{"Priority": at, "Type": name} for at, name in enumerate(transforms)]
    key = {"Header": {"Name": "X-Team", "TextTransformations": chain}}
    return rate(AggregateKeyType="CUSTOM_KEYS", CustomKeys=[key, {"IP": {}}])


def test_a_custom_key_separates_its_values_and_ignores_requests_without_it(edge: Edge) -> None:
    edge.apply(rule("rate", by_header()))
    assert allowed(edge, 12, headers=[("x-team", "one")]) == 10
    assert allowed(edge, 12, headers=[("x-team", "two")]) == 10
    assert allowed(edge, 12, headers=[("x-team", "two")], source_ip="127.0.0.9") == 10
    assert allowed(edge, 30) == 30
    (record,) = edge.send().log_record["rateBasedRuleList"]
    assert record["rateBasedRuleId"] == "NO_EVALUATION_PERFORMED"


def test_a_custom_key_is_transformed_and_logged_in_part(edge: Edge) -> None:
    edge.apply(rule("rate", by_header("LOWERCASE")))
    assert allowed(edge, 6, headers=[("x-team", "R" * 99)]) == 6
    sent = [edge.send(headers=[("x-team", "r" * 99)]) for _ in range(5)]
    (record,) = sent[-1].log_record["rateBasedRuleList"]
    assert record["limitKey"] == "CUSTOMKEYS"
    assert record["customValues"][0] == {"key": "HEADER", "name": "X-Team", "value": "r" * 32}


def test_counts_survive_a_reload_and_not_a_change_of_the_rate_settings(edge: Edge) -> None:
    edge.apply(rule("rate", rate()))
    assert allowed(edge, 8) == 8
    edge.apply(rule("other", contains("x", {"Body": {}})), rule("rate", rate()))
    assert allowed(edge, 8) == 2
    edge.apply(rule("rate", rate(Limit=12)))
    assert allowed(edge, 20) == 12
    edge.apply(rule("rate", rate(Limit=12, EvaluationWindowSec=60)))
    assert allowed(edge, 20) == 12


def test_memory_is_bounded_by_the_keys_that_aws_tracks() -> None:
    clock = Clock()
    counter = RateCounters(clock).get("rule", "settings", 10, 60)
    for key in range(MAX_KEYS + 500):
        counter.is_over(key)
    assert len(counter._seen) == MAX_KEYS
    # The longest silent one is forgotten first.
    assert 499 not in counter._seen
    counter.is_over(500)
    counter.is_over("one more")
    assert 500 in counter._seen
    assert 501 not in counter._seen
    clock.now += 61
    counter.is_over("later")
    assert len(counter._seen) == 1


def test_a_count_action_labels_what_is_over_the_limit_and_lets_it_pass(edge: Edge) -> None:
    edge.apply(rule("rate", rate(), {"Count": {}}, RuleLabels=[{"Name": "busy"}]))
    verdicts = [edge.send() for _ in range(11)]
    assert {verdict.action for verdict in verdicts} == {"ALLOW"}
    labels = [verdict.labels for verdict in verdicts]
    assert labels == [()] * 10 + [("awswaf:123456789012:webacl:edge:busy",)]
