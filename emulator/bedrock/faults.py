"""Test switches: make the next Converse calls fail, answer otherwise, or be slow."""

import base64
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from emulator.bedrock.errors import ERRORS
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
    it. `times` is 1 unless given, and 0 means until the next PUT. `GET` shows what is left,
    `DELETE` ends it all.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._fault: JsonObject = {}
        self._left = 0
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
                    self._fault, self._left, self._latency_ms = {}, 0, 0
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
        fault = wanted.get("bedrock") or {}
        with self._lock:
            acts = any(fault.get(name) for name in ("error", "reply", "thinking_tokens"))
            self._fault = fault if acts else {}
            self._left = fault.get("times", 1)
            self._latency_ms = wanted.get("latency_ms", 0)
        return json_response(200, self._settings())

    def _settings(self) -> JsonObject:
        with self._lock:
            fault = {**self._fault, "times": self._left} if self._fault else None
            return {"bedrock": fault, "latency_ms": self._latency_ms}

    def next(self) -> Fault | None:
        """Wait as long as the latency says, and return what the current call must do."""
        with self._lock:
            latency, fault = self._latency_ms / 1000, self._fault
            if fault and self._left:
                self._left -= 1
                if not self._left:
                    self._fault = {}
        if latency:
            self._closed.wait(latency)
        if not fault:
            return None
        return Fault(
            *(fault.get("error"), fault.get("message"), fault.get("reply")),
            fault.get("thinking_tokens", 0),
        )


def _fault_problem(wanted: Any) -> str | None:
    """Say what is wrong with a description of faults; None when nothing is."""
    if not isinstance(wanted, dict):
        return "Faults are described by a JSON object."
    fault = wanted.get("bedrock")
    fault = {} if fault is None else fault
    if not isinstance(fault, dict):
        return "bedrock must be an object"
    reply = fault.get("reply")
    reply = {"text": ""} if reply is None else reply
    if not isinstance(reply, dict) or not isinstance(reply.get("text", reply.get("recites")), str):
        return "reply must be an object with a text, or with a way in which the model recites"
    if reply.get("recites") not in [None, *RECITALS]:
        return f"recites must be one of {', '.join(RECITALS)}"
    for given, known in (
        (wanted, ("bedrock", "latency_ms")),
        (fault, ("error", "message", "reply", "thinking_tokens", "times")),
        (reply, ("text", "stopReason", "recites")),
    ):
        if unknown := sorted(set(given) - set(known)):
            return f"{unknown[0]} is no switch; known here are {', '.join(known)}"
    if fault.get("error") not in [None, *ERRORS]:
        return f"error must be one of {', '.join(ERRORS)}"
    for name, text in (
        ("message", fault.get("message")),
        ("stopReason", reply.get("stopReason", "")),
    ):
        if not isinstance(text, str | None):
            return f"{name} must be text"
    for name, number, most in (
        ("latency_ms", wanted.get("latency_ms", 0), 120_000),
        ("thinking_tokens", fault.get("thinking_tokens", 0), 100_000),
        ("times", fault.get("times", 1), 1_000_000),
    ):
        if type(number) is not int or not 0 <= number <= most:
            return f"{name} must be a whole number from 0 to {most}"
    return None
