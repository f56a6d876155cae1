#!/usr/bin/env python3
"""Take each control out in turn, and require that the test which guards it fails.

    scripts/mutants.py                    every mutant of tests/mutants.toml
    scripts/mutants.py --layer edge       one layer's
    scripts/mutants.py --only NAME        one, or several

Exit code 0: every mutant was killed. 1: one survived, or did not fit. 2: they could not be run.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import TYPE_CHECKING

from toolkit.mutants import LAYERS, Mutant, MutantError, Outcome, load, run
from toolkit.rehearsal import RehearsalError
from toolkit.terraform import TerraformError

if TYPE_CHECKING:
    from collections.abc import Sequence


def chosen(names: Sequence[str] | None, layer: str | None) -> list[Mutant]:
    """Return the mutants asked for. Raises MutantError when there is no such one."""
    mutants = load()
    if unknown := set(names or ()) - {mutant.name for mutant in mutants}:
        raise MutantError(f"there is no mutant called {', '.join(sorted(unknown))}")
    return [
        mutant
        for mutant in mutants
        if (not names or mutant.name in names) and (not layer or mutant.layer == layer)
    ]


def main() -> int:
    """Run mutants, and tell what became of them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", metavar="NAME", help="run these mutants alone")
    parser.add_argument("--layer", choices=LAYERS, help="run the mutants of one layer")
    parser.add_argument("--json", action="store_true", help="print one JSON object at the end")
    options = parser.parse_args()
    started = time.monotonic()
    out = sys.stderr if options.json else sys.stdout
    done = 0

    def say(line: str) -> None:
        print(f"{time.monotonic() - started:6.0f} s  {line}", file=out, flush=True)

    def report(outcome: Outcome) -> None:
        nonlocal done
        done += 1
        mutant = outcome.mutant
        by = f" by {mutant.killed_by.partition('::')[2] or mutant.killed_by}"
        how = by if outcome.result == "killed" else f": {outcome.detail or mutant.why}"
        say(
            f"{done:3}/{len(mutants)}  {outcome.result:8}  {mutant.name}{how}  "
            f"({outcome.seconds:.1f} s)"
        )

    try:
        mutants = chosen(options.only, options.layer)
        outcomes = run(mutants, report, say)
    except (MutantError, RehearsalError, TerraformError) as error:
        print(f"mutants: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("mutants: interrupted; what is under way ends first", file=sys.stderr)
        return 130
    left = [outcome for outcome in outcomes if outcome.result != "killed"]
    if options.json:
        print(json.dumps({"mutants": [outcome.as_json() for outcome in outcomes]}, indent=2))
    say(f"{len(outcomes) - len(left)} of {len(outcomes)} mutants killed")
    for outcome in left:
        mutant = outcome.mutant
        say(f"{outcome.result}: {mutant.name} ({mutant.file}): {mutant.why}")
        say(f"    it should be noticed by {mutant.killed_by}. {outcome.detail}")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
