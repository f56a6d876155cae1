"""Every proof of tests/proofs/*.toml, on a rehearsal of envs/dev: one test a proof."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from toolkit.proofs import targets
from toolkit.proofs.data import load
from toolkit.proofs.run import Run, Verdict

if TYPE_CHECKING:
    from toolkit.proofs.kinds import Proof
    from toolkit.rehearsal import Rehearsal

PROOFS = [proof for control in load() for proof in control.proofs]


@pytest.fixture(scope="session")
def run(dev: Rehearsal, request: pytest.FixtureRequest) -> Run:
    """Ask all that the selected proofs need, once: the logs are read after the last request."""
    specs = [getattr(item, "callspec", None) for item in request.session.items]
    selected = [spec.params["proof"] for spec in specs if spec and "proof" in spec.params]
    run = Run(targets.rehearsal(dev), selected)
    run.make()
    return run


# Nothing else is skipped: dev has all that there is to prove.
LACKED = {
    "api/api-key/each client that is disabled": "this environment has no disabled clients",
}


@pytest.mark.parametrize("proof", PROOFS, ids=lambda proof: proof.id)
def test_proof(proof: Proof, run: Run) -> None:
    expected = Verdict("skip", LACKED[proof.id]) if proof.id in LACKED else Verdict("pass")
    assert run.judge(proof) == expected
