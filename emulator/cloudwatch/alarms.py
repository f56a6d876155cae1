"""Alarms: evaluated each minute, with the actions of those whose state changes."""

import json
import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime

from emulator.account import Account, every
from emulator.cloudwatch.clock import Clock
from emulator.cloudwatch.evaluation import LOOKED_BACK, judged, period_of, statistic
from emulator.cloudwatch.metrics import Metrics
from emulator.sns.publishing import Publisher
from emulator.wire.call import Call
from emulator.wire.documents import Document
from emulator.wire.http import HttpResponse

_log = logging.getLogger("emulator")

_SERVICE = "cloudwatch.amazonaws.com"
_MINUTE = 60
_ACTIONS = {
    "ALARM": "AlarmActions",
    "INSUFFICIENT_DATA": "InsufficientDataActions",
    "OK": "OKActions",
}
_SUM = "SUM(METRICS())"


class Alarms:
    """Sets alarms to the states that their metrics give them, and runs their actions.

    AWS evaluates complete minutes; here the running one counts as well.
    """

    def __init__(
        self, account: Account, publisher: Publisher, metrics: Metrics, clock: Clock
    ) -> None:
        self._account = account
        self._publisher = publisher
        self._metrics = metrics
        self._clock = clock
        self._lock = threading.Lock()
        self._evaluating = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()

    def watch(self, call: Call) -> Callable[[HttpResponse], None] | None:
        """Return what follows from a call, once it has succeeded."""
        match call.operation:
            case "SetAlarmState":
                before = self._described(str(call.params.get("AlarmName")))
                return lambda _: self._ring(before)
            case "PutMetricAlarm":
                return lambda _: self._made(call.params)
        return None

    def close(self) -> None:
        """Evaluate no more."""
        self._closing.set()

    # --- evaluation -----------------------------------------------------------------------------

    def _made(self, alarm: Document) -> None:
        note = self._account.approximations.note
        if alarm.get("ExtendedStatistic"):
            note("CloudWatch", "an alarm on a percentile is evaluated on the maximum")
        if not _is_evaluated(alarm):
            text = f"the alarm {alarm['AlarmName']} is not evaluated: its expression is not known"
            note("CloudWatch", text)
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="alarms", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while not self._closing.wait(_MINUTE - self._clock.now() % _MINUTE):
            try:
                self.evaluate()
            except Exception:  # noqa: BLE001  # evaluation goes on
                _log.exception("alarms could not be evaluated")

    def evaluate(self) -> None:
        """Set each alarm to the state that its metric has now."""
        client = self._account.client("cloudwatch")
        with self._evaluating:
            alarms = every(client, "describe_alarms", "MetricAlarms", AlarmTypes=["MetricAlarm"])
            for alarm in filter(_is_evaluated, alarms):
                found = self._judged(alarm)
                if found and found[0] != alarm["StateValue"]:
                    client.set_alarm_state(
                        AlarmName=alarm["AlarmName"], StateValue=found[0], StateReason=found[1]
                    )

    def _judged(self, alarm: Document) -> tuple[str, str] | None:
        period = period_of(alarm)
        end = (self._clock.now() // _MINUTE + 1) * _MINUTE
        starts = [
            end - period * (age + 1) for age in range(alarm["EvaluationPeriods"] + LOOKED_BACK)
        ]
        values: list[float | None] = [None] * len(starts)
        for name, metric in _measured(alarm):
            points = self._metrics.points(metric, starts[-1])
            for age, start in enumerate(starts):
                inside = [one for one in points if start <= one.at < start + period]
                value = statistic(name, inside)
                if value is not None:
                    values[age] = (values[age] or 0) + value
        return judged(alarm, values, starts[0])

    # --- actions --------------------------------------------------------------------------------

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
        at = datetime.fromtimestamp(self._clock.now(), UTC)
        message = {
            "AlarmName": name,
            "AlarmDescription": alarm.get("AlarmDescription"),
            "AWSAccountId": self._account.id,
            "NewStateValue": state,
            "NewStateReason": alarm.get("StateReason"),
            "StateChangeTime": f"{at:%Y-%m-%dT%H:%M:%S.000+0000}",
            "Region": self._account.region,
            "AlarmArn": alarm["AlarmArn"],
            "OldStateValue": before["StateValue"],
            "Trigger": {
                part: alarm[part]
                for part in ("MetricName", "Namespace", "Statistic", "Dimensions", "Period")
                if part in alarm
            },
        }
        origin = {"aws:SourceAccount": self._account.id, "aws:SourceArn": alarm["AlarmArn"]}
        for action in alarm.get(_ACTIONS[state], ()):
            refusal = self._publisher.publish(
                _SERVICE,
                action,
                json.dumps(message),
                origin,
                subject=f'{state}: "{name}" in {self._account.region}'[:100],
                mail=_mail(message),
            )
            if refusal:
                _log.warning("the alarm %s cannot reach %s: %s", name, action, refusal)


def _measured(alarm: Document) -> list[tuple[str, Document]]:
    """Return an alarm's metrics, each with its statistic."""
    if alarm.get("MetricName"):
        return [(alarm.get("Statistic") or alarm["ExtendedStatistic"], alarm)]
    return [
        (one["MetricStat"]["Stat"], one["MetricStat"]["Metric"])
        for one in alarm["Metrics"]
        if "MetricStat" in one
    ]


def _is_evaluated(alarm: Document) -> bool:
    """Return whether the expression of an alarm is known here, if it has one."""
    expressions = [one["Expression"] for one in alarm.get("Metrics", ()) if "Expression" in one]
    return expressions in ([], [_SUM])


def _mail(message: Document) -> str:
    """Return the text that CloudWatch has for e-mail, without the link to its console."""
    name, state, reason = (
        message[part] for part in ("AlarmName", "NewStateValue", "NewStateReason")
    )
    return (
        f'You are receiving this email because your Amazon CloudWatch Alarm "{name}" in the'
        f' {message["Region"]} region has entered the {state} state, because "{reason}" at'
        f' "{message["StateChangeTime"]}".\n\nAlarm Details:\n- Name: {name}\n'
        f"- Description: {message['AlarmDescription']}\n"
        f"- State Change: {message['OldStateValue']} -> {state}\n"
        f"- AWS Account: {message['AWSAccountId']}\n- Alarm Arn: {message['AlarmArn']}"
    )
