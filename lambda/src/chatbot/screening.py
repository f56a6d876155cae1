"""Look for known attacks on the model in a message, with disguises undone first.

The patterns are those of AWS WAF's rule: a file that modules/edge owns and the zip carries beside
this module, or an environment's own. A message has several readings (as written, decoded, without
look-alike letters, …) and each is matched on its own, as AWS WAF matches at the end of each chain
of transformations.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import html
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from chatbot._confusables import LOOK_ALIKES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

PATTERNS_FILE = "prompt-injection-patterns.txt"

OWN_FAMILY = "own"

MAX_ROUNDS = 3
"""Escapes within escapes that are undone, such as `%252569`."""

MAX_DEPTH = 2
"""Encodings within encodings that are undone, such as Base64 of hexadecimal."""

_FAMILY = re.compile(r"# family: (\w+)")
_CODE_ESCAPE = re.compile(
    r"\\u\{([0-9a-fA-F]{1,6})\}|(?:\\u|%u)([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})"
)
_SURROGATE_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}")
_BASE64_PIECE = re.compile(r"[A-Za-z0-9+/_-]{4,}")
_HEXADECIMAL = re.compile(  # with or without a separator after each byte
    r"[0-7](?<![0-9a-fA-F].)[0-9a-fA-F]"
    r"(?:(?:[0-9a-fA-F]{2}){7,}|(?:[\s,;:-]{1,2}[0-9a-fA-F]{2}){7,})"
)
_TAG = re.compile(r"</?[a-z][^<>]{0,60}>")
_LIST_NUMBER = re.compile(r"(?<!\w)\d{1,2}[.)] ")
_WITHIN = re.compile(r"\.(?! |$)")
_JOINT = re.compile(r"[^\w\s'](?<=\w.)[^\w\s']*(?=\w)")
_TWO_JOINTS = re.compile(r"[^\w\s'](?<=\w.)[^\w\s']*\w+[^\w\s']+(?=\w)")
_LONG_WORD = 16
# What a word of prose seldom has and Base64 has everywhere.
_MIXED = re.compile(r"[a-z0-9][A-Z]")
_PROSE_MIXES = 2
_SPACED_LETTERS = re.compile(r"(\W)(\w\W{1,3}\w\W{1,3}\w(?:\W{1,3}\w(?!\w))+)")
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
_FAR = f".{{{_FAR_CHARACTERS}}}.*"
# Up to so many words between two others.
_GAP = re.compile(r"\(\?: ?(?:\[[^\]]*\]|\\w)\+ ?\)\{0,(\d)\}")
_LEET_SIGN = re.compile(r"[013-9@$|+](?:(?<=[a-z].)|(?=[a-z]))|!(?=[a-z])")
_LEET_SHARE = 25
# 1 stands for i and for l, and capital I looks like l: where letters are replaced, all are l.
_LEET = str.maketrans("013456789@$!|+i", "oleasgtbgaslltl")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression for lower-case text with single spaces, and whose phrases it catches."""

    family: str
    text: str


type Need = frozenset[str] | Options
"""A string of these, or one of these alternatives."""
type Needs = tuple[Need, ...]
type Options = tuple[Needs, ...]


class Screen:
    """Patterns, and the first that matches any reading of a message names its family."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self._plain = _matcher(patterns, lambda text: text)
        self._signs = _matcher([one for one in patterns if _has_sign(one)], lambda text: text)
        # "Seat A1" twice is no AI twice: two markers count only in a text full of such signs.
        near = [pattern for pattern in patterns if _FAR not in pattern.text]
        self._leet = _matcher(patterns, lambda text: text.translate({ord("i"): "l"}))
        self._some_leet = _matcher(near, lambda text: text.translate({ord("i"): "l"}))
        self._squeezed = _matcher(patterns, _without_spaces)

    @classmethod
    def from_file(cls, path: Path) -> Screen:
        """Read the patterns, each below the comment that names its family.

        Raises ValueError that names the line at fault.
        """
        patterns = []
        family = ""
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            if match := _FAMILY.match(line):
                family = match[1]
            elif line.strip() and not line.startswith("#"):
                if not family:
                    raise ValueError(f"{path}:{number}: no `# family: NAME` stands above it")
                patterns.append(Pattern(family, line.strip()))
                family = ""
        if not patterns:
            raise ValueError(f"{path} holds no pattern, so nothing would be screened")
        return cls(patterns)

    @classmethod
    def load(cls) -> Screen:
        """Read the file that the build put beside this module, or else the one it came from."""
        packed = Path(__file__).with_name(PATTERNS_FILE)
        source = Path(__file__).parents[3] / "modules" / "edge" / PATTERNS_FILE
        return cls.from_file(packed if packed.exists() else source)

    @classmethod
    def own(cls, texts: Sequence[str]) -> Screen:
        """Take an environment's own patterns, which have no families, in place of the file's.

        Raises ValueError that names the first one at fault by its number.
        """
        for number, text in enumerate(texts, 1):
            if not _is_known(text):
                raise ValueError(f"pattern {number} is no regular expression that is known here")
        return cls([Pattern(OWN_FAMILY, text) for text in texts])

    def screen(self, text: str) -> str | None:
        """Return the family of the first pattern that matches, or None."""
        return self._screen(text, MAX_DEPTH)

    def score(self, text: str) -> str:
        """Return how much like an attack a text that matches is: `high` or `low`.

        `low` is one pattern in plain words, as an honest message may have it; `high` is several, or
        one behind a disguise.
        """
        reading = _compressed(text.lower())
        plain = (*self._plain(_words(reading)), *self._signs(reading))
        return "low" if len(plain) == 1 else "high"

    def _screen(self, text: str, depth: int) -> str | None:
        unescaped = _unescaped(text)
        visible = unescaped.translate(_VISIBLE)
        for reading in dict.fromkeys(
            (
                _compressed(text.lower()),
                _compressed(visible.lower()),
                _compressed(_INVISIBLE.sub(" ", unescaped).translate(_VISIBLE).lower()),
            )
        ):
            if family := self._read(reading):
                return family
        decoded = _decoded(visible) if depth else ""
        return self._screen(decoded, depth - 1) if decoded else None

    def _read(self, reading: str) -> str | None:
        """Match one reading: lower case, single spaces, and what stands between words undone."""
        words = _words(reading)
        parted = reading.replace("_", "-")
        if family := _first(self._plain(words)) or _first(self._signs(reading)):
            return family
        readings = [codecs.encode(reading, "rot13")]
        if _TWO_JOINTS.search(parted):
            readings.append(_JOINT.sub("", parted))
        spaced = [_letters(run[2]) for run in _SPACED_LETTERS.finditer(f" {parted}")]
        if spaced:
            readings.append(
                _SPACED_LETTERS.sub(lambda run: run[1] + _letters(run[2]), f" {parted}")
            )
        for one in readings:
            if family := _first(self._plain(one)):
                return family
        if signs := len(_LEET_SIGN.findall(reading)):
            plain = reading.translate(_LEET)
            match = self._leet if signs * _LEET_SHARE > len(reading) else self._some_leet
            if family := _first(match(plain)) or _first(match(_words(plain))):
                return family
        for run in (*spaced, *_long_words(words)):
            if family := _first(self._squeezed(run)):
                return family
        return None


def _matcher(
    patterns: Sequence[Pattern], rewritten: Callable[[str], str]
) -> Callable[[str], Iterator[str]]:
    """Return a search for the rewritten patterns, which yields the family of each that matches."""
    compiled = []
    for pattern in patterns:
        text = rewritten(pattern.text)
        try:
            parts = [re.compile(part) for part in _parts(text)]
        except re.error:
            # Such as [i-k] with l for i: the pattern's other readings are left.
            if text == pattern.text:
                raise
        else:
            compiled.append((pattern.family, literals(text), parts))

    def search(text: str) -> Iterator[str]:
        return (
            family
            for family, options, parts in compiled
            if _met(options, text) and _found(parts, text)
        )

    return search


def _first(families: Iterator[str]) -> str | None:
    return next(families, None)


def _has_sign(pattern: Pattern) -> bool:
    """Return whether a pattern asks for a sign, which the words alone do not have."""
    return any(
        (literal := _literal(text)) and times != "?" and _BETWEEN_WORDS[ord(literal)] != literal
        for text, times in _TOKEN.findall(pattern.text)
    )


def _literal(token: str) -> str:
    """Return the character that a token stands for; nothing for groups, classes and anchors."""
    if len(token) == 2 and token[0] == "\\" and token[1] not in _CLASSES:
        return token[1]
    return token if len(token) == 1 and token not in _SPECIAL else ""


def _is_known(pattern: str) -> bool:
    """Return whether `literals` knows all that a pattern has; modules/edge refuses the rest."""
    for text, _ in _TOKEN.findall(pattern):
        escape = text[1:2] if text[0] == "\\" else ""
        if text == "(" or text.startswith("[[:") or (escape.isalnum() and escape not in _CLASSES):
            return False
    try:
        re.compile(pattern)
    except re.error:
        return False
    return "{," not in pattern


def _parts(pattern: str) -> list[str]:
    """Split a pattern at its long gaps, unless one of them stands in a group or an alternative."""
    parts = pattern.split(_FAR)
    for part in parts:
        depth = 0
        for text, _ in _TOKEN.findall(part):
            depth += (text == "(?:") - (text == ")")
            if depth < 0 or (text == "|" and depth == 0):
                return [pattern]
        if depth:
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
    for text, times in tokens:
        literal = _literal(text)
        group = _group(tokens) if text == "(?:" else None
        times = group.times if group else times  # noqa: PLW2901 - those of a group follow it
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
    raise ValueError("a group is not closed")


def _needed(run: frozenset[str]) -> tuple[frozenset[str], ...]:
    """Return a run as a need, less the strings that hold another of it."""
    shortest = frozenset(one for one in run if not any(other in one for other in run - {one}))
    return () if "" in run else (shortest,)


def _met(options: Options, text: str) -> bool:
    """Return whether a text holds all that one of the alternatives needs."""
    return any(
        all(
            any(map(text.__contains__, need)) if isinstance(need, frozenset) else _met(need, text)
            for need in needs
        )
        for needs in options
    )


def _without_spaces(pattern: str) -> str:
    """Return the pattern for text without spaces: gaps of words become gaps of letters."""
    gaps = _GAP.sub(r".{0,\g<1>0}", pattern)
    return gaps.replace(r"\b", "").replace(" ?", "").replace(" ", "")


def _compressed(text: str) -> str:
    return " ".join(text.split())


def _unescaped(text: str) -> str:
    """Undo percent, HTML and JSON or JavaScript escapes."""
    for _ in range(MAX_ROUNDS):
        before = text
        if "\\" in text or "%u" in text:
            text = _CODE_ESCAPE.sub(lambda code: _char(code[1] or code[2] or code[3]), text)
            text = _SURROGATE_PAIR.sub(_joined, text)
        if "%" in text:
            text = unquote(text)
        if "&" in text:
            text = html.unescape(text)
        if text == before:
            break
    return text


def _char(digits: str) -> str:
    code = int(digits, 16)
    return chr(code) if code <= 0x10FFFF else ""


def _joined(pair: re.Match[str]) -> str:
    return pair[0].encode("utf-16", "surrogatepass").decode("utf-16")


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text))


def _words(reading: str) -> str:
    """Return the words alone: tags, list numbers and all that stands between words are spaces.

    The end of a sentence stays, since the gaps of the patterns end there.
    """
    if "<" in reading:
        reading = _TAG.sub(" ", reading)
    if "1. " in reading or "1) " in reading:
        reading = _LIST_NUMBER.sub(" ", reading)
    words = _compressed(reading.translate(_BETWEEN_WORDS))
    return _compressed(_WITHIN.sub(" ", words.replace("' ", " ").replace(" '", " ")))


def _long_words(words: str) -> list[str]:
    """Return words that may be several without spaces; all in one, where most of a text is such."""
    parts = words.split()
    letters = "".join(parts)
    if len(letters) > _LONG_WORD * len(parts):
        return [letters]
    return [word for word in parts if len(word) >= _LONG_WORD]


def _decoded(text: str) -> str:
    """Return, a line each, what reads as text when taken for Base64 or hexadecimal.

    Base64 may stand in a sentence, in pieces, and with a stray character before or after it.
    """
    words = text.split()
    runs = dict.fromkeys(run for word in words if len(word) >= 16 for run in _BASE64.findall(word))
    if len(_MIXED.findall(text)) > _PROSE_MIXES:
        runs["".join(_pieces(text))] = None
    if _BASE64.fullmatch(lines := "".join(words).rstrip("=")):
        runs[lines] = None
    contents: list[bytes] = []
    for run in runs:
        contents += from_base64(run)
    contents += (
        binascii.unhexlify(re.sub(r"[\s,;:-]", "", run[0]))
        for run in _HEXADECIMAL.finditer(text.replace("0x", ""))
    )
    return "\n".join(filter(None, map(_readable, contents)))


def from_base64(run: str) -> Iterator[bytes]:
    """Yield what a run of Base64 may hold, with up to three stray characters before it."""
    digits = run.replace("-", "+").replace("_", "/")
    for start in range(4):
        whole = digits[start : len(digits) - ((len(digits) - start) % 4 == 1)]
        yield base64.b64decode(whole + "==")


def _pieces(text: str) -> Iterator[str]:
    """Yield what may be pieces of Base64: mixed words, and others of the length that most have."""
    words = _BASE64_PIECE.findall(text)
    lengths = [len(word) for word in words if _is_mixed(word)]
    usual = max(lengths, key=lengths.count, default=0)
    for word in words:
        if _is_mixed(word) or (len(word) == usual and lengths.count(usual) > _PROSE_MIXES):
            yield word


def _is_mixed(word: str) -> bool:
    """Tell a piece of Base64 from a word or a number."""
    if word.isalpha():
        return not (word.islower() or word.isupper() or word.istitle())
    return not word.isdigit()


def _readable(content: bytes) -> str:
    """Return the text of decoded bytes, less what is no UTF-8; nothing if most is not readable."""
    text = content.decode(errors="ignore")
    readable = sum(char.isprintable() or char.isspace() for char in text)
    return (
        text
        if len(content) >= 8 and readable >= 0.8 * len(content.decode(errors="replace"))
        else ""
    )


class _BetweenWords(dict[int, str | int]):
    """A space for each character between words, apostrophes apart; ! and ? end as dots do."""

    def __init__(self) -> None:
        super().__init__(
            {ord("_"): " ", ord("'"): "'", ord("."): ".", ord("!"): ".", ord("?"): "."}
        )

    def __missing__(self, code: int) -> str:
        char = chr(code)
        seen = char if char.isalnum() else " "
        if len(self) < 8192:
            self[code] = seen
        return seen


_BETWEEN_WORDS = _BetweenWords()


class _Visible(dict[int, str]):
    """What the eye sees of each code point: no look-alikes, no marks, nothing invisible."""

    def __init__(self) -> None:
        super().__init__()
        self._look_alikes = {char: plain for plain, chars in LOOK_ALIKES.items() for char in chars}

    def __missing__(self, code: int) -> str:
        # Tag characters mirror ASCII and are not shown; a model reads them all the same.
        char = chr(code - 0xE0000) if 0xE0020 <= code <= 0xE007E else chr(code)
        parts = unicodedata.normalize("NFKD", char)
        # A few ligatures are whole sentences: 2,000 of one would be 36,000 characters to search.
        seen = "".join(map(self._seen, parts)) if 1 < len(parts) <= 4 else self._seen(parts[:1])
        if len(self) < 8192:  # more than any language needs, and a hostile caller gets no more
            self[code] = seen
        return seen

    def _seen(self, char: str) -> str:
        if char.isspace():
            return " "
        # Hangul fillers are letters to Unicode and nothing to the eye.
        if (
            unicodedata.category(char) in {"Cc", "Cf", "Cs", "Me", "Mn"}
            or char in "\u115f\u1160\u3164\uffa0"
        ):
            return ""
        return self._look_alikes.get(char, char)


_VISIBLE = _Visible()
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0100-\U000e01ef]"
)
