"""The account check against the local AWS: before dev is applied there, and after."""

import shutil
from pathlib import Path

import pytest

from toolkit.account_check import environment, run
from toolkit.account_check.asking import Aws
from toolkit.local_aws import local_aws
from toolkit.planned import planned
from toolkit.rehearsal import ACCOUNT_ID, Rehearsal
from toolkit.terraform import ROOT

REGION = "us-east-2"
BUCKET = f"state-of-{ACCOUNT_ID}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Edit the placeholders of dev as a person does."""
    copy = tmp_path_factory.mktemp("envs") / "dev"
    shutil.copytree(ROOT / "envs" / "dev", copy, ignore=shutil.ignore_patterns(".terraform"))
    for name, placeholder, own in (
        ("providers.tf", environment.EXAMPLE_ACCOUNT, ACCOUNT_ID),
        ("terraform.tf", "REPLACE-ME-terraform-state", BUCKET),
    ):
        text = (copy / name).read_text()
        assert placeholder in text
        (copy / name).write_text(text.replace(placeholder, own))
    return copy


def test_reads_the_plan_and_tells_a_fresh_account_from_an_applied_one(
    dev: Rehearsal, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in local_aws(dev.endpoint).items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    plan = planned(folder)
    monkeypatch.setattr(run, "planned", lambda _: plan)

    def statuses() -> dict[str, str]:
        results = run.run("dev", folder, Aws(), lambda _: None)
        return {result.name: f"{result.status}: {result.detail}" for result in results}

    s3 = dev.client("s3", REGION)
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    try:
        found = statuses()
        assert found["the account is the allowed one"].startswith(f"pass: {ACCOUNT_ID}")
        assert "not versioned" in found["the state bucket is ready"]
        assert found["it plans"].startswith("pass")
        assert found["the origin is your page's"] == "pass: http://localhost:5173"
        # dev is applied, and an account check that finds no state must take it for somebody else's.
        assert found["invocation logging overwrites nobody's"].startswith("fail")
        assert found["API Gateway's log role replaces nobody's"].startswith("fail")
        taken = found["every name is free"]
        for name in (
            "bedrock_guardrail",
            "budgets_budget",
            "cloudtrail",
            "iam_policy",
            "kms_alias",
            "wafv2_web_acl",
            "lambda_function",
            "s3_bucket",
        ):
            assert f"aws_{name} " in taken

        s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        s3.put_public_access_block(
            Bucket=BUCKET,
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": True,
                "IgnorePublicAcls": True,
                "BlockPublicPolicy": True,
                "RestrictPublicBuckets": True,
            },
        )
        # AWS does this by itself since 2023; the local AWS does not.
        rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
        s3.put_bucket_encryption(Bucket=BUCKET, ServerSideEncryptionConfiguration={"Rules": [rule]})
        s3.put_object(Bucket=BUCKET, Key="chatbot/dev.tfstate", Body=b'{"resources": [{}]}')
        found = statuses()
        failed = {name: said for name, said in found.items() if said.startswith("fail")}
        assert failed == {}
        assert found["invocation logging overwrites nobody's"].startswith("pass")
        assert found["every name is free"].startswith("pass")
        # What the local AWS cannot be asked is skipped and says so.
        skipped = [said for said in found.values() if said.startswith("skip")]
        assert [said for said in skipped if "could not be asked" not in said] == []
    finally:
        for version in s3.list_object_versions(Bucket=BUCKET).get("Versions", []):
            s3.delete_object(Bucket=BUCKET, Key=version["Key"], VersionId=version["VersionId"])
        s3.delete_bucket(Bucket=BUCKET)
