#!/usr/bin/env python3
"""Show or reset budgets of tokens, or delete all that is kept of a person.

scripts/budget.py --rehearsal dev show                what every client has used
scripts/budget.py --env prod reset --client web       the running day and month begin anew
scripts/budget.py --env prod forget --person 9f86d0…  conversations and budgets, at every client

A person is the hash that the function's log has, and `--subject` with `--issuer` make one.
"""

import argparse
import sys

from botocore.exceptions import BotoCoreError, ClientError

from chatbot import gateway
from toolkit.errors import ToolkitError
from toolkit.memory import Memory
from toolkit.proofs import targets


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    parser = argparse.ArgumentParser(description="Show or reset budgets, or forget a person.")
    targets.arguments(parser)
    parser.add_argument("command", choices=("show", "reset", "forget"))
    parser.add_argument("--client", default="", help="show: default all; reset: whose")
    parser.add_argument("--person", default="", help="the hash that stands for a person")
    parser.add_argument("--issuer", default="", help="with --subject: iss of the person's tokens")
    parser.add_argument("--subject", default="", help="with --issuer: sub of the person's tokens")
    options = parser.parse_args(argv)
    person = options.person
    if options.issuer and options.subject:
        person = gateway.person(options.issuer, options.subject) or ""
    needed = {"reset": ("--client", options.client), "forget": ("--person", person)}
    name, value = needed.get(options.command, ("", "none"))
    if not value:
        parser.error(f"{options.command} needs {name}")
    try:
        memory = Memory(targets.named(options), options.client)
        if options.command == "forget":
            print(f"{memory.forget(person)} items are deleted.")
        elif options.command == "reset":
            memory.reset(options.client, person)
        for client in memory.clients:
            for used in memory.used(client, person) if options.command != "forget" else ():
                print(f"{client}: {used}")
    except ToolkitError as error:
        print(f"budget: {error}", file=sys.stderr)
        return 1
    except (BotoCoreError, ClientError) as error:
        print(f"budget: {error}\nMay you read and change the table?", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
