"""EventBridge in moto 5.2.5, where it does not do what AWS does (API reference)."""

import json
import re

from moto.events.exceptions import (
    InvalidEventPatternException,
    ResourceNotFoundException,
    ValidationException,
)
from moto.events.models import EventPattern, EventsBackend, Rule
from moto.events.responses import EventsHandler

from emulator.events.patterns import PatternError, compiled, event_of, matches
from emulator.patching import Moto, add, patch
from emulator.wire.documents import JsonObject
from emulator.wire.errors import AwsError

MAX_TARGETS = 5
"""Targets of a rule (EventBridge User Guide, "Quotas")."""

# User Guide, "Input transformation": placeholders that need no path.
_PREDEFINED = {
    "aws.events.event",
    "aws.events.event.ingestion-time",
    "aws.events.event.json",
    "aws.events.rule-arn",
    "aws.events.rule-name",
}


def _rule(backend: EventsBackend, name: str, bus: str | None) -> Rule:
    """Return a rule; moto's texts about one that is not there differ from call to call."""
    bus_name = backend._normalize_event_bus_arn(bus)
    found = backend._get_event_bus(bus_name).rules.get(name)
    if found is None:
        raise ResourceNotFoundException(f"Rule {name} does not exist on EventBus {bus_name}.")
    rule: Rule = found
    return rule


@patch(EventsBackend, "put_rule")
def _keep_tags_of_a_rule(
    original: Moto, backend: EventsBackend, name: str, **settings: str | None
) -> object:
    # AWS: the tags in PutRule are ignored where the rule is there already.
    if pattern := settings.get("event_pattern"):
        try:
            compiled(pattern)
        except PatternError as error:
            raise InvalidEventPatternException(str(error)) from error
    bus = backend._normalize_event_bus_arn(settings.get("event_bus_arn"))
    if name in backend._get_event_bus(bus).rules:
        settings["tags"] = None
    return original(backend, name, **settings)


@add(EventPattern, "matches_event")
def _match(pattern: EventPattern, event: object) -> bool:
    # moto takes an empty array for a field that exists, and knows no arrays of objects.
    text = pattern.dump()
    return not text or matches(text, json.loads(json.dumps(event)))


@add(EventsHandler, "test_event_pattern")
def _test_pattern(response: EventsHandler) -> str:
    try:
        event = event_of(response._get_param("Event"))
    except (TypeError, ValueError) as error:
        raise ValidationException(f"Parameter Event is not valid. {error}") from error
    try:
        result = matches(response._get_param("EventPattern"), event)
    except PatternError as error:
        raise InvalidEventPatternException(str(error)) from error
    return json.dumps({"Result": result})


@patch(EventsBackend, "put_targets")
def _check_targets(
    original: Moto, backend: EventsBackend, name: str, bus: str | None, targets: list[JsonObject]
) -> None:
    rule = _rule(backend, name, bus)
    ids = {one["Id"] for one in [*rule.targets, *targets]}
    if len(ids) > MAX_TARGETS:
        raise AwsError(
            400,
            "LimitExceededException",
            "The requested resource exceeds the maximum number allowed.",
        )
    for target in targets:
        transformer = target.get("InputTransformer") or {}
        known = {*transformer.get("InputPathsMap", {}), *_PREDEFINED}
        for name_ in re.findall(r"<([^<>\s]+)>", transformer.get("InputTemplate", "")):
            if name_ not in known:
                raise ValidationException(
                    f"InputTemplate for target {target['Id']} contains invalid placeholder {name_}."
                )
        if sum(one in target for one in ("Input", "InputPath", "InputTransformer")) > 1:
            raise ValidationException(
                "Only one of Input, InputPath, or InputTransformer must be provided for target"
                f" {target['Id']}."
            )
    original(backend, name, bus, targets)


for _operation in ("describe_rule", "disable_rule", "enable_rule", "list_targets_by_rule"):

    @patch(EventsBackend, _operation)
    def _name_the_bus(
        original: Moto,
        backend: EventsBackend,
        rule_id: str,
        event_bus_arn: str | None = None,
        **page: object,
    ) -> object:
        _rule(backend, rule_id, event_bus_arn)
        return original(backend, rule_id, event_bus_arn, **page)


@patch(EventsBackend, "list_rules")
def _plain_prefix(original: Moto, backend: EventsBackend, **options: str | None) -> object:
    # moto takes the prefix for a regular expression.
    if prefix := options.get("prefix"):
        options["prefix"] = re.escape(prefix)
    return original(backend, **options)
