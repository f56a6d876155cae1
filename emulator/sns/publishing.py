"""Publishing to a topic, as far as its policy and its key's let the publisher.

Nothing is mailed: the emulator's log shows what SNS would send. Source: Amazon SNS Developer Guide,
"Managing Amazon SNS encryption keys and costs".
"""

import logging
from collections.abc import Mapping

from emulator.account import OPERATOR_KEY_ID, Account
from emulator.iam import Authorizer
from emulator.iam.resources import key_arn
from emulator.wire.call import Call
from emulator.wire.errors import AwsError
from iam_policy import access_denied_message

_log = logging.getLogger("emulator")

_KEY_USES = ("kms:GenerateDataKey", "kms:Decrypt")


class Publisher:
    """Publishes for services, and refuses callers who may not use a topic's key."""

    def __init__(self, account: Account, authorizer: Authorizer) -> None:
        self._account = account
        self._authorizer = authorizer

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
        sns = self._account.client("sns")
        try:
            attributes = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
        except sns.exceptions.ClientError:
            return []
        key = attributes.get("KmsMasterKeyId")
        arn = key_arn(key, self._account.region, self._account.id) if key else ""
        return [(action, arn) for action in _KEY_USES] if key else []

    def publish(self, service: str, topic: str, message: str, origin: Mapping[str, str]) -> str:
        """Publish for a service; return why it may not, or nothing."""
        for action, resource in [("sns:Publish", topic), *self._key_uses(topic)]:
            decision = self._authorizer.authorize_service(service, action, resource, origin)
            if not decision.allowed:
                return f"{action} on {resource} is refused ({decision.reason}, {decision.by})"
        self._account.client("sns").publish(TopicArn=topic, Message=message)
        name = topic.rpartition(":")[2]
        self._account.metrics.add("AWS/SNS", "NumberOfMessagesPublished", {"TopicName": name})
        _log.info("SNS would mail from %s: %s", name, message)
        return ""
