"""Who may call a model may do so with a guardrail only."""

from fnmatch import fnmatch

from checkov.common.models.enums import CheckResult
from reading import DocumentPolicy, Statement

INVOKE = ("bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream")
KEY = "bedrock:guardrailidentifier"


def invokes(statement: Statement) -> bool:
    """Return whether a statement is about calling models."""
    return any(fnmatch(call.lower(), a.lower()) for a in statement.actions for call in INVOKE)


def elsewhere(statement: Statement) -> bool:
    """Return whether it is on profiles and projects alone, which give no answer without a model."""
    parts = (":inference-profile/", ":application-inference-profile/", ":project/")
    return bool(statement.resources) and all(
        arn.startswith("arn:") and any(part in arn for part in parts) for arn in statement.resources
    )


def demands(statement: Statement) -> bool:
    """Return whether a statement holds only with the guardrail or, a Deny, only without it."""
    return any(
        key.lower() == KEY and ("not" in operator.lower()) is not statement.allow
        for operator, key in statement.conditions
    )


def judge(statements: list[Statement]) -> CheckResult:
    """Want a condition on each Allow, or a Deny of all that lacks the guardrail beside it."""
    about = [statement for statement in statements if invokes(statement)]
    if not any(statement.allow for statement in about):
        return CheckResult.UNKNOWN
    if any(not statement.allow and demands(statement) for statement in about):
        return CheckResult.PASSED
    free = [s for s in about if s.allow and not elsewhere(s) and not demands(s)]
    return CheckResult.FAILED if free else CheckResult.PASSED


check = DocumentPolicy(
    "CKV_CHATBOT_5",
    "Models can be invoked with a guardrail only (bedrock:GuardrailIdentifier)",
    judge,
)
