"""Patterns that AWS WAF's API refuses are refused, and the others mean what libpcre means."""

import pytest

from emulator.waf.patterns import (
    PatternError,
    UntranslatableError,
    compile_pattern,
    validate_pattern,
)


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        (r"(a|b)", "capturing groups"),
        (r"(?<name>a)", "capturing groups"),
        (r"(?P<name>a)", "named group"),
        (r"(?'name'a)", "capturing group"),
        (r"a\1", "backreferences"),
        (r"\g{1}", "backreference"),
        (r"\k<name>", "backreference"),
        (r"(?>a)", "atomic group"),
        (r"a++", "possessive"),
        (r"a*+", "possessive"),
        (r"a?+", "possessive"),
        (r"a{2,3}+", "possessive"),
        (r"(?(1)a|b)", "conditional"),
        (r"(?R)", "recursion"),
        (r"(?1)", "subroutine"),
        (r"(?-1)", "subroutine"),
        (r"(?&name)", "subroutine"),
        (r"(?C1)", "callout"),
        (r"(?|a|b)", "branch-reset"),
        (r"(*FAIL)", "verbs"),
        (r"a\Cb", r"\\C"),
        (r"a\Rb", r"\\R"),
        (r"a\Kb", r"\\K"),
        (r"a\Xb", r"\\X"),
        (r"a\Nb", r"\\N"),
        (r"\Ga", r"\\G"),
        (r"\x{100}", "one byte"),
        (r"\p", "property"),
        (r"(?=a)b", "look-ahead"),
        (r"a(?!b)", "look-ahead"),
        (r"(?<=a|bc)d", "look-behind"),
        (r"(?<!x)a", "look-behind"),
        (r"[[.a.]]", "collating"),
        (r"[[:foo:]]", "not known"),
        (r"a{32768}", "at most"),
        (r"[a", "not closed"),
        (r"(?:a", "not a valid pattern"),
        (r"a{2", None),
        (r"*a", "not a valid pattern"),
        ("a\\", "cannot end"),
        ("", "1 to 200"),
        ("a" * 201, "1 to 200"),
    ],
)
def test_what_aws_refuses_is_refused_with_the_reason(pattern: str, reason: str | None) -> None:
    if reason is None:
        validate_pattern(pattern)
        return
    with pytest.raises(PatternError, match=reason):
        validate_pattern(pattern)


@pytest.mark.parametrize("pattern", [r"\pL", r"[\PL]", r"[[:^alpha:]]", r"a(?i)b", r"(?-i)a"])
def test_what_only_this_engine_lacks_is_no_error_of_the_pattern(pattern: str) -> None:
    validate_pattern(pattern)
    with pytest.raises(UntranslatableError):
        compile_pattern(pattern)


MEANINGS: list[tuple[str, bytes, bool]] = [
    (r"ignore\s+(?:all|previous)", b"ignore \t previous", True),
    (r"ignore\s+(?:all|previous)", b"ignore us", False),
    (r"(?i)drop", b"DROP", True),
    (r"[\d-z]", b"-", True),
    (r"\cA\101\o{102}", b"\x01AB", True),
    (r"\i", b"i", True),
    (r"[[:alpha:]]+\z", b"1abc", True),
    (r"[[:digit:][:space:]]{3}", b"1 2", True),
    (r"\Aa.b\Z", b"a\xffb\n", True),
    (r"\Qa.b\E", b"a.b", True),
    (r"\Qa.b\E", b"axb", False),
    (r"\x{41}\x42", b"AB", True),
    (r"a\hb", b"a\tb", True),
    (r"[]a]", b"]", True),
    (r"\++x", b"++x", True),
    (r"a(?#note)b", b"ab", True),
    ("é", "café".encode(), True),
    (r"\w", "é".encode(), False),
]


@pytest.mark.parametrize(("pattern", "text", "found"), MEANINGS)
def test_a_pattern_means_what_pcre_means_on_bytes(
    pattern: str, text: bytes, *, found: bool
) -> None:
    assert (compile_pattern(pattern).search(text) is not None) is found
