"""Every proof of tests/proofs/*.toml, on a rehearsal of envs/dev: one test a proof."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from toolkit.proofs import targets
from toolkit.proofs.cases import placeholders
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


# What a proof needs and dev leaves out, which is optional: the customised environment has it.
LACKED = {
    "allowed_address": "this environment allows no address",
    "budgets": "this environment has no budgets",
    "conversations": "this environment has no conversations",
    "disabled_clients": "this environment has no disabled clients",
    "exempt_address": "this environment exempts from the rate rule no address",
    "further_origins": "this environment has no further origins",
    "memory": "this environment has no memory",
    "sign_in": "this environment has no sign in",
}


def reason(proof: Proof) -> str:
    """Return why dev cannot be asked a proof, or nothing."""
    needs = {proof.each, *proof.requires} | placeholders(proof)
    return next((LACKED[need] for need in sorted(needs & LACKED.keys())), "")


@pytest.mark.parametrize("proof", PROOFS, ids=lambda proof: proof.id)
def test_proof(proof: Proof, run: Run) -> None:
    why = reason(proof)
    assert run.judge(proof) == (Verdict("skip", why) if why else Verdict("pass"))
