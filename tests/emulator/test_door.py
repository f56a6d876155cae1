"""The door: a request is read once, and walks its steps in their order."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator.bedrock import conversation
from emulator.iam import Authorizer
from emulator.server import Server
from emulator.wire import operations
from tests.emulator.conftest import Emulator
from tests.emulator.shown import allow, refusal, unique

MODEL = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
EVERYTHING = [allow("*")]


@pytest.fixture(scope="module")
def alone() -> Iterator[Emulator]:
    """An emulator that nothing else calls meanwhile: no trail is there to be delivered."""
    server = Server(port=0)
    server.start()
    yield Emulator(server)
    server.stop()


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count how often requests are identified, read and authenticated."""
    seen: Counter[str] = Counter()

    def count(owner: object, name: str, what: str) -> None:
        original = getattr(owner, name)

        def counting(*args: object, **kwargs: object) -> object:
            seen[what] += 1
            return original(*args, **kwargs)

        monkeypatch.setattr(owner, name, counting)

    count(operations, "credential", "identified")
    count(operations, "parameters", "read")
    count(conversation, "strict_json", "read")
    count(Authorizer, "authenticate", "authenticated")
    return seen


CALLS: dict[str, Callable[[Callable[[str], Any], str], object]] = {
    "the control plane": lambda client, _: client("logs").describe_log_groups(limit=1),
    "inference": lambda client, _: client("bedrock-runtime").converse(
        modelId=MODEL, messages=[{"role": "user", "content": [{"text": "Where is it?"}]}]
    ),
    "an invocation": lambda client, function: client("lambda").invoke(
        FunctionName=function, InvocationType="DryRun"
    ),
}


@pytest.mark.parametrize("way", CALLS)
def test_a_call_is_identified_read_and_authenticated_once(
    alone: Emulator, counted: Counter[str], package: bytes, way: str
) -> None:
    role = alone.role(unique("once"), EVERYTHING)
    function = unique("once")
    alone.function(function, package, Role=role["Arn"])

    def client(service: str) -> Any:
        return alone.client(service, role)

    CALLS[way](client, function)  # reads what was applied, through calls of the emulator's own
    counted.clear()
    CALLS[way](client, function)
    assert counted == {"identified": 1, "read": 1, "authenticated": 1}


def test_a_caller_without_permission_does_not_learn_what_is_not_implemented(
    emulator: Emulator,
) -> None:
    for role, status in ((None, 501), (emulator.role(unique("nothing"), []), 400)):
        assert refusal(emulator.client("kms", role).list_grants, KeyId="k")[0] == status


def test_a_caller_without_permission_does_not_learn_what_is_malformed(emulator: Emulator) -> None:
    allowed = emulator.role(unique("allowed"), [{**EVERYTHING[0], "Action": "logs:*"}])
    for role, code in (
        (allowed, "InvalidParameterException"),
        (emulator.role(unique("nothing"), []), "AccessDeniedException"),
    ):
        create = emulator.client("logs", role).create_log_group
        assert refusal(create, logGroupName="no spaces")[1] == code


def test_every_answer_of_a_known_caller_is_recorded_and_no_strangers(emulator: Emulator) -> None:
    name = unique("/t/recorded")
    denied = emulator.role(unique("denied"), [])
    stranger = {"AccessKeyId": "ASIAUNKNOWN", "SecretAccessKey": "x", "SessionToken": "x"}
    for caller in (denied, stranger, None):
        try:
            emulator.client("logs", caller).create_log_group(logGroupName=name)
        except ClientError as error:
            assert caller is not None, error  # noqa: PT017  # the administrator may
    events = [
        event
        for page in emulator.client("cloudtrail").get_paginator("lookup_events").paginate()
        for event in page["Events"]
        if name in event["CloudTrailEvent"]
    ]
    denials = ['"errorCode": "AccessDenied"' in event["CloudTrailEvent"] for event in events]
    assert denials == [False, True]
