"""EventBridge's rules on CloudTrail's records: which match, and what their targets get.

Sources: EventBridge User Guide, "Receiving read-only management events from AWS services", "Using
resource-based policies", "Input transformation", "Monitoring Amazon EventBridge".
"""

import json
import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from emulator.account import Account, every
from emulator.events.patterns import Test, compiled
from emulator.sns.publishing import Publisher
from emulator.wire.documents import Document, JsonObject

_log = logging.getLogger("emulator")

_SERVICE = "events.amazonaws.com"
_READING_TOO = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"


@dataclass(frozen=True)
class _Rule:
    name: str
    arn: str
    matches: Test
    hears_reads: bool
    targets: tuple[Document, ...]


class Rules:
    """The applied rules of the default event bus."""

    def __init__(self, account: Account, publisher: Publisher) -> None:
        self._account = account
        self._publisher = publisher

    def deliver(self, records: Iterable[Document]) -> None:
        """Hand CloudTrail's records to the rules that match them."""
        for record in records:
            if record["awsRegion"] != self._account.region:
                continue  # another Region has its own bus
            event = event_of_record(record)
            for rule in self._account.snapshot("events:rules", self._rules):
                heard = rule.hears_reads and record.get("managementEvent")
                if (heard or not record["readOnly"]) and rule.matches(event):
                    for target in rule.targets:
                        self._invoke(rule, target, event)

    def _rules(self) -> tuple[_Rule, ...]:
        client = self._account.client("events")
        return tuple(
            _Rule(
                rule["Name"],
                rule["Arn"],
                compiled(rule["EventPattern"]),
                rule["State"] == _READING_TOO,
                tuple(client.list_targets_by_rule(Rule=rule["Name"])["Targets"]),
            )
            for rule in every(client, "list_rules", "Rules")
            if rule["State"] != "DISABLED" and rule.get("EventPattern")
        )

    def _invoke(self, rule: _Rule, target: Document, event: Document) -> None:
        dimensions = {"RuleName": rule.name}
        self._account.metrics.add("AWS/Events", "Invocations", dimensions)
        refusal = "the emulator delivers to SNS topics only"
        if target["Arn"].split(":")[2] == "sns":
            message = _message(rule, target, event)
            refusal = self._publisher.publish(_SERVICE, target["Arn"], message, {})
        if refusal:
            self._account.metrics.add("AWS/Events", "FailedInvocations", dimensions)
            _log.warning(
                "EventBridge's rule %s cannot reach %s: %s", rule.name, target["Arn"], refusal
            )


def event_of_record(record: Document) -> JsonObject:
    """Make EventBridge's event of a record of the trail."""
    return {
        "version": "0",
        "id": record["eventID"],
        "detail-type": "AWS API Call via CloudTrail",
        "source": f"aws.{record['eventSource'].partition('.')[0]}",
        "account": record["recipientAccountId"],
        "time": record["eventTime"],
        "region": record["awsRegion"],
        "resources": [],
        "detail": record,
    }


def _message(rule: _Rule, target: Document, event: Document) -> str:
    """Return what a target gets: its constant, a part, its template filled, or the event."""
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        return json.dumps(_at(target["InputPath"], event))
    transformer = target.get("InputTransformer")
    return filled(transformer, event, rule.name, rule.arn) if transformer else json.dumps(event)


def filled(transformer: Document, event: Document, rule: str, arn: str) -> str:
    """Fill an input transformer's template.

    Inside quotation marks a value stands as it is, outside as JSON; what the event lacks is left
    out. The marks around a text stay, so that its readers see them (LocalStack's recordings of AWS,
    tests/aws/services/events/test_events_inputs.snapshot.json).
    """
    template = str(transformer["InputTemplate"])
    values = {
        "aws.events.event": {name: each for name, each in event.items() if name != "detail"},
        "aws.events.event.ingestion-time": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "aws.events.event.json": event,
        "aws.events.rule-arn": arn,
        "aws.events.rule-name": rule,
        **{name: _at(path, event) for name, path in transformer.get("InputPathsMap", {}).items()},
    }

    def value(name: re.Match[str]) -> str:
        found = values.get(name[1])
        quoted = len(re.findall(r'(?<!\\)"', template[: name.start()])) % 2
        if found is None:
            return ""
        return found if quoted and isinstance(found, str) else json.dumps(found)

    return re.sub(r"<([\w.-]+)>", value, template)


def _at(path: str, event: Document) -> object:
    """Return what stands at a path such as $.detail.eventName; None for nothing."""
    found: object = event
    for part in path.removeprefix("$").split(".")[1:]:
        found = found.get(part) if isinstance(found, Mapping) else None
    return found
