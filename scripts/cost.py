#!/usr/bin/env python3
"""Price what an environment would make, by layer, without an AWS account.

scripts/cost.py --env dev --requests-per-day 1000
scripts/cost.py --env prod --requests-per-day 1000 --account-events 20000000    a busy account
scripts/cost.py --env prod --people 500    who sign in in a month, where people do
"""

import argparse
import sys

from toolkit.cost import ACCOUNT_EVENTS, PEOPLE, report
from toolkit.errors import ToolkitError
from toolkit.offline import offline
from toolkit.planned import Settings, planned
from toolkit.terraform import environment


def main(argv: list[str] | None = None) -> int:
    """Print the table and return an exit code."""
    parser = argparse.ArgumentParser(description="Price what an environment would make.")
    parser.add_argument("--env", default="dev", help="an environment under envs/")
    parser.add_argument("--requests-per-day", type=_count, default=1000)
    parser.add_argument(
        "--account-events",
        type=_count,
        default=ACCOUNT_EVENTS,
        help="management events of the account in a month",
    )
    parser.add_argument(
        "--people", type=_count, default=PEOPLE, help="who sign in in a month, where people do"
    )
    options = parser.parse_args(argv)
    try:
        folder = environment(options.env)
        with offline(*Settings.read(folder).account_ids[:1]) as env:
            plan = planned(folder, env)
        asked = options.requests_per_day, options.account_events, options.people
        for line in report(plan, *asked):
            print(line)
    except ToolkitError as error:
        print(f"cost: {error}", file=sys.stderr)
        return 1
    return 0


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text} is no number: 0 or more, such as 1000")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
