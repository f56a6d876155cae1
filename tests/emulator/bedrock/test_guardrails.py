"""Guardrails as resources: made, read, published, changed, deleted."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator.bedrock.conftest import filters
from tests.emulator.conftest import ACCOUNT, REGION, Emulator, client_of, signed
from tests.emulator.shown import allow, deny, shows, unique
from toolkit.rehearsal import EXISTS_ALREADY

MESSAGES = {"blockedInputMessaging": "in", "blockedOutputsMessaging": "out"}


bedrock = client_of("bedrock")


@shows("bedrock:CreateGuardrail", "bedrock:GetGuardrail", "bedrock:ListTagsForResource")
def test_a_guardrail_reads_back_as_it_was_made(bedrock: Any) -> None:
    name = unique()
    made = bedrock.create_guardrail(
        name=name,
        description="what it is for",
        tags=[{"key": "environment", "value": "test"}],
        topicPolicyConfig={
            "topicsConfig": [{"name": "T", "definition": "d", "examples": ["e"], "type": "DENY"}]
        },
        contentPolicyConfig={"filtersConfig": [filters("PROMPT_ATTACK", "HIGH", "NONE")]},
        wordPolicyConfig={
            "wordsConfig": [{"text": "word"}],
            "managedWordListsConfig": [{"type": "PROFANITY"}],
        },
        sensitiveInformationPolicyConfig={
            "piiEntitiesConfig": [{"type": "EMAIL", "action": "ANONYMIZE"}],
            "regexesConfig": [{"name": "r", "pattern": "x+", "action": "BLOCK"}],
        },
        **MESSAGES,
    )
    assert made["guardrailArn"] == (
        f"arn:aws:bedrock:{REGION}:{ACCOUNT}:guardrail/{made['guardrailId']}"
    )
    assert made["version"] == "DRAFT"

    for identifier in (made["guardrailId"], made["guardrailArn"]):
        read = bedrock.get_guardrail(guardrailIdentifier=identifier)
        assert (read["name"], read["status"]) == (name, "READY")
        assert read["topicPolicy"]["topics"][0]["examples"] == ["e"]
        assert read["contentPolicy"]["filters"][0]["inputStrength"] == "HIGH"
        assert read["wordPolicy"]["words"] == [{"text": "word"}]
        assert read["wordPolicy"]["managedWordLists"] == [{"type": "PROFANITY"}]
        assert read["sensitiveInformationPolicy"]["regexes"][0]["pattern"] == "x+"
    tags = bedrock.list_tags_for_resource(resourceARN=made["guardrailArn"])["tags"]
    assert tags == [{"key": "environment", "value": "test"}]


@shows("bedrock:CreateGuardrailVersion", "bedrock:UpdateGuardrail", "bedrock:ListGuardrails")
def test_a_version_is_a_snapshot_and_the_draft_is_not(bedrock: Any) -> None:
    name = unique()
    made = bedrock.create_guardrail(name=name, **MESSAGES)["guardrailId"]
    assert bedrock.create_guardrail_version(guardrailIdentifier=made)["version"] == "1"
    bedrock.update_guardrail(
        guardrailIdentifier=made,
        name=name,
        blockedInputMessaging="changed",
        blockedOutputsMessaging="out",
    )

    def message(version: str) -> str:
        read = bedrock.get_guardrail(guardrailIdentifier=made, guardrailVersion=version)
        text: str = read["blockedInputMessaging"]
        return text

    assert message("1") == "in"
    assert message("DRAFT") == "changed"
    assert (
        bedrock.create_guardrail_version(guardrailIdentifier=made, description="hash")["version"]
        == "2"
    )
    assert message("2") == "changed"
    listed = bedrock.list_guardrails(guardrailIdentifier=made)["guardrails"]
    assert [each["version"] for each in listed] == ["DRAFT", "1", "2"]


@shows("bedrock:DeleteGuardrail")
def test_a_deleted_version_leaves_the_rest_and_its_number_is_not_used_again(bedrock: Any) -> None:
    made = bedrock.create_guardrail(name=unique(), **MESSAGES)["guardrailId"]
    bedrock.create_guardrail_version(guardrailIdentifier=made)
    bedrock.delete_guardrail(guardrailIdentifier=made, guardrailVersion="1")
    with pytest.raises(bedrock.exceptions.ResourceNotFoundException):
        bedrock.get_guardrail(guardrailIdentifier=made, guardrailVersion="1")
    assert bedrock.create_guardrail_version(guardrailIdentifier=made)["version"] == "2"


def test_a_deleted_guardrail_is_gone_with_its_versions(bedrock: Any) -> None:
    made = bedrock.create_guardrail(name=unique(), **MESSAGES)["guardrailId"]
    bedrock.create_guardrail_version(guardrailIdentifier=made)
    bedrock.delete_guardrail(guardrailIdentifier=made)
    for version in ("DRAFT", "1"):
        with pytest.raises(bedrock.exceptions.ResourceNotFoundException) as caught:
            bedrock.get_guardrail(guardrailIdentifier=made, guardrailVersion=version)
        metadata = caught.value.response["ResponseMetadata"]
        assert metadata["HTTPStatusCode"] == 404
        assert metadata["HTTPHeaders"]["x-amzn-errortype"] == "ResourceNotFoundException"


def test_regions_do_not_see_each_others_guardrails(emulator: Emulator, bedrock: Any) -> None:
    made = bedrock.create_guardrail(name=unique(), **MESSAGES)["guardrailId"]
    elsewhere = emulator.client("bedrock", region="us-east-1")
    with pytest.raises(elsewhere.exceptions.ResourceNotFoundException):
        elsewhere.get_guardrail(guardrailIdentifier=made)


def test_a_name_is_used_once(bedrock: Any) -> None:
    name = unique()
    bedrock.create_guardrail(name=name, **MESSAGES)
    with pytest.raises(bedrock.exceptions.ConflictException, match=EXISTS_ALREADY):
        bedrock.create_guardrail(name=name, **MESSAGES)


@shows("bedrock:TagResource", "bedrock:UntagResource", "bedrock:ListTagsForResource")
def test_tags_change(bedrock: Any) -> None:
    arn = bedrock.create_guardrail(name=unique(), **MESSAGES)["guardrailArn"]
    bedrock.tag_resource(resourceARN=arn, tags=[{"key": "a", "value": "1"}])
    bedrock.tag_resource(resourceARN=arn, tags=[{"key": "b", "value": "2"}])
    bedrock.untag_resource(resourceARN=arn, tagKeys=["a"])
    assert bedrock.list_tags_for_resource(resourceARN=arn)["tags"] == [{"key": "b", "value": "2"}]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "no spaces"}, "regular expression"),
        ({"name": "x" * 51}, "length less than or equal to 50"),
        ({"description": ""}, "length greater than or equal to 1"),
        ({"blockedInputMessaging": "x" * 501}, "length less than or equal to 500"),
        ({"contentPolicyConfig": {"filtersConfig": [filters("PROMPT_ATTACK", "HIGH", "HIGH")]}},
         "PROMPT ATTACK content filter strength for response must be NONE"),
        ({"contentPolicyConfig": {"filtersConfig": [filters("SPAM", "HIGH", "HIGH")]}},
         "enum value set"),
        ({"wordPolicyConfig": {"wordsConfig": [{"text": "x" * 101}]}}, "equal to 100"),
        ({"topicPolicyConfig": {"topicsConfig": [{"name": "T", "definition": "d" * 201,
         "type": "DENY"}]}}, "equal to 200"),
        ({"topicPolicyConfig": {"topicsConfig": [{"name": "T", "definition": "d",
         "examples": ["e"] * 6, "type": "DENY"}]}}, "equal to 5"),
        ({"sensitiveInformationPolicyConfig": {"regexesConfig": [{"name": "r", "pattern": "(?=x)",
         "action": "BLOCK"}]}}, "lookaround"),
        ({"sensitiveInformationPolicyConfig": {"piiEntitiesConfig": [{"type": "SHOE_SIZE",
         "action": "BLOCK"}]}}, "enum value set"),
    ],
)  # fmt: skip
def test_what_aws_refuses_is_refused(
    emulator: Emulator, bedrock: Any, change: dict[str, Any], message: str
) -> None:
    body = {"name": unique(), **MESSAGES, **change}
    answer = emulator.request("POST", "/guardrails", json.dumps(body).encode(), signed("bedrock"))
    assert (answer.status, answer.headers["x-amzn-errortype"]) == (400, "ValidationException")
    assert message in answer.json()["message"]
    assert body["name"] not in [each["name"] for each in bedrock.list_guardrails()["guardrails"]]


BAD_BODIES = [
    ("POST /guardrails", "[" * 100_000, "SerializationException"),
    ("POST /guardrails", "{", "SerializationException"),
    ("POST {guardrail}", "[", "SerializationException"),
    ("GET /guardrails?maxResults=0", "", "ValidationException"),
    ("GET /guardrails?nextToken=-3", "", "ValidationException"),
    ("POST /tagResource", '{"resourceARN": 5, "tags": []}', "SerializationException"),
    ("POST /tagResource", '{"resourceARN": "{arn}", "tags": 5}', "SerializationException"),
    ("POST /tagResource", '{"resourceARN": "{arn}", "tags": [{"key": "k"}]}',
     "ValidationException"),
    ("POST /untagResource", '{"resourceARN": "{arn}", "tagKeys": 5}', "SerializationException"),
]  # fmt: skip


@pytest.mark.parametrize("bad", BAD_BODIES, ids=lambda bad: f"{bad[0]} {bad[1][:40]}")
def test_a_malformed_request_changes_nothing(
    emulator: Emulator, bedrock: Any, bad: tuple[str, str, str]
) -> None:
    made = bedrock.create_guardrail(name=unique(), **MESSAGES)
    line, body, code = bad
    path = f"/guardrails/{made['guardrailId']}"
    method, _, path = line.replace("{guardrail}", path).partition(" ")
    sent = body.replace("{arn}", made["guardrailArn"]).encode() or None
    answer = emulator.request(method, path, sent, signed("bedrock"))
    assert (answer.status, answer.headers["x-amzn-errortype"]) == (400, code)
    known = bedrock.list_guardrails(guardrailIdentifier=made["guardrailId"])["guardrails"]
    assert [each["version"] for each in known] == ["DRAFT"]


def test_a_function_may_not_touch_guardrails_that_it_is_denied(
    emulator: Emulator, bedrock: Any
) -> None:
    made = bedrock.create_guardrail(name=unique(), **MESSAGES)["guardrailId"]
    role = emulator.role(
        "guardrail-tamperer", [allow("bedrock:*"), deny("bedrock:DeleteGuardrail")]
    )
    theirs = emulator.client("bedrock", role)
    with pytest.raises(ClientError, match="explicit deny"):
        theirs.delete_guardrail(guardrailIdentifier=made)
    assert theirs.get_guardrail(guardrailIdentifier=made)["guardrailId"] == made
