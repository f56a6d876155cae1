"""The guardrail that a request names, read through Bedrock's own API."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from emulator.account import Account
from emulator.bedrock.errors import RuntimeApiError
from emulator.bedrock.filters import Assessment, Source, assess
from emulator.wire.documents import Document, JsonObject

# Reported of every guardrail, with such a policy or without (on record in pydantic/pydantic-ai,
# tests/models/cassettes/test_bedrock/test_bedrock_model_guardrail_config.yaml).
_NO_UNITS = {
    "automatedReasoningPolicies": 0,
    "automatedReasoningPolicyUnits": 0,
    "contentPolicyImageUnits": 0,
}


@dataclass(frozen=True)
class Guard:
    """The guardrail of a request, as it was applied."""

    id: str
    arn: str
    version: str
    trace: bool
    policy: Document
    _judged: dict[tuple[str, Source], Assessment] = field(default_factory=dict)

    def judge(self, text: str, source: Source) -> Assessment:
        """Evaluate one text, once."""
        key = text, source
        if key not in self._judged:
            self._judged[key] = assess(self.policy, text, source)
        return self._judged[key]

    def masked(self, text: str) -> str:
        """Return a text of the question as the model gets it."""
        return self.judge(text, "INPUT").text

    def assessment(self, judged: Sequence[Assessment]) -> JsonObject:
        """Return several texts' assessments as AWS traces them: one, with all findings."""
        merged: JsonObject = {}
        usage = dict(_NO_UNITS)
        total = 0
        for each in judged:
            total += len(each.text)
            for name, count in each.usage.items():
                usage[name] = usage.get(name, 0) + count
            for policy, findings in each.policies.items():
                for kind, items in findings.items():
                    merged.setdefault(policy, {}).setdefault(kind, []).extend(items)
        merged["invocationMetrics"] = {
            "guardrailProcessingLatency": 1,
            "usage": usage,
            "guardrailCoverage": {"textCharacters": {"guarded": total, "total": total}},
        }
        merged["appliedGuardrailDetails"] = {
            "guardrailId": self.id,
            "guardrailVersion": self.version,
            "guardrailArn": self.arn,
            "guardrailOrigin": ["REQUEST"],
            "guardrailOwnership": "SELF",
        }
        return merged


def guardrail_arn(config: Document, account: Account) -> str | None:
    """Return the ARN of the guardrail that a request names; None when it names none.

    AWS applies no guardrail, without a word, unless both identifier and version are given.
    """
    identifier = config.get("guardrailIdentifier") or ""
    if not identifier or not config.get("guardrailVersion"):
        return None
    if identifier.startswith("arn:"):
        return str(identifier)
    return account.arn("bedrock", f"guardrail/{identifier}")


def applied_guard(config: Document, arn: str | None, account: Account) -> Guard | None:
    """Return the guardrail that a request names, as it was applied; None when it names none.

    Raises:
        RuntimeApiError: there is no such guardrail, or no such version of it.
    """
    if arn is None:
        return None
    version = str(config["guardrailVersion"])
    policy = account.snapshot(
        f"bedrock:guardrail:{arn}:{version}", lambda: _read(arn, version, account)
    )
    if policy is None:
        # On record in five reports, for a version and for an identifier alike.
        raise RuntimeApiError(
            "ValidationException",
            "The guardrail identifier or version provided in the request does not exist.",
        )
    if "contextualGroundingPolicy" in policy:
        account.approximations.note("Guardrail", "contextual grounding is not evaluated")
    trace = config.get("trace") in {"enabled", "enabled_full"}
    return Guard(policy["guardrailId"], policy["guardrailArn"], version, trace, policy)


def _read(arn: str, version: str, account: Account) -> JsonObject | None:
    """Read a guardrail through its API; return None when there is none of that version."""
    bedrock = account.client("bedrock")
    try:
        policy: JsonObject = bedrock.get_guardrail(
            guardrailIdentifier=arn, guardrailVersion=version
        )
    except bedrock.exceptions.ResourceNotFoundException:
        return None
    return policy
