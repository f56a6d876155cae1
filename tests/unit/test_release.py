"""Roll-back and promotion of a version, on an alias of the tests' own."""

from typing import Any, Self

import pytest

from toolkit.errors import ToolkitError
from toolkit.release import Release, Serving

OUTPUTS = {"function_name": "chatbot-dev", "guardrail_id": "g", "guardrail_version": "3"}


class Account:
    """A function with four versions, and its alarms."""

    def __init__(self) -> None:
        self.version, self.weights, self.revision = "4", dict[str, float](), 0
        self.guardrails = {"1": "1", "2": "2", "3": "2", "4": "3"}
        self.ringing = ["chatbot-dev-old"]
        self.rings_at: float | None = None
        self.history: list[dict[str, float]] = []

    def __call__(self, _: str) -> Self:
        return self

    def get_alias(self, **at: str) -> dict[str, Any]:
        assert at == {"FunctionName": "chatbot-dev", "Name": "live"}
        return {
            "FunctionVersion": self.version,
            "RevisionId": str(self.revision),
            "RoutingConfig": {"AdditionalVersionWeights": self.weights},
        }

    def update_alias(self, **given: Any) -> None:
        assert given["RevisionId"] == str(self.revision), "somebody else moved it"
        assert "FunctionVersion" not in given, "Terraform's"
        self.revision += 1
        self.weights = given["RoutingConfig"]["AdditionalVersionWeights"]
        self.history.append(self.weights)
        if self.rings_at is not None and self.weights == {"3": self.rings_at}:
            self.ringing.append("chatbot-dev-api-5xx")

    def get_function_configuration(self, **at: str) -> dict[str, Any]:
        version = self.guardrails[at["Qualifier"]]
        return {"Environment": {"Variables": {"GUARDRAIL_ID": "g", "GUARDRAIL_VERSION": version}}}

    def get_paginator(self, name: str) -> Any:
        self._asks = name
        return self

    def paginate(self, **_: str) -> list[dict[str, Any]]:
        if self._asks == "describe_alarms":
            return [{"MetricAlarms": [{"AlarmName": name} for name in self.ringing]}]
        return [{"Versions": [{"Version": one} for one in ("$LATEST", *self.guardrails)]}]


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def release(account: Account, slept: list[float]) -> Release:
    return Release(account, OUTPUTS, slept.append)


def test_the_version_before_gets_every_request(release: Release, account: Account) -> None:
    assert str(release.serving()) == "version 4 answers"
    assert release.roll_back() == release.serving() == Serving("4", "3", 1.0)
    assert account.weights == {"3": 1.0}
    assert release.roll_back() == Serving("4", "3", 1.0)
    assert release.roll_back("2") == Serving("4", "2", 1.0)
    assert release.roll_back("4") == Serving("4")


def test_a_version_with_a_guardrail_that_is_gone_is_refused(
    release: Release, account: Account
) -> None:
    with pytest.raises(ToolkitError, match="asks guardrail version 1; the role may ask 3"):
        release.roll_back("1")
    account.version = "1"
    with pytest.raises(ToolkitError, match="no version before 1"):
        release.roll_back()
    assert account.history == []


def test_a_promotion_goes_by_steps_and_is_watched(
    release: Release, account: Account, slept: list[float]
) -> None:
    release.roll_back()
    messages: list[str] = []
    assert release.promote(messages.append, minutes=0.5) == Serving("4")
    assert account.history == [{"3": 1.0}, {"3": 0.9}, {"3": 0.5}, {}]
    assert sum(slept) == 60
    assert messages[0] == "version 3 answers 90% of requests, version 4 10%"
    assert release.promote(messages.append) == Serving("4")  # nothing is left to promote


@pytest.mark.parametrize("share", [0.9, 0.5])
def test_an_alarm_that_begins_to_ring_puts_it_back(
    release: Release, account: Account, share: float
) -> None:
    release.roll_back()
    account.rings_at = share
    with pytest.raises(ToolkitError, match="chatbot-dev-api-5xx rang: version 3 answers"):
        release.promote(lambda _: None)
    assert release.serving() == Serving("4", "3", 1.0)
