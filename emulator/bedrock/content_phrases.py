"""The phrases by which the content filters know a text, most certain first. AWS has models here."""

import re


def confidence_of(kind: str, plain: str) -> str:
    """Return how certain a content filter is of a text: HIGH, MEDIUM, LOW or NONE."""
    for confidence in ("HIGH", "MEDIUM", "LOW"):
        pattern = _CONTENT.get((kind, confidence))
        if pattern and pattern.search(plain):
            return confidence
    return "NONE"


def _any_of(*patterns: str) -> re.Pattern[str]:
    r"""Compile alternatives; those that begin with \b are tried where words begin or end only.

    Of such a one, alternatives of its own must stand in brackets.
    """
    words = [pattern[2:] for pattern in patterns if pattern.startswith(r"\b")]
    others = [pattern for pattern in patterns if not pattern.startswith(r"\b")]
    if words:
        others.append(rf"\b(?:{'|'.join(f'(?:{pattern})' for pattern in words)})")
    return re.compile("|".join(f"(?:{pattern})" for pattern in others))


_FEW_WORDS = r"(?:\W+\w+){0,4}?\W+"
_DROP = (
    r"\b(?:ignor\w*|disregard\w*|forget|forgo|overrid\w+|bypass\w*|circumvent\w*|neglect|discard"
    r"|skip|drop|violate|break out of)\b"
)


_GUIDANCE = (
    r"(?:instructions?|prompts?|rules?|guidelines?|directives?|guardrails?|safety|safeguards?"
    r"|restrictions?|programming|polic(?:y|ies)|filters?|limitations?|constraints?|orders)\b"
)


_HIDDEN = (
    r"(?:system|hidden|initial|original|secret|internal|developer|previous|above|confidential)"
)


_PEOPLE = r"(?:immigrants|refugees|foreigners|women|men|gays|muslims|jews|christians|blacks|whites)"


_CONTENT: dict[tuple[str, str], re.Pattern[str]] = {
    ("PROMPT_ATTACK", "HIGH"): _any_of(
        _DROP
        + r"(?:\W+\w+){0,4}?\W+(?:all|any|your|the|these|those|previous|prior|above|earlier|its|my)"
        + _FEW_WORDS
        + _GUIDANCE,
        _DROP + r"\W+" + _GUIDANCE + r"(?!\W+for\b)",
        _DROP + r"\W+(?:everything|all|anything)\b" + _FEW_WORDS + r"(?:above|before|said|told)\b",
        r"\b(?:reveal|show|print|repeat|output|display|leak|dump|expose|share|give|tell|quote|recite"
        r"|write out|translate|summari[sz]e|encode|what (?:is|are|was|were))\b"
        + _FEW_WORDS
        + _HIDDEN
        + r"\W+(?:prompts?|instructions?|messages?|rules|configuration|guidelines)\b",
        r"\bsystem prompts?\b",
        r"\bjail ?break(?:ing|s|ed)?\b",
        r"\b(?:dan|god|developer|debug|sudo|admin|unrestricted|evil) mode\b",
        r"\bdo anything now\b",
        r"\b(?:unfiltered|uncensored|amoral|unrestricted|lawless)\b"
        + _FEW_WORDS
        + r"(?:ai|bot|chatbot|assistant|model|character|version)\b",
        r"\b(?:ai|bot|chatbot|assistant|model|character)\b"
        + _FEW_WORDS
        + r"(?:unfiltered|uncensored|amoral|unrestricted)\b",
        r"\b(?:no|without|free (?:of|from)|lacks?|ignores?)\b(?:\W+\w+){0,3}?\W+"
        r"(?:ethics|ethical|morals?|morality|restrictions|censorship|polic(?:y|ies)|filters)\b"
        r"(?:\W+\w+){0,6}?\W+(?:answer|respond|repl|generat|say|act)",
        r"\b(?:act|pretend|behave|respond|roleplay|role-play|answer|imagine)\b(?:\W+\w+){0,8}?\W+"
        r"(?:no|without|not bound by|free (?:of|from))(?:\W+any)?\W+"
        r"(?:rules|restrictions|limits|limitations|filters?|guidelines|ethics|morals|polic(?:y|ies))\b",
        r"\byou are (?:now|no longer)\b(?:\W+\w+){0,4}?\W+(?:dan|bound|restricted|limited|free)\b",
        r"\b(?:never|cannot|can't|must not|don't) refuses?\b",
        r"\bstay in character\b",
        r"\bnew (?:system )?(?:instructions|prompt|rules|task)\s*:",
        r"<\|?(?:im_start|system|endoftext)\|?>|\[/?inst\]|###\s*(?:system|instruction)",
        r"\b(?:ignoriere|vergiss|missachte)\b(?:\W+\w+){0,5}?\W+(?:anweisungen|regeln|vorgaben|aufgaben)",
        r"\b(?:ignora|olvida|omite)\b(?:\W+\w+){0,5}?\W+(?:instrucciones|reglas|órdenes|indicaciones)",
        r"\b(?:ignore[zr]?|oublie[zr]?)\b(?:\W+\w+){0,5}?\W+(?:consignes|règles|instructions)",
    ),
    ("PROMPT_ATTACK", "MEDIUM"): _any_of(
        r"\b(?:pretend|imagine|act|roleplay|role-play)\b(?:\W+\w+){0,3}?\W+(?:you are|as|to be)\b"
        r"(?:\W+\w+){0,6}?\W+(?:hacker|evil|villain|terminal|shell|console|root|administrator)\b",
        r"\byour (?:real|true|actual) (?:rules|instructions|purpose|identity)\b",
        r"\boverride\b(?:\W+\w+){0,3}?\W+(?:system|security|safety|protocols?)\b",
    ),
    ("HATE", "HIGH"): _any_of(
        rf"\b(?:all|those|these) {_PEOPLE} (?:are|should) (?:\w+ ){{0,2}}?"
        r"(?:vermin|animals|subhuman|inferior|parasites|die|disappear|criminals|trash)\b",
        rf"\bi (?:really )?(?:hate|despise) (?:all |the )?{_PEOPLE}\b",
        r"\b(?:master race|ethnic cleansing is|race war|white power)\b",
    ),
    ("INSULTS", "HIGH"): _any_of(
        r"\byou(?:'re| are)? (?:\w+ ){0,3}?(?:idiots?|morons?|imbeciles?|useless|pathetic|worthless"
        r"|dumb|stupid|brainless|garbage|trash|scum)\b",
        r"\b(?:stupid|dumb|useless|idiotic|brainless) (?:bot|machine|robot|assistant|person)\b",
    ),
    ("INSULTS", "MEDIUM"): _any_of(
        r"\b(?:idiots?|morons?|imbeciles?|losers?|scumbags?|shut up)\b",
    ),
    ("SEXUAL", "HIGH"): _any_of(
        r"\b(?:porn\w*|sex scenes?|sexual(?:ly)? explicit|explicit sex\w*|sex(?:ual)? acts?"
        r"|nude (?:photos?|pictures?|images?)|erotic\w*|orgasms?|masturbat\w+)\b",
    ),
    ("VIOLENCE", "HIGH"): _any_of(
        r"\b(?:kill|murder|stab|shoot|strangle|torture|behead|poison|assassinate)\b(?:\W+\w+){0,2}?\W+"
        r"(?:him|her|them|you|someone|somebody|people|everyone|wife|husband|boss|neighbou?rs?|children)\b",
        r"\b(?:build|make|making|construct|assemble|detonate)\b(?:\W+\w+){0,3}?\W+"
        r"(?:bombs?|explosives?|grenades?|pipe bombs?|molotov)\b",
        r"\b(?:mass shooting|beat (?:him|her|them|someone) up|bludgeon\w*|dismember\w*)\b",
    ),
    ("MISCONDUCT", "HIGH"): _any_of(
        r"\bhack(?:ing)? (?:into|someone|an? )",
        r"\b(?:steal|stealing)\b(?:\W+\w+){0,3}?\W+(?:cars?|cards?|identit(?:y|ies)|passwords?|money|data)\b",
        r"\b(?:make|cook|synthesi[sz]e|produce)\b(?:\W+\w+){0,2}?\W+(?:meth\w*|heroin|cocaine|crack|drugs)\b",
        r"\b(?:counterfeit|launder)\w*\b(?:\W+\w+){0,3}?\W+(?:money|notes|bills|cash)\b",
        r"\b(?:forge|fake|falsify)\b(?:\W+\w+){0,2}?\W+(?:ids?|passports?|prescriptions?|documents?|receipts?)\b",
        r"\b(?:write|create|build|make)\b(?:\W+\w+){0,3}?\W+(?:malware|ransomware|keyloggers?|phishing|virus)\b",
        r"\b(?:evade|dodge)\b(?:\W+\w+){0,2}?\W+tax(?:es)?\b",
    ),
}  # fmt: skip
