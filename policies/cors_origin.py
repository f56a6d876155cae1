"""One web origin may read answers, and not every page on the internet."""

from typing import Any

from checkov.common.models.enums import CheckResult
from reading import ResourcePolicy, blocks, flat, known, value

HEADER = "access-control-allow-origin"


def origins(conf: Any) -> list[Any]:
    """Return what is sent, or allowed, as Access-Control-Allow-Origin."""
    found = [
        parameters[name]
        for parameters in blocks(conf, "response_parameters")
        for name in parameters
        if name.lower().endswith(f".header.{HEADER}")
    ]
    for cors in (*blocks(conf, "cors"), *blocks(conf, "cors_configuration")):
        found += flat(cors.get("allow_origins"))
    for variables in blocks(conf, "environment", "variables"):
        found += [text for name, text in variables.items() if name.upper().endswith("ORIGIN")]
    for body in blocks(conf, "custom_response", "response_header"):
        if str(value(body, "name")).lower() == HEADER:
            found.append(value(body, "value"))
    return found


def judge(conf: Any) -> CheckResult:
    """Want an origin, or nothing."""
    found = [origin for origin in flat(origins(conf)) if isinstance(origin, str)]
    if any(origin.strip("'\"") == "*" for origin in found):
        return CheckResult.FAILED
    if not found or any(not known(origin) for origin in found):
        return CheckResult.UNKNOWN
    return CheckResult.PASSED


check = ResourcePolicy(
    "CKV_CHATBOT_10",
    "Answers are for one web origin, not for *",
    [
        "aws_api_gateway_gateway_response",
        "aws_api_gateway_integration_response",
        "aws_apigatewayv2_api",
        "aws_lambda_function",
        "aws_lambda_function_url",
    ],
    judge,
)
