"""What one request has reserved and spent of its budgets. Without budgets it is all there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatbot.budgets import Account, Budgets
    from chatbot.models import Deadline


class Spending:
    """What a request without budgets spends: nothing is counted, and nothing limited."""

    @property
    def used(self) -> int | None:
        """Return the percent of the budget that is nearest to its end."""
        return None

    def call(self) -> None:
        """Count the worst that a call of the model can cost, and reserve what that lacks.

        Raises BudgetExhaustedError, or what the store raises.
        """

    def cost(self, tokens: int) -> None:
        """Take down what the last call is known to have cost."""

    def settle(self) -> None:
        """Give back what was not spent. Never raises: what stays reserved counts as spent."""


class Reserved(Spending):
    """What a request spends that has budgets; each call costs `worst` tokens at most."""

    def __init__(
        self, budgets: Budgets, accounts: Sequence[Account], worst: int, deadline: Deadline
    ) -> None:
        self._budgets = budgets
        self._accounts = accounts
        self._worst = worst
        self._deadline = deadline
        self._reserved = 0
        self._spent = 0

    @property
    def used(self) -> int | None:
        return max((one.used() for one in self._accounts if one.item), default=None)

    def call(self) -> None:
        lacking = self._spent + self._worst - self._reserved
        if lacking:  # never below zero: no call costs less than nothing
            self._budgets.reserve(self._accounts, lacking, self._deadline)
            self._reserved += lacking
        self._spent += self._worst

    def cost(self, tokens: int) -> None:
        self._spent += tokens - self._worst

    def settle(self) -> None:
        if self._spent != self._reserved:
            self._budgets.give_back(self._accounts, self._reserved - self._spent, self._deadline)
            self._reserved = self._spent
