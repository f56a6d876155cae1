"""Changes to moto's CloudWatch, each with its reason."""

import copy
import inspect
import json
from typing import Any

from moto.cloudwatch.exceptions import (
    DashboardInvalidInputError,
    InvalidParameterCombination,
    InvalidParameterValue,
    ResourceNotFound,
    ResourceNotFoundException,
    ValidationError,
)
from moto.cloudwatch.models import Alarm, CloudWatchBackend

from emulator.patching import Moto, patch
from emulator.wire.documents import JsonObject

_SHORT_PERIODS = {10, 20, 30}
_DAY, _WEEK = 86_400, 604_800
_MISSING_DATA = {"breaching", "ignore", "missing", "notBreaching"}


@patch(Alarm, "__init__")
def _begin_without_data(original: Moto, alarm: Alarm, *args: object, **kwargs: object) -> None:
    # "When you create an alarm, its state is INSUFFICIENT_DATA" (PutMetricAlarm). moto says OK, as
    # if it had looked.
    original(alarm, *args, **kwargs)
    alarm.state_value = "INSUFFICIENT_DATA"


@patch(CloudWatchBackend, "put_metric_alarm")
def _keep_the_state(
    original: Moto, backend: CloudWatchBackend, name: str, **settings: object
) -> object:
    # "When you update an existing alarm, its state is left unchanged" (PutMetricAlarm).
    before = backend.alarms.get(name)
    alarm = original(backend, name, **settings)
    if before is not None:
        for field in ("state_value", "state_reason", "state_reason_data", "history"):
            setattr(alarm, field, getattr(before, field))
    return alarm


@patch(CloudWatchBackend, "get_metric_statistics")
def _of_these_dimensions(
    original: Moto, backend: CloudWatchBackend, *args: object, **kwargs: object
) -> object:
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


@patch(CloudWatchBackend, "put_metric_alarm")
def _refuse_what_could_not_be_evaluated(
    original: Moto, backend: CloudWatchBackend, name: str, **settings: Any
) -> object:
    # PutMetricAlarm: Period, EvaluationPeriods, DatapointsToAlarm, ExtendedStatistic.
    if not settings.get("metric_data_queries"):
        _check_statistic(settings)
    evaluated = settings.get("evaluation_periods") or 1
    period = settings.get("period") or 0
    if period and period not in _SHORT_PERIODS and period % 60:
        raise ValidationError("Period must be 10, 20, 30 or a multiple of 60")
    longest = _WEEK if period >= 3_600 else _DAY
    if period * evaluated > longest:
        word = "week" if longest == _WEEK else "day"
        raise ValidationError(
            f"Metrics cannot be checked across more than a {word} (EvaluationPeriods * Period must"
            f" be <= {longest})."
        )
    if (settings.get("datapoints_to_alarm") or 1) > evaluated:
        raise ValidationError("DatapointsToAlarm must be less than or equal to EvaluationPeriods.")
    if (settings.get("treat_missing_data") or "missing") not in _MISSING_DATA:
        raise InvalidParameterValue(
            "Option treatMissingData must be one of breaching, notBreaching, ignore, missing."
        )
    return original(backend, name, **settings)


def _check_statistic(settings: JsonObject) -> None:
    if bool(settings.get("statistic")) == bool(settings.get("extended_statistic")):
        raise InvalidParameterCombination(
            "Exactly one of Statistic and ExtendedStatistic must be given."
        )


@patch(CloudWatchBackend, "delete_alarms")
def _delete_with_tags(original: Moto, backend: CloudWatchBackend, alarm_names: list[str]) -> None:
    for name in alarm_names:
        if alarm := backend.alarms.get(name):
            backend.tagger.delete_all_tags_for_resource(alarm.alarm_arn)
    original(backend, alarm_names)


@patch(CloudWatchBackend, "list_tags_for_resource")
def _tags_of_what_there_is(original: Moto, backend: CloudWatchBackend, arn: str) -> object:
    if arn not in {alarm.alarm_arn for alarm in backend.alarms.values()}:
        raise ResourceNotFoundException(f"Resource {arn} does not exist")
    return original(backend, arn)


@patch(CloudWatchBackend, "get_metric_data")
def _refuse_unknown_expressions(
    original: Moto,
    backend: CloudWatchBackend,
    queries: list[JsonObject],
    *given: object,
    **more: object,
) -> object:
    # moto answers an expression that it does not know with no values.
    if any("Expression" in query for query in queries):
        raise NotImplementedError("expressions of GetMetricData")
    return original(backend, queries, *given, **more)


@patch(CloudWatchBackend, "put_dashboard")
def _check_dashboard(original: Moto, backend: CloudWatchBackend, name: str, body: str) -> object:
    # PutDashboard: "If this array is empty, the dashboard is created"; else it is refused.
    try:
        widgets = json.loads(body)["widgets"]
        sound = isinstance(widgets, list) and all(
            isinstance(one, dict) and {"type", "properties"} <= one.keys() for one in widgets
        )
    except (KeyError, RecursionError, TypeError, ValueError):
        sound = False
    if not sound:
        raise DashboardInvalidInputError("The field DashboardBody must be a valid JSON object")
    return original(backend, name, body)


@patch(CloudWatchBackend, "get_dashboard")
def _name_a_missing_dashboard(original: Moto, backend: CloudWatchBackend, name: str) -> object:
    found = original(backend, name)
    if found is None:
        raise ResourceNotFound(f"Dashboard {name} does not exist")
    return found


@patch(CloudWatchBackend, "get_filtered_metrics")
def _distinct_metrics(
    original: Moto,  # noqa: ARG001  # compares each with each, and not their second dimension
    backend: CloudWatchBackend,
    metric_name: str,
    namespace: str,
    dimensions: list[dict[str, str]],
) -> list[object]:
    found: dict[object, object] = {}
    for datum in backend.get_all_metrics():
        if datum.filter(namespace=namespace, name=metric_name, dimensions=dimensions):
            pairs = tuple(sorted((one.name, one.value) for one in datum.dimensions))
            found.setdefault((datum.namespace, datum.name, pairs), datum)
    return list(found.values())
