"""Where a request comes from, and which name it calls."""

import re
from collections.abc import Callable

from emulator.wire.http import HttpRequest

# An account's number stands before the address in calls of S3 Control, whose SDKs put it there
# (botocore's model: hostPrefix "{AccountId}."). No name server has such a name to give.
_LOCAL_NAME = re.compile(
    r"(?:(?:\d{12}\.)?127(?:\.\d{1,3}){3}|(?:[\w-]+\.)*localhost|\[::1\])(?::\d+)?", re.IGNORECASE
)

# What the console, our own page, may call with its origin named. What it shows, it cannot set.
_FOR_THE_CONSOLE = re.compile(r"(?:GET|POST) /_aws/console/.*|[A-Z]+ /_aws/faults")


def custom_host(header: str | None) -> str:
    """Return the host that a Host header names, without its port; "" for this machine's names."""
    name = (header or "").strip().lower()
    return "" if _LOCAL_NAME.fullmatch(name) else name.partition(":")[0]


def is_of_a_web_page(header: Callable[[str], str | None]) -> bool:
    """Return whether a browser sends a request, given by its headers, for some web page.

    The administrator's key is known to all, and a function is code that runs on this machine: any
    page that a person has open could run its own. A browser names the page; where the page has
    its own name lead to this machine (DNS rebinding), the Host header does.
    """
    host = header("host")
    return (
        header("origin") is not None
        or (header("sec-fetch-site") or "none") not in {"none", "same-origin"}
        or (host is not None and _LOCAL_NAME.fullmatch(host.strip()) is None)
    )


def is_of_the_console(request: HttpRequest) -> bool:
    """Return whether the emulator's own page sends a request that is meant for it."""
    host = request.header("host")
    return (
        _FOR_THE_CONSOLE.fullmatch(f"{request.method} {request.path}") is not None
        and custom_host(host) == ""
        and request.header("origin") == f"http://{host}"
        and request.header("sec-fetch-site") == "same-origin"
    )
