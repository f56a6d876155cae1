"""A real model in place of the script: an OpenAI-compatible server on this machine.

Source: OpenAI API Reference, "Create chat completion" and "List models"; servers such as Ollama,
llama.cpp and vLLM answer the same.
"""

import http.client
import ipaddress
import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import urlsplit

from emulator.bedrock.errors import RuntimeApiError
from emulator.bedrock.model import Reply
from emulator.wire.documents import Document
from emulator.wire.http import strict_object

_log = logging.getLogger("emulator")

_EXAMPLE = "http://127.0.0.1:11434/v1"
_SECONDS = 60.0  # the function gives up before
_MOST_BYTES = 4 * 1024 * 1024
_PARAMETERS = {
    "maxTokens": "max_tokens",
    "temperature": "temperature",
    "topP": "top_p",
    "stopSequences": "stop",
}
_STOP_REASONS = {"stop": "end_turn", "length": "max_tokens", "content_filter": "content_filtered"}
_ERRORS = {429: "ThrottlingException", 503: "ServiceUnavailableException"}


class NoModelError(Exception):
    """No model can be asked there. The text says why, and what to do."""


@dataclass(frozen=True)
class ModelServer:
    """A server, and which of its models answers.

    No proxy is used and no redirect followed: a question stays on this machine.
    """

    host: str
    port: int
    path: str
    name: str
    seconds: float

    @classmethod
    def at(cls, address: str, seconds: float = _SECONDS) -> Self:
        """Return the server at `http://<loopback>:<port>/<path>#<model>`.

        Without a model it is the first that the server lists. Raises NoModelError.
        """
        try:
            url = urlsplit(address)
            host, port = url.hostname or "", url.port or 80
            local = host == "localhost" or ipaddress.ip_address(host).is_loopback
        except ValueError:
            local = False
        if (
            not local
            or url.scheme != "http"
            or "@" in url.netloc
            or url.query
            or not url.path.isascii()
        ):
            raise NoModelError(
                f"{address!r} is no address of a model: it must be http on this machine, such as"
                f" {_EXAMPLE}, for no question of a rehearsal leaves it."
            )
        server = cls(host, port, url.path.rstrip("/"), url.fragment, seconds)
        return server if server.name else replace(server, name=server._first())

    def __str__(self) -> str:
        """Return the address, as `at` takes it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}{self.path}#{self.name}"

    def answer(self, system: str, turns: Iterable[tuple[str, str]], config: Document) -> Reply:
        """Ask the model, within a Converse call's inferenceConfig. Raises RuntimeApiError."""
        spoken = [("system", system), *turns]
        said = self._call(
            "POST",
            "/chat/completions",
            {
                "model": self.name,
                "messages": [{"role": role, "content": text} for role, text in spoken if text],
                "stream": False,
            }
            | {name: config[ours] for ours, name in _PARAMETERS.items() if ours in config},
        )
        try:
            choice, usage = said["choices"][0], said["usage"]
            text = choice["message"]["content"] or ""
            stop_reason = _STOP_REASONS[choice["finish_reason"]]
            tokens = usage["prompt_tokens"], usage["completion_tokens"]
        except (IndexError, KeyError, TypeError):
            text, stop_reason, tokens = None, "", (0, 0)
        if not isinstance(text, str) or any(type(n) is not int or n < 0 for n in tokens):
            raise self._error("ModelErrorException", "its answer is no chat completion")
        return Reply(text, stop_reason, *tokens)

    def _first(self) -> str:
        try:
            name = self._call("GET", "/models")["data"][0]["id"]
        except (IndexError, KeyError, TypeError, RuntimeApiError):
            name = ""
        if not name or not isinstance(name, str):
            raise NoModelError(
                f"{str(self).rstrip('#')}/models lists no model. Start its server, name a model"
                f" ({_EXAMPLE}#llama3.2), or leave it out: then the model is a script."
            )
        return name

    def _call(self, method: str, path: str, document: Document | None = None) -> Document:
        content = json.dumps(document).encode() if document else None
        connection = http.client.HTTPConnection(self.host, self.port, timeout=self.seconds)
        headers = {"Content-Type": "application/json"}
        try:
            connection.request(method, self.path + path, content, headers)
            reply = connection.getresponse()
            body = reply.read(_MOST_BYTES)
        except TimeoutError:
            raise self._error("ModelTimeoutException", f"silent for {self.seconds:g} s") from None
        except OSError as error:
            raise self._error("ServiceUnavailableException", str(error)) from None
        except http.client.HTTPException as error:
            raise self._error("ModelErrorException", type(error).__name__) from None
        finally:
            connection.close()
        if reply.status != 200:
            code = _ERRORS.get(reply.status, "ModelErrorException")
            raise self._error(code, f"it answers {reply.status} {path}")
        try:
            return strict_object(body)
        except (RecursionError, TypeError, ValueError):
            raise self._error("ModelErrorException", "its answer is no JSON object") from None

    def _error(self, code: str, why: str) -> RuntimeApiError:
        """Return Bedrock's error; why is for the log, and holds nothing that was said."""
        _log.warning("the model at %s: %s", self, why)
        return RuntimeApiError(code)
