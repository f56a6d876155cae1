#!/usr/bin/env python3
"""Ask an AWS account whether an environment can be applied to it: one line a check, and what to do.

    scripts/account_check.py --env dev

It only reads, with your own credentials. What the environment would make is read from a Terraform
plan that goes nowhere, so that no name, limit or default is written a second time here.

Exit code 0: nothing stands in the way (warnings and skipped checks may be left to read).
1: a check failed. 2: the account could not be asked.
"""

import argparse
import json
import sys
from dataclasses import asdict

from botocore.exceptions import BotoCoreError

from toolkit.account_check.asking import Aws
from toolkit.account_check.findings import Result
from toolkit.account_check.run import run
from toolkit.errors import ToolkitError
from toolkit.terraform import environment


def main(argv: list[str] | None = None) -> int:
    """Run the account check and return its exit code."""
    parser = argparse.ArgumentParser(
        description="Check that an environment can be applied to its AWS account. It only reads."
    )
    parser.add_argument("--env", default="dev", help="an environment under envs/")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead")
    options = parser.parse_args(argv)

    def say(result: Result) -> None:
        if not options.json:
            print(f"{result.status.upper():4}  {result.name}: {result.detail}", flush=True)
            if result.do:
                print(f"      → {result.do}", flush=True)

    try:
        results = run(options.env, environment(options.env), Aws(), say)
    except (BotoCoreError, ToolkitError) as error:
        print(f"account check not run: {error}", file=sys.stderr)
        return 2
    found = [result.status for result in results]
    counts = {status: found.count(status) for status in ("pass", "warn", "fail", "skip")}
    if options.json:
        checks = [asdict(result) for result in results]
        document = {"env": options.env, "passed": not counts["fail"], "checks": checks}
        print(json.dumps(document, indent=2))
    else:
        print(", ".join(f"{count} {status}" for status, count in counts.items()))
    return 1 if counts["fail"] else 0


if __name__ == "__main__":
    sys.exit(main())
