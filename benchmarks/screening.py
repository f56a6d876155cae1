"""Measure the prompt-injection patterns on real corpora: what they stop, and what wrongly.

A corpus is a file of JSON lines with `text`, `source` and `kind`. Texts count as far as the
2,000 characters that the API accepts; longer ones are refused by their length, which is another
control and earns the patterns nothing here.
"""

from __future__ import annotations

import json
import math
import re
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from chatbot.patterns import Pattern, matcher
from chatbot.screening import PATTERNS_FILE, Screen
from emulator.waf.patterns import compile_pattern
from emulator.waf.transforms import TRANSFORMS
from toolkit.disguises import DISGUISES
from toolkit.terraform import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

EDGE = ROOT / "modules" / "edge"
CORPORA = ROOT.parent / "shared" / "corpora"
DIRECT = ("jailbreak", "override", "prompt_extraction")
"""Kinds of attack that a pattern in English can be expected to know."""

LENGTHS = {"up to 120 characters": 0, "up to 500": 120, "over 500": 500}
"""Groups of texts by length, and the length that each is longer than."""
PRICES = (0, 10, 30)
"""How many attacks a harmless text is worth, in the choice of alternatives."""

GIVEN_UP = ROOT / "benchmarks" / "given-up-patterns.txt"

DOCUMENT = re.compile(
    r"(?i)(ignore (all |previous |your |the )?instructions|system prompt|jailbreak|DAN mode"
    r"|bypass (safety|guardrail|filter))"
)
"""The pattern of the common recipe, for comparison."""

type Test = Callable[[str], bool]
type Corpora = Mapping[str, Sequence[Text]]


@dataclass(frozen=True, slots=True)
class Text:
    text: str
    source: str
    kind: str
    cluster: str
    """Texts that are nearly the same share one."""


@dataclass(frozen=True, slots=True)
class Share:
    hits: int
    of: int

    @property
    def interval(self) -> tuple[float, float]:
        """Return the 95 % Wilson interval."""
        if not self.of:
            return (0.0, 1.0)
        z, n, p = 1.959964, self.of, self.hits / self.of
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
        return (max(0.0, middle - half), min(1.0, middle + half))

    def __str__(self) -> str:
        low, high = self.interval
        rate = self.hits / max(self.of, 1)
        return f"{self.hits:4d}/{self.of:<4d} {rate:6.1%} [{low:.1%}, {high:.1%}]"

    def as_json(self) -> dict[str, Any]:
        return {"hits": self.hits, "of": self.of, "interval": self.interval}


def read(path: Path, max_chars: int) -> list[Text]:
    with path.open(encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    return [
        Text(r["text"][:max_chars], r["source"], r["kind"], f"{r['source']} {r.get('cluster')}")
        for r in records
    ]


def pattern_lines(path: Path = EDGE / PATTERNS_FILE) -> list[str]:
    lines = path.read_text("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def chains() -> list[list[str]]:
    """Return the chains of transformations that modules/edge gives AWS WAF by default."""
    block = re.search(
        r"chains\s*=\s*optional\([^{]*\{(.*?)\}", (EDGE / "variables.tf").read_text(), re.DOTALL
    )
    chains_found = re.findall(r"=\s*\[([^\]]*)\]", block[1]) if block else []
    if not chains_found:
        raise SystemExit("modules/edge/variables.tf no longer lists its chains; adapt chains().")
    return [re.findall(r"[A-Z0-9_]+", chain) for chain in chains_found]


def edge_test() -> Test:
    """Return what AWS WAF's pattern set says of one JSON value."""
    patterns = [compile_pattern(line) for line in pattern_lines()]
    transforms = [[TRANSFORMS[name] for name in chain] for chain in chains()]

    def stops(text: str) -> bool:
        for chain in transforms:
            value = text.encode("utf-8", "replace")
            for transform in chain:
                value = transform(value)
            if any(pattern.search(value) for pattern in patterns):
                return True
        return False

    return stops


def share(test: Test, texts: Iterable[Text]) -> Share:
    answers = [test(text.text) for text in texts]
    return Share(sum(answers), len(answers))


def alternatives(pattern: str) -> list[str]:
    """Split a pattern at every `|` of its top level, and of a group that it begins with."""
    parts = _split(pattern)
    if len(parts) > 1:
        return [alternative for part in parts for alternative in alternatives(part)]
    start = re.match(r"(\\b)?\(\?:", pattern)
    end = _closing(pattern, start.end()) if start else 0
    if start is None or pattern[end + 1 : end + 2] in {"?", "{", "*", "+"}:
        return [pattern]
    options = _split(pattern[start.end() : end])
    return [f"{start[1] or ''}(?:{option}){pattern[end + 1 :]}" for option in options]


def _depths(pattern: str) -> list[tuple[int, str, int]]:
    """Return position, character and depth of what is neither escaped nor in a class."""
    tokens = []
    depth = 0
    for match in re.finditer(r"\\.|\[\^?\]?[^\]]*\]|.", pattern):
        depth += (match[0] == "(") - (match[0] == ")")
        tokens.append((match.start(), match[0], depth))
    return tokens


def _split(pattern: str) -> list[str]:
    bars = [at for at, char, depth in _depths(pattern) if char == "|" and depth == 0]
    return [pattern[a + 1 : b] for a, b in zip([-1, *bars], [*bars, len(pattern)], strict=True)]


def _closing(pattern: str, start: int) -> int:
    return start + next(at for at, _, depth in _depths(pattern[start:]) if depth < 0)


class Held:
    """Attacks and harmless texts with the alternatives that match each, to hold origins out."""

    def __init__(self, patterns: Iterable[str], attacks: Corpora, harmless: Corpora) -> None:
        options = dict.fromkeys(option for line in patterns for option in alternatives(line))
        matching = matcher([Pattern(option, option) for option in options], lambda text: text)
        self._texts = [
            (group, attack, text, frozenset(matching(" ".join(text.text.lower().split()))))
            for attack, corpora in ((True, attacks), (False, harmless))
            for group, texts in corpora.items()
            for text in texts
        ]

    def out(self, origin: Callable[[Text], str], price: int = 0) -> dict[str, Share]:
        """Return by kind what is stopped by the alternatives that the other origins choose.

        An alternative is chosen if it stops an attack, and `price` of them for each harmless text.
        """
        of_all: Counter[tuple[bool, str]] = Counter()
        of_one: Counter[tuple[str, bool, str]] = Counter()
        for _, attack, text, options in self._texts:
            of_all.update((attack, one) for one in options)
            of_one.update((origin(text), attack, one) for one in options)
        answers: dict[str, list[bool]] = defaultdict(list)
        for group, _, text, options in self._texts:
            left = [
                [of_all[kind, one] - of_one[origin(text), kind, one] for kind in (True, False)]
                for one in options
            ]
            answers[group].append(any(stops and stops >= price * costs for stops, costs in left))
        return {kind: Share(sum(stopped), len(stopped)) for kind, stopped in answers.items()}


def by_length(texts: Sequence[Text]) -> dict[str, list[Text]]:
    """Return the groups of LENGTHS that have texts."""
    groups: dict[str, list[Text]] = defaultdict(list)
    for text in sorted(texts, key=lambda text: len(text.text)):
        name = [name for name, low in LENGTHS.items() if len(text.text) > low][-1]
        groups[name].append(text)
    return groups


def measure(corpora: Path, max_chars: int) -> dict[str, Any]:
    screen, edge = Screen.load(), edge_test()
    tests: dict[str, Test] = {
        "document": lambda text: DOCUMENT.search(text) is not None,
        "edge": edge,
        "edge and function": lambda text: edge(text) or screen.screen(text) is not None,
    }
    result: dict[str, Any] = {"corpora": {}, "unseen": {}, "frontier": {}, "disguises": {}}
    harmless: dict[str, Sequence[Text]] = {}
    for path in sorted(corpora.glob("*.jsonl")):
        texts = read(path, max_chars)
        groups = {
            kind: [t for t in texts if t.kind == kind] for kind in sorted({t.kind for t in texts})
        }
        if path.stem == "attacks":
            direct = {kind: group for kind, group in groups.items() if kind in DIRECT}
            attacks = [text for group in direct.values() for text in group]
            groups["direct, all three"] = attacks
        else:
            groups = ({} if len(groups) > 12 else groups) | by_length(texts) | {"all": texts}
            if path.stem != "web_attacks":
                harmless[path.stem] = texts
        print(f"measuring {path.name}", file=sys.stderr)
        answers = {name: {t.text: test(t.text) for t in texts} for name, test in tests.items()}
        result["corpora"][path.stem] = {
            kind: {
                name: Share(sum(answers[name][one.text] for one in group), len(group))
                for name in tests
            }
            for kind, group in groups.items()
        }
    ours = Held(pattern_lines(), direct, harmless)
    result["unseen"] = {
        "source": ours.out(lambda text: text.source),
        "cluster": ours.out(lambda text: text.cluster),
    }
    pool = Held([*pattern_lines(), *pattern_lines(GIVEN_UP)], direct, harmless)
    result["frontier"] = {price: pool.out(lambda text: text.source, price) for price in PRICES}
    plain = [t for t in attacks if edge(t.text)]
    for disguise in DISGUISES:
        print(f"measuring {disguise.name}", file=sys.stderr)
        # AWS WAF's parser and the function's both undo JSON escapes before anyone looks.
        undone = disguise.name == "JSON escapes"
        hidden = [replace(t, text=disguise.apply(t.text)) for t in plain]
        result["disguises"][disguise.name] = {
            "expected": disguise.expected,
            "edge": share(edge, plain if undone else hidden),
            "function": share(lambda text: screen.screen(text) is not None, hidden),
        }
    return result


def report(result: dict[str, Any]) -> None:
    for name, groups in result["corpora"].items():
        print(f"\n{name}")
        for kind, shares in groups.items():
            print(f"  {kind}")
            for test, value in shares.items():
                print(f"    {test:20s}{value}")
    for origin, shares in result["unseen"].items():
        print(f"\nheld out by {origin}: alternatives that no other {origin} needs do not count")
        for kind, value in shares.items():
            print(f"  {kind:22s}{value}")
    for price, shares in result["frontier"].items():
        print(
            f"\nchosen without each source, of all ever tried, a harmless text for {price} attacks"
        )
        for kind, value in shares.items():
            print(f"  {kind:22s}{value}")
    print("\nof the attacks that the edge stops undisguised, still stopped")
    for name, row in result["disguises"].items():
        print(f"  {name:28s}{row['expected']:6s}edge {row['edge']}   function {row['function']}")


def longest_message() -> int:
    """Return the default of the module for the longest message."""
    variables = (ROOT / "modules" / "chatbot" / "variables.tf").read_text(encoding="utf-8")
    default = re.search(r"max_message_chars\s+= optional\(number, (\d+)\)", variables)
    if default is None:
        raise LookupError("modules/chatbot/variables.tf has no default for max_message_chars")
    return int(default[1])
