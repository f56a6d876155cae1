"""What an error of Bedrock means, to the caller and to the operator.

AWS's text only steers the choice, for it may quote the prompt: nothing of it is repeated but ARNs
and regions. docs/operations.md has a line for each hint.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from chatbot.errors import (
    ChatbotError,
    InternalError,
    InvalidRequestError,
    ModelFailedError,
    ModelThrottledError,
    ModelTimeoutError,
    ModelUnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatbot.endpoint import RefusedError

# Bedrock API Reference, Converse, Errors, and Common Errors, where throttling has the status 400. A
# code that is not here is judged by its HTTP status.
ERRORS: Mapping[str, type[ChatbotError]] = {
    "ThrottlingException": ModelThrottledError,
    "ServiceQuotaExceededException": ModelThrottledError,
    "ModelErrorException": ModelFailedError,
    "ModelTimeoutException": ModelTimeoutError,
}
# A model error is a verdict and a timeout has used up the time; these may pass.
TRANSIENT_CODES = frozenset(
    {
        "ThrottlingException",
        "ModelNotReadyException",
        "InternalServerException",
        "ServiceUnavailableException",
    }
)

# What a message can make Bedrock or the model's provider refuse as a ValidationException: the
# caller's to mend, and no alarm for the operator. The texts are as users of Converse report them.
BLANK_MESSAGE = re.compile(
    r"ContentBlock object at messages\.\d+\.content\.\d+ is blank"
    r"|messages\S*: text content blocks must (?:be non-empty|contain non-whitespace text)",
    re.IGNORECASE,
)
LONG_MESSAGE = re.compile(r"(?:input|prompt) is too long", re.IGNORECASE)
FILTERED_OUTPUT = re.compile(r"output blocked by content filtering policy", re.IGNORECASE)

FORM = (
    "Anthropic's first-use form is missing, or was sent less than 15 minutes ago: Bedrock console, "
    "Model catalog, any Anthropic model"
)
# Amazon Bedrock User Guide, "Request access to models": form, subscription, payment method. The
# form is asked for as ResourceNotFoundException and as ValidationException. In this order: the text
# about the payment names the subscription as well.
BY_TEXT = {
    "payment instrument": "AWS Marketplace has no valid payment method for this account: add one "
    "in the Billing console, wait 2 minutes and try again",
    "aws-marketplace:": "the account has no subscription to this model: an administrator who may "
    "aws-marketplace:Subscribe calls the model once; the role needs no such permission",
    "use case details": FORM,
    "use-case form": FORM,
    "tokens per day": "the account's tokens per day for this model are used up, or its quota is 0, "
    "as in a new account: Service Quotas, Amazon Bedrock, tokens per day",
    "on-demand throughput": "MODEL_ID must name an inference profile (such as us.…), not a bare "
    "model id",
    "end of its life": "MODEL_ID names a model at its end of life: name another",
    "legacy": "MODEL_ID names a legacy model that this account has not used lately: name another",
}
BY_CODE = {
    "AccessDeniedException": "the execution role may not invoke this profile, its models in every "
    "destination region or this guardrail version; or the account has no access to the model",
    "ResourceNotFoundException": "MODEL_ID names a model or profile that is not in this region, or "
    "is at its end of life",
    "ValidationException": "Bedrock refused the request: check MODEL_ID, MAX_OUTPUT_TOKENS, "
    "ADDITIONAL_REQUEST_FIELDS and the guardrail",
}
# IAM User Guide, "Troubleshoot access denied error messages": which kind of policy denied, and for
# one of the organization its ARN.
EXPLICIT_DENY = re.compile(
    r"with an explicit deny in (?P<kind>an? (?:[A-Za-z-]+ ){1,3}(?:policy|boundary))"
    r"(?:: (?P<arn>arn:aws[a-z-]*:[a-z]+::[0-9]{12}:policy/[A-Za-z0-9_/-]{1,128}))?"
)
RESOURCE_REGION = re.compile(r"on resource: arn:aws[a-z-]*:bedrock:([a-z0-9-]+):")
APPLY_GUARDRAIL = re.compile(
    r"bedrock:ApplyGuardrail on resource: "
    r"(arn:aws[a-z-]*:bedrock:[a-z0-9-]+:[0-9]{12}:guardrail/([a-z0-9]+))"
)


# The model was not asked, so nothing is paid. Of any other error nobody says so.
UNPAID = frozenset(
    {
        "AccessDeniedException",
        "ModelNotReadyException",
        "ResourceNotFoundException",
        "ServiceQuotaExceededException",
        "ThrottlingException",
        "ValidationException",
    }
)


def unpaid(error: RefusedError) -> bool:
    """Return whether a refused call is known to cost nothing."""
    return error.code in UNPAID and not filtered(error)


def may_pass(error: RefusedError) -> bool:
    """Return whether a second try may be answered."""
    return error.code in TRANSIENT_CODES and "tokens per day" not in error.message.lower()


def filtered(error: RefusedError) -> bool:
    """Return whether the model's provider withheld the answer, which is a block and no failure."""
    return error.code == "ValidationException" and bool(FILTERED_OUTPUT.search(error.message))


def translate(error: RefusedError, attempts: int, guardrail_id: str) -> ChatbotError:
    details: dict[str, str | int] = {
        "cause": error.code,
        "aws_status": error.status,
        "aws_request_id": error.request_id,
        "attempts": attempts,
    }
    if error.code == "ValidationException":
        if BLANK_MESSAGE.search(error.message):
            return InvalidRequestError('The field "message" is empty.', **details)
        if LONG_MESSAGE.search(error.message):
            return InvalidRequestError('The field "message" is too long; shorten it.', **details)
    kind = ERRORS.get(error.code) or _by_status(error.status)
    if advice := _hint(kind, error, guardrail_id):
        details["hint"] = advice
    return kind(**details)


def _by_status(status: int) -> type[ChatbotError]:
    if status == 429:
        return ModelThrottledError
    if status == 503:
        return ModelUnavailableError
    return ModelFailedError if status >= 500 else InternalError


def _hint(kind: type[ChatbotError], error: RefusedError, guardrail_id: str) -> str | None:
    """Return where the operator should look, None where the code says it all."""
    text = error.message.lower()
    if kind is ModelThrottledError:
        return BY_TEXT["tokens per day"] if "tokens per day" in text else None
    if kind is not InternalError:
        return None
    if denied := EXPLICIT_DENY.search(error.message):
        return _denied(denied, RESOURCE_REGION.search(error.message))
    applied = APPLY_GUARDRAIL.search(error.message)
    if applied and applied[2] != guardrail_id.rpartition("/")[2]:
        return (
            f"the account or organization enforces {applied[1]}, which the role may not apply: "
            "name it in enforced_guardrail_arns"
        )
    if "guardrail" in text:
        return (
            "the guardrail or this version of it does not exist in this region, or the role may "
            "not apply it: compare GUARDRAIL_ID, GUARDRAIL_VERSION and AWS_REGION with it"
        )
    for words, advice in BY_TEXT.items():
        if words in text:
            return advice
    return BY_CODE.get(
        error.code,
        "Bedrock refused the call: check the role's credentials, the region and the endpoint",
    )


def _denied(policy: re.Match[str], region: re.Match[str] | None) -> str:
    name = f" ({policy['arn']})" if policy["arn"] else ""
    where = f" in {region[1]}" if region else ""
    advice = (
        "it must allow every region that the profile routes to"
        if "control policy" in policy["kind"]
        else "the role names another guardrail version, or something was attached to it"
    )
    return f"{policy['kind']}{name} denies the call{where}: {advice}"
