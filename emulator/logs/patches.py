"""CloudWatch Logs in moto 5.2.5, where it does not do what AWS does (API reference)."""

import json
import time
from collections.abc import Callable
from typing import Any

from moto.logs.exceptions import (
    InvalidParameterException,
    ResourceAlreadyExistsException,
    ResourceNotFoundException,
)
from moto.logs.metric_filters import MetricFilters
from moto.logs.models import LogGroup, LogsBackend, LogStream, logs_backends
from moto.logs.responses import LogsResponse

from emulator.logs.filter_patterns import compile_filter
from emulator.patching import Moto, add, patch
from emulator.wire.documents import JsonObject

LOG_EVENTS_KEPT = 1_000
"""Newest events that a log stream keeps: with all of them memory would grow with every request."""

LOG_EVENTS_OF_A_GROUP = 10_000
"""What the streams of a group keep together, but for LEAST_OF_A_STREAM of each."""
LEAST_OF_A_STREAM = 50

# API reference, PutRetentionPolicy; the model knows only that it is a number.
_RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922),
    *(3288, 3653),
)
_MAX_METRIC_FILTERS = 100  # of a log group ("CloudWatch Logs quotas")
_NO_STREAM = "The specified log stream does not exist."


def _group(backend: LogsBackend, identifier: str) -> LogGroup:
    """Return a log group by name or ARN."""
    name = identifier.removesuffix(":*")
    name = name.partition(":log-group:")[2] or name
    if name not in backend.groups:
        raise ResourceNotFoundException
    found: LogGroup = backend.groups[name]
    return found


# Log groups


@patch(LogsResponse, "create_log_group")
def _keep_log_group_class(original: Moto, response: LogsResponse) -> object:
    answer = original(response)
    group = _group(response.logs_backend, response._get_param("logGroupName"))
    group.log_group_class = response._get_param("logGroupClass")
    return answer


@patch(LogsBackend, "delete_log_group")
def _delete_with_all_that_is_in_it(
    original: Moto, backend: LogsBackend, log_group_name: str
) -> None:
    # moto keeps metric filters and tags, and the next group of that name would have them.
    group = _group(backend, log_group_name)
    original(backend, log_group_name)
    kept = backend.filters.metric_filters
    kept[:] = [one for one in kept if one["logGroupName"] != log_group_name]
    backend.tagger.delete_all_tags_for_resource(group.arn)


@patch(LogGroup, "to_describe_dict")
def _show_all_of_a_group(original: Moto, group: LogGroup) -> object:
    filters = logs_backends[group.account_id][group.region].filters.metric_filters
    return original(group) | {
        "logGroupClass": getattr(group, "log_group_class", None) or "STANDARD",
        "metricFilterCount": sum(one["logGroupName"] == group.name for one in filters),
        "deletionProtectionEnabled": False,
    }


@patch(LogsResponse, "describe_log_groups")
def _describe_by_pattern(original: Moto, response: LogsResponse) -> object:
    # moto knows a prefix alone, and describes every group for all else.
    shown: JsonObject = json.loads(original(response))
    pattern = response._get_param("logGroupNamePattern")
    kind = response._get_param("logGroupClass")
    names = response._get_param("logGroupIdentifiers")
    if pattern and response._get_param("logGroupNamePrefix"):
        raise InvalidParameterException(
            "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."
        )
    shown["logGroups"] = [
        one
        for one in shown["logGroups"]
        if (not pattern or pattern.lower() in one["logGroupName"].lower())
        and (not kind or one["logGroupClass"] == kind)
        and (not names or {one["logGroupName"], one["logGroupArn"]} & set(names))
    ]
    return json.dumps({name: value for name, value in shown.items() if value is not None})


@patch(LogsResponse, "put_retention_policy")
def _known_retention(original: Moto, response: LogsResponse) -> object:
    days = response._get_param("retentionInDays")
    if days not in _RETENTION_DAYS:
        allowed = ", ".join(map(str, sorted(_RETENTION_DAYS)))
        raise InvalidParameterException(
            constraint=f"Member must satisfy enum value set: [{allowed}]",
            parameter="retentionInDays",
            value=days,
        )
    return original(response)


@add(LogsResponse, "associate_kms_key")
def _associate_key(response: LogsResponse) -> str:
    _keyed_group(response).kms_key_id = response._get_param("kmsKeyId")
    return ""


@add(LogsResponse, "disassociate_kms_key")
def _disassociate_key(response: LogsResponse) -> str:
    _keyed_group(response).kms_key_id = None
    return ""


def _keyed_group(response: LogsResponse) -> LogGroup:
    named = response._get_param("logGroupName") or response._get_param("resourceIdentifier")
    if not named:
        raise InvalidParameterException("Either logGroupName or resourceIdentifier is needed.")
    return _group(response.logs_backend, named)


for _operation in ("tag_resource", "untag_resource", "list_tags_for_resource"):

    @patch(LogsResponse, _operation)
    def _tags_of_what_there_is(original: Moto, response: LogsResponse) -> object:
        # moto keeps tags of anything.
        arn = response._get_param("resourceArn")
        if ":log-group:" in arn and arn not in {
            one.arn for one in response.logs_backend.groups.values()
        }:
            raise ResourceNotFoundException("The specified resource does not exist.")
        return original(response)


@patch(LogsBackend, "delete_resource_policy")
def _end_the_sentence(original: Moto, backend: LogsBackend, policy_name: str) -> None:
    if policy_name not in backend.resource_policies:
        raise ResourceNotFoundException(f"Policy with name [{policy_name}] does not exist.")
    original(backend, policy_name)


# Data protection: kept, and masks nothing


@add(LogsResponse, "put_data_protection_policy")
def _put_data_protection(response: LogsResponse) -> str:
    group = _protected_group(response)
    group.data_protection = response._get_param("policyDocument")
    return _shown_data_protection(response, group)


@add(LogsResponse, "get_data_protection_policy")
def _get_data_protection(response: LogsResponse) -> str:
    return _shown_data_protection(response, _protected_group(response))


@add(LogsResponse, "delete_data_protection_policy")
def _delete_data_protection(response: LogsResponse) -> str:
    _protected_group(response).data_protection = None
    return "{}"


def _protected_group(response: LogsResponse) -> LogGroup:
    return _group(response.logs_backend, response._get_param("logGroupIdentifier"))


def _shown_data_protection(response: LogsResponse, group: LogGroup) -> str:
    shown = {"logGroupIdentifier": response._get_param("logGroupIdentifier")}
    policy = getattr(group, "data_protection", None)
    return json.dumps(shown | ({"policyDocument": policy} if policy else {}))


# Metric filters


@add(MetricFilters, "add_filter")
def _put_filter(
    filters: MetricFilters, name: str, pattern: str, group: str, transformations: list[object]
) -> None:
    # moto adds a second filter of the same name, and both would count.
    made = {
        "filterName": name,
        "filterPattern": pattern,
        "logGroupName": group,
        "metricTransformations": transformations,
        "creationTime": int(time.time() * 1000),
        "applyOnTransformedLogs": False,
    }
    for at, one in enumerate(filters.metric_filters):
        if (one["filterName"], one["logGroupName"]) == (name, group):
            filters.metric_filters[at] = made | {"creationTime": one["creationTime"]}
            return
    filters.metric_filters.append(made)


@patch(LogsBackend, "put_metric_filter")
def _check_filter(original: Moto, backend: LogsBackend, *given: Any) -> None:
    filter_name, filter_pattern, log_group_name, metric_transformations = given
    _group(backend, log_group_name)
    (transformation,) = metric_transformations
    if transformation.get("dimensions") and "defaultValue" in transformation:
        raise InvalidParameterException(
            "Invalid metric transformation: dimensions and default value are mutually exclusive"
            " properties."
        )
    if filter_pattern.startswith("{") and not filter_pattern.rstrip().endswith("}"):
        raise InvalidParameterException("Invalid metric filter pattern")
    own = [
        one
        for one in backend.filters.metric_filters
        if one["logGroupName"] == log_group_name and one["filterName"] != filter_name
    ]
    if len(own) >= _MAX_METRIC_FILTERS:
        raise InvalidParameterException("Resource limit exceeded.")
    if "defaultValue" in transformation:
        transformation["defaultValue"] = float(transformation["defaultValue"])
    original(backend, *given)


@patch(LogsBackend, "delete_metric_filter")
def _delete_a_filter_that_is_there(
    original: Moto, backend: LogsBackend, filter_name: str, log_group_name: str
) -> None:
    _group(backend, log_group_name)
    if not backend.describe_metric_filters(filter_name, log_group_name):
        raise ResourceNotFoundException("The specified metric filter does not exist.")
    original(backend, filter_name, log_group_name)


@patch(LogsResponse, "describe_metric_filters")
def _pages_of_filters(original: Moto, response: LogsResponse) -> str:
    # moto returns all of them, and the caller's token as if there were more.
    if name := response._get_param("logGroupName"):
        _group(response.logs_backend, name)
    found = json.loads(original(response))["metricFilters"]
    start = int(response._get_param("nextToken") or 0)
    end = start + (response._get_param("limit") or 50)
    page: JsonObject = {"metricFilters": found[start:end]}
    if end < len(found):
        page["nextToken"] = str(end)
    return json.dumps(page)


# Streams and events


@patch(LogStream, "put_log_events")
def _bounded_streams(original: Moto, stream: LogStream, log_events: list[JsonObject]) -> object:
    token = original(stream, log_events)
    share = max(LEAST_OF_A_STREAM, LOG_EVENTS_OF_A_GROUP // len(stream.log_group.streams))
    excess = len(stream.events) - min(LOG_EVENTS_KEPT, share)
    if excess > 0:
        stream.stored_bytes -= sum(len(event.message) for event in stream.events[:excess])
        del stream.events[:excess]
    return token


@patch(LogGroup, "create_log_stream")
def _name_a_second_stream(original: Moto, group: LogGroup, log_stream_name: str) -> None:
    if log_stream_name in group.streams:
        error = ResourceAlreadyExistsException()
        error.description = error.description.replace("log group", "log stream")
        raise error
    original(group, log_stream_name)


for _operation in ("delete_log_stream", "get_log_events"):

    @patch(LogGroup, _operation)
    def _name_a_missing_stream(
        original: Moto, group: LogGroup, log_stream_name: str, *rest: object
    ) -> object:
        # moto says that the group is not there.
        if log_stream_name not in group.streams:
            raise ResourceNotFoundException(_NO_STREAM)
        return original(group, log_stream_name, *rest)


@patch(LogsResponse, "put_log_events")
def _put_events(original: Moto, response: LogsResponse) -> str:
    times = [one["timestamp"] for one in response._get_param("logEvents")]
    if times and max(times) - min(times) > 24 * 3600 * 1000:
        raise InvalidParameterException(
            "The batch of log events in a single PutLogEvents request cannot span more than 24"
            " hours."
        )
    answer: str = original(response)
    return answer


@add(LogStream, "filter_log_events")
def _filter_events(
    stream: LogStream, start_time: int, end_time: int, filter_pattern: str
) -> list[JsonObject]:
    # moto lets every event through a pattern that it does not know, those over JSON among them.
    matches = _filter(filter_pattern)
    return [
        event.to_filter_dict() | {"logStreamName": stream.log_stream_name}
        for event in sorted(stream.events, key=lambda one: one.timestamp)
        if (not start_time or event.timestamp >= start_time)
        and (not end_time or event.timestamp <= end_time)
        and matches(event.message)
    ]


def _filter(pattern: str) -> Callable[[str], bool]:
    try:
        return compile_filter(pattern or "")
    except ValueError as error:
        raise NotImplementedError(f"filter pattern {pattern!r}: {error}") from error


@add(LogsResponse, "filter_log_events")
def _filter_by_all_that_is_asked(response: LogsResponse) -> str:
    # moto takes the ARN of a group for no group, does not know the prefix of streams, and orders
    # the events of several streams by stream.
    ask = response._get_param
    group = _group(response.logs_backend, ask("logGroupName") or ask("logGroupIdentifier") or "")
    names, prefix = ask("logStreamNames") or [], ask("logStreamNamePrefix")
    if names and prefix:
        raise InvalidParameterException(
            "logStreamNamePrefix and logStreamNames are mutually exclusive parameters."
        )
    if prefix:
        names = [name for name in group.streams if name.startswith(prefix)]
    for name in names:
        if name not in group.streams:
            raise ResourceNotFoundException(_NO_STREAM)
    pattern = ask("filterPattern") or ""
    _filter(pattern)  # also where there are no streams yet
    events: list[JsonObject] = []
    token = None
    if names or not prefix:
        events, token, _ = group.filter_log_events(
            group.name,
            names,
            ask("startTime"),
            ask("endTime"),
            ask("limit"),
            ask("nextToken"),
            pattern,
            interleaved=True,
        )
    # AWS lists no streams any more (API reference, FilterLogEvents: searchedLogStreams).
    answer: JsonObject = {"events": events, "searchedLogStreams": []}
    return json.dumps(answer | ({"nextToken": token} if token else {}))
