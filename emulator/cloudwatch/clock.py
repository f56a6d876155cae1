"""The time by which metrics are kept and alarms evaluated: tests move it on and need not wait."""

import json
import time
from collections.abc import Callable

from emulator.wire.errors import AwsError
from emulator.wire.http import HttpRequest, HttpResponse, json_response

_MOST_SECONDS = 10_000_000


class Clock:
    """This machine's time, and as many seconds as it was moved on by."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def now(self) -> float:
        """Return seconds since 1970."""
        return time.time() + self._ahead

    def handle(self, request: HttpRequest, moved: Callable[[], None]) -> HttpResponse:
        """Answer the clock's page: PUT moves it on, DELETE sets it right, GET tells.

        `moved` is called after a PUT. Raises AwsError.
        """
        match request.method:
            case "PUT":
                try:
                    seconds = float(json.loads(request.body)["forward_seconds"])
                except (KeyError, RecursionError, TypeError, ValueError):
                    seconds = -1
                if not 0 <= seconds <= _MOST_SECONDS:
                    text = f'The clock takes {{"forward_seconds": <0 to {_MOST_SECONDS}>}}.'
                    raise AwsError(400, "ValidationException", text)
                self._ahead += seconds
                moved()
            case "DELETE":
                self._ahead = 0.0
            case "GET":
                pass
            case _:
                text = "The clock takes GET, PUT and DELETE."
                raise AwsError(405, "UnknownOperationException", text)
        return json_response(200, {"ahead_seconds": self._ahead})
