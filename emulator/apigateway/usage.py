"""API keys, usage plans, throttles and quotas."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from emulator.account import Account, every
from emulator.apigateway import usage_log
from emulator.apigateway.deployed import Throttle
from emulator.apigateway.exchange import Exchange
from emulator.apigateway.responses import GatewayError
from emulator.apigateway.usage_log import period_of
from emulator.wire.documents import JsonObject

_ACCOUNT = Throttle(10_000, 5_000)
"""Requests a second of an account in a Region (Amazon API Gateway quotas)."""


@dataclass(frozen=True)
class _Plan:
    plan_id: str
    throttle: Throttle | None
    methods: dict[tuple[str, str, str], Throttle]  # (api id, stage, "/path/METHOD")
    limit: int | None
    period: str
    offset: int


@dataclass(frozen=True)
class _Key:
    key_id: str
    enabled: bool
    plans: dict[tuple[str, str], _Plan]  # by (api id, stage)


class Usage:
    """Counts requests. The counters outlive every change of the configuration."""

    def __init__(self, account: Account, clock: Callable[[], float]) -> None:
        self._account = account
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[tuple[str, ...], tuple[float, float]] = {}
        self._used: dict[tuple[str, str], tuple[str, int]] = {}
        self._first_period: dict[tuple[str, str], str] = {}

    def admit(self, exchange: Exchange) -> None:
        """Check key, throttles and quota; GatewayError names what refuses the request.

        The key comes first. Of the throttles the plan's come before the stage's and the account's
        (Throttle requests to your REST APIs). AWS does not say whether a throttled request counts
        against the quota; here it does not, so the quota comes last.
        """
        api, method = exchange.api, exchange.routed
        here = (api.api_id, api.stage_name)
        path = f"{method.resource_path}/{exchange.http_method}"
        plan = key = None
        if method.api_key_required:
            key, plan = self._identify(exchange, here)
            throttle = plan.methods.get((*here, path))
            if throttle:
                self._take(("plan", plan.plan_id, key.key_id, *here, path), throttle)
            elif plan.throttle:
                self._take(("plan", plan.plan_id, key.key_id), plan.throttle)
        stage_throttle = api.method_throttle(method, exchange.http_method)
        if stage_throttle:
            self._take(("stage", *here, path), stage_throttle)
        self._take(("account",), _ACCOUNT)
        if plan and key and plan.limit is not None:
            self._count(plan, key, plan.limit)

    def _identify(self, exchange: Exchange, here: tuple[str, str]) -> tuple[_Key, _Plan]:
        # Where an authorizer brings the key, there is none: authorizers are absent.
        in_header = exchange.api.key_is_in_header
        value = exchange.request.header("x-api-key") if in_header else None
        keys: dict[str, _Key] = self._account.snapshot("execute_api.keys", self._read_keys)
        key = keys.get(value or "")
        if key is None or value is None or not key.enabled or here not in key.plans:
            raise GatewayError("INVALID_API_KEY")
        exchange.identified(value, key.key_id)
        return key, key.plans[here]

    def _take(self, bucket: tuple[str, ...], throttle: Throttle) -> None:
        """Take one token from a bucket that holds `burst` and gains `rate` a second."""
        now = self._clock()
        with self._lock:
            tokens, since = self._buckets.get(bucket, (throttle.burst, now))
            tokens = min(throttle.burst, tokens + max(now - since, 0) * throttle.rate)
            taken = tokens >= 1
            self._buckets[bucket] = (tokens - taken, now)
        if not taken:
            raise GatewayError("THROTTLED")

    def _count(self, plan: _Plan, key: _Key, limit: int) -> None:
        """Count one request of the period; the offset is subtracted in the first period only."""
        period = period_of(plan.period, datetime.fromtimestamp(self._clock(), UTC).date())
        counter = (plan.plan_id, key.key_id)
        with self._lock:
            if self._first_period.setdefault(counter, period) == period:
                limit -= plan.offset
            counted, used = self._used.get(counter, (period, 0))
            if counted != period:
                used = 0
            if used >= limit:
                raise GatewayError("QUOTA_EXCEEDED")
            self._used[counter] = (period, used + 1)
        usage_log.note(plan.plan_id, key.key_id, self._clock())

    def _read_keys(self) -> dict[str, _Key]:
        client = self._account.client("apigateway")
        plans: dict[str, dict[tuple[str, str], _Plan]] = {}
        for raw in every(client, "get_usage_plans", "items"):
            plan = _plan(raw)
            stages = {(stage["apiId"], stage["stage"]) for stage in raw.get("apiStages") or []}
            for member in every(client, "get_usage_plan_keys", "items", usagePlanId=raw["id"]):
                plans.setdefault(member["id"], {}).update(dict.fromkeys(stages, plan))
        return {
            key["value"]: _Key(key["id"], bool(key.get("enabled")), plans.get(key["id"], {}))
            for key in every(client, "get_api_keys", "items", includeValues=True)
        }


def _plan(raw: JsonObject) -> _Plan:
    quota = raw.get("quota") or {}
    return _Plan(
        plan_id=raw["id"],
        throttle=_throttle(raw.get("throttle")),
        methods={
            (stage["apiId"], stage["stage"], path): throttle
            for stage in raw.get("apiStages") or []
            for path, settings in (stage.get("throttle") or {}).items()
            if (throttle := _throttle(settings))
        },
        limit=int(quota["limit"]) if quota.get("limit") is not None else None,
        period=quota.get("period", "MONTH"),
        offset=int(quota.get("offset") or 0),
    )


def _throttle(settings: JsonObject | None) -> Throttle | None:
    if not settings:
        return None
    return Throttle(float(settings.get("rateLimit", 0)), float(settings.get("burstLimit", 0)))
