"""What each client has used of its quota, day by day, as GetUsage returns it. moto has none.

Source: API Gateway API reference, GetUsage: daily logs of used and remaining quota, by API key.
Days to come are left out, and so are plans without a quota: what AWS says of these is not
documented.
"""

import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from emulator.account import every
from emulator.wire.call import Call
from emulator.wire.documents import Document
from emulator.wire.errors import AwsError
from emulator.wire.http import HttpResponse, json_response

_lock = threading.Lock()
_used: defaultdict[tuple[str, str], Counter[date]] = defaultdict(Counter)


def note(plan_id: str, key_id: str, now: float) -> None:
    """Count one request against a key's quota."""
    with _lock:
        _used[plan_id, key_id][datetime.fromtimestamp(now, UTC).date()] += 1


def period_of(period: str, day: date) -> str:
    """Name the day, week (from Sunday) or month that a day, in UTC, falls into."""
    match period:
        case "DAY":
            return day.isoformat()
        case "WEEK":
            return (day - timedelta(days=(day.weekday() + 1) % 7)).isoformat()
    return f"{day:%Y-%m}"


def answer(call: Call, client: BaseClient) -> HttpResponse:
    """Answer GetUsage. Raises AwsError."""
    given = call.params
    plan_id = given["usagePlanId"]
    try:
        start, end = (date.fromisoformat(given[name]) for name in ("startDate", "endDate"))
    except ValueError:
        raise AwsError(400, "BadRequestException", "Invalid date specified") from None
    if end < start:
        raise AwsError(400, "BadRequestException", "End date must be after start date")
    try:
        quota = client.get_usage_plan(usagePlanId=plan_id).get("quota")
    except ClientError:
        text = "Invalid Usage Plan ID specified"
        raise AwsError(404, "NotFoundException", text) from None
    of_plan = every(client, "get_usage_plan_keys", "items", usagePlanId=plan_id)
    keys = [key["id"] for key in of_plan if quota]
    wanted = given.get("keyId")
    values = {
        key: list(_days(quota, plan_id, key, start, min(end, datetime.now(UTC).date())))
        for key in keys
        if wanted in {None, key}
    }
    document = {"usagePlanId": plan_id, "startDate": str(start), "endDate": str(end)}
    return json_response(200, document | {"values": values})


def _days(
    quota: Document, plan_id: str, key_id: str, start: date, end: date
) -> Iterator[list[int]]:
    """Yield what was used, and what then remained, of each day."""
    with _lock:
        used = dict(_used.get((plan_id, key_id), {}))
    first = min(used, default=start)
    spent: Counter[str] = Counter()
    for offset in range((end - min(first, start)).days + 1):
        day = min(first, start) + timedelta(days=offset)
        period = period_of(quota["period"], day)
        spent[period] += used.get(day, 0)
        limit = int(quota["limit"])
        if period == period_of(quota["period"], first):
            limit -= int(quota.get("offset") or 0)
        if day >= start:
            yield [used.get(day, 0), max(limit - spent[period], 0)]
