"""Ask AWS with a person's own credentials, read-only, and sort the errors."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from toolkit.account_check.findings import Finding, skipped
from toolkit.planned import Plan, Settings

# The placeholder of the backend's bucket.
PLACEHOLDER_BUCKET = "REPLACE-ME"

DENIED = {"403", "AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
# Bedrock calls a model or profile that it does not know invalid.
MISSING = {
    "404", "NoSuchBucket", "NoSuchEntity", "NoSuchKey", "NoSuchPublicAccessBlockConfiguration",
    "NotFoundException", "ResourceNotFoundException",
    "ServerSideEncryptionConfigurationNotFoundError", "ValidationException",
}  # fmt: skip
# S3 does not always say which permission is missing.
UNNAMED_PERMISSIONS = {"HeadBucket": "s3:ListBucket", "GetObject": "s3:GetObject"}


class Aws:
    """boto3 clients with the person's own credentials, one for each service and region."""

    def __init__(self) -> None:
        self._session = boto3.Session()
        self._clients: dict[tuple[str, str], Any] = {}

    def client(self, service: str, region: str) -> Any:
        """Return a client, made once."""
        if (service, region) not in self._clients:
            self._clients[service, region] = self._session.client(service, region_name=region)
        return self._clients[service, region]


@dataclass
class Question:
    """The inputs of a check: settings, AWS clients, and the plan once Terraform has made it."""

    env: str
    settings: Settings
    aws: Aws
    plan: Plan = field(default_factory=lambda: Plan("", ()))
    today: date = field(default_factory=lambda: datetime.now(UTC).date())

    def ask(self, service: str, region: str = "") -> Any:
        """Return a client, of the environment's region unless another is named."""
        return self.aws.client(service, region or self.plan.region)

    @property
    def main(self) -> str:
        """Return the file in which a person sets what is planned."""
        return f"envs/{self.env}/main.tf"

    @cached_property
    def is_applied(self) -> bool:
        """Return whether the environment's state holds anything, so that its names may be taken."""
        if self.settings.bucket.startswith(PLACEHOLDER_BUCKET):
            return False
        s3 = self.ask("s3", self.settings.bucket_region)
        state = or_missing(s3.get_object, Bucket=self.settings.bucket, Key=self.settings.key)
        return state is not None and bool(json.load(state["Body"]).get("resources"))

    def pages(self, service: str, operation: str, key: str, **options: Any) -> list[Any]:
        """Return a whole list. WAF has no paginators, and its quotas fit into one page."""
        client = self.ask(service)
        if not client.can_paginate(operation):
            return list(getattr(client, operation)(**options)[key])
        pages = client.get_paginator(operation).paginate(**options)
        return [item for page in pages for item in page.get(key, [])]


def attempt(check: Callable[[Question], Finding], question: Question) -> Finding:
    """Run one check; what may not or cannot be asked is skipped, and says why."""
    try:
        return check(question)
    except ClientError as error:
        if code(error) in DENIED:
            return skipped("you may not look", f"ask for {_permission(error)}")
        return skipped(f"could not be asked: {error}")
    except BotoCoreError as error:
        return skipped(f"could not be asked: {error}")


def _permission(error: ClientError) -> str:
    named = re.search(r"to perform:? ([a-z0-9-]+:\w+)", error.response["Error"].get("Message", ""))
    if named:
        return str(named[1])
    return UNNAMED_PERMISSIONS.get(error.operation_name, str(error.operation_name))


def code(error: ClientError) -> str:
    """Return AWS's name of an error."""
    return str(error.response.get("Error", {}).get("Code", ""))


def or_missing(call: Callable[..., Any], **arguments: Any) -> Any:
    """Return what a call returns, or None when what it asks for is not there."""
    try:
        return call(**arguments)
    except ClientError as error:
        if code(error) in MISSING:
            return None
        raise


def bucket_exists(s3: Any, bucket: str) -> bool:
    """Return whether a bucket's name is taken, by anybody."""
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError as error:
        if code(error) not in MISSING | DENIED:
            raise
        # Forbidden is there as well: bucket names are the whole world's.
        return code(error) in DENIED
    return True


def each(items: Iterable[Mapping[str, Any]], key: str) -> list[str]:
    """Return one field of each item."""
    return [item[key] for item in items]
