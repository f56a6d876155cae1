"""Test switches: make the next calls of model or store fail, answer otherwise, or be slow."""

import base64
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass

from emulator.bedrock.errors import ERRORS
from emulator.dynamodb.errors import ERRORS as STORE_ERRORS
from emulator.wire.documents import Document, JsonObject
from emulator.wire.errors import AwsError
from emulator.wire.http import HttpRequest, HttpResponse, json_response

RECITALS: dict[str, Callable[[str], str]] = {
    "plain": lambda text: f"I was told this: {text}",
    "spaced": " ".join,
    "backwards": lambda text: text[::-1],
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
}
"""How a model that was talked into it may give away its system prompt."""

_SWITCHES = {
    "bedrock": ("error", "message", "reply", "thinking_tokens", "times"),
    "dynamodb": ("error", "latency_ms", "message", "times"),
}
_ACTING = ("error", "latency_ms", "reply", "thinking_tokens")


@dataclass(frozen=True)
class Fault:
    error: str | None
    message: str | None
    reply: Document | None
    thinking_tokens: int


class Faults:
    """Test switches: `PUT /_aws/faults` makes the next calls fail, answer otherwise, or be slow.

    `{"bedrock": {"error": "ThrottlingException", "message": "…", "times": 1}, "latency_ms": 50}`.
    Instead of `error`, `reply` sets what the model says, before the guardrail sees it:
    `{"text": "…", "stopReason": "end_turn"}`, or its system prompt: `{"recites": "base64"}`.
    `thinking_tokens` sets how long it thinks first, unless the request turns that off or bounds
    it. `{"dynamodb": {"error": "ThrottlingException", "latency_ms": 50}}` is for what is asked of
    items: late, refused, or both. `times` is 1 unless given, and 0 means until the next PUT. `GET`
    shows what is left, `DELETE` ends it all.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: dict[str, JsonObject] = {}
        self._latency_ms = 0
        self._closed = threading.Event()

    def close(self) -> None:
        """Let nobody wait any longer."""
        self._closed.set()

    def handle(self, request: HttpRequest) -> HttpResponse:
        """Answer the switches' endpoint. Raises AwsError."""
        match request.method:
            case "GET":
                return json_response(200, self._settings())
            case "DELETE":
                with self._lock:
                    self._faults, self._latency_ms = {}, 0
                return json_response(200, self._settings())
            case "PUT":
                return self._set(request.body)
        raise AwsError(405, "UnknownOperationException", "Faults take GET, PUT and DELETE.")

    def _set(self, body: bytes) -> HttpResponse:
        try:
            wanted = json.loads(body)
        except (RecursionError, ValueError):
            wanted = None
        if problem := _fault_problem(wanted):
            raise AwsError(400, "ValidationException", problem)
        faults = {service: wanted.get(service) or {} for service in _SWITCHES}
        with self._lock:
            self._faults = {
                service: {"times": 1, **fault}
                for service, fault in faults.items()
                if any(fault.get(name) for name in _ACTING)
            }
            self._latency_ms = wanted.get("latency_ms", 0)
        return json_response(200, self._settings())

    def _settings(self) -> JsonObject:
        with self._lock:
            faults = {service: self._faults.get(service) for service in _SWITCHES}
            return {**faults, "latency_ms": self._latency_ms}

    def _next(self, service: str) -> JsonObject:
        """Return what the current call of a service must do."""
        with self._lock:
            fault = self._faults.get(service, {})
            left = fault.get("times", 0)
            if left == 1:
                del self._faults[service]
            elif left:
                self._faults[service] = {**fault, "times": left - 1}
            return fault

    def of_model(self) -> Fault | None:
        """Wait as long as the latency says, and return what the current Converse must do."""
        fault = self._next("bedrock")
        self._wait(self._latency_ms)
        if not fault:
            return None
        return Fault(
            *(fault.get("error"), fault.get("message"), fault.get("reply")),
            fault.get("thinking_tokens", 0),
        )

    def of_store(self) -> None:
        """Let what is asked of an item wait, and fail, as it must. Raises AwsError."""
        fault = self._next("dynamodb")
        self._wait(fault.get("latency_ms", 0))
        if error := fault.get("error"):
            status, message = STORE_ERRORS[error]
            raise AwsError(status, error, fault.get("message") or message)

    def _wait(self, milliseconds: int) -> None:
        if milliseconds:
            self._closed.wait(milliseconds / 1000)


def _fault_problem(wanted: object) -> str | None:
    """Return what is wrong with a description of faults; None when nothing is."""
    if not isinstance(wanted, dict):
        return "Faults are described by a JSON object."
    faults = {}
    for service in _SWITCHES:
        fault = wanted.get(service)
        faults[service] = {} if fault is None else fault
        if not isinstance(faults[service], dict):
            return f"{service} must be an object"
    model, store = faults["bedrock"], faults["dynamodb"]
    reply = model.get("reply")
    reply = {"text": ""} if reply is None else reply
    if not isinstance(reply, dict) or not isinstance(reply.get("text", reply.get("recites")), str):
        return "reply must be an object with a text, or with a way in which the model recites"
    if reply.get("recites") not in [None, *RECITALS]:
        return f"recites must be one of {', '.join(RECITALS)}"
    for given, known in (
        (wanted, (*_SWITCHES, "latency_ms")),
        *((faults[service], known) for service, known in _SWITCHES.items()),
        (reply, ("text", "stopReason", "recites")),
    ):
        if unknown := sorted(set(given) - set(known)):
            return f"{unknown[0]} is no switch; known here are {', '.join(known)}"
    for fault, errors in ((model, ERRORS), (store, STORE_ERRORS)):
        if fault.get("error") not in [None, *errors]:
            return f"error must be one of {', '.join(errors)}"
    for name, text in (
        *(("message", fault.get("message")) for fault in faults.values()),
        ("stopReason", reply.get("stopReason", "")),
    ):
        if not isinstance(text, str | None):
            return f"{name} must be text"
    for name, number, most in (
        *(("latency_ms", one.get("latency_ms", 0), 120_000) for one in (wanted, store)),
        ("thinking_tokens", model.get("thinking_tokens", 0), 100_000),
        *(("times", fault.get("times", 1), 1_000_000) for fault in faults.values()),
    ):
        if type(number) is not int or not 0 <= number <= most:
            return f"{name} must be a whole number from 0 to {most}"
    return None
