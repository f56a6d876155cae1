"""Whether there is anything to see in a text."""

from __future__ import annotations

import unicodedata

# Letters and symbols by category, and blank on every screen: the Hangul fillers, the empty Braille
# pattern and the null notehead (Unicode Character Database: DerivedCoreProperties.txt,
# Default_Ignorable_Code_Point; code charts U+2800 and U+1D100).
BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800\U0001d159")


def visible(text: str) -> bool:
    """Return whether any character shows by itself.

    Controls, formats, unassigned and private ones (C), separators (Z) and marks (M), which need a
    letter to stand on, do not; variation selectors and zero-width characters are among them.
    """
    return any(
        character not in BLANK and unicodedata.category(character)[0] not in "CMZ"
        for character in text
    )
