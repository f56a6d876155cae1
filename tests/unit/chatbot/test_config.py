from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest

from chatbot import config, handler
from chatbot.errors import InternalError

if TYPE_CHECKING:
    from collections.abc import Callable

WRONG = {
    "ALLOWED_ORIGIN": ["", "*", "http://support.example.com", "https://a.example/chat", "null"],
    "AWS_REGION": [""],
    "BLOCKED_MESSAGE": [""],
    "GUARDRAIL_ID": ["", " ", "My Guardrail"],
    "GUARDRAIL_VERSION": ["", "0", "latest", "draft", "1 "],
    "MAX_MESSAGE_CHARS": ["", "0", "-1", "2e3", "٣"],
    "MAX_OUTPUT_TOKENS": ["", "0"],
    "MODEL_ID": [""],
    "SCREENING_MODE": ["", "off", "Block"],
    "SYSTEM_PROMPT": ["", " "],
}
RIGHT = {
    "ALLOWED_ORIGIN": ["http://localhost:3000", "http://127.0.0.1", "https://a.example:8443"],
    "GUARDRAIL_ID": ["arn:aws:bedrock:us-east-2:111122223333:guardrail/gr4ha1rd"],
    "GUARDRAIL_VERSION": ["DRAFT", "12345678"],
    "SCREENING_MODE": ["count"],
}


def pairs(table: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, values in table.items() for value in values]


@pytest.mark.parametrize(("name", "value"), pairs(WRONG))
def test_refuses_a_wrong_variable_by_name_but_not_by_value(
    environment: dict[str, str], name: str, value: str
) -> None:
    with pytest.raises(InternalError) as error:
        config.load(environment | {name: value})
    hint = str(error.value.details["hint"])
    assert hint.startswith(f"{name} must ")
    assert ";" not in hint
    del environment[name]
    with pytest.raises(InternalError):
        config.load(environment)


@pytest.mark.parametrize(("name", "value"), pairs(RIGHT))
def test_takes_a_right_variable(environment: dict[str, str], name: str, value: str) -> None:
    assert getattr(config.load(environment | {name: value}), name.lower()) == value


def test_refuses_a_guardrail_of_another_region(environment: dict[str, str]) -> None:
    environment["GUARDRAIL_ID"] = "arn:aws:bedrock:us-east-1:111122223333:guardrail/gr4ha1rd"
    with pytest.raises(InternalError) as error:
        config.load(environment)
    assert error.value.details["hint"] == "GUARDRAIL_ID must be in the function's own region"


def test_names_every_wrong_variable_at_once() -> None:
    with pytest.raises(InternalError) as error:
        config.load({})
    assert all(name in str(error.value.details["hint"]) for name in WRONG)


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> Callable[..., Any]:
    def run(**changes: str | None) -> handler.Handler:
        for name, value in {**environment, **changes}.items():
            if value is None:
                monkeypatch.delenv(name, raising=False)
            else:
                monkeypatch.setenv(name, value)
        return handler.start()

    return run


def test_a_missing_guardrail_is_said_to_every_request_and_bedrock_is_never_called(
    start: Callable[..., Any], invoke: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_client(*_: object, **__: object) -> None:
        pytest.fail("a client was made")

    monkeypatch.setattr(botocore.session.Session, "create_client", no_client)
    broken = start(GUARDRAIL_VERSION="", POWERTOOLS_SERVICE_NAME="chatbot-broken")
    for _ in range(2):
        answer = invoke(handler=broken)
        assert (answer.status, answer.code) == (500, "internal_error")
        assert answer.headers["Access-Control-Allow-Origin"] == "https://support.example.com"
        (line,) = answer.logs
        assert (line["level"], line["hint"]) == (
            "ERROR",
            "GUARDRAIL_VERSION must be a number, or DRAFT",
        )


def test_a_wrong_origin_is_never_sent_back(
    start: Callable[..., Any], invoke: Callable[..., Any]
) -> None:
    answer = invoke(handler=start(ALLOWED_ORIGIN="*", POWERTOOLS_SERVICE_NAME="chatbot-star"))
    assert (answer.status, answer.code) == (500, "internal_error")
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_answers_even_where_metrics_have_no_namespace(
    start: Callable[..., Any],
    event: dict[str, Any],
    context: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    broken = start(
        GUARDRAIL_ID="", POWERTOOLS_METRICS_NAMESPACE=None, POWERTOOLS_SERVICE_NAME="chatbot-mute"
    )
    assert broken(event, context)["statusCode"] == 500
    assert "POWERTOOLS_METRICS_NAMESPACE is missing" in capsys.readouterr().out


def test_only_config_reads_the_environment() -> None:
    package = Path(config.__file__).parent
    sources = {path.name: path.read_text() for path in package.glob("*.py")}
    readers = {name for name, text in sources.items() if re.search(r"environ\b|getenv", text)}
    assert readers == {"config.py"}
