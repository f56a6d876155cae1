"""Which version of the function answers: weights of its alias, moved in seconds.

Terraform moves the alias to each version that it publishes, and ignores the weights. A roll-back
gives another version all of the weight, so that no plan differs; what is deployed after it gets
none until it is promoted. Why: docs/decisions/0017-terraform-moves-the-alias.md.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toolkit.errors import ToolkitError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from toolkit.proofs.deployment import Deployment

STEPS = (0.1, 0.5, 1.0)
"""Shares of requests that a promoted version gets, one after the other."""
MINUTES = 5.0
_LOOK_SECONDS = 10.0


@dataclass(frozen=True)
class Serving:
    """The alias: its version, and the other one with its share of requests from 0 to 1."""

    version: str
    other: str = ""
    share: float = 0.0

    def __str__(self) -> str:
        """Describe it to a person."""
        if not self.other:
            return f"version {self.version} answers"
        return (
            f"version {self.other} answers {self.share:.0%} of requests, version {self.version}"
            f" {1 - self.share:.0%}"
        )


class Release:
    """The alias of one deployment.

    Args:
        aws: makes a boto3 client of a service.
        outputs: the output `deployment` of the environment.
        sleep: waits some seconds.
    """

    def __init__(
        self,
        aws: Callable[[str], Any],
        outputs: Mapping[str, Any],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._lambda, self._alarms = aws("lambda"), aws("cloudwatch")
        self._outputs = outputs
        self._at = {"FunctionName": outputs["function_name"], "Name": "live"}
        self._sleep = sleep

    @classmethod
    def of(cls, deployment: Deployment) -> Release:
        """Return the release of a deployment."""
        return cls(deployment.aws, deployment.outputs)

    def serving(self) -> Serving:
        """Return who answers now."""
        return self._read()[0]

    def roll_back(self, to: str = "") -> Serving:
        """Let another version answer every request; by default the one published before.

        Raises ToolkitError where there is none, or where its guardrail is gone.
        """
        now, revision = self._read()
        wanted = to or now.other or self._before(now.version)
        if wanted != now.version:
            self._check(wanted)
        return self._shift(now.version, wanted if wanted != now.version else "", 1.0, revision)

    def promote(self, tell: Callable[[str], None], minutes: float = MINUTES) -> Serving:
        """Let the newest version answer more and more, as long as no further alarm rings.

        Raises ToolkitError after a roll-back, which an alarm causes.
        """
        now, _ = self._read()
        if not now.other:
            return now
        rung = self._ringing()
        for share in STEPS:
            _, revision = self._read()
            now = self._shift(now.version, now.other if share < 1 else "", 1 - share, revision)
            tell(str(now))
            if share < 1 and (new := self._watch(minutes, rung)):
                self.roll_back(now.other)
                raise ToolkitError(
                    f"{', '.join(sorted(new))} rang: version {now.other} answers every request"
                    f" again. Mend version {now.version} and deploy."
                )
        return now

    def _read(self) -> tuple[Serving, str]:
        alias = self._lambda.get_alias(**self._at)
        weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
        other, share = next(iter(weights.items()), ("", 0.0))
        return Serving(alias["FunctionVersion"], other, share), alias["RevisionId"]

    def _shift(self, version: str, other: str, share: float, revision: str) -> Serving:
        weights = {other: round(share, 4)} if other else {}
        # Whoever moved the alias meanwhile is not overruled.
        self._lambda.update_alias(
            **self._at, RoutingConfig={"AdditionalVersionWeights": weights}, RevisionId=revision
        )
        return Serving(version, other, share if other else 0.0)

    def _before(self, version: str) -> str:
        pages = self._lambda.get_paginator("list_versions_by_function").paginate(
            FunctionName=self._at["FunctionName"]
        )
        numbers = [one["Version"] for page in pages for one in page["Versions"]]
        older = [int(one) for one in numbers if one.isdigit() and int(one) < int(version)]
        if not older:
            raise ToolkitError(f"There is no version before {version} to roll back to.")
        return str(max(older))

    def _check(self, version: str) -> None:
        """Refuse a version whose guardrail the function's role may no longer use."""
        settings = self._lambda.get_function_configuration(
            FunctionName=self._at["FunctionName"], Qualifier=version
        )["Environment"]["Variables"]
        used, newest = settings["GUARDRAIL_VERSION"], self._outputs["guardrail_version"]
        same = settings["GUARDRAIL_ID"] == self._outputs["guardrail_id"]
        before = str(int(newest) - 1) if newest.isdigit() else newest
        if not same or used not in {newest, before}:
            raise ToolkitError(
                f"Version {version} asks guardrail version {used}; the role may ask {newest} and"
                " the one before. It would answer nobody: revert the change and deploy."
            )

    def _ringing(self) -> set[str]:
        pages = self._alarms.get_paginator("describe_alarms").paginate(
            AlarmNamePrefix=f"{self._at['FunctionName']}-", StateValue="ALARM"
        )
        return {alarm["AlarmName"] for page in pages for alarm in page["MetricAlarms"]}

    def _watch(self, minutes: float, rung: set[str]) -> set[str]:
        """Wait, and return the alarms that began to ring meanwhile."""
        left = minutes * 60
        while True:
            if new := self._ringing() - rung:
                return new
            if left <= 0:
                return set()
            self._sleep(min(_LOOK_SECONDS, left))
            left -= _LOOK_SECONDS
