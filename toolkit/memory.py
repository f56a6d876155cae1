"""What an environment's table holds of a client or a person, to be looked at, reset or deleted."""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chatbot.store import owner
from toolkit.errors import ToolkitError
from toolkit.proofs.deployment import Deployment


@dataclass(frozen=True)
class Used:
    """How many tokens of a budget are used, in the running day or month."""

    period: str
    tokens: int
    limit: int | None

    def __str__(self) -> str:
        if self.limit is None:
            return f"{self.period} {self.tokens:,}, no limit"
        percent = 100 * self.tokens // self.limit
        return f"{self.period} {self.tokens:,} of {self.limit:,} ({percent} %)"


class Memory:
    """The table of an applied environment."""

    def __init__(self, deployment: Deployment, client: str = "") -> None:
        """Look at one client, or at all. Raises ToolkitError."""
        outputs: Mapping[str, Any] = deployment.outputs
        if deployment.client is None or not outputs.get("table_name"):
            raise ToolkitError("This environment has no table: set budget or conversation.")
        self._dynamodb = deployment.client("dynamodb")
        self._table = outputs["table_name"]
        self._budget = outputs.get("budget") or {}
        self.clients = sorted(outputs["api_key_ids"])
        if client and client not in self.clients:
            raise ToolkitError(f"There is no client {client!r}: {', '.join(self.clients)}.")
        self.clients = [client] if client else self.clients

    def used(self, client: str, person: str = "") -> list[Used]:
        """Return what is used of each budget of a client, or of a person at one."""
        now = datetime.now(UTC)
        item = self._dynamodb.get_item(
            TableName=self._table, Key=_key(owner("budget", client, person), f"{now:%Y-%m}")
        ).get("Item", {})
        own = (self._budget.get("clients") or {}).get(client)
        start = "user_" if person else "" if own else "client_"
        limits = own if own and not person else self._budget
        return [
            Used(
                period,
                int(item.get(name, {"N": 0})["N"]),
                limits.get(f"{start}tokens_per_{period}"),
            )
            for period, name in (("day", f"d{now:%d}"), ("month", "total"))
        ]

    def reset(self, client: str, person: str = "") -> None:
        """Let a budget's day and month begin anew; requests on their way change it no more."""
        now = datetime.now(UTC)
        self._dynamodb.update_item(
            TableName=self._table,
            Key=_key(owner("budget", client, person), f"{now:%Y-%m}"),
            UpdateExpression="REMOVE #total, #day SET #reset = :new",
            ExpressionAttributeNames={"#total": "total", "#day": f"d{now:%d}", "#reset": "reset"},
            ExpressionAttributeValues={":new": {"S": uuid.uuid4().hex}},
        )

    def forget(self, person: str) -> int:
        """Delete all that is kept of a person, at every client; return how many items."""
        owners = [
            owner(kind, client, person)
            for client in self.clients
            for kind in ("budget", "conversation")
        ]
        keys = [key for whose in owners for key in self._keys(whose)]
        for key in keys:
            self._dynamodb.delete_item(TableName=self._table, Key=key)
        return len(keys)

    def _keys(self, whose: str) -> Iterator[dict[str, Any]]:
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :owner",
            ExpressionAttributeValues={":owner": {"S": whose}},
            ProjectionExpression="pk, sk",
        )
        for page in pages:
            yield from page["Items"]


def _key(whose: str, name: str) -> dict[str, Any]:
    return {"pk": {"S": whose}, "sk": {"S": name}}
