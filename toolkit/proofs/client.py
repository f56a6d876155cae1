"""The one HTTP client of smoke test and proofs: requests at a pace that the limits allow."""

import errno
import http.client
import itertools
import json
import random
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

from toolkit.proofs.applied import Applied
from toolkit.proofs.errors import CannotAskError
from toolkit.proofs.kinds import Request

TIMEOUT_SECONDS = 40.0
AGENT = "chatbot-proofs/1"
# Where the limits cannot be read: slow enough for any usage plan and common web ACLs.
UNKNOWN_SECONDS = 1.0
UNKNOWN_WINDOW_SECONDS = 6.5
SOME = 0.8  # of a web ACL's limit, so that other requests of ours have room


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@dataclass(frozen=True)
class Answer:
    """An HTTP answer: status, headers in lower case, body, and the ids that the logs use.

    A status of 0 is no answer; the body says why.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    at: str = field(default_factory=_now, compare=False)  # when it came, in UTC

    @property
    def request_id(self) -> str:
        """Return the id of API Gateway's log, or of an invocation."""
        return self.headers.get("x-amzn-requestid", "")

    @property
    def extended_id(self) -> str:
        """Return the id that the web ACL's log has, which a client cannot choose."""
        return self.headers.get("x-amz-apigw-id", "")

    def json(self) -> dict[str, Any]:
        """Return the body as a JSON object, or an empty one when it is none."""
        try:
            document = json.loads(self.body)
        except (RecursionError, ValueError):
            return {}
        return document if isinstance(document, dict) else {}

    @property
    def error(self) -> dict[str, Any]:
        """Return the error of a refusal, or an empty one."""
        error = self.json().get("error")
        return error if isinstance(error, dict) else {}


@dataclass(frozen=True)
class Pace:
    """How fast requests may come, from the limits that were applied."""

    counted: float  # seconds between requests that count against the usage plan's rate
    every: float  # seconds between any two, so that the web ACL's limit for an address is not met
    an_address: int = 40  # requests from one loopback address

    @classmethod
    def of(cls, applied: Applied, *, local: bool, requests: int) -> Self:
        """Return the pace for a number of requests."""
        rate, limit = applied.get("rate_limit"), applied.get("rate_requests")
        counted = 1.1 / rate if rate else UNKNOWN_SECONDS
        if local:
            return cls(counted, 0.0, int(SOME * limit) if limit else 8)
        if not limit:
            return cls(counted, UNKNOWN_WINDOW_SECONDS if requests > 20 else counted)
        if requests <= SOME * limit:
            return cls(counted, counted)
        window = applied.get("rate_seconds", 0) / limit
        return cls(counted, max(counted, 1.08 * window))

    def minutes(self, requests: float) -> float:
        """Estimate how long so many requests take."""
        return requests * max(self.counted, self.every) / 60


def loopback_addresses() -> Iterator[str]:
    """Yield unused loopback source addresses, from a random start so that runs do not share any."""
    first = random.randint(1, 254)  # noqa: S311 - no secret
    nets = itertools.product(range(first, 255), range(1, 255))
    return (f"127.{a}.{b}.{host}" for a, b in nets for host in range(1, 255))


class Client:
    """Sends requests to one address; to a local one, from as many addresses as are needed."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.pace = Pace(UNKNOWN_SECONDS, UNKNOWN_SECONDS)
        self.sent = 0
        self._parts = urllib.parse.urlsplit(url)
        self._not_before = 0.0
        self._addresses = loopback_addresses()
        self._address, self._uses = self.new_address(), 0

    @property
    def local(self) -> bool:
        """Return whether it is on this machine: requests may come fast, from many addresses."""
        return self._parts.hostname in {"127.0.0.1", "localhost"}

    def wait(self, *, counts: bool) -> None:
        """Wait until the next request may be sent."""
        time.sleep(max(0.0, self._not_before - time.monotonic()))
        pause = max(self.pace.counted if counts else 0.0, self.pace.every)
        self._not_before = time.monotonic() + pause

    def rest(self, seconds: float) -> None:
        """Delay the next request by this many seconds."""
        self._not_before = time.monotonic() + seconds

    def address(self) -> str:
        """Return a source address below its share of the rate limit."""
        self._uses += 1
        if self._uses > self.pace.an_address:
            self._address, self._uses = self.new_address(), 1
        return self._address

    def new_address(self) -> str:
        """Return an unused source address."""
        return next(self._addresses)

    def send(self, request: Request, key: str, address: str, token: str = "") -> Answer:
        """Send one request."""
        headers = {"User-Agent": AGENT, "Accept": "application/json", **request.headers}
        if request.content_type:
            headers["Content-Type"] = request.content_type
        if key:
            headers["x-api-key"] = key
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if request.gzip:
            headers.setdefault("Content-Encoding", "gzip")
        content = request.content()
        if content is not None:
            headers["Content-Length"] = str(len(content))
        self.sent += 1
        connection = self._connect(address)
        try:
            path = self._parts.path + request.path
            connection.putrequest(request.method, path, skip_accept_encoding=True)
            for name, value in headers.items():
                if value:
                    connection.putheader(name, value)
            connection.endheaders(content)
            reply = connection.getresponse()
            answered = {name.lower(): value for name, value in reply.getheaders()}
            return Answer(reply.status, answered, reply.read())
        except (OSError, http.client.HTTPException) as error:
            if getattr(error, "errno", 0) == errno.EADDRNOTAVAIL:
                raise CannotAskError(
                    f"{address} cannot be a source address ({error}). A rehearsal plays many "
                    "clients, each from a loopback address of its own, as Linux has them."
                ) from error
            return Answer(0, {}, f"no answer from {self.url}: {error or repr(error)}".encode())
        finally:
            connection.close()

    def _connect(self, address: str) -> http.client.HTTPConnection:
        parts, host = self._parts, self._parts.hostname or ""
        if self.local:
            return http.client.HTTPConnection(
                host, parts.port, timeout=TIMEOUT_SECONDS, source_address=(address, 0)
            )
        kind = http.client.HTTPConnection if parts.scheme == "http" else http.client.HTTPSConnection
        proxy = urllib.request.getproxies().get(parts.scheme)
        if proxy and not urllib.request.proxy_bypass(host):
            way = urllib.parse.urlsplit(proxy)
            connection = kind(way.hostname or "", way.port, timeout=TIMEOUT_SECONDS)
            connection.set_tunnel(host, parts.port)
            return connection
        return kind(host, parts.port, timeout=TIMEOUT_SECONDS)
