"""Which calls are recorded."""

import pytest

from emulator.cloudtrail.records import is_unrecorded
from emulator.wire.call import Call
from emulator.wire.http import HttpRequest


@pytest.mark.parametrize(
    ("service", "operation", "unrecorded"),
    [
        # Data events (CloudTrail User Guide, "Logging data events").
        ("cloudwatch", "PutMetricData", True),
        ("cloudwatch", "GetMetricData", True),
        ("cloudwatch", "ListMetrics", True),
        ("cloudwatch", "PutMetricAlarm", False),
        ("lambda", "Invoke", True),
        ("lambda", "UpdateFunctionCode", False),
        ("logs", "PutLogEvents", True),
        ("logs", "PutRetentionPolicy", False),
        ("sns", "Publish", True),
        ("sns", "SetTopicAttributes", False),
        ("xray", "PutTraceSegments", True),
    ],
)
def test_data_events_are_not_recorded(service: str, operation: str, *, unrecorded: bool) -> None:
    request = HttpRequest("POST", "/", "", (), b"", "127.0.0.1")
    assert is_unrecorded(Call(request, service=service, operation=operation)) is unrecorded
