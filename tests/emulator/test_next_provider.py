"""What version 6 of the AWS provider asks, and 5.100 does not: the local AWS answers both."""

import functools
import uuid

import boto3
import pytest

from tests.emulator.conftest import ACCOUNT, REGION, Emulator
from tests.emulator.shown import note, refusal, shows

TAGS = [{"Key": "environment", "Value": "dev"}, {"Key": "owner", "Value": "team"}]


@pytest.fixture
def bucket(emulator: Emulator) -> str:
    """Make a bucket with its tags inside CreateBucket, as the provider does from 6.23 on."""
    name = f"tagged-{uuid.uuid4().hex[:10]}"
    emulator.client("s3").create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION, "Tags": TAGS}
    )
    return name


def test_a_bucket_keeps_the_tags_that_it_was_made_with(emulator: Emulator, bucket: str) -> None:
    found = emulator.client("s3").get_bucket_tagging(Bucket=bucket)["TagSet"]
    assert sorted(found, key=lambda tag: str(tag["Key"])) == TAGS


def test_a_bucket_without_tags_has_none(emulator: Emulator) -> None:
    s3, name = emulator.client("s3"), f"plain-{uuid.uuid4().hex[:10]}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    with pytest.raises(s3.exceptions.ClientError, match="TagSet does not exist"):
        s3.get_bucket_tagging(Bucket=name)


@shows("s3control:ListTagsForResource")
def test_s3_control_is_reached_by_its_host_through_the_proxy(
    emulator: Emulator, bucket: str
) -> None:
    """The provider reads a bucket's tags at <account>.127.0.0.1, which no resolver knows."""
    control = boto3.client(
        "s3control",
        endpoint_url=emulator.endpoint,
        region_name=REGION,
        aws_access_key_id="rehearsal",
        aws_secret_access_key="rehearsal",
        config=boto3.session.Config(
            proxies={"http": emulator.endpoint}, retries={"total_max_attempts": 1}
        ),
    )
    asked: list[str] = []
    control.meta.events.register(
        "before-send.s3-control", lambda request, **_: asked.append(request.url)
    )
    control.meta.events.register("after-call", functools.partial(note, "s3control"))
    arn = f"arn:aws:s3:::{bucket}"
    found = control.list_tags_for_resource(AccountId=ACCOUNT, ResourceArn=arn)["Tags"]
    assert sorted(found, key=lambda tag: str(tag["Key"])) == TAGS
    assert asked[0].startswith(f"http://{ACCOUNT}.127.0.0.1:")
    absent = {"AccountId": ACCOUNT, "ResourceArn": "arn:aws:s3:::none-such"}
    assert refusal(control.list_tags_for_resource, **absent)[0] == 404


def test_an_api_tells_its_status_and_its_tls_policy(emulator: Emulator) -> None:
    apis = emulator.client("apigateway")
    made = apis.create_rest_api(name="tls", endpointConfiguration={"types": ["REGIONAL"]})
    assert (made["apiStatus"], made["securityPolicy"]) == ("AVAILABLE", "TLS_1_0")
    assert "endpointAccessMode" not in made


def test_an_api_keeps_the_tls_policy_that_it_is_given(emulator: Emulator) -> None:
    apis, policy = emulator.client("apigateway"), "SecurityPolicy_TLS13_1_2_PQ_2025_09"
    made = apis.create_rest_api(name="tls", securityPolicy=policy, endpointAccessMode="STRICT")
    read = apis.get_rest_api(restApiId=made["id"])
    assert (read["securityPolicy"], read["endpointAccessMode"]) == (policy, "STRICT")
    read = apis.update_rest_api(
        restApiId=made["id"],
        patchOperations=[
            {"op": "replace", "path": "/securityPolicy", "value": "TLS_1_2"},
            {"op": "replace", "path": "/endpointAccessMode", "value": "BASIC"},
        ],
    )
    assert (read["securityPolicy"], read["endpointAccessMode"]) == ("TLS_1_2", "BASIC")
