"""Changes to moto's CloudWatch, each with its reason."""

import copy
import inspect
from typing import Any

from moto.cloudwatch.models import Alarm, CloudWatchBackend

from emulator.patching import patch


@patch(Alarm, "__init__")
def _begin_without_data(original: Any, alarm: Alarm, *args: Any, **kwargs: Any) -> None:
    # "When you create an alarm, its state is INSUFFICIENT_DATA" (PutMetricAlarm). moto says OK, as
    # if it had looked.
    original(alarm, *args, **kwargs)
    alarm.state_value = "INSUFFICIENT_DATA"


@patch(CloudWatchBackend, "put_metric_alarm")
def _keep_the_state(original: Any, backend: CloudWatchBackend, name: str, **settings: Any) -> Any:
    # "When you update an existing alarm, its state is left unchanged" (PutMetricAlarm).
    before = backend.alarms.get(name)
    alarm = original(backend, name, **settings)
    if before is not None:
        for field in ("state_value", "state_reason", "state_reason_data", "history"):
            setattr(alarm, field, getattr(before, field))
    return alarm


@patch(CloudWatchBackend, "get_metric_statistics")
def _of_these_dimensions(
    original: Any, backend: CloudWatchBackend, *args: Any, **kwargs: Any
) -> Any:
    # A metric is its name and all its dimensions ("Dimensions", CloudWatch User Guide). moto adds
    # up every metric that has these dimensions among others.
    given = inspect.signature(original).bind(backend, *args, **kwargs).arguments["dimensions"]
    wanted = {(each["Name"], each["Value"]) for each in given or ()}
    data = [
        one
        for one in backend.get_all_metrics()
        if {(each.name, each.value) for each in one.dimensions} == wanted
    ]
    view = copy.copy(backend)
    view.get_all_metrics = lambda: data
    return original(view, *args, **kwargs)
