#!/usr/bin/env python3
"""Rehearse an environment on this machine: apply it to a local AWS, talk to it, take it down."""

from __future__ import annotations

import argparse
import subprocess
import sys
from typing import TYPE_CHECKING

from toolkit.rehearsal import DEFAULT_PORT, Rehearsal, RehearsalError, rehearsed
from toolkit.talk import Progress, ask, show
from toolkit.terraform import ROOT, TerraformError

if TYPE_CHECKING:
    from collections.abc import Callable


def up(rehearsal: Rehearsal) -> int:
    """Apply an environment to the local AWS and show that it answers."""
    step = Progress()
    step(f"Rehearsing envs/{rehearsal.env}: the real Terraform, a local AWS on this machine")
    step(f"Lambda package: {rehearsal.build()}")
    rehearsal.stage()
    smoke = 0

    def stands() -> None:
        nonlocal smoke
        session = rehearsal.open_session()
        step("Requests can be answered. Asking each layer what it promises:")
        print(flush=True)
        smoke = subprocess.run(
            [sys.executable, str(ROOT / "scripts" / "smoke_test.py"), "--rehearsal", rehearsal.env],
            check=False,
        ).returncode
        show(session, rehearsal)

    rehearsal.up(step, stands)
    step("The chatbot is up." if smoke == 0 else "The chatbot is up, but the smoke test failed.")
    return smoke


def down(env: str | None) -> int:
    """Stop the local AWS of one environment, or of all, and remove what it left."""
    named = [env] if env else rehearsed()
    stopped = [name for name in named if Rehearsal(name).down()]
    print(f"Stopped and removed: {', '.join(stopped)}." if stopped else "No rehearsal was up.")
    return 0


def terraform(rehearsal: Rehearsal, command: list[str]) -> int:
    """Run any Terraform command on a rehearsal that is up."""
    rehearsal.session()
    done = rehearsal.terraform().run(*command, ok=(0, 1, 2))
    sys.stdout.write(done.stdout)
    sys.stderr.write(done.stderr)
    return done.returncode


def port(text: str) -> int:
    """Read a port."""
    if not (text.isdecimal() and 0 < int(text) < 2**16):
        raise argparse.ArgumentTypeError(f"{text} is no port: a number from 1 to 65535")
    return int(text)


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
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
        if name == "ask":
            command.add_argument("--client", default="", help="default: the first enabled one")
            command.add_argument("message", nargs="?", default="")
        if name == "terraform":
            command.add_argument("arguments", nargs=argparse.REMAINDER)
    return parser.parse_args(argv)


def main(
    argv: list[str] | None = None, rehearsal_of: Callable[[str, int], Rehearsal] = Rehearsal
) -> int:
    """Run one command and return its exit code."""
    options = arguments(argv)
    try:
        if options.command == "down":
            return down(options.env)
        rehearsal = rehearsal_of(options.env, getattr(options, "port", DEFAULT_PORT))
        if options.command == "up":
            return up(rehearsal)
        if options.command == "ask":
            return ask(rehearsal, options.client, options.message)
        return terraform(rehearsal, options.arguments)
    except (RehearsalError, TerraformError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "\nInterrupted. `make up` goes on from here; `make down` removes it.", file=sys.stderr
        )
        return 130


if __name__ == "__main__":
    sys.exit(main())
