"""What SNS answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.conformance.harness import asked, replay
from tests.emulator.conftest import ACCOUNT, REGION

if TYPE_CHECKING:
    from tests.emulator.conftest import Emulator


@replay("sns-001")
def topic_that_is_not_there(aws: Emulator) -> dict[str, Any]:
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:replay-none"
    return asked(aws.client("sns").get_topic_attributes, TopicArn=topic)
