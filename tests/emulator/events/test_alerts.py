"""Alerts reach a topic only as the topic's and the key's policies let them, and refusals count."""

import json
import logging
import uuid
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.cloudwatch.models import cloudwatch_backends

from emulator.events.rules import filled
from tests.emulator import shown
from tests.emulator.conftest import ACCOUNT, REGION, Emulator
from tests.emulator.shown import document, refusal, shows
from toolkit.mailbox import confirm, mails

EVENTS, ALARMS = "events.amazonaws.com", "cloudwatch.amazonaws.com"
USES = ("kms:GenerateDataKey*", "kms:Decrypt")
TEMPLATE = '"<who> called <action>, in <nowhere>."'


def allow(service: str, *actions: str, **condition: Any) -> dict[str, Any]:
    """Return a statement that lets a service do what has these conditions."""
    more = {"Condition": condition} if condition else {}
    return shown.allow(actions, Principal={"Service": service}, **more)


@dataclass
class Rig:
    """A logging trail, a rule for log groups, an alarm, and an encrypted topic for both."""

    emulator: Emulator
    name: str
    topic: str
    key: str

    @property
    def alarm_arn(self) -> str:
        return f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{self.name}"

    def topic_policy(self, *statements: dict[str, Any]) -> None:
        self.emulator.client("sns").set_topic_attributes(
            TopicArn=self.topic, AttributeName="Policy", AttributeValue=document(*statements)
        )

    def key_policy(self, *statements: dict[str, Any]) -> None:
        self.emulator.client("kms").put_key_policy(
            KeyId=self.key,
            PolicyName="default",
            Policy=document(*statements),
            BypassPolicyLockoutSafetyCheck=True,
        )

    def tamper(self) -> None:
        """Set the rule off, and wait until EventBridge has had the event."""
        self.emulator.client("logs").create_log_group(logGroupName=f"/{self.name}/{uuid.uuid4()}")
        self.emulator.server.app.door.trail.flush()

    def ring(self) -> None:
        set_state = self.emulator.client("cloudwatch").set_alarm_state
        for state in ("OK", "ALARM"):
            set_state(AlarmName=self.name, StateValue=state, StateReason="test")

    def count(self, namespace: str, metric: str, **dimensions: str) -> float:
        wanted = {(namespace, metric, *dimensions.items())}
        return sum(
            float(datum.sum)
            for datum in _metric_data()
            if (datum.namespace, datum.name, *((d.name, d.value) for d in datum.dimensions))
            in wanted
        )

    def mails(self) -> list[Any]:
        """Return what the mailbox has of the topic, but not the first one's request to confirm."""
        kept = (one for one in mails(self.emulator.endpoint) if one["topic"] == self.name)
        return [one for one in kept if "Token=" not in one["text"]]

    def published(self) -> int:
        return int(self.count("AWS/SNS", "NumberOfMessagesPublished", TopicName=self.name))

    def failed(self) -> int:
        return int(self.count("AWS/Events", "FailedInvocations", RuleName=self.name))


def _metric_data() -> list[Any]:
    return list(cloudwatch_backends[ACCOUNT][REGION].metric_data)


@pytest.fixture
def rig(emulator: Emulator) -> Any:
    name = f"alerts-{uuid.uuid4().hex[:8]}"
    bucket = emulator.client("s3")
    trail = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/{name}"
    bucket.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    writes = ("s3:GetBucketAcl", "s3:PutObject")
    written = allow("cloudtrail.amazonaws.com", *writes, ArnEquals={"aws:SourceArn": trail})
    bucket.put_bucket_policy(
        Bucket=name,
        Policy=document(written | {"Resource": [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]}),
    )
    cloudtrail = emulator.client("cloudtrail")
    cloudtrail.create_trail(Name=name, S3BucketName=name)
    cloudtrail.start_logging(Name=name)
    key = emulator.client("kms").create_key(
        Policy=document(allow(EVENTS, *USES), allow(ALARMS, *USES)),
        BypassPolicyLockoutSafetyCheck=True,
    )["KeyMetadata"]["Arn"]
    topic = emulator.client("sns").create_topic(Name=name, Attributes={"KmsMasterKeyId": key})
    one = Rig(emulator, name, topic["TopicArn"], key)
    one.topic_policy(allow(EVENTS, "sns:Publish"), allow(ALARMS, "sns:Publish"))
    pattern = {
        "source": ["aws.logs"],
        "detail": {
            "eventName": ["CreateLogGroup"],
            "requestParameters": {"logGroupName": [{"prefix": f"/{name}/"}]},
        },
    }
    events = emulator.client("events")
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    paths = {"who": "$.detail.userIdentity.arn", "action": "$.detail.eventName"}
    transformer = {"InputPathsMap": paths | {"nowhere": "$.no.such"}, "InputTemplate": TEMPLATE}
    target = {"Id": "topic", "Arn": one.topic, "InputTransformer": transformer}
    events.put_targets(Rule=name, Targets=[target])
    emulator.client("cloudwatch").put_metric_alarm(
        AlarmName=name, Namespace="N", MetricName="M", Statistic="Sum", Period=60, Threshold=1,
        EvaluationPeriods=1, ComparisonOperator="GreaterThanThreshold", AlarmActions=[one.topic],
    )  # fmt: skip
    yield one
    events.remove_targets(Rule=name, Ids=["topic"])
    events.delete_rule(Name=name)
    cloudtrail.delete_trail(Name=name)


def test_a_change_is_reported_in_the_words_of_the_template(rig: Rig) -> None:
    rig.tamper()
    assert (rig.published(), rig.failed()) == (1, 0)
    assert rig.count("AWS/Events", "Invocations", RuleName=rig.name) == 1
    (mail,) = rig.mails()
    assert mail["text"] == f'"arn:aws:iam::{ACCOUNT}:root called CreateLogGroup, in ."'


@shows("sns:ConfirmSubscription")
def test_an_address_is_mailed_once_it_has_confirmed(rig: Rig) -> None:
    sns, who = rig.emulator.client("sns"), "ops@example.com"
    sns.subscribe(TopicArn=rig.topic, Protocol="email", Endpoint=who)
    rig.tamper()
    (asked,) = [mail for mail in mails(rig.emulator.endpoint) if "Token=" in mail["text"]][-1:]
    assert (asked["topic"], asked["to"]) == (rig.name, [who])
    wrong = asked["text"].rpartition("Token=")[2][:-1]
    with pytest.raises(ClientError, match="Token"):
        sns.confirm_subscription(TopicArn=rig.topic, Token=wrong)
    confirm(rig.emulator.endpoint, lambda *_: sns)
    (listed,) = sns.list_subscriptions_by_topic(TopicArn=rig.topic)["Subscriptions"]
    rig.tamper()
    sns.unsubscribe(SubscriptionArn=listed["SubscriptionArn"])
    rig.tamper()
    said = [(mail["to"], mail["pending"]) for mail in rig.mails()]
    assert said == [([], [who]), ([who], []), ([], [])]


def test_a_template_is_filled_as_aws_fills_it() -> None:
    event = {"id": "1", "detail": {"who": 'a "b"', "what": {"n": 1}}}

    def fill(template: str) -> str:
        paths = {"who": "$.detail.who", "what": "$.detail.what", "all": "$", "gone": "$.no.such"}
        transformer = {"InputPathsMap": paths, "InputTemplate": template}
        return filled(transformer, event, "r", "arn:r")

    assert fill('"<who> by <aws.events.rule-name>, <gone>."') == '"a "b" by r, ."'
    assert fill('{"who": <who>, "what": <what>}') == '{"who": "a \\"b\\"", "what": {"n": 1}}'
    assert fill("<aws.events.event>") == '{"id": "1"}'
    assert json.loads(fill("<all>")) == event == json.loads(fill("<aws.events.event.json>"))


def test_reading_is_reported_to_a_rule_that_asks_for_it(rig: Rig) -> None:
    events, logs = rig.emulator.client("events"), rig.emulator.client("logs")
    pattern = json.dumps({"detail": {"eventName": ["DescribeLogGroups"]}})
    for state in ("ENABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"):
        events.put_rule(Name=rig.name, EventPattern=pattern, State=state)
        logs.describe_log_groups(logGroupNamePrefix="/none")
        rig.emulator.server.app.door.trail.flush()
    assert len(rig.mails()) == 1


def test_a_disabled_rule_reports_nothing(rig: Rig) -> None:
    events = rig.emulator.client("events")
    for switch, published in ((events.disable_rule, 0), (events.enable_rule, 1)):
        switch(Name=rig.name)
        rig.tamper()
        assert rig.published() == published


@pytest.mark.parametrize("operation", ["disable_key", "schedule_key_deletion"])
def test_a_key_that_nobody_can_use_drops_every_message(rig: Rig, operation: str) -> None:
    getattr(rig.emulator.client("kms"), operation)(KeyId=rig.key)
    rig.tamper()
    rig.ring()
    assert (rig.published(), rig.failed()) == (0, 1)
    state = "Disabled" if operation == "disable_key" else "PendingDeletion"
    assert {mail["refused"] for mail in rig.mails()} == {f"the topic's key {rig.key} is {state}"}
    refused = refusal(rig.emulator.client("sns").publish, TopicArn=rig.topic, Message="test")
    assert refused[1] == ("KMSDisabled" if operation == "disable_key" else "KMSInvalidState")


@pytest.mark.parametrize("key", ["aws:SourceArn", "aws:SourceAccount"])
def test_a_condition_on_the_source_drops_the_event(rig: Rig, key: str) -> None:
    """On AWS as well: EventBridge User Guide, "Using resource-based policies", SNS."""
    rig.topic_policy(allow(EVENTS, "sns:Publish", StringLike={key: "*"}))
    rig.tamper()
    assert (rig.published(), rig.failed()) == (0, 1)
    (mail,) = rig.mails()
    assert mail["refused"].startswith(f"sns:Publish on {rig.topic} is refused")


def test_a_condition_of_the_key_drops_the_event(rig: Rig) -> None:
    """On AWS as well: awslabs/landing-zone-accelerator-on-aws issue 407."""
    rig.key_policy(allow(EVENTS, *USES, StringEquals={"aws:SourceAccount": ACCOUNT}))
    rig.tamper()
    assert (rig.published(), rig.failed()) == (0, 1)


def test_without_a_logging_trail_eventbridge_hears_of_nothing(rig: Rig) -> None:
    rig.emulator.client("cloudtrail").stop_logging(Name=rig.name)
    rig.tamper()
    assert (rig.published(), rig.failed()) == (0, 0)


def test_an_alarm_tells_the_topic_when_its_state_is_set(rig: Rig) -> None:
    """Its calls carry account and alarm, to the topic and to the key."""
    ours = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    rig.topic_policy(
        allow(ALARMS, "sns:Publish", **ours, ArnEquals={"aws:SourceArn": rig.alarm_arn})
    )
    rig.key_policy(allow(ALARMS, *USES, **ours))
    rig.ring()
    assert rig.published() == 1
    rig.emulator.client("cloudwatch").set_alarm_state(
        AlarmName=rig.name, StateValue="ALARM", StateReason="again"
    )
    assert rig.published() == 1, "no change of state, no message"


@pytest.mark.parametrize("policy", ["topic", "key"])
def test_an_alarm_of_another_name_or_account_is_not_reported(
    rig: Rig, policy: str, caplog: pytest.LogCaptureFixture
) -> None:
    if policy == "topic":
        rig.topic_policy(
            allow(ALARMS, "sns:Publish", ArnEquals={"aws:SourceArn": rig.alarm_arn + "-other"})
        )
    else:
        rig.key_policy(allow(ALARMS, *USES, StringEquals={"aws:SourceAccount": "999999999999"}))
    with caplog.at_level(logging.WARNING, "emulator"):
        rig.ring()
    assert rig.published() == 0
    assert f"the alarm {rig.name} cannot reach" in caplog.text


@shows("sns:Publish")
def test_nobody_of_the_account_publishes_where_the_key_does_not_let_them(rig: Rig) -> None:
    """Not even its administrator: a key's policy binds everybody."""
    sns = rig.emulator.client("sns")
    _, code, text = refusal(sns.publish, TopicArn=rig.topic, Message="test")
    assert (code, "kms:GenerateDataKey" in text) == ("KMSAccessDenied", True)
    rig.key_policy(shown.allow("kms:*", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}))
    assert sns.publish(TopicArn=rig.topic, Message="test")["MessageId"]
