"""Log records of web ACL traffic, in AWS's format and with what must not be shown taken out.

Source: AWS WAF Developer Guide, "Log fields for protection pack (web ACL) traffic", "Log
examples", "Data protection" and "Finding your protection pack (web ACL) records".
"""

import base64
import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from emulator.waf.fields import Inspection
from emulator.waf.rules import Outcome, WebAcl
from emulator.wire.documents import Document, JsonObject

REDACTED = "REDACTED"
_MAX_LABELS = 100

Mask = Callable[[str], str]


@dataclass(frozen=True)
class LogConfig:
    """Where a web ACL's records go, which of them, and what each must not show."""

    group: str | None
    filter: Document | None
    protections: tuple["Protection", ...]


@dataclass(frozen=True)
class Protection:
    """One field to mask: its type as data protection names it, the names in it (all if empty)."""

    kind: str
    keys: frozenset[str]
    mask: Mask
    keeps_match_details: bool = False
    keeps_rate_details: bool = False


def log_config(logging: Document | None, acl: Document, account_id: str) -> LogConfig:
    """Compile a logging configuration and the web ACL's data protection, in boto3's shapes."""
    protections = [
        _protection(one, account_id)
        for one in (acl.get("DataProtectionConfig") or {}).get("DataProtections") or ()
    ]
    if logging is None:
        return LogConfig(None, None, tuple(protections))
    protections.extend(_redaction(one) for one in logging.get("RedactedFields") or ())
    destination = str(logging["LogDestinationConfigs"][0])
    _, _, group = destination.partition(":log-group:")
    return LogConfig(
        group.removesuffix(":*") or None, logging.get("LoggingFilter"), tuple(protections)
    )


def _redaction(component: Document) -> Protection:
    ((kind, options),) = component.items()
    names = {"UriPath": "URI_PATH", "QueryString": "QUERY_STRING", "Method": "METHOD"}
    if kind == "SingleHeader":
        return Protection(
            "SINGLE_HEADER", frozenset({options["Name"].strip().lower()}), lambda _: REDACTED
        )
    return Protection(names[kind], frozenset(), lambda _: REDACTED)


def _protection(shape: Document, account_id: str) -> Protection:
    def hashed(text: str) -> str:
        return base64.b64encode(hashlib.sha256((account_id + text).encode()).digest()).decode()

    target = shape["Field"]
    return Protection(
        kind=target["FieldType"],
        keys=frozenset(key.lower() for key in target.get("FieldKeys") or ()),
        mask=hashed if shape["Action"] == "HASH" else lambda _: REDACTED,
        keeps_match_details=bool(shape.get("ExcludeRuleMatchDetails")),
        keeps_rate_details=bool(shape.get("ExcludeRateBasedDetails")),
    )


def build_record(
    acl: WebAcl,
    inspection: Inspection,
    outcome: Outcome,
    *,
    source_id: str,
    request_id: str,
    protections: Sequence[Protection],
) -> JsonObject:
    """Return the log record of one request."""
    request = inspection.request
    response = outcome.action.response
    masks = _Masks(protections)
    record: JsonObject = {
        "timestamp": int(time.time() * 1000),
        "formatVersion": 1,
        "webaclId": acl.arn,
        "terminatingRuleId": outcome.rule,
        "terminatingRuleType": outcome.kind,
        "action": outcome.action.kind,
        "terminatingRuleMatchDetails": masks.details(outcome.details),
        "httpSourceName": "APIGW",
        "httpSourceId": source_id,
        "ruleGroupList": [masks.group(group) for group in outcome.groups],
        "rateBasedRuleList": [masks.rate(rate) for rate in inspection.rates],
        "nonTerminatingMatchingRules": [masks.rule(entry) for entry in outcome.counted],
        "requestHeadersInserted": [
            {"name": name, "value": value} for name, value in outcome.inserted.values()
        ]
        or None,
        "responseCodeSent": None if response is None else response.status,
        "httpRequest": {
            "clientIp": request.source_ip,
            "country": "-",  # of a loopback address, as AWS logs what it does not know
            "headers": [
                {"name": name, "value": masks.header(name, value)}
                for name, value in request.headers
            ],
            "uri": masks.whole("URI_PATH", request.path),
            "args": masks.query(request.query),
            "httpVersion": "HTTP/1.1",
            "httpMethod": masks.whole("METHOD", request.method),
            "requestId": request_id,
        },
        "labels": [{"name": label} for label in list(inspection.labels)[:_MAX_LABELS]],
        "requestBodySize": len(request.body),
        "requestBodySizeInspectedByWAF": len(inspection.body),
    }
    if inspection.oversize:
        record["oversizeFields"] = list(inspection.oversize)
    return record


class _Masks:
    """Takes out of a record what the web ACL's owner does not want to see in it."""

    def __init__(self, protections: Sequence[Protection]) -> None:
        self._protections = protections

    def _find(self, kind: str, key: str | None = None) -> Protection | None:
        return next(
            (one for one in self._protections
             if one.kind == kind and (key is None or not one.keys or key.lower() in one.keys)),
            None,
        )  # fmt: skip

    def whole(self, kind: str, text: str) -> str:
        found = self._find(kind)
        return found.mask(text) if found else text

    def header(self, name: str, value: str) -> str:
        found = self._find("SINGLE_HEADER", name)
        if name.lower() != "cookie":
            return found.mask(value) if found else value
        # Of a cookie header only the values are masked.
        parts = []
        for part in value.split(";"):
            key, equals, text = part.partition("=")
            mask = found or self._find("SINGLE_COOKIE", key.strip())
            parts.append(f"{key}={mask.mask(text)}" if mask and equals else part)
        return ";".join(parts)

    def query(self, query: str) -> str:
        if self._find("QUERY_STRING"):
            return self.whole("QUERY_STRING", query)
        parts = []
        for part in query.split("&"):
            key, equals, text = part.partition("=")
            mask = self._find("SINGLE_QUERY_ARGUMENT", key)
            parts.append(f"{key}={mask.mask(text)}" if mask and equals else part)
        return "&".join(parts)

    def details(self, details: list[JsonObject] | None) -> list[JsonObject] | None:
        return None if details is None else [self._detail(detail) for detail in details]

    def _detail(self, detail: JsonObject) -> JsonObject:
        name = detail.get("matchedFieldName")
        masks: list[Protection | None]
        match detail["location"]:
            case "HEADER":
                masks = [self._find("SINGLE_HEADER", name or "")]
            case "COOKIE":
                masks = [
                    self._find("SINGLE_COOKIE", name or ""), self._find("SINGLE_HEADER", "cookie")
                ]  # fmt: skip
            case "SINGLE_QUERY_ARG" | "ALL_QUERY_ARGS":
                masks = [
                    self._find("QUERY_STRING"), self._find("SINGLE_QUERY_ARGUMENT", name or "")
                ]  # fmt: skip
            case "QUERY_STRING":
                # Which argument matched is not known: the strictest of all their masks applies.
                masks = [self._find("QUERY_STRING"), self._find("SINGLE_QUERY_ARGUMENT")]
            case "URI":
                masks = [self._find("URI_PATH")]
            case "METHOD":
                masks = [self._find("METHOD")]
            case _:
                masks = [self._find("BODY")]
        mask = next((one for one in masks if one and not one.keeps_match_details), None)
        if mask is None:
            return detail
        hidden = detail | {"matchedData": [mask.mask("".join(detail["matchedData"]))]}
        if name is not None and mask.kind == "QUERY_STRING":
            hidden["matchedFieldName"] = REDACTED
        return hidden

    def rule(self, entry: JsonObject) -> JsonObject:
        return entry | {"ruleMatchDetails": self.details(entry["ruleMatchDetails"])}

    def group(self, group: JsonObject) -> JsonObject:
        counted = group["nonTerminatingMatchingRules"]
        return group | {"nonTerminatingMatchingRules": [self.rule(entry) for entry in counted]}

    def rate(self, rate: JsonObject) -> JsonObject:
        values = rate.get("customValues")
        return rate | ({"customValues": [self._key(value) for value in values]} if values else {})

    def _key(self, value: JsonObject) -> JsonObject:
        mask = self._find("SINGLE_HEADER", value["name"]) if value["key"] == "HEADER" else None
        if mask is None or mask.keeps_rate_details:
            return value
        return value | {"value": mask.mask(value["value"])}


def is_kept(log_filter: Document | None, record: Document) -> bool:
    """Return whether a logging filter keeps a record."""
    if not log_filter:
        return True
    actions, labels = _actions(record), {label["name"] for label in record["labels"]}
    for one in log_filter["Filters"]:
        met = [_is_met(condition, actions, labels) for condition in one["Conditions"]]
        if all(met) if one["Requirement"] == "MEETS_ALL" else any(met):
            return bool(one["Behavior"] == "KEEP")
    return bool(log_filter["DefaultBehavior"] == "KEEP")


def _actions(record: Document) -> set[str]:
    counted = list(record["nonTerminatingMatchingRules"])
    actions = {record["action"]}
    for group in record["ruleGroupList"]:
        counted.extend(group["nonTerminatingMatchingRules"])
    return actions | {entry["action"] for entry in counted}


def _is_met(condition: Document, actions: set[str], labels: set[str]) -> bool:
    action = condition.get("ActionCondition")
    if action:
        return action["Action"] in actions
    return condition["LabelNameCondition"]["LabelName"] in labels
