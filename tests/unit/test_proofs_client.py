"""Requests come at the pace that the applied limits allow, from as many addresses as they need."""

import itertools
from dataclasses import asdict
from typing import Any

import pytest

from toolkit.proofs.applied import Applied, Gap
from toolkit.proofs.client import Client, Pace, loopback_addresses
from toolkit.proofs.errors import CannotAskError
from toolkit.proofs.kinds import Request

LIMITS: dict[str, Any] = {"rate_limit": 4.0, "rate_requests": 20, "rate_seconds": 120}
UNKNOWN: dict[str, Any] = dict.fromkeys(LIMITS, Gap("not read"))


@pytest.mark.parametrize(
    ("limits", "local", "requests", "expected"),
    [
        # On AWS a few requests fit into the web ACL's window, and more must be spread over it.
        (LIMITS, False, 16, Pace(0.275, 0.275, 40)),
        (LIMITS, False, 17, Pace(0.275, 6.48, 40)),
        # A rehearsal has many addresses, each good for a part of the limit.
        (LIMITS, True, 900, Pace(0.275, 0.0, 16)),
        # Without credentials nothing is known, and a whole run goes slowly.
        (UNKNOWN, False, 16, Pace(1.0, 1.0, 40)),
        (UNKNOWN, False, 200, Pace(1.0, 6.5, 40)),
    ],
)
def test_the_pace_follows_the_limits(
    limits: dict[str, Any], local: bool, requests: int, expected: Pace
) -> None:
    pace = Pace.of(Applied(limits), local=local, requests=requests)
    assert asdict(pace) == pytest.approx(asdict(expected))


def test_an_address_is_left_before_the_web_acl_limits_it() -> None:
    client = Client("http://127.0.0.1:1/chat")
    client.pace = Pace(0.0, 0.0, an_address=3)
    addresses = [client.address() for _ in range(7)]
    assert [len(list(group)) for _, group in itertools.groupby(addresses)] == [3, 3, 1]
    assert len(set(itertools.islice(loopback_addresses(), 1000))) == 1000


def test_an_address_that_this_machine_lacks_is_no_proof() -> None:
    request = Request(layer="edge", control="c", name="n", message="Hello")
    client = Client("http://127.0.0.1:1/chat")
    with pytest.raises(CannotAskError, match=r"192\.0\.2\.1 cannot be a source address"):
        client.send(request, "key", "192.0.2.1")
    assert client.send(request, "key", "127.0.0.1").status == 0
