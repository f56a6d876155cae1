"""Records are delivered only where policies allow, and memory is bounded."""

import logging
import time
from dataclasses import replace

import pytest

from emulator.cloudtrail.trail import Trail
from emulator.iam import Authorizer
from emulator.wire.http import HttpResponse
from tests.emulator.cloudtrail.recording import (
    BUCKET,
    NAME,
    OK,
    SERVICE,
    TRAIL_ARN,
    Rig,
    bucket_policy,
    call,
    made,
)
from tests.emulator.shown import allow, document, trust


def test_a_bucket_policy_for_another_trail_delivers_nothing(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    rig.account.client("s3").put_bucket_policy(
        Bucket=BUCKET, Policy=bucket_policy(f"{TRAIL_ARN}-other")
    )
    with caplog.at_level(logging.WARNING, "emulator"):
        for _ in range(2):
            rig.record(call("logs", "delete_log_group", logGroupName="g"))
            assert rig.records() == []
    assert len([one for one in caplog.messages if "bucket policy" in one]) == 1  # said once
    assert len(rig.account.logged) == 2  # the log group is asked for apart


@pytest.mark.parametrize("allowed", [True, False])
def test_the_key_policy_is_asked_as_well(rig: Rig, allowed: bool) -> None:
    service = {"Service": SERVICE}
    context = {"kms:EncryptionContext:aws:cloudtrail:arn": TRAIL_ARN if allowed else "arn:other"}
    policy = document(
        allow("kms:GenerateDataKey*", Principal=service, Condition={"StringEquals": context}),
        allow("kms:DescribeKey", Principal=service),
    )
    made = rig.account.client("kms").create_key(Policy=policy, BypassPolicyLockoutSafetyCheck=True)
    rig.client.update_trail(Name=NAME, KmsKeyId=made["KeyMetadata"]["Arn"])
    rig.record(call("logs", "delete_log_group", logGroupName="g"))
    assert len(rig.records()) == (1 if allowed else 0)


def test_the_trails_role_must_be_allowed_to_write_its_stream(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    rig.allow_logs("another")
    rig.record(call("logs", "delete_log_group", logGroupName="g"))
    with caplog.at_level(logging.WARNING, "emulator"):
        assert len(rig.records()) == 1
    assert rig.account.logged == []
    assert "logs:CreateLogStream" in caplog.text


def test_a_condition_on_the_source_ends_delivery_to_the_log_group(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    """As on AWS: https://github.com/prowler-cloud/prowler/issues/4714."""
    bound = trust(SERVICE, StringEquals={"aws:SourceArn": TRAIL_ARN})
    rig.account.client("iam").update_assume_role_policy(
        RoleName="chatbot-dev-trail", PolicyDocument=bound
    )
    rig.account.written()
    rig.record(call("logs", "delete_log_group", logGroupName="g"))
    with caplog.at_level(logging.WARNING, "emulator"):
        assert len(rig.records()) == 1  # in the bucket
    assert rig.account.logged == []
    assert "trust policy says no" in caplog.text


def test_a_large_request_is_named_but_not_kept(rig: Rig) -> None:
    rig.record(call("iam", "create_policy", PolicyName="p", PolicyDocument="x" * 120_000))
    parameters = rig.only()["requestParameters"]
    assert parameters["omitted"] is True
    assert parameters["reason"] == "requestParameters too large"


def test_memory_is_bounded_and_the_loss_is_reported(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("emulator.cloudtrail.trail._MAX_BUFFERED", 5_000)
    request = call("logs", "delete_log_group", logGroupName="g")
    for _ in range(20):
        rig.record(request)
    with caplog.at_level(logging.WARNING, "emulator"):
        kept = len(rig.records())
    assert 0 < kept < 20
    assert f"dropped {20 - kept} records" in caplog.text


def test_a_call_never_fails_for_its_record(rig: Rig) -> None:
    request = call("logs", "delete_log_group", logGroupName="g")
    rig.record(replace(request, body=b"\xff{"))
    rig.record(request, HttpResponse(200, (), b"\xff"))
    rig.record(request, HttpResponse(500, (), b"<html>"))
    assert len(rig.records()) == 3


def test_records_are_delivered_without_being_asked(rig: Rig) -> None:
    trail = Trail(rig.account, Authorizer(rig.account), flush_seconds=0.05)
    trail.record(made(call("logs", "delete_log_group", logGroupName="g")), OK)
    assert trail._thread is not None
    deadline = time.monotonic() + 5
    while not rig.account.logged and time.monotonic() < deadline:
        time.sleep(0.02)
    assert rig.account.logged
    trail.close()
    assert not trail._thread.is_alive()
