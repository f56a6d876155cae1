"""Progress of an apply: the planned changes, what is done, and what it waits for."""

import contextlib
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TextIO

# `make up` lists every change of an edit, and what an environment consists of at the first apply.
LISTED = 15
# Terraform reports every ten seconds; shorter waits need no line.
LONG_SECONDS = 30
# No service of the local AWS takes this long: the provider slept.
SLEPT_SECONDS = 10
CHANGES = ("create", "update", "delete", "replace")
# The provider sleeps 55 s after it has set a bucket's lifecycle. No request needs that bucket.
SLOW = ("aws_s3_bucket_lifecycle_configuration",)
# A new one takes the old one's place wherever it is named, and nothing is attached to either.
SNAPSHOTS = ("aws_api_gateway_deployment", "aws_bedrock_guardrail_version")
# Terraform's warnings of a plan that looks at a part: that part is all that can have changed.
OF_A_PART = ("Resource targeting is in effect", "Applied changes may be incomplete")


Tell = Callable[[str], None]
Notice = Callable[[], None]


def nothing() -> None:
    """Do nothing, where nobody asked for a notice."""


class Narrator:
    """Turns the messages of `terraform apply -json` into lines for a person.

    `planned` is called when all changes are known, `stands` once: when nothing is left but what no
    request has to wait for.
    """

    def __init__(self, tell: Tell, stands: Notice = nothing, planned: Notice = nothing) -> None:
        self._tell = tell
        self._stands = stands
        self._are_planned = planned
        self._planned: list[tuple[str, dict[str, Any]]] = []
        self._pending: Counter[tuple[str, str]] = Counter()
        self._done = 0
        self._printed: set[str] = set()

    def __call__(self, message: dict[str, Any]) -> None:
        """Take one message."""
        hook = message.get("hook", {})
        match message.get("type"):
            case "planned_change":
                self._plan(message["change"])
            case "change_summary" if message["changes"]["operation"] == "plan":
                self._list()
            case "apply_complete" if hook["action"] != "read":
                self._complete(hook["resource"], hook["elapsed_seconds"])
            case "apply_errored":
                self._tell(f"  failed: {hook['resource']['addr']}")
            case "apply_progress" if hook["action"] != "read":
                self._wait(hook)
            case "diagnostic" if message.get("@level") == "warn":
                diagnostic = message["diagnostic"]
                if diagnostic.get("summary") not in OF_A_PART:
                    self._once(f"  warning: {diagnostic.get('detail') or message['@message']}")

    @property
    def has_lost(self) -> bool:
        """Return whether anything is replaced or removed to which more may be attached."""
        return any(
            action in {"delete", "replace"} and resource["resource_type"] not in SNAPSHOTS
            for action, resource in self._planned
        )

    def _plan(self, change: dict[str, Any]) -> None:
        if change["action"] not in CHANGES:
            return
        resource = change["resource"]
        self._planned.append((change["action"], resource))
        # A replacement is two steps, of which either may come first.
        steps = 2 if change["action"] == "replace" else 1
        self._pending[resource["addr"], resource["resource_type"]] += steps

    def _list(self) -> None:
        self._are_planned()
        number = len(self._planned)
        self._tell(f"{number} change{'' if number == 1 else 's'} planned")
        for line in listed(self._planned):
            self._tell(f"  {line}")

    def _complete(self, resource: dict[str, Any], seconds: int) -> None:
        if seconds >= SLEPT_SECONDS:
            self._tell(f"  {resource['addr']} took {seconds} s")
        step = resource["addr"], resource["resource_type"]
        self._pending[step] -= 1
        if self._pending[step] > 0:
            return
        del self._pending[step]
        self._done += 1
        if self._done % 20 == 0 or not self._pending:
            self._tell(f"  {self._done} of {len(self._planned)} done")
        if self._pending and all(kind in SLOW for _, kind in self._pending):
            self._stands()
            self._stands = nothing

    def _wait(self, hook: dict[str, Any]) -> None:
        if hook["elapsed_seconds"] >= LONG_SECONDS:
            address = hook["resource"]["addr"]
            self._once(f"  Terraform still waits for {address}", address)

    def _once(self, line: str, key: str = "") -> None:
        if (key or line) not in self._printed:
            self._printed.add(key or line)
            self._tell(line)


def listed(planned: list[tuple[str, dict[str, Any]]]) -> list[str]:
    """Return what is planned in at most LISTED lines: each change, or how many of each module."""
    if len(planned) <= LISTED:
        return sorted(f"{action} {resource['addr']}" for action, resource in planned)
    groups = Counter((resource["module"] or "the root", action) for action, resource in planned)
    lines = [f"{action} {count} in {place}" for (place, action), count in sorted(groups.items())]
    if len(lines) <= LISTED:
        return lines
    return [*lines[: LISTED - 1], f"and more in {len(lines) - LISTED + 1} other places"]


@contextlib.contextmanager
def errors_of(log: Path, tell: Callable[[str], None]) -> Iterator[None]:
    """Report each error that the local AWS logs during the block, before Terraform reports it."""
    done = threading.Event()

    def watch(lines: TextIO) -> None:
        is_last = False
        while not is_last:
            is_last = done.wait(0.5)
            for line in lines:
                if " ERROR " in line:
                    tell(f"local AWS: {line.strip()} (more in {log})")

    with log.open(errors="replace") as lines:
        lines.seek(0, os.SEEK_END)
        watcher = threading.Thread(target=watch, args=(lines,), daemon=True)
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()
