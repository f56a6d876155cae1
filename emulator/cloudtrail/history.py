"""CloudTrail's event history: LookupEvents and ListPublicKeys, which moto lacks.

Source: CloudTrail API reference, LookupEvents and ListPublicKeys; its guide, "Working with
CloudTrail event history": management events of one Region, whether or not a trail logs, the newest
first.
"""

import base64
import itertools
import json
from collections import deque
from collections.abc import Iterable
from datetime import UTC, datetime

from emulator.cloudtrail.digests import Signer
from emulator.wire.call import Call
from emulator.wire.documents import Document, JsonObject
from emulator.wire.errors import AwsError
from emulator.wire.http import HttpResponse, json_response

# AWS keeps 90 days of them.
_KEPT = 10_000
_PAGE = 50

_KEYS = ("AccessKeyId", "EventId", "EventName", "EventSource", "ReadOnly", "Username")

Record = Document


class History:
    """The newest management events."""

    def __init__(self) -> None:
        self._records: deque[Record] = deque(maxlen=_KEPT)

    def note(self, record: Record) -> None:
        """Remember a record, if it is of a management event."""
        if record["managementEvent"]:
            self._records.append(record)

    def answer(self, call: Call) -> HttpResponse:
        """Answer LookupEvents. Raises AwsError."""
        given = call.params
        wanted = given.get("LookupAttributes") or []
        if len(wanted) > 1:
            raise _refused("InvalidLookupAttributesException", "Only one attribute.")
        if any(one["AttributeKey"] not in _KEYS for one in wanted):
            raise AwsError(501, "InternalFailure", "The emulator keeps no resources of events.")
        start, end = (_moment(given.get(name)) for name in ("StartTime", "EndTime"))
        if start and end and start > end:
            raise _refused("InvalidTimeRangeException", "The start is after the end.")
        records = list(reversed(self._records.copy()))
        # The last event of the page before: by a number, each page would begin where new ones push.
        if token := given.get("NextToken"):
            known = [record["eventID"] for record in records]
            if token not in known:
                raise _refused("InvalidNextTokenException", "The token is not valid.")
            records = records[known.index(token) + 1 :]
        found = (
            event
            for record in records
            if record["awsRegion"] == call.region
            for event in (_event(record),)
            if all(event.get(one["AttributeKey"]) == one["AttributeValue"] for one in wanted)
            and (start is None or start <= event["EventTime"])
            and (end is None or event["EventTime"] <= end)
        )
        insight = given.get("EventCategory") == "insight"
        return _page(() if insight else found, int(given.get("MaxResults") or _PAGE))


def public_keys(signer: Signer, call: Call) -> HttpResponse:
    """Answer ListPublicKeys: those that signed within a time."""
    start, end = (_moment(call.params.get(name)) for name in ("StartTime", "EndTime"))
    if start and end and start > end:
        raise _refused("InvalidTimeRangeException", "The start is after the end.")
    keys = [
        {
            **key,
            "Value": base64.b64encode(key["Value"]).decode(),
            "ValidityStartTime": key["ValidityStartTime"].timestamp(),
            "ValidityEndTime": key["ValidityEndTime"].timestamp(),
        }
        for key in signer.public_keys()
        if (start is None or start <= key["ValidityEndTime"].timestamp())
        and (end is None or end >= key["ValidityStartTime"].timestamp())
    ]
    return json_response(200, {"PublicKeyList": keys})


def _page(found: Iterable[JsonObject], size: int) -> HttpResponse:
    page = list(itertools.islice(found, size + 1))
    answer: JsonObject = {"Events": page[:size]}
    if len(page) > size:
        answer["NextToken"] = page[size - 1]["EventId"]
    return json_response(200, answer)


def _event(record: Record) -> JsonObject:
    who = record["userIdentity"]
    event = {
        "EventId": record["eventID"],
        "EventName": record["eventName"],
        "ReadOnly": str(record["readOnly"]).lower(),
        "AccessKeyId": who.get("accessKeyId"),
        "EventTime": _time(record["eventTime"]),
        "EventSource": record["eventSource"],
        "Username": _name(who),
        "Resources": [],
        "CloudTrailEvent": json.dumps(record, default=str),
    }
    return {name: value for name, value in event.items() if value is not None}


def _name(who: Document) -> str:
    """Return the name that LookupEvents gives a caller: a session's own, or the account's root."""
    return "root" if who["type"] == "Root" else str(who["arn"]).rpartition("/")[2]


def _time(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _moment(given: object) -> float | None:
    """Read a time of a request: a number of seconds, or a text as some SDKs send it."""
    if given is None or isinstance(given, int | float):
        return given
    if isinstance(given, datetime):
        return given.timestamp()
    moment = datetime.fromisoformat(str(given))
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _refused(code: str, message: str) -> AwsError:
    return AwsError(400, code, message)
