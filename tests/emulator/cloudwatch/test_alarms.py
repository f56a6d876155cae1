"""Alarms have the states that their metrics give them, by AWS's guide, and tell of changes."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from emulator.cloudwatch.evaluation import Point, judged, statistic
from tests.emulator.conftest import Emulator
from tests.emulator.shown import document
from toolkit.mailbox import mails


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


# CloudWatch User Guide, "How alarm state is evaluated when data is missing", its two tables: points
# from the oldest to the newest, X breaches; then the state under each treatment, - leaves it.
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")
TABLE = [
    (3, "0-X-X", "OK OK OK OK"),
    (3, "0----", "OK OK OK OK"),
    (3, "-----", "INSUFFICIENT_DATA - ALARM OK"),
    (3, "0XX-X", "ALARM ALARM ALARM ALARM"),
    (3, "--X--", "ALARM - ALARM OK"),
    (2, "0-X-X", "ALARM ALARM ALARM ALARM"),
    (2, "00X0X", "ALARM ALARM ALARM ALARM"),
    (2, "0-X--", "OK OK ALARM OK"),
    (2, "----0", "OK OK ALARM OK"),
    (2, "---X-", "ALARM - ALARM OK"),
]


@pytest.mark.parametrize(("enough", "points", "states"), TABLE)
def test_missing_data_is_treated_as_the_guide_has_it(enough: int, points: str, states: str) -> None:
    values = [{"0": 0.0, "X": 9.0}.get(one) for one in reversed(points)]
    settings = {
        "EvaluationPeriods": 3, "DatapointsToAlarm": enough, "Threshold": 5, "Period": 60,
        "ComparisonOperator": "GreaterThanThreshold",
    }  # fmt: skip
    found = [judged(settings | {"TreatMissingData": one}, values, 0) for one in TREATMENTS]
    assert " ".join(one[0] if one else "-" for one in found) == states


def test_statistics_are_over_all_data_of_a_period() -> None:
    points = [Point(0, 1, 4, 5, 2), Point(60, 2, 3, 5, 2)]
    names = ("Average", "Minimum", "Maximum", "SampleCount", "Sum", "p99")
    assert [statistic(name, points) for name in names] == [2.5, 1, 4, 4, 10, 4]
    assert statistic("Sum", []) is None


@pytest.fixture
def forward(emulator: Emulator) -> Iterator[Any]:
    """Return a function that moves the emulator's clock on."""

    def move(seconds: float) -> None:
        answer = emulator.request("PUT", "/_aws/clock", b'{"forward_seconds": %f}' % seconds)
        assert answer.status == 200, answer.body

    yield move
    assert emulator.request("DELETE", "/_aws/clock").json() == {"ahead_seconds": 0}


@pytest.fixture
def topic(emulator: Emulator) -> str:
    """Return a topic that alarms may publish to."""
    sns = emulator.client("sns")
    arn = str(sns.create_topic(Name=f"alarm-{uuid.uuid4()}")["TopicArn"])
    allowed = {
        "Effect": "Allow", "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": "sns:Publish", "Resource": arn,
    }  # fmt: skip
    sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=document(allowed))
    return arn


def test_an_alarm_rings_when_its_metric_comes_and_ends_when_that_is_over(
    emulator: Emulator, topic: str, forward: Any
) -> None:
    client, name = emulator.client("cloudwatch"), topic.rpartition(":")[2]
    measured = {"Namespace": name, "MetricName": "M"}
    queries = [
        {"Id": "m", "MetricStat": {"Metric": measured, "Period": 60, "Stat": "Sum"},
         "ReturnData": False},
        {"Id": "sum", "Expression": "SUM(METRICS())", "ReturnData": True},
    ]  # fmt: skip
    rest = {
        "EvaluationPeriods": 1, "Threshold": 2, "TreatMissingData": "notBreaching",
        "ComparisonOperator": "GreaterThanOrEqualToThreshold", "AlarmDescription": "Do this.",
        "AlarmActions": [topic], "OKActions": [topic],
    }  # fmt: skip
    one = measured | rest | {"Statistic": "Sum", "Period": 60}
    client.put_metric_alarm(AlarmName=f"{name}-one", **one)
    client.put_metric_alarm(AlarmName=f"{name}-sum", Metrics=queries, **rest)
    client.put_metric_alarm(AlarmName=f"{name}-mute", ActionsEnabled=False, **one)

    def states() -> set[tuple[str, str]]:
        found = client.describe_alarms(AlarmNamePrefix=name)["MetricAlarms"]
        return {(one["StateValue"], one["StateReason"].partition("[")[0]) for one in found}

    count = emulator.server.app.door.account.metrics.add
    forward(60)
    assert {state for state, _ in states()} == {"OK"}
    for _ in range(2):
        count(name, "M", {})
    forward(0)
    assert states() == {("ALARM", "Threshold Crossed: 1 datapoint ")}
    forward(600)
    none = "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was"
    assert states() == {("OK", f"{none} treated as ")}
    received = [mail for mail in mails(emulator.endpoint) if mail["topic"] == name]
    assert [mail["subject"] for mail in received] == [
        f'{state}: "{name}-{which}" in us-east-2'
        for state in ("OK", "ALARM", "OK")
        for which in ("one", "sum")
    ]
    text = received[2]["text"]
    assert 'has entered the ALARM state, because "Threshold Crossed: 1 datapoint [2.0 (' in text
    assert "- Description: Do this.\n- State Change: OK -> ALARM\n" in text


def test_the_clock_takes_seconds_and_nothing_else(emulator: Emulator) -> None:
    for body in (b"{", b"{}", b'{"forward_seconds": -1}', b'{"forward_seconds": Infinity}', b"[]"):
        assert emulator.request("PUT", "/_aws/clock", body).status == 400
    assert emulator.request("POST", "/_aws/clock").status == 405
    assert emulator.request("GET", "/_aws/clock").json() == {"ahead_seconds": 0}
