#!/usr/bin/env python3
"""Measure the prompt-injection patterns on corpora: what they stop, and what wrongly."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from benchmarks import screening


def main() -> int:
    """Measure, print, and return 0; without corpora it says so."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", type=Path, default=screening.CORPORA, help="folder of *.jsonl")
    accepted = screening.longest_message()
    parser.add_argument("--max-chars", type=int, default=accepted, help="what the API accepts")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    if not (arguments.corpora / "attacks.jsonl").exists():
        print(f"Nothing measured: no corpora in {arguments.corpora}. Name a folder with --corpora.")
        return 0
    result = screening.measure(arguments.corpora, arguments.max_chars)
    if arguments.json:
        print(json.dumps(result, default=screening.Share.as_json, indent=2))
    else:
        screening.report(result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
