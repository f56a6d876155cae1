"""Say from the logs which layer stopped each probe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toolkit.proofs.kinds import LAYERS
from toolkit.proofs.logs import dig

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
    waf = logs.record("waf", turn.extended_id)
    function = logs.record("function", turn.request_id)
    if dig(waf, "action") == "BLOCK":
        return "edge", str(dig(waf, "terminatingRuleId"))
    if function is None:
        if turn.status in {0, 200}:
            return NOT_KNOWN, turn.code or "no record of the function"
        access = logs.record("api", turn.extended_id)
        return ("api" if access else NOT_KNOWN), turn.code
    if not turn.refused:
        return MODEL, turn.stop_reason
    return _of_function(turn, function)


def _of_function(turn: Turn, record: Mapping[str, Any]) -> tuple[str, str]:
    if turn.status != 200:
        return "compute", str(record.get("code", turn.code))
    if turn.stop_reason == "screened":
        return "compute", f"screening: {record.get('screened')}"
    if turn.stop_reason == "leak":
        return "compute", "prompt leak"
    policies = record.get("guardrail")
    blocking = [one for one in policies if one.endswith(".BLOCKED")] if policies else []
    return "guardrail", ", ".join(blocking) or turn.stop_reason
