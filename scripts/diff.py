#!/usr/bin/env python3
"""Print what a plan makes weaker, offline.

    scripts/diff.py --env dev                the kept plan of envs/dev, against what was applied
    scripts/diff.py PLAN.json                a plan from `terraform show -json`, likewise
    scripts/diff.py BEFORE.json AFTER.json   what the second makes, against what the first makes

Exit code 0: nothing becomes weaker. 1: something does. 2: the plans cannot be compared.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from toolkit.environments import PLAN
from toolkit.errors import ToolkitError
from toolkit.terraform import Terraform, environment
from toolkit.weaker import plans
from toolkit.weaker.run import weaker


def main(argv: list[str] | None = None) -> int:
    """Print a sentence for each thing that becomes weaker, and return an exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("plans", nargs="*", metavar="PLAN.json")
    parser.add_argument("--env")
    options = parser.parse_args(argv)
    if len(options.plans) not in ((0,) if options.env else (1, 2)):
        parser.error("give --env, one plan, or two")
    try:
        if options.env:
            shown = Terraform(environment(options.env)).run("show", "-json", PLAN)
            texts = [shown.stdout]
        else:
            texts = [Path(name).read_text(encoding="utf-8") for name in options.plans]
        read = [plans.read(text) for text in texts]
        found = weaker(plans.own(*read) if len(read) == 1 else plans.between(*read))
    except (OSError, ValueError, KeyError, TypeError, ToolkitError) as error:
        print(f"The plans cannot be compared: {error}", file=sys.stderr)
        return 2
    for sentence in found:
        print(f"- {sentence}")
    print(f"{len(found)} things become weaker." if found else "Nothing becomes weaker.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
