"""Every `aws` command of the documentation is run as it is written, by the real AWS CLI."""

import calendar
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.documented import Command, commands
from toolkit.local_aws import local_aws
from toolkit.rehearsal import ACCOUNT_ID, Rehearsal
from toolkit.terraform import CACHE, ROOT, merged

AWS = commands("aws")
OUTPUTS = [one for one in commands("terraform") if " output" in one.text and one not in AWS]
NOW = datetime.now(UTC)
# What a command must print on a rehearsal where that is known.
SAYS = {
    "aws apigateway get-usage": r"\[\s*\d+,\s*\d+\s*\]",
    "aws cloudtrail lookup-events": r'"EventName": "StopLogging"',
    "aws cloudtrail validate-logs": r"(\d+)/\1 digest files valid\s+(\d+)/\2 log files valid",
    "aws bedrock list-inference-profiles": r"us\.anthropic\.",
    "for id in": r"PendingDeletion",
}


@pytest.fixture(scope="session")
def aws_cli() -> Path:
    """Install the AWS CLI in an environment of its own, and return the folder of its program."""
    done = subprocess.run(
        ["bash", "scripts/setup.sh", "awscli"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"the AWS CLI cannot be installed here: {done.stderr.strip()[-200:]}")
    return CACHE / "awscli" / "bin"


class Account:
    """The rehearsed account, with all that the documented commands are about."""

    def __init__(self, dev: Rehearsal) -> None:
        self.dev = dev
        self.outputs = dev.terraform().outputs()
        self.bucket = f"state-{os.getpid()}"
        self.log_role: str | None = None
        self.key = self.client("kms").create_key()["KeyMetadata"]["KeyId"]
        self.guardrail = self.client("bedrock").create_guardrail(
            name=f"documented-{os.getpid()}",
            blockedInputMessaging="no",
            blockedOutputsMessaging="no",
            wordPolicyConfig={"wordsConfig": [{"text": "word"}]},
        )["guardrailId"]
        self.client("bedrock").create_guardrail_version(guardrailIdentifier=self.guardrail)
        iam = self.client("iam")
        iam.create_user(UserName="somebody")
        self.access_key = iam.create_access_key(UserName="somebody")["AccessKey"]["AccessKeyId"]

    def client(self, service: str) -> Any:
        return self.dev.client(service, self.dev.session().region)

    @property
    def role(self) -> str:
        return str(self.outputs["execution_role_arn"]).rpartition("/")[2]

    def prepare(self, command: str) -> None:
        """Bring about what a command is the answer to."""
        if "cancel-key-deletion" in command or command.startswith("for id"):
            state = self.client("kms").describe_key(KeyId=self.key)["KeyMetadata"]["KeyState"]
            if state != "PendingDeletion":
                self.client("kms").schedule_key_deletion(KeyId=self.key)
        if "start-logging" in command:
            self.client("cloudtrail").stop_logging(Name="chatbot-dev-us-east-2")
        if "copy-object" in command or "list-object-versions" in command:
            for _ in range(2):
                self.client("s3").put_object(
                    Bucket=self.bucket, Key="chatbot/dev.tfstate", Body=b"{}"
                )
        if "delete-log-group" in command:
            group = re.search(r"--log-group-name (\S+)", command)
            assert group
            self.client("logs").create_log_group(logGroupName=group[1])
        if "update-account" in command:
            self.log_role = self.client("apigateway").get_account().get("cloudwatchRoleArn")
        if "validate-logs" in command:
            time.sleep(6)  # the trail delivers every five seconds

    def restore(self, command: str) -> None:
        """Take back what a command has done to the environment."""
        if "put-function-concurrency" in command:
            self.client("lambda").put_function_concurrency(
                FunctionName=self.outputs["function_name"], ReservedConcurrentExecutions=10
            )
        if "update-account" in command and self.log_role:
            back = {"op": "replace", "path": "/cloudwatchRoleArn", "value": self.log_role}
            self.client("apigateway").update_account(patchOperations=[back])
        if "put-role-policy" in command:
            self.client("iam").delete_role_policy(RoleName=self.role, PolicyName="revoke-sessions")

    def filled(self, command: str) -> str:
        ids = {
            "get-api-key": next(iter(self.outputs["api_key_ids"].values())),
            "aws kms": self.key,
            "update-access-key": self.access_key,
            "delete-guardrail": self.guardrail,
            "versionId=": self._version,
        }
        last = calendar.monthrange(NOW.year, NOW.month)[1]
        filled = {
            "<account>": ACCOUNT_ID,
            "<the same>": "365",
            "<role>": self.role,
            "<user>": "somebody",
            "<number>": "1",
            "<2026-11-01>": f"{NOW:%Y-%m}-01",
            "<2026-11-30>": f"{NOW:%Y-%m}-{last}",
            "<2026-11-24T00:00:00Z>": f"{NOW - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}",
            "<now, 2026-11-24T12:00:00Z>": f"{NOW:%Y-%m-%dT%H:%M:%SZ}",
            "envs/dev": os.path.relpath(self.dev.folder, ROOT),
        }
        for key, value in ids.items():
            if key in command:
                filled["<id>"] = value() if callable(value) else value
        for placeholder, value in filled.items():
            command = command.replace(placeholder, value)
        assert not re.search(r"<[a-z0-9]", command), command
        return command

    def _version(self) -> str:
        versions = self.client("s3").list_object_versions(Bucket=self.bucket)["Versions"]
        return str(versions[-1]["VersionId"])


@pytest.fixture(scope="module")
def account(dev: Rehearsal) -> Iterator[Account]:
    made = Account(dev)
    yield made
    made.client("bedrock").delete_guardrail(guardrailIdentifier=made.guardrail)
    s3 = made.client("s3")
    if any(one["Name"] == made.bucket for one in s3.list_buckets()["Buckets"]):
        for version in s3.list_object_versions(Bucket=made.bucket).get("Versions", ()):
            s3.delete_object(Bucket=made.bucket, Key=version["Key"], VersionId=version["VersionId"])
        s3.delete_bucket(Bucket=made.bucket)


@pytest.fixture
def run(account: Account, aws_cli: Path) -> Callable[[str], tuple[int, str]]:
    """Return a function that types a command as `make up` says, and returns what it prints."""
    session = account.dev.session()
    ours = local_aws(session.endpoint) | {
        "AWS_DEFAULT_REGION": session.region,
        "AWS_PAGER": "",
        "BUCKET": account.bucket,
        "TF_CLI_CONFIG_FILE": os.devnull,  # the one that is named may not exist
        "PATH": f"{aws_cli}:{os.environ['PATH']}",
    }

    def typed(command: str) -> tuple[int, str]:
        done = subprocess.run(
            ["bash", "-c", account.filled(command)],
            cwd=ROOT,
            env=merged(os.environ, ours),
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=120,
            check=False,
        )
        return done.returncode, done.stdout

    return typed


def _name(command: Command) -> str:
    return f"{command.page}:{command.line}"


def test_the_documentation_has_such_commands() -> None:
    assert len(AWS) > 25
    assert len(OUTPUTS) >= 3


@pytest.mark.parametrize("command", AWS, ids=_name)
def test_a_documented_command_works_on_a_rehearsal(
    command: Command, account: Account, run: Callable[[str], tuple[int, str]]
) -> None:
    if command.on_aws_only:
        pytest.skip("documented as for AWS only")
    account.prepare(command.text)
    try:
        code, said = run(command.text)
    finally:
        account.restore(command.text)
    assert code == 0, said
    for beginning, expected in SAYS.items():
        if command.text.startswith(beginning):
            assert re.search(expected, said), said


@pytest.mark.parametrize("command", OUTPUTS, ids=_name)
def test_outputs_are_read_on_a_rehearsal_as_documented(
    command: Command, account: Account, run: Callable[[str], tuple[int, str]]
) -> None:
    if "jq" in command.text and not shutil.which("jq"):
        pytest.skip("jq is not on PATH")
    name = command.text.split(" .")[-1].strip("'")
    code, said = run(command.text)
    assert code == 0, said
    if account.outputs[name] is None:
        assert said.strip() == "null"
    else:
        assert said.strip() not in {"", "null"}


def test_a_changed_byte_of_the_trail_is_found(
    account: Account, run: Callable[[str], tuple[int, str]]
) -> None:
    validate = next(one.text for one in AWS if "validate-logs" in one.text)
    s3, bucket = account.client("s3"), f"chatbot-dev-us-east-2-trail-{ACCOUNT_ID}"
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=f"AWSLogs/{ACCOUNT_ID}/CloudTrail/us-east-2")
    key = listed["Contents"][0]["Key"]
    content = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    s3.put_object(Bucket=bucket, Key=key, Body=content[:-9] + b"\0" + content[-8:])
    code, said = run(validate)
    s3.put_object(Bucket=bucket, Key=key, Body=content, ContentEncoding="gzip")
    assert code == 1
    assert "INVALID" in said
