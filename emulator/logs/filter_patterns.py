"""Filter patterns of CloudWatch Logs, over text and over JSON.

Source: CloudWatch Logs User Guide, "Filter pattern syntax for metric filters, subscription filters,
filter log events, and Live Tail".
"""

import functools
import json
import re
from collections.abc import Callable

from emulator.cloudwatch.metrics import compiled

Matches = Callable[[str], bool]

_TERM = re.compile(r'\s*([?-]?)(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))')
_PLAIN = re.compile(r"[\w]+")


@functools.lru_cache(maxsize=64)
def compile_filter(pattern: str) -> Matches:
    """Return what the pattern matches; an empty one matches every event.

    Raises:
        ValueError: for a pattern that CloudWatch Logs, or this emulator, does not know.
    """
    pattern = pattern.strip()
    if not pattern:
        return lambda _: True
    if pattern.startswith("{"):
        return _over_json(pattern)
    if pattern.startswith(("[", "%")):
        raise ValueError("patterns over space-delimited fields and regular expressions")
    return _over_text(pattern)


def _over_json(pattern: str) -> Matches:
    matches = compiled(pattern)

    def check(message: str) -> bool:
        try:
            document = json.loads(message)
        except (ValueError, RecursionError):
            return False
        return isinstance(document, dict) and matches(document)

    return check


def _over_text(pattern: str) -> Matches:
    """Terms that an event must have, may have (?) and must not have (-), in any order."""
    terms: dict[str, list[str]] = {"": [], "?": [], "-": []}
    end = 0
    while found := _TERM.match(pattern, end):
        sign, quoted, plain = found.groups()
        if quoted is None and not _PLAIN.fullmatch(plain):
            raise ValueError(f"{plain!r} needs quotation marks")
        terms[sign].append(plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted))
        end = found.end()
    if pattern[end:].strip():
        raise ValueError(f"not understood at {pattern[end : end + 20]!r}")
    needed, optional, unwanted = terms[""], terms["?"], terms["-"]

    def check(message: str) -> bool:
        return (
            all(term in message for term in needed)
            # AWS: with terms that are needed, those that are optional change nothing.
            and (bool(needed) or not optional or any(term in message for term in optional))
            and not any(term in message for term in unwanted)
        )

    return check
