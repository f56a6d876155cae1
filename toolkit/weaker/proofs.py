"""Which proofs a plan leaves nothing to ask for: what they are about is no longer configured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from toolkit.proofs import data
from toolkit.proofs.applied import Applied
from toolkit.proofs.cases import cases
from toolkit.proofs.deployment import Deployment
from toolkit.proofs.readers import guardrail

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from toolkit.weaker.plans import Change

# GetGuardrail's names of the planned policies: block, its list, and how AWS calls both.
_POLICIES = {
    "content_policy_config": ("filters_config", "contentPolicy", "filters"),
    "sensitive_information_policy_config": (
        "pii_entities_config", "sensitiveInformationPolicy", "piiEntities",
    ),
    "topic_policy_config": ("topics_config", "topicPolicy", "topics"),
}  # fmt: skip


def unasked(changes: Sequence[Change]) -> list[str]:
    """Return a sentence for each proof that was asked before and is not any more."""
    before, after = (
        {one.type: values for one in changes if (values := getattr(one, side))}
        for side in ("before", "after")
    )
    compared = ("aws_bedrock_guardrail", "aws_wafv2_web_acl")
    if all(before.get(one) == after.get(one) for one in compared):
        return []
    groups = {name for side in (before, after) for name in _groups(side)}
    lost = _asked(before, groups) - _asked(after, groups)
    return [
        f"proof {name} is no longer asked{f' for {item}' if item else ''}"
        for name, item in sorted(lost)
    ]


def _groups(made: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Return the names of the rules that run a managed group."""
    return {
        rule["name"]
        for rule in made.get("aws_wafv2_web_acl", {}).get("rule") or ()
        if (rule.get("statement") or [{}])[0].get("managed_rule_group_statement")
    }


def _asked(made: Mapping[str, Mapping[str, Any]], groups: Collection[str]) -> set[tuple[str, str]]:
    """Return the proofs, with the item they are about, that what is made gives cause to ask."""
    off = dict.fromkeys(set(groups) - _groups(made), "off")
    deployment = Deployment("http://plan.invalid", "", client=lambda _: None, endpoint="plan")
    ip_reputation = off.get("ip-reputation", "block")
    modes = {"group_modes": off, "ip_reputation": ip_reputation}
    deployment.applied = _Planned(_values(made) | modes)
    return {
        (proof.id, case.item)
        for control in data.load()
        for proof in control.proofs
        if not proof.each or proof.each in deployment.applied.values
        for case in cases(proof, deployment)
        if not (case.skip or case.wrong)
    }


class _Planned(Applied):
    """Applied values of a plan. What a plan does not tell is the same before and after."""

    def __getitem__(self, name: str) -> Any:
        """Return a value, or a text that stands for it."""
        return super().__getitem__(name) if name in self.values else name

    def get(self, name: str, default: Any = None) -> Any:
        """Return a value that the plan tells, or the default."""
        return super().get(name, default) if name in self.values else default


def _values(made: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    planned = made.get("aws_bedrock_guardrail", {})
    found: dict[str, Any] = {}
    for block, (inner, policy, items) in _POLICIES.items():
        listed = [one for part in planned.get(block) or () for one in part.get(inner) or ()]
        found[policy] = {items: [{_camel(k): v for k, v in one.items()} for one in listed]}
    words = (planned.get("word_policy_config") or [{}])[0]
    found["wordPolicy"] = {
        "words": words.get("words_config") or [],
        "managedWordLists": words.get("managed_word_lists_config") or [],
    }
    return {**guardrail(found), **dict(_edge(made.get("aws_wafv2_web_acl", {})))}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _edge(web_acl: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    counted, mode = {}, ""
    for rule in web_acl.get("rule") or ():
        actions = (rule.get("action") or [{}])[0]
        if rule["name"] == "prompt-injection":
            mode = "count" if actions.get("count") else "block"
        for group in (rule.get("statement") or [{}])[0].get("managed_rule_group_statement") or ():
            counted[rule["name"]] = [
                one["name"]
                for one in group.get("rule_action_override") or ()
                if one["action_to_use"][0].get("count")
            ]
    yield "counted_rules", counted
    yield "injection_mode", mode
    yield "transformations", sorted(_types(web_acl.get("rule")))


def _types(thing: Any) -> set[str]:
    """Return the types of all text transformations inside a rule."""
    found: set[str] = set()
    for name, value in thing.items() if isinstance(thing, dict) else enumerate(thing or ()):
        if name == "text_transformation":
            found |= {one["type"] for one in value}
        elif isinstance(value, dict | list):
            found |= _types(value)
    return found
