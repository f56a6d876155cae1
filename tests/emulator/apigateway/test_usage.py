"""API keys, throttles and quotas: each lets one request pass and refuses one."""

import json
from collections.abc import Callable

import pytest

from tests.emulator.apigateway.serving import KEY, Gateway, OnePlan, error_type


@pytest.mark.parametrize("key", [None, "", "wrong"])
def test_missing_and_wrong_keys_are_forbidden(gateway: Gateway, key: str | None) -> None:
    response = gateway.call(key=key)
    assert response.status == 403
    assert json.loads(response.body) == {"message": "Forbidden"}
    assert error_type(response) == "ForbiddenException"
    assert response.header("Access-Control-Allow-Origin") == "https://app.example"
    assert gateway.call().status == 200


@pytest.mark.parametrize(
    "break_it",
    [
        lambda account: account.keys[0].update(enabled=False),
        lambda account: account.members.clear(),
        lambda account: account.plan.update(apiStages=[{"apiId": "api1", "stage": "other"}]),
    ],
)
def test_key_must_be_enabled_and_in_a_plan_of_this_stage(
    gateway: Gateway, break_it: Callable[[OnePlan], None]
) -> None:
    assert gateway.call().status == 200
    break_it(gateway.account)
    gateway.account.written()
    assert gateway.call().status == 403


def test_key_in_a_header_is_none_where_an_authorizer_brings_it(gateway: Gateway) -> None:
    gateway.served["rest_api"]["apiKeySource"] = "AUTHORIZER"
    assert gateway.call().status == 403


def test_bucket_lets_a_burst_pass_and_refills_at_the_rate(gateway: Gateway) -> None:
    gateway.account.plan["throttle"] = {"rateLimit": 10, "burstLimit": 5}
    assert [gateway.call().status for _ in range(6)] == [200] * 5 + [429]
    refused = gateway.call()
    assert json.loads(refused.body) == {"message": "Too Many Requests"}
    assert error_type(refused) == "TooManyRequestsException"
    gateway.now += 0.21
    assert [gateway.call().status for _ in range(3)] == [200, 200, 429]
    gateway.now += 60
    assert [gateway.call().status for _ in range(6)] == [200] * 5 + [429]


def test_bucket_is_each_keys_own(gateway: Gateway) -> None:
    gateway.account.keys.append({"id": "key2", "value": "other", "enabled": True})
    gateway.account.members.append({"id": "key2"})
    gateway.account.plan["throttle"] = {"rateLimit": 1, "burstLimit": 1}
    assert [gateway.call(key=key).status for key in (KEY, KEY, "other")] == [200, 429, 200]


def test_plan_may_throttle_one_method_by_itself(gateway: Gateway) -> None:
    gateway.account.plan["throttle"] = {"rateLimit": 100, "burstLimit": 100}
    gateway.account.plan["apiStages"][0]["throttle"] = {
        "/chat/POST": {"rateLimit": 1, "burstLimit": 1}
    }
    assert [gateway.call().status for _ in range(2)] == [200, 429]


@pytest.mark.parametrize("key", ["*/*", "chat/POST", "~1chat/POST"])
def test_stage_throttles_all_clients_together(gateway: Gateway, key: str) -> None:
    settings = {"throttlingRateLimit": 1.0, "throttlingBurstLimit": 2}
    gateway.served["stage"]["methodSettings"] = {key: settings}
    assert [gateway.call().status for _ in range(3)] == [200, 200, 429]
    gateway.served["stage"]["methodSettings"] = {key: {**settings, "throttlingRateLimit": -1}}
    gateway.account.written()
    assert [gateway.call().status for _ in range(3)] == [200] * 3


def test_quota_ends_with_its_period_and_survives_changes(gateway: Gateway) -> None:
    gateway.account.plan["quota"] = {"limit": 2, "period": "MONTH"}
    assert [gateway.call().status for _ in range(3)] == [200, 200, 429]
    gateway.account.written()
    refused = gateway.call()
    assert (refused.status, json.loads(refused.body)) == (429, {"message": "Limit Exceeded"})
    assert error_type(refused) == "LimitExceededException"
    gateway.now += 32 * 86_400
    assert gateway.call().status == 200


def test_throttled_requests_do_not_use_up_the_quota(gateway: Gateway) -> None:
    gateway.account.plan |= {
        "quota": {"limit": 2, "period": "DAY", "offset": 0},
        "throttle": {"rateLimit": 1, "burstLimit": 1},
    }
    assert [gateway.call().status for _ in range(4)] == [200, 429, 429, 429]
    gateway.now += 1
    assert gateway.call().status == 200
    gateway.now += 1
    assert error_type(gateway.call()) == "LimitExceededException"


def test_quota_weeks_begin_on_sunday(gateway: Gateway) -> None:
    gateway.account.plan["quota"] = {"limit": 1, "period": "WEEK"}
    gateway.now = 1_769_903_999.0  # Saturday 2026-01-31, one second before midnight UTC
    assert [gateway.call().status for _ in range(2)] == [200, 429]
    gateway.now += 1
    assert gateway.call().status == 200
