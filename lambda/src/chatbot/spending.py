"""What one request has reserved and spent of its budgets. Without budgets it is all there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot.models import Deadline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatbot.budgets import Account, Budgets

NO_TIME = Deadline(0.0)


class Spending:
    """What one request has reserved and spent; without budgets it counts and limits nothing."""

    def __init__(
        self,
        budgets: Budgets | None = None,
        accounts: Sequence[Account] = (),
        worst: int = 0,
        deadline: Deadline = NO_TIME,
    ) -> None:
        self._budgets = budgets
        self._accounts = accounts
        self._worst = worst
        self._deadline = deadline
        self._reserved = 0
        self._spent = 0

    @property
    def used(self) -> int | None:
        """Return the percent of the budget that is nearest to its end."""
        return max((one.used() for one in self._accounts if one.item), default=None)

    def call(self) -> None:
        """Count the worst that a call of the model can cost, and reserve what that lacks.

        Raises BudgetExhaustedError, or what the store raises.
        """
        lacking = self._spent + self._worst - self._reserved
        if self._budgets and lacking > 0:
            self._budgets.reserve(self._accounts, lacking, self._deadline)
            self._reserved += lacking
        self._spent += self._worst

    def cost(self, tokens: int) -> None:
        """Take down what the last call is known to have cost."""
        self._spent += tokens - self._worst

    def settle(self) -> None:
        """Give back what was not spent. Never raises: what stays reserved counts as spent."""
        if self._budgets and self._spent != self._reserved:
            self._budgets.give_back(self._accounts, self._reserved - self._spent, self._deadline)
            self._reserved = self._spent
