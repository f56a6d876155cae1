"""Undo disguises: what a message says once escapes, look-alikes and formatting are gone."""

from __future__ import annotations

import base64
import binascii
import codecs
import html
import re
import unicodedata
from typing import TYPE_CHECKING
from urllib.parse import unquote

from chatbot._confusables import LOOK_ALIKES

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_ROUNDS = 3
"""Escapes within escapes that are undone, such as `%252569`."""

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
_LIST_NUMBER = re.compile(r"(?<!\w)\d{1,3}[.)] ")
_WITHIN = re.compile(r"\.(?! |$)")
_JOINT = re.compile(r"[^\w\s'](?<=\w.)[^\w\s']*(?=\w)")
_TWO_JOINTS = re.compile(r"[^\w\s'](?<=\w.)[^\w\s']*\w+[^\w\s']+(?=\w)")
_LONG_WORD = 16
# What a word of prose seldom has and Base64 has everywhere.
_MIXED = re.compile(r"[a-z0-9][A-Z]")
_PROSE_MIXES = 2
_SPACED_LETTERS = re.compile(r"(\W)(\w\W{1,3}\w\W{1,3}\w(?:\W{1,3}\w(?!\w))+)")
_LEET_SIGN = re.compile(r"[013-9@$|+](?:(?<=[a-z].)|(?=[a-z]))|!(?=[a-z])")
_LEET_SHARE = 25
# 1 stands for i and for l, and capital I looks like l: where letters are replaced, all are l.
_LEET = str.maketrans("013456789@$!|+i", "oleasgtbgaslltl")


def seen(text: str) -> tuple[list[str], str]:
    """Return a text as written and as it looks, and what of it may hide Base64 or hexadecimal.

    The first are in lower case with single spaces, and each comes once.
    """
    unescaped = _unescaped(text)
    visible = unescaped.translate(_VISIBLE)
    spaced = _INVISIBLE.sub(" ", unescaped).translate(_VISIBLE)
    return list(dict.fromkeys(compressed(one.lower()) for one in (text, visible, spaced))), visible


def rejoined(reading: str) -> tuple[list[str], str]:
    """Return a reading out of ROT13 and with parted words in one, and its spaced letters alone."""
    texts = [codecs.encode(reading, "rot13")]
    parted = reading.replace("_", "-")
    if _TWO_JOINTS.search(parted):
        texts.append(_JOINT.sub("", parted))
    spaced = [_letters(run[2]) for run in _SPACED_LETTERS.finditer(f" {parted}")]
    if spaced:
        texts.append(_SPACED_LETTERS.sub(lambda run: run[1] + _letters(run[2]), f" {parted}"))
    return texts, "".join(spaced)


def unleet(reading: str) -> tuple[str, bool]:
    """Return a reading with letters for its signs, and whether it is full of them.

    The first is empty where it has none.
    """
    signs = len(_LEET_SIGN.findall(reading))
    return (reading.translate(_LEET) if signs else "", signs * _LEET_SHARE > len(reading))


def compressed(text: str) -> str:
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
    try:
        return chr(int(digits, 16))
    except ValueError:  # beyond Unicode
        return ""


def _joined(pair: re.Match[str]) -> str:
    return pair[0].encode("utf-16", "surrogatepass").decode("utf-16")


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text))


def words(reading: str) -> str:
    """Return the words alone: tags, list numbers and all that stands between words are spaces.

    The end of a sentence stays, since the gaps of the patterns end there.
    """
    if "<" in reading:
        reading = _TAG.sub(" ", reading)
    if "1. " in reading or "1) " in reading:
        reading = _LIST_NUMBER.sub(" ", reading)
    plain = compressed(reading.translate(BETWEEN_WORDS))
    return compressed(_WITHIN.sub(" ", plain.replace("' ", " ").replace(" '", " ")))


def long_words(words: str) -> list[str]:
    """Return words that may be several without spaces; all in one, where most of a text is such."""
    parts = words.split()
    letters = "".join(parts)
    if len(letters) > _LONG_WORD * len(parts):
        return [letters]
    return [word for word in parts if len(word) >= _LONG_WORD]


def decoded(text: str) -> str:
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
    usual = max(lengths, key=lengths.count, default=None)
    for word in words:
        if _is_mixed(word) or (len(word) == usual and lengths.count(usual) > _PROSE_MIXES):
            yield word


def _is_mixed(word: str) -> bool:
    """Tell a piece of Base64 from a word or a number."""
    if word.isalpha():
        return not (word.islower() or word.isupper() or word.istitle())
    return not word.isdigit()


def _readable(content: bytes) -> str:
    """Return the text of decoded bytes, less what is no UTF-8; nothing if most is not readable.

    Of UTF-16, which has a zero beside each letter, the letters are left.
    """
    content = content.replace(b"\0", b"")
    text = content.decode(errors="ignore")
    readable = sum(char.isprintable() or char.isspace() for char in text)
    return text if readable >= 0.8 * len(content.decode(errors="replace")) else ""


_LOOKS_LIKE = {char: plain for plain, chars in LOOK_ALIKES.items() for char in chars}
_MOST_KEPT = 8192  # more than any language needs, and a hostile caller gets no more


class _BetweenWords(dict[int, str | int]):
    """A space for each character between words, apostrophes apart; ! and ? end as dots do."""

    def __init__(self) -> None:
        super().__init__(
            {ord("_"): " ", ord("'"): "'", ord("."): ".", ord("!"): ".", ord("?"): "."}
        )

    def __missing__(self, code: int) -> str:
        char = chr(code)
        seen = char if char.isalnum() else " "
        if len(self) < _MOST_KEPT:
            self[code] = seen
        return seen


BETWEEN_WORDS = _BetweenWords()


class _Visible(dict[int, str]):
    """What the eye sees of each code point: no look-alikes, no marks, nothing invisible."""

    def __missing__(self, code: int) -> str:
        # Tag characters mirror ASCII and are not shown; a model reads them all the same.
        char = chr(code & 0x7F) if code >> 7 == 0x1C00 else chr(code)
        parts = unicodedata.normalize("NFKD", char)
        # A few ligatures are whole sentences: 2,000 of one would be 36,000 characters to search.
        seen = "".join(map(_plain, parts[:4]))
        if len(self) < _MOST_KEPT:
            self[code] = seen
        return seen


def _plain(char: str) -> str:
    if char.isspace():
        return " "
    # Hangul fillers are letters to Unicode and nothing to the eye.
    if (
        unicodedata.category(char) in {"Cc", "Cf", "Cs", "Me", "Mn"}
        or char in "\u115f\u1160\u3164\uffa0"
    ):
        return ""
    return _LOOKS_LIKE.get(char, char)


_VISIBLE = _Visible()
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0100-\U000e01ef]"
)
