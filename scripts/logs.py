#!/usr/bin/env python3
"""Read the logs of a rehearsal or a deployment: events, one request's way, or a query.

scripts/logs.py --rehearsal dev show --log function --follow
scripts/logs.py --env dev trace 7f3a…            the way of one request through the layers
scripts/logs.py --env dev query 'stats count(*) by status' --log api
"""

import argparse
import os
import sys

from toolkit import logview
from toolkit.errors import ToolkitError
from toolkit.proofs import targets
from toolkit.trace import HOURS, trace


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    parser = argparse.ArgumentParser(description="Read the logs of a rehearsal or a deployment.")
    targets.arguments(parser)
    parser.add_argument("--hours", type=logview.hours, default=HOURS, help="how far back to look")
    commands = parser.add_subparsers(dest="command", required=True)
    show = commands.add_parser("show", help="print the newest events, one a line")
    show.add_argument("--id", default="", help="of one request alone")
    show.add_argument("--follow", action="store_true", help="go on with new events")
    show.add_argument("--json", action="store_true", help="as they are in the log")
    way = commands.add_parser("trace", help="print one request's way through the layers")
    way.add_argument("id", help="request_id of an answer, or its header x-amz-apigw-id")
    query = commands.add_parser("query", help="run a Logs Insights query")
    query.add_argument("text")
    for one in (show, query):
        one.add_argument("--log", default="", help="waf, api, function, invocations or trail")
    options = parser.parse_args(argv)
    try:
        deployment, hours = targets.named(options), options.hours
        if options.command == "trace":
            print(*trace(deployment, options.id, hours=hours).lines(), sep="\n")
        elif options.command == "query":
            print(*logview.query(deployment, options.text, log=options.log, hours=hours), sep="\n")
        else:
            how = {"request_id": options.id, "follow": options.follow, "raw": options.json}
            logview.show(deployment, log=options.log, hours=hours, **how)
    except ToolkitError as error:
        print(f"logs: {error}", file=sys.stderr)
        return 1
    except logview.UNREAD as error:
        print(f"logs: {error}\nIs it still up, and may you read its logs?", file=sys.stderr)
        return 1
    except BrokenPipeError:  # `make logs | head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
