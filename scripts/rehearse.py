#!/usr/bin/env python3
"""Rehearse an environment on this machine: apply it to a local AWS, talk to it, take it down."""

import argparse
import sys
from collections.abc import Callable

from emulator.bedrock.model_server import ModelServer, NoModelError
from toolkit.errors import ToolkitError
from toolkit.rehearsal import DEFAULT_PORT, Rehearsal
from toolkit.talk import ask, down, port, terraform, up


def main(
    argv: list[str] | None = None, rehearsal_of: Callable[[str, int], Rehearsal] = Rehearsal
) -> int:
    """Run one command and return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (
        ("up", "apply an environment to a local AWS, and show that it answers"),
        ("down", "stop the local AWS and remove what it left (all environments by default)"),
        ("ask", "ask a rehearsal a question, as one of its clients"),
        ("terraform", "run a Terraform command on a rehearsal, e.g. terraform --env dev plan"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("--env", default=None if name == "down" else "dev")
        if name == "up":
            command.add_argument("--port", type=port, default=DEFAULT_PORT)
            command.add_argument("--model", default="", help="default: a script")
        if name == "ask":
            command.add_argument("--client", default="", help="default: the first enabled one")
            command.add_argument("message", nargs="?", default="")
        if name == "terraform":
            command.add_argument("arguments", nargs=argparse.REMAINDER)
    options = parser.parse_args(argv)
    try:
        if options.command == "down":
            return down(options.env)
        rehearsal = rehearsal_of(options.env, getattr(options, "port", DEFAULT_PORT))
        if options.command == "up":
            rehearsal.model = options.model and str(ModelServer.at(options.model))
            return up(rehearsal)
        if options.command == "ask":
            return ask(rehearsal, options.client, options.message)
        return terraform(rehearsal, options.arguments)
    except (NoModelError, ToolkitError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"\n{error}\nA rehearsal writes to .rehearsal and build.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        goes_on = " `make up` continues; `make down` removes it." * (options.command == "up")
        print(f"\nInterrupted.{goes_on}", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
