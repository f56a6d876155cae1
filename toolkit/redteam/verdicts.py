"""Read from the logs which layer stopped each probe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from toolkit import records
from toolkit.proofs.kinds import LAYERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from toolkit.proofs.logs import Logs
    from toolkit.redteam.bridge import Turn

MODEL = "model"
"""No layer of ours stopped it: the model answered, whatever it said."""

NOT_KNOWN = "not in any log"
PLACES = (*LAYERS[:4], MODEL, NOT_KNOWN)
"""Where a probe may end: a layer that requests meet, the model, or nobody knows."""


@dataclass(frozen=True)
class Verdict:
    """What became of one probe."""

    family: str
    digest: str
    layer: str
    what: str  # rule, error code, family of attack, policy
    request_id: str

    @property
    def stopped(self) -> bool:
        """Return whether a layer of ours stopped it."""
        return self.layer not in {MODEL, NOT_KNOWN}


def wanted(turns: Iterable[Turn]) -> Mapping[str, Sequence[str]]:
    """Return the ids to wait for in each log. Refusals of the edge have no request id."""
    turns = list(turns)
    return {
        "waf": [turn.extended_id for turn in turns if turn.extended_id],
        "api": [turn.extended_id for turn in turns if turn.extended_id],
        "function": [turn.request_id for turn in turns if turn.status == 200],
    }


def judge(turns: Iterable[Turn], families: Mapping[str, str], logs: Logs) -> list[Verdict]:
    """Return a verdict for each probe; `families` are by digest."""
    return [
        Verdict(
            families.get(turn.digest, "probe"), turn.digest, *_layer(turn, logs), turn.request_id
        )
        for turn in turns
    ]


def _layer(turn: Turn, logs: Logs) -> tuple[str, str]:
    waf, access = (logs.record(log, turn.extended_id) or {} for log in ("waf", "api"))
    function = logs.record("function", turn.request_id) or {}
    if by := records.stopped(waf, access, function):
        return by
    if function:
        return MODEL, turn.stop_reason
    return NOT_KNOWN, turn.code or "no record of the function"
