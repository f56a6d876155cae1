"""Publishing to a topic, as far as its policy and its key's let the publisher, and who is mailed.

Sources: Amazon SNS Developer Guide, "Managing Amazon SNS encryption keys and costs", "Email
notifications"; API reference, Publish, Subscribe, ConfirmSubscription.
"""

import json
from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from emulator import OPERATOR_KEY_ID
from emulator.account import Account, every
from emulator.iam import Authorizer
from emulator.iam.arns import key_arn
from emulator.sns.mailbox import PENDING, Mailbox, confirmation_token
from emulator.wire.call import Call
from emulator.wire.documents import Document
from emulator.wire.errors import AwsError
from emulator.wire.http import HttpResponse
from iam_policy import access_denied_message

_KEY_USES = ("kms:GenerateDataKey", "kms:Decrypt")
_KEY_ERRORS = {"Disabled": "KMSDisabled", "absent": "KMSNotFound"}


class Publisher:
    """Publishes for services, refuses callers who may not use a topic's key, and mails."""

    def __init__(self, account: Account, authorizer: Authorizer) -> None:
        self._account = account
        self._authorizer = authorizer
        self.mailbox = Mailbox()

    def refuse(self, call: Call) -> None:
        """Refuse to publish for a caller who may not encrypt with the topic's key.

        A key's policy binds everybody, the account's administrator too. Raises AwsError.
        """
        caller = call.principal
        if call.operation not in {"Publish", "PublishBatch"}:
            return
        if caller.access_key_id == OPERATOR_KEY_ID:
            return  # a service's own publication, which was decided before
        key = self._key(str(call.params.get("TopicArn")))
        if state := key and self._unusable(key):
            raise AwsError(400, _KEY_ERRORS.get(state, "KMSInvalidState"), f"{key} is {state}.")
        for action in _KEY_USES if key else ():
            decision = self._authorizer.authorize_key(caller, action, key)
            if not decision.allowed:
                why = access_denied_message(decision, caller.arn, action, key)
                text = f"{why} (Service: AWSKMS; Status Code: 400)"
                raise AwsError(400, "KMSAccessDenied", text)

    def _key(self, topic: str) -> str:
        """Return the ARN of the key that a topic is encrypted with, if it has one.

        Nothing for a topic that does not exist: SNS says so itself.
        """
        sns = self._account.client("sns")
        try:
            attributes = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
        except sns.exceptions.ClientError:
            return ""
        key = attributes.get("KmsMasterKeyId")
        return key_arn(key, self._account.region, self._account.id) if key else ""

    def _unusable(self, key: str) -> str:
        """Return the state that keeps everybody from using a key whatever its policy says, if any.

        Source: AWS KMS Developer Guide, "Key states of AWS KMS keys".
        """
        kms = self._account.client("kms")
        try:
            state = str(kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"])
        except kms.exceptions.NotFoundException:
            return "absent"
        return "" if state == "Enabled" else state

    def publish(
        self,
        service: str,
        topic: str,
        message: str,
        origin: Mapping[str, str],
        *,
        subject: str = "",
        mail: str = "",
    ) -> str:
        """Publish for a service; return why it may not, or nothing.

        `mail` is the text for e-mail where it is another than the message.
        """
        if refused := self._refusal(service, topic, origin):
            self.mailbox.put(topic, mail or message, subject=subject, refused=refused)
            return refused
        structured = json.dumps({"default": message, "email": mail or message})
        given = {"Subject": subject} if subject else {}
        self._account.client("sns").publish(
            TopicArn=topic, Message=structured, MessageStructure="json", **given
        )
        name = topic.rpartition(":")[2]
        self._account.metrics.add("AWS/SNS", "NumberOfMessagesPublished", {"TopicName": name})
        return ""

    def _refusal(self, service: str, topic: str, origin: Mapping[str, str]) -> str:
        snapshot = self._account.snapshot
        key = snapshot(f"sns:key:{topic}", lambda: self._key(topic))
        if state := key and snapshot(f"sns:state:{key}", lambda: self._unusable(key)):
            return f"the topic's key {key} is {state}"
        for action, resource in [("sns:Publish", topic), *((one, key) for one in _KEY_USES if key)]:
            decision = self._authorizer.authorize_service(service, action, resource, origin)
            if not decision.allowed:
                return f"{action} on {resource} is refused ({decision.reason}, {decision.by})"
        return ""

    # --- mails ----------------------------------------------------------------------------------

    def watch(self, call: Call) -> Callable[[HttpResponse], None] | None:
        """Return what mails the message of a call, once that has succeeded."""
        match call.operation:
            case "Publish" if call.params.get("TopicArn"):
                return lambda _: self._mail(call.params)
            case "Subscribe":
                return lambda _: self._ask_to_confirm(call.params)
        return None

    def _mail(self, published: Document) -> None:
        topic, text = published["TopicArn"], published["Message"]
        if published.get("MessageStructure") == "json":
            texts = json.loads(text)
            text = texts.get("email", texts["default"])
        addresses = self._account.snapshot(f"sns:mail:{topic}", lambda: self._addresses(topic))
        self.mailbox.put(
            topic,
            text,
            subject=published.get("Subject") or "",
            to=[one for one, confirmed in addresses.items() if confirmed],
            pending=[one for one, confirmed in addresses.items() if not confirmed],
        )

    def _addresses(self, topic: str) -> dict[str, bool]:
        """Return the e-mail addresses of a topic, and whether each has confirmed."""
        sns, listing = self._account.client("sns"), "list_subscriptions_by_topic"
        return {
            one["Endpoint"]: one["SubscriptionArn"] != PENDING
            for one in every(sns, listing, "Subscriptions", TopicArn=topic)
            if one["Protocol"] == "email"
        }

    def _ask_to_confirm(self, subscribed: Document) -> None:
        """Mail the link that confirms a subscription: until then an address gets nothing else."""
        topic, address = subscribed["TopicArn"], subscribed.get("Endpoint") or ""
        if self._addresses(topic).get(address) is False:
            query = {"TopicArn": topic, "Token": confirmation_token(topic, address)}
            link = f"https://sns.{self._account.region}.amazonaws.com/confirmation.html"
            self.mailbox.put(
                topic,
                f"You have chosen to subscribe to the topic:\n{topic}\n"
                f"To confirm this subscription, visit {link}?{urlencode(query)}",
                subject="AWS Notification - Subscription Confirmation",
                to=[address],
            )
