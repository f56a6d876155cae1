#!/usr/bin/env python3
"""Ask every proof, and keep what an auditor needs; or verify, offline, what was kept.

    scripts/evidence.py --rehearsal dev          of what `make up` has started
    scripts/evidence.py --env prod               of what envs/prod has deployed
    scripts/evidence.py --verify FOLDER --digest SHA256

Exit code 0: every proof holds, or nothing was changed. 1: not so. 2: it could not be done.
"""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from toolkit import evidence
from toolkit.errors import ToolkitError
from toolkit.proofs import report, targets
from toolkit.proofs.data import Control
from toolkit.proofs.run import Run
from toolkit.terraform import ROOT


def main(argv: list[str] | None = None) -> int:
    """Keep or verify evidence, and return an exit code."""
    parser = argparse.ArgumentParser(description="Keep evidence of every proof, or verify it.")
    verify = {"type": Path, "metavar": "FOLDER", "help": "what was kept earlier"}
    targets.arguments(parser, verify=verify)
    parser.add_argument("--digest", default="", help="with --verify: what was printed then")
    options = parser.parse_args(argv)
    try:
        if options.verify:
            kept = evidence.verify(options.verify, options.digest)
            print(f"Unchanged: {len(kept['proofs'])} proofs of {kept['ended']}.")
            return 0
        return _keep(options)
    except evidence.EvidenceError as error:
        print(error, file=sys.stderr)
        return 1
    except ToolkitError as error:
        print(f"No evidence was kept: {error}", file=sys.stderr)
        return 2


def _keep(options: argparse.Namespace) -> int:
    deployment = targets.named(options)
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    folder = ROOT / "build" / "evidence" / f"{options.env or options.rehearsal}-{now}"

    def keep(run: Run, controls: tuple[Control, ...]) -> None:
        digest = evidence.write(evidence.document(run, controls), folder)
        print(f"\nKept in {folder.relative_to(ROOT)}. Keep this digest elsewhere, to verify it by:")
        print(f"  scripts/evidence.py --verify {folder.relative_to(ROOT)} --digest {digest}")

    return report.full(deployment, keep=keep)


if __name__ == "__main__":
    sys.exit(main())
