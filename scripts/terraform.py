#!/usr/bin/env python3
"""Validate every environment; plan one, and apply exactly that plan."""

import argparse
import sys

from toolkit import environments
from toolkit.errors import ToolkitError


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=("validate", "plan", "apply"))
    parser.add_argument("--env", default="dev", help="to plan or apply")
    options = parser.parse_args(argv)
    try:
        match options.command:
            case "validate":
                environments.validate()
            case "plan":
                environments.plan(options.env)
            case "apply":
                environments.apply(options.env)
    except ToolkitError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. What Terraform had done is in its state.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
