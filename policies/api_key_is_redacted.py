"""The web ACL's log does not hold the callers' API keys."""

from typing import Any

from checkov.common.models.enums import CheckResult
from reading import ResourcePolicy, blocks, known, value


def judge(conf: Any) -> CheckResult:
    """Want x-api-key among the redacted headers."""
    headers = blocks(conf, "redacted_fields", "single_header")
    names = [value(header, "name") for header in headers]
    if "x-api-key" in [str(name).lower() for name in names]:
        return CheckResult.PASSED
    return CheckResult.UNKNOWN if any(not known(name) for name in names) else CheckResult.FAILED


check = ResourcePolicy(
    "CKV_CHATBOT_8",
    "The web ACL's log redacts x-api-key",
    ["aws_wafv2_web_acl_logging_configuration"],
    judge,
)
