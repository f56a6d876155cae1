"""Personal data, by Bedrock's entity types: where it stands in a text.

AWS's detectors are models; these are patterns and lists, which know the plain cases. ADDRESS and
NAME follow what was recorded from AWS: an answer that names Italy, Rome, Japan and Tokyo came back
with `{ADDRESS}` four times (openllmetry's recordings of Converse, 2025).
"""

from __future__ import annotations

import importlib.resources
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


Detector = tuple[re.Pattern[str], Callable[[str], bool] | None]


def entities(kind: str, text: str) -> list[tuple[int, int]]:
    """Return where a text holds personal data of one type, as (start, end).

    Raises KeyError for a type that Bedrock does not have.
    """
    spans = []
    for pattern, check in (_PII[kind], *_LISTED.get(kind, ())):
        for match in pattern.finditer(text):
            group = 1 if pattern.groups else 0
            if check is None or check(match[group]):
                spans.append(match.span(group))
    return spans


def _digits(text: str) -> list[int]:
    return [int(character) for character in text if character.isdigit()]


def _luhn(text: str) -> bool:
    digits = _digits(text)
    doubled = (digit * 2 if index % 2 else digit for index, digit in enumerate(reversed(digits)))
    return any(digits) and sum(digit - 9 if digit > 9 else digit for digit in doubled) % 10 == 0


def _routing_number(text: str) -> bool:
    digits = _digits(text)
    weights: Sequence[int] = (3, 7, 1) * 3
    return sum(a * b for a, b in zip(digits, weights, strict=True)) % 10 == 0


def _nhs_number(text: str) -> bool:
    digits = _digits(text)
    weighted = zip(digits, range(10, 1, -1), strict=False)
    check = 11 - sum(digit * weight for digit, weight in weighted) % 11
    return (0 if check == 11 else check) == digits[9]


def _iban(text: str) -> bool:
    compact = re.sub(r"\s", "", text).upper()
    moved = compact[4:] + compact[:4]
    return int("".join(str(int(character, 36)) for character in moved)) % 97 == 1


def _mixed(text: str) -> bool:
    """Return whether a match is a secret key, not forty letters in a row."""
    return (
        any(character.isupper() for character in text)
        and any(character.islower() for character in text)
        and any(character.isdigit() for character in text)
    )


def _is_phone(text: str) -> bool:
    return 9 <= len(_digits(text)) <= 15


def _octets(text: str) -> bool:
    return all(int(part) < 256 for part in text.split("."))


def _pii(
    pattern: str, check: Callable[[str], bool] | None = None, *, case: bool = False
) -> Detector:
    return re.compile(pattern, 0 if case else re.IGNORECASE), check


# One group, where there is one, is the entity itself; what stands before it is its context.
_IS = r"(?:\s+(?:is|was|number|no\.?|code))*\s*[:=#]?\s*"
_PII: dict[str, Detector] = {
    "ADDRESS": _pii(
        r"\b\d{1,5}[a-z]?\s+(?:[A-Z][\w']*\s+){1,3}"
        r"(?:street|st|avenue|ave|road|rd|lane|ln|drive|dr|boulevard|blvd|court|ct|way|square)\b\.?"
    ),
    "AGE": _pii(r"\b(?:\d{1,3}[ -]years?[ -]old|aged? \d{1,3})\b"),
    "AWS_ACCESS_KEY": _pii(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b", case=True),
    "AWS_SECRET_KEY": _pii(
        r"(?<![A-Za-z0-9/+])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])", _mixed, case=True
    ),
    "CA_HEALTH_NUMBER": _pii(
        rf"\bhealth (?:card|insurance){_IS}(\d{{4}}[ -]?\d{{3}}[ -]?\d{{3}})\b"
    ),
    "CA_SOCIAL_INSURANCE_NUMBER": _pii(r"\b\d{3}[ -]\d{3}[ -]\d{3}\b", _luhn),
    "CREDIT_DEBIT_CARD_CVV": _pii(
        rf"\b(?:cvv2?|cvc2?|security code|card verification){_IS}(\d{{3,4}})\b"
    ),
    "CREDIT_DEBIT_CARD_EXPIRY": _pii(
        rf"\b(?:expir(?:y|es|ation|ing)|valid (?:until|thru|through))(?:\s+(?:date|on|in))*{_IS}"
        r"((?:0?[1-9]|1[0-2])\s?[/-]\s?(?:20)?\d{2})\b"
    ),
    # In one piece or in fours. The form 4-6-5 of American Express is on record as never found
    # (a live test of 2026), and so nobody here may rely on it.
    "CREDIT_DEBIT_CARD_NUMBER": _pii(
        r"(?<![\w-])(?:\d{13,19}|\d{4}(?: \d{4}){2} \d{1,7}|\d{4}(?:-\d{4}){2}-\d{1,7})(?![\w-])",
        _luhn,
    ),
    "DRIVER_ID": _pii(
        rf"\b(?:driver'?s?|driving) li[cs]en[cs]e{_IS}([A-Z]{{0,2}}\d{{5,12}}[A-Z\d]{{0,4}})\b"
    ),
    "EMAIL": _pii(r"(?<![\w.+-])[\w.+%-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}\b"),
    "INTERNATIONAL_BANK_ACCOUNT_NUMBER": _pii(
        r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b", _iban
    ),
    "IP_ADDRESS": _pii(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.]\d)", _octets),
    "LICENSE_PLATE": _pii(
        rf"\b(?:licen[cs]e|number|registration) plate{_IS}([A-Z0-9]{{1,4}}[ -]?[A-Z0-9]{{2,5}})\b"
    ),
    "MAC_ADDRESS": _pii(r"\b[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}\b"),
    "NAME": _pii(
        r"(?i:\bmy (?:full |first |last )?name is|\bthis is|\bi am called|\b(?:mr|mrs|ms|dr)\.?)"
        r"\s+([A-Z][a-z'-]+(?:\s+[A-Z][a-z'-]+){0,2})",
        case=True,
    ),
    "PASSWORD": _pii(r"\b(?:password|passwd|pwd|passphrase)\s*(?:is|was|=|:)\s*(\S{4,})"),
    "PHONE": _pii(
        r"(?<![\w.-])\+?\(?\d{1,4}\)?(?:[ .-]?\(?\d{2,5}\)?){2,5}(?![\w-])", _is_phone
    ),
    "PIN": _pii(r"\bpin(?: code| number)?\s*(?:is|was|=|:)\s*(\d{4,8})\b"),
    "SWIFT_CODE": _pii(
        rf"(?i:\b(?:swift|bic)(?:\W+bic)?{_IS})([A-Z]{{6}}[A-Z0-9]{{2}}(?:[A-Z0-9]{{3}})?)\b",
        case=True,
    ),
    "UK_NATIONAL_HEALTH_SERVICE_NUMBER": _pii(r"\b\d{3}[ -]?\d{3}[ -]?\d{4}\b", _nhs_number),
    "UK_NATIONAL_INSURANCE_NUMBER": _pii(
        r"\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]\b"
    ),
    "UK_UNIQUE_TAXPAYER_REFERENCE_NUMBER": _pii(
        rf"\b(?:utr|unique taxpayer reference){_IS}(\d{{5}} ?\d{{5}})\b"
    ),
    "URL": _pii(r"\b(?:https?://|www\.)[^\s<>\"']+[^\s<>\"'.,;:!?)]"),
    "USERNAME": _pii(r"\b(?:user ?name|login|user id)\s*(?:is|=|:)\s*([\w.@-]{3,})"),
    "US_BANK_ACCOUNT_NUMBER": _pii(rf"\b(?:bank )?account{_IS}(\d{{8,17}})\b"),
    "US_BANK_ROUTING_NUMBER": _pii(rf"\brouting{_IS}(\d{{9}})\b", _routing_number),
    "US_INDIVIDUAL_TAX_IDENTIFICATION_NUMBER": _pii(r"\b9\d{2}-(?:[5-8]\d|9[0-24-9])-\d{4}\b"),
    "US_PASSPORT_NUMBER": _pii(rf"\bpassport{_IS}([A-Z]?\d{{8,9}})\b"),
    "US_SOCIAL_SECURITY_NUMBER": _pii(r"\b(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}\b"),
    "VEHICLE_IDENTIFICATION_NUMBER": _pii(r"\b(?=[A-Z]*\d)[A-HJ-NPR-Z0-9]{17}\b"),
}  # fmt: skip


def _places() -> Iterator[str]:
    """Yield the countries of ISO 3166 and the cities that the time zone database is named after."""
    tables = importlib.resources.files("tzdata") / "zoneinfo"
    for name, column in (("iso3166.tab", 1), ("zone.tab", 2)):
        for line in (tables / name).read_text("utf-8").splitlines():
            if not line.startswith("#"):
                place = line.split("\t")[column].rpartition("/")[2].replace("_", " ")
                yield place.partition(" (")[0]


def _listed(words: Sequence[str], more: str = "") -> Detector:
    longest_first = sorted(set(words), key=lambda word: (-len(word), word))
    # Hundreds of words are tried only where one of their first letters stands.
    first = re.escape("".join(sorted({word[0] for word in words})))
    listed = "|".join(map(re.escape, longest_first))
    return _pii(rf"\b(?=[{first}])(?:{listed}){more}\b", case=True)


_GIVEN_NAMES = """
Aisha Alex Alice Amelia Amy Ana Andrea Andrew Angela Anna Anthony Ashley Barbara Ben Brian
Carlos Carol Charles Charlotte Chris Christopher Claire Claude Daniel David Deborah Dennis
Diana Donna Edward Elena Elizabeth Ella Emily Emma Eric Ethan Eva Fatima Frank Gary George
Grace Hannah Harry Helen Henry Isabella Jack Jacob James Jane Jason Jennifer Jessica Joan
Johannes John Jonathan Jose Joseph Joshua Juan Julia Karen Kate Kevin Kim Larry Laura Lisa Liam
Lucas Lucy Luis Maria Marie Mark Martin Mary Matthew Maya Michael Michelle Mohammed Nancy
Nicole Noah Olivia Omar Pamela Patricia Patrick Paul Peter Priya Rachel Rebecca Richard Robert
Ronald Ruth Ryan Samantha Samuel Sandra Sarah Scott Sofia Sophie Stefan Stephen Steven Susan
Thomas Timothy Tom Victor Walter William Yuki Yusuf Zoe
"""
_LISTED: dict[str, tuple[Detector, ...]] = {
    # The name of a country that people use stands beside the one that ISO has.
    "ADDRESS": (_listed(("UK", "USA", "England", "Scotland", "Wales", *_places())),),
    "NAME": (_listed(_GIVEN_NAMES.split(), r"(?: [A-Z][a-z'-]+)?"),),
}
