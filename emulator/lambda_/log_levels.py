"""Which lines of a function's own reach its log group: Lambda drops those below a level.

AWS Lambda Developer Guide, "Log-level filtering": a line without a valid level, or without a valid
timestamp, counts as INFO. aws-lambda-python-runtime-interface-client #202 and #220 report it live.
"""

import json
import re

_LEVELS = {"TRACE": 0, "DEBUG": 1, "INFO": 2, "WARN": 3, "ERROR": 4, "FATAL": 5}
# As Python's logging calls them; AWS's runtime client sends these with a level of their own.
_LEVELS |= {"WARNING": _LEVELS["WARN"], "CRITICAL": _LEVELS["FATAL"]}
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.IGNORECASE)


def reaches_the_log(line: str, least: str) -> bool:
    """Return whether Lambda keeps a line that code wrote, at an application log level."""
    return _level(line) >= _LEVELS.get(least, _LEVELS["INFO"])


def _level(line: str) -> int:
    try:
        document = json.loads(line)
    except (RecursionError, ValueError):
        return _LEVELS["INFO"]
    if not isinstance(document, dict) or not _RFC3339.fullmatch(str(document.get("timestamp"))):
        return _LEVELS["INFO"]
    return _LEVELS.get(str(document.get("level")).upper(), _LEVELS["INFO"])
