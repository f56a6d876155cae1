#!/usr/bin/env python3
"""Write lambda/src/chatbot/_confusables.py: which letters of other alphabets look like ASCII.

The source is Unicode's own confusables.txt, as the package confusable-homoglyphs carries it, and
the names that Unicode gives its Latin letters. Nothing at run time needs that package.
"""

# /// script
# requires-python = ">=3.12"
# dependencies = ["confusable-homoglyphs==3.3.1"]
# ///

import argparse
import importlib.util
import json
import re
import sys
import unicodedata
from pathlib import Path

TARGET = Path(__file__).resolve().parent.parent / "lambda/src/chatbot/_confusables.py"

# "LATIN LETTER SMALL CAPITAL K", "LATIN SMALL LETTER OPEN E", "NEGATIVE SQUARED LATIN CAPITAL ..."
LETTER = re.compile(
    r"(?:[A-Z]+ )*LATIN (?:(?:SMALL|CAPITAL) )?LETTER (?:[A-Z]+ )*([A-Z])(?: WITH .*)?"
    r"|REGIONAL INDICATOR SYMBOL LETTER ([A-Z])"
)
LETTER_I = re.compile(r"\b(?:I|IOTA)\b")
QUOTATION_MARK = re.compile(r".*\b(SINGLE|DOUBLE)\b.* QUOTATION MARK")


def by_name(char: str) -> str | None:
    """Return the ASCII character that the Unicode name spells out."""
    name = unicodedata.name(char, "") if len(char) == 1 else ""
    if letter := LETTER.fullmatch(name):
        return (letter[1] or letter[2]).lower()
    if mark := QUOTATION_MARK.fullmatch(name):
        return "'" if mark[1] == "SINGLE" else '"'
    return None


def confusables(homoglyphs: dict[str, list[dict[str, str]]]) -> dict[str, str]:
    """Map each character outside ASCII to the ASCII letter or digit that it looks like."""

    def plain(char: str) -> list[str]:
        looks = [_bare(entry["c"]) for entry in homoglyphs.get(char, [])]
        letters = [look for look in looks if len(look) == 1 and look.isascii() and look.isalnum()]
        return sorted(letters, key=str.isdigit)

    replacements = {}
    for char in map(chr, range(0x80, sys.maxunicode + 1)):
        if unicodedata.normalize("NFKD", char).isascii():
            continue  # normalisation sees to it
        # к looks like K only as a capital, and τ like ᴛ, whose name gives the letter.
        other_case = plain(char.swapcase()) if len(char.swapcase()) == 1 else []
        named = [by_name(entry["c"]) or "" for entry in homoglyphs.get(char, [])]
        target = by_name(char) or next(filter(None, [*plain(char), *other_case, *named]), None)
        if target:
            # Unicode takes a capital I for an l.
            is_i = target in {"l", "1"} and LETTER_I.search(unicodedata.name(char, ""))
            replacements[char] = "i" if is_i else target.lower()
    return replacements


def _bare(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def module(table: dict[str, str]) -> str:
    """Return the generated file: one line of look-alikes or more for each ASCII character."""
    lines = [
        '"""Characters that look like ASCII. Made by scripts/build_confusables.py; do not edit."""',
        "",
        "LOOK_ALIKES = {",
    ]
    for target in sorted(set(table.values())):
        rows = [""]
        for char in (char for char in table if table[char] == target):
            if len(rows[-1]) + len(ascii(char)) > 88:
                rows.append("")
            rows[-1] += ascii(char)[1:-1]
        key = json.dumps(target) if target != '"' else repr(target)
        if len(rows) == 1:
            lines.append(f'    {key}: "{rows[0]}",')
        else:
            lines += [f"    {key}: (", *(f'        "{row}"' for row in rows), "    ),"]
    return "\n".join([*lines, "}", ""])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail if the file is not up to date")
    arguments = parser.parse_args()
    package = importlib.util.find_spec("confusable_homoglyphs")
    if package is None or package.origin is None:
        print("confusable-homoglyphs is missing: pip install confusable-homoglyphs==3.3.1")
        return 1
    data = json.loads((Path(package.origin).parent / "confusables.json").read_text("utf-8"))
    made = module(confusables(data))
    if arguments.check:
        return int(TARGET.read_text("utf-8") != made)
    TARGET.write_text(made, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
