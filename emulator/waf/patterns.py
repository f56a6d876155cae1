"""Regular expressions as AWS WAF takes them: libpcre without what AWS leaves out.

Inspection is byte-wise (PCRE without its UTF mode), so `.` is one byte and `\\w` is ASCII.
Source: AWS WAF Developer Guide, "Supported regular expression syntax in AWS WAF". Its list of what
is not supported is that of Hyperscan's manual, word by word, and it is not complete ("some
zero-width assertions, but not all"): what Hyperscan refuses is refused too. test_hyperscan.py
compares the two, and says where they differ.
"""

import contextlib
import re
from functools import lru_cache

MAX_PATTERN_CHARS = 200
"""AWS WAF quota: characters in one pattern. It cannot be raised."""

_POSIX = {
    "alnum": "0-9A-Za-z", "alpha": "A-Za-z", "ascii": r"\x00-\x7f", "blank": r" \t",
    "cntrl": r"\x00-\x1f\x7f", "digit": "0-9", "graph": "!-~", "lower": "a-z", "print": " -~",
    "punct": r"!-/:-@\[-`{-~", "space": r"\s", "upper": "A-Z", "word": r"\w", "xdigit": "0-9A-Fa-f",
}  # fmt: skip
_REFUSED_ESCAPES = {
    "C": r"the \C single-byte directive",
    "R": r"the \R newline directive",
    "K": r"the \K reset directive",
    "g": "a backreference or subroutine reference",
    "k": "a backreference",
    "G": r"the \G assertion",
    "L": r"\L",
    "N": r"\N",
    "U": r"\U",
    "X": r"the \X grapheme",
    "l": r"\l",
    "u": r"\u",
}
_REFUSED_GROUPS = {
    ">": "an atomic group",
    "(": "a conditional",
    "R": "recursion",
    "&": "a subroutine reference",
    "|": "a branch-reset group",
    "C": "a callout",
    "P": "a named group or reference",
    "'": "a capturing group",
    "=": "a look-ahead",
    "!": "a look-ahead",
}
_MAX_REPEAT = 32_767


# What PCRE takes and Python's engine does not, as Python says it.
_PYTHONS_LIMITS = ("global flags not at the start",)


class PatternError(ValueError):
    """A pattern that AWS WAF's API refuses, with the reason."""


class UntranslatableError(ValueError):
    """A pattern that AWS WAF may well take, and this emulator cannot match."""


def validate_pattern(pattern: str) -> None:
    """Refuse what AWS WAF refuses in a regular expression.

    Raises:
        PatternError: saying which construct is not supported.
    """
    with contextlib.suppress(UntranslatableError):
        compile_pattern(pattern)


@lru_cache(maxsize=512)
def compile_pattern(pattern: str) -> re.Pattern[bytes]:
    """Return the pattern ready to search bytes.

    Raises:
        PatternError: as `validate_pattern`.
        UntranslatableError: where AWS WAF knows more than this emulator.
    """
    if not 1 <= len(pattern) <= MAX_PATTERN_CHARS:
        raise PatternError(
            f"a pattern has 1 to {MAX_PATTERN_CHARS} characters, this one has {len(pattern)}"
        )
    try:
        return re.compile(_translate(pattern).encode("utf-8"))
    except (re.error, RecursionError, OverflowError) as error:
        if any(limit in str(error) for limit in _PYTHONS_LIMITS):
            raise UntranslatableError(f"not matched here: {error}") from None
        raise PatternError(f"not a valid pattern: {error}") from None


def _translate(pattern: str) -> str:
    """Check PCRE text and return the same pattern as Python writes it."""
    out: list[str] = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if char == "\\":
            piece, at = _escape(pattern, at, in_class=False)
        elif char == "[":
            piece, at = _character_class(pattern, at)
        elif char == "(":
            piece, at = _group(pattern, at)
        elif char == "{":
            piece, at = _repeat(pattern, at)
        elif char in "*+?}" and pattern[at + 1 : at + 2] == "+" and _is_quantifier(pattern, at):
            raise PatternError("possessive quantifiers are not supported")
        else:
            piece, at = char, at + 1
        out.append(piece)
    return "".join(out)


def _is_quantifier(pattern: str, at: int) -> bool:
    return pattern[at] != "}" or re.search(r"\{\d+(?:,\d*)?\}\Z", pattern[: at + 1]) is not None


def _repeat(pattern: str, at: int) -> tuple[str, int]:
    bounds = re.match(r"\{(\d+)(?:,(\d*))?\}", pattern[at:])
    if bounds and max(int(bound or 0) for bound in bounds.groups()) > _MAX_REPEAT:
        raise PatternError(f"a pattern repeats at most {_MAX_REPEAT} times")
    return "{", at + 1


def _group(pattern: str, at: int) -> tuple[str, int]:
    following = pattern[at + 1 : at + 4]
    if following.startswith("*"):
        raise PatternError("backtracking control verbs are not supported")
    if not following.startswith("?"):
        raise PatternError("capturing groups are not supported: write (?:…) instead of (…)")
    if following.startswith("?#"):
        end = pattern.find(")", at)
        if end < 0:
            raise PatternError("a comment is not closed")
        return "", end + 1
    kind = following[1:2]
    if kind in _REFUSED_GROUPS or kind.isdigit() or re.match(r"\?[+-]\d", following):
        reason = _REFUSED_GROUPS.get(kind, "a subroutine reference")
        raise PatternError(f"{reason} is not supported")
    if kind == "<" and following[2:3] in {"=", "!"}:
        raise PatternError("a look-behind is not supported")
    if kind == "<":
        raise PatternError("capturing groups are not supported: write (?:…) instead of (?<name>…)")
    if re.match(r"\?[a-z]*-[a-z]+\)", pattern[at + 1 :]):
        raise UntranslatableError("a flag that ends is not matched here")
    return "(", at + 1


def _escape(pattern: str, at: int, *, in_class: bool) -> tuple[str, int]:
    char = pattern[at + 1 : at + 2]
    if not char:
        raise PatternError(r"a pattern cannot end in \ ")
    if not in_class:
        if char in _REFUSED_ESCAPES:
            raise PatternError(f"{_REFUSED_ESCAPES[char]} is not supported")
        if char in "123456789" and re.match(r"\\[0-3][0-7]{2}", pattern[at:]) is None:
            raise PatternError("backreferences are not supported")
        simple = {"z": r"\Z", "Z": r"(?=\n?\Z)", "h": r"[ \t\xa0]", "H": r"[^ \t\xa0]",
                  "v": r"[\n\v\f\r\x85]", "V": r"[^\n\v\f\r\x85]"}  # fmt: skip
    else:
        simple = {"h": r" \t\xa0", "v": r"\n\v\f\r\x85", "b": r"\x08"}
    if char in simple:
        return simple[char], at + 2
    if char == "Q":
        end = pattern.find(r"\E", at)
        literal = pattern[at + 2 : end if end >= 0 else len(pattern)]
        return re.escape(literal), end + 2 if end >= 0 else len(pattern)
    if char == "E":
        return "", at + 2
    if char == "e":
        return r"\x1b", at + 2
    if char == "x":
        digits = re.match(r"\\x(?:\{([0-9a-fA-F]{1,2})\}|([0-9a-fA-F]{0,2}))", pattern[at:])
        if digits is None or (pattern.startswith(r"\x{", at) and digits[1] is None):
            raise PatternError(r"\x{…} names one byte: two hexadecimal digits")
        return rf"\x{int(digits[1] or digits[2] or '0', 16):02x}", at + len(digits[0])
    if char in "pP":
        if re.match(r"\\[pP](?:[A-Z]|\{\^?[A-Za-z_&]+\})", pattern[at:]) is None:
            raise PatternError(rf"\{char} needs the name of a Unicode property")
        raise UntranslatableError(rf"\{char} needs Unicode properties, which are not known here")
    if octal := re.match(r"\\(?:o\{([0-7]{1,3})\}|([0-3][0-7]{2}))", pattern[at:]):
        return rf"\x{int(octal[1] or octal[2], 8) & 255:02x}", at + len(octal[0])
    if char == "c" and pattern[at + 2 : at + 3].isascii() and pattern[at + 2 :]:
        return rf"\x{ord(pattern[at + 2].upper()) ^ 64:02x}", at + 3
    if not char.isascii() or (char.isalpha() and char not in _PYTHONS_ESCAPES):
        return char, at + 2  # a letter that means nothing stands for itself
    return pattern[at : at + 2], at + 2


_CLASSES = {*"dDsSwW"}
_PYTHONS_ESCAPES = "AabBcdDfnrsStwW"


def _character_class(pattern: str, at: int) -> tuple[str, int]:
    out = ["["]
    at += 1
    if pattern.startswith("^", at):
        out.append("^")
        at += 1
    first = True
    while at < len(pattern):
        char = pattern[at]
        if re.match(r"\[([.=]).*?\1\]", pattern[at:]):
            raise PatternError("collating elements are not supported")
        posix = re.match(r"\[:(\^?)([a-z]+):\]", pattern[at:])
        if posix:
            if posix[2] not in _POSIX:
                raise PatternError(f"the character class {posix[0]} is not known")
            if posix[1]:
                raise UntranslatableError(f"the character class {posix[0]} is not matched here")
            out.append(_POSIX[posix[2]])
            at += len(posix[0])
        elif char == "\\":
            piece, at = _escape(pattern, at, in_class=True)
            out.append(piece)
            if piece[1:] in _CLASSES and pattern[at : at + 1] == "-":
                out.append(r"\-")  # a hyphen there, a bad range here
                at += 1
        elif char == "]" and not first:
            return "".join([*out, "]"]), at + 1
        else:
            # Python warns of set operations that PCRE does not have.
            out.append(re.escape(char) if char in "[&~|]" else char)
            at += 1
        first = False
    raise PatternError("a character class is not closed")
