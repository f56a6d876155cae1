"""Which rules of the web ACL a mutant may change."""

import json
import re
from collections.abc import Collection, Iterator
from typing import Any

from toolkit.mutants.mutant import Mutant

# What is in no rule: other files, and what of the web ACL is outside its rules.
ELSEWHERE = re.compile(
    r"modules/edge/(main\.tf: (?!by hand|.*dynamic\.rule)|(logging|prompt-injection)\.tf: )"
    r"|modules/chatbot/(?!main\.tf: module\.edge|variables\.tf: variable\.edge|.*by hand)"
)


class Rules:
    """The rules of the web ACL in a plan, if it has one."""

    def __init__(self, plan: dict[str, Any]) -> None:
        rules = [rule for one in _web_acls(plan) for rule in one["after"]["rule"]]
        self._blocks = {rule["name"]: frozenset(_blocks(rule)) for rule in rules}
        self._texts = {rule["name"]: json.dumps(rule) for rule in rules}

    def changed_by(self, mutant: Mutant) -> frozenset[str]:
        """Return the names of the rules that a mutant may change; of rules that have the same
        blocks, one.
        """
        if ELSEWHERE.match(mutant.name):
            return frozenset()
        if own := re.search(r"built_in\[([^]]*)\]", mutant.where):
            return frozenset({own[1]})
        if code := re.search(r"(?:responses/|variable\.)(\w*_\w*)/", f"{mutant.where}/"):
            holders = [name for name, text in self._texts.items() if f'"{code[1]}"' in text]
            if holders:
                return frozenset(holders)
        # The whole block may come to another rule where `for_each` changes.
        path = re.sub(r"/[^/]*/for_each.*", "", mutant.where.partition("dynamic.rule")[2])
        parts = path.replace("dynamic.", "").split("/")[1:]
        depths = [".".join(parts[:depth]) for depth in range(len(parts), 0, -1)]
        inside = next((at for at in depths if any(at in one for one in self._blocks.values())), "")
        by_blocks = {one: name for name, one in self._blocks.items() if not inside or inside in one}
        return frozenset(by_blocks.values())

    def alone(self, plan: dict[str, Any], names: Collection[str]) -> dict[str, Any]:
        """Return a plan with some rules alone."""
        found: dict[str, Any] = json.loads(json.dumps(plan))
        for one in _web_acls(found):
            kept = [rule["name"] in names for rule in one["after"]["rule"]]
            for side in ("after", "after_unknown"):
                rules = zip(one[side]["rule"], kept, strict=True)
                one[side]["rule"] = [rule for rule, is_kept in rules if is_kept]
        return found


def _web_acls(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for one in plan["resource_changes"]:
        if one["type"] == "aws_wafv2_web_acl":
            yield one["change"]


def _blocks(thing: dict[str, Any], path: str = "") -> Iterator[str]:
    """Yield the path of each block inside a block."""
    for name, value in thing.items():
        for one in value if isinstance(value, list) else ():
            if isinstance(one, dict):
                yield f"{path}{name}"
                yield from _blocks(one, f"{path}{name}.")
