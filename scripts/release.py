#!/usr/bin/env python3
"""Print which version of the function answers, put the one before back, or promote the newest.

scripts/release.py --env prod                      which version answers
scripts/release.py --env prod rollback             the version before answers, in seconds
scripts/release.py --env prod rollback --to 12     version 12 does
scripts/release.py --env prod promote              the newest answers 10, 50, 100 % of requests
"""

import argparse
import sys

from botocore.exceptions import BotoCoreError, ClientError

from toolkit.errors import ToolkitError
from toolkit.proofs import targets
from toolkit.release import MINUTES, Release


def main(argv: list[str] | None = None) -> int:
    """Run one command and return an exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    targets.arguments(parser)
    parser.add_argument(
        "command", nargs="?", choices=("status", "promote", "rollback"), default="status"
    )
    parser.add_argument("--to", default="", help="rollback: a version; default: the one before")
    parser.add_argument(
        "--minutes", type=float, default=MINUTES, help="promote: how long each step is watched"
    )
    options = parser.parse_args(argv)
    try:
        release = Release.of(targets.named(options))
        if options.command == "rollback":
            release.roll_back(options.to)
        elif options.command == "promote":
            release.promote(print, minutes=options.minutes)
        print(f"{release.serving()}.")
    except (BotoCoreError, ClientError, ToolkitError) as error:
        print(f"release: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. The alias stays where it is.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
