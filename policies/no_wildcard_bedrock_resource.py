"""A permission on Bedrock names the model, profile or guardrail that it is for."""

from checkov.common.models.enums import CheckResult
from reading import DocumentPolicy, Statement

READING = ("bedrock:get", "bedrock:list")  # Many of these take no resource at all.


def judge(statements: list[Statement]) -> CheckResult:
    """Want no wildcard after the account; one for the Region is how profiles are routed."""
    about = [
        statement
        for statement in statements
        if statement.allow and any(a.lower().startswith("bedrock:") for a in statement.actions)
    ]
    if not about:
        return CheckResult.UNKNOWN
    for statement in about:
        bedrock = [a.lower() for a in statement.actions if a.lower().startswith("bedrock:")]
        wild = any("*" in arn.split(":", 5)[-1] for arn in statement.resources)
        if wild and not all(action.startswith(READING) for action in bedrock):
            return CheckResult.FAILED
    return CheckResult.PASSED


check = DocumentPolicy(
    "CKV_CHATBOT_6", "Permissions on Bedrock name their resources without a wildcard", judge
)
