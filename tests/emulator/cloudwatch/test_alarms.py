"""Alarms keep the state that AWS gives them, for nothing here evaluates them."""

import uuid
from typing import Any

import pytest

from tests.emulator.conftest import Emulator


@pytest.fixture
def alarm(emulator: Emulator) -> Any:
    """Return a function that makes or changes an alarm and reads it back."""
    client, name = emulator.client("cloudwatch"), f"alarm-{uuid.uuid4()}"

    def put(threshold: float, state: str | None = None) -> Any:
        client.put_metric_alarm(
            AlarmName=name,
            Namespace="N",
            MetricName="M",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=threshold,
            ComparisonOperator="GreaterThanThreshold",
        )
        if state:
            client.set_alarm_state(AlarmName=name, StateValue=state, StateReason="said")
        return client.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]

    return put


def test_a_new_alarm_has_no_data(alarm: Any) -> None:
    assert alarm(1)["StateValue"] == "INSUFFICIENT_DATA"


def test_a_changed_alarm_keeps_its_state(alarm: Any) -> None:
    alarm(1, state="ALARM")
    changed = alarm(2)
    assert (changed["Threshold"], changed["StateValue"]) == (2, "ALARM")
    assert changed["StateReason"] == "said"
