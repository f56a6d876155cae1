"""Search a text for patterns: the regular expressions that AWS WAF takes, in a millisecond."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from chatbot.disguises import BETWEEN_WORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

# A token of a pattern, and how often it may come.
_TOKEN = re.compile(
    r"(\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?:|.)((?:[*+?]|\{\d+(?:,\d*)?\})\??|)", re.DOTALL
)
_SPECIAL = frozenset("|)(^$.")
_NOTHING = frozenset(("",))
_MOST_STRINGS = 8
_CLASSES = frozenset("bBdDsSwW")
_ABSENT = frozenset(("*", "?", "*?", "??", "{0"))
# What parts two markers of a long text. A regular expression would try each pair of them.
_FAR_CHARACTERS = 20
FAR = f".{{{_FAR_CHARACTERS}}}.*"
# Up to so many words between two others.
_GAP = re.compile(r"\(\?: ?(?:\[[^\]]*\]|\\w)\+ ?\)\{0,(\d)\}")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression for lower-case text with single spaces, and whose phrases it catches."""

    family: str
    text: str


type Need = frozenset[str] | Options
"""A string of these, or one of these alternatives."""
type Needs = tuple[Need, ...]
type Options = tuple[Needs, ...]


def matcher(
    patterns: Sequence[Pattern], rewritten: Callable[[str], str]
) -> Callable[[str], Iterator[str]]:
    """Return a search for the rewritten patterns, which yields the family of each that matches.

    Raises ValueError for a pattern that is no regular expression as it is written.
    """
    compiled = []
    for pattern in patterns:
        text = rewritten(pattern.text)
        try:
            parts = [re.compile(part) for part in _parts(text)]
        except re.error as error:
            # Such as [i-k] with l for i: the pattern's other readings are left.
            if text == pattern.text:
                raise ValueError(f"no regular expression: {text}") from error
        else:
            compiled.append((pattern.family, literals(text), parts))
    # An honest message holds next to none of these strings, and then no pattern is looked at.
    places: dict[str, list[int]] = {}
    for place, (_, options, _) in enumerate(compiled):
        for one in _one_of(options):
            places.setdefault(one, []).append(place)

    def search(text: str) -> Iterator[str]:
        near = {place for one, there in places.items() if one in text for place in there}
        for place in sorted(near):
            family, options, parts = compiled[place]
            if _met(options, text) and _found(parts, text):
                yield family

    return search


def has_sign(pattern: Pattern) -> bool:
    """Return whether a pattern asks for a sign, which the words alone do not have."""
    return any(
        (literal := _literal(text)) and times != "?" and BETWEEN_WORDS[ord(literal)] != literal
        for text, times in _TOKEN.findall(pattern.text)
    )


def is_known(pattern: str) -> bool:
    """Return whether `literals` knows all that a pattern has; modules/edge refuses the rest."""
    for text, _ in _TOKEN.findall(pattern):
        escape = text[1:] if text.startswith("\\") else ""
        if text == "(" or text.startswith("[[:") or (escape.isalnum() and escape not in _CLASSES):
            return False
    try:
        re.compile(pattern)
    except re.error:
        return False
    return "{," not in pattern


def without_spaces(pattern: str) -> str:
    """Return the pattern for text without spaces: gaps of words become gaps of letters."""
    gaps = _GAP.sub(r".{0,\g<1>0}", pattern).replace(r"\w+", r"\w+?")
    return gaps.replace(r"\b", "").replace(" ?", "").replace(" ", "")


def _literal(token: str) -> str:
    """Return the character that a token stands for; nothing for groups, classes and anchors."""
    if len(token) == 2 and token[0] == "\\" and token[1] not in _CLASSES:
        return token[1]
    return token if len(token) == 1 and token not in _SPECIAL else ""


def _parts(pattern: str) -> list[str]:
    """Split a pattern at its long gaps, unless one of them stands in a group or an alternative."""
    parts = pattern.split(FAR)
    for part in parts:
        depth = 0
        for text, _ in _TOKEN.findall(part):
            depth += (text == "(?:") - (text == ")")
            # A group that one part opens, another closes.
            if depth < 0 or (text == "|" and depth == 0):
                return [pattern]
    return parts


def _found(parts: Sequence[re.Pattern[str]], text: str) -> bool:
    """Search for each part behind the one before it, in one pass over the text."""
    start = 0
    for part in parts:
        match = part.search(text, start)
        if match is None:
            return False
        start = match.end() + _FAR_CHARACTERS
    return True


def literals(pattern: str) -> Options:
    """Return what each alternative of a pattern needs: strings that a text holds if it matches.

    Python's engine tries a pattern at every position, so looking for the strings first is several
    times faster. Knows the syntax that AWS WAF takes, in which each group is `(?:...)`.
    """
    return _group(iter([*_TOKEN.findall(pattern), (")", "")])).options


class _Group(NamedTuple):
    options: Options
    strings: frozenset[str]  # all that it can be, if they are few
    times: str


def _group(tokens: Iterator[tuple[str, str]]) -> _Group:
    """Read a group to its end."""
    options: list[Needs] = []
    strings: frozenset[str] = frozenset()
    exact = True
    needs: list[Need] = []
    run = _NOTHING  # what the tokens since the last need can be
    while True:
        text, times = next(tokens)
        literal = _literal(text)
        group = _group(tokens) if text == "(?:" else None
        times = group.times if group else times  # those of a group follow it
        pieces = group.strings if group else frozenset((literal,) if literal else ())
        if pieces and times in {"", "?"} and len(pieces) * len(run) <= _MOST_STRINGS:
            pieces |= _NOTHING if times else frozenset()
            run = frozenset(first + piece for first in run for piece in pieces)
        elif text in {"|", ")"}:
            options.append(tuple(sorted((*needs, *_needed(run)), key=len)))
            strings |= run
            exact = exact and not needs
            needs, run = [], _NOTHING
            if text == ")":
                few = exact and len(strings) <= _MOST_STRINGS
                return _Group(tuple(options), strings if few else frozenset(), times)
        elif text != r"\b":
            needs += _needed(run)
            if group and all(group.options) and times[:2] not in _ABSENT:
                needs.append(group.options)
            run, exact = _NOTHING, False


def _needed(run: frozenset[str]) -> tuple[frozenset[str], ...]:
    """Return a run as a need, less the strings that hold another of it."""
    shortest = frozenset(one for one in run if not any(other in one for other in run - {one}))
    return () if "" in run else (shortest,)


def _one_of(options: Options) -> frozenset[str]:
    """Return strings of which a text that matches holds one; "" is one that each text holds."""
    strings: frozenset[str] = frozenset()
    for needs in options:
        each = (need if isinstance(need, frozenset) else _one_of(need) for need in needs)
        # The longest are the rarest.
        strings |= max(each, key=lambda need: min(map(len, need)), default=_NOTHING)
    return strings


def _met(options: Options, text: str) -> bool:
    """Return whether a text holds all that one of the alternatives needs."""
    return any(
        all(
            any(map(text.__contains__, need)) if isinstance(need, frozenset) else _met(need, text)
            for need in needs
        )
        for needs in options
    )
