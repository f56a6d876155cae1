"""Decisions that were made already: the same question, in the same second, of the same policies."""

from datetime import datetime

from emulator.iam.resources import Permission
from emulator.wire.call import Principal
from iam_policy import Context, Decision

_Known = dict[object, Decision]


class Decisions:
    """What was decided since the last change of the account.

    A question has the time in its context, in seconds: what was decided holds for one.
    """

    def __init__(self) -> None:
        self._latest: tuple[int, _Known] = (0, {})

    def at(self, now: datetime) -> _Known:
        """Return the decisions of this second, by their questions."""
        second, known = self._latest
        if second != int(now.timestamp()):
            known = {}
            self._latest = int(now.timestamp()), known
        return known


def question(
    principal: Principal, permission: Permission, resource: str, context: Context
) -> object:
    """Return all that a decision depends on, but for the time and the policies, as one key."""
    keys = tuple(
        (key, value if isinstance(value, str) else tuple(value)) for key, value in context.items()
    )
    return principal, permission, resource, keys
