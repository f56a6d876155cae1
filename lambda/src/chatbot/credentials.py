"""The keys of the function's role, new ones before the old expire.

Lambda sets them as environment variables. With SnapStart it serves them at a local address instead,
so that a restored copy does not start with keys that have expired (AWS Lambda Developer Guide,
"Using SnapStart with AWS SDKs"; AWS SDKs Reference Guide, "Container credential provider").
"""

from __future__ import annotations

import contextlib
import http.client
import json
import math
import threading
import time
from datetime import datetime
from typing import TYPE_CHECKING

from chatbot.signing import Keys

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatbot.config import KeySource

RENEW_SECONDS = 300.0
FETCH_ATTEMPTS = 3
FETCH_TIMEOUT_SECONDS = 2.0


class CredentialsError(Exception):
    """There are no keys; the text says why, and holds none."""


class Credentials:
    """Gives the keys that are valid now."""

    def __init__(
        self, source: Callable[[], KeySource], *, clock: Callable[[], float] = time.time
    ) -> None:
        self._source = source
        self._clock = clock
        self._lock = threading.Lock()
        self._fetched = Keys("", "", "")
        self._expires = -math.inf

    def keys(self) -> Keys:
        """Return the keys, or raise CredentialsError."""
        source = self._source()
        if source.keys is not None:
            return source.keys
        if source.address is None:
            raise CredentialsError("neither keys nor an address to get them from")
        with self._lock:
            left = self._expires - self._clock()
            if left < RENEW_SECONDS:
                try:
                    self._fetched, self._expires = _fetch(source.address, source.token)
                except CredentialsError:
                    if left <= 0:
                        raise
            return self._fetched


def _fetch(address: tuple[str, int, str], token: str) -> tuple[Keys, float]:
    host, port, path = address
    problem = ""
    for _ in range(FETCH_ATTEMPTS):
        connection = http.client.HTTPConnection(host, port, timeout=FETCH_TIMEOUT_SECONDS)
        try:
            with contextlib.closing(connection):
                connection.request("GET", path, headers={"Authorization": token})
                response = connection.getresponse()
                document = response.read()
        except (OSError, http.client.HTTPException) as error:
            problem = type(error).__name__
            continue
        if response.status == 200:
            return _read(document)
        problem = f"status {response.status}"
    raise CredentialsError(f"the address of the role's keys: {problem}")


def _read(document: bytes) -> tuple[Keys, float]:
    try:
        found = json.loads(document)
        keys = Keys(found["AccessKeyId"], found["SecretAccessKey"], found["Token"])
        return keys, datetime.fromisoformat(found["Expiration"]).timestamp()
    except (KeyError, TypeError, ValueError):
        raise CredentialsError("the address of the role's keys: not the documented JSON") from None
