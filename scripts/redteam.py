#!/usr/bin/env python3
"""Let a red-team tool attack a rehearsal or a deployment, and say which layer stopped what.

    scripts/redteam.py --rehearsal dev --tool promptfoo
    scripts/redteam.py --env dev --prompts attacks.jsonl --fail-under 60

A tool asks our own proofs' attacks, or those of a file of JSON lines ("prompt" and "family"); garak
brings its own. Exit code 0: done. 1: fewer were stopped than --fail-under. 2: it could not be run.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from toolkit.errors import ToolkitError
from toolkit.proofs import targets
from toolkit.redteam.run import run
from toolkit.redteam.tools import Garak, Lines, Promptfoo, of_proofs, read_lines
from toolkit.terraform import ROOT


def main(arguments: list[str] | None = None) -> int:
    """Run the tool and return an exit code."""
    parser = argparse.ArgumentParser(
        description="Let a red-team tool attack, and read who stopped it."
    )
    targets.arguments(parser)
    parser.add_argument("--tool", choices=("lines", "promptfoo", "garak"), default="lines")
    parser.add_argument("--prompts", type=Path, help="a file of JSON lines; default: our proofs'")
    parser.add_argument("--fail-under", type=float, default=0.0, metavar="PERCENT")
    options = parser.parse_args(arguments)
    try:
        deployment = targets.named(options)
        if options.tool == "garak":
            tool: Garak | Lines | Promptfoo = Garak()
        else:
            probes = read_lines(options.prompts) if options.prompts else of_proofs()
            tool = Promptfoo(probes) if options.tool == "promptfoo" else Lines(probes)
        folder = ROOT / "build" / "redteam" / (options.rehearsal or options.env)
        return run(deployment, tool, folder, fail_under=options.fail_under)
    except (OSError, ToolkitError) as error:
        print(f"redteam: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nInterrupted: nothing was judged.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
