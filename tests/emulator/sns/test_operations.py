"""SNS's operations, where moto's own do something else."""

import json
from typing import Any

import pytest

from tests.emulator.conftest import ACCOUNT, REGION, client_of
from tests.emulator.shown import allow, document, refusal, shows, unique

ABSENT = f"arn:aws:sns:{REGION}:{ACCOUNT}:none"

sns = client_of("sns")


@pytest.fixture
def topic(sns: Any) -> str:
    arn: str = sns.create_topic(Name=unique("topic"), Tags=[{"Key": "a", "Value": "1"}])["TopicArn"]
    return arn


def read(sns: Any, topic: str) -> Any:
    return sns.get_topic_attributes(TopicArn=topic)["Attributes"]


@shows("sns:CreateTopic", "sns:DeleteTopic", "sns:ListTopics")
def test_a_topic_is_made_once(sns: Any, topic: str) -> None:
    name = topic.rpartition(":")[2]
    assert sns.create_topic(Name=name)["TopicArn"] == topic
    other = refusal(sns.create_topic, Name=name, Attributes={"DisplayName": "other"})
    assert other == (
        400, "InvalidParameter",
        "Invalid parameter: Attributes Reason: Topic already exists with different attributes",
    )  # fmt: skip
    tags = refusal(sns.create_topic, Name=name, Tags=[{"Key": "a", "Value": "2"}])
    assert tags[2].endswith("Topic already exists with different tags")
    assert topic in {one["TopicArn"] for one in sns.list_topics()["Topics"]}
    sns.delete_topic(TopicArn=topic)
    sns.delete_topic(TopicArn=topic)  # says nothing of a topic that is gone
    gone = refusal(sns.get_topic_attributes, TopicArn=topic)
    assert gone == (404, "NotFound", "Topic does not exist")


@shows("sns:GetTopicAttributes", "sns:SetTopicAttributes")
def test_attributes_are_those_that_sns_knows(sns: Any, topic: str) -> None:
    policy = document(allow("sns:Publish", topic, Principal="*"))
    for name, value in (
        ("Policy", policy),
        ("DisplayName", "Alerts"),
        ("KmsMasterKeyId", "alias/key"),
        ("SignatureVersion", "2"),
        ("TracingConfig", "Active"),
    ):
        sns.set_topic_attributes(TopicArn=topic, AttributeName=name, AttributeValue=value)
        kept = read(sns, topic)[name]
        assert json.loads(kept) == json.loads(policy) if name == "Policy" else kept == value
    sns.set_topic_attributes(TopicArn=topic, AttributeName="KmsMasterKeyId", AttributeValue="")
    assert "KmsMasterKeyId" not in read(sns, topic)
    change = {"TopicArn": topic, "AttributeName": "Nonsense", "AttributeValue": "x"}
    assert refusal(sns.set_topic_attributes, **change) == (
        400, "InvalidParameter", "Invalid parameter: AttributeName",
    )  # fmt: skip
    for bad in ("{", '{"Statement": 1}'):
        change = {"TopicArn": topic, "AttributeName": "Policy", "AttributeValue": bad}
        assert refusal(sns.set_topic_attributes, **change)[1] == "InvalidParameter"
    refused = refusal(sns.create_topic, Name=unique(), Attributes={"Policy": "{"})
    assert refused[1] == "InvalidParameter"
    change = {"TopicArn": ABSENT, "AttributeName": "DisplayName", "AttributeValue": "x"}
    assert refusal(sns.set_topic_attributes, **change)[:2] == (404, "NotFound")


@shows(
    "sns:Subscribe", "sns:Unsubscribe", "sns:GetSubscriptionAttributes",
    "sns:SetSubscriptionAttributes", "sns:ListSubscriptionsByTopic", "sns:ListSubscriptions",
)  # fmt: skip
def test_who_was_asked_by_e_mail_has_not_confirmed(sns: Any, topic: str) -> None:
    request = {"TopicArn": topic, "Protocol": "email", "Endpoint": "ops@example.com"}
    assert sns.subscribe(**request)["SubscriptionArn"] == "pending confirmation"
    arn = sns.subscribe(**request, ReturnSubscriptionArn=True)["SubscriptionArn"]
    assert arn.startswith(f"{topic}:")
    attributes = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert attributes["PendingConfirmation"] == "true"
    for listed in (sns.list_subscriptions_by_topic(TopicArn=topic), sns.list_subscriptions()):
        (one,) = [each for each in listed["Subscriptions"] if each["TopicArn"] == topic]
        assert (one["SubscriptionArn"], one["Endpoint"]) == (
            "PendingConfirmation", "ops@example.com",
        )  # fmt: skip
    assert read(sns, topic)["SubscriptionsPending"] == "1"
    assert refusal(sns.unsubscribe, SubscriptionArn=arn)[1] == "InvalidParameter"
    queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:q"
    sure = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)["SubscriptionArn"]
    change = {"AttributeName": "RawMessageDelivery", "AttributeValue": "true"}
    sns.set_subscription_attributes(SubscriptionArn=sure, **change)
    attributes = sns.get_subscription_attributes(SubscriptionArn=sure)["Attributes"]
    assert (attributes["PendingConfirmation"], attributes["RawMessageDelivery"]) == (
        "false", "true",
    )  # fmt: skip
    assert read(sns, topic)["SubscriptionsConfirmed"] == "1"
    sns.unsubscribe(SubscriptionArn=sure)
    gone = refusal(sns.get_subscription_attributes, SubscriptionArn=sure)
    assert gone[:2] == (404, "NotFound")
    sns.delete_topic(TopicArn=topic)
    assert refusal(sns.list_subscriptions_by_topic, TopicArn=topic)[:2] == (404, "NotFound")


@shows("sns:TagResource", "sns:UntagResource", "sns:ListTagsForResource")
def test_topics_have_tags(sns: Any, topic: str) -> None:
    sns.tag_resource(ResourceArn=topic, Tags=[{"Key": "b", "Value": "2"}])
    sns.untag_resource(ResourceArn=topic, TagKeys=["a"])
    tags = sns.list_tags_for_resource(ResourceArn=topic)["Tags"]
    assert tags == [{"Key": "b", "Value": "2"}]
    assert refusal(sns.list_tags_for_resource, ResourceArn=ABSENT)[:2] == (404, "ResourceNotFound")
