"""StartQuery and GetQueryResults, which moto answers with every event whatever the query says."""

import json
import uuid
from collections import OrderedDict
from collections.abc import Iterator

from moto.logs.exceptions import InvalidParameterException, ResourceNotFoundException
from moto.logs.models import LogGroup, LogsBackend
from moto.logs.responses import LogsResponse

from emulator.logs.insights import Event, QueryError, Result, run
from emulator.patching import add
from emulator.wire.errors import AwsError

_KEPT = 100  # newest results
_MOST_GROUPS = 50  # of a query (API reference, StartQuery)
_WAYS = ("logGroupName", "logGroupNames", "logGroupIdentifiers")

_results: OrderedDict[str, Result] = OrderedDict()


def _malformed(error: QueryError) -> AwsError:
    """Return AWS's error about a query, with the place (API reference, MalformedQueryException)."""
    place = {"startCharOffset": error.start, "endCharOffset": error.end}
    compiled = {"queryCompileError": {"location": place, "message": str(error)}}
    return AwsError(400, "MalformedQueryException", str(error), members=compiled)


@add(LogsResponse, "start_query")
def _start_query(response: LogsResponse) -> str:
    ask = response._get_param
    if ask("queryLanguage") not in {None, "CWLI"}:
        raise NotImplementedError("SQL and PPL of Logs Insights")
    if ask("startTime") > ask("endTime"):
        raise InvalidParameterException("End time should not be before start time.")
    groups = list(_groups(response.logs_backend, _named(response)))
    events = [
        event for group in groups for event in _events(group, ask("startTime"), ask("endTime"))
    ]
    try:
        result = run(ask("queryString"), events, limit=ask("limit"))
    except QueryError as error:
        raise _malformed(error) from error
    query = str(uuid.uuid4())
    _results[query] = result
    while len(_results) > _KEPT:
        _results.popitem(last=False)
    return json.dumps({"queryId": query})


def _named(response: LogsResponse) -> list[str]:
    given = {way: value for way in _WAYS if (value := response._get_param(way))}
    if len(given) != 1:
        raise InvalidParameterException(
            "Exactly one of logGroupName, logGroupNames or logGroupIdentifiers must be given."
        )
    (names,) = given.values()
    names = [names] if isinstance(names, str) else names
    if len(names) > _MOST_GROUPS:
        raise InvalidParameterException(f"A query has at most {_MOST_GROUPS} log groups.")
    return names


def _groups(backend: LogsBackend, names: list[str]) -> Iterator[LogGroup]:
    for name in names:
        short = name.partition(":log-group:")[2] or name
        if short not in backend.groups:
            raise ResourceNotFoundException(
                f"Log group '{short}' does not exist for account ID '{backend.account_id}'"
            )
        yield backend.groups[short]


def _events(group: LogGroup, start: int, end: int) -> Iterator[Event]:
    """Yield a group's events of these seconds, both included."""
    for stream in list(group.streams.values()):
        for event in list(stream.events):
            if start * 1000 <= event.timestamp < (end + 1) * 1000:
                yield Event(
                    log=f"{group.account_id}:{group.name}",
                    stream=stream.log_stream_name,
                    pointer=str(event.event_id),
                    timestamp=event.timestamp,
                    ingested=event.ingestion_time,
                    message=event.message,
                )


@add(LogsResponse, "get_query_results")
def _get_results(response: LogsResponse) -> str:
    query = response._get_param("queryId")
    if query not in _results:
        raise ResourceNotFoundException(f"Query '{query}' does not exist.")
    result = _results[query]
    rows: list[object] = [
        [{"field": field, "value": value} for field, value in row] for row in result.rows
    ]
    statistics = {
        "recordsMatched": float(result.matched),
        "recordsScanned": float(result.scanned),
        "bytesScanned": float(result.size),
    }
    return json.dumps(
        {
            "queryLanguage": "CWLI",
            "results": rows,
            "statistics": statistics,
            "status": "Complete",
        }
    )
