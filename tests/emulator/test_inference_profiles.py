"""GetInferenceProfile tells where a profile routes to, as the modules' data file has it."""

from __future__ import annotations

import json

from emulator.inference_profiles import answer, owns
from toolkit import aws_facts

ACCOUNT = "123456789012"
PROFILE = "us.anthropic.claude-haiku-4-5-20251001-v1:0"


def test_a_profile_names_the_model_in_each_region() -> None:
    path = f"/inference-profiles/{PROFILE}"
    assert owns("GET", path)
    found = answer(path, "us-east-2", ACCOUNT)
    assert found.status == 200
    profile = json.loads(found.body)
    route = aws_facts.route("us", PROFILE.partition(".")[2], "us-east-2")
    assert route is not None
    assert {arn["modelArn"].split(":")[3] for arn in profile["models"]} == route.regions
    assert profile["inferenceProfileArn"].endswith(
        f":us-east-2:{ACCOUNT}:inference-profile/{PROFILE}"
    )
    arn = profile["inferenceProfileArn"].replace("/", "%2F")
    assert answer(f"/inference-profiles/{arn}", "us-east-2", ACCOUNT).body == found.body


def test_a_profile_that_the_region_cannot_call_is_not_found() -> None:
    assert answer(f"/inference-profiles/{PROFILE}", "eu-central-1", ACCOUNT).status == 404
