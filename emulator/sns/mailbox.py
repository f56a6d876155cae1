"""The mailbox: what people would have been mailed, and what no topic took, with its reason."""

import hashlib
import hmac
import secrets
import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from emulator.wire.errors import AwsError
from emulator.wire.http import HttpRequest, HttpResponse, json_response

PENDING = "PendingConfirmation"
"""What stands for the ARN of a subscription that nobody has confirmed."""

_SECRET = secrets.token_bytes(32)
_MOST_CHARACTERS = 8 * 1024 * 1024  # of all mails together; the oldest go


def confirmation_token(topic: str, address: str) -> str:
    """Return what whoever reads an address's mail, and nobody else, can confirm it with."""
    return hmac.new(_SECRET, f"{topic} {address}".encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class Mail:
    """One message of a topic.

    Attributes:
        at: UTC, ISO 8601.
        topic: its name.
        subject: "" where none was given: SNS then writes one of its own.
        text: as the addresses read it, without SNS's line on how to unsubscribe.
        to: addresses that it went to, which have confirmed.
        pending: addresses that have not, and got nothing.
        refused: why the topic did not take it; "" where it did.
    """

    at: str
    topic: str
    subject: str
    text: str
    to: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    refused: str = ""


class Mailbox:
    """Everybody's mails, the newest last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._mails: deque[Mail] = deque()
        self._size = 0

    def put(
        self,
        topic: str,
        text: str,
        *,
        subject: str = "",
        to: Iterable[str] = (),
        pending: Iterable[str] = (),
        refused: str = "",
    ) -> None:
        """Keep a message to a topic's ARN, and forget the oldest where there are too many."""
        at = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        name = topic.rpartition(":")[2]
        with self._lock:
            self._mails.append(Mail(at, name, subject, text, tuple(to), tuple(pending), refused))
            self._size += len(text)
            while self._size > _MOST_CHARACTERS:
                self._size -= len(self._mails.popleft().text)

    def handle(self, request: HttpRequest) -> HttpResponse:
        """Answer the mailbox's page: GET lists it, DELETE empties it. Raises AwsError."""
        if request.method not in {"DELETE", "GET"}:
            raise AwsError(405, "UnknownOperationException", "The mailbox takes GET and DELETE.")
        with self._lock:
            if request.method == "DELETE":
                self._mails.clear()
                self._size = 0
            return json_response(200, {"mails": [asdict(mail) for mail in self._mails]})
