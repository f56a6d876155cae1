"""CloudTrail's event history, and the digests by which its files are validated."""

import gzip
import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from emulator.cloudtrail.digests import LogFile, Signer
from emulator.cloudtrail.history import History
from emulator.wire.call import Call, Credential
from emulator.wire.http import HttpRequest
from tests.emulator.cloudtrail.test_operations import bucket_policy
from tests.emulator.conftest import ACCOUNT, REGION, Aws, Emulator
from tests.emulator.shown import refusal, shows, unique


@shows("cloudtrail:LookupEvents")
def test_the_history_knows_every_management_event_without_a_trail(aws: Aws) -> None:
    client, roles = aws("cloudtrail"), aws("sns")
    name = unique("topic")
    arn = roles.create_topic(Name=name)["TopicArn"]
    roles.delete_topic(TopicArn=arn)

    def looked_up(key: str, value: str, **more: Any) -> list[dict[str, Any]]:
        wanted = [{"AttributeKey": key, "AttributeValue": value}]
        pages = client.get_paginator("lookup_events").paginate(LookupAttributes=wanted, **more)
        return [event for page in pages for event in page["Events"]]

    newest = looked_up("EventSource", "sns.amazonaws.com")
    assert [event["EventName"] for event in newest[:2]] == ["DeleteTopic", "CreateTopic"]
    event = next(one for one in looked_up("EventName", "CreateTopic") if name in str(one))
    assert (event["Username"], event["ReadOnly"]) == ("root", "false")
    assert json.loads(event["CloudTrailEvent"])["requestParameters"] == {"name": name}
    assert looked_up("EventId", event["EventId"]) == [event]
    assert looked_up("ReadOnly", "true", EndTime=datetime(2020, 1, 1, tzinfo=UTC)) == []
    soon = datetime.now(UTC) + timedelta(minutes=1)
    assert looked_up("EventId", event["EventId"], StartTime=soon - timedelta(hours=1)) == [event]
    assert looked_up("EventId", event["EventId"], StartTime=soon) == []
    one = client.lookup_events(MaxResults=1)
    two = client.lookup_events(MaxResults=1, NextToken=one["NextToken"])
    assert one["Events"][0]["EventId"] != two["Events"][0]["EventId"]
    elsewhere = aws("cloudtrail", region="eu-central-1").lookup_events()["Events"]
    assert event["EventId"] not in {one["EventId"] for one in elsewhere}


def test_the_history_is_bounded_and_the_newest_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.cloudtrail.history._KEPT", 3)
    history = History()
    record = {
        "awsRegion": REGION,
        "eventName": "CreateTopic",
        "eventSource": "sns.amazonaws.com",
        "eventTime": "2026-01-01T00:00:00Z",
        "managementEvent": True,
        "readOnly": False,
        "userIdentity": {"type": "Root", "arn": f"arn:aws:iam::{ACCOUNT}:root"},
    }
    for number in range(10):
        history.note({**record, "eventID": str(number)})
    history.note({**record, "eventID": "data", "managementEvent": False})
    request = HttpRequest("POST", "/", "", (), b"", "127.0.0.1")
    answer = history.answer(Call(request, Credential("key", REGION, "cloudtrail")))
    assert [one["EventId"] for one in json.loads(answer.body)["Events"]] == ["9", "8", "7"]


def test_the_history_refuses_what_it_cannot_look_up(aws: Aws) -> None:
    lookup = aws("cloudtrail").lookup_events
    name = {"AttributeKey": "EventName", "AttributeValue": "x"}
    of_a_resource = {"AttributeKey": "ResourceName", "AttributeValue": "x"}
    now = datetime.now(UTC)
    assert refusal(lookup, LookupAttributes=[name, name])[1] == "InvalidLookupAttributesException"
    assert refusal(lookup, LookupAttributes=[of_a_resource])[0] == 501
    backwards = {"StartTime": now, "EndTime": now - timedelta(hours=1)}
    assert refusal(lookup, **backwards)[1] == "InvalidTimeRangeException"
    assert refusal(lookup, NextToken="x")[1] == "InvalidNextTokenException"


def verify(digest: dict[str, Any], content: bytes, signature: str, key: bytes) -> None:
    """Check a signature as CloudTrail's guide says. Raises InvalidSignature."""
    signed = "\n".join(
        (
            digest["digestEndTime"],
            f"{digest['digestS3Bucket']}/{digest['digestS3Object']}",
            hashlib.sha256(content).hexdigest(),
            digest["previousDigestSignature"] or "null",
        )
    )
    public = load_der_public_key(key)
    assert isinstance(public, rsa.RSAPublicKey)
    public.verify(bytes.fromhex(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())


@shows("cloudtrail:ListPublicKeys")
def test_what_a_trail_delivers_is_digested_and_signed(emulator: Emulator, aws: Aws) -> None:
    s3, client, name = emulator.client("s3"), aws("cloudtrail"), unique("validated")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_policy(Bucket=name, Policy=bucket_policy(name))
    client.create_trail(Name=name, S3BucketName=name, EnableLogFileValidation=True)
    client.start_logging(Name=name)
    emulator.client("sns").create_topic(Name=name)
    emulator.server.app.door.trail.flush()
    client.delete_trail(Name=name)

    prefix = f"AWSLogs/{ACCOUNT}/CloudTrail-Digest/{REGION}/"
    key = s3.list_objects_v2(Bucket=name, Prefix=prefix)["Contents"][-1]["Key"]
    stored = s3.get_object(Bucket=name, Key=key)
    content = gzip.decompress(stored["Body"].read())
    digest = json.loads(content)
    keys = client.list_public_keys(StartTime=datetime.now(UTC))["PublicKeyList"]
    public = {one["Fingerprint"]: one["Value"] for one in keys}
    # PKCS #1, where load_der_public_key takes that and SubjectPublicKeyInfo alike.
    value = public[digest["digestPublicKeyFingerprint"]]
    loaded = load_der_public_key(value)
    assert loaded.public_bytes(Encoding.DER, PublicFormat.PKCS1) == value
    assert stored["Metadata"]["signature-algorithm"] == "SHA256withRSA"
    verify(digest, content, stored["Metadata"]["signature"], value)
    with pytest.raises(InvalidSignature):
        verify(digest, content + b" ", stored["Metadata"]["signature"], value)
    for file in digest["logFiles"]:
        body = s3.get_object(Bucket=name, Key=file["s3Object"])["Body"].read()
        assert hashlib.sha256(gzip.decompress(body)).hexdigest() == file["hashValue"]
    assert digest["logFiles"]


def test_digests_form_a_chain_and_lose_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)

    class Clock(datetime):
        @classmethod
        def now(cls, _: Any = None) -> datetime:  # type: ignore[override]
            return now

    monkeypatch.setattr("emulator.cloudtrail.digests.datetime", Clock)
    signer = Signer(ACCOUNT, REGION)

    def sign(*names: str) -> dict[str, Any] | None:
        files = [
            LogFile("bucket", name, name.encode(), ("2026-11-24T12:00:00Z",)) for name in names
        ]
        signed = signer.sign(f"arn:x/{ACCOUNT}", "bucket", "some/prefix", REGION, files)
        return None if signed is None else json.loads(gzip.decompress(signed.body))

    first = sign("a")
    assert first is not None
    assert first["previousDigestSignature"] is None
    assert first["digestS3Object"].startswith("some/prefix/AWSLogs/")
    assert sign("b") is None  # within the same second
    now += timedelta(seconds=5)
    second = sign("c")
    assert second is not None
    assert [file["s3Object"] for file in second["logFiles"]] == ["b", "c"]
    assert second["digestStartTime"] == first["digestEndTime"]
    assert second["previousDigestS3Object"] == first["digestS3Object"]
