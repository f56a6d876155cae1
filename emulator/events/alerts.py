"""Alerts: what EventBridge's rules and CloudWatch's alarms publish to SNS topics.

Each publication is asked of the topic's policy and, where the topic is encrypted, of the key's.
Nothing is mailed: the emulator's log shows what SNS would send.

Sources: EventBridge User Guide, "AWS service events delivered via AWS CloudTrail", "Using
resource-based policies", "Monitoring Amazon EventBridge"; Amazon SNS Developer Guide, "Managing
Amazon SNS encryption keys and costs".
"""

import json
import logging
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from emulator.cloud import OPERATOR_KEY_ID, Cloud
from emulator.events.patterns import matches
from emulator.iam import Authorizer
from emulator.iam.resources import key_arn
from emulator.wire.call import Call
from emulator.wire.documents import Document, JsonObject
from emulator.wire.errors import AwsError
from emulator.wire.http import HttpResponse
from iam_policy import access_denied_message

_log = logging.getLogger("emulator")

_EVENTS = "events.amazonaws.com"
_ALARMS = "cloudwatch.amazonaws.com"
_KEY_USES = ("kms:GenerateDataKey", "kms:Decrypt")


@dataclass(frozen=True)
class _Rule:
    name: str
    pattern: str
    targets: tuple[Document, ...]


class Alerts:
    """Publishes for the applied rules and alarms, as far as topics and keys let them."""

    def __init__(self, cloud: Cloud, authorizer: Authorizer) -> None:
        self._cloud = cloud
        self._authorizer = authorizer

    def events(self, records: Iterable[Document]) -> None:
        """Hand CloudTrail's records to the rules of the default event bus."""
        for record in records:
            # Read-only calls come only to rules that ask for them; another Region has its own bus.
            if record["readOnly"] or record["awsRegion"] != self._cloud.region:
                continue
            event = _event(record)
            for rule in self._cloud.snapshot("events:rules", self._rules):
                if matches(rule.pattern, event):
                    for target in rule.targets:
                        self._invoke(rule.name, target, event)

    def _rules(self) -> tuple[_Rule, ...]:
        client = self._cloud.client("events")
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
        self._cloud.metric("AWS/Events", "Invocations", dimensions)
        refusal = "the emulator delivers to SNS topics only"
        if target["Arn"].split(":")[2] == "sns":
            refusal = self._publish(_EVENTS, target["Arn"], _message(target, event), {})
        if refusal:
            self._cloud.metric("AWS/Events", "FailedInvocations", dimensions)
            _log.warning("EventBridge's rule %s cannot reach %s: %s", rule, target["Arn"], refusal)

    def watch(self, call: Call) -> Callable[[HttpResponse], None] | None:
        """Return what runs the actions of an alarm, once a call has set its state."""
        if call.operation != "SetAlarmState":
            return None
        before = self._described(str(call.params.get("AlarmName")))
        return lambda _: self._ring(before)

    def _described(self, name: str) -> Document | None:
        alarms = self._cloud.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
        return alarms[0] if alarms else None

    def _ring(self, before: Document | None) -> None:
        """Run an alarm's actions for the state that it has now, unless it had it before."""
        alarm = before and self._described(before["AlarmName"])
        if not before or not alarm or not alarm.get("ActionsEnabled", True):
            return
        name, state = alarm["AlarmName"], alarm["StateValue"]
        if state == before["StateValue"]:
            return
        actions = {
            "ALARM": "AlarmActions",
            "INSUFFICIENT_DATA": "InsufficientDataActions",
            "OK": "OKActions",
        }
        origin = {
            "aws:SourceAccount": self._cloud.account_id,
            "aws:SourceArn": alarm["AlarmArn"],
        }
        message = {
            "AlarmName": name,
            "AlarmDescription": alarm.get("AlarmDescription"),
            "AWSAccountId": self._cloud.account_id,
            "NewStateValue": state,
            "NewStateReason": alarm.get("StateReason"),
            "StateChangeTime": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.000+0000}",
            "Region": self._cloud.region,
            "AlarmArn": alarm["AlarmArn"],
            "OldStateValue": before["StateValue"],
            "Trigger": {
                part: alarm[part]
                for part in ("MetricName", "Namespace", "Statistic", "Dimensions", "Period")
                if part in alarm
            },
        }
        for action in alarm.get(actions[state], ()):
            if refusal := self._publish(_ALARMS, action, json.dumps(message), origin):
                _log.warning("the alarm %s cannot reach %s: %s", name, action, refusal)

    def refuse(self, call: Call) -> None:
        """Refuse to publish for a caller who may not encrypt with the topic's key.

        A key's policy binds everybody, the account's administrator too. Raises AwsError.
        """
        caller = call.principal
        if call.operation not in {"Publish", "PublishBatch"}:
            return
        if caller.access_key_id == OPERATOR_KEY_ID:
            return  # a service's own publication, which was decided before
        for action, key in self._key_uses(str(call.params.get("TopicArn"))):
            decision = self._authorizer.authorize_key(caller, action, key)
            if not decision.allowed:
                why = access_denied_message(decision, caller.arn, action, key)
                text = f"{why} (Service: AWSKMS; Status Code: 400)"
                raise AwsError(400, "KMSAccessDenied", text)

    def _key_uses(self, topic: str) -> list[tuple[str, str]]:
        """Return what whoever publishes must be allowed to do with the topic's key, if it has one.

        Nothing for a topic that does not exist: SNS says so itself.
        """
        sns = self._cloud.client("sns")
        try:
            attributes = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
        except sns.exceptions.ClientError:
            return []
        key = attributes.get("KmsMasterKeyId")
        arn = key_arn(key, self._cloud.region, self._cloud.account_id) if key else ""
        return [(action, arn) for action in _KEY_USES] if key else []

    def _publish(self, service: str, topic: str, message: str, origin: Mapping[str, str]) -> str:
        """Publish for a service; return why it may not, or nothing."""
        for action, resource in [("sns:Publish", topic), *self._key_uses(topic)]:
            decision = self._authorizer.authorize_service(service, action, resource, origin)
            if not decision.allowed:
                return f"{action} on {resource} is refused ({decision.reason}, {decision.by})"
        self._cloud.client("sns").publish(TopicArn=topic, Message=message)
        name = topic.rpartition(":")[2]
        self._cloud.metric("AWS/SNS", "NumberOfMessagesPublished", {"TopicName": name})
        _log.info("SNS would mail from %s: %s", name, message)
        return ""


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
