#!/usr/bin/env python3
"""Load a rehearsal of its own with many clients at once, and measure it (toolkit/load.py)."""

import argparse
import json
import sys
from dataclasses import asdict

from toolkit import load
from toolkit.rehearsal import RehearsalError
from toolkit.terraform import TerraformError


def main(argv: list[str] | None = None) -> int:
    """Rehearse, load, report, take down.

    Returns 0 if every answer was 200 and the emulator's memory held, 1 if not, 2 without a load.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--env", default="dev")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--port", type=int, default=4599)
    options = parser.parse_args(argv)
    if not (1 <= options.clients <= load.MAX_CLIENTS and 2 <= options.seconds <= load.MAX_SECONDS):
        parser.error(f"1 to {load.MAX_CLIENTS} clients, 2 to {load.MAX_SECONDS} seconds")
    try:
        measured = load.measure(options.env, options.port, options.clients, options.seconds)
    except (RehearsalError, TerraformError) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Interrupted, and taken down.", file=sys.stderr)
        return 130
    print(json.dumps(asdict(measured), indent=2))
    return 0 if measured.held else 1


if __name__ == "__main__":
    sys.exit(main())
