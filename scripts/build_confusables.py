#!/usr/bin/env python3
"""Write lambda/src/chatbot/_confusables.py: which letters of other alphabets look like ASCII.

The source is Unicode's own confusables.txt, as the package confusable-homoglyphs carries it, and
the names that Unicode gives its Latin letters. Nothing at run time needs that package.
"""

# /// script
# requires-python = ">=3.12"
# dependencies = ["confusable-homoglyphs==3.3.1"]
# ///

import argparse
import importlib.util
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from toolkit.confusables import confusables, module

TARGET = Path(__file__).resolve().parent.parent / "lambda/src/chatbot/_confusables.py"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail if the file is not up to date")
    arguments = parser.parse_args()
    package = importlib.util.find_spec("confusable_homoglyphs")
    if package is None or package.origin is None:
        print("confusable-homoglyphs is missing: pip install confusable-homoglyphs==3.3.1")
        return 1
    data = json.loads((Path(package.origin).parent / "confusables.json").read_text("utf-8"))
    made = module(confusables(data))
    if arguments.check:
        return int(TARGET.read_text("utf-8") != made)
    TARGET.write_text(made, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
