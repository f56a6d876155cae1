"""Which of AWS's partitions a region lies in: ARNs begin with it."""

import functools
import importlib.resources
import json
import re


@functools.cache
def partition_of(region: str) -> str:
    """Return the partition of a region, such as `aws` or `aws-us-gov`, by botocore's own data."""
    data = importlib.resources.files("botocore") / "data" / "partitions.json"
    for partition in json.loads(data.read_text())["partitions"]:
        if region in partition["regions"] or re.match(partition["regionRegex"], region):
            return str(partition["id"])
    return "aws"
