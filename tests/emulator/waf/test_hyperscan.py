"""AWS WAF's patterns against Hyperscan, whose list of what it lacks is also AWS's list."""

from pathlib import Path
from typing import Any

import pytest

from emulator.waf.patterns import PatternError, validate_pattern
from tests.emulator.waf.test_patterns import MEANINGS

hyperscan = pytest.importorskip("hyperscan", reason="hyperscan has no wheel for this platform")

ROOT = Path(__file__).parents[3]
LINES = (ROOT / "modules/edge/prompt-injection-patterns.txt").read_text("utf-8").splitlines()
PATTERNS = [line for line in LINES if line and not line.startswith("#")]


def compiled(pattern: str) -> Any:
    """Return the pattern in Hyperscan, on bytes. Raises its error."""
    database = hyperscan.Database()
    # A pattern may match nothing at all: AWS does not say that it refuses that.
    flags = hyperscan.HS_FLAG_ALLOWEMPTY
    database.compile(expressions=[pattern.encode()], ids=[0], elements=1, flags=flags)
    return database


def takes(pattern: str) -> bool:
    try:
        compiled(pattern)
    except hyperscan.error:
        return False
    return True


def matches(pattern: str, text: bytes) -> bool:
    found: list[int] = []
    compiled(pattern).scan(text, match_event_handler=lambda *_: found.append(1))
    return bool(found)


def emulator_takes(pattern: str) -> bool:
    try:
        validate_pattern(pattern)
    except PatternError:
        return False
    return True


def test_there_are_patterns() -> None:
    assert len(PATTERNS) >= 10


@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_pattern_of_the_edge_compiles(pattern: str) -> None:
    compiled(pattern)


CONSTRUCTS = [
    *(r"a|b", r"a*", r".*", r"(?:a|)", r"a{2}", r"a{2", r"a{,3}", r"a{1,1000}", r"a{32768}"),
    *(r"a??", r"a+?", r"a++", r"a*+", r"a?+", r"a{2,3}+", r"a**", r"a{2}{3}", r"a{3,2}", r"*a"),
    *(r"(?:a)", r"(?:a", r"a)b", r")", r"(?>a)", r"(?|a|b)", r"(?#note)a", r"(?", r"(?z)a"),
    *(r"(?i)a", r"(?i:a)b", r"a(?i)b", r"(?-i)a", r"(?s)a.b", r"(?x)a b", r"(?m)^a$", r"(?U)a+"),
    *(r"(?=a)b", r"a(?!b)", r"(?<=a)b", r"(?<!x)a", r"\bfoo\b", r"\Bfoo", r"^a$", r"\Aa\z"),
    *(r"\Aa\Z", r"\Ga", r"a\1", r"(a)\1", r"(a)\g{1}", r"(?<n>a)\k<n>", r"(a)(?1)", r"(?R)"),
    *(r"(a)(?(1)a|b)", r"(?+1)", r"(?P>n)", r"(?P=n)", r"(?C1)", r"(*FAIL)", r"a\Rb", r"a\Kb"),
    *(r"[a", r"[]a]", r"[^]a]", r"[z-a]", r"[\d-z]", r"[\w-z]", r"[a&&b]", r"[\b]", r"[[:alpha:]]"),
    *(r"[[:^alpha:]]", r"[[:foo:]]", r"[[.a.]]", r"[[=a=]]", r"[\x80-\xff]", r"\x{41}", r"\x41"),
    *(r"\x{100}", r"\x", r"\101", r"\o{101}", r"\0", r"\cA", r"\c", r"\pL", r"\p{Lu}a", r"[\PL]"),
    *(r"\p", r"\h", r"\H", r"\v", r"\V", r"\N", r"\X", r"\e", r"\a", r"\f", r"\d\D\s\S\w\W"),
    *(r"\i", r"\L", r"\u0041", r"\Qa.b\E", r"a\Q", r"\E", "a\\", "é", "(?i)É"),
]


@pytest.mark.parametrize("pattern", CONSTRUCTS)
def test_the_emulator_refuses_what_hyperscan_refuses(pattern: str) -> None:
    assert emulator_takes(pattern) is takes(pattern)


# Where the two differ, and why. Each must still differ, or it belongs in the table above.
DIFFERENCES = {
    # AWS's guide has "capturing subexpressions" on its list. Hyperscan reads the group and does not
    # capture, and so, perhaps, does AWS. The safe side: what is refused here works there.
    "(a|b)": (False, True),
    "(?<name>a)": (False, True),
    "(?P<name>a)": (False, True),
    # On the guide's list too; Hyperscan refuses them in UTF-8 mode only, and takes this one verb.
    r"a\Cb": (False, True),
    "(*UTF8)a": (False, True),
    # A digit that is no octal number is a reference here, and itself there.
    r"\8": (False, True),
    # What could never match is taken here: it opens nothing that a rule without it would close.
    "a^b": (True, False),
    "$a": (True, False),
    "(?:^a)+": (True, False),
    # Names of Unicode properties are not checked; no rule with one is applied here.
    r"\p{Foo}": (True, False),
}


@pytest.mark.parametrize("pattern", DIFFERENCES)
def test_every_stated_difference_is_one(pattern: str) -> None:
    assert (emulator_takes(pattern), takes(pattern)) == DIFFERENCES[pattern]


@pytest.mark.parametrize(("pattern", "text", "found"), MEANINGS)
def test_a_pattern_means_the_same_to_hyperscan(pattern: str, text: bytes, *, found: bool) -> None:
    assert matches(pattern, text) is found
