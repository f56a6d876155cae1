#!/usr/bin/env python3
"""Measure what sign-in, budgets and conversations each cost a request; off, they are the floor.

The function is measured as in benchmarks/function.py, in its package, against a Bedrock and a table
on this machine that answer at once: what is shown is its own work, and how often it waits for the
table besides. A token is verified in front of the function, by API Gateway: of that the local AWS's
own verification is shown, which says nothing of AWS's.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from benchmarks.function import Bench, arguments, bedrock, environment, event, progress, text
from emulator.apigateway.sign_in import COGNITO, SignIn
from emulator.cognito import pools

if TYPE_CHECKING:
    from collections.abc import Mapping

POOL = "arn:aws:cognito-idp:us-east-2:123456789012:userpool/us-east-2_Bench0001"
SCOPE = "chatbot/ask"
CLAIMS = {"iss": pools.issuer(POOL), "sub": "3f0c7c1e-0000-4000-8000-5f0c7c1e0000"}
KNOWN = {"conversation_id": "A" * 24}
SIGNED_IN = {"SIGN_IN": "required"}


def _budget(*whose: str) -> dict[str, str]:
    limits = {f"{one}_tokens_per_day": 100_000 for one in whose}
    return {"TABLE_NAME": "t", "BUDGET": json.dumps(limits | {"on_store_failure": "refuse"})}


CONVERSATION = {
    "TABLE_NAME": "t",
    "CONVERSATION": json.dumps({"max_chars": 8000, "max_turns": 10, "ttl_hours": 24}),
}


@dataclass(frozen=True)
class Case:
    """An environment with some of the options, and a request to it."""

    settings: Mapping[str, str]
    calls: int  # of the table
    signed_in: bool = False
    goes_on: bool = False  # a further question of a conversation

    @property
    def event(self) -> dict[str, object]:
        """Return what API Gateway hands on."""
        asked: dict[str, Any] = event(text(80), **(KNOWN if self.goes_on else {}))
        if self.signed_in:
            asked["requestContext"]["authorizer"] = {"claims": CLAIMS}
        return asked


OFF = "nothing"
CASES = {
    OFF: Case({}, calls=0),
    "sign-in": Case(SIGNED_IN, calls=0, signed_in=True),
    "budget": Case(_budget("client"), calls=2),
    "budget of person and client": Case(
        SIGNED_IN | _budget("client", "user"), calls=4, signed_in=True
    ),
    "conversation, first question": Case(CONVERSATION, calls=1),
    "conversation, a further one": Case(CONVERSATION, calls=2, goes_on=True),
    "all of them": Case(
        SIGNED_IN | _budget("client", "user") | CONVERSATION, calls=6, signed_in=True, goes_on=True
    ),
}


def measure(rounds: int, requests: int) -> dict[str, dict[str, float]]:
    """Return for each case the medians over the rounds, in milliseconds, and what OFF lacks."""
    columns: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    names = tuple(CASES)
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        folder = Path(scratch)
        with bedrock(folder) as keys:
            bench = Bench(folder, environment() | keys, ("ours",))
            for number in range(rounds):
                turn = number % len(names)
                for name in (*names[turn:], *names[:turn]):
                    case = CASES[name]
                    sample = bench.run("ours", requests, case.event, case.settings)
                    columns[name]["start"].append(sample.init)
                    columns[name]["warm"].append(median(sample.warm))
                    columns[name]["processor"].append(sample.processor)
                progress(number + 1, rounds)
    result = {
        name: {"calls": CASES[name].calls, **{one: median(all_) for one, all_ in measured.items()}}
        for name, measured in columns.items()
    }
    for one in result.values():
        one |= {f"more_{name}": one[name] - result[OFF][name] for name in ("start", "processor")}
    return {name: result[name] for name in names}


def verification(requests: int) -> float:
    """Return the local AWS's processor time to verify a token, in milliseconds."""
    admitted: list[Mapping[str, str]] = []
    token = pools.token({"user_pool": POOL, "token_use": "access", "scopes": [SCOPE]})
    authorizer = {"type": COGNITO, "providerARNs": [POOL]}
    exchange: Any = SimpleNamespace(
        method=SimpleNamespace(authorizer_id="a", authorization_scopes=frozenset({SCOPE})),
        api=SimpleNamespace(authorizers={"a": authorizer}),
        evaluate=lambda _: f"Bearer {token}",
        signed_in=admitted.append,
    )
    account: Any = SimpleNamespace(approximations=SimpleNamespace(note=lambda *_: None))
    sign_in = SignIn(account)
    sign_in.admit(exchange)  # reads the keys
    begun = time.process_time()
    for _ in range(requests):
        sign_in.admit(exchange)
    return (time.process_time() - begun) * 1000 / requests


def _show(result: Mapping[str, Mapping[str, float]], verified: float) -> None:
    print(f"{'':30}{'processor, ms':>15}{'more':>8}{'warm, ms':>10}{'start, ms':>11}{'table':>9}")
    for name, one in result.items():
        print(
            f"{name:30}{one['processor']:15.2f}{one['more_processor']:+8.2f}{one['warm']:10.2f}"
            f"{one['start']:11.0f}{one['calls']:3.0f} calls"
        )
    print(f"\nThe local AWS verifies a token in {verified:.2f} ms, in front of the function.")
    print(
        "On AWS that is API Gateway's: Latency less IntegrationLatency, with sign-in and without."
    )


def main() -> int:
    options = arguments(__doc__, requests=500)
    result, verified = measure(options.rounds, options.requests), verification(options.requests)
    if options.json:
        print(json.dumps({"function": result, "local_verification_ms": verified}))
    else:
        _show(result, verified)
    return 0


if __name__ == "__main__":
    sys.exit(main())
