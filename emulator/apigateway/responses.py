"""Gateway responses: what API Gateway itself answers, and how an API words it.

Types, statuses and the fall-back to DEFAULT_4XX and DEFAULT_5XX: Amazon API Gateway Developer
Guide, Gateway response types.
"""

import json
from collections.abc import Mapping

from emulator.apigateway.exchange import Exchange
from emulator.wire.errors import AwsError
from emulator.wire.http import HttpResponse

_FORBIDDEN = (403, "ForbiddenException", "Forbidden")
_INTERNAL = (500, "InternalServerErrorException", "Internal server error")

_DEFAULTS: Mapping[str, tuple[int | None, str, str]] = {
    "ACCESS_DENIED": (403, "AccessDeniedException", "User is not authorized"),
    "API_CONFIGURATION_ERROR": _INTERNAL,
    "AUTHORIZER_CONFIGURATION_ERROR": _INTERNAL,
    "AUTHORIZER_FAILURE": _INTERNAL,
    "BAD_REQUEST_BODY": (400, "BadRequestException", "Invalid request body"),
    "BAD_REQUEST_PARAMETERS": (400, "BadRequestException", "Missing required request parameters"),
    "DEFAULT_4XX": (None, "BadRequestException", "Bad Request"),
    "DEFAULT_5XX": (None, *_INTERNAL[1:]),
    "EXPIRED_TOKEN": (403, "ExpiredTokenException", "The security token has expired"),
    "INTEGRATION_FAILURE": (504, "InternalServerErrorException", "Internal server error"),
    "INTEGRATION_TIMEOUT": (504, "InternalServerErrorException", "Endpoint request timed out"),
    "INVALID_API_KEY": _FORBIDDEN,
    "INVALID_SIGNATURE": (403, "InvalidSignatureException", "The signature does not match"),
    "MISSING_AUTHENTICATION_TOKEN": (
        403,
        "MissingAuthenticationTokenException",
        "Missing Authentication Token",
    ),
    "QUOTA_EXCEEDED": (429, "LimitExceededException", "Limit Exceeded"),
    "REQUEST_TOO_LARGE": (
        413,
        "RequestTooLargeException",
        "HTTP content length exceeded 10485760 bytes.",
    ),
    "RESOURCE_NOT_FOUND": (404, "NotFoundException", "Not Found"),
    "THROTTLED": (429, "TooManyRequestsException", "Too Many Requests"),
    "UNAUTHORIZED": (401, "UnauthorizedException", "Unauthorized"),
    "UNSUPPORTED_MEDIA_TYPE": (415, "BadRequestException", "Unsupported Media Type"),
    "WAF_FILTERED": _FORBIDDEN,
}

STATUSES: Mapping[str, int | None] = {kind: default[0] for kind, default in _DEFAULTS.items()}
"""The status of each type of gateway response; None where each error keeps its own."""

TEMPLATES: Mapping[str, str] = {"application/json": '{"message":$context.error.messageString}'}
"""What AWS answers by, where an author put no template."""


class GatewayError(AwsError):
    """A request that API Gateway refuses or cannot serve, by the type of its gateway response.

    The API has the last word on how it reads.
    """

    def __init__(
        self,
        response_type: str,
        message: str | None = None,
        *,
        status: int | None = None,
        validation: str = "",
        integration: str = "",
    ) -> None:
        default_status, code, default_message = _DEFAULTS[response_type]
        super().__init__(status or default_status or 500, code, message or default_message)
        self.response_type = response_type
        self.of_integration = False
        self.validation = validation
        self.integration = integration


def gateway_response(exchange: Exchange, error: GatewayError) -> HttpResponse:
    """Word an error as the API does for its type, else for its class, else as AWS does."""
    exchange.variables |= {
        "error.message": str(error),
        "error.messageString": json.dumps(str(error)),
        "error.responseType": error.response_type,
        "error.validationErrorString": error.validation,
        "integration.error": error.integration,
        "integrationErrorMessage": error.integration,
    }
    configured = exchange.api.gateway_responses
    fallback = "DEFAULT_4XX" if error.status < 500 else "DEFAULT_5XX"
    chosen = configured.get(error.response_type) or configured.get(fallback) or {}
    if error.response_type == "REQUEST_TOO_LARGE":
        chosen = {}  # "isn't currently supported" (Amazon API Gateway important notes)
    status = int(chosen.get("statusCode") or error.status)
    templates = chosen.get("responseTemplates") or TEMPLATES
    if error.of_integration and templates == TEMPLATES:
        # On record: a space is before the text once the integration had its turn, and never before.
        templates = {"application/json": '{"message": $context.error.messageString}'}
    accepted = (exchange.request.header("accept") or "").partition(",")[0].partition(";")[0]
    content_type = next(
        (name for name in (accepted, "application/json") if name in templates),
        next(iter(templates)),
    )
    headers = [("Content-Type", content_type), ("x-amzn-ErrorType", error.code)]
    for name, expression in (chosen.get("responseParameters") or {}).items():
        value = exchange.evaluate(expression)
        if value is not None:
            headers.append((name.removeprefix("gatewayresponse.header."), value))
    body = exchange.render(templates[content_type]).encode()
    return HttpResponse(status, tuple(headers), body)
