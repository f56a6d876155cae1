"""envs/bootstrap by its two commands, and environments applied by the roles that it makes."""

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.conftest import HOME
from tests.rehearsal.tokens import REPOSITORY, session, token
from toolkit import bootstrap
from toolkit import environments as commands
from toolkit.local_aws import local_aws
from toolkit.processes import free_port
from toolkit.proofs import report
from toolkit.proofs.deployment import Deployment
from toolkit.proofs.targets import client_key
from toolkit.rehearsal import ACCOUNT_ID, OVERRIDE, Rehearsal
from toolkit.terraform import ROOT, Terraform

REGION = "us-east-2"
BUCKET = f"chatbot-state-{REGION}-{ACCOUNT_ID}"
ROLES = f"arn:aws:iam::{ACCOUNT_ID}:role/delivery-chatbot"
JOBS = {"plan": "pull_request", "apply": "environment:dev"}


def root(account: Rehearsal, env: str, credentials: Mapping[str, str] | None = None) -> Terraform:
    """Copy an environment beside the rehearsal, its state in the bucket, as its workflow has it."""
    folder = HOME / f"{env}-delivered"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    source = ROOT / "envs" / env
    for file in (*source.glob("*.tf"), source / ".terraform.lock.hcl"):
        shutil.copyfile(file, folder / file.name)
    keys = credentials or {"AccessKeyId": "rehearsal", "SecretAccessKey": "rehearsal"}
    _, _, provider = OVERRIDE.replace("ENDPOINT", account.endpoint).partition("}\n\n")
    lines = [line for line in provider.splitlines() if "_key " not in line]
    (folder / "rehearsal_override.tf").write_text("\n".join(lines) + "\n")
    backend = folder / "terraform.tf"
    ours = f'"{BUCKET}"\n    use_path_style = true #'
    text, edits = re.subn(r'"REPLACE-ME-[^"]*"', ours, backend.read_text(encoding="utf-8"))
    assert edits == 1
    backend.write_text(text, encoding="utf-8")
    return Terraform(
        folder,
        {
            **local_aws(account.endpoint),
            "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
            "AWS_SESSION_TOKEN": keys.get("SessionToken"),
        },
    )


@dataclass(frozen=True)
class Prepared:
    """An account after the two commands, and what they left on this machine."""

    account: Rehearsal
    folder: Path
    states: tuple[list[str], list[str]]  # files with state: after plan, and after apply

    def session(self, kind: str, **claims: str) -> dict[str, str]:
        """Return credentials of a role of dev, for the job that it is for or another one."""
        job = {"context": JOBS[kind], **claims}
        return session(self.account.endpoint, REGION, f"{ROLES}-dev-{REGION}-{kind}", token(**job))

    def client(self, service: str, kind: str) -> Any:
        keys = self.session(kind)
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.account.endpoint,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )


@pytest.fixture(scope="module")
def prepared() -> Iterator[Prepared]:
    """Run `make plan ENV=bootstrap` and `make apply ENV=bootstrap` on an empty account."""
    account = Rehearsal("bootstrap", free_port(), home=HOME)
    account.down()
    account.stage()
    account.start()
    terraform = root(account, "bootstrap")
    states = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(commands, "environment", lambda _: terraform.folder)
        patch.setattr(commands, "Terraform", lambda _: terraform)
        for command in (commands.plan, commands.apply):
            command(bootstrap.NAME)
            states.append(sorted(file.name for file in terraform.folder.glob("*state*")))
    yield Prepared(account, terraform.folder, (states[0], states[1]))
    account.down()
    for env in ("bootstrap", "dev"):
        shutil.rmtree(HOME / f"{env}-delivered", ignore_errors=True)


def refused(call: Any, **arguments: Any) -> str:
    """Return the code of a refusal; "" where there was none."""
    try:
        call(**arguments)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def test_the_state_begins_here_and_ends_in_the_bucket(prepared: Prepared) -> None:
    planned, applied = prepared.states
    assert planned == ["state_override.tf"]
    assert applied == []
    s3 = prepared.account.client("s3", REGION)
    state = s3.get_object(Bucket=BUCKET, Key="chatbot/bootstrap.tfstate")["Body"].read()
    held = {one["type"] for one in json.loads(state)["resources"] if one["mode"] == "managed"}
    assert {"aws_s3_bucket", "aws_iam_openid_connect_provider", "aws_iam_role"} <= held
    assert s3.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled"


def test_a_second_plan_reads_the_bucket_and_changes_nothing(prepared: Prepared) -> None:
    terraform = Terraform(prepared.folder, local_aws(prepared.account.endpoint))
    bootstrap.prepare(terraform)
    assert not (prepared.folder / "state_override.tf").exists()
    assert terraform.run("plan", "-detailed-exitcode", ok=(0, 2)).returncode == 0
    assert not bootstrap.settle(terraform)


@pytest.mark.parametrize("kind", ["plan", "apply"])
@pytest.mark.parametrize(
    "claims",
    [
        {"repository": "repo:OWNER/OTHER"},
        {"repository": "repo:OTHER/REPOSITORY"},
        {"repository": f"{REPOSITORY}-2"},
        {"context": "ref:refs/heads/other", "ref": "refs/heads/other"},
        {"context": "environment:prod"},
        {"context": "ref:refs/tags/main", "ref": "refs/tags/main"},
    ],
    ids=str,
)
def test_a_job_of_another_repository_or_ref_is_refused(
    prepared: Prepared, kind: str, claims: dict[str, str]
) -> None:
    assert prepared.session(kind)
    with pytest.raises(
        ClientError, match="Not authorized to perform sts:AssumeRoleWithWebIdentity"
    ):
        prepared.session(kind, **claims)


def test_a_pull_request_may_plan_and_not_apply(prepared: Prepared) -> None:
    assert prepared.session("plan", context="pull_request", ref="refs/pull/1/merge")
    assert prepared.session("plan", context="ref:refs/heads/main")
    for claims in (
        {"context": "pull_request", "ref": "refs/pull/1/merge"},
        {"context": "ref:refs/heads/main"},
        # A protected environment, and the workflow of another branch.
        {"context": "environment:dev", "ref": "refs/heads/other"},
    ):
        with pytest.raises(ClientError, match="Not authorized"):
            prepared.session("apply", **claims)


def smoke(prepared: Prepared, kind: str, outputs: dict[str, Any]) -> int:
    """Run the smoke test with what a role may read, as workflows do."""
    endpoint = prepared.account.endpoint
    path = f"/_aws/execute-api/{outputs['api_id']}/{outputs['stage_name']}/chat"
    aws = partial(prepared.client, kind=kind)
    _, key = client_key(aws("apigateway"), outputs)
    return report.smoke(Deployment(endpoint + path, key, client=aws, outputs=outputs), as_json=True)


@pytest.mark.long
@pytest.mark.usefixtures("package")
def test_dev_is_applied_planned_and_asked_by_its_roles_and_nothing_is_denied(
    prepared: Prepared, capsys: pytest.CaptureFixture[str]
) -> None:
    apply = root(prepared.account, "dev", prepared.session("apply"))
    apply.run("init", "-lockfile=readonly")
    apply.run("apply", "-auto-approve")
    assert apply.outputs()["function_name"] == "chatbot-dev"
    plan = root(prepared.account, "dev", prepared.session("plan"))
    plan.run("init", "-lockfile=readonly")
    done = plan.run("plan", "-lock=false", "-detailed-exitcode", ok=(0, 2))
    assert done.returncode == 0, done.stdout
    for kind in JOBS:
        assert smoke(prepared, kind, apply.outputs()) == 0
        said = json.loads(capsys.readouterr().out)
        assert {one["status"] for one in said["checks"]} <= {"pass", "skip"}, said
    writes: dict[str, tuple[str, dict[str, Any]]] = {
        "lambda": ("update_alias", {"FunctionName": "chatbot-dev", "Name": "live"}),
        "s3": ("put_object", {"Bucket": BUCKET, "Key": "chatbot/dev.tfstate", "Body": b"{}"}),
    }
    for service, (operation, given) in writes.items():
        call = getattr(prepared.client(service, "plan"), operation)
        assert refused(call, **given).startswith("AccessDenied")
