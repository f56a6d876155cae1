"""What an auditor keeps of a run of proofs: a document, a page made of it, and their checksums."""

import base64
import hashlib
import json
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from toolkit.errors import ToolkitError
from toolkit.proofs.cases import Case
from toolkit.proofs.data import Control
from toolkit.proofs.deployment import Deployment
from toolkit.proofs.kinds import Call, Evidence, Question, Request
from toolkit.proofs.requests import log_id
from toolkit.proofs.run import Run
from toolkit.role_policies import read_documents
from toolkit.terraform import ROOT

DOCUMENT, PAGE, SUMS = "evidence.json", "evidence.md", "SHA256SUMS"
# The log whose record shows what decided, by the layer that stopped a request. The invocation log
# holds questions and answers, so that nothing of it is kept.
DECIDED = {"edge": "waf", "api": "api"}


class EvidenceError(ToolkitError):
    """The evidence is not what was written; the text says what differs."""


def document(run: Run, controls: Sequence[Control]) -> dict[str, Any]:
    """Return what is kept of a run whose proofs have been asked and whose logs have been read."""
    applied = run.deployment.applied
    return {
        "ended": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "account": applied.get("account"),
        "region": applied.get("region"),
        "rehearsal": run.deployment.rehearsal,
        "url": run.deployment.url,
        "package_sha256": _package(run.deployment),
        "policies_sha256": _policies(run.deployment),
        "logs_not_read": run.logs.unread,
        "proofs": [
            {
                "proof": proof.id,
                "kind": type(proof).__name__.lower(),
                "control": control.promise,
                "owasp": control.owasp,
                "must": "be stopped" if proof.stops else "pass",
                "verdict": (verdict := run.judge(proof)).status,
                "detail": verdict.detail,
                "asked": [_asked(run, case) for case in run.cases[proof.id]],
            }
            for control in controls
            for proof in control.proofs
        ],
    }


def _asked(run: Run, case: Case) -> dict[str, Any]:
    asked: dict[str, Any] = {"item": case.item} if case.item else {}
    match case.proof:
        case Request() as request:
            for answer in run.answers(case)[-1:]:
                passed = "function" if request.method == "POST" else "api"
                log = DECIDED.get(request.stopped_by, passed)
                asked |= {
                    "time": answer.at,
                    "request_id": answer.request_id,
                    "status": answer.status,
                    "log": log,
                    "record": run.logs.record(log, log_id(log, answer)),
                }
        case Call() as call:
            asked |= {"call": call.call, "log": "trail", "record": run.trail(call)}
        case Question() as question:
            asked |= {"role": question.role, "actions": list(question.actions)}
        case Evidence() as evidence:
            asked |= {"call": evidence.call} if evidence.call else {"log": evidence.log}
    return asked


def _commit() -> str:
    """Return the commit of this checkout, and whether files differ from it."""
    git = ["git", "-C", str(ROOT)]
    shown = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    if shown.returncode:
        return "unknown"
    changed = subprocess.run(
        [*git, "status", "--porcelain"], capture_output=True, text=True, check=False
    )
    return shown.stdout.strip() + (" with changes" if changed.stdout.strip() else "")


def _package(deployment: Deployment) -> str:
    """Return the SHA-256 of the zip that answers, as Lambda has it."""
    found = deployment.aws("lambda").get_function_configuration(
        FunctionName=deployment.outputs["alias_arn"]
    )
    return base64.b64decode(found["CodeSha256"]).hex()


def _policies(deployment: Deployment) -> dict[str, str]:
    """Return the SHA-256 of each policy of the function's role, as sorted JSON without spaces."""
    role = deployment.applied["execution_role"]
    read = read_documents(deployment.aws("iam"), role)
    inline = {f"{role}/{name}": policy for name, policy in read.inline.items()}
    trust = {f"{role} (trust)": read.role["AssumeRolePolicyDocument"]}
    found = trust | inline | {**read.attached, **read.boundary}
    return {name: _sha256(_canonical(policy)) for name, policy in sorted(found.items())}


def _canonical(thing: Any) -> bytes:
    return json.dumps(thing, sort_keys=True, separators=(",", ":")).encode()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def write(kept: dict[str, Any], folder: Path) -> str:
    """Write a document, its page and their checksums. Return the digest of the document."""
    folder.mkdir(parents=True)
    text = json.dumps(kept, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    for name, content in _files(text).items():
        (folder / name).write_bytes(content)
    return _sha256(text.encode())


def verify(folder: Path, digest: str = "") -> dict[str, Any]:
    """Return the document of a folder. Raises EvidenceError if a byte of it was changed.

    `digest` is what `write` returned, kept elsewhere: who can change all three files can make them
    agree, but not with that.
    """
    try:
        files = {path.name: path.read_bytes() for path in folder.iterdir()}
        text = files[DOCUMENT].decode()
        expected = _files(text)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise EvidenceError(f"{folder} holds no readable {DOCUMENT}: {error!r}") from error
    if digest and _sha256(text.encode()) != digest:
        raise EvidenceError(f"{folder / DOCUMENT} does not have the digest {digest}.")
    for name in sorted({*files, *expected}):
        if files.get(name) != expected.get(name):
            raise EvidenceError(f"{folder / name} is not what {DOCUMENT} tells: changed.")
    document: dict[str, Any] = json.loads(text)
    return document


def _files(text: str) -> dict[str, bytes]:
    """Return every file of a folder, by name, from the text of its document.

    The checksums are of the text as it is, so that another writing of the same JSON shows as well.
    """
    shown = page(json.loads(text)).encode()
    sums = {DOCUMENT: _sha256(text.encode()), PAGE: _sha256(shown)}
    listed = "".join(f"{sum_}  {name}\n" for name, sum_ in sums.items())
    return {DOCUMENT: text.encode(), PAGE: shown, SUMS: listed.encode()}


def page(kept: dict[str, Any]) -> str:
    """Return the page to read."""
    proofs = kept["proofs"]
    count = {one: sum(proof["verdict"] == one for proof in proofs) for one in ("pass", "fail")}
    where = "a rehearsal" if kept["rehearsal"] else "AWS"
    rows = [
        f"| {proof['verdict']} | {proof['proof']} | {proof['must']} | {proof['owasp'] or '—'} | "
        f"{_found(proof)} |"
        for proof in proofs
    ]
    policies = [f"| `{name}` | `{sha}` |" for name, sha in kept["policies_sha256"].items()]
    return "\n".join(
        (
            "# Evidence",
            "",
            f"{count['pass']} proofs hold and {count['fail']} do not, of {len(proofs)}.",
            f"On {where}: account {kept['account']}, {kept['region']}, ended {kept['ended']}.",
            f"Commit {kept['commit']}. Package `{kept['package_sha256']}`.",
            "",
            f"`{DOCUMENT}` has the log record that decided each request.",
            "",
            "| verdict | proof | must | OWASP | time, request id, log |",
            "|---|---|---|---|---|",
            *rows,
            "",
            "| policy of the function's role | SHA-256 |",
            "|---|---|",
            *policies,
            "",
        )
    )


def _found(proof: dict[str, Any]) -> str:
    if proof["verdict"] != "pass" and proof["detail"]:
        return str(proof["detail"]).replace("|", "\\|").replace("\n", " ")
    asked = [one for one in proof["asked"] if one.get("request_id") or one.get("record")]
    shown = [
        " ".join(str(one[name]) for name in ("time", "request_id", "log") if one.get(name))
        for one in asked
    ]
    return "; ".join(shown) or proof["kind"]
