"""CloudWatch metrics: those of the services, of a function's log lines and of metric filters.

Sources: CloudWatch User Guide, "Specification: Embedded metric format"; CloudWatch Logs User Guide,
"Filter pattern syntax for metric filters". A datum holds a minute's sum, least, most and count:
there are no percentiles here.
"""

import fnmatch
import functools
import itertools
import json
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from moto.cloudwatch.models import MetricAggregatedDatum, cloudwatch_backends

from emulator.account import Value
from emulator.cloudwatch.evaluation import Point
from emulator.wire.documents import Document, JsonObject

_MOST_DATA = 20_000  # of all series together; the oldest go

_Key = tuple[int, str, str, tuple[tuple[str, str], ...]]
Matches = Callable[[object], bool]


class Metrics:
    """Adds to moto's CloudWatch, in place and one datum for a series and minute.

    In-process on purpose: a call of PutMetricData for each request would cost more than the
    request, and is no change of the configuration.
    """

    def __init__(self, account_id: str, region: str, now: Callable[[], float] = time.time) -> None:
        self._account_id = account_id
        self._region = region
        self._now = now
        self._lock = threading.Lock()
        self._data: dict[_Key, MetricAggregatedDatum] = {}  # oldest first

    def add(
        self,
        namespace: str,
        name: str,
        dimensions: Mapping[str, str],
        value: float = 1.0,
        unit: str = "Count",
    ) -> None:
        """Count a value in a series, now."""
        self.add_all(namespace, dimensions, ((name, value, unit),))

    def add_all(
        self, namespace: str, dimensions: Mapping[str, str], values: Iterable[Value]
    ) -> None:
        """Count values (name, value, unit) in series of the same dimensions, now."""
        minute, named = int(self._now() // 60), tuple(sorted(dimensions.items()))
        with self._lock:
            for name, value, unit in values:
                key = (minute, namespace, name, named)
                datum = self._data.get(key) or self._new(key, value, unit)
                datum.min = min(datum.min, value)
                datum.max = max(datum.max, value)
                datum.sum += value
                datum.sample_count += 1

    def _new(self, key: _Key, value: float, unit: str) -> MetricAggregatedDatum:
        minute, namespace, name, dimensions = key
        kept = cloudwatch_backends[self._account_id][self._region].metric_data
        if len(self._data) >= _MOST_DATA:
            oldest = list(self._data)[: _MOST_DATA // 4]
            gone = {id(self._data.pop(each)) for each in oldest}
            kept[:] = [datum for datum in kept if id(datum) not in gone]
        datum = MetricAggregatedDatum(
            namespace=namespace,
            name=name,
            min_stat=value,
            max_stat=value,
            sample_count=0,
            sum_stat=0,
            dimensions=[{"Name": one, "Value": other} for one, other in dimensions],
            timestamp=datetime.fromtimestamp(minute * 60, UTC).replace(tzinfo=None),
            unit=unit,
        )
        self._data[key] = datum
        kept.append(datum)
        return datum

    def points(self, metric: Document, since: float) -> list[Point]:
        """Return what a series (MetricName, Namespace, Dimensions) was since a time."""
        name, namespace = metric["MetricName"], metric["Namespace"]
        wanted = {(one["Name"], one["Value"]) for one in metric.get("Dimensions", ())}
        found = []
        for datum in list(cloudwatch_backends[self._account_id][self._region].metric_data):
            if (datum.name, datum.namespace) == (name, namespace) and wanted == {
                (one.name, one.value) for one in datum.dimensions
            }:
                stamp = datum.timestamp
                at = (stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)).timestamp()
                if at < since:
                    continue
                if isinstance(datum, MetricAggregatedDatum):
                    values = (datum.min, datum.max, datum.sum, datum.sample_count)
                else:
                    values = (datum.value, datum.value, datum.value, 1)
                found.append(Point(at, *values))
        return found

    def observe(self, group: str, messages: Sequence[str], filters: Iterable[Document]) -> None:
        """Count what was written to a log group: its events, and what they say of metrics."""
        own = [each for each in filters if each["logGroupName"] == group]
        sizes = (
            (("IncomingLogEvents", 1.0, "Count"), ("IncomingBytes", len(one) + 26.0, "Bytes"))
            for one in messages
        )
        self.add_all("AWS/Logs", {"LogGroupName": group}, itertools.chain.from_iterable(sizes))
        for message in messages:
            embedded = '"_aws"' in message
            document = _parsed(message) if own or embedded else None
            if embedded and document:
                self._embedded(document)
            if document is not None:
                for each in own:
                    self._filtered(each, document)

    def _embedded(self, document: Document) -> None:
        try:
            for directive in document["_aws"]["CloudWatchMetrics"]:
                for names in directive.get("Dimensions") or [[]]:
                    dimensions = {name: str(document[name]) for name in names if name in document}
                    values = list(_embedded_values(directive["Metrics"], document))
                    self.add_all(directive["Namespace"], dimensions, values)
        except (AttributeError, KeyError, TypeError):
            return  # any function may write anything; CloudWatch, too, counts what it can read

    def _filtered(self, metric_filter: Document, document: Document) -> None:
        try:
            if not compiled(metric_filter["filterPattern"])(document):
                return
        except ValueError:
            return  # the control plane said so when the filter was made
        for each in metric_filter["metricTransformations"]:
            text: str = each["metricValue"]
            named = text.startswith("$.")
            value = _value(document, text[2:].split(".")) if named else _number(text)
            if isinstance(value, int | float):
                self.add(each["metricNamespace"], each["metricName"], {}, float(value), "None")


def _embedded_values(metrics: Iterable[Document], document: Document) -> Iterator[Value]:
    for metric in metrics:
        values = document.get(metric["Name"])
        for value in values if isinstance(values, list) else [values]:
            if isinstance(value, int | float):
                yield metric["Name"], float(value), metric.get("Unit", "None")


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _parsed(message: str) -> JsonObject | None:
    try:
        document = json.loads(message)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


# Metric filters over JSON

_TOKEN = re.compile(
    r'\s*(?:(?P<sign>[{}()]|&&|\|\||!=|=)|(?P<path>\$\.[\w.]+)|"(?P<text>[^"]*)"|(?P<word>[\w.*-]+))'
)
_ABSENT = object()


@functools.lru_cache(maxsize=64)
def compiled(pattern: str) -> Matches:
    """Compile a metric filter over JSON; ValueError for syntax that is not known here.

    Known are `=`, `!=` with `*`, `IS TRUE|FALSE|NULL`, `NOT EXISTS`, `&&`, `||` and brackets.
    """
    return _Parser(pattern).whole()


class _Parser:
    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._tokens: list[tuple[str, str]] = []
        end = 0
        while match := _TOKEN.match(pattern, end):
            self._tokens.append((str(match.lastgroup), match[str(match.lastgroup)]))
            end = match.end()
        if pattern[end:].strip():
            raise ValueError(f"metric filter not understood at {pattern[end : end + 20]!r}")

    def _next(self, *wanted: str) -> str:
        kind, text = self._tokens.pop(0) if self._tokens else ("end", "")
        if wanted and text not in wanted and kind not in wanted:
            raise ValueError(f"metric filter {self._pattern!r}: {text!r} where {wanted} should be")
        return text

    def _follows(self, text: str) -> bool:
        if self._tokens and self._tokens[0] == ("sign", text):
            self._tokens.pop(0)
            return True
        return False

    def whole(self) -> Matches:
        self._next("{")
        matches = self._any()
        self._next("}")
        return matches

    def _any(self) -> Matches:
        parts = [self._all()]
        while self._follows("||"):
            parts.append(self._all())
        if len(parts) == 1:
            return parts[0]
        return lambda document: any(part(document) for part in parts)

    def _all(self) -> Matches:
        parts = [self._one()]
        while self._follows("&&"):
            parts.append(self._one())
        if len(parts) == 1:
            return parts[0]
        return lambda document: all(part(document) for part in parts)

    def _one(self) -> Matches:
        if self._follows("("):
            inner = self._any()
            self._next(")")
            return inner
        path = self._next("path")[2:].split(".")
        match self._next("=", "!=", "IS", "NOT"):
            case "IS":
                wanted = {"TRUE": True, "FALSE": False, "NULL": None}[
                    self._next("TRUE", "FALSE", "NULL")
                ]
                return lambda document: _value(document, path) is wanted
            case "NOT":
                self._next("EXISTS")
                return lambda document: _value(document, path) is _ABSENT
            case sign:
                like = _like(self._next("text", "word"))
                # A field that is not there equals nothing and differs from nothing.
                return lambda document: (
                    (value := _value(document, path)) is not _ABSENT
                    and like(str(value)) is (sign == "=")
                )


def _like(text: str) -> Callable[[str], bool]:
    """Return the comparison with a text in which `*` stands for anything."""
    if not set("*?") & set(text):
        return text.__eq__
    whole = re.compile(fnmatch.translate(text.replace("[", "[[]"))).match
    return lambda value: whole(value) is not None


def _value(document: object, path: list[str]) -> object:
    for name in path:
        if not isinstance(document, Mapping) or name not in document:
            return _ABSENT
        document = document[name]
    return document
