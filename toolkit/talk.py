"""The commands of `make up`, `make ask` and `make down`, and what they print."""

import json
import os
import shlex
import subprocess
import sys
import time
import urllib.error
import urllib.request
from argparse import ArgumentTypeError

from toolkit.local_aws import local_aws
from toolkit.rehearsal import Rehearsal, RehearsalError, Session, rehearsed
from toolkit.terraform import ROOT

QUESTION = "Hi, where is my order? It was due yesterday."


def port(text: str) -> int:
    """Read a port of this machine."""
    if not (text.isdecimal() and 0 < int(text) < 2**16):
        raise ArgumentTypeError(f"{text} is no port: a number from 1 to 65535")
    return int(text)


class Progress:
    """Lines with the seconds since the start, so that nobody wonders whether it hangs."""

    def __init__(self) -> None:
        self._start = self._last = time.monotonic()
        self._parts: list[tuple[str, float]] = []

    def __call__(self, text: str) -> None:
        print(f"[{time.monotonic() - self._start:5.1f} s] {text}", flush=True)

    def ended(self, part: str) -> None:
        """Note that a part of the whole has ended now."""
        now = time.monotonic()
        self._parts.append((part, now - self._last))
        self._last = now

    def spent(self) -> str:
        """Return where the time went, part by part."""
        return ", ".join(f"{part} {seconds:.1f} s" for part, seconds in self._parts)


def up(rehearsal: Rehearsal) -> int:
    """Apply an environment to the local AWS and show that it answers."""
    with rehearsal.alone():
        return _up(rehearsal)


def _up(rehearsal: Rehearsal) -> int:
    step = Progress()
    step(f"Rehearsing envs/{rehearsal.env}: the real Terraform, a local AWS on this machine")
    step(f"Lambda package: {rehearsal.build()}")
    rehearsal.stage()
    rehearsal.prepare(step)
    step.ended("start")
    smoke = 0

    def stands() -> None:
        nonlocal smoke
        session = rehearsal.open_session()
        step.ended("request path")
        if not session.url:
            print(f"\n{rehearsal.terraform().run('output').stdout}")
            return
        step("Requests can be answered. Asking each layer what it promises:")
        print(flush=True)
        smoke = subprocess.run(
            [sys.executable, str(ROOT / "scripts" / "smoke_test.py"), "--rehearsal", rehearsal.env],
            check=False,
        ).returncode
        show(session, rehearsal)
        step.ended("questions")

    session = rehearsal.up(step, stands, lambda: step.ended("plan"))
    step.ended("rest")
    step(f"Where the time went: {step.spent()}.")
    if not session.url:
        step("Applied. There is no chatbot in it to ask.")
        return 0
    step("The chatbot is up." if smoke == 0 else "The chatbot is up, but the smoke test failed.")
    return smoke


def down(env: str | None) -> int:
    """Stop the local AWS of one environment, or of all, and remove what it left."""
    named = [env] if env else rehearsed()
    stopped = [name for name in named if Rehearsal(name).down()]
    print(f"Stopped and removed: {', '.join(stopped)}." if stopped else "No rehearsal was up.")
    return 0


def show(session: Session, rehearsal: Rehearsal) -> None:
    """Print what a person needs to go on."""
    print(f"\n  Console  {session.endpoint}/   a chat, and each request's way through the layers")
    print(f"  Model    {rehearsal.health().get('model', '')}")
    print(f"  URL      {session.url}")
    for client, key in sorted(session.clients.items()):
        print(f"  API key  {key}  of {client}")
    if session.clients:
        curl = ["curl", "-sS", session.url]
        for name, value in session.headers().items():
            curl += ["-H", f"{name}: {value}"]
        curl += ["-d", json.dumps({"message": QUESTION})]
        print(f"\n  As {session.client}, or simply: make ask MESSAGE='{QUESTION}'")
        print(f"  {shlex.join(curl)}\n  {_ask(session, session.client, QUESTION)[1]}")
    else:
        print("\n  No client is enabled: nobody may ask.")
    keys = {
        name: value
        for name, value in local_aws(session.endpoint).items()
        if name in {"AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
    } | {"AWS_DEFAULT_REGION": session.region}
    variables = " ".join(f"{name}={value}" for name, value in keys.items())
    print(
        f"\n  Logs     make logs ENV={session.env}   (the local AWS itself:"
        f" {os.path.relpath(rehearsal.log, ROOT)})\n"
        f"  Outputs  terraform -chdir={os.path.relpath(rehearsal.folder, ROOT)} output\n"
        f"  AWS CLI  export {variables}\n"
        f"  Stop     make down\n",
        flush=True,
    )


def _ask(session: Session, client: str, message: str) -> tuple[int, str]:
    """Return status and body of an answer."""
    body = json.dumps({"message": message}).encode()
    headers = session.headers(client)
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


def terraform(rehearsal: Rehearsal, command: list[str]) -> int:
    """Run any Terraform command on a rehearsal that is up."""
    rehearsal.session()
    done = rehearsal.terraform().run(*command, ok=(0, 1, 2))
    sys.stdout.write(done.stdout)
    sys.stderr.write(done.stderr)
    return done.returncode
