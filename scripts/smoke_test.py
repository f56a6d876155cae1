#!/usr/bin/env python3
"""Ask a running chatbot what each layer promises: one line a check, and an exit code.

    scripts/smoke_test.py --url https://…/v1/chat --api-key …   any deployment
    scripts/smoke_test.py --env dev                             what envs/dev has deployed
    scripts/smoke_test.py --rehearsal dev                       what `make up` has started

The checks are the proofs of tests/proofs that are marked `smoke`. With --full it asks all of them,
and reads in the logs which layer stopped each request. They compare with what was applied, as AWS
reports it; with --url that is not known, and what needs it is skipped.

Exit code 0: every check passed. 1: a check failed. 2: the test could not be run.
"""

import argparse
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from toolkit.proofs import report, targets
from toolkit.proofs.data import ProofDataError
from toolkit.proofs.deployment import Deployment
from toolkit.rehearsal import Rehearsal, RehearsalError


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description="Check that a running chatbot answers, and that its layers refuse."
    )
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--url", help="the chat address, ending in /chat")
    target.add_argument("--env", help="an applied environment under envs/")
    target.add_argument("--rehearsal", metavar="ENV", help="a rehearsal that is up")
    parser.add_argument(
        "--api-key",
        default=os.environ.get("CHATBOT_API_KEY"),
        help="with --url; better given as CHATBOT_API_KEY, which other users cannot see",
    )
    parser.add_argument(
        "--origin", help="the allowed origin; default: as the function is configured"
    )
    parser.add_argument("--full", action="store_true", help="ask every proof that can be asked")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead")
    return parser.parse_args(argv)


def deployment(options: argparse.Namespace) -> Deployment:
    """Return what the command line names."""
    if options.env:
        return targets.environment(options.env)
    if options.rehearsal:
        return targets.rehearsal(Rehearsal(options.rehearsal))
    return targets.address(options.url, options.api_key)


def main(argv: list[str] | None = None) -> int:
    """Run the smoke test and return its exit code."""
    options = arguments(argv)
    ask = report.full if options.full else report.smoke
    try:
        return ask(deployment(options), origin=options.origin, as_json=options.json)
    except (ProofDataError, RehearsalError, targets.TargetError) as error:
        print(f"smoke test not run: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nInterrupted: nothing was judged.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
