#!/usr/bin/env python3
"""Print the API key of one client, and nothing else.

scripts/key.py --rehearsal dev --client web
scripts/key.py --env prod --client web | wl-copy     better than on a screen
"""

import argparse
import sys

from toolkit.errors import ToolkitError
from toolkit.proofs import targets


def main(argv: list[str] | None = None) -> int:
    """Print the key and return an exit code."""
    parser = argparse.ArgumentParser(description="Print the API key of one client.")
    targets.arguments(parser)
    parser.add_argument("--client", default="", help="default: the first enabled one")
    options = parser.parse_args(argv)
    try:
        deployment = targets.named(options, options.client)
    except ToolkitError as error:
        print(f"key: {error}", file=sys.stderr)
        return 1
    print(deployment.api_key)
    return 0


if __name__ == "__main__":
    sys.exit(main())
