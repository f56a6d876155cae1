"""A bound administrator tries everything: each attempt is refused, recorded, and raises an alert.

What is tried is derived (tests/tampering.py): every action that changes a kind of resource that the
environment has, but those that tests/tampering.toml excepts. With `pytest -s` it prints what became
of each.
"""

import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from emulator.events.patterns import matches
from emulator.events.rules import event_of_record, filled
from emulator.logs.filter_patterns import compile_filter
from tests.emulator.shown import allow, document, trust
from tests.rehearsal.notices import GLOBAL, NAME, REGION, as_role, mailed, pass_time, quiet, watched
from tests.tampering import derived, exceptions, undenied
from tests.tries import Try, tries
from toolkit.rehearsal import Rehearsal

TRAIL = f"/aws/cloudtrail/{NAME}"
ROLE = "bound-administrator"
PATIENCE_SECONDS = 30.0
# Which rules may watch a service: each change raises one alert, of one of them.
WATCHED_BY = {
    "apigateway": {"api-changed"},
    "bedrock": {"guardrail-changed", "invocation-logging-changed"},
    "cloudtrail": {"trail-changed"},
    "events": {"alerting-changed"},
    "kms": {"key-endangered"},
    "lambda": {"function-changed"},
    "logs": {"logs-changed"},
    "monitoring": {"alerting-changed"},
    "s3": {"logs-changed"},
    "sns": {"alerting-changed"},
    "wafv2": {"waf-changed"},
}
# Dev has no table of budgets and conversations, so no alert watches one.
ABSENT = "dynamodb:"
REFUSED = "Somebody tried to change a control and was refused"


@dataclass
class Tried:
    """What became of all attempts, and what was applied to watch them."""

    calls: list[Try]
    said: dict[str, str]  # call -> refusal, "" where it was allowed
    simulated: dict[str, str] = field(default_factory=dict)  # action -> decision
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    patterns: dict[str, str] = field(default_factory=dict)
    messages: dict[str, Any] = field(default_factory=dict)
    filters: dict[str, Callable[[str], bool]] = field(default_factory=dict)
    mails: list[str] = field(default_factory=list)

    def alerted_by(self, record: dict[str, Any]) -> list[str]:
        """Return the rules, and the filters of the trail's log, that a record sets off."""
        # AWS has global services' events in us-east-1, and read-only ones for who asks for them.
        event = (
            event_of_record(record)
            if record["awsRegion"] == REGION and not record["readOnly"]
            else {}
        )
        rules = [name for name, pattern in self.patterns.items() if matches(pattern, event)]
        text = json.dumps(record)
        return sorted([*rules, *(name for name, sees in self.filters.items() if sees(text))])


def names(dev: Rehearsal) -> dict[str, str]:
    """Return how calls name what the environment has, by members of AWS's models in lower case."""
    outputs = dev.terraform().outputs()
    account = dev.client("sts", REGION).get_caller_identity()["Account"]
    sns = f"arn:aws:sns:{REGION}:{account}:{NAME}-alerts"
    key = dev.client("kms", REGION).describe_key(KeyId=f"alias/{NAME}")["KeyMetadata"]["Arn"]
    waf = dev.client("wafv2", REGION).list_web_acls(Scope="REGIONAL")["WebACLs"][0]
    group = f"arn:aws:logs:{REGION}:{account}:log-group:{TRAIL}"
    return {
        "accountid": account,
        "alarmname": f"{NAME}-api-5xx",
        "alarmnames": f"{NAME}-api-5xx",
        "aliasname": f"alias/{NAME}",
        "bucket": f"{GLOBAL}-trail-{account}",
        "budgetname": f"{GLOBAL}-month",
        "dashboardname": GLOBAL,
        "dashboardnames": GLOBAL,
        "events.name": f"{NAME}-guardrail-changed",
        "functionname": NAME,
        "guardrailidentifier": outputs["guardrail_id"],
        "kms.keyid": key,
        "lambda.resourcearn": f"arn:aws:lambda:{REGION}:{account}:function:{NAME}",
        "loggrouparnlist": group,
        "loggroupidentifier": TRAIL,
        "loggroupname": TRAIL,
        "logs.resourcearn": group,
        "logs.resourceidentifier": group,
        "cloudtrail.name": GLOBAL,
        "cloudwatch.name": f"{NAME}-mute",
        "policyarn": f"arn:aws:iam::{account}:policy/{GLOBAL}-deny-tampering",
        "restapiid": outputs["api_id"],
        "rolearn": f"arn:aws:iam::{account}:role/{GLOBAL}-execution",
        "rolename": f"{GLOBAL}-execution",
        "rule": f"{NAME}-guardrail-changed",
        "sns.name": f"{NAME}-alerts",
        "sns.resourcearn": sns,
        "stagename": "v1",
        "subscriptionarn": f"{sns}:00000000-0000-0000-0000-000000000000",
        "topicarn": sns,
        "trailname": GLOBAL,
        "wafv2.name": NAME,
        "wafv2.resourcearn": waf["ARN"],
        "webaclarn": waf["ARN"],
    }


@pytest.fixture(scope="module")
def tried(dev: Rehearsal) -> Iterator[Tried]:
    """Let a role with every permission and the deny policies try all, once."""
    iam = dev.client("iam", REGION)
    account = dev.client("sts", REGION).get_caller_identity()["Account"]
    anybody = trust({"AWS": f"arn:aws:iam::{account}:root"})
    policies = f"arn:aws:iam::{account}:policy/{GLOBAL}"
    bound = [f"{policies}-deny-tampering", f"{policies}-require-guardrail"]
    iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=anybody)
    iam.put_role_policy(RoleName=ROLE, PolicyName="all", PolicyDocument=document(allow("*")))
    for arn in bound:
        iam.attach_role_policy(RoleName=ROLE, PolicyArn=arn)
    try:
        yield _try_all(dev, account)
    finally:
        for arn in bound:
            iam.detach_role_policy(RoleName=ROLE, PolicyArn=arn)
        iam.delete_role_policy(RoleName=ROLE, PolicyName="all")
        iam.delete_role(RoleName=ROLE)


def _denied() -> set[str]:
    """Return the actions that the deny policies are for, on what dev has."""
    return {action for action in derived() - undenied() if not action.startswith(ABSENT)}


def _try_all(dev: Rehearsal, account: str) -> Tried:
    watched(dev)
    quiet(dev)
    before = len(mailed(dev))
    since = round(time.time() * 1000) - 1000
    denied = {action.lower(): action for action in _denied()}
    calls = [
        one
        for one in tries(names(dev))
        if one.action.lower() in denied and not _excepted("indirect", one.id)
    ]
    result = Tried(calls, _called(dev, account, calls))
    called = {call.action.lower() for call in calls}
    indirect = sorted(action for lower, action in denied.items() if lower not in called)
    role = f"arn:aws:iam::{account}:role/{ROLE}"
    answers = dev.client("iam", REGION).simulate_principal_policy(
        PolicySourceArn=role, ActionNames=indirect
    )["EvaluationResults"]
    result.simulated = {one["EvalActionName"]: one["EvalDecision"] for one in answers}
    events, logs = dev.client("events", REGION), dev.client("logs", REGION)
    for rule in events.list_rules(NamePrefix=f"{NAME}-")["Rules"]:
        (target,) = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
        short = rule["Name"].removeprefix(f"{NAME}-")
        result.patterns[short] = rule["EventPattern"]
        result.messages[short] = target["InputTransformer"]
    for one in logs.describe_metric_filters(logGroupName=TRAIL)["metricFilters"]:
        short = one["filterName"].removeprefix(f"{NAME}-")
        result.filters[short] = compile_filter(one["filterPattern"])
    pass_time(dev, 0)
    result.records = _recorded(dev, calls, since)
    result.mails = [text for _, text in mailed(dev)[before:]]
    return result


def _called(dev: Rehearsal, account: str, calls: list[Try]) -> dict[str, str]:
    session = as_role(dev, f"arn:aws:iam::{account}:role/{ROLE}", "everything")
    config = Config(
        retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, inject_host_prefix=False
    )
    said = {}
    clients = {
        service: session.client(service, endpoint_url=dev.endpoint, config=config)
        for service in sorted({call.service for call in calls})
    }
    for call in calls:
        try:
            getattr(clients[call.service], call.method)(**call.parameters)
        except ClientError as error:
            about = error.response["Error"]
            said[call.id] = f"{about['Code']}: {about['Message']}"
        except Exception as error:  # noqa: BLE001 - one test shows all that could not be tried
            said[call.id] = f"not tried: {error!r}"
        else:
            said[call.id] = ""
    return said


def _recorded(dev: Rehearsal, calls: list[Try], since: int) -> dict[str, dict[str, Any]]:
    """Wait for the trail's records of the calls; those of data events never come."""
    logs, deadline = dev.client("logs", REGION), time.monotonic() + PATIENCE_SECONDS
    recorded = [call for call in calls if not _excepted("unrecorded", call.action, call.id)]
    while True:
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=TRAIL, startTime=since
        )
        mine = {
            (record["eventSource"], re.sub(r"\d{8}(v\d)?$", "", record["eventName"])): record
            for page in pages
            for record in (json.loads(event["message"]) for event in page["events"])
            if record["userIdentity"]["arn"].endswith(f"/{ROLE}/everything")
        }
        found = {
            call.id: mine[call.source, call.operation]
            for call in calls
            if (call.source, call.operation) in mine
        }
        if {call.id for call in recorded} <= set(found) or time.monotonic() > deadline:
            return found
        time.sleep(0.5)


def _excepted(name: str, *names: str) -> bool:
    """Return whether a list has an action, or a call by its service and operation."""
    return any(one.covers(each) for one in exceptions(name) for each in names)


def _silent(call: Try) -> bool:
    """Return whether a call raises no alert when it is allowed."""
    names = call.action, call.id
    return _excepted("unalerted", *names) or _excepted("unalerted_refusal", *names)


def test_every_denied_action_is_tried_or_asked_about(tried: Tried) -> None:
    assert len(tried.calls) > 250
    called = {call.action.lower() for call in tried.calls}
    asked = {action.lower() for action in tried.simulated}
    assert sorted(a for a in _denied() if a.lower() not in called | asked) == []
    assert sorted(a for a in tried.simulated if not _excepted("indirect", a)) == []


def test_every_attempt_is_refused_by_an_explicit_deny(tried: Tried) -> None:
    wrong = {
        call.id: tried.said[call.id]
        for call in tried.calls
        if "explicit deny" not in tried.said[call.id]
        or f"perform: {call.action} " not in tried.said[call.id]
    }
    assert wrong == {}
    assert {a: said for a, said in tried.simulated.items() if said != "explicitDeny"} == {}


def test_every_attempt_is_recorded(tried: Tried) -> None:
    missing = {call.id for call in tried.calls} - set(tried.records)
    unrecorded = {call.id for call in tried.calls if _excepted("unrecorded", call.action, call.id)}
    assert missing == unrecorded
    assert {record["errorCode"] for record in tried.records.values()} == {"AccessDenied"}


def test_every_refused_attempt_raises_an_alert_in_a_sentence(tried: Tried) -> None:
    silent = []
    for call in tried.calls:
        record = tried.records.get(call.id)
        if record is None or _excepted("unalerted_refusal", call.action, call.id):
            continue
        alerted_by = set(tried.alerted_by(record))
        said = (
            f"{record['userIdentity']['arn']} called {record['eventName']} of {call.source} at 20"
        )
        if alerted_by & set(tried.messages):
            mailed_it = any(
                text.startswith(REFUSED) and said in text and record["eventID"] in text
                for text in tried.mails
            )
        else:  # a filter counts, and an alarm of its name rings
            rings = tuple(f'ALARM: "{NAME}-{name}"' for name in alerted_by)
            mailed_it = any(text.startswith(rings) for text in tried.mails)
        if not mailed_it:
            silent.append(call.id)
    assert silent == [], "\n".join(silent)
    assert sum(text.startswith(REFUSED) for text in tried.mails) > 200


def test_every_change_that_is_allowed_raises_an_alert_in_a_sentence(tried: Tried) -> None:
    """By anybody but a deploy role: the same records, as if the call had been allowed."""
    silent, alerted_by = [], {}
    for call in tried.calls:
        record = tried.records.get(call.id)
        if record is None or _silent(call):
            continue
        allowed = {name: value for name, value in record.items() if not name.startswith("error")}
        alerted_by[call.id] = alerted = tried.alerted_by(allowed)
        if not alerted:
            silent.append(call.id)
        rules = set(alerted) & set(tried.messages)
        for rule in rules:
            text = filled(tried.messages[rule], event_of_record(allowed), "", "")
            assert "refused" not in text
        assert len(rules) <= 1, (call.id, alerted)
        assert rules <= WATCHED_BY.get(call.source.partition(".")[0], set()), (call.id, alerted)
    assert silent == [], "\n".join(silent)
    assert "attempt-refused" not in {rule for rules in alerted_by.values() for rule in rules}


def test_each_way_of_alerts_watches_the_other(tried: Tried) -> None:
    """What ends EventBridge's way is reported by the trail's filter, and the other way round."""
    ends_the_filter = {"DeleteMetricFilter", "DeleteAlarms", "DisableAlarmActions", "StopLogging"}
    ends_the_rules = {"events.amazonaws.com", "sns.amazonaws.com"}
    seen = 0
    for call in tried.calls:
        alerted = (
            set(tried.alerted_by(tried.records[call.id])) if call.id in tried.records else set()
        )
        if call.source in ends_the_rules and alerted:
            assert alerted & set(tried.filters), call.id
            seen += 1
        if call.operation in ends_the_filter:
            assert alerted & set(tried.messages), call.id
            seen += 1
    assert seen > 10


def test_what_became_of_each_is_printed(tried: Tried) -> None:
    lines = []
    for call in sorted(tried.calls, key=lambda one: one.id):
        record = tried.records.get(call.id)
        alerted = ", ".join(tried.alerted_by(record)) or "nobody" if record else "no record"
        said = "refused" if "explicit deny" in tried.said[call.id] else "ALLOWED"
        lines.append(f"{call.id:60} {said}  alerted: {alerted}")
    for action, decision in sorted(tried.simulated.items()):
        lines.append(f"{action:60} {decision}, says IAM")
    sys.stdout.write("\n" + "\n".join(lines) + "\n")
    assert len(lines) > 300
