"""What is kept of a run of proofs tells who decided, and shows each change of a byte."""

from pathlib import Path
from typing import Any

import pytest

from scripts.evidence import main
from toolkit.evidence import DOCUMENT, PAGE, SUMS, EvidenceError, verify, write

REQUEST = {
    "time": "2026-11-27T12:00:00.000+00:00",
    "request_id": "r-1",
    "status": 403,
    "log": "waf",
}
KEPT: dict[str, Any] = {
    "ended": "2026-11-27T12:30:00+00:00",
    "commit": "0" * 40,
    "account": "111122223333",
    "region": "us-east-2",
    "rehearsal": False,
    "package_sha256": "a" * 64,
    "policies_sha256": {"role/invoke": "b" * 64},
    "proofs": [
        {
            "proof": "edge/rate/a flood",
            "kind": "request",
            "must": "be stopped",
            "owasp": "LLM10:2025 Unbounded Consumption",
            "verdict": "pass",
            "detail": "",
            "asked": [REQUEST | {"record": {"action": "BLOCK"}}],
        },
        {
            "proof": "api/key/none",
            "kind": "request",
            "must": "be stopped",
            "owasp": "",
            "verdict": "fail",
            "detail": "status 200 | not 403",
            "asked": [],
        },
    ],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(KEPT, tmp_path / "kept")
    return tmp_path / "kept"


def test_what_was_written_is_verified_and_the_page_tells_of_each_proof(folder: Path) -> None:
    assert verify(folder) == KEPT
    page = (folder / PAGE).read_text()
    assert "1 proofs hold and 1 do not, of 2.\nOn AWS: account 111122223333" in page
    assert "| pass | edge/rate/a flood | be stopped | LLM10:2025 Unbounded Consump" in page
    assert "r-1 waf" in page
    assert "status 200 \\| not 403" in page


@pytest.mark.parametrize("name", [DOCUMENT, PAGE, SUMS])
def test_one_changed_byte_anywhere_fails(folder: Path, name: str) -> None:
    whole = (folder / name).read_bytes()
    for at in range(len(whole)):
        (folder / name).write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(EvidenceError):
            verify(folder)
    (folder / name).write_bytes(whole)
    assert verify(folder)


def test_evidence_that_was_written_anew_lacks_the_digest(folder: Path, tmp_path: Path) -> None:
    digest = write(KEPT, tmp_path / "again")
    assert main(["--verify", str(folder), "--digest", digest]) == 0
    write(KEPT | {"account": "444455556666"}, tmp_path / "forged")
    assert main(["--verify", str(tmp_path / "forged")]) == 0
    assert main(["--verify", str(tmp_path / "forged"), "--digest", digest]) == 1
    (folder / SUMS).unlink()
    assert main(["--verify", str(folder), "--digest", digest]) == 1
    assert main(["--verify", str(tmp_path / "nothing")]) == 1
