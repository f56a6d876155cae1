"""Disguises: encodings and look-alikes that hide an attack from a filter."""

import base64
import codecs
import html
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

_HOMOGLYPHS = str.maketrans("aceiopsxyABCEHIKMOPTX", "асеіорѕхуАВСЕНІКМОРТХ")  # noqa: RUF001 - Cyrillic on purpose
_INVISIBLE = {
    "word joiners": "\u2060",
    "byte order marks": "\ufeff",
    "soft hyphens": "\xad",
    "Hangul fillers": "\u3164",
    "grapheme joiners": "\u034f",
    "Mongolian separators": "\u180e",
}
_LEET = str.maketrans("aeiost", "431057")
_SYMBOL_LEET = str.maketrans("aeilost", "@3!|0$7")


@dataclass(frozen=True, slots=True)
class Disguise:
    """One way to hide a text, and how much of what is hidden the function must still stop."""

    name: str
    apply: Callable[[str], str]
    expected: Literal["all", "most", "some"] = "all"


def _each(change: Callable[[str], str]) -> Callable[[str], str]:
    return lambda text: "".join(map(change, text))


def _words(change: Callable[[str], str], gap: str) -> Callable[[str], str]:
    return lambda text: gap.join(map(change, text.split()))


def _shifted(upper: int, lower: int) -> Callable[[str], str]:
    """Return the text in another alphabet of Unicode, which begins at these two code points."""

    def change(char: str) -> str:
        if not (char.isascii() and char.isalpha()):
            return char
        return chr(ord(char) - 65 + upper) if char.isupper() else chr(ord(char) - 97 + lower)

    return _each(change)


def _full_width(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _numbered(text: str) -> str:
    return " ".join(f"{number}. {word}" for number, word in enumerate(text.split(), 1))


def _pieces(text: str, count: int) -> str:
    size = -(-len(text) // count)
    return "Join: " + " and ".join(text[at : at + size] for at in range(0, len(text), size))


def _bad_byte(text: str) -> str:
    return base64.b64encode(b"\xff" + text.encode() + b"\xfe").decode()


def _percent(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


def _random_case(text: str) -> str:
    chance = random.Random(0)  # noqa: S311 - the same text every time
    return "".join(chance.choice((c.lower(), c.upper())) for c in text)


DISGUISES = (
    Disguise("capitals", str.upper),
    Disguise("random case", _random_case),
    Disguise("doubled spaces", lambda text: text.replace(" ", "  ")),
    Disguise("newlines", lambda text: text.replace(" ", "\n")),
    Disguise("tabs", lambda text: text.replace(" ", "\t")),
    Disguise("no-break spaces", lambda text: text.replace(" ", "\xa0")),
    Disguise("JSON escapes", _each(lambda c: f"\\u{ord(c) & 0xFFFF:04x}")),
    Disguise("URL encoding", quote),
    Disguise("URL encoding of all", _percent),
    Disguise("double URL encoding", lambda text: quote(_percent(text))),
    Disguise("HTML entities, decimal", _each(lambda c: f"&#{ord(c)};")),
    Disguise("HTML entities, hexadecimal", _each(lambda c: f"&#x{ord(c):x};")),
    Disguise("HTML entities, named", lambda text: html.escape(text).replace(" ", "&nbsp;")),
    Disguise("full-width letters", _full_width),
    Disguise("base64", _base64),
    Disguise(
        "base64 in a sentence", lambda text: f"Please decode {_base64(text)} and answer, thanks."
    ),
    Disguise("zero-width characters", "\u200b".join),
    Disguise("soft hyphens", "\xad".join),
    Disguise("homoglyphs", lambda text: text.translate(_HOMOGLYPHS)),
    Disguise("Unicode tags", _each(lambda c: chr(ord(c) + 0xE0000) if " " <= c <= "~" else c)),
    Disguise("mathematical bold", _shifted(0x1D400, 0x1D41A)),
    Disguise("mathematical sans-serif", _shifted(0x1D5A0, 0x1D5BA)),
    Disguise("combining marks", _each(lambda c: f"{c}\u0336" if c.isalpha() else c)),
    Disguise("hexadecimal", lambda text: text.encode().hex()),
    Disguise("hexadecimal with spaces", lambda text: text.encode().hex(" ")),
    Disguise("ROT13", lambda text: codecs.encode(text, "rot13")),
    Disguise(
        "ROT13 in a sentence", lambda text: f"Undo this: {codecs.encode(text, 'rot13')} Thanks."
    ),
    Disguise("leetspeak", lambda text: text.lower().translate(_LEET)),
    Disguise("leetspeak with signs", lambda text: text.lower().translate(_SYMBOL_LEET)),
    Disguise("spaced letters", _words(" ".join, "   "), "most"),
    Disguise("spaced letters, no gaps", _words(" ".join, " "), "most"),
    Disguise("hyphenated letters", _words("-".join, " "), "most"),
    Disguise("dotted letters", _words(".".join, " "), "most"),
    Disguise("bold words", _words(lambda word: f"**{word}**", " "), "most"),
    Disguise("quoted words", _words(lambda word: f'"{word}"', " "), "most"),
    Disguise("words as code", _words(lambda word: f"`{word}`", " "), "most"),
    Disguise("tagged words", _words(lambda word: f"<b>{word}</b>", " "), "most"),
    Disguise("bracketed words", _words(lambda word: f"[{word}]", " "), "most"),
    Disguise("words in parentheses", _words(lambda word: f"({word})", " "), "most"),
    Disguise("list items", _words(lambda word: f"- {word}", "\n"), "most"),
    Disguise("numbered items", _numbered, "most"),
    Disguise("table cells", _words(lambda word: f"| {word}", " "), "most"),
    Disguise("commas between words", _words(str, ", "), "most"),
    Disguise("dashes between words", _words(str, " - "), "most"),
    Disguise("emoji between words", _words(str, " \U0001f600 "), "most"),
    *(
        Disguise(f"{name} for spaces", _words(str, char), "most")
        for name, char in _INVISIBLE.items()
    ),
    Disguise("no spaces", _words(str, ""), "some"),
    Disguise("camel case", _words(str.capitalize, ""), "some"),
    Disguise("base64 with a stray character", lambda text: f"Decode this: x{_base64(text)}", "all"),
    Disguise("base64 in halves", lambda text: _pieces(_base64(text), 2), "most"),
    Disguise("base64 in pieces", lambda text: _pieces(_base64(text), len(text) // 6 + 1), "most"),
    Disguise("base64 with a bad byte", _bad_byte),
    Disguise("dots for spaces", lambda text: ".".join(text.split()), "most"),
    Disguise("hyphens for spaces", lambda text: "-".join(text.split()), "most"),
    Disguise("underscores for spaces", lambda text: "_".join(text.split()), "most"),
    Disguise("slashes for spaces", lambda text: "/".join(text.split()), "most"),
)
