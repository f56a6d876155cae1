"""An environment is rehearsed where its provider says, in any region and partition."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from emulator.server import Server
from emulator.wire.partition import partition_of
from tests.conftest import applied
from tests.rehearsal.probing import ATTACK, QUESTION, ask
from toolkit import aws_facts
from toolkit.rehearsal import Rehearsal
from toolkit.terraform import ROOT

pytestmark = pytest.mark.long

# One region of each geography: in another partition, or without a documented routing, where there
# is one.
PLACES = {
    "ap-northeast-3": "jp.anthropic.claude-haiku-4-5-20251001-v1:0",
    "ap-south-1": "apac.amazon.nova-lite-v1:0",
    "ap-southeast-4": "au.anthropic.claude-haiku-4-5-20251001-v1:0",
    "ca-central-1": "us.anthropic.claude-haiku-4-5-20251001-v1:0",
    "eu-central-1": "eu.anthropic.claude-haiku-4-5-20251001-v1:0",
    "mx-central-1": "global.anthropic.claude-haiku-4-5-20251001-v1:0",
    "us-gov-west-1": "us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0",
}
PROFILES = {
    (region, f"{geography}.{model.id}")
    for model in aws_facts.models().values()
    for geography, profile in model.profiles.items()
    for region in profile.sources
}
# An operation of each service that an environment needs in its region.
SERVICES = {
    "apigateway": "get_rest_apis", "bedrock": "list_guardrails", "cloudtrail": "describe_trails",
    "cloudwatch": "describe_alarms", "events": "list_rules", "iam": "list_roles",
    "kms": "list_keys", "lambda": "list_functions", "logs": "describe_log_groups",
    "s3": "list_buckets", "sns": "list_topics", "sts": "get_caller_identity",
}  # fmt: skip


def test_every_geography_of_a_profile_has_its_place() -> None:
    assert set(PLACES.items()) <= PROFILES
    geographies = {profile.split(".")[0] for _, profile in PROFILES}
    assert {profile.split(".")[0] for profile in PLACES.values()} == geographies


def client(server: Server, service: str, region: str) -> Any:
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=server.endpoint,
        aws_access_key_id="rehearsal",
        aws_secret_access_key="rehearsal",
    )


@pytest.mark.parametrize("region", sorted({region for region, _ in PROFILES}))
def test_the_local_aws_has_every_service_in_every_region(region: str) -> None:
    server = Server(port=0, region=region)
    server.start()
    try:
        for service, operation in SERVICES.items():
            getattr(client(server, service, region), operation)()
        topic = client(server, "sns", region).create_topic(Name="here")["TopicArn"]
        assert topic.startswith(f"arn:{partition_of(region)}:sns:{region}:")
    finally:
        server.stop()


def model_of(region: str) -> str:
    route = aws_facts.models()[PLACES[region].partition(".")[2]].profiles
    destinations = route[PLACES[region].partition(".")[0]].destinations
    named = f'destination_regions = ["{region}"]' if destinations is None else ""
    return f'model = {{\n    inference_profile_id = "{PLACES[region]}"\n    {named}\n  }}\n'


@pytest.fixture(params=PLACES)
def elsewhere(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    package: None,  # noqa: ARG001 - it must be built first
) -> Iterator[Rehearsal]:
    """envs/dev in another region, without the trail that would take a minute."""
    region = request.param
    source = tmp_path / "elsewhere"
    shutil.copytree(ROOT / "envs" / "dev", source, ignore=shutil.ignore_patterns(".terraform"))
    main, providers = source / "main.tf", source / "providers.tf"
    text = re.sub(r"trail += \{.*\}", "trail = null", main.read_text())
    main.write_text(text.replace("clients = {", f"{model_of(region)}\n  clients = {{"))
    providers.write_text(providers.read_text().replace('"us-east-2"', f'"{region}"'))
    with applied("elsewhere", source=source) as rehearsal:
        yield rehearsal


def test_the_chatbot_answers_in_another_region(elsewhere: Rehearsal) -> None:
    session = elsewhere.session()
    status, answer = ask(session, QUESTION)
    assert status == 200, f"{answer}\n{elsewhere.log.read_text()[-2000:]}"
    assert ask(session, ATTACK) == (403, "prompt_injection")
    outputs = elsewhere.terraform().outputs()
    assert outputs["region"] == session.region
    partition = partition_of(session.region)
    assert outputs["alias_arn"].startswith(f"arn:{partition}:lambda:{session.region}:")
    invocations = elsewhere.client("logs", session.region).filter_log_events(
        logGroupName=outputs["log_groups"]["invocations"]
    )["events"]
    assert [json.loads(one["message"])["region"] for one in invocations] == [session.region]
    plan = elsewhere.terraform().run("plan", "-detailed-exitcode", "-no-color", ok=(0, 2))
    assert plan.returncode == 0, plan.stdout
