#!/usr/bin/env python3
"""Ask a running chatbot what each layer promises: one line a check, and an exit code.

    scripts/smoke_test.py --url https://…/v1/chat --api-key …   any deployment
    scripts/smoke_test.py --env dev                             what envs/dev has deployed
    scripts/smoke_test.py --rehearsal dev                       what `make up` has started

The checks are the proofs of tests/proofs that are marked `smoke`. With --full it asks all of them,
and reads in the logs which layer stopped each request. They compare with what was applied, as AWS
reports it; with --url that is not known, and what needs it is skipped. Where people sign in on AWS,
CHATBOT_TOKEN in the environment is the token of somebody who may ask.

Exit code 0: every check passed. 1: a check failed. 2: the test could not be run.
"""

import argparse
import os
import sys

from toolkit.errors import ToolkitError
from toolkit.proofs import report, targets


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description="Check that a running chatbot answers, and that its layers refuse."
    )
    targets.arguments(parser, url={"help": "the chat address, ending in /chat"})
    parser.add_argument(
        "--api-key",
        default=os.environ.get("CHATBOT_API_KEY"),
        help="with --url; better given as CHATBOT_API_KEY, which other users cannot see",
    )
    parser.add_argument("--origin", help="the allowed origin; default: as configured")
    parser.add_argument("--full", action="store_true", help="ask every proof that can be asked")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Run the smoke test and return its exit code."""
    options = arguments(argv)
    ask = report.full if options.full else report.smoke
    try:
        if options.url:
            deployment = targets.address(options.url, options.api_key)
        else:
            deployment = targets.named(options)
        return ask(deployment, origin=options.origin, as_json=options.json)
    except ToolkitError as error:
        print(f"smoke test not run: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nInterrupted: nothing was judged.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
