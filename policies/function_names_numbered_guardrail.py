"""A function that is given a model is given a guardrail, by its number."""

from typing import Any

from checkov.common.models.enums import CheckResult
from reading import ResourcePolicy, blocks


def judge(conf: Any) -> CheckResult:
    """Want both: DRAFT changes with every edit, before anybody tried what the edit lets through."""
    variables = {
        name.upper(): text
        for block in blocks(conf, "environment", "variables")
        for name, text in block.items()
    }

    def ending(part: str) -> list[Any]:
        return [text for name, text in variables.items() if name.endswith(part)]

    if not ending("MODEL_ID"):
        return CheckResult.UNKNOWN
    guardrails, versions = ending("GUARDRAIL_ID"), ending("GUARDRAIL_VERSION")
    numbered = all(versions) and not any(str(version).upper() == "DRAFT" for version in versions)
    if guardrails and all(guardrails) and versions and numbered:
        return CheckResult.PASSED
    return CheckResult.FAILED


check = ResourcePolicy(
    "CKV_CHATBOT_1",
    "A function that is given a model is given a guardrail by its number",
    ["aws_lambda_function"],
    judge,
)
