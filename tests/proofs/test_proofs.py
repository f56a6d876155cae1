"""Every proof of tests/proofs/*.toml, on a rehearsal of envs/dev: one test a proof."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from toolkit.proofs.data import Proof, load
from toolkit.proofs.deployment import Deployment
from toolkit.proofs.run import Run

if TYPE_CHECKING:
    from toolkit.rehearsal import Rehearsal

PROOFS = [proof for control in load() for proof in control.proofs]


@pytest.fixture(scope="session")
def run(dev: Rehearsal, request: pytest.FixtureRequest) -> Run:
    """Ask all that the selected proofs need, once: the logs are read after the last request."""
    session = dev.session()
    deployment = Deployment(
        session.url,
        session.api_key,
        client=lambda service: dev.client(service, session.region),
        outputs=dev.terraform().outputs(),
        endpoint=session.endpoint,
    )
    specs = [getattr(item, "callspec", None) for item in request.session.items]
    selected = [spec.params["proof"] for spec in specs if spec and "proof" in spec.params]
    run = Run(deployment, selected)
    run.make()
    return run


@pytest.mark.parametrize("proof", PROOFS, ids=lambda proof: proof.id)
def test_proof(proof: Proof, run: Run) -> None:
    assert run.judge(proof) == []
