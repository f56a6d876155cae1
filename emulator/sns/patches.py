"""SNS in moto 5.2.5, where it does not do what AWS does (API reference).

What is configured is kept, and refused where AWS refuses it; publishing.py delivers.
"""

from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import camelcase_to_underscores
from moto.sns.exceptions import SNSInvalidParameter, SNSNotFoundError
from moto.sns.models import SNSBackend, Topic
from moto.sns.responses import SNSResponse

from emulator.patching import Moto, add, patch
from emulator.sns.mailbox import PENDING, confirmation_token
from emulator.wire.http import strict_object
from iam_policy import Policy, PolicyError

# API reference, SetTopicAttributes. moto keeps the first ones, and sets any other name on itself.
_KEPT_BY_MOTO = {"DeliveryPolicy", "DisplayName", "KmsMasterKeyId", "Policy"}
_ALSO_KNOWN = {
    "ArchivePolicy",
    "ContentBasedDeduplication",
    "FifoThroughputScope",
    "SignatureVersion",
    "TracingConfig",
    *(
        f"{protocol}{what}"
        for protocol in ("Application", "Firehose", "HTTP", "Lambda", "SQS")
        for what in (
            "FailureFeedbackRoleArn",
            "SuccessFeedbackRoleArn",
            "SuccessFeedbackSampleRate",
        )
    ),
}
_ASKS_TO_CONFIRM = {"email", "email-json", "http", "https"}


def _set(topic: Topic, name: str, value: str) -> None:
    if name not in _KEPT_BY_MOTO | _ALSO_KNOWN:
        raise SNSInvalidParameter("Invalid parameter: AttributeName")
    if name == "Policy":
        try:
            Policy(strict_object(value), "topic policy", "resource")
        except (PolicyError, RecursionError, TypeError, ValueError) as error:
            raise SNSInvalidParameter(f"Invalid parameter: Policy Error: {error}") from error
    if name in _KEPT_BY_MOTO:
        setattr(topic, camelcase_to_underscores(name), value)
    else:
        _others(topic)[name] = value


def _others(topic: Topic) -> dict[str, str]:
    if not hasattr(topic, "other_attributes"):
        topic.other_attributes = {}
    kept: dict[str, str] = topic.other_attributes
    return kept


@add(SNSResponse, "set_topic_attributes")
def _set_attribute(response: SNSResponse) -> ActionResult:
    topic = response.backend.get_topic(response._get_param("TopicArn"))
    _set(topic, response._get_param("AttributeName"), response._get_param("AttributeValue") or "")
    return EmptyResult()


@patch(SNSResponse, "get_topic_attributes")
def _show_all_attributes(original: Moto, response: SNSResponse) -> ActionResult:
    # moto counts no subscriptions.
    answer: ActionResult = original(response)
    topic = response.backend.get_topic(response._get_param("TopicArn"))
    own = [one for one in response.backend.subscriptions.values() if one.topic == topic]
    pending = sum(one.attributes[PENDING] is True for one in own)
    shown = answer.result["Attributes"] | _others(topic)
    shown |= {"SubscriptionsPending": pending, "SubscriptionsConfirmed": len(own) - pending}
    answer.result["Attributes"] = {
        name: value for name, value in shown.items() if value != "" or name == "DisplayName"
    }
    return answer


@patch(SNSBackend, "create_topic")
def _same_topic_or_none(
    original: Moto,
    backend: SNSBackend,
    name: str,
    attributes: dict[str, str] | None = None,
    tags: dict[str, str] | None = None,
) -> Topic:
    # moto gives the old topic whatever the new one should be like.
    before = {one.name: one for one in backend.topics.values()}.get(name)
    given = dict(attributes or {})
    if before is not None:
        if tags and tags != before._tags:
            raise SNSInvalidParameter(
                "Invalid parameter: Tags Reason: Topic already exists with different tags"
            )
        for key, value in given.items():
            kept = _others(before).get(key, getattr(before, camelcase_to_underscores(key), None))
            if kept != value:
                raise SNSInvalidParameter(
                    "Invalid parameter: Attributes Reason: Topic already exists with different"
                    " attributes"
                )
        return before
    fifo = {
        key: given.pop(key) for key in ("FifoTopic", "ContentBasedDeduplication") if key in given
    }
    made: Topic = original(backend, name, fifo, tags)
    try:
        for key, value in given.items():
            _set(made, key, value)
    except SNSInvalidParameter:
        backend.delete_topic(made.arn)
        raise
    return made


# Subscriptions


@patch(SNSBackend, "subscribe")
def _ask_to_confirm(original: Moto, backend: SNSBackend, *given: object) -> object:
    # moto takes everybody for confirmed.
    known = set(backend.subscriptions)
    made = original(backend, *given)
    if made.arn not in known and made.protocol in _ASKS_TO_CONFIRM:
        made.attributes[PENDING] = True
        made.attributes["ConfirmationWasAuthenticated"] = False
    return made


@patch(SNSResponse, "subscribe")
def _show_of_a_pending_one(original: Moto, response: SNSResponse) -> ActionResult:
    # API reference, Subscribe: the ARN of one that is pending only where it is asked for.
    answer: ActionResult = original(response)
    made = response.backend.subscriptions[answer.result["SubscriptionArn"]]
    asked = response._get_param("ReturnSubscriptionArn")
    if made.attributes[PENDING] is True and not asked:
        answer.result["SubscriptionArn"] = "pending confirmation"
    return answer


@add(SNSResponse, "confirm_subscription")
def _confirm(response: SNSResponse) -> ActionResult:
    # moto confirms nothing, whatever the token.
    topic, token = response._get_param("TopicArn"), response._get_param("Token")
    response.backend.get_topic(topic)
    for one in response.backend.subscriptions.values():
        if one.topic_arn == topic and confirmation_token(topic, one.endpoint) == token:
            one.attributes[PENDING] = False
            return ActionResult({"SubscriptionArn": one.arn})
    raise SNSInvalidParameter("Invalid parameter: Token")


@patch(Topic, "publish")
def _keep_no_message(original: Moto, topic: Topic, *given: object, **named: object) -> object:
    # moto keeps each message for ever.
    made = original(topic, *given, **named)
    topic.sent_notifications.clear()
    return made


@patch(SNSBackend, "unsubscribe")
def _keep_a_pending_one(original: Moto, backend: SNSBackend, subscription_arn: str) -> None:
    found = backend.subscriptions.get(subscription_arn)
    if found is not None and found.attributes[PENDING] is True:
        raise SNSInvalidParameter(
            "Invalid parameter: This subscription is pending confirmation and cannot be deleted"
        )
    original(backend, subscription_arn)


for _operation in ("list_subscriptions", "list_subscriptions_by_topic"):

    @patch(SNSResponse, _operation)
    def _list_pending(original: Moto, response: SNSResponse) -> ActionResult:
        # API reference, ListSubscriptionsByTopic: a pending one is listed without its ARN.
        answer: ActionResult = original(response)
        answer.result["Subscriptions"] = [
            {
                "SubscriptionArn": PENDING if one.attributes[PENDING] is True else one.arn,
                "Owner": one.owner,
                "Protocol": one.protocol,
                "Endpoint": one.endpoint,
                "TopicArn": one.topic_arn,
            }
            for one in answer.result["Subscriptions"]
        ]
        return answer


@patch(SNSBackend, "get_subscription_attributes")
def _name_what_is_missing(original: Moto, backend: SNSBackend, arn: str) -> object:
    if arn not in backend.subscriptions:
        raise SNSNotFoundError("Subscription does not exist")
    return original(backend, arn)
