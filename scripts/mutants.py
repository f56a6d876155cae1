#!/usr/bin/env python3
"""Change the code in small ways, and require that some test notices each change.

    scripts/mutants.py                     as many as 25 minutes allow, in another order every day
    scripts/mutants.py --seed 2026-11-27   in the order of that day
    scripts/mutants.py --all               every mutant
    scripts/mutants.py modules/edge        those of files that begin so, or of any Python file

Exit code 0: none survived. 1: some did, and need tests. 2: they could not be run.
"""

from __future__ import annotations

import argparse
import datetime
import math
import sys
from collections import Counter
from random import Random

from toolkit.errors import ToolkitError
from toolkit.mutants import run

TODAY = datetime.datetime.now(datetime.UTC).date().isoformat()


def main() -> int:
    """Run mutants, and list those that survived."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="*", help="take the mutants of files that begin so")
    parser.add_argument("--minutes", type=float, default=25, help="begin none after (%(default)s)")
    parser.add_argument("--all", dest="minutes", action="store_const", const=math.inf)
    parser.add_argument("--seed", default=TODAY, help="what decides the order (%(default)s)")
    parser.add_argument("--no-proofs", action="store_true", help="ask no proofs at the end")
    options = parser.parse_args()
    try:
        mutants = run.every(options.files)
        Random(options.seed).shuffle(mutants)  # noqa: S311 - no secret
        print(f"{len(mutants)} mutants, in the order of {options.seed}", flush=True)
        outcomes = run.run(mutants, minutes=options.minutes, proofs=not options.no_proofs)
    except ToolkitError as error:
        print(f"mutants: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("mutants: interrupted", file=sys.stderr)
        return 130
    counts = Counter[str](outcome.result for outcome in outcomes)
    counts["not judged"] = len(mutants) - len(outcomes)
    print(", ".join(f"{count} {result}" for result, count in counts.items()))
    for name in sorted(one.mutant.name for one in outcomes if one.result == "survived"):
        print(f"survived: {name}")
    return 1 if counts["survived"] else 0


if __name__ == "__main__":
    sys.exit(main())
