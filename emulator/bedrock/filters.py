"""What an applied guardrail thinks of a text.

Words and custom regexes are exact. Topics, content filters and personal data are models in AWS and
phrase lists here: they know the plain cases, and no paraphrase.
"""

import functools
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from emulator.bedrock import personal_data
from emulator.bedrock.content_phrases import confidence_of
from emulator.wire.documents import Document, JsonObject

Source = Literal["INPUT", "OUTPUT"]

_STRENGTHS = ("NONE", "LOW", "MEDIUM", "HIGH")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]")
_UNIT_CHARACTERS = 1000


@dataclass(frozen=True)
class Assessment:
    """The verdict on one text: `text` is what goes on, masked where the policy says so."""

    text: str
    blocked: bool
    masked: bool
    policies: Document
    usage: Mapping[str, int]

    @property
    def intervened(self) -> bool:
        """Return whether the text may not go on as it came."""
        return self.blocked or self.masked


@dataclass
class _Findings:
    blocked: bool = False
    masks: list[tuple[int, int, str]] = field(default_factory=list)

    def act(self, action: str, **found: str) -> JsonObject:
        """Note what was found, and return it as an assessment lists it."""
        if action == "BLOCK":
            self.blocked = True
        shown = {"BLOCK": "BLOCKED", "ANONYMIZE": "ANONYMIZED"}.get(action, "NONE")
        return {**found, "action": shown, "detected": True}


def assess(guardrail: Document, text: str, source: Source) -> Assessment:
    """Judge a prompt or an answer by a guardrail, as GetGuardrail describes it."""
    findings = _Findings()
    plain = _plain(text)
    policies: JsonObject = {}
    topics = _topics(guardrail.get("topicPolicy") or {}, plain, source, findings)
    if topics:
        policies["topicPolicy"] = {"topics": topics}
    filters = _content(guardrail.get("contentPolicy") or {}, plain, source, findings)
    if filters:
        policies["contentPolicy"] = {"filters": filters}
    words = _words(guardrail.get("wordPolicy") or {}, text, source, findings)
    if words:
        policies["wordPolicy"] = {"customWords": [], "managedWordLists": []} | words
    sensitive = _sensitive(
        guardrail.get("sensitiveInformationPolicy") or {}, text, source, findings
    )
    if sensitive:
        policies["sensitiveInformationPolicy"] = {"piiEntities": [], "regexes": []} | sensitive
    masked = _mask(text, findings.masks)
    return Assessment(
        text=masked,
        blocked=findings.blocked,
        masked=masked != text,
        policies=policies,
        usage=_usage(guardrail, text),
    )


def _usage(guardrail: Document, text: str) -> dict[str, int]:
    units = math.ceil(len(text) / _UNIT_CHARACTERS)
    sensitive = guardrail.get("sensitiveInformationPolicy") or {}

    def spent(configured: object) -> int:
        return units if configured else 0

    return {
        "topicPolicyUnits": spent(guardrail.get("topicPolicy")),
        "contentPolicyUnits": spent(guardrail.get("contentPolicy")),
        "wordPolicyUnits": spent(guardrail.get("wordPolicy")),
        "sensitiveInformationPolicyUnits": spent(sensitive.get("piiEntities")),
        "sensitiveInformationPolicyFreeUnits": spent(sensitive.get("regexes")),
        "contextualGroundingPolicyUnits": 0,
    }


def _action(rule: Document, source: Source, default: str) -> str | None:
    """Return what a rule does on this side, None when it is switched off there."""
    side = source.lower()
    if rule.get(f"{side}Enabled") is False:
        return None
    action: str = rule.get(f"{side}Action") or default
    return action


def _plain(text: str) -> str:
    """Fold what a reader would not see as a difference: case, width, invisible marks, spacing."""
    folded = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).casefold()
    return " ".join(folded.replace("\u2019", "'").split())


# Words


def _words(policy: Document, text: str, source: Source, findings: _Findings) -> JsonObject:
    found: JsonObject = {}
    custom = []
    for rule in policy.get("words") or []:
        action = _action(rule, source, "BLOCK")
        if action and (match := _whole_word(rule["text"]).search(text)):
            custom.append(findings.act(action, match=match[0]))
    if custom:
        found["customWords"] = custom
    managed = []
    for rule in policy.get("managedWordLists") or []:
        action = _action(rule, source, "BLOCK")
        if action and rule["type"] == "PROFANITY":
            managed += [
                findings.act(action, match=match[0], type="PROFANITY")
                for match in _PROFANITY.finditer(text)
            ]
    if managed:
        found["managedWordLists"] = managed
    return found


@functools.lru_cache(maxsize=20_000)
def _whole_word(phrase: str) -> re.Pattern[str]:
    parts = r"\s+".join(re.escape(part) for part in phrase.split())
    return re.compile(rf"(?<!\w){parts}(?!\w)", re.IGNORECASE)


_PROFANITY = re.compile(
    r"\b(?:arse(?:hole)?s?|ass(?:hole)?s?|bastards?|bitch(?:es)?|bollocks|bullshit|crap|damn(?:ed)?"
    r"|dickheads?|fuck(?:ed|er|ers|ing|s)?|goddamn|motherfuckers?|piss(?:ed)? off|pricks?"
    r"|shit(?:s|ty)?|sluts?|twats?|wankers?|whores?)\b",
    re.IGNORECASE,
)


# Topics

_COMMON = """
a about ai all also an and any are as at be because been but by can cannot could did do does for
from get give had has have help how i if in into is it its just like make may me more most my
need no not of on one or other our over please should so some such tell than that the their them
then there these they this those to up us want was we were what when where which who why will
with would you your yours
"""
_NOT_TOPICAL = frozenset(_COMMON.split())
_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_ENOUGH_OF_AN_EXAMPLE = 0.75


@dataclass(frozen=True)
class _Topic:
    names: tuple[re.Pattern[str], ...]
    examples: tuple[frozenset[str], ...]


def _topics(policy: Document, plain: str, source: Source, findings: _Findings) -> list[JsonObject]:
    found = []
    for rule in policy.get("topics") or []:
        action = _action(rule, source, "BLOCK")
        topic = _topic(rule["name"], rule["definition"], tuple(rule.get("examples") or ()))
        if action and _speaks_of(topic, plain):
            found.append(findings.act(action, name=rule["name"], type="DENY"))
    return found


@functools.lru_cache(maxsize=200)
def _topic(name: str, definition: str, examples: tuple[str, ...]) -> _Topic:
    """Derive what gives a topic away: the names in its text, and the words of its examples."""
    names = {
        word
        for sentence in (definition, *examples)
        for word in _TOKEN.findall(sentence)[1:]
        if word[0].isupper() and not word.isupper() and _stem(word) not in _NOT_TOPICAL
    }
    telling = [_telling_words(text) for text in (name, definition, *examples)]
    return _Topic(
        names=tuple(_whole_word(word) for word in sorted(names)),
        examples=tuple(words for words in telling if len(words) >= 2),
    )


def _speaks_of(topic: _Topic, plain: str) -> bool:
    if any(name.search(plain) for name in topic.names):
        return True
    words = _telling_words(plain)
    return any(
        len(example & words) >= max(2, math.ceil(len(example) * _ENOUGH_OF_AN_EXAMPLE))
        for example in topic.examples
    )


def _telling_words(text: str) -> frozenset[str]:
    stems = (_stem(word) for word in _TOKEN.findall(_plain(text)))
    return frozenset(stem for stem in stems if stem not in _NOT_TOPICAL)


def _stem(word: str) -> str:
    lower = word.casefold().removesuffix("'s")
    return lower[:-1] if len(lower) > 3 and lower.endswith("s") and lower[-2] != "s" else lower


# Content filters


def _content(policy: Document, plain: str, source: Source, findings: _Findings) -> list[JsonObject]:
    found = []
    for rule in policy.get("filters") or []:
        kind = rule["type"]
        strength = rule["inputStrength" if source == "INPUT" else "outputStrength"]
        action = _action(rule, source, "BLOCK")
        confidence = confidence_of(kind, plain)
        # A filter of high strength acts on low confidence too, one of low strength on high only.
        acts = _STRENGTHS.index(strength) + _STRENGTHS.index(confidence) >= len(_STRENGTHS)
        if action and confidence != "NONE" and acts:
            found.append(
                findings.act(action, type=kind, confidence=confidence, filterStrength=strength)
            )
    return found


# Personal data


def _sensitive(policy: Document, text: str, source: Source, findings: _Findings) -> JsonObject:
    found: JsonObject = {}
    entities = []
    for rule in policy.get("piiEntities") or []:
        action = _action(rule, source, rule["action"])
        for start, end in personal_data.entities(rule["type"], text) if action else ():
            if action == "ANONYMIZE":
                findings.masks.append((start, end, rule["type"]))
            entities.append(
                findings.act(action or "NONE", match=text[start:end], type=rule["type"])
            )
    if entities:
        found["piiEntities"] = entities
    regexes = []
    for rule in policy.get("regexes") or []:
        action = _action(rule, source, rule["action"])
        for match in _regex(rule["pattern"]).finditer(text) if action else ():
            if action == "ANONYMIZE":
                findings.masks.append((*match.span(), rule["name"]))
            shown = {"name": rule["name"], "match": match[0], "regex": rule["pattern"]}
            regexes.append(findings.act(action or "NONE", **shown))
    if regexes:
        found["regexes"] = regexes
    return found


@functools.lru_cache(maxsize=300)
def _regex(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _mask(text: str, masks: Iterable[tuple[int, int, str]]) -> str:
    """Put `{TYPE}` where each mask says; of overlapping ones the longer stands."""
    taken: list[tuple[int, int, str]] = []
    for mask in sorted(masks, key=lambda mask: mask[0] - mask[1]):
        if all(mask[1] <= start or mask[0] >= end for start, end, _ in taken):
            taken.append(mask)
    for start, end, kind in sorted(taken, reverse=True):
        text = f"{text[:start]}{{{kind}}}{text[end:]}"
    return text
