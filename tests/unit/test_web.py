"""The chat page for customers; that it works is tested in a browser (tests/browser)."""

import re
import threading
import urllib.error
import urllib.request

import pytest

from chatbot import errors
from toolkit.chat_page import POLICY, server
from toolkit.errors import ToolkitError
from toolkit.processes import free_port
from toolkit.terraform import ROOT

WEB = ROOT / "web"


def test_every_code_of_the_api_is_reported_in_words() -> None:
    answered = set(
        re.findall(r"^  (\w+): \{ text:", (WEB / "refusals.js").read_text("utf-8"), re.MULTILINE)
    )
    of_function = {one.code for one in errors.ChatbotError.__subclasses__()}
    table = (ROOT / "README.md").read_text("utf-8").partition("| refused by |")[2]
    of_table = set(re.findall(r"\d{3} `(\w+)`", table.partition("\n\n")[0]))
    assert of_function | of_table <= answered
    assert len(of_table) > 10


def test_the_page_loads_nothing_from_elsewhere_and_has_nothing_inline() -> None:
    page = (WEB / "index.html").read_text("utf-8")
    assert "https://" not in re.sub(r'<meta http-equiv="Content-Security-Policy".*', "", page)
    assert not re.search(r"<script(?![^>]* src=)|\sstyle=|\son\w+=|<style", page)


def test_a_host_is_given_the_policy_and_the_settings_that_are_served_here() -> None:
    example = (ROOT / "examples/chat-page/main.tf").read_text("utf-8")
    answered = POLICY.format('${join(" ", local.asks)}')
    assert f'"{answered}"' in example
    settings = re.search(r"settings = \{(.+?)\n  \}", example, re.DOTALL)
    exported = re.findall(
        r"^export const (\w+)", (WEB / "settings.js").read_text("utf-8"), re.MULTILINE
    )
    assert settings
    assert re.findall(r"^ +(\w+) += ", settings[1], re.MULTILINE) == exported


@pytest.mark.parametrize("origin", ["https://chat.example.com", "http://192.0.2.1:80"])
def test_it_is_served_on_this_machine_alone(origin: str) -> None:
    with pytest.raises(ToolkitError, match="not on this machine"):
        server(origin, "https://api.example.com")


@pytest.mark.parametrize("port", ["99999", "x"])
def test_a_port_that_does_not_exist_is_named(port: str) -> None:
    with pytest.raises(ToolkitError, match="no port"):
        server(f"http://localhost:{port}", "https://api.example.com")


def test_a_rehearsals_test_person_signs_in_by_a_page_of_its_own() -> None:
    origin = f"http://127.0.0.1:{free_port()}"
    signed = iter(("one", "two"))
    for sign in (None, lambda: next(signed)):
        page = server(origin, "https://api.example.com/chat", sign)
        threading.Thread(target=page.serve_forever, daemon=True).start()

        def read(path: str, at: str = origin) -> str:
            with urllib.request.urlopen(at + path, timeout=10) as reply:
                text: str = reply.read().decode()
                return text

        settings = read("/settings.js")
        assert 'export const api = "https://api.example.com/chat";' in settings
        assert f'export const signIn = "{"/sign-in" if sign else ""}";' in settings
        if sign:
            assert "/sign-in.js" in read("/sign-in")
            assert [f'"{token}"' in read("/sign-in.js") for token in ("one", "two")] == [True] * 2
        else:
            with pytest.raises(urllib.error.HTTPError):
                read("/sign-in.js")
        page.shutdown()
        page.server_close()
