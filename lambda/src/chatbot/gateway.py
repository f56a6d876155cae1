"""API Gateway's side of the conversation: events in, HTTP answers out.

A direct invocation with `{"message": "…"}` and no envelope gets the very same answer object.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from typing import TYPE_CHECKING, Any, NoReturn, TypeGuard

from chatbot.errors import InvalidRequestError
from chatbot.models import RequestIds
from chatbot.visible import visible

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatbot.errors import ChatbotError
    from chatbot.models import ChatAnswer

# API Gateway ends a REST integration after 29 s, counted from the arrival of the request, so a cold
# start uses it up as well. (API Gateway Developer Guide, quotas for REST APIs.)
API_GATEWAY_LIMIT_SECONDS = 29.0

# Tab, line feed and carriage return are text. Bytes that were not UTF-8 reach us as U+FFFD or, from
# some decoders, as lone surrogates.
FORBIDDEN_CHARACTERS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffd]")

# What Converse takes as a value of requestMetadata, less the white space.
REQUEST_ID = re.compile(r"[a-zA-Z0-9:_@$#=/+,.-]{1,256}")

EXAMPLE = 'Send JSON like {"message": "How do I reset my password?"}.'


def read_ids(event: object, context: Any) -> RequestIds:
    """Find the request's ids; a direct invocation has only the one that Lambda gave it."""
    function_request_id = str(context.aws_request_id)
    envelope = _request_context(event)
    claims = _inside(_inside(envelope, "authorizer"), "claims")
    return RequestIds(
        request_id=_id(envelope.get("requestId")) or function_request_id,
        function_request_id=function_request_id,
        extended_request_id=_id(envelope.get("extendedRequestId")),
        client=_client(event, _id(_inside(envelope, "identity").get("apiKeyId"))),
        person=person(claims.get("iss"), claims.get("sub")),
    )


def _client(event: object, key_id: str | None) -> str | None:
    """Return the client's name, where the stage knows it, or the id of its key."""
    if key_id is None:
        return None
    return _id(_inside(event, "stageVariables").get(f"client_{key_id}")) or key_id


def person(issuer: object, subject: object) -> str | None:
    """Return the hash that stands for a person: 32 hex digits; None without the two claims.

    `sub` is unique within its user pool alone, so the issuer is hashed with it. It is a random
    UUID: nobody finds it by trying (Cognito Developer Guide, "Understanding the access token").
    """
    if not (isinstance(issuer, str) and issuer and isinstance(subject, str) and subject):
        return None
    return hashlib.sha256(json.dumps([issuer, subject]).encode()).hexdigest()[:32]


def seconds_left(event: object, context: Any) -> float:
    """Return the seconds until Lambda or API Gateway, whichever is first, gives up.

    Raises InvalidRequestError for a time of arrival that no clock can show.
    """
    left: float = context.get_remaining_time_in_millis() / 1000
    arrived_ms = _request_context(event).get("requestTimeEpoch")
    if isinstance(arrived_ms, int):
        try:
            elapsed = time.time() - arrived_ms / 1000
        except OverflowError as error:
            raise InvalidRequestError(
                "requestContext.requestTimeEpoch is no time in milliseconds."
            ) from error
        # Older is a replayed event; one that has yet to arrive, a clock that differs.
        if elapsed < API_GATEWAY_LIMIT_SECONDS:
            left = min(left, API_GATEWAY_LIMIT_SECONDS - max(elapsed, 0.0))
    return left


def enveloped(event: object) -> TypeGuard[Mapping[str, Any]]:
    """Return whether an event is an envelope of API Gateway, and no direct invocation."""
    return isinstance(event, dict) and ("body" in event or "requestContext" in event)


def deleted(event: object) -> str | None:
    """Return the id of the conversation that an event asks to delete; None for any other event."""
    if isinstance(event, dict) and event.get("httpMethod") == "DELETE":
        return str(_inside(event, "pathParameters").get("id", ""))
    return None


def read_message(event: object, *, max_chars: int, conversations: bool) -> tuple[str, str | None]:
    """Take the message out of an event, and the id of its conversation, if it names one.

    `max_chars` counts Unicode characters (code points). Raises InvalidRequestError, whose text
    never repeats what was sent.
    """
    fields = _parse(event) if enveloped(event) else event
    if not isinstance(fields, dict):
        raise InvalidRequestError(f"The body is not a JSON object. {EXAMPLE}")
    if "message" not in fields:
        raise InvalidRequestError(f'The field "message" is missing. {EXAMPLE}')
    allowed = ("message", "conversation_id") if conversations else ("message",)
    if not fields.keys() <= set(allowed):
        raise InvalidRequestError(f"Only these fields are allowed: {', '.join(allowed)}.")
    conversation_id = fields.get("conversation_id")
    if not isinstance(conversation_id, str | None):
        raise InvalidRequestError('The field "conversation_id" is not a string.')
    message = fields["message"]
    if not isinstance(message, str):
        raise InvalidRequestError('The field "message" is not a string.')
    if len(message) > max_chars:
        raise InvalidRequestError(
            f'The field "message" is longer than {max_chars} characters; shorten it.'
        )
    if FORBIDDEN_CHARACTERS.search(message):
        raise InvalidRequestError(
            'The field "message" holds characters that are not text: control characters other than '
            "tab and newline, lone surrogates, or bytes that are not UTF-8."
        )
    if not visible(message):
        raise InvalidRequestError(
            'The field "message" is empty: there is nothing to be seen in it.'
        )
    return message, conversation_id


def read_origin(event: object, allowed: tuple[str, ...]) -> str | None:
    """Return the allowed origin that asks, the first where nobody says, and None for another."""
    headers = event.get("headers") if isinstance(event, dict) else None
    named = headers.items() if isinstance(headers, dict) else ()
    asking = [value for name, value in named if str(name).lower() == "origin"]
    if not asking:
        return next(iter(allowed), None)
    return next((origin for origin in allowed if [origin] == asking), None)


def success(answer: ChatAnswer, ids: RequestIds, *, origin: str | None) -> dict[str, Any]:
    usage = answer.reply.usage
    body = {
        "response": answer.response,
        "blocked": answer.blocked,
        "stop_reason": answer.stop_reason,
        "request_id": ids.request_id,
        "usage": {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens},
    }
    if answer.budget_used is not None:
        body["budget_used_percent"] = answer.budget_used
    if answer.conversation_id is not None:
        body["conversation_id"] = answer.conversation_id
    return _http(200, body, origin=origin)


def gone(*, origin: str | None) -> dict[str, Any]:
    """Return the answer to a conversation's deletion."""
    return _http(204, None, origin=origin)


def failure(error: ChatbotError, ids: RequestIds, *, origin: str | None) -> dict[str, Any]:
    body = {
        "error": {
            "code": error.code,
            "message": error.public_message,
            "request_id": ids.request_id,
        }
    }
    answer = _http(error.status, body, origin=origin)
    if error.retry_after_seconds is not None:
        answer["headers"] |= {
            "Retry-After": str(error.retry_after_seconds),
            "Access-Control-Expose-Headers": "Retry-After",  # else a browser hides it from the page
        }
    return answer


def _http(status: int, body: Mapping[str, Any] | None, *, origin: str | None) -> dict[str, Any]:
    headers = {
        "Content-Type": "application/json",
        "Cache-Control": "no-store",
        "Vary": "Origin",
        "X-Content-Type-Options": "nosniff",
    }
    if origin is not None:
        headers["Access-Control-Allow-Origin"] = origin
    # ASCII escapes: whatever the model wrote, lone surrogates included, can be sent.
    return {
        "statusCode": status,
        "headers": headers,
        "body": "" if body is None else json.dumps(body),
        "isBase64Encoded": False,
    }


def _parse(event: Mapping[str, Any]) -> object:
    body = event.get("body")
    if body is None or body == "":
        raise InvalidRequestError(f"The request has no body. {EXAMPLE}")
    if event.get("isBase64Encoded"):
        raise InvalidRequestError("The body is base64-encoded. Send it as JSON text.")
    if not isinstance(body, str):
        raise InvalidRequestError(f"The body is not text. {EXAMPLE}")
    try:
        return json.loads(body, object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except RecursionError:
        raise InvalidRequestError("The body is nested too deeply.") from None
    except ValueError:
        raise InvalidRequestError(f"The body is not valid JSON. {EXAMPLE}") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse duplicate keys, of which AWS WAF may read one and we another."""
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise InvalidRequestError("The body names a field twice.")
    return fields


def _refuse_constant(_: str) -> NoReturn:
    raise InvalidRequestError("The body holds NaN or Infinity, which JSON does not have.")


def _request_context(event: object) -> Mapping[str, Any]:
    return _inside(event, "requestContext")


def _inside(value: object, name: str) -> Mapping[str, Any]:
    """Return the object at a name, an empty one where there is none."""
    inner = value.get(name) if isinstance(value, dict) else None
    return inner if isinstance(inner, dict) else {}


def _id(value: object) -> str | None:
    return value if isinstance(value, str) and REQUEST_ID.fullmatch(value) else None
