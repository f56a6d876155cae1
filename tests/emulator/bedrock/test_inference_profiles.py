"""The inference profiles of a Region, which moto lacks."""

from tests.emulator.conftest import Aws
from tests.emulator.shown import refusal, shows
from toolkit import aws_facts


@shows("bedrock:ListInferenceProfiles", "bedrock:GetInferenceProfile")
def test_the_profiles_of_a_region_are_those_that_aws_documents(aws: Aws) -> None:
    region = "eu-central-1"
    client = aws("bedrock", region=region)
    listed = client.list_inference_profiles(typeEquals="SYSTEM_DEFINED")[
        "inferenceProfileSummaries"
    ]
    expected = {
        f"{geography}.{model}"
        for model, known in aws_facts.models().items()
        for geography, profile in known.profiles.items()
        if region in profile.sources
    }
    assert {one["inferenceProfileId"] for one in listed} == expected
    assert expected
    one = listed[0]
    profile = client.get_inference_profile(inferenceProfileIdentifier=one["inferenceProfileId"])
    assert profile["models"] == one["models"]
    by_arn = client.get_inference_profile(inferenceProfileIdentifier=one["inferenceProfileArn"])
    assert by_arn["inferenceProfileId"] == one["inferenceProfileId"]
    elsewhere = aws("bedrock", region="us-east-2").get_inference_profile
    absent = refusal(elsewhere, inferenceProfileIdentifier=one["inferenceProfileId"])
    assert absent[:2] == (404, "ResourceNotFoundException")
    assert (
        client.list_inference_profiles(typeEquals="APPLICATION")["inferenceProfileSummaries"] == []
    )
    page = client.list_inference_profiles(maxResults=1)
    assert page["inferenceProfileSummaries"] == listed[:1]
    assert page["nextToken"]
