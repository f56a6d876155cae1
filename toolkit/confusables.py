"""Which letters of other alphabets look like ASCII: the table that the function undoes them by."""

import json
import re
import sys
import unicodedata

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
