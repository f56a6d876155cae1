"""ARNs begin with the partition of their region, wherever the emulator makes one."""

from pathlib import Path

import pytest

from emulator.partition import partition_of

EMULATOR = Path(__file__).parents[2] / "emulator"


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
