"""Reads a reply of Converse, whatever its shape; what is not as documented counts as nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from chatbot.models import GuardrailFinding, ModelReply, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

STOP_REASON = re.compile(r"[a-z_]{1,64}")
ACTION = re.compile(r"[A-Z_]{1,32}")
COUNT_LIMIT = 2**53

# An unreadable trace does not prove that the guardrail only masked.
UNREADABLE = GuardrailFinding("trace", "unreadable", "UNKNOWN")


def read(response: object, attempts: int) -> ModelReply:
    answer = _object(response)
    blocks = _object(_object(answer.get("output")).get("message")).get("content")
    stop_reason = answer.get("stopReason")
    well_formed = isinstance(stop_reason, str) and STOP_REASON.fullmatch(stop_reason)
    return ModelReply(
        text="".join(_texts(blocks)),
        stop_reason=str(stop_reason) if well_formed else "none",
        usage=_usage(_object(answer.get("usage"))),
        latency_ms=_count(_object(answer.get("metrics")).get("latencyMs")),
        attempts=attempts,
        findings=_findings(_object(answer.get("trace")).get("guardrail")),
    )


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _count(value: object) -> int:
    return value if type(value) is int and value in range(COUNT_LIMIT) else 0


def _usage(usage: Mapping[str, Any]) -> Usage:
    given = [usage.get(name) for name in ("inputTokens", "outputTokens")]
    read, written = map(_count, given)
    return Usage(read, written, known=given == [read, written])


def _texts(blocks: object) -> Iterator[str]:
    """Yield the text blocks; reasoning comes as blocks of its own, before and between them."""
    for block in blocks if isinstance(blocks, list) else ():
        text = _object(block).get("text")
        if isinstance(text, str):
            yield text


def _findings(trace: object) -> tuple[GuardrailFinding, ...]:
    """Return what the guardrail did, whatever the policy; matches and names stay behind."""
    try:
        return tuple(_read_trace(trace)) if trace else ()
    except (AttributeError, TypeError):
        return (UNREADABLE,)


def _read_trace(trace: Any) -> Iterator[GuardrailFinding]:
    assessments = [("input", one) for one in (trace.get("inputAssessment") or {}).values()]
    for many in (trace.get("outputAssessments") or {}).values():
        assessments += [("output", one) for one in many]
    for source, assessment in assessments:
        for policy, parts in assessment.items():
            if not policy.endswith("Policy"):
                continue
            for entries in parts.values():
                for item in entries if isinstance(entries, list) else ():
                    action = item.get("action", "UNKNOWN")
                    if action != "NONE":
                        named = ACTION.fullmatch(action)
                        yield GuardrailFinding(source, policy, action if named else "UNKNOWN")
