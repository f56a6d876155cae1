"""A Converse request read: what it must hold, what a guardrail judges, what the model gets."""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from urllib.parse import unquote

from emulator.bedrock.errors import RuntimeApiError
from emulator.wire import operations
from emulator.wire.call import Call
from emulator.wire.documents import Document, JsonObject
from emulator.wire.http import strict_json
from emulator.wire.shapes import violation

_MAX_BODY = 25 * 1024 * 1024
_NOT_TEMPERATURE_AND_TOP_P = re.compile(r"anthropic\.claude-(?:haiku-4-5|sonnet-4-5|opus-4)")


def recognize(call: Call) -> Call:
    """Return the call that a request to the runtime is, its body read as JSON."""
    request = call.request
    named: JsonObject
    match [unquote(part) for part in request.path.split("/")[1:]]:
        case ["model", model_id, "converse" | "converse-stream" as verb]:
            operation = "Converse" if verb == "converse" else "ConverseStream"
            named = {"modelId": model_id}
        case ["guardrail", identifier, "version", version, "apply"]:
            operation = "ApplyGuardrail"
            named = {"guardrailIdentifier": identifier, "guardrailVersion": version}
        case _:
            return replace(operations.recognize(request), protocol="rest-json")
    try:
        document = strict_json(request.body or b"{}") if len(request.body) <= _MAX_BODY else None
    except (RecursionError, ValueError):
        document = None
    return replace(
        call,
        credential=operations.credential(request),
        service="bedrock-runtime",
        operation=operation,
        endpoint_prefix="bedrock-runtime",
        params={**document, **named} if isinstance(document, dict) else named,
        problem=None if isinstance(document, dict) else "The request body is no JSON object.",
    )


def validated(call: Call) -> JsonObject:
    """Return what a call is given. Raises RuntimeApiError for what AWS's model forbids."""
    if len(call.request.body) > _MAX_BODY:
        raise RuntimeApiError("ValidationException", "The request body is too large.", 413)
    if call.problem is not None:
        raise RuntimeApiError("SerializationException", call.problem, 400)
    if problem := violation(call.service, call.operation, call.params):
        raise RuntimeApiError("ValidationException", problem)
    return dict(call.params)


def check_conversation(document: Document) -> None:
    """Check what AWS requires of messages beyond its service model. Raises RuntimeApiError."""
    messages = document.get("messages") or []
    if not messages or messages[0]["role"] != "user":
        raise RuntimeApiError(
            "ValidationException",
            "A conversation must start with a user message. Try again with a conversation that"
            " starts with a user message.",
        )
    for index, message in enumerate(messages):
        if not message["content"]:
            raise RuntimeApiError(
                "ValidationException",
                f"The content field in the Message object at messages.{index} is empty. Add a"
                " ContentBlock object to the content field and try again.",
            )
        for place, block in enumerate(message["content"]):
            if "text" in block and not block["text"].strip():
                raise RuntimeApiError(
                    "ValidationException",
                    f"The text field in the ContentBlock object at messages.{index}.content."
                    f"{place} is blank. Add text to the text field, and try again.",
                )


def check_inference(config: Document, model_id: str) -> None:
    """Check that the model takes these parameters together. Raises RuntimeApiError."""
    both = "temperature" in config and "topP" in config
    if both and _NOT_TEMPERATURE_AND_TOP_P.search(model_id):
        raise RuntimeApiError(
            "ValidationException",
            "`temperature` and `top_p` cannot both be specified for this model. Please use only"
            " one.",
        )


def blocks(document: Document) -> list[Document]:
    """Return the content blocks of all messages."""
    return [block for message in document["messages"] for block in message["content"]]


def guarded_texts(document: Document) -> list[str]:
    """Return what a guardrail looks at.

    Everything in the messages, unless some of it is marked as guardContent: then only that. Of the
    system prompt, only what is marked (Amazon Bedrock User Guide, Use a guardrail with Converse).
    """
    marked = [text for block in blocks(document) if (text := _marked(block))]
    if not marked:
        marked = [block["text"] for block in blocks(document) if "text" in block]
    return marked + [text for block in document.get("system") or [] if (text := _marked(block))]


def _marked(block: Document) -> str | None:
    text: str | None = ((block.get("guardContent") or {}).get("text") or {}).get("text")
    return text


def instructions(document: Document) -> str:
    """Return the system prompt."""
    return "\n".join(_texts(document.get("system") or []))


def turns(document: Document, masked_by: Callable[[str], str]) -> list[tuple[str, str]]:
    """Return role and text of each message, masked: what the model reads."""
    masked: list[tuple[str, str]] = []
    for message in document["messages"]:
        texts = map(masked_by, _texts(message["content"]))
        masked.append((message["role"], "\n".join(texts)))
    return masked


def _texts(content: Iterable[Document]) -> list[str]:
    return [text for block in content if (text := block.get("text") or _marked(block))]


def characters(document: Document) -> int:
    """Return how many characters the model reads."""
    return sum(map(len, _texts([*blocks(document), *(document.get("system") or [])])))


def thinking(document: Document, tokens: int) -> int:
    """Return how long the model thinks when it would for so long (Claude, extended thinking)."""
    fields = document.get("additionalModelRequestFields")
    asked = fields.get("thinking") if isinstance(fields, dict) else None
    if not isinstance(asked, dict):
        return tokens
    if asked.get("type") == "disabled":
        return 0
    budget = asked.get("budget_tokens")
    return min(tokens, budget) if isinstance(budget, int) else tokens
