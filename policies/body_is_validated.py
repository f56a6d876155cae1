"""A body is checked against its model, whatever Content-Type it claims."""

from typing import Any

from checkov.common.models.enums import CheckResult
from reading import ResourcePolicy, blocks, value


def judge_method(conf: Any) -> CheckResult:
    """Want a validator, and a model for $default: API Gateway skips what no model is keyed on."""
    if value(conf, "http_method") not in {"POST", "PUT", "PATCH", "ANY"}:
        return CheckResult.UNKNOWN
    default = any("$default" in models for models in blocks(conf, "request_models"))
    return CheckResult.PASSED if default and validator(conf) else CheckResult.FAILED


def validator(conf: Any) -> bool:
    """Return whether a method names a validator; its id is not known before it is made."""
    return bool(value(conf, "request_validator_id")) or "request_validator_id" in conf.get(
        "after_unknown", {}
    )


def judge_validator(conf: Any) -> CheckResult:
    """Want the body among what is validated."""
    return (
        CheckResult.PASSED if value(conf, "validate_request_body") is True else CheckResult.FAILED
    )


NAME = "Bodies are validated, by a model that holds for every Content-Type"
method = ResourcePolicy("CKV_CHATBOT_12", NAME, ["aws_api_gateway_method"], judge_method)
body = ResourcePolicy(
    "CKV_CHATBOT_12", NAME, ["aws_api_gateway_request_validator"], judge_validator
)
