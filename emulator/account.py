"""The local account: its ids, clients of its APIs, and snapshots of what was applied."""

from __future__ import annotations

import threading
from collections import defaultdict
from typing import TYPE_CHECKING, Protocol

import boto3
from botocore.config import Config

from emulator import OPERATOR_KEY_ID
from emulator.approximations import Approximations
from emulator.wire.partition import partition_of
from emulator.wire.transport import InProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from botocore.client import BaseClient

    from emulator.wire.documents import JsonObject
    from emulator.wire.transport import Answer


Value = tuple[str, float, str]
"""A metric's name, a value, and its unit."""


class Metrics(Protocol):
    """Where the account's parts count."""

    def add(
        self,
        namespace: str,
        name: str,
        dimensions: Mapping[str, str],
        value: float = 1.0,
        unit: str = "Count",
    ) -> None:
        """Count a value in a series, now."""

    def add_all(
        self, namespace: str, dimensions: Mapping[str, str], values: Iterable[Value]
    ) -> None:
        """Count values in series of the same dimensions, now."""


class Logs(Protocol):
    """Where the account's parts log."""

    def put(self, group: str, stream: str, message: str) -> None:
        """Queue one event."""

    def flush(self) -> None:
        """Wait until every queued event is written."""

    def close(self) -> None:
        """Write out what is queued, and stop."""


def every(client: BaseClient, operation: str, listed: str, **asked: object) -> list[JsonObject]:
    """Return what an operation lists under a name, from all pages."""
    pages = client.get_paginator(operation).paginate(**asked)
    return [one for page in pages for one in page.get(listed) or ()]


class Account:
    """One account in its home Region, as the parts that serve see it.

    Args:
        account_id: twelve digits.
        region: home Region, in which everything that serves is.
        endpoint: where other programs, such as functions, reach the emulator.
        metrics: CloudWatch's.
        logs: CloudWatch Logs'.
        answer: answers the requests of clients in-process. None: they go to `endpoint`.

    Attributes:
        id: twelve digits.
        approximations: what was done otherwise than AWS does it.
    """

    def __init__(
        self,
        account_id: str,
        region: str,
        endpoint: str,
        *,
        metrics: Metrics,
        logs: Logs,
        answer: Answer | None = None,
    ) -> None:
        self.id = account_id
        self.region = region
        self.endpoint = endpoint
        self.approximations = Approximations()
        self.metrics = metrics
        self.logs = logs
        self._answer = answer
        self._lock = threading.Lock()
        self._session: boto3.session.Session | None = None
        self._clients: dict[str, BaseClient] = {}
        self._generation = 0
        self._snapshots: dict[str, object] = {}
        self._building: defaultdict[str, threading.RLock] = defaultdict(threading.RLock)

    @property
    def generation(self) -> int:
        """Count of the control plane's writes so far."""
        return self._generation

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource of the account in its home Region."""
        return f"arn:{partition_of(self.region)}:{service}:{self.region}:{self.id}:{resource}"

    def client(self, service: str) -> BaseClient:
        """Return a boto3 client of the local account, with the operator's credentials."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._make_client(service)
            return self._clients[service]

    def _make_client(self, service: str) -> BaseClient:
        self._session = self._session or boto3.session.Session()
        client = self._session.client(
            service,
            endpoint_url=self.endpoint,
            region_name=self.region,
            aws_access_key_id=OPERATOR_KEY_ID,
            aws_secret_access_key=OPERATOR_KEY_ID,
            config=Config(
                retries={"total_max_attempts": 1},
                s3={"addressing_style": "path"},
                max_pool_connections=64,
            ),
        )
        if self._answer is not None:
            client.meta.events.register("before-send", InProcess(self._answer))
        return client

    def snapshot[T](self, key: str, build: Callable[[], T]) -> T:
        """Return `build()`, remembered under `key` until the next write to the control plane."""
        with self._lock:
            building = self._building[key]
        with building:
            with self._lock:
                generation = self._generation
                if key in self._snapshots:
                    known: T = self._snapshots[key]  # type: ignore[assignment]  # of the same key
                    return known
            value = build()
            with self._lock:
                # A write that landed meanwhile may or may not be in what was built.
                if generation == self._generation:
                    self._snapshots[key] = value
            return value

    def written(self) -> None:
        """Forget every snapshot: the control plane was written to."""
        with self._lock:
            self._generation += 1
            self._snapshots.clear()

    def close(self) -> None:
        """Write out the queued log events and stop."""
        self.logs.close()
