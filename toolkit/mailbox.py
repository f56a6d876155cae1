"""Read the mailbox of a local AWS, and confirm what its mails ask to confirm."""

import contextlib
import json
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl


def mails(endpoint: str) -> list[dict[str, Any]]:
    """Return all mails, the newest last, as `Mail` of emulator/sns/mailbox.py names their parts.

    Raises OSError where no local AWS answers.
    """
    with urllib.request.urlopen(f"{endpoint}/_aws/mailbox", timeout=5) as reply:
        return list(json.load(reply)["mails"])


def confirm(endpoint: str, client: Callable[[str, str], Any]) -> None:
    """Confirm each subscription that was mailed for, as whoever reads the mail would.

    `client` makes a boto3 client of a service in a Region.
    """
    from botocore.exceptions import ClientError  # noqa: PLC0415 - slow to load

    for mail in mails(endpoint):
        _, _, query = mail["text"].partition("/confirmation.html?")
        if link := dict(parse_qsl(query)):
            with contextlib.suppress(ClientError):  # the subscription is gone since
                client("sns", link["TopicArn"].split(":")[3]).confirm_subscription(**link)
