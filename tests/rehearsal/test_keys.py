"""A client moves from one key to another while it asks, and another one has limits of its own."""

import functools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.conftest import applied
from tests.rehearsal.live import HOME, REGION, write
from tests.rehearsal.probing import QUESTION, Probes, ask
from toolkit.proofs import targets
from toolkit.rehearsal import Rehearsal, Session

pytestmark = pytest.mark.long

BATCH = "batch = { plan = { rate_limit = 100, burst_limit = 50, quota_limit = 3 } }"


@pytest.fixture(scope="module")
def life(package: None) -> Iterator[Rehearsal]:  # noqa: ARG001 - it must be built first
    change = functools.partial(write, clients=f"{{ web = {{}}, {BATCH} }}")
    with applied("dev", HOME, change=change) as rehearsal:
        yield rehearsal


def of(life: Rehearsal, client: str) -> dict[str, Any]:
    """Return the ids of a client's keys and of its plan."""
    found: dict[str, Any] = life.terraform().outputs()["clients"][client]
    return found


def with_key(life: Rehearsal, session: Session, key_id: str) -> Session:
    key = life.client("apigateway", REGION).get_api_key(apiKey=key_id, includeValue=True)
    return replace(session, clients={"it": key["value"]})


def test_a_client_rotates_its_key_and_loses_no_request(life: Rehearsal) -> None:
    (old_id,) = of(life, "web")["api_key_ids"]
    old = with_key(life, life.open_session(), old_id)
    write(life, clients=f'{{ web = {{ keys = ["1", "2027"] }}, {BATCH} }}')
    with Probes(old) as probes:
        life.apply(lambda _: None)
    assert probes.noticed == []
    first, second = of(life, "web")["api_key_ids"]
    assert first == old_id
    new = with_key(life, old, second)
    # The newest is what `make key` prints.
    assert targets.rehearsal(life, "web").api_key == new.api_key != old.api_key
    assert [ask(one, QUESTION)[0] for one in (old, new)] == [200, 200]

    write(life, clients=f'{{ web = {{ keys = ["2027"] }}, {BATCH} }}')
    with Probes(new) as probes:
        life.apply(lambda _: None)
    assert probes.noticed == []
    assert ask(old, QUESTION) == (403, "forbidden")
    assert ask(new, QUESTION)[0] == 200
    assert life.terraform().run("plan", "-detailed-exitcode", ok=(0, 2)).returncode == 0


def test_a_client_with_limits_of_its_own_meets_them_alone(life: Rehearsal) -> None:
    session = life.open_session()
    ids = {client: of(life, client)["api_key_ids"][-1] for client in ("batch", "web")}
    assert of(life, "batch")["usage_plan_id"] != of(life, "web")["usage_plan_id"]
    batch, web = (with_key(life, session, ids[client]) for client in ("batch", "web"))
    assert [ask(batch, QUESTION)[0] for _ in range(3)] == [200, 200, 200]
    assert ask(batch, QUESTION) == (429, "quota_exceeded")
    assert ask(web, QUESTION)[0] == 200
    # Proofs and traces go by the plan of the client that asks.
    own = targets.rehearsal(life, "batch").outputs["usage_plan_id"]
    assert own == of(life, "batch")["usage_plan_id"]
