"""A loopback server between a red-team tool and a deployment.

It speaks OpenAI's chat completions, which promptfoo, garak and PyRIT all ask. It sends one request
at a time, below every limit of the deployment, asks again after a 429, and answers a refusal of any
layer with words that the tools score as a refusal.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import threading
import time
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self

from toolkit.proofs.client import Pace
from toolkit.proofs.kinds import Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from toolkit.proofs.client import Answer
    from toolkit.proofs.deployment import Deployment

REFUSAL = "I'm sorry, but I can't assist with that request."
"""What tools know as a refusal (garak, `mitigation` detectors; promptfoo, `is-refusal`)."""

MODEL = "chatbot"
MAX_TRIES = 6
MAX_BODY = 1_000_000
MANY = 1_000_000  # probes: none of the web ACL's limit is to be used up in one go

# Where trying again is what helps, and for how long to wait when the answer does not say.
AGAIN_SECONDS = {
    "rate_limited": 30.0,
    "throttled": 1.5,
    "model_throttled": 5.0,
    "model_timeout": 2.0,
    "model_unavailable": 5.0,
}


@dataclass(frozen=True)
class Turn:
    """One probe and what became of it, without the answer. `text` is empty if nothing was shown."""

    digest: str
    status: int
    code: str  # of a refusal
    blocked: bool
    stop_reason: str
    request_id: str
    extended_id: str
    text: str = ""

    @property
    def refused(self) -> bool:
        """Return whether the deployment kept the model's answer back, or never asked for one."""
        return self.blocked or self.status != 200


class QuotaError(Exception):
    """The client's quota is used up: what follows would not be measured. The text says so."""


def digest(prompt: str) -> str:
    """Return what a prompt is known by in reports, which hold no prompts."""
    return hashlib.sha256(prompt.encode("utf-8", "surrogatepass")).hexdigest()[:16]


class Asker:
    """Asks a deployment one prompt after the other, at a pace that its limits allow."""

    def __init__(
        self, deployment: Deployment, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.turns: list[Turn] = []
        self._deployment = deployment
        self._sleep = sleep
        self._lock = threading.Lock()
        http = deployment.http
        http.pace = Pace.of(deployment.applied, local=http.local, requests=MANY)

    def ask(self, prompt: str) -> Turn:
        """Ask, and keep what became of it. Raises QuotaError."""
        with self._lock:
            for attempt in range(1, MAX_TRIES + 1):
                answer = self._send(prompt)
                code = str(answer.error.get("code", ""))
                if code == "quota_exceeded":
                    raise QuotaError(
                        "the quota of this client's usage plan is used up: raise it, or wait"
                    )
                if code not in AGAIN_SECONDS or attempt == MAX_TRIES:
                    break
                self._sleep(_wait(answer, AGAIN_SECONDS[code] * attempt))
            turn = _turn(prompt, answer)
            self.turns.append(replace(turn, text=""))
            return turn

    def _send(self, prompt: str) -> Answer:
        http = self._deployment.http
        http.wait(counts=True)
        probe = Request(layer="edge", control="redteam", name="probe", message=prompt)
        token = self._deployment.tokens.of("own")
        return http.send(probe, self._deployment.api_key, http.address(), token)


def _wait(answer: Answer, otherwise: float) -> float:
    seconds = answer.headers.get("retry-after", "")
    return float(seconds) if seconds.isdecimal() else otherwise


def _turn(prompt: str, answer: Answer) -> Turn:
    said = answer.json()
    return Turn(
        digest(prompt),
        answer.status,
        str(answer.error.get("code", "")),
        said.get("blocked") is True,
        str(said.get("stop_reason", "")),
        answer.request_id,
        answer.extended_id,
        str(said.get("response", "")),
    )


class Bridge:
    """The server: `url` and `token` are what a tool is configured with."""

    def __init__(self, asker: Asker) -> None:
        self.asker = asker
        self.token = secrets.token_urlsafe(24)
        self.problem = ""  # why probes went unasked
        handler = type("Chat", (_Chat,), {"bridge": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)

    @property
    def url(self) -> str:
        """Return the base URL, as OpenAI's clients want it."""
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, prompt: str) -> tuple[int, str]:
        """Return a status and the text for the tool."""
        if not self.problem:
            try:
                turn = self.asker.ask(prompt)
            except QuotaError as error:
                self.problem = str(error)
            else:
                if turn.status:
                    return 200, REFUSAL if turn.refused else turn.text
                self.problem = "the deployment did not answer"
        # Tools ask a 429 or a 502 again for ever, and this never.
        return 402, self.problem


class _Chat(BaseHTTPRequestHandler):
    bridge: Bridge
    protocol_version = "HTTP/1.1"
    timeout = 120

    def do_POST(self) -> None:
        size = self.headers.get("Content-Length", "")
        body = self.rfile.read(int(size)) if size.isdecimal() and int(size) <= MAX_BODY else b""
        if not hmac.compare_digest(
            self.headers.get("Authorization", "").encode(), f"Bearer {self.bridge.token}".encode()
        ):
            self._answer(401, {"error": {"message": "Not the token of this run."}})
        elif not self.path.endswith("/chat/completions"):
            self._answer(404, {"error": {"message": "Only chat completions are served here."}})
        elif (prompt := _prompt(body)) is None:
            self._answer(400, {"error": {"message": "No message of a user in it."}})
        else:
            status, text = self.bridge.answer(prompt)
            self._answer(status, _completion(text) if status == 200 else _error(text))

    def _answer(self, status: int, document: object) -> None:
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name upstream
        """Log nothing: the tool shows its own progress."""


def _prompt(body: bytes) -> str | None:
    """Return the last message of a user: the chatbot answers one message at a time."""
    try:
        messages = json.loads(body)["messages"]
        content = [one["content"] for one in messages if one["role"] == "user"][-1]
    except (IndexError, KeyError, RecursionError, TypeError, ValueError):
        return None
    if isinstance(content, list):
        content = "\n".join(part.get("text", "") for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else None


def _completion(text: str) -> dict[str, object]:
    return {
        "id": f"chatcmpl-{secrets.token_hex(8)}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": MODEL,
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        ],
        "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
    }


def _error(text: str) -> dict[str, object]:
    return {"error": {"message": text, "type": "chatbot", "code": "not_asked"}}
