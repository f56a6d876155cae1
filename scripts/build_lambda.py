#!/usr/bin/env python3
"""Build the function's zip (toolkit/package.py), and its bill of materials beside it."""

import argparse
import sys
from pathlib import Path

from toolkit import package, sbom
from toolkit.errors import ToolkitError


def main(arguments: list[str] | None = None) -> int:
    """Build, write, print size and hash; return an exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--output", type=Path, default=package.OUTPUT, help="the zip (default: %(default)s)"
    )
    options = parser.parse_args(arguments)
    try:
        print(sbom.packed(options.output))
    except (OSError, ToolkitError) as error:
        print(f"build_lambda: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
