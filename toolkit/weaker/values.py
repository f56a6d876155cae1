"""What a changed value of a resource means: a table, and what it does not know is named."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit.weaker.plans import UNKNOWN, UNSET

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Orders from the strongest to the weakest.
_STRENGTH = ("HIGH", "MEDIUM", "LOW", "NONE")
ORDERS = {
    "input_strength": _STRENGTH,
    "output_strength": _STRENGTH,
    "action": ("BLOCK", "ANONYMIZE", "NONE"),
    "mode": ("COMPLIANCE", "GOVERNANCE"),
    "period": ("MONTH", "WEEK", "DAY"),
    "security_policy": ("TLS_1_3", "TLS_1_2", "TLS_1_0"),
    "status": ("Enabled", "Suspended"),
}
# What names an element of a list among its siblings.
LABELS = ("name", "type", "text", "field", "field_type", "key", "regex_string", "id", "stage")
HASH = re.compile(r"\b[0-9a-f]{64}\b")
# What a template of API Gateway puts in of a request.
NAMED = re.compile(r"\$!?\{?(?:context|input|method|stageVariables|util)\b[\w.]*")
_LINES = Path(__file__).with_name("attributes.txt").read_text(encoding="utf-8").splitlines()
TABLE = [
    (kind, re.compile(path), meaning)
    for kind, path, meaning in (line.split() for line in _LINES if line and line[0] != "#")
]
DESCRIPTIONS = {
    "override_action.count": "only counts what it stopped",
    "action.count": "only counts what it stopped",
    "default_action.allow": "lets through what no rule stops",
    "retention_in_days": "keeps its log for {after} days in place of {before}",
    "default_retention.days": "locks objects for {after} days in place of {before}",
}


def meaning(kind: str, path: str) -> str:
    """Return when a change of an attribute is weaker (attributes.txt), "" where nobody said."""
    plain = re.sub(r"\[[^]]*\]", "", path)
    for types, pattern, when in TABLE:
        if fnmatchcase(kind, types) and pattern.fullmatch(plain):
            return when
    return ""


def compare(kind: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each value that became weaker, or that the table does not know."""
    above = str(after.get("comparison_operator", "Greater")).startswith("Greater")
    yield from _Compared(kind, "more" if above else "less").walk("", before, after)


class _Compared:
    def __init__(self, kind: str, threshold: str) -> None:
        self._kind = kind
        self._threshold = threshold

    def walk(self, path: str, before: Any, after: Any) -> Iterator[str]:
        """Compare two values at one place."""
        means = meaning(self._kind, path) if path else ""
        means = self._threshold if means == "threshold" else means
        if UNSET in (before, after):
            if not means:
                return  # The provider computes it.
            before, after = (None if one == UNSET else one for one in (before, after))
        before, after = _parsed(before), _parsed(after)
        if before == after or means == "never":
            return
        if means != "published" and _unnamed(before, after):
            return
        if isinstance(before, dict) and isinstance(after, dict):
            for name in sorted({*before, *after}):
                inner = f"{path}.{name}" if path else name
                yield from self.walk(inner, before.get(name), after.get(name))
        elif isinstance(before or after, list) and isinstance(after or [], list):
            old, new = _labelled(before or ()), _labelled(after or ())
            for label in sorted({*old, *new}):
                at = f"{path}[{label}]" if label else path
                if label not in new and means != "comes":
                    yield f"{_shown(at)} is gone"
                elif label not in old and (means != "gone" or _lets_pass(new[label])):
                    yield _described(path) or f"{_shown(at)} is new"
                elif label in old and label in new:
                    yield from self.walk(at, old[label], new[label])
        elif _weaker(means, path, before, after):
            yield _described(path, before, after) or _sentence(path, before, after)


def _unnamed(before: Any, after: Any) -> bool:
    """Return whether a change cannot be judged: it may be none, once the unknown is known."""
    return UNKNOWN in (before, after) and None not in (before, after)


def _parsed(value: Any) -> Any:
    """Return what a JSON text holds; nothing and an empty text are the same."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return None if value in ("", [], {}) else value


def _labelled(elements: Any) -> dict[str, Any]:
    """Return the elements of a list by what tells them apart."""
    found = {}
    for at, one in enumerate(elements):
        if not isinstance(one, dict):
            found[json.dumps(one) if isinstance(one, list) else str(one)] = one
            continue
        texts = (one.get(name) for name in LABELS)
        nothing = ("", UNKNOWN, UNSET)
        own = next((text for text in texts if isinstance(text, str) and text not in nothing), "")
        label = own.translate(str.maketrans("[]", "()")) or (str(at) if len(elements) > 1 else "")
        found[label if label not in found else f"{label} {at}"] = one
    return found


def _lets_pass(element: Any) -> bool:
    """Return whether a new rule lets pass what later rules would stop."""
    actions = element.get("action") or () if isinstance(element, dict) else ()
    return any(isinstance(one, dict) and one.get("allow") for one in actions)


def _weaker(meaning: str, path: str, before: Any, after: Any) -> bool:
    if meaning in ("gone", "comes"):
        return (after if meaning == "gone" else before) is None or None not in (before, after)
    if meaning == "lost":
        return after is None
    if meaning == "hashed":
        return bool(HASH.search(str(before))) and not HASH.search(str(after))
    if meaning == "published":
        return after in (None, "$LATEST", "DRAFT")
    if meaning == "reveals":
        if after is None and path.count(".") < 2:
            return True  # API Gateway's own template names the error's message.
        return bool({*NAMED.findall(str(after))} - {*NAMED.findall(str(before))})
    if meaning in ("on", "off"):
        was, is_ = (one in (True, "Enabled") for one in (before, after))
        return is_ is (meaning == "on") and was is not is_
    if meaning == "order":
        order = ORDERS[path.rpartition(".")[2]]
        places = [order.index(one) if one in order else len(order) for one in (before, after)]
        return places[1] > places[0]
    if meaning in ("less", "more"):
        if 0 in (before, after) and re.match(r"(throttle|quota)_settings\.", path):
            return True  # All or nothing: unconfirmed.toml, usage-plan-zero.
        # No value is without limit, and so are 0 for a log's days and -1 for concurrency.
        endless = (None, "", -1, *((0,) if path.endswith("retention_in_days") else ()))
        none = "0" if "default_retention" in path else "inf"  # An object that nothing locks.
        try:
            old, new = (float(none if one in endless else one) for one in (before, after))
        except ValueError:
            return True
        return new < old if meaning == "less" else new > old
    return True


def _described(path: str, before: Any = None, after: Any = None) -> str:
    for end, text in DESCRIPTIONS.items():
        if path.endswith(end):
            where = _shown(path.removesuffix(end).rstrip("."))
            return f"{where} {text}".format(before=before or "all", after=after or "all").strip()
    return ""


def _sentence(path: str, before: Any, after: Any) -> str:
    if after is None:
        return f"{_shown(path)} is gone"
    shown = [json.dumps(one) for one in (before, after)]
    if before is None or any(len(one) > 60 for one in shown):  # Never a whole prompt.
        return f"{_shown(path)} {'is new' if before is None else 'changes'}"
    return f"{_shown(path)} goes from {shown[0]} to {shown[1]}"


def _shown(path: str) -> str:
    parts = re.sub(r"\[([^]]*)\]", r" \1", path)
    return parts if len(parts) < 100 else f"{parts[:60]} … {parts[-30:]}"
