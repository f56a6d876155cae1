"""How a record of the trail becomes an alert's sentence, as EventBridge makes it."""

import json
import re
from typing import Any


def as_event(record: dict[str, Any]) -> dict[str, Any]:
    """Return the event that EventBridge makes of a record (EventBridge User Guide, CloudTrail)."""
    return {
        "version": "0",
        "id": record["eventID"],
        "detail-type": "AWS API Call via CloudTrail",
        "source": f"aws.{record['eventSource'].partition('.')[0]}",
        "account": record["recipientAccountId"],
        "time": record["eventTime"],
        "region": record["awsRegion"],
        "resources": [],
        "detail": record,
    }


def rendered(transformer: dict[str, Any], event: dict[str, Any]) -> str:
    """Put a message together as EventBridge does: placeholders, then JSON."""

    def value(path: str) -> str:
        found: Any = event
        for name in path.removeprefix("$.").split("."):
            found = found[name]
        return str(found)

    paths = transformer["InputPathsMap"]
    template = re.sub(
        r"<(\w+)>", lambda match: value(paths[match[1]]), transformer["InputTemplate"]
    )
    text = json.loads(template)
    assert isinstance(text, str)
    return text
