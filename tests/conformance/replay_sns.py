"""What SNS answered."""

from tests.conformance.harness import asking
from tests.emulator.conftest import ACCOUNT, REGION

_ABSENT = f"arn:aws:sns:{REGION}:{ACCOUNT}:replay-none"
asking("sns-001", "sns", "get_topic_attributes", TopicArn=_ABSENT)
