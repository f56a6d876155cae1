"""What AWS's refusals mean: texts as AWS sends them, as far as users have reported them."""

import re
from pathlib import Path
from typing import Any

import pytest

from chatbot import refusals
from chatbot.endpoint import RefusedError

RUNBOOK = (Path(__file__).parents[3] / "docs" / "operations.md").read_text()
CALLER = (
    "User: arn:aws:sts::111122223333:assumed-role/chatbot-dev-execution/chatbot-dev is not "
    "authorized to perform: "
)
FORM = (
    "Model use case details have not been submitted for this account. Fill out the Anthropic use "
    "case details form before using the model. If you have already filled out the form, try again "
    "in 15 minutes."
)
MODEL = "arn:aws:bedrock:us-west-2::foundation-model/anthropic.claude-haiku-4-5-20251001-v1:0"
SCP = "arn:aws:organizations::111122223333:policy/o-exampleorg1/service_control_policy/p-examplepo1"
GUARDRAIL = "arn:aws:bedrock:us-east-2:111122223333:guardrail/"

HINTS = [
    pytest.param("ResourceNotFoundException", 404, FORM, ["first-use form"], id="form"),
    pytest.param("ValidationException", 400, FORM, ["first-use form"], id="form, 400"),
    pytest.param("ValidationException", 400,
     "The model returned the following errors: You have not filled out the required use-case "
     "form for this model. Complete the form at https://us-east-2.console.aws.amazon.com/bedrock"
     "/ before requesting access.", ["first-use form"], id="form, the provider's words"),
    pytest.param("AccessDeniedException", 403,
     "Model access is denied due to IAM user or service role is not authorized to perform the "
     "required AWS Marketplace actions (aws-marketplace:ViewSubscriptions, "
     "aws-marketplace:Subscribe) to enable access to this model. Refer to the Amazon Bedrock "
     "documentation for further details. Your AWS Marketplace subscription for this model "
     "cannot be completed at this time.", ["no subscription to this model", "administrator"],
     id="subscription"),
    pytest.param("AccessDeniedException", 403,
     "Model access is denied due to INVALID_PAYMENT_INSTRUMENT:A valid payment instrument must "
     "be provided. Your AWS Marketplace subscription for this model cannot be completed at this "
     "time. If you recently fixed this issue, try again after 2 minutes.",
     ["payment method", "Billing console"], id="payment"),
    pytest.param("AccessDeniedException", 403,
     f"{CALLER}bedrock:InvokeModel on resource: {MODEL} with an explicit deny in a service "
     f"control policy: {SCP}", ["a service control policy", SCP, "in us-west-2", "every region"],
     id="service control policy"),
    pytest.param("AccessDeniedException", 403,
     f"{CALLER}bedrock:InvokeModel on resource: {MODEL} with an explicit deny in a service "
     "control policy", ["a service control policy denies the call in us-west-2"],
     id="service control policy, not named"),
    pytest.param("AccessDeniedException", 403,
     f"{CALLER}bedrock:InvokeModel on resource: {MODEL} with an explicit deny in an "
     "identity-based policy", ["an identity-based policy", "another guardrail version"],
     id="the role's own Deny"),
    pytest.param("AccessDeniedException", 403,
     f"{CALLER}bedrock:ApplyGuardrail on resource: {GUARDRAIL}enf0rced because no "
     "identity-based policy allows the bedrock:ApplyGuardrail action",
     [f"enforces {GUARDRAIL}enf0rced", "enforced_guardrail_arns"], id="enforced guardrail"),
    pytest.param("AccessDeniedException", 403,
     f"{CALLER}bedrock:ApplyGuardrail on resource: {GUARDRAIL}gr4ha1rd because no "
     "identity-based policy allows the bedrock:ApplyGuardrail action",
     ["GUARDRAIL_ID, GUARDRAIL_VERSION"], id="own guardrail"),
    pytest.param("ValidationException", 400,
     "The guardrail identifier or version provided in the request does not exist.",
     ["GUARDRAIL_VERSION"], id="unknown guardrail"),
    pytest.param("AccessDeniedException", 403,
     f"{CALLER}bedrock:InvokeModel on resource: {MODEL} because no identity-based policy allows "
     "the bedrock:InvokeModel action", ["execution role", "destination region"],
     id="the role lacks a permission"),
    pytest.param("ValidationException", 400,
     "Invocation of model ID x with on-demand throughput isn't supported.", ["inference profile"],
     id="bare model id"),
    pytest.param("ResourceNotFoundException", 404,
     "This model version has reached the end of its life.",
     ["a model at its end of life: name another"], id="end of life"),
    pytest.param("ResourceNotFoundException", 404,
     "Access denied. This Model is marked by provider as Legacy and you have not been actively "
     "using the model in the last 30 days.", ["legacy model"], id="legacy"),
    pytest.param("ResourceNotFoundException", 404, "The requested resource is not found.",
     ["model or profile that is not in this region"], id="not in this region"),
    pytest.param("ValidationException", 400, "The provided model identifier is invalid.",
     ["MODEL_ID, MAX_OUTPUT_TOKENS"], id="anything else"),
    pytest.param("UnrecognizedClientException", 403,
     "The security token included in the request is invalid.", ["credentials"], id="credentials"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "status", "message", "words"), HINTS)
def test_a_misconfiguration_tells_the_operator_where_to_look(
    invoke: Any, code: str, status: int, message: str, words: list[str]
) -> None:
    said = invoke(RefusedError(code, status, message, "aws-1"))
    assert (said.status, said.code, len(said.requests)) == (500, "internal_error", 1)
    (line,) = said.logs
    assert [word for word in words if word not in line["hint"]] == []
    assert (line["cause"], line["aws_status"], line["aws_request_id"]) == (code, status, "aws-1")
    assert message not in said.raw_output
    assert line["hint"] not in str(said.body)


def test_the_runbook_has_a_line_for_each_hint() -> None:
    """What stands in a line's first cell, up to where a name is put in, is what the hint says."""
    section = RUNBOOK.partition("### internal-errors")[2].partition("\n### ")[0]
    lines = re.findall(r"^\| (?!`hint`)([^|]+[a-z].*?) \|", section, re.MULTILINE)
    for case in HINTS:
        code, status, message, _ = case.values
        error = RefusedError(str(code), int(str(status)), str(message))
        hint = str(refusals.translate(error, 1, "gr4ha1rd").details["hint"])
        assert any(all(part in hint for part in line.split(" … ")) for line in named(lines)), hint


def named(lines: list[str]) -> list[str]:
    return [part.removesuffix(" …") for line in lines for part in line.split(", ")]


def test_the_hint_of_the_first_day_is_never_the_model_id(invoke: Any) -> None:
    for code in ("ResourceNotFoundException", "ValidationException"):
        assert "MODEL_ID" not in invoke(RefusedError(code, 400, FORM)).logs[0]["hint"]


def test_the_tokens_of_a_day_are_not_asked_for_again(invoke: Any) -> None:
    message = "Too many tokens per day, please wait before trying again."
    said = invoke(RefusedError("ThrottlingException", 429, message))
    assert (said.status, said.code, len(said.requests)) == (429, "model_throttled", 1)
    assert "Service Quotas" in said.logs[0]["hint"]
    busy = invoke(RefusedError("ThrottlingException", 429, "Too many tokens, please wait."))
    assert len(busy.requests) == 3
    assert "hint" not in busy.logs[0]


PROVIDER = "The model returned the following errors: "
CALLERS = [
    "The text field in the ContentBlock object at messages.0.content.0 is blank. Add text.",
    f"{PROVIDER}messages: text content blocks must contain non-whitespace text",
    f"{PROVIDER}messages.0: text content blocks must be non-empty",
    "Input is too long for requested model.",
    f"{PROVIDER}prompt is too long: 209,000 tokens > 200,000",
]


@pytest.mark.parametrize("message", CALLERS)
def test_what_a_caller_can_make_bedrock_refuse_is_the_callers_to_mend(
    invoke: Any, message: str
) -> None:
    said = invoke(RefusedError("ValidationException", 400, message, "aws-1"))
    assert (said.status, said.code) == (400, "invalid_request")
    assert said.metrics == {"Requests": 1, "Refused": 1}
    assert said.logs[0]["aws_request_id"] == "aws-1"


def test_a_blank_system_prompt_is_the_operators_to_mend(invoke: Any) -> None:
    message = "The text field in the SystemContentBlock object at system.0 is blank."
    assert invoke(RefusedError("ValidationException", 400, message)).code == "internal_error"


def test_an_answer_that_the_provider_withheld_is_a_block(invoke: Any) -> None:
    message = f"{PROVIDER}Output blocked by content filtering policy"
    said = invoke(RefusedError("ValidationException", 400, message))
    assert (said.status, said.body["blocked"]) == (200, True)
    assert (said.body["stop_reason"], said.metrics["Blocked"]) == ("content_filtered", 1)
    # Nobody knows what it cost.
    assert said.body["usage"] == {"input_tokens": 0, "output_tokens": 0}
    assert (said.metrics["ModelLatency"], said.logs[0]["attempts"]) == (0, 1)
