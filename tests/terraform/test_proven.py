"""What the plan and the code can refuse, each by a proof: a new rule without one fails here."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from chatbot.errors import ChatbotError
from tests.terraform.offline import Jobs, resource, resources
from toolkit.proofs.applied import Applied
from toolkit.proofs.cases import fill
from toolkit.proofs.data import load
from toolkit.proofs.kinds import LOGS, Evidence, Question, Request
from toolkit.proofs.readers import ITEMS, guardrail
from toolkit.terraform import ROOT

pytestmark = pytest.mark.needs("plan dev")

CONTROLS = load()
PROOFS = [proof for control in CONTROLS for proof in control.proofs]
REQUESTS = [proof for proof in PROOFS if isinstance(proof, Request)]


@pytest.fixture(scope="module")
def the_plan(jobs: Jobs) -> dict[str, Any]:
    found: dict[str, Any] = jobs.result("plan dev")
    return found


def unprovoked() -> str:
    return " ".join(control.unprovoked for control in CONTROLS)


def test_every_rule_of_the_web_acl_stops_a_request(the_plan: dict[str, Any]) -> None:
    rules = {rule["name"] for rule in resource(the_plan, "aws_wafv2_web_acl")["rule"]}
    assert len(rules) > 5
    silent = rules - {request.rule for request in REQUESTS}
    assert {one.name for one in CONTROLS if one.unprovoked and one.name in rules} == silent


def test_every_refusal_of_the_web_acl_is_read(the_plan: dict[str, Any]) -> None:
    bodies = resource(the_plan, "aws_wafv2_web_acl")["custom_response_body"]
    read = {request.code for request in REQUESTS if request.stopped_by == "edge"}
    assert {body["key"] for body in bodies} <= read


def test_every_gateway_response_is_provoked_or_says_why_not(the_plan: dict[str, Any]) -> None:
    worded = {
        one["response_type"] for one in resources(the_plan, "aws_api_gateway_gateway_response")
    }
    assert len(worded) > 10
    provoked = {
        request.error_type if request.error_type in worded else f"DEFAULT_{request.status // 100}XX"
        for request in REQUESTS
        if request.error_type and not request.requires.get("sign_in")
    }
    assert provoked <= worded
    assert [one for one in sorted(worded - provoked) if one not in unprovoked()] == []
    assert [one for one in sorted(provoked) if one in unprovoked()] == []


def test_every_error_of_the_function_is_read() -> None:
    errors = {error.code: error.status for error in ChatbotError.__subclasses__()}
    assert len(errors) == 11
    proven = {one.code: one.status for one in REQUESTS if one.stopped_by == "compute" and one.code}
    assert proven == errors


def spoken(guardrail: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what a guardrail may find: source, policy and action, and what it finds."""
    for one in guardrail["content_policy_config"][0]["filters_config"]:
        for source in ("input", "output"):
            if one[f"{source}_strength"] != "NONE":
                yield f"{source}.contentPolicy.BLOCKED", one["type"]
    words = guardrail["word_policy_config"][0]
    masks = {"BLOCK": "BLOCKED", "ANONYMIZE": "ANONYMIZED"}
    for source in ("input", "output"):
        for one in guardrail["topic_policy_config"][0]["topics_config"]:
            yield f"{source}.topicPolicy.BLOCKED", one["name"]
        for one in (*words["words_config"], *words["managed_word_lists_config"]):
            yield f"{source}.wordPolicy.BLOCKED", one.get("text") or one["type"]
        for one in guardrail["sensitive_information_policy_config"][0]["pii_entities_config"]:
            yield f"{source}.sensitiveInformationPolicy.{masks[one['action']]}", one["type"]


def test_every_policy_of_the_guardrail_speaks_on_questions_and_on_answers(
    the_plan: dict[str, Any],
) -> None:
    expected = {
        (finding, what.casefold())
        for finding, what in spoken(resource(the_plan, "aws_bedrock_guardrail"))
    }
    assert len(expected) > 70
    planned = Applied(guardrail(described(resource(the_plan, "aws_bedrock_guardrail"))))
    proven = {
        (one.finding, kind.casefold())
        for one in REQUESTS
        if one.types
        for item in (planned[one.each] if one.each in ITEMS else [{}])
        for kind in fill(one.types, Applied({**planned.values, **item}))
    }
    assert expected - proven == set()


def described(planned: dict[str, Any]) -> dict[str, Any]:
    """Return a planned guardrail as GetGuardrail would describe it."""

    def renamed(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
        names = {"input_strength": "inputStrength", "output_strength": "outputStrength"}
        return [{names.get(name, name): value for name, value in one.items()} for one in rules]

    filters = planned["content_policy_config"][0]["filters_config"]
    words = planned["word_policy_config"][0]
    personal = planned["sensitive_information_policy_config"][0]
    return {
        "contentPolicy": {"filters": renamed(filters)},
        "sensitiveInformationPolicy": {"piiEntities": personal["pii_entities_config"]},
        "topicPolicy": {"topics": planned["topic_policy_config"][0]["topics_config"]},
        "wordPolicy": {
            "managedWordLists": words["managed_word_lists_config"],
            "words": words["words_config"],
        },
    }


def denied(plan: dict[str, Any]) -> Iterator[str]:
    """Yield the name of every statement that denies: as planned, or as written where it is not yet
    known. The organisation's policy is nobody's here, and module tests compare it. Those of the
    roles of delivery and of a network, which dev has not, are asked of their plans.
    """
    for text in re.findall(r'"((?:[^"\\]|\\.)*)"', json.dumps(plan["planned_values"])):
        if '"Deny' in (document := json.loads(f'"{text}"')):
            for statement in json.loads(document)["Statement"]:
                if statement["Effect"] == "Deny":
                    yield statement["Sid"]
    for file in set(ROOT.glob("modules/*/*.tf")) - {
        *ROOT.glob("modules/delivery/*.tf"),
        ROOT / "modules" / "compute" / "vpc.tf",
    }:
        yield from re.findall(r'sid += "(Deny\w+)"', file.read_text(encoding="utf-8"))


def test_every_statement_that_denies_is_asked(the_plan: dict[str, Any]) -> None:
    expected = {sid for sid in denied(the_plan) if not sid.startswith("DenyTampering")}
    assert len(expected) > 15
    assert expected - {one.statement for one in PROOFS if isinstance(one, Question)} == set()


@pytest.mark.parametrize("log", LOGS)
def test_every_log_is_complete_and_free_of_secrets(log: str) -> None:
    evidence = [one for one in PROOFS if isinstance(one, Evidence) and one.log == log]
    assert any(one.complete for one in evidence)
    kept = {"prompt", "answer"} if log == "invocations" else set()  # the one log that has them
    lacks = {secret for one in evidence for secret in one.lacks}
    signed_in = {"token"} if log in {"waf", "api", "function"} else set()
    assert lacks == {"prompt", "answer", "key", "header", "address"} - kept | signed_in
