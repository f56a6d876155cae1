"""EventBridge's rules on CloudTrail's records: which match, and what their targets get.

Sources: EventBridge User Guide, "AWS service events delivered via AWS CloudTrail", "Using
resource-based policies", "Monitoring Amazon EventBridge".
"""

import json
import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from emulator.account import Account
from emulator.events.patterns import matches
from emulator.sns.publishing import Publisher
from emulator.wire.documents import Document, JsonObject

_log = logging.getLogger("emulator")

_SERVICE = "events.amazonaws.com"


@dataclass(frozen=True)
class _Rule:
    name: str
    pattern: str
    targets: tuple[Document, ...]


class Rules:
    """The applied rules of the default event bus."""

    def __init__(self, account: Account, publisher: Publisher) -> None:
        self._account = account
        self._publisher = publisher

    def deliver(self, records: Iterable[Document]) -> None:
        """Hand CloudTrail's records to the rules that match them."""
        for record in records:
            # Read-only calls come only to rules that ask for them; another Region has its own bus.
            if record["readOnly"] or record["awsRegion"] != self._account.region:
                continue
            event = _event(record)
            for rule in self._account.snapshot("events:rules", self._rules):
                if matches(rule.pattern, event):
                    for target in rule.targets:
                        self._invoke(rule.name, target, event)

    def _rules(self) -> tuple[_Rule, ...]:
        client = self._account.client("events")
        return tuple(
            _Rule(
                rule["Name"],
                rule["EventPattern"],
                tuple(client.list_targets_by_rule(Rule=rule["Name"])["Targets"]),
            )
            for page in client.get_paginator("list_rules").paginate()
            for rule in page["Rules"]
            if rule["State"] == "ENABLED" and rule.get("EventPattern")
        )

    def _invoke(self, rule: str, target: Document, event: Document) -> None:
        dimensions = {"RuleName": rule}
        self._account.metrics.add("AWS/Events", "Invocations", dimensions)
        refusal = "the emulator delivers to SNS topics only"
        if target["Arn"].split(":")[2] == "sns":
            refusal = self._publisher.publish(_SERVICE, target["Arn"], _message(target, event), {})
        if refusal:
            self._account.metrics.add("AWS/Events", "FailedInvocations", dimensions)
            _log.warning("EventBridge's rule %s cannot reach %s: %s", rule, target["Arn"], refusal)


def _event(record: Document) -> JsonObject:
    """Make EventBridge's event of a record."""
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


def _message(target: Document, event: Document) -> str:
    """Return what a target gets: its constant, its template filled, or the event."""
    if "Input" in target:
        return str(target["Input"])
    transformer = target.get("InputTransformer")
    if transformer is None:
        return json.dumps(event)
    paths = transformer.get("InputPathsMap", {})

    def value(name: re.Match[str]) -> str:
        found: Any = event
        for part in paths.get(name[1], "").removeprefix("$.").split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        return "" if found is None else str(found)

    return re.sub(r"<([\w-]+)>", value, str(transformer["InputTemplate"]))
