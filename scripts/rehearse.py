#!/usr/bin/env python3
"""Rehearse an environment on this machine: apply it to a local AWS, talk to it, take it down."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from toolkit.rehearsal import DEFAULT_PORT, Rehearsal, RehearsalError, Session, rehearsed
from toolkit.terraform import ROOT, TerraformError

if TYPE_CHECKING:
    from collections.abc import Callable

QUESTION = "Hi, where is my order? It was due yesterday."
SHOWN_EVENTS = 20


class Progress:
    """Lines with the seconds since the start, so that nobody wonders whether it hangs."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def __call__(self, text: str) -> None:
        print(f"[{time.monotonic() - self._start:5.1f} s] {text}", flush=True)


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


def show(session: Session, rehearsal: Rehearsal) -> None:
    """Print what a person needs to go on."""
    print(f"\n  URL      {session.url}")
    for client, key in sorted(session.clients.items()):
        print(f"  API key  {key}  of {client}")
    if session.clients:
        curl = ["curl", "-sS", session.url]
        for name, value in _headers(session.api_key).items():
            curl += ["-H", f"{name}: {value}"]
        curl += ["-d", json.dumps({"message": QUESTION})]
        print(f"\n  As {session.client}, or simply: make ask MESSAGE='{QUESTION}'")
        print(f"  {shlex.join(curl)}\n  {_ask(session, session.client, QUESTION)[1]}")
    else:
        print("\n  No client is enabled: nobody may ask.")
    credentials = (
        "AWS_ACCESS_KEY_ID=rehearsal AWS_SECRET_ACCESS_KEY=rehearsal"
        f" AWS_DEFAULT_REGION={session.region}"
    )
    print(
        f"\n  Logs     make logs ENV={session.env}   (the local AWS itself:"
        f" {os.path.relpath(rehearsal.log, ROOT)})\n"
        f"  Outputs  terraform -chdir={os.path.relpath(rehearsal.folder, ROOT)} output\n"
        f"  AWS CLI  export AWS_ENDPOINT_URL={session.endpoint} {credentials}\n"
        f"  Stop     make down\n",
        flush=True,
    )


def _headers(key: str) -> dict[str, str]:
    return {"x-api-key": key, "content-type": "application/json"}


def _ask(session: Session, client: str, message: str) -> tuple[int, str]:
    """Return status and body of an answer."""
    body = json.dumps({"message": message}).encode()
    headers = _headers(session.clients[client])
    try:
        with urllib.request.urlopen(
            urllib.request.Request(session.url, body, headers), timeout=35
        ) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.read().decode()
    except OSError as error:
        raise RehearsalError(f"No answer from {session.url}: {error}") from error


def ask(rehearsal: Rehearsal, client: str, message: str) -> int:
    """Ask one question and print the answer; the exit code says whether it was answered."""
    session = rehearsal.session()
    if not session.clients:
        raise RehearsalError(
            "No client is enabled: nobody may ask. Enable one, and run"
            f" `make up ENV={session.env}` again."
        )
    if (client or session.client) not in session.clients:
        named = ", ".join(sorted(session.clients))
        raise RehearsalError(f"There is no enabled client {client!r}. Enabled: {named}.")
    status, body = _ask(session, client or session.client, message or QUESTION)
    print(f"{status} {body}")
    return 0 if status == 200 else 1


def down(env: str | None) -> int:
    """Stop the local AWS of one environment, or of all, and remove what it left."""
    named = [env] if env else rehearsed()
    stopped = [name for name in named if Rehearsal(name).down()]
    print(f"Stopped and removed: {', '.join(stopped)}." if stopped else "No rehearsal was up.")
    return 0


def logs(rehearsal: Rehearsal) -> int:
    """Print the newest events of every log group."""
    session = rehearsal.session()
    client = rehearsal.client("logs", session.region)
    groups = [
        group["logGroupName"]
        for page in client.get_paginator("describe_log_groups").paginate()
        for group in page["logGroups"]
    ]
    for group in groups:
        print(f"== {group}")
        events = [
            event
            for stream in client.describe_log_streams(logGroupName=group)["logStreams"]
            for event in client.get_log_events(
                logGroupName=group, logStreamName=stream["logStreamName"], limit=SHOWN_EVENTS
            )["events"]
        ]
        for event in sorted(events, key=lambda event: event["timestamp"])[-SHOWN_EVENTS:]:
            at = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
            print(f"{at:%H:%M:%S} {event['message'].rstrip()}")
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
        ("logs", "show the newest events of every log group"),
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
        if options.command == "logs":
            return logs(rehearsal)
        return terraform(rehearsal, options.arguments)
    except (RehearsalError, TerraformError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # `make logs | head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print(
            "\nInterrupted. `make up` goes on from here; `make down` removes it.", file=sys.stderr
        )
        return 130


if __name__ == "__main__":
    sys.exit(main())
