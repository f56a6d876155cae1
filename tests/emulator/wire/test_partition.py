"""ARNs begin with the partition of their region, wherever the emulator makes one."""

from pathlib import Path

import pytest

from emulator.server import Server
from emulator.wire.partition import partition_of
from tests.emulator.conftest import ACCOUNT, Emulator
from tests.emulator.shown import allow, document, trust, unique
from toolkit import aws_facts

EMULATOR = Path(__file__).parents[3] / "emulator"


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("us-east-2", "aws"),
        ("eu-central-1", "aws"),
        ("il-central-1", "aws"),
        ("us-gov-west-1", "aws-us-gov"),
        ("cn-north-1", "aws-cn"),
        ("eusc-de-east-1", "aws-eusc"),
        ("aws-global", "aws"),
    ],
)
def test_each_region_lies_in_its_partition(region: str, partition: str) -> None:
    assert partition_of(region) == partition


def test_no_arn_of_the_emulator_names_a_partition_itself() -> None:
    named = [
        f"{path.relative_to(EMULATOR)}:{number}"
        for path in EMULATOR.rglob("*.py")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if '"arn:aws' in line
    ]
    assert named == []


PROFILES = {
    geography: (f"{geography}.{model.id}", min(profile.sources))
    for model in aws_facts.models().values()
    if model.ends is None
    for geography, profile in model.profiles.items()
}


@pytest.mark.parametrize(("profile", "region"), PROFILES.values(), ids=PROFILES)
def test_a_role_converses_in_every_geography(profile: str, region: str) -> None:
    server = Server(port=0, region=region)
    server.start()
    try:
        _converse(Emulator(server), profile, region)
    finally:
        server.stop()


def _converse(emulator: Emulator, profile: str, region: str) -> None:
    partition = partition_of(region)
    everything = document(allow("*"))
    anybody = trust({"AWS": f"arn:{partition}:iam::{ACCOUNT}:root"})
    iam, name = emulator.client("iam", region=region), unique("asks")
    boundary = iam.create_policy(PolicyName=name, PolicyDocument=everything)["Policy"]["Arn"]
    role = iam.create_role(
        RoleName=name, PermissionsBoundary=boundary, AssumeRolePolicyDocument=anybody
    )["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=everything)
    sts = emulator.client("sts", region=region)
    session = sts.assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    asked = emulator.client("sts", session, region).get_caller_identity()["Arn"]
    assert asked == f"arn:{partition}:sts::{ACCOUNT}:assumed-role/{name}/test"
    answer = emulator.client("bedrock-runtime", session, region).converse(
        modelId=profile, messages=[{"role": "user", "content": [{"text": "Hello"}]}]
    )
    assert answer["stopReason"] == "end_turn"
