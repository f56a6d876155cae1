"""Look for known attacks on the model in a message, with disguises undone first.

The patterns are those of AWS WAF's rule: a file that modules/edge owns and the zip carries beside
this module. A message has several readings (as written, decoded, without look-alike letters, …)
and each is matched on its own, as AWS WAF matches at the end of each chain of transformations.
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
from re import _constants as ops  # type: ignore[attr-defined]  # _required says why
from re import _parser as parser  # type: ignore[attr-defined]  # _required says why
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from chatbot._confusables import LOOK_ALIKES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

PATTERNS_FILE = "prompt-injection-patterns.txt"

MAX_ROUNDS = 3
"""Escapes within escapes that are undone, such as `%252569`."""

MAX_DEPTH = 2
"""Encodings within encodings that are undone, such as Base64 of hexadecimal."""

_FAMILY = re.compile(r"# family: (\w+)")
_CODE_ESCAPE = re.compile(
    r"\\u\{([0-9a-fA-F]{1,6})\}|(?:\\u|%u)([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})"
)
_SURROGATE_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
# Those that begin with what is rare in prose do so for speed.
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}")
_BASE64_IN_LINES = re.compile(r"\s*[A-Za-z0-9+/_-]+(?:\s+[A-Za-z0-9+/_-]+)+[=\s]*")
_HEXADECIMAL = re.compile(  # with or without a separator after each byte
    r"[0-7](?<![0-9a-fA-F].)[0-9a-fA-F]"
    r"(?:(?:[0-9a-fA-F]{2}){7,}|(?:[\s,;:-]{1,2}[0-9a-fA-F]{2}){7,})"
)
_JOINT = re.compile(r"[^\w\s'](?<=\w.)[^\w\s']*(?=\w)")
_TWO_JOINTS = re.compile(r"[^\w\s'](?<=\w.)[^\w\s']*\w+[^\w\s']+(?=\w)")
_SPACED_LETTERS = re.compile(r"(\W)(\w\W{1,3}\w\W{1,3}\w(?:\W{1,3}\w(?!\w))+)")
_LEET_SIGN = re.compile(r"[013-9@$|+](?:(?<=[a-z].)|(?=[a-z]))|!(?=[a-z])")
# 1 stands for i and for l, and capital I looks like l: where letters are replaced, all are l.
_LEET = str.maketrans("013456789@$!|+i", "oleasgtbgaslltl")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression for lower-case text with single spaces, and whose phrases it catches."""

    family: str
    text: str


class Screen:
    """Patterns, and the first that matches any reading of a message names its family."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self._plain = _matcher(patterns, lambda text: text)
        self._leet = _matcher(patterns, lambda text: text.translate({ord("i"): "l"}))
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

    def screen(self, text: str) -> str | None:
        """Return the family of the first pattern that matches, or None."""
        return self._screen(text, MAX_DEPTH)

    def _screen(self, text: str, depth: int) -> str | None:
        written = _compressed(text.lower())
        if family := self._plain(written):
            return family
        visible = _unescaped(text).translate(_VISIBLE)
        reading = _compressed(visible.lower())
        if reading != written and (family := self._plain(reading)):
            return family
        if family := self._plain(codecs.encode(reading, "rot13")):
            return family
        parted = reading.replace("_", "-")
        if _TWO_JOINTS.search(parted):
            for instead in (" ", ""):
                if family := self._plain(_JOINT.sub(instead, parted)):
                    return family
        if _LEET_SIGN.search(reading) and (family := self._leet(reading.translate(_LEET))):
            return family
        if runs := [_letters(run[2]) for run in _SPACED_LETTERS.finditer(f" {parted}")]:
            joined = _SPACED_LETTERS.sub(lambda run: run[1] + _letters(run[2]), f" {parted}")
            if family := self._plain(joined) or next(filter(None, map(self._squeezed, runs)), None):
                return family
        for decoded in _decoded(visible) if depth else ():
            if family := self._screen(decoded, depth - 1):
                return family
        return None


def _matcher(
    patterns: Sequence[Pattern], rewritten: Callable[[str], str]
) -> Callable[[str], str | None]:
    """Return a search for the rewritten patterns, which names the family of the first match."""
    texts = [(pattern.family, rewritten(pattern.text)) for pattern in patterns]
    compiled = [(family, _needs(parser.parse(text)), re.compile(text)) for family, text in texts]

    def search(text: str) -> str | None:
        for family, needs, regex in compiled:
            if _met(needs, text) and regex.search(text):
                return family
        return None

    return search


class _Needs(NamedTuple):
    """Words that a text must hold to match: one of them, or all of them and of the groups."""

    one: bool
    words: tuple[str, ...]
    groups: tuple[_Needs, ...]


def _needs(tree: Any) -> _Needs:
    """Return the words without which a parsed pattern cannot match.

    Python's engine tries a pattern at every position, so looking for the words first is several
    times faster. The parser of the standard library has no public name, but it knows them exactly.
    """
    words: list[str] = []
    groups: list[_Needs] = []
    run = ""
    for op, argument in [*tree, (None, None)]:
        if op is ops.LITERAL:
            run += chr(argument)
            continue
        if len(run) > 2 or not (run.isalnum() or run.isspace() or not run):
            words.append(run)
        run = ""
        if op is ops.BRANCH:
            options = [_needs(branch) for branch in argument[1]]
            if all(option.words or option.groups for option in options):
                single = [
                    option.words[0] for option in options if option[1:] == (option[1][:1], ())
                ]
                rest = [option for option in options if option[1:] != (option[1][:1], ())]
                groups.append(_Needs(one=True, words=tuple(single), groups=tuple(rest)))
        elif op is ops.SUBPATTERN or (op is ops.MAX_REPEAT and argument[0] > 0):
            inner = _needs(argument[-1])
            words += inner.words
            groups += inner.groups
    return _Needs(one=False, words=tuple(words), groups=tuple(groups))


def _met(needs: _Needs, text: str) -> bool:
    one, words, groups = needs
    for word in words:
        if (word in text) is one:
            return one
    for group in groups:
        if _met(group, text) is one:
            return one
    return not one


def _without_spaces(pattern: str) -> str:
    """Return the pattern for text without spaces: gaps of words become gaps of letters."""
    gaps = re.sub(r"\(\?:\[\^ \.\]\+ \)\{0,(\d)\}", r".{0,\g<1>0}", pattern)
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


def _decoded(text: str) -> Iterator[str]:
    """Decode what may be Base64 or hexadecimal, the whole text or a word of it."""
    runs = [run[0] for run in _BASE64.finditer(text)]
    if _BASE64_IN_LINES.fullmatch(text):
        runs.append("".join(text.split()).rstrip("="))
    for word in runs:
        digits = word.replace("-", "+").replace("_", "/")
        yield from _utf8(base64.b64decode(digits[: len(digits) - (len(digits) % 4 == 1)] + "=="))
    for run in _HEXADECIMAL.finditer(text.replace("0x", "")):
        yield from _utf8(binascii.unhexlify(re.sub(r"[\s,;:-]", "", run[0])))


def _utf8(content: bytes) -> Iterator[str]:
    try:
        yield content.decode()
    except UnicodeDecodeError:
        return  # words that only look encoded


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
        if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Me", "Mn"} or char in "\u115f\u1160":
            return ""
        return self._look_alikes.get(char, char)


_VISIBLE = _Visible()
