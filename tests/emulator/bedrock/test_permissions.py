"""Who may call Bedrock's runtime, and what each call must be allowed."""

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from moto.sts.models import sts_backends

from tests.emulator.bedrock.conftest import (
    DESTINATIONS,
    MODEL,
    PROFILE,
    PROFILE_ARN,
    PROJECT,
    QUESTION,
    post,
)
from tests.emulator.conftest import ACCOUNT, Emulator
from tests.emulator.shown import allow, deny, unique

if TYPE_CHECKING:
    from collections.abc import Callable


def statements(
    guardrail: dict[str, str], *, without: str = "", version: str = "1"
) -> list[dict[str, Any]]:
    """Return what the function's role needs, less the statement that a test takes away."""
    invoke = "bedrock:InvokeModel"
    known_as = f"{guardrail['arn']}:{version}"
    parts: dict[str, dict[str, Any]] = {
        "profile": allow(invoke, PROFILE_ARN),
        "project": allow(invoke, PROJECT),
        "guardrail": allow("bedrock:ApplyGuardrail", guardrail["arn"]),
        "fence": deny(
            invoke,
            "arn:aws:bedrock:*::foundation-model/*",
            Condition={"StringNotEquals": {"bedrock:GuardrailIdentifier": known_as}},
        ),
    }
    for arn in DESTINATIONS:
        parts[arn.split(":")[3]] = allow(
            invoke,
            arn,
            Condition={
                "StringEquals": {
                    "bedrock:InferenceProfileArn": PROFILE_ARN,
                    "aws:RequestedRegion": arn.split(":")[3],
                }
            },
        )
    return [statement for name, statement in parts.items() if name != without]


def ask_as(
    emulator: Emulator, role: dict[str, Any], guardrail: dict[str, str] | None, **changes: Any
) -> Any:
    request: dict[str, Any] = {
        "modelId": PROFILE,
        "messages": [{"role": "user", "content": [{"text": QUESTION}]}],
    }
    if guardrail:
        request["guardrailConfig"] = {
            "guardrailIdentifier": guardrail["id"],
            "guardrailVersion": "1",
        }
    return emulator.client("bedrock-runtime", role).converse(**request | changes)


def test_the_functions_role_may_ask_under_its_guardrail(
    emulator: Emulator, guardrail: dict[str, str]
) -> None:
    role = emulator.role(unique("complete"), statements(guardrail))
    assert ask_as(emulator, role, guardrail)["stopReason"] == "end_turn"


@pytest.mark.parametrize(
    ("without", "resource"),
    [
        ("profile", PROFILE_ARN),
        ("project", PROJECT),
        ("us-east-1", DESTINATIONS[0]),
        ("us-west-2", DESTINATIONS[2]),
    ],
)
def test_each_permission_is_needed(
    emulator: Emulator, guardrail: dict[str, str], without: str, resource: str
) -> None:
    role = emulator.role(unique("lacking"), statements(guardrail, without=without))
    with pytest.raises(ClientError) as caught:
        ask_as(emulator, role, guardrail)
    assert caught.value.response["Error"]["Code"] == "AccessDeniedException"
    assert (
        f"is not authorized to perform: bedrock:InvokeModel on resource: {resource} because no"
        " identity-based policy allows the bedrock:InvokeModel action"
    ) in str(caught.value)


def test_applying_the_guardrail_is_a_permission_of_its_own(
    emulator: Emulator, guardrail: dict[str, str]
) -> None:
    role = emulator.role(unique("unguarded"), statements(guardrail, without="guardrail"))
    with pytest.raises(ClientError, match="perform: bedrock:ApplyGuardrail on resource"):
        ask_as(emulator, role, guardrail)


@pytest.mark.parametrize("version", [None, "DRAFT"])
def test_the_fence_stops_calls_without_the_published_guardrail(
    emulator: Emulator, guardrail: dict[str, str], version: str | None
) -> None:
    role = emulator.role(unique("fenced"), statements(guardrail))
    config = {"guardrailIdentifier": guardrail["id"], "guardrailVersion": version}
    changes = {"guardrailConfig": config} if version else {}
    with pytest.raises(ClientError, match="explicit deny in an identity-based policy"):
        ask_as(emulator, role, None, **changes)


def test_the_model_cannot_be_used_without_the_profile(
    emulator: Emulator, guardrail: dict[str, str]
) -> None:
    role = emulator.role(unique("direct"), statements(guardrail))
    with pytest.raises(ClientError, match="AccessDenied"):
        ask_as(emulator, role, guardrail, modelId=MODEL)


def test_an_unknown_or_missing_key_is_refused(emulator: Emulator) -> None:
    body = json.dumps({"messages": [{"role": "user", "content": [{"text": "x"}]}]}).encode()
    path = f"/model/{PROFILE}/converse"
    stranger = post(emulator, path, body, key="AKIAIOSFODNN7EXAMPLE")
    assert stranger.status == 403
    assert stranger.headers["x-amzn-errortype"] == "UnrecognizedClientException"
    unsigned = emulator.request("POST", path, body)
    assert unsigned.status == 403
    assert unsigned.headers["x-amzn-errortype"] == "MissingAuthenticationTokenException"
    assert unsigned.json() == {"message": "Missing Authentication Token"}


@pytest.mark.parametrize("token", [None, "made-up"])
def test_a_key_without_its_session_token_is_no_key(
    emulator: Emulator, guardrail: dict[str, str], token: str | None
) -> None:
    role = emulator.role(unique("tokenless"), statements(guardrail))
    runtime = emulator.client("bedrock-runtime", role | {"SessionToken": token})
    texts = [{"text": {"text": QUESTION}}]
    calls: list[Callable[[], Any]] = [
        lambda: ask_as(emulator, role | {"SessionToken": token}, guardrail),
        lambda: runtime.apply_guardrail(
            guardrailIdentifier=guardrail["id"], guardrailVersion="1", source="INPUT", content=texts
        ),
    ]
    for refused in calls:
        with pytest.raises(ClientError) as caught:
            refused()
        assert caught.value.response["Error"]["Code"] == "UnrecognizedClientException"


def test_an_expired_key_is_named_as_expired(emulator: Emulator, guardrail: dict[str, str]) -> None:
    role = emulator.role(unique("expired"), statements(guardrail))
    session = sts_backends[ACCOUNT]["aws"].get_assumed_role_from_access_key(role["AccessKeyId"])
    assert session is not None
    session.expiration = datetime(2020, 1, 1)  # noqa: DTZ001  # as moto stores it
    with pytest.raises(ClientError) as caught:
        ask_as(emulator, role, guardrail)
    assert caught.value.response["Error"]["Code"] == "ExpiredTokenException"


@pytest.mark.parametrize(
    ("scope", "message"),
    [
        ({"service": "s3"}, "Credential should be scoped to correct service: 'bedrock'."),
        ({"region": "eu-west-1"}, "Credential should be scoped to a valid region."),
    ],
)
def test_a_signature_for_elsewhere_is_refused(
    emulator: Emulator, scope: dict[str, str], message: str
) -> None:
    # Whoever was answered in spite of it would have stayed out of the trail.
    answer = post(emulator, f"/model/{PROFILE}/converse", b"{}", **scope)
    assert (answer.status, answer.headers["x-amzn-errortype"]) == (403, "InvalidSignatureException")
    assert answer.json() == {"message": message}


@pytest.mark.parametrize(("network", "allowed"), [("127.0.0.0/8", True), ("192.0.2.0/24", False)])
def test_the_callers_address_can_be_a_condition(
    emulator: Emulator, guardrail: dict[str, str], network: str, allowed: bool
) -> None:
    fence = deny("bedrock:*", Condition={"NotIpAddress": {"aws:SourceIp": network}})
    role = emulator.role(unique("address"), [*statements(guardrail), fence])
    if allowed:
        assert ask_as(emulator, role, guardrail)["stopReason"] == "end_turn"
    else:
        with pytest.raises(ClientError, match="explicit deny"):
            ask_as(emulator, role, guardrail)


def test_operations_that_are_absent_ask_for_leave_first(
    emulator: Emulator, guardrail: dict[str, str]
) -> None:
    runtime = emulator.client("bedrock-runtime", emulator.role(unique("absent"), []))
    fenced = emulator.client(
        "bedrock-runtime", emulator.role(unique("invoking"), statements(guardrail))
    )
    messages = [{"role": "user", "content": [{"text": QUESTION}]}]
    calls: list[tuple[Callable[[], Any], str]] = [
        (lambda: runtime.invoke_model(modelId=PROFILE, body=b"{}"), "perform: bedrock:InvokeModel"),
        (
            lambda: runtime.converse_stream(modelId=PROFILE, messages=messages),
            "perform: bedrock:InvokeModelWithResponseStream",
        ),
        (
            lambda: runtime.count_tokens(modelId=PROFILE, input={"converse": {}}),
            "perform: bedrock:CountTokens",
        ),
        (lambda: fenced.invoke_model(modelId=PROFILE, body=b"{}"), "explicit deny"),
    ]
    for call, refusal in calls:
        with pytest.raises(ClientError, match=refusal) as caught:
            call()
        assert caught.value.response["Error"]["Code"] == "AccessDeniedException"
    with pytest.raises(ClientError, match="answers Converse and ApplyGuardrail only") as caught:
        fenced.invoke_model(
            modelId=PROFILE, body=b"{}", guardrailIdentifier=guardrail["id"], guardrailVersion="1"
        )
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
