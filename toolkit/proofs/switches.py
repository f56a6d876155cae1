"""Switches of the emulator that a proof sets, and how each is reset."""

import contextlib
import json
import urllib.request
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from chatbot.store import owner
from toolkit.proofs.errors import RemovedError
from toolkit.proofs.kinds import Rehearsed

if TYPE_CHECKING:
    from toolkit.proofs.deployment import Deployment

TIMEOUT_SECONDS = 40.0
PLAN = "proofs"


class Switches:
    """The switches of one rehearsal: faults, detached layers, a spent budget, keys for a proof."""

    def __init__(self, deployment: "Deployment") -> None:
        self._deployment = deployment
        self.keys: set[str] = set()  # all that were ever made
        self._keys: dict[str, str] = {}
        self._made: list[str] = []
        self._plan = ""
        self._open = False
        self._quota = 0
        self._own_id = ""
        self._left = 0  # requests that the newest key of the clients' plan is good for

    @contextlib.contextmanager
    def spare_keys(self, quota: int) -> Iterator[None]:
        """Make keys when they are asked for, and remove them at the end.

        `own` is a new key of the clients' plan, so that no run uses up their quota; once it is
        used up, there is another. A quota of 0 makes none.
        """
        self._open, self._quota = self._deployment.rehearsal and quota > 0, quota
        try:
            yield
        finally:
            self._open = False
            with contextlib.suppress(Exception):
                self._remove()

    def key(self, name: str, uses: int = 1) -> str:
        """Return a key that was made for a proof; nothing where none is made."""
        if not self._open:
            return ""
        if name == "own":
            self.fit(uses)
            self._left -= uses
        if name not in self._keys:
            self._keys[name] = self._make(name)
        return self._keys[name]

    def fit(self, uses: int) -> None:
        """Take a new key of the clients' plan unless the one there is good for so many requests."""
        if self._open and self._left < uses:
            self._left = self._quota
            self._keys.pop("own", "")

    def _make(self, name: str) -> str:
        gateway, applied = self._deployment.aws("apigateway"), self._deployment.applied
        if not self._plan:
            stage = {"apiId": applied["api_id"], "stage": applied["stage_name"]}
            self._plan = gateway.create_usage_plan(
                name=PLAN, apiStages=[stage], quota={"limit": 1, "period": "MONTH"}
            )["id"]
        key = gateway.create_api_key(name=f"{PLAN}-{name}", enabled=name != "disabled")
        self._made.append(key["id"])
        if name != "unplanned":
            plan = applied["usage_plan_id"] if name == "own" else self._plan
            gateway.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
        if name == "own":
            self._own_id = key["id"]
        self.keys.add(str(key["value"]))
        return str(key["value"])

    def _remove(self) -> None:
        gateway, applied = self._deployment.aws("apigateway"), self._deployment.applied
        for key_id in self._made:
            gateway.delete_api_key(apiKey=key_id)
        if self._plan:
            stage = f"{applied['api_id']}:{applied['stage_name']}"
            change = {"op": "remove", "path": "/apiStages", "value": stage}
            gateway.update_usage_plan(usagePlanId=self._plan, patchOperations=[change])
            gateway.delete_usage_plan(usagePlanId=self._plan)
        self._made, self._keys, self._plan = [], {}, ""

    @contextlib.contextmanager
    def set(self, rehearsed: Rehearsed) -> Iterator[None]:
        """Set the switches that a request needs, and reset them afterwards."""
        with contextlib.ExitStack() as stack:
            if self._deployment.rehearsal and (faults := rehearsed.faults):
                stack.enter_context(self._set_faults(faults))
            if rehearsed.spent:
                stack.enter_context(self._without_budget())
            if rehearsed.without == "edge":
                stack.enter_context(self._without_edge())
            if rehearsed.without == "function":
                stack.enter_context(self._without_function())
            yield

    @contextlib.contextmanager
    def _set_faults(self, faults: Mapping[str, Any]) -> Iterator[None]:
        self._faults("PUT", faults)
        try:
            yield
        finally:
            self._faults("DELETE")

    def _faults(self, method: str, wanted: Mapping[str, Any] | None = None) -> None:
        call = urllib.request.Request(
            f"{self._deployment.endpoint}/_aws/faults",
            data=None if wanted is None else json.dumps(wanted).encode(),
            method=method,
        )
        with urllib.request.urlopen(call, timeout=TIMEOUT_SECONDS):
            pass

    @contextlib.contextmanager
    def _without_budget(self) -> Iterator[None]:
        """Let the budget of the own key be used up, the day's and the month's."""
        dynamodb, now = self._deployment.aws("dynamodb"), datetime.now(UTC)
        self.fit(1)
        self.key("own", 0)
        table = {"TableName": self._deployment.outputs["table_name"]}
        # The function takes a key that is no client's for a client of its own.
        key = {"pk": {"S": owner("budget", self._own_id)}, "sk": {"S": f"{now:%Y-%m}"}}
        found = dynamodb.get_item(**table, Key=key).get("Item")
        spent = {name: {"N": str(10**12)} for name in ("total", f"d{now:%d}")}
        dynamodb.put_item(**table, Item={**(found or key), **spent})
        try:
            yield
        finally:
            dynamodb.delete_item(**table, Key=key)
            if found:
                dynamodb.put_item(**table, Item=found)

    @contextlib.contextmanager
    def _without_function(self) -> Iterator[None]:
        """Set the function's reserved concurrency to 0, as an operator would in an incident."""
        function = self._deployment.aws("lambda")
        name = {"FunctionName": self._deployment.applied["function_name"]}
        reserved = function.get_function_concurrency(**name).get("ReservedConcurrentExecutions")
        if reserved is None:
            raise RemovedError("the function has no reserved concurrency that could be set to 0")
        function.put_function_concurrency(**name, ReservedConcurrentExecutions=0)
        try:
            yield
        finally:
            function.put_function_concurrency(**name, ReservedConcurrentExecutions=reserved)

    @contextlib.contextmanager
    def _without_edge(self) -> Iterator[None]:
        """Detach the web ACL from the stage, so that the layer behind it stands alone."""
        edge, stage = self._deployment.aws("wafv2"), self._deployment.applied["stage_arn"]
        web_acl = edge.get_web_acl_for_resource(ResourceArn=stage).get("WebACL")
        if not web_acl:
            raise RemovedError("there is no web ACL in front of the stage")
        edge.disassociate_web_acl(ResourceArn=stage)
        try:
            yield
        finally:
            edge.associate_web_acl(WebACLArn=web_acl["ARN"], ResourceArn=stage)
