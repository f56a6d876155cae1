"""Conversations that the server keeps: turns that were answered and shown, and nothing else.

A conversation is found below whose it is, client and person, so that another's id is as good as
none. Whoever asks holds it until the answer is kept: a second question at once is refused.
"""

from __future__ import annotations

import json
import re
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chatbot.errors import ChatbotError, ConversationBusyError, NotFoundError
from chatbot.models import Turn
from chatbot.store import ConditionFailedError, Item, owner

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chatbot.models import Deadline, RequestIds
    from chatbot.store import Store

ID_BYTES = 18  # 144 bits: nobody guesses one
ID = re.compile(r"[A-Za-z0-9_-]{24}")
# Longer than an invocation lasts: a crash frees the conversation after this time.
HELD_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationConfig:
    max_chars: int  # of all that the model is given, the new question included
    max_turns: int
    ttl_hours: int


@dataclass(frozen=True, slots=True)
class Conversation:
    """One conversation while its next question is answered."""

    key: tuple[str, str]
    turns: tuple[Turn, ...]
    holder: str  # empty for one that is not kept yet

    @property
    def id(self) -> str:
        return self.key[1]


class Conversations:
    def __init__(
        self, config: ConversationConfig, store: Store, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._config = config
        self._store = store
        self._clock = clock

    def begin(
        self, ids: RequestIds, conversation_id: str | None, deadline: Deadline
    ) -> Conversation:
        """Return a new conversation, or the one of this id, which nobody else may go on with.

        Raises NotFoundError, ConversationBusyError, or what the store raises.
        """
        if conversation_id is None:
            return Conversation((_owner(ids), secrets.token_urlsafe(ID_BYTES)), (), "")
        key = _key(ids, conversation_id)
        now, holder = int(self._clock()), secrets.token_hex()
        # Gone for readers when it expires; DynamoDB deletes it within days. The same holder again
        # is a call that was sent twice.
        free = "( attribute_not_exists ( #holder ) OR #until <= :now OR #holder = :holder )"
        try:
            item = self._store.update(
                key,
                "SET #holder = :holder , #until = :until",
                f"attribute_exists ( #turns ) AND #expires > :now AND {free}",
                {"holder": holder, "until": now + HELD_SECONDS, "now": now},
                deadline,
            )
        except ConditionFailedError as error:
            if "turns" not in error.item or int(error.item.get("expires", now)) <= now:
                raise NotFoundError from None
            raise ConversationBusyError from None
        return Conversation(key, _turns(item), holder)

    def given(self, conversation: Conversation, question: str) -> tuple[Turn, ...]:
        """Return the newest turns that the model may be given with a question."""
        return self._newest(conversation.turns, self._config.max_chars - len(question))

    def keep(self, conversation: Conversation, turn: Turn, deadline: Deadline) -> None:
        """Keep a turn that was answered, and let the next question come.

        Raises NotFoundError where the conversation was deleted meanwhile, or what the store raises.
        """
        turns = self._newest((*conversation.turns, turn), self._config.max_chars)
        now = int(self._clock())
        values: Item = {
            "turns": json.dumps([[one.question, one.answer] for one in turns], ensure_ascii=False),
            "expires": now + self._config.ttl_hours * 3600,
        }
        condition = "attribute_not_exists ( #turns )"
        if conversation.holder:
            condition, values["holder"] = "#holder = :holder", conversation.holder
        try:
            self._store.update(
                conversation.key,
                "SET #turns = :turns , #expires = :expires REMOVE #holder , #until",
                condition,
                values,
                deadline,
            )
        except ConditionFailedError:
            raise NotFoundError from None

    def release(self, conversation: Conversation, deadline: Deadline) -> None:
        """Let the next question come, and keep nothing of this one. Never raises."""
        if not conversation.holder:
            return
        try:
            self._store.update(
                conversation.key,
                "REMOVE #holder , #until",
                "#holder = :holder",
                {"holder": conversation.holder},
                deadline,
            )
        except (ChatbotError, ConditionFailedError):
            return  # free after HELD_SECONDS

    def delete(self, ids: RequestIds, conversation_id: str, deadline: Deadline) -> None:
        """Delete a conversation. Raises NotFoundError, or what the store raises."""
        key = _key(ids, conversation_id)
        try:
            now: Item = {"now": int(self._clock())}
            self._store.delete(key, "#expires > :now", now, deadline)
        except ConditionFailedError:
            raise NotFoundError from None

    def _newest(self, turns: Sequence[Turn], chars: int) -> tuple[Turn, ...]:
        """Return the newest turns within the limits, each as a whole: the oldest fall away."""
        kept: list[Turn] = []
        for turn in reversed(turns):
            chars -= turn.chars
            if chars < 0 or len(kept) == self._config.max_turns:
                break
            kept.append(turn)
        return tuple(reversed(kept))


def _owner(ids: RequestIds) -> str:
    return owner("conversation", ids.client, ids.person)


def _key(ids: RequestIds, conversation_id: str) -> tuple[str, str]:
    if not ID.fullmatch(conversation_id):
        raise NotFoundError
    return _owner(ids), conversation_id


def _turns(item: Item) -> tuple[Turn, ...]:
    return tuple(Turn(question, answer) for question, answer in json.loads(str(item["turns"])))
