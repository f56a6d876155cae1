"""Run proofs, report each result as text or JSON, and return an exit code."""

import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from toolkit.proofs.cases import Case
from toolkit.proofs.data import Belief, Control, beliefs, load
from toolkit.proofs.deployment import Deployment
from toolkit.proofs.kinds import Proof, Request
from toolkit.proofs.run import Run, Status, Verdict

WORDS = {"pass": "PASS", "fail": "FAIL", "miss": "MISS", "skip": "SKIP"}


@dataclass(frozen=True)
class Result:
    """One line of the report."""

    name: str
    status: Status
    detail: str


@dataclass(frozen=True)
class Shown:
    """What AWS did where an assumption has no outside source."""

    id: str
    belief: str
    observed: tuple[str, ...]


def smoke(deployment: Deployment, *, origin: str | None = None, as_json: bool = False) -> int:
    """Ask the few proofs that the smoke test is made of, and return an exit code."""
    proofs = [
        proof
        for control in load()
        for proof in control.proofs
        if isinstance(proof, Request) and proof.smoke
    ]
    started = time.monotonic()
    run = Run(deployment, proofs, origin=origin, quick=True)
    results: list[Result] = []
    say = _silent if as_json else _print

    judged_ids: set[str] = set()

    def judged(proof: Proof) -> None:
        judged_ids.add(proof.id)
        verdict = run.judge(proof)
        results.append(Result(getattr(proof, "smoke", ""), verdict.status, verdict.detail))
        say(_line(results[-1]))

    run.make(lambda case: judged(case.proof), say)
    for proof in proofs:
        if proof.id not in judged_ids:
            judged(proof)
    failed = sum(result.status == "fail" for result in results)
    if as_json:
        print(json.dumps(_document(run, results), indent=2))
    passed = sum(result.status == "pass" for result in results)
    say(
        f"{passed} of {passed + failed} checks passed, {_several(deployment.http.sent, 'request')}"
        f" in {time.monotonic() - started:.0f} s"
    )
    return 1 if failed else 0


def full(
    deployment: Deployment,
    *,
    origin: str | None = None,
    as_json: bool = False,
    keep: Callable[[Run, tuple[Control, ...]], None] | None = None,
) -> int:
    """Ask every proof that can be asked, read the logs, and return an exit code.

    `keep` is called with what was asked, at the end.
    """
    controls = load()
    proofs = [proof for control in controls for proof in control.proofs]
    run = Run(deployment, proofs, origin=origin)
    say = _silent if as_json else _print
    _announce(run, say)
    run.make(_progress(run, say), say)
    results = [_result(run, proof) for proof in proofs]
    for result in results:
        say(_line(result))
    _summary(run, proofs, results, say)
    shown = [] if deployment.rehearsal else list(_shown(run, beliefs(controls)))
    if shown:
        say("\nWhat nobody outside had confirmed (docs/unconfirmed.md), and what AWS did:")
    for one in shown:
        say("\n".join((f"  {one.id}: {one.belief}", *(f"    {each}" for each in one.observed))))
    if as_json:
        document = _document(run, results) | {"unconfirmed": [asdict(one) for one in shown]}
        print(json.dumps(document, indent=2))
    if keep:
        keep(run, controls)
    return 1 if any(result.status == "fail" for result in results) else 0


def _announce(run: Run, say: Callable[[str], None]) -> None:
    number, minutes = len(run.requests), run.deployment.http.pace.minutes(run.requests_to_make)
    asked = sum(any(not case.skip for case in of_proof) for of_proof in run.cases.values())
    say(f"{asked} proofs with {_several(number, 'request')}, at a pace that the limits allow")
    say(f"  {_several(max(1, round(minutes)), 'minute')} or so")
    if not run.deployment.rehearsal:  # which makes keys for the purpose
        say(f"  {_several(run.counted, 'request')} of the key's quota")
    reasons = Counter(of_proof[0].skip for of_proof in run.cases.values() if of_proof[0].skip)
    for reason, count in reasons.items():
        say(f"  {count} {'is' if count == 1 else 'are'} not asked here: {reason}")


def _progress(run: Run, say: Callable[[str], None]) -> Callable[[Case], None]:
    number, each = len(run.requests), 25 if run.deployment.local else 10
    made = 0

    def progress(_: Case) -> None:
        nonlocal made
        made += 1
        if made == number:
            say(f"  {made} of {number} requests; then the logs, which take AWS minutes")
        elif made % each == 0:
            say(f"  {made} of {number} requests")

    return progress


def _summary(
    run: Run, proofs: Sequence[Proof], results: Sequence[Result], say: Callable[[str], None]
) -> None:
    judged = {proof.id for proof in proofs if proof.judgement and not run.deployment.rehearsal}
    promised = Counter(result.status for result in results if result.name not in judged)
    passed, failed = promised["pass"], promised["fail"]
    if unread := "; ".join(f"{log}: {why}" for log, why in run.logs.unread.items()):
        say(f"Not read, so that the rest alone is judged: {unread}")
    sent = _several(run.deployment.http.sent, "request")
    say(f"{passed} of {passed + failed} proofs hold, {sent}")
    said = Counter(result.status for result in results if result.name in judged)
    if said["pass"] or said["miss"]:
        say(
            f"AWS's own judgement (topics, filters, personal data, managed rules): as hoped in "
            f"{said['pass']} of {said['pass'] + said['miss']}; a miss is no failure"
        )


def _shown(run: Run, unconfirmed: Sequence[Belief]) -> list[Shown]:
    by_id = {proof.id: proof for proof in run.proofs}
    return [
        Shown(
            belief.id,
            belief.belief,
            tuple(
                f"{proof}: {said}" for proof in belief.proofs for said in run.observed(by_id[proof])
            ),
        )
        for belief in unconfirmed
    ]


def _result(run: Run, proof: Proof) -> Result:
    verdict: Verdict = run.judge(proof)
    return Result(proof.id, verdict.status, verdict.detail)


def _line(result: Result) -> str:
    line = f"{WORDS[result.status]}  {result.name}"
    return f"{line}\n      {result.detail}" if result.detail else line


def _document(run: Run, results: Sequence[Result]) -> dict[str, object]:
    return {
        "url": run.deployment.url,
        "passed": not any(result.status == "fail" for result in results),
        "requests": run.deployment.http.sent,
        "not_read": run.logs.unread,
        "checks": [asdict(result) for result in results],
    }


def _print(text: str) -> None:
    print(text, flush=True)


def _silent(_: str) -> None:
    return


def _several(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
