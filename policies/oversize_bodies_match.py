"""What AWS WAF cannot see of a body is not taken for harmless."""

from collections.abc import Iterator
from typing import Any

from checkov.common.models.enums import CheckResult
from reading import ResourcePolicy, blocks, value


def bodies(conf: Any) -> Iterator[dict[str, Any]]:
    """Find every body that a statement looks at, however deep."""
    for block in blocks(conf):
        for name, inner in block.items():
            if name == "field_to_match":
                yield from blocks(inner, "body")
                yield from blocks(inner, "json_body")
            elif not name.startswith("__"):
                yield from bodies(inner)


def judge(conf: Any) -> CheckResult:
    """Want MATCH, since the request is passed on whole, with what was not inspected."""
    found = list(bodies(conf))
    if not found:
        return CheckResult.UNKNOWN
    matches = all(value(body, "oversize_handling") == "MATCH" for body in found)
    return CheckResult.PASSED if matches else CheckResult.FAILED


check = ResourcePolicy(
    "CKV_CHATBOT_9",
    "Rules on bodies match those that are too large to inspect",
    ["aws_wafv2_rule_group", "aws_wafv2_web_acl"],
    judge,
)
