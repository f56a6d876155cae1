"""`make ask`, and what `make up` prints of the clients and their keys."""

import contextlib
import json
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from scripts import rehearse
from toolkit import talk
from toolkit.rehearsal import EXISTS_ALREADY, Rehearsal, RehearsalError, Session
from toolkit.terraform import ROOT

NOBODY = "No client is enabled: nobody may ask. Enable one, and run `make up ENV=dev` again."
KEYS = {"app": "key-of-app", "web": "key-of-web"}


class FakeChatbot(BaseHTTPRequestHandler):
    """Notes who asks what, and refuses keys that it does not know."""

    asked: ClassVar[list[tuple[str, str]]] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        key = str(self.headers["x-api-key"])
        self.asked.append((key, body["message"]))
        content = b'{"response": "Hello."}' if key in KEYS.values() else b'{"error": {}}'
        self.send_response(200 if key in KEYS.values() else 403)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Log nothing: pytest shows what matters."""


@pytest.fixture
def url() -> Iterator[str]:
    FakeChatbot.asked.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), FakeChatbot)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/chat"
    server.shutdown()
    server.server_close()


@pytest.fixture
def up(url: str, tmp_path: Path) -> Callable[..., Any]:
    """Return a function that makes a rehearsal which is up, with these enabled clients."""

    def make(**clients: str) -> Any:
        session = Session("dev", "http://127.0.0.1", url, "us-east-2", clients, generation=1)
        of = SimpleNamespace(session=lambda: session, log=tmp_path / "log", folder=tmp_path)
        of.health = lambda: {"model": "a script"}
        return lambda *_: of

    return make


def run(rehearsal_of: Any, *arguments: str) -> int:
    return rehearse.main(["ask", *arguments], rehearsal_of)


def test_the_first_enabled_client_asks_unless_another_is_named(
    up: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(up(**KEYS), "--", "Where is my order?") == 0
    assert run(up(**KEYS), "--client", "web", "--", "-n and 'quotes'") == 0
    assert FakeChatbot.asked == [
        ("key-of-app", "Where is my order?"),
        ("key-of-web", "-n and 'quotes'"),
    ]
    assert capsys.readouterr().out == '200 {"response": "Hello."}\n' * 2


def test_who_says_nothing_asks_the_question_that_make_up_asks(up: Any) -> None:
    assert run(up(**KEYS), "--client", "", "--", "") == 0
    assert FakeChatbot.asked == [("key-of-app", talk.QUESTION)]


@pytest.mark.parametrize(
    ("clients", "named", "said"),
    [
        (KEYS, "closed", "There is no enabled client 'closed'. Enabled: app, web."),
        ({}, "web", NOBODY),
        ({}, "", NOBODY),
    ],
)
def test_a_client_that_is_not_enabled_cannot_ask(
    up: Any, capsys: pytest.CaptureFixture[str], clients: dict[str, str], named: str, said: str
) -> None:
    assert run(up(**clients), "--client", named, "--", "Hi") == 1
    assert capsys.readouterr().err == f"\n{said}\n"
    assert FakeChatbot.asked == []


def test_a_refusal_is_shown_and_is_no_success(up: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(up(web="revoked"), "--", "Hi") == 1
    assert capsys.readouterr().out == '403 {"error": {}}\n'


def test_without_a_rehearsal_the_way_to_one_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(lambda env, port: Rehearsal(env, port, home=tmp_path), "--env", "dev") == 1
    said = "No rehearsal of dev is up: run `make up ENV=dev` first."
    assert capsys.readouterr().err == f"\n{said}\n"


def test_a_folder_that_cannot_be_written_is_reported_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(Rehearsal, "build", lambda _: "")
    home = tmp_path / "file" / "rehearsals"
    assert rehearse.main(["up"], lambda env, port: Rehearsal(env, port, home)) == 1
    assert "Not a directory" in (said := capsys.readouterr().err)
    assert "writes to .rehearsal" in said


class Staged:
    """A rehearsal that is up at once."""

    env, log, folder = "dev", Path("log"), Path("folder")

    def build(self) -> str:
        return "chatbot.zip"

    def alone(self) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()

    def stage(self) -> None:
        """Do nothing."""

    def prepare(self, progress: Callable[[str], None]) -> None:
        progress("prepared")

    def health(self) -> dict[str, str]:
        return {"model": "a script"}

    def open_session(self) -> Session:
        return SESSION

    def up(self, _: object, stands: Callable[[], None], planned: Callable[[], None]) -> Session:
        planned()
        stands()
        return SESSION


SESSION = Session("dev", "http://127.0.0.1", "http://127.0.0.1:1", "us-east-2", {}, generation=1)


def test_make_up_ends_with_where_its_time_went(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        "toolkit.talk.subprocess.run", lambda *_, **__: SimpleNamespace(returncode=0)
    )
    staged: Any = Staged()
    assert talk.up(staged) == 0
    *_, spent, last = capfd.readouterr().out.splitlines()
    parts = re.findall(r"(?:: |, )([a-z ]+) \d+\.\d s", spent)
    assert parts == ["start", "plan", "request path", "questions", "rest"]
    assert "Where the time went" in spent
    assert last.endswith("The chatbot is up.")


def test_a_root_without_a_chatbot_is_applied_and_asked_nothing(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """`make up ENV=bootstrap`."""

    class Bootstrap(Staged):
        session = replace(SESSION, url="")

        def open_session(self) -> Session:
            return self.session

        def up(self, _: object, stands: Callable[[], None], planned: Callable[[], None]) -> Session:
            super().up(_, stands, planned)
            return self.session

        def terraform(self) -> SimpleNamespace:
            return SimpleNamespace(run=lambda _: SimpleNamespace(stdout="role_arns = {}"))

    asked: list[object] = []
    monkeypatch.setattr("toolkit.talk.subprocess.run", lambda *_, **__: asked.append(_))
    bootstrap: Any = Bootstrap()
    assert talk.up(bootstrap) == 0
    said = capfd.readouterr().out
    assert "role_arns = {}" in said
    assert "no chatbot in it to ask" in said
    assert asked == []


def test_a_second_make_up_of_the_environment_waits_for_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(_: Rehearsal) -> str:
        raise RehearsalError("The disk is full.")

    monkeypatch.setattr(Rehearsal, "build", full)
    home = tmp_path / "rehearsals"

    def up(env: str) -> str:
        assert rehearse.main(["up", "--env", env], lambda env, port: Rehearsal(env, port, home))
        return capsys.readouterr().err

    with Rehearsal("dev", home=home).alone():
        assert "Another `make up ENV=dev` is at work" in up("dev")
        assert "full" in up("prod")
    assert not home.exists()
    assert "full" in up("dev")


def test_a_local_aws_that_is_gone_is_reported_in_a_sentence(
    up: Any, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rehearsal = up(**KEYS)
    gone = rehearsal().session()
    object.__setattr__(gone, "url", url.replace(url.split(":")[2], "1/chat"))
    assert run(rehearsal, "--", "Hi") == 1
    assert capsys.readouterr().err.startswith(f"\nNo answer from {gone.url}: ")


@pytest.mark.parametrize("message", ['it\'s "$HOME" `id` $(id) %s \\ #', "-x", "¿Dónde?", ""])
def test_make_hands_any_message_over_as_it_is(tmp_path: Path, message: str) -> None:
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\nfor one in "$@"; do printf "%s\\0" "$one"; done\n')
    python.chmod(0o755)
    command = ["make", "--silent", "ask", f"PYTHON={python}", "CLIENT=web", f"MESSAGE={message}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    given = done.stdout.split("\0")[:-1]
    assert given[1:] == ["ask", "--env", "dev", "--client", "web", "--", message]


class Applied(Rehearsal):
    """A rehearsal whose environment has three clients, one of them disabled."""

    def outputs(self) -> dict[str, Any]:
        ids = {"web": "1", "app": "2", "closed": "3"}
        return {"region": "us-east-2", "api_id": "a", "stage_name": "v1", "api_key_ids": ids}

    def client(self, service: str, region: str) -> Any:
        assert (service, region) == ("apigateway", "us-east-2")
        names = {"1": "web", "2": "app", "3": "closed"}
        return SimpleNamespace(
            get_api_key=lambda **asked: {
                "value": f"key-of-{names[asked['apiKey']]}" if asked["includeValue"] else None,
                "enabled": asked["apiKey"] != "3",
            }
        )

    def health(self) -> dict[str, Any]:
        return {"generation": 7}

    def describe(self, path: str, outputs: Any) -> None:
        assert path.startswith("/_aws/execute-api/a/v1/")
        assert outputs["api_id"] == "a"


def test_a_session_holds_the_keys_of_enabled_clients_and_is_its_owners(tmp_path: Path) -> None:
    rehearsal = Applied("dev", 4567, home=tmp_path)
    rehearsal.folder.mkdir()
    session = rehearsal.open_session()
    assert (session.clients, session.client, session.api_key) == (KEYS, "app", "key-of-app")
    (kept,) = rehearsal.folder.iterdir()
    assert kept.stat().st_mode & 0o077 == 0
    assert json.loads(kept.read_text())["clients"] == KEYS


def test_a_model_elsewhere_is_refused_before_anything_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["up", "--model", "http://models.example/v1"]
    assert rehearse.main(command, lambda env, port: Rehearsal(env, port, home=tmp_path)) == 1
    assert "it must be http on this machine" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_another_model_needs_another_rehearsal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = {"region": "us-east-2", "model": "http://127.0.0.1:1/v1#a"}
    monkeypatch.setattr(Rehearsal, "runs", lambda _: True)
    monkeypatch.setattr(Rehearsal, "started", lambda _: started)
    monkeypatch.setattr("toolkit.rehearsal.provider_region", lambda _: "us-east-2")
    rehearsal = Rehearsal("dev", home=tmp_path)
    for rehearsal.model in ("", started["model"]):
        assert rehearsal.launch() is False
    rehearsal.model = "http://127.0.0.1:1/v1#b"
    with pytest.raises(RehearsalError, match=r"up with http://127\.0\.0\.1:1/v1#a, and not"):
        rehearsal.launch()


def test_every_enabled_client_is_listed_and_the_first_one_is_used(
    up: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    rehearsal = up(**KEYS)()
    talk.show(rehearsal.session(), rehearsal)
    said = capsys.readouterr().out
    assert "  Model    a script\n" in said
    assert "  API key  key-of-app  of app\n  API key  key-of-web  of web\n" in said
    assert "  As app, or simply: make ask MESSAGE=" in said
    (curl,) = [line for line in said.splitlines() if line.startswith("  curl ")]
    assert "x-api-key: key-of-app" in curl
    assert '  {"response": "Hello."}\n' in said


def test_where_nobody_may_ask_that_is_reported(up: Any, capsys: pytest.CaptureFixture[str]) -> None:
    rehearsal = up()()
    talk.show(rehearsal.session(), rehearsal)
    said = capsys.readouterr().out
    assert "No client is enabled: nobody may ask." in said
    assert "curl" not in said
    assert FakeChatbot.asked == []


@pytest.mark.parametrize(
    ("said", "is_there"),
    [
        ("ConflictException: Another resource with the same parent already has this name: a", True),
        ("ConflictException: Base path already exists for this domain name", True),
        ("EntityAlreadyExists: Role with name a already exists.", True),
        ("WAFDuplicateItemException: AWS WAF could not perform the operation", True),
        ("DeleteConflict: Cannot delete a policy attached to entities.", False),
        ("BucketNotEmpty: The bucket you tried to delete is not empty", False),
    ],
)
def test_what_a_cut_apply_left_is_known_by_awss_words(said: str, *, is_there: bool) -> None:
    assert bool(EXISTS_ALREADY.search(said)) is is_there
