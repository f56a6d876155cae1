"""Look for known attacks on the model in a message, with disguises undone first.

The patterns are those of AWS WAF's rule: a file that modules/edge owns and the zip carries beside
this module, or an environment's own. A message has several readings (as written, decoded, without
look-alike letters, …) and each is matched on its own, as AWS WAF matches at the end of each chain
of transformations.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from chatbot import disguises
from chatbot.patterns import FAR, Pattern, has_sign, is_known, matcher, without_spaces

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PATTERNS_FILE = "prompt-injection-patterns.txt"

OWN_FAMILY = "own"

MAX_DEPTH = 2
"""Encodings within encodings that are undone, such as Base64 of hexadecimal."""

_FAMILY = re.compile(r"# family: (\w+)")


class Screen:
    """Patterns, and the first that matches any reading of a message names its family."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self._plain = matcher(patterns, lambda text: text)
        self._signs = matcher([one for one in patterns if has_sign(one)], lambda text: text)
        # "Seat A1" twice is no AI twice: two markers count only in a text full of such signs.
        near = [pattern for pattern in patterns if FAR not in pattern.text]
        self._leet = matcher(patterns, lambda text: text.translate({ord("i"): "l"}))
        self._some_leet = matcher(near, lambda text: text.translate({ord("i"): "l"}))
        self._squeezed = matcher(patterns, without_spaces)

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
            if not is_known(text):
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
        reading = disguises.compressed(text.lower())
        plain = (*self._plain(disguises.words(reading)), *self._signs(reading))
        return "low" if len(plain) == 1 else "high"

    def _screen(self, text: str, depth: int) -> str | None:
        readings, visible = disguises.seen(text)
        for reading in readings:
            if family := self._read(reading):
                return family
        decoded = disguises.decoded(visible) if depth else ""
        return self._screen(decoded, depth - 1) if decoded else None

    def _read(self, reading: str) -> str | None:
        """Match one reading: lower case, single spaces, and what stands between words undone."""
        words = disguises.words(reading)
        if family := _first(self._plain(words)) or _first(self._signs(reading)):
            return family
        texts, spaced = disguises.rejoined(reading)
        for text in texts:
            if family := _first(self._plain(text)):
                return family
        plain, full = disguises.unleet(reading)
        if plain:
            match = self._leet if full else self._some_leet
            if family := _first(match(plain)) or _first(match(disguises.words(plain))):
                return family
        for run in (spaced, *disguises.long_words(words)):
            if family := _first(self._squeezed(run)):
                return family
        return None


def _first(families: Iterator[str]) -> str | None:
    return next(families, None)
