"""Attacks with the function's role: each is refused, by more than one lock."""

import re
from collections.abc import Iterable, Iterator

import pytest

from iam_policy import Decision
from tests.terraform.roles import (
    ADMINISTRATOR,
    BEDROCK,
    GLOBAL,
    GLOBAL_PROFILE,
    GUARDRAIL,
    LOGS,
    MODEL,
    MODELS,
    NAME,
    PROFILE,
    PROJECT,
    REGION,
    Role,
)
from toolkit.offline import ACCOUNT

GUARDED = {"bedrock:GuardrailIdentifier": f"{GUARDRAIL}:1"}
ROUTED = {"bedrock:InferenceProfileArn": PROFILE}
HERE = f"arn:aws:bedrock:{REGION}::foundation-model/{MODEL}"
UNGUARDED = "guardrail/DenyModelsWithoutGuardrail"


def converse(
    role: Role, profile: str, models: Iterable[str], guardrail: str | None
) -> Iterator[tuple[str, Decision]]:
    """Ask all that one Converse request is asked for, with each model that it may be routed to."""
    context = {"bedrock:InferenceProfileArn": profile}
    if guardrail:
        context["bedrock:GuardrailIdentifier"] = guardrail
        without_version = re.sub(r":\w+$", "", guardrail) if guardrail.count(":") > 5 else guardrail
        yield "guardrail", role.may("bedrock:ApplyGuardrail", without_version, {})
    yield "project", role.may("bedrock:InvokeModel", PROJECT, {})
    yield "profile", role.may("bedrock:InvokeModel", profile, {})
    for model in models:
        yield model, role.may("bedrock:InvokeModel", model, context)


def test_a_guarded_request_through_the_profile_is_allowed_wherever_it_is_routed(
    function: Role,
) -> None:
    answers = dict(converse(function, PROFILE, sorted(MODELS), f"{GUARDRAIL}:1"))
    assert len(answers) == 6
    assert {what for what, decision in answers.items() if not decision.allowed} == set()


@pytest.mark.parametrize(
    ("guardrail", "refused"),
    [
        (None, MODELS),
        (GUARDRAIL, MODELS),  # DRAFT has no number
        (f"{GUARDRAIL}:2", MODELS),
        (f"{GUARDRAIL}:10", MODELS),
        (f"{BEDROCK}:guardrail/other:1", {"guardrail", *MODELS}),
        (f"arn:aws:bedrock:{REGION}:444455556666:guardrail/abcdefghij12:1", {"guardrail", *MODELS}),
    ],
    ids=["none", "draft", "next version", "begins alike", "another", "another account's"],
)
def test_no_model_answers_without_this_guardrail(
    function: Role, guardrail: str | None, refused: set[str]
) -> None:
    answers = dict(converse(function, PROFILE, MODELS, guardrail))
    assert {what for what, decision in answers.items() if not decision.allowed} == refused
    for model in MODELS:
        assert (answers[model].reason, answers[model].by) == ("explicit_deny", UNGUARDED)


INVOKE, STREAM = "bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"
BY_GLOBAL = GUARDED | {"bedrock:InferenceProfileArn": GLOBAL_PROFILE}
OPUS = f"arn:aws:bedrock:{REGION}::foundation-model/anthropic.claude-opus-4-20250514-v1:0"
MANTLE = f"arn:aws:bedrock-mantle:{REGION}:{ACCOUNT}:project/default"
THEIRS = f"arn:aws:bedrock:{REGION}:444455556666:inference-profile/us.{MODEL}"

# Attack -> action, resource, context: no policy allows it.
NOT_ALLOWED: dict[str, tuple[str, str, dict[str, str]]] = {
    "model without the profile": (INVOKE, HERE, GUARDED),
    "streaming past the code": (STREAM, HERE, GUARDED | ROUTED),
    "another model": (INVOKE, OPUS, GUARDED | ROUTED),
    "another region": (INVOKE, HERE.replace(REGION, "eu-west-1"), GUARDED | ROUTED),
    "global profile": (INVOKE, GLOBAL_PROFILE, {}),
    "global profile's model": (INVOKE, HERE.replace(REGION, ""), BY_GLOBAL),
    "our model by the global profile": (INVOKE, HERE, BY_GLOBAL),
    "another account's profile": (INVOKE, THEIRS, {}),
    "imported model": (INVOKE, f"{BEDROCK}:imported-model/some", GUARDED),
    "prompt router": (INVOKE, f"{BEDROCK}:prompt-router/some", GUARDED),
    "asynchronous job": (INVOKE, f"{BEDROCK}:async-invoke/some", GUARDED),
    "another project": (INVOKE, f"{BEDROCK}:project/other", {}),
    "prompts of others": ("logs:FilterLogEvents", f"{LOGS}/aws/bedrock/model-invocations:*", {}),
}
# The statement that denies it -> attack -> action, resource, context.
DENIED: dict[str, dict[str, tuple[str, str, dict[str, str]]]] = {
    UNGUARDED: {
        "bare model, no guardrail": (INVOKE, HERE, {}),
        "streaming, no guardrail": (STREAM, HERE, ROUTED),
    },
    "UnguardedInference": {
        "batch job": ("bedrock:CreateModelInvocationJob", PROFILE, {}),
        "agent": ("bedrock:InvokeAgent", f"{BEDROCK}:agent-alias/some/some", {}),
        "inline agent": ("bedrock:InvokeInlineAgent", "*", {}),
        "flow": ("bedrock:InvokeFlow", f"{BEDROCK}:flow/some", {}),
        "knowledge base": ("bedrock:RetrieveAndGenerate", "*", {}),
        "mantle": ("bedrock-mantle:CreateInference", MANTLE, {}),
        "bearer token": ("bedrock:CallWithBearerToken", "*", {}),
        "mantle's bearer token": ("bedrock-mantle:CallWithBearerToken", "*", {}),
        "profile of one's own": ("bedrock:CreateInferenceProfile", PROFILE, {}),
    },
    "GuardrailChanges": {
        "new version of the guardrail": ("bedrock:CreateGuardrailVersion", GUARDRAIL, {}),
        "weaker guardrail": ("bedrock:UpdateGuardrail", GUARDRAIL, {}),
    },
    "InvocationLoggingChanges": {
        "logging off": ("bedrock:DeleteModelInvocationLoggingConfiguration", "*", {}),
    },
    "PrivilegeChanges": {
        "another role": ("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/deploy", {}),
        "long-lived Bedrock key": (
            "iam:CreateServiceSpecificCredential",
            f"arn:aws:iam::{ACCOUNT}:user/any",
            {},
        ),
    },
    "FunctionChanges": {
        "own code": (
            "lambda:UpdateFunctionConfiguration",
            f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{NAME}",
            {},
        ),
    },
}
# An administrator's policy opens these, at the price of a guardrail.
AT_A_PRICE = {"model without the profile", "our model by the global profile"}


@pytest.mark.parametrize("attack", NOT_ALLOWED)
def test_nothing_allows_the_functions_role(function: Role, attack: str) -> None:
    decision = function.may(*NOT_ALLOWED[attack])
    assert (decision.reason, decision.by) == ("implicit_deny", "identity")
    decision = function.may(*NOT_ALLOWED[attack], ADMINISTRATOR)
    assert decision.allowed == (attack in AT_A_PRICE)
    assert decision.allowed or (decision.reason, decision.by) == ("implicit_deny", "boundary")


@pytest.mark.parametrize(
    ("statement", "attack"), [(by, attack) for by, attacks in DENIED.items() for attack in attacks]
)
def test_the_functions_role_is_denied(function: Role, statement: str, attack: str) -> None:
    by = statement if "/" in statement else f"{GLOBAL}-deny-tampering/Deny{statement}"
    for more in ((), (ADMINISTRATOR,)):
        decision = function.may(*DENIED[statement][attack], *more)
        assert (decision.reason, decision.by) == ("explicit_deny", by)
