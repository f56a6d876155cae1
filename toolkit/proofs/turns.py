"""Conversations in proofs: the turns before a request, and what the model was given of them."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chatbot.conversations import ID_BYTES
from toolkit.proofs.applied import Applied
from toolkit.proofs.client import Answer
from toolkit.proofs.kinds import Request

if TYPE_CHECKING:
    from toolkit.proofs.deployment import Deployment


def before(deployment: "Deployment", request: Request) -> tuple[list[Answer], Request]:
    """Send what must come before a request; return the answers, and it with the id they gave."""
    if request.conversation == "unknown":
        return [], _within(request, secrets.token_urlsafe(ID_BYTES))
    answers: list[Answer] = []
    known = ""
    for message in _messages(request):
        turn = replace(_opening(request), message=message)
        answers.append(deployment.send(_within(turn, known)))
        known = str(answers[-1].json().get("conversation_id") or known)
    if request.conversation == "ended":
        end = replace(_opening(request), method="DELETE", content_type="")
        answers.append(deployment.send(_within(end, known)))
    return answers, _within(request, known)


def _within(request: Request, known: str) -> Request:
    """Return a request in the conversation of this id, "" for a new one."""
    if request.method == "DELETE" and known:
        return replace(request, path=f"/{known}")
    return replace(request, conversation_id=known)


def _opening(request: Request) -> Request:
    """Return a request of the holder of a conversation."""
    return Request(layer=request.layer, control=request.control, name=request.name)


def _messages(request: Request) -> tuple[str, ...]:
    return (*request.earlier, *filter(None, (request.blocked_turn,)))


def wrong(request: Request, answers: Sequence[Answer]) -> Iterator[str]:
    """Yield what is wrong with the answers to the turns before a request."""
    if len(answers) < request.before:
        yield "the turns before it were not answered"
        return
    for message, answer in zip(_messages(request), answers, strict=False):
        blocked = message == request.blocked_turn
        if answer.status != 200 or answer.json().get("blocked") is not blocked:
            said = answer.json().get("blocked", answer.error.get("code"))
            yield f"the turn {message!r} before it: {answer.status}, blocked is {said}"
    if request.conversation == "ended" and answers[-1].status != 204:
        yield f"the conversation was not deleted: {answers[-1].status}"


def wrong_input(
    request: Request, answers: Sequence[Answer], record: Mapping[str, Any], applied: Applied
) -> Iterator[str]:
    """Yield where the model was given other turns than those that were answered, as its log has it.

    The oldest may have fallen away, by the limits that were applied.
    """
    turns: list[str] = []
    room = applied["conversation_chars"] - len(request.text or "")
    shown = zip(request.earlier, answers, strict=False)
    said = [(message, str(answer.json().get("response", ""))) for message, answer in shown]
    for turn in reversed(said[-applied["conversation_turns"] :]):
        room -= sum(map(len, turn))
        if room < 0:
            break
        turns = [*turn, *turns]
    body = record.get("input", {}).get("inputBodyJson", {})
    given = [block.get("text") for one in body.get("messages", ()) for block in one["content"]]
    expected = [*turns, request.text]
    if given != expected:
        yield f"the model was given {len(given)} texts, and not the {len(expected)} of its turns"
