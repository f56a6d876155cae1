"""A real browser: the Chromium of this machine, without which these tests are skipped."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from subprocess import PIPE
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from toolkit.proofs.client import loopback_addresses
from toolkit.rehearsal import HOME_VARIABLE, Rehearsal
from toolkit.terraform import ROOT

NAMES = ("chromium", "chromium-browser", "google-chrome")
# As root it starts only without its sandbox; the rest keeps it from calling home.
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-sync", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update"),
)
expect.set_options(timeout=20_000)  # a busy machine is slow
LOCAL = {"127.0.0.1", "localhost"}


def usable_within_half_a_second(page: Page, name: str) -> bool:
    """Return whether a file that a page needs is there in time, by the browser's own clock.

    A busy machine may need several tries, and a slow page never succeeds.
    """
    ended = "name => performance.getEntries().find((one) => one.name.endsWith(name)).responseEnd"
    for _ in range(20):
        page.reload(wait_until="networkidle")
        if page.evaluate(ended, name) < 500:
            return True
    return False


def from_an_address_of_its_own(page: Page, url: str) -> None:
    """Send what a page asks from another loopback address: the web ACL limits each address."""
    address, target = next(loopback_addresses()), urlsplit(url)

    def send(route: Route) -> None:
        asked = route.request
        connection = HTTPConnection(target.netloc, timeout=35, source_address=(address, 0))
        connection.request(asked.method, target.path, asked.post_data_buffer, asked.all_headers())
        reply = connection.getresponse()
        route.fulfill(status=reply.status, headers=dict(reply.getheaders()), body=reply.read())
        connection.close()

    page.route(url, send)


def looks_well(page: Page) -> None:
    """Let axe look for what keeps people out, in light, in dark and on a phone."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
    page.set_viewport_size({"width": 360, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@contextmanager
def served(rehearsal: Rehearsal, *options: str) -> Iterator[str]:
    """Serve the page as `make web` does, and return its address."""
    command = [
        sys.executable,
        str(ROOT / "scripts" / "web.py"),
        "--rehearsal",
        rehearsal.env,
        *options,
    ]
    env = os.environ | {HOME_VARIABLE: str(rehearsal.home)}
    with subprocess.Popen(command, env=env, stdout=PIPE, stderr=PIPE, text=True) as web:
        assert web.stdout
        assert web.stderr
        said = re.match(r"The chat page: (http://\S+)", web.stdout.readline())
        if said is None:
            why = web.stderr.read()
            assert "already in use" in why, why
            pytest.skip(why)
        try:
            yield said[1]
        finally:
            web.send_signal(signal.SIGINT)
            assert web.wait(20) == 0


def enter(page: Page, key: str) -> None:
    """Type the key where the page has put the cursor: these tests use the keyboard alone."""
    expect(page.get_by_label("Access key")).to_be_focused()
    page.keyboard.type(key)
    page.keyboard.press("Enter")


def ask(page: Page, message: str) -> None:
    expect(page.get_by_label("Your question")).to_be_focused()
    page.keyboard.type(message)
    page.keyboard.press("Enter")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip("no Chromium on this machine: on Debian, apt install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A new tab, which asks no other host and meets no error of its own."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    hosts: set[str | None] = set()
    errors: list[str] = []
    opened.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.set_default_timeout(20_000)
    yield opened
    context.close()
    assert hosts - {None, ""} <= LOCAL
    assert errors == []
