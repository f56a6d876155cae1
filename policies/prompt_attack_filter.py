"""A guardrail looks for prompt attacks, at full strength, in what comes in."""

from typing import Any

from checkov.common.models.enums import CheckResult
from reading import ResourcePolicy, blocks, known, value


def judge(conf: Any) -> CheckResult:
    """Want PROMPT_ATTACK with input HIGH and output NONE, the only output that Bedrock takes."""
    filters = blocks(conf, "content_policy_config", "filters_config")
    for found in filters:
        if value(found, "type") == "PROMPT_ATTACK":
            strengths = value(found, "input_strength"), value(found, "output_strength")
            if not all(map(known, strengths)):
                return CheckResult.UNKNOWN
            return CheckResult.PASSED if strengths == ("HIGH", "NONE") else CheckResult.FAILED
    if any(not known(value(found, "type")) for found in filters):
        return CheckResult.UNKNOWN
    return CheckResult.FAILED


check = ResourcePolicy(
    "CKV_CHATBOT_3",
    "A guardrail filters prompt attacks: input HIGH, output NONE",
    ["aws_bedrock_guardrail"],
    judge,
)
