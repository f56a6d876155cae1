#!/usr/bin/env python3
"""Serve the chat page at the allowed origin of a rehearsal or a deployment, until Ctrl-C.

scripts/web.py --rehearsal dev
scripts/web.py --env dev --origin http://localhost:8000     CORS refuses it, if it is not allowed
"""

import argparse
import sys
from functools import partial

from toolkit.chat_page import server
from toolkit.errors import ToolkitError
from toolkit.proofs import readers, targets


def main(argv: list[str] | None = None) -> int:
    """Serve the page and return an exit code."""
    parser = argparse.ArgumentParser(description="Serve the chat page on this machine.")
    targets.arguments(parser)
    parser.add_argument("--origin", default="", help="default: the one that the API allows")
    options = parser.parse_args(argv)
    try:
        deployment = targets.named(options)
        origin = options.origin or str(readers.read(deployment)["origin"])
        signs = deployment.rehearsal and deployment.outputs.get("identity")
        page = server(
            origin, deployment.url, partial(deployment.tokens.of, "own") if signs else None
        )
    except ToolkitError as error:
        print(f"web: {error}", file=sys.stderr)
        return 1
    print(f"The chat page: {origin}/   (asks {deployment.url}; Ctrl-C ends it)", flush=True)
    try:
        page.serve_forever()
    except KeyboardInterrupt:
        return 0
    finally:
        page.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
