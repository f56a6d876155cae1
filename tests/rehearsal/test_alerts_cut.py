"""Whoever cuts one path of alerts is reported by the other: real calls of an unbound administrator.

Each cut is made, reported, and mended, on a clock that is moved on.
"""

from collections.abc import Callable
from typing import Any

import pytest

from tests.emulator.shown import deny, document
from tests.rehearsal.notices import (
    GLOBAL,
    NAME,
    REGION,
    TOPICS,
    WHO,
    mailed,
    pass_time,
    quiet,
    watched,
)
from toolkit.mailbox import mails
from toolkit.rehearsal import Rehearsal

Mend = Callable[[], object]

ALERTS, WATCHDOG = TOPICS
TRAIL = f"/aws/cloudtrail/{NAME}"


@pytest.fixture(scope="module")
def heard(dev: Rehearsal) -> Callable[[], None]:
    """Let somebody subscribe; return what subscribes again, where a cut took that away."""
    return watched(dev)


@pytest.fixture
def arn(dev: Rehearsal) -> str:
    account = dev.client("sts", REGION).get_caller_identity()["Account"]
    return f"arn:aws:sns:{REGION}:{account}:{ALERTS}"


def a_rule_is_off(aws: Any, _: str) -> Mend:
    rule = {"Name": f"{NAME}-alerting-changed"}
    aws("events").disable_rule(**rule)
    return lambda: aws("events").enable_rule(**rule)


def the_filter_is_deleted(aws: Any, _: str) -> Mend:
    logs, which = aws("logs"), {"logGroupName": TRAIL, "filterName": f"{NAME}-alerting-changes"}
    (kept,) = logs.describe_metric_filters(
        logGroupName=TRAIL, filterNamePrefix=which["filterName"]
    )["metricFilters"]
    logs.delete_metric_filter(**which)
    parts = ("filterPattern", "metricTransformations")
    return lambda: logs.put_metric_filter(**which, **{part: kept[part] for part in parts})


def the_alarm_is_mute(aws: Any, _: str) -> Mend:
    which = {"AlarmNames": [f"{NAME}-alerting-changes"]}
    aws("cloudwatch").disable_alarm_actions(**which)
    return lambda: aws("cloudwatch").enable_alarm_actions(**which)


def the_trail_is_stopped(aws: Any, _: str) -> Mend:
    aws("cloudtrail").stop_logging(Name=GLOBAL)
    return lambda: aws("cloudtrail").start_logging(Name=GLOBAL)


def the_topic_is_deleted(aws: Any, arn: str) -> Mend:
    sns = aws("sns")
    kept = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    tags = sns.list_tags_for_resource(ResourceArn=arn)["Tags"]
    sns.delete_topic(TopicArn=arn)
    settings = {name: kept[name] for name in ("KmsMasterKeyId", "Policy") if name in kept}
    return lambda: sns.create_topic(Name=arn.split(":")[5], Attributes=settings, Tags=tags)


def the_second_topic_is_deleted(aws: Any, arn: str) -> Mend:
    return the_topic_is_deleted(aws, arn.replace(ALERTS, WATCHDOG))


def the_topic_takes_nothing(aws: Any, arn: str) -> Mend:
    sns, which = aws("sns"), {"TopicArn": arn, "AttributeName": "Policy"}
    kept = sns.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"]
    nobody = document(deny("sns:Publish", arn, Principal="*"))
    sns.set_topic_attributes(**which, AttributeValue=nobody)
    return lambda: sns.set_topic_attributes(**which, AttributeValue=kept)


def nobody_is_subscribed(aws: Any, arn: str) -> Mend:
    (one,) = aws("sns").list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
    assert one["Endpoint"] == WHO
    aws("sns").unsubscribe(SubscriptionArn=one["SubscriptionArn"])
    return lambda: None


def the_key_is_disabled(aws: Any, _: str) -> Mend:
    key = aws("kms").describe_key(KeyId=f"alias/{NAME}")["KeyMetadata"]["KeyId"]
    aws("kms").disable_key(KeyId=key)
    return lambda: aws("kms").enable_key(KeyId=key)


RINGS = f'ALARM: "{NAME}-alerting-changes" in {REGION}'
RULES = "An alarm, a rule that raises alerts, or the topic that sends them was changed"
# A cut, the topic that tells of it, and how its mail begins.
CUTS = [
    (a_rule_is_off, ALERTS, RINGS),
    (the_filter_is_deleted, ALERTS, "A log group, or the bucket of the audit trail, was changed"),
    (the_alarm_is_mute, ALERTS, RULES),
    (the_trail_is_stopped, ALERTS, "The audit trail was stopped or changed"),
    (the_second_topic_is_deleted, ALERTS, RULES),
    (the_topic_is_deleted, WATCHDOG, RINGS),
    (the_topic_takes_nothing, WATCHDOG, RINGS),
    (nobody_is_subscribed, WATCHDOG, RINGS),
    (the_key_is_disabled, WATCHDOG, f'ALARM: "{NAME}-alerts-undelivered" in {REGION}'),
]


@pytest.mark.parametrize("cut", CUTS, ids=lambda one: one[0].__name__)
def test_a_cut_is_reported_by_the_other_path(
    dev: Rehearsal, heard: Callable[[], None], arn: str, cut: tuple[Any, str, str]
) -> None:
    cuts, topic, begins = cut
    quiet(dev)
    since = len(mails(dev.endpoint))
    mend = cuts(lambda service: dev.client(service, REGION), arn)
    try:
        pass_time(dev, 60)
        found = mailed(dev, since)
    finally:
        mend()
        heard()
    assert any(where == topic and text.startswith(begins) for where, text in found), found
