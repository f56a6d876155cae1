"""libinjection, through ModSecurity's own operators: is this text an SQL or script injection?"""

import re
from collections.abc import Callable
from functools import cache, lru_cache
from types import ModuleType

_RULE = """
SecRuleEngine On
SecAuditEngine Off
SecRule REQUEST_HEADERS:v "%s" "id:1,phase:1,deny,status:403,nolog,noauditlog"
"""

_SHORT = 40  # bytes
_REMEMBERED = 1024

MISSING = "libmodsecurity is not installed here, so no SQL injection or script is detected"


def remembered(test: Callable[[bytes], bool]) -> Callable[[bytes], bool]:
    """Return a test that remembers what it found in short texts.

    These come again and again: the path, names of headers and of a body's members, most headers.
    """
    known = lru_cache(maxsize=_REMEMBERED)(test)
    return lambda text: known(text) if len(text) <= _SHORT else test(text)


@cache
def _module() -> ModuleType | None:
    try:
        import libmodsecurity  # noqa: PLC0415  # has no wheel on every platform
    except ImportError:
        return None
    return libmodsecurity


def available() -> bool:
    """Return whether this machine has libmodsecurity; without it nothing is detected."""
    return _module() is not None


@cache
def _detector(operator: str) -> Callable[[bytes], bool]:
    module = _module()
    if module is None:
        return lambda _: False
    engine = module.ModSecurity()
    rules = module.RulesSet()
    if rules.load(_RULE % operator) < 0:
        raise RuntimeError(f"libmodsecurity refused {operator}: {rules.get_parser_error()}")

    def detect(text: bytes) -> bool:
        transaction = module.Transaction(engine, rules, "waf")
        transaction.add_request_header("v", text)
        transaction.process_request_headers()
        return transaction.intervention() is not None

    return remembered(detect)


def is_sqli(text: bytes) -> bool:
    """Return whether libinjection takes the text for an SQL injection."""
    return _detector("@detectSQLi")(text)


def is_xss(text: bytes) -> bool:
    """Return whether libinjection takes the text for cross-site scripting."""
    return _detector("@detectXSS")(text)


_SQL_TOKEN = re.compile(
    rb"(?i)\b(?:and|or|not|like|select|union|all|from|where|insert|into|update|delete|drop|table"
    rb"|alter|exec|sleep|benchmark|null|having|group|order|by)\b|\b\d{1,3}\b|--|['\"=;#]"
)
_COMPARED = re.compile(rb"(\b\d{1,3}\b)\s*=\s*\d{1,3}\b")


def sql_tokens(text: bytes) -> list[str]:
    """Return what a log may show of an SQL match: keywords, signs and short numbers, no prose.

    Of a comparison of numbers only the first is shown, as in AWS's example: 10, AND, 1 of
    10 AND 1=1.
    """
    tokens = [token.decode("ascii") for token in _SQL_TOKEN.findall(_COMPARED.sub(rb"\1", text))]
    return tokens[:5]
