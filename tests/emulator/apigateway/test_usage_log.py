"""The usage of a usage plan by day, which moto lacks."""

from datetime import UTC, datetime, timedelta

import pytest

from emulator.apigateway import usage_log
from tests.emulator.conftest import Aws
from tests.emulator.shown import refusal, shows, unique


@pytest.fixture
def plan(aws: Aws) -> tuple[str, str]:
    """Make a usage plan with a quota of ten a month, and a key on it."""
    apis = aws("apigateway")
    quota = {"limit": 10, "period": "MONTH"}
    plan_id = apis.create_usage_plan(name=unique("plan"), quota=quota)["id"]
    key_id = apis.create_api_key(name=unique("key"), enabled=True)["id"]
    apis.create_usage_plan_key(usagePlanId=plan_id, keyId=key_id, keyType="API_KEY")
    return plan_id, key_id


@shows("apigateway:GetUsage")
def test_a_plans_usage_is_told_by_day(aws: Aws, plan: tuple[str, str]) -> None:
    plan_id, key_id = plan
    today = datetime.now(UTC).replace(hour=12)
    before = today - timedelta(days=2)
    for when in (before, before, today):
        usage_log.note(plan_id, key_id, when.timestamp())
    days = {"startDate": f"{before:%Y-%m-%d}", "endDate": f"{today + timedelta(days=3):%Y-%m-%d}"}
    told = aws("apigateway").get_usage(usagePlanId=plan_id, **days)
    assert (told["startDate"], told["endDate"]) == (days["startDate"], days["endDate"])
    left = 7 if before.month == today.month else 9
    used, remaining = zip(*told["items"][key_id], strict=True)
    assert used == (2, 0, 1)
    assert (remaining[0], remaining[-1]) == (8, left)
    other = aws("apigateway").get_usage(usagePlanId=plan_id, keyId="other", **days)
    assert "items" not in other or other["items"] == {}


def test_no_usage_of_a_plan_that_is_not_there(aws: Aws, plan: tuple[str, str]) -> None:
    usage = aws("apigateway").get_usage
    days = {"startDate": "2026-11-01", "endDate": "2026-11-02"}
    assert refusal(usage, usagePlanId="nowhere", **days)[:2] == (404, "NotFoundException")
    for wrong in ({"startDate": "1 November"}, {"endDate": "2026-10-31"}):
        told = refusal(usage, usagePlanId=plan[0], **days | wrong)
        assert told[:2] == (400, "BadRequestException")
