"""The actions of CloudWatch's alarms, which run when a call sets an alarm's state."""

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime

from emulator.account import Account
from emulator.sns.publishing import Publisher
from emulator.wire.call import Call
from emulator.wire.documents import Document
from emulator.wire.http import HttpResponse

_log = logging.getLogger("emulator")

_SERVICE = "cloudwatch.amazonaws.com"


class Alarms:
    """Runs the actions of alarms, as far as topics and keys let them."""

    def __init__(self, account: Account, publisher: Publisher) -> None:
        self._account = account
        self._publisher = publisher

    def watch(self, call: Call) -> Callable[[HttpResponse], None] | None:
        """Return what runs the actions of an alarm, once a call has set its state."""
        if call.operation != "SetAlarmState":
            return None
        before = self._described(str(call.params.get("AlarmName")))
        return lambda _: self._ring(before)

    def _described(self, name: str) -> Document | None:
        alarms = self._account.client("cloudwatch").describe_alarms(AlarmNames=[name])[
            "MetricAlarms"
        ]
        return alarms[0] if alarms else None

    def _ring(self, before: Document | None) -> None:
        """Run an alarm's actions for the state that it has now, unless it had it before."""
        alarm = before and self._described(before["AlarmName"])
        if not before or not alarm or not alarm.get("ActionsEnabled", True):
            return
        name, state = alarm["AlarmName"], alarm["StateValue"]
        if state == before["StateValue"]:
            return
        actions = {
            "ALARM": "AlarmActions",
            "INSUFFICIENT_DATA": "InsufficientDataActions",
            "OK": "OKActions",
        }
        origin = {
            "aws:SourceAccount": self._account.id,
            "aws:SourceArn": alarm["AlarmArn"],
        }
        message = {
            "AlarmName": name,
            "AlarmDescription": alarm.get("AlarmDescription"),
            "AWSAccountId": self._account.id,
            "NewStateValue": state,
            "NewStateReason": alarm.get("StateReason"),
            "StateChangeTime": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.000+0000}",
            "Region": self._account.region,
            "AlarmArn": alarm["AlarmArn"],
            "OldStateValue": before["StateValue"],
            "Trigger": {
                part: alarm[part]
                for part in ("MetricName", "Namespace", "Statistic", "Dimensions", "Period")
                if part in alarm
            },
        }
        for action in alarm.get(actions[state], ()):
            if refusal := self._publisher.publish(_SERVICE, action, json.dumps(message), origin):
                _log.warning("the alarm %s cannot reach %s: %s", name, action, refusal)
