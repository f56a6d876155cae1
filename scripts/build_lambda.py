#!/usr/bin/env python3
"""Build the function's zip (toolkit/package.py), and its bill of materials beside it."""

import argparse
import hashlib
import json
import os
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
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    try:
        built = package.build()
        package.write(built, options.output)
        package.write(sbom.of(built).encode(), options.output.with_suffix(".cdx.json"))
    except (OSError, ToolkitError) as error:
        print(f"build_lambda: {error}", file=sys.stderr)
        return 1
    digest = hashlib.sha256(built).hexdigest()
    if options.json:
        print(json.dumps({"path": str(options.output), "bytes": len(built), "sha256": digest}))
    else:
        shown = os.path.relpath(options.output)
        print(f"{shown}  {len(built):,} bytes  sha256 {digest}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
