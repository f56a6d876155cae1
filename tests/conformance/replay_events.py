"""What EventBridge matched, took and delivered."""

import json
import uuid
from collections.abc import Callable
from typing import Any

from emulator.events.rules import filled
from tests.conformance.harness import asked, replay
from tests.emulator.conftest import ACCOUNT, REGION, Emulator

_EVENT = {
    "id": "1",
    "account": ACCOUNT,
    "source": "replay",
    "time": "2026-01-01T00:00:00Z",
    "region": REGION,
    "resources": [],
    "detail-type": "x",
    "detail": {},
}


def _matches(aws: Emulator, pattern: Any, **event: Any) -> bool:
    answer = aws.client("events").test_event_pattern(
        EventPattern=json.dumps(pattern), Event=json.dumps(_EVENT | event)
    )
    return bool(answer["Result"])


def _asked(pattern: Any, **event: Any) -> Callable[[Emulator], dict[str, Any]]:
    return lambda aws: {"matches": _matches(aws, pattern, **event)}


replay("events-001")(_asked({"a": {"b": [{"anything-but": ["x"]}]}}, a={}))
replay("events-004")(_asked({"a": {"b": [{"anything-but": ["x"]}, {"exists": False}]}}, a={"c": 1}))
replay("events-005")(_asked({"a": {"b": [{"anything-but": ["x", "y"]}]}}, a={"b": "z"}))
replay("events-008")(_asked({"resources": [{"exists": True}]}))
replay("events-010")(_asked({"detail": {"NAME": ["x"]}}, detail={"name": "x"}))


@replay("events-007", reading={"AccessDeniedException": True, "NotAccessDenied": False})
def prefix(aws: Emulator) -> dict[str, Any]:
    pattern = {"detail": {"errorCode": [{"prefix": "AccessDenied"}]}}
    values = ("AccessDeniedException", "NotAccessDenied")
    return {each: _matches(aws, pattern, detail={"errorCode": each}) for each in values}


def _rule(aws: Emulator) -> str:
    name = f"replay-{uuid.uuid4()}"
    aws.client("events").put_rule(Name=name, EventPattern=json.dumps({"source": ["replay"]}))
    return name


def _target(**settings: Any) -> dict[str, Any]:
    return {"Id": "target", "Arn": f"arn:aws:sns:{REGION}:{ACCOUNT}:replay"} | settings


@replay("events-012")
def placeholder_without_a_path(aws: Emulator) -> dict[str, Any]:
    transformer = {"InputPathsMap": {}, "InputTemplate": '{"a": <name>}'}
    put = aws.client("events").put_targets
    return asked(put, Rule=_rule(aws), Targets=[_target(InputTransformer=transformer)])


@replay("events-017")
def targets_of_no_rule(aws: Emulator) -> dict[str, Any]:
    return asked(aws.client("events").put_targets, Rule="replay-none", Targets=[_target()])


def _delivery(aws: Emulator) -> dict[str, Any]:
    """Send an event to a target."""
    client = aws.client("events")
    client.put_targets(Rule=_rule(aws), Targets=[_target()])
    entry = {"Source": "replay", "DetailType": "x", "Detail": "{}"}
    answer = asked(client.put_events, Entries=[entry])  # 501: nothing would deliver it
    raise AssertionError(answer)


@replay("events-011")
def path_that_the_event_lacks(_: Emulator) -> dict[str, Any]:
    transformer = {"InputPathsMap": {"c": "$.detail.nope"}, "InputTemplate": '{"command": "<c>"}'}
    return {"delivered": json.loads(filled(transformer, _EVENT, "r", "arn:r"))}


for _id in ("events-013", "events-014", "events-015", "events-016"):
    replay(_id)(_delivery)
