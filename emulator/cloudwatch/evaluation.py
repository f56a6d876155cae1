"""Which state an alarm's metric gives it.

Sources: CloudWatch User Guide, "Alarm evaluation", "Configuring how CloudWatch alarms treat missing
data"; the reasons' words: recorded answers, and e-mails that people have published.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import ge, gt, le, lt

from emulator.wire.documents import Document

LOOKED_BACK = 2
"""Periods that AWS reads beyond those that it evaluates, where some have no data.

The guide's tables show five for three, and its text names no number. People report three or four
for one (Stack Overflow 72093282).
"""

_COMPARISONS = {
    "GreaterThanOrEqualToThreshold": (ge, "greater than or equal to"),
    "GreaterThanThreshold": (gt, "greater than"),
    "LessThanOrEqualToThreshold": (le, "less than or equal to"),
    "LessThanThreshold": (lt, "less than"),
}
_TREATED = {"breaching": "Breaching", "notBreaching": "NonBreaching"}


@dataclass(frozen=True)
class Point:
    """What a metric was in a period, or a part of one: since 1970 in seconds, then its values."""

    at: float
    least: float
    most: float
    total: float
    count: float


def statistic(name: str, points: Sequence[Point]) -> float | None:
    """Return a statistic of a period, None where it has no data. A percentile is the maximum."""
    if not points:
        return None
    total, count = sum(one.total for one in points), sum(one.count for one in points)
    values: dict[str, Callable[[], float]] = {
        "Average": lambda: total / count,
        "Minimum": lambda: min(one.least for one in points),
        "SampleCount": lambda: count,
        "Sum": lambda: total,
    }
    return values.get(name, lambda: max(one.most for one in points))()


def judged(alarm: Document, values: Sequence[float | None], at: float) -> tuple[str, str] | None:
    """Return an alarm's state and the reason; None where it stays as it is.

    Args:
        alarm: as DescribeAlarms has it.
        values: of its periods, the newest first, `LOOKED_BACK` more than it evaluates.
        at: when the newest period began, in seconds since 1970.
    """
    evaluated = alarm["EvaluationPeriods"]
    enough = alarm.get("DatapointsToAlarm") or evaluated
    compare, words = _COMPARISONS[alarm["ComparisonOperator"]]
    treated = alarm.get("TreatMissingData") or "missing"
    real = [(age, value) for age, value in enumerate(values) if value is not None]
    # Whatever is missing, data that is there counts first, as far back as AWS reads.
    if None not in values[:evaluated] or len(real) >= evaluated:
        real = real[:evaluated]
    absent = evaluated - len(real)
    breaching = [age for age, value in real if compare(value, alarm["Threshold"])]
    if absent and treated in _TREATED:
        alarmed = len(breaching) + absent * (treated == "breaching") >= enough
    elif not real:
        said = _said(absent, "datapoint was unknown", "datapoints were unknown")
        return ("INSUFFICIENT_DATA", f"Insufficient Data: {said}.") if treated != "ignore" else None
    elif not (alarmed := len(breaching) >= enough) and absent and len(breaching) == len(real):
        # All that there is is breaching: enough only if the oldest is as old as an alarm must be.
        if treated == "ignore" or breaching[-1] + 1 < enough:
            return None
        alarmed = True
    state = "ALARM" if alarmed else "OK"
    if not real:
        periods = _said(evaluated, "period", "periods")
        missing = _said(absent, "missing datapoint was", "missing datapoints were")
        return state, (
            f"Threshold Crossed: no datapoints were received for {periods} and {missing} treated"
            f" as [{_TREATED[treated]}]."
        )
    listed = ", ".join(
        f"{float(value)} ({_moment(at - age * period_of(alarm))})" for age, value in real
    )
    crossed = _said(len(real), "datapoint", "datapoints")
    verb = "was" if len(real) == 1 else "were"
    return state, (
        f"Threshold Crossed: {crossed} [{listed}] {verb}{'' if alarmed else ' not'} {words} the"
        f" threshold ({float(alarm['Threshold'])})."
    )


def period_of(alarm: Document) -> int:
    """Return the length of an alarm's period in seconds."""
    measured = (one["MetricStat"] for one in alarm.get("Metrics", ()) if "MetricStat" in one)
    return int(alarm.get("Period") or next(measured)["Period"])


def _said(count: int, one: str, more: str) -> str:
    return f"{count} {one if count == 1 else more}"


def _moment(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%d/%m/%y %H:%M:%S}"
