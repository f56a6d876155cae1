"""Proofs of conversations: what is sent before a request, and what the model must be given."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.unit.fake_aws import FakeAws
from toolkit.proofs import turns
from toolkit.proofs.applied import Applied
from toolkit.proofs.cases import Case
from toolkit.proofs.client import Answer, Pace
from toolkit.proofs.deployment import Deployment
from toolkit.proofs.errors import CannotAskError
from toolkit.proofs.kinds import Rehearsed, Request
from toolkit.proofs.requests import passes_through
from toolkit.proofs.run import Run

ABOUT: dict[str, Any] = {"layer": "compute", "control": "c", "name": "n"}
KNOWN = "A" * 24
LIMITS = Applied({"conversation_chars": 100, "conversation_turns": 2})


def ask(**what: Any) -> Request:
    return Request(**({**ABOUT, "message": "And then?"} | what))


def answered(text: str = "Yes.", *, blocked: bool = False, status: int = 200) -> Answer:
    body = {"response": text, "blocked": blocked, "conversation_id": KNOWN}
    return Answer(status, {"x-amzn-requestid": "r"}, json.dumps(body).encode())


class Chat:
    """A deployment's API that answers everything, and remembers what it was asked by which key."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sent: list[tuple[str, str, str, str]] = []
        self.deployment = Deployment("https://chat.example/chat", "the-own-key")
        self.deployment.http.pace = Pace(0.0, 0.0)
        self.deployment.applied = Applied({}, {"a": "the-own-key", "b": "key-b", "c": "key-c"})
        monkeypatch.setattr(self.deployment.http, "send", self.send)
        monkeypatch.setattr(self.deployment.http, "rest", lambda _: None)

    def send(self, request: Request, key: str, address: str, token: str = "") -> Answer:
        del address, token
        body = json.loads(request.content() or b"{}")
        known = body.get("conversation_id", "")
        self.sent.append((request.method + request.path, body.get("message", ""), known, key))
        return answered() if request.method == "POST" else Answer(204, {}, b"")


@pytest.fixture
def chat(monkeypatch: pytest.MonkeyPatch) -> Chat:
    return Chat(monkeypatch)


def test_its_turns_come_first_by_its_holder_and_in_one_conversation(chat: Chat) -> None:
    answers = chat.deployment.ask(ask(earlier=("One?",), blocked_turn="Two?", key="other"))
    assert len(answers) == 3
    assert chat.sent == [
        ("POST", "One?", "", "the-own-key"),
        ("POST", "Two?", KNOWN, "the-own-key"),
        ("POST", "And then?", KNOWN, "key-b"),
    ]


def test_it_is_deleted_before_or_by_the_request_itself(chat: Chat) -> None:
    chat.deployment.ask(ask(earlier=("One?",), conversation="ended"))
    chat.deployment.ask(ask(earlier=("One?",), method="DELETE", message=None, content_type=""))
    assert [what for what, *_ in chat.sent] == [
        *("POST", f"DELETE/{KNOWN}", "POST"),
        *("POST", f"DELETE/{KNOWN}"),
    ]


def test_an_id_that_nobody_has_is_another_each_time(chat: Chat) -> None:
    for _ in range(2):
        chat.deployment.ask(ask(conversation="unknown"))
    (first, second) = (known for _, _, known, _ in chat.sent)
    assert len(first) == len(second) == len(KNOWN)
    assert first != second


def test_two_at_once_are_of_the_same_conversation(chat: Chat) -> None:
    answers = chat.deployment.ask(ask(earlier=("One?",), twice=True))
    assert len(answers) == 3
    assert chat.sent[1:] == [("POST", "And then?", KNOWN, "the-own-key")] * 2


def test_another_client_is_one_that_may_ask(chat: Chat) -> None:
    applied = {"disabled_clients": [{"client": "b"}]}
    chat.deployment.applied = Applied(applied, chat.deployment.applied.keys)
    assert chat.deployment.key(ask(key="other")) == "key-c"
    chat.deployment.applied = Applied(applied, {"a": "the-own-key", "b": "key-b"})
    with pytest.raises(CannotAskError, match="no other client"):
        chat.deployment.key(ask(key="other"))


@pytest.mark.parametrize(
    ("request_", "answers", "said"),
    [
        (ask(earlier=("One?",)), [answered()], ""),
        (ask(earlier=("One?",)), [answered(blocked=True)], "blocked is True"),
        (ask(earlier=("One?",)), [answered(status=503)], "503"),
        (ask(earlier=("One?",)), [], "were not answered"),
        (ask(blocked_turn="Bad?"), [answered(blocked=True)], ""),
        (ask(blocked_turn="Bad?"), [answered()], "blocked is False"),
        (ask(conversation="ended"), [Answer(204, {}, b"")], ""),
        (ask(conversation="ended"), [Answer(404, {}, b"")], "not deleted: 404"),
    ],
)
def test_a_turn_before_it_that_went_otherwise_is_reported(
    request_: Request, answers: list[Answer], said: str
) -> None:
    found = "; ".join(turns.wrong(request_, answers))
    assert said in found
    assert bool(found) is bool(said)


def record(*texts: str) -> Mapping[str, Any]:
    messages = [{"content": [{"text": text}]} for text in texts]
    return {"input": {"inputBodyJson": {"messages": messages}}}


ONE, LONG = (ask(earlier=("One?",)), ask(earlier=("x" * 90, "Two?", "Three?")))
ANSWERED = [answered(), answered(), answered()]


@pytest.mark.parametrize(
    ("request_", "answers", "given", "right"),
    [
        (ONE, ANSWERED, ("One?", "Yes.", "And then?"), True),
        (ONE, ANSWERED, ("And then?",), False),
        (ONE, ANSWERED, ("One?", "No.", "And then?"), False),
        (ONE, ANSWERED, ("One?", "Yes.", "Bad?", "Blocked.", "And then?"), False),
        (ONE, ANSWERED, (), False),
        (LONG, ANSWERED, ("Two?", "Yes.", "Three?", "Yes.", "And then?"), True),  # two turns
        (ask(earlier=("x" * 90,)), ANSWERED, ("And then?",), True),  # a hundred characters
    ],
)
def test_the_model_is_given_what_was_answered_and_nothing_else(
    request_: Request, answers: list[Answer], given: tuple[str, ...], right: bool
) -> None:
    wrong = list(turns.wrong_input(request_, answers, record(*given), LIMITS))
    assert bool(wrong) is not right


def test_of_a_turn_before_it_the_logs_are_expected_but_the_models() -> None:
    case = Case(ask(earlier=("One?",)))
    logs = [list(passes_through(case, answered(), number)) for number in range(2)]
    assert logs == [["waf", "api", "function"], ["waf", "api", "function", "invocations"]]


def test_all_that_is_sent_counts_against_the_quota() -> None:
    deployment = Deployment("https://chat.example/chat", "k")
    plain, several = ask(), ask(name="m", earlier=("One?",), conversation="ended", twice=True)
    foreign = ask(name="f", earlier=("One?",), key="other")  # which has a quota of its own
    assert Run(deployment, [plain, several, foreign]).counted == 1 + 4 + 1


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ({"earlier": ("One?",)}, ""),
        ({"conversation": "another"}, "conversation must be one of"),
        ({"earlier": ("One?",), "via": "invoke"}, "over the API"),
        ({"earlier": ("One?",), "message": None, "body": "{}"}, "needs a message"),
    ],
)
def test_a_conversation_needs_a_message_over_the_api(what: dict[str, Any], said: str) -> None:
    found = ask(**what).wrong()
    assert said in found
    assert bool(found) is bool(said)


def test_aws_is_asked_two_at_once_and_no_broken_table() -> None:
    assert ask(twice=True, rehearsed=Rehearsed(latency_ms=1500)).not_on_aws == ""
    assert ask(rehearsed=Rehearsed(store={"error": "ThrottlingException"})).not_on_aws
    assert ask(rehearsed=Rehearsed(spent=True)).not_on_aws


class Table(FakeAws):
    """A table of one item, and the API Gateway of a rehearsal."""

    def __init__(self, item: Mapping[str, Any] | None) -> None:
        key = {"id": "key-9", "value": "nine"}
        made = {"apigateway.create_api_key": key, "apigateway.create_usage_plan": {"id": "plan"}}
        super().__init__(made, {})
        self.item = item

    def client(self, service: str) -> Any:
        return self if service == "dynamodb" else super().client(service)

    def get_item(self, **_: Any) -> dict[str, Any]:
        return {"Item": self.item} if self.item else {}

    def put_item(self, Item: Mapping[str, Any], **_: Any) -> None:  # noqa: N803 - boto3's names
        self.item = Item

    def delete_item(self, **_: Any) -> None:
        self.item = None


@pytest.mark.parametrize("before", [None, {"pk": {"S": "x"}, "total": {"N": "5"}}])
def test_a_budget_is_used_up_for_one_request(before: Mapping[str, Any] | None) -> None:
    table = Table(before)
    deployment = Deployment(
        *("http://127.0.0.1/chat", "k"),
        client=table.client,
        outputs={"table_name": "t"},
        endpoint="http://127.0.0.1:1",
    )
    names = {"api_id": "i", "stage_name": "v1", "usage_plan_id": "p"}
    deployment.applied = Applied(names)
    with deployment.switches.spare_keys(5), deployment.switches.set(Rehearsed(spent=True)):
        held = table.item or {}
        assert int(held["total"]["N"]) > 10**9
        assert before or held["pk"] == {"S": "budget/key-9"}
        assert deployment.key(ask()) == "nine"
    assert table.item == before
