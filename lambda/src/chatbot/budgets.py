"""Budgets of tokens for each client and each person, a day and a month at a time (UTC).

Before the model is asked, the most that the request can cost is reserved by one conditional update;
afterwards what it cost less is given back. An answer that never came, or whose cost nobody knows,
counts as the worst: also after a crash, until the period ends and a new item begins. So the sum
that the model is paid cannot pass a budget.
"""

from __future__ import annotations

import time
import unicodedata
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from chatbot.errors import BudgetExhaustedError, ChatbotError, MemoryUnavailableError
from chatbot.spending import Reserved, Spending
from chatbot.store import NOBODY, ConditionFailedError, Item, owner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from chatbot.models import Deadline, RequestIds
    from chatbot.store import Store

# What models put round each text and round the whole: roles, turns, the beginning of the answer.
TOKENS_PER_TEXT = 16
TOKENS_PER_REQUEST = 64
KEPT_DAYS = 62  # an item outlives its month by another, to be looked at


@dataclass(frozen=True, slots=True)
class Limits:
    """The most tokens of one budget; None for no limit."""

    day: int | None = None
    month: int | None = None

    def __bool__(self) -> bool:
        return self.day is not None or self.month is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetConfig:
    client: Limits
    user: Limits
    clients: Mapping[str, Limits] = field(default_factory=dict)  # by name, in place of `client`
    answers_without_store: bool = False


def most_tokens(texts: Iterable[str]) -> int:
    """Return a number of tokens that no tokenizer passes on these texts.

    Tokenizers of today's models cut a text's bytes into pieces (byte pair encoding, or pieces with
    a fallback to bytes), so that a text has no more tokens than bytes in UTF-8. Some bring it into
    one of Unicode's normal forms first, which can be longer, and is longest when decomposed.
    """
    return TOKENS_PER_REQUEST + sum(TOKENS_PER_TEXT + _bytes(text) for text in texts)


def _bytes(text: str) -> int:
    if text.isascii():
        return len(text)
    normal = (unicodedata.normalize(form, text) for form in ("NFD", "NFKD"))
    return max(len(one.encode(errors="surrogatepass")) for one in (text, *normal))


@dataclass(slots=True)
class Account:
    """One budget in the periods in which a request began."""

    key: tuple[str, str]  # whose it is, and the month
    limits: Limits
    day: str  # the attribute that counts it: d01 to d31
    item: Item = field(default_factory=dict)

    def used(self) -> int:
        """Return how many percent of the limit that is nearest are used."""
        pairs = ((self.limits.day, self.day), (self.limits.month, "total"))
        return max(100 * int(self.item.get(name, 0)) // limit for limit, name in pairs if limit)


class Budgets:
    """The budgets that an environment has."""

    def __init__(
        self, config: BudgetConfig, store: Store, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._config = config
        self._store = store
        self._clock = clock

    def open(self, ids: RequestIds, worst: int, deadline: Deadline) -> Spending:
        """Return the account of one request, each call of which costs `worst` tokens at most."""
        own = self._config.clients.get(ids.client or NOBODY, self._config.client)
        limits = {owner("budget", ids.client): own}
        if ids.person:
            limits[owner("budget", ids.client, ids.person)] = self._config.user
        now = datetime.fromtimestamp(self._clock(), UTC)
        accounts = [
            Account((whose, f"{now:%Y-%m}"), limit, f"d{now:%d}")
            for whose, limit in reversed(limits.items())
            if limit
        ]
        return Reserved(self, accounts, worst, deadline)

    def reserve(self, accounts: Sequence[Account], tokens: int, deadline: Deadline) -> None:
        """Reserve tokens in every account, or in none; raises as `Spending.call`."""
        for number, account in enumerate(accounts):
            try:
                self._reserve(account, tokens, deadline)
            except ChatbotError as error:
                away = isinstance(error, MemoryUnavailableError)
                if away and self._config.answers_without_store:
                    continue
                self.give_back(accounts[:number], tokens, deadline)
                raise

    def _reserve(self, account: Account, tokens: int, deadline: Deadline) -> None:
        room = {"day": account.limits.day, "total": account.limits.month}
        left = {name: limit - tokens for name, limit in room.items() if limit is not None}
        attributes = {"day": account.day, "total": "total"}
        conditions = [
            f"( attribute_not_exists ( #{attributes[name]} ) OR #{attributes[name]} <= :{name} )"
            for name in left
        ]
        item: Item = {}
        if all(value >= 0 for value in left.values()):
            try:
                account.item = self._store.update(
                    account.key,
                    f"SET #expires = :expires ADD #total :tokens , #{account.day} :tokens",
                    " AND ".join(conditions),
                    {"tokens": tokens, "expires": self._expiry(), **left},
                    deadline,
                )
            except ConditionFailedError as error:
                item = error.item
            else:
                return
        full = "total" in left and int(item.get("total", 0)) > left["total"]
        kind = "person" if account.key[0].count("/") > 1 else "client"
        period = "month" if full else "day" if "day" in left else "month"
        raise BudgetExhaustedError(self._seconds_to_next(period), budget=f"{kind}, {period}")

    def give_back(self, accounts: Sequence[Account], tokens: int, deadline: Deadline) -> None:
        """Correct what was reserved, unless somebody has reset the budget since."""
        for account in accounts:
            if not account.item:
                continue  # answered without a store
            reset = account.item.get("reset")
            condition = "attribute_not_exists ( #reset )" if reset is None else "#reset = :reset"
            known: Item = {} if reset is None else {"reset": reset}
            try:
                account.item = self._store.update(
                    account.key,
                    f"ADD #total :tokens , #{account.day} :tokens",
                    f"attribute_exists ( #total ) AND {condition}",
                    {"tokens": -tokens, **known},
                    deadline,
                )
            except (ChatbotError, ConditionFailedError):
                continue  # counts as spent until the period ends

    def _expiry(self) -> int:
        return int(self._clock()) + KEPT_DAYS * 86400

    def _seconds_to_next(self, period: str) -> int:
        now = datetime.fromtimestamp(self._clock(), UTC)
        day = timedelta(days=1)
        following = datetime(now.year, now.month, now.day, tzinfo=UTC) + day
        while period == "month" and following.month == now.month:
            following += day
        return max(1, round((following - now).total_seconds()))
