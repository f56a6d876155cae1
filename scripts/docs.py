#!/usr/bin/env python3
"""Write the generated pages: controls, unconfirmed beliefs, cost, the modules' tables.

scripts/docs.py           write those that are stale
scripts/docs.py --check   change nothing; exit with 1 if one is stale
"""

import argparse
import sys

from toolkit.errors import ToolkitError
from toolkit.pages import controls, costs, modules
from toolkit.terraform import ROOT


def main() -> int:
    """Write or check the pages, and return an exit code: 2 if one cannot be made."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="change nothing; exit with 1 if stale")
    check: bool = parser.parse_args().check
    try:
        pages = {**modules.pages(), **controls.pages(), **costs.pages()}
        stale = [path for path, text in pages.items() if path.read_text("utf-8") != text]
    except (OSError, ToolkitError) as error:
        print(f"docs: {error}", file=sys.stderr)
        return 2
    for path in stale:
        if not check:
            path.write_text(pages[path], encoding="utf-8")
        print(f"{path.relative_to(ROOT)} {'is stale: run `make docs`' if check else 'is written'}")
    return 1 if stale and check else 0


if __name__ == "__main__":
    sys.exit(main())
