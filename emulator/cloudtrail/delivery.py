"""Where CloudTrail's records go: the trail's bucket and its log group, as far as policies allow.

Source: CloudTrail User Guide, "Finding your CloudTrail log files".
"""

import gzip
import logging
import re
import secrets
import string
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from emulator.account import Account
from emulator.cloudtrail.digests import LogFile, Signer
from emulator.cloudtrail.selectors import LoggingTrail, logging_trail
from emulator.cloudtrail.status import note_delivery
from emulator.iam import LOG_WRITES, Authorizer
from emulator.iam.arns import key_arn
from emulator.wire.documents import Document
from emulator.wire.partition import partition_of

_log = logging.getLogger("emulator")

_SERVICE = "cloudtrail.amazonaws.com"
_EVENT_TIME = re.compile(r'"eventTime":"([^"]+)"')
Record = tuple[str, str]
"""A record's Region, and the record as JSON."""


class Delivery:
    """Delivers records as CloudTrail: with the rights that policies give that service."""

    def __init__(self, account: Account, authorizer: Authorizer) -> None:
        self._account = account
        self._authorizer = authorizer
        self._said: dict[tuple[str, str], str] = {}
        self.signer = Signer(account.id, account.region)

    def problem(self, settings: Document) -> str | None:
        """Return what would keep a trail of these settings from delivering, as AWS tries it."""
        arn = settings.get("TrailARN") or self._account.arn(
            "cloudtrail", f"trail/{settings['Name']}"
        )
        target = logging_trail({**settings, "TrailARN": arn}, {})
        now = datetime.now(UTC)
        key = _object_key(target.prefix, self._account.id, self._account.region, now)
        refusal = self._bucket_refusal(target, key)
        if refusal:
            return "key" if refusal.startswith("the key") else "bucket"
        if not target.log_group:
            return None
        problem = self._authorizer.problem_of_service
        if not target.log_role or problem(_SERVICE, target.log_role, (), "", {}):
            return "trust"
        named = self._account.client("logs").describe_log_groups(
            logGroupNamePrefix=target.log_group
        )
        if target.log_group not in {one["logGroupName"] for one in named["logGroups"]}:
            return "group"
        return "permissions" if self._logs_refusal(target, self._stream()) else None

    def to_bucket(self, target: LoggingTrail, records: Sequence[Record]) -> None:
        """Write records into the trail's bucket, a file a Region, and sign them if it validates."""
        account_id = self._account.id
        now = datetime.now(UTC)
        regions: dict[str, list[str]] = {}
        for region, text in records:
            regions.setdefault(region, []).append(text)
        for region, texts in regions.items():
            key = _object_key(target.prefix, account_id, region, now)
            refusal = self._bucket_refusal(target, key)
            note_delivery(target.arn, "bucket", refusal)
            self._say(target.arn, f"bucket {target.bucket}", refusal)
            if refusal:
                return
            encryption = {"ServerSideEncryption": "AES256"}
            if target.kms_key:
                encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": target.kms_key}
            content = f'{{"Records":[{",".join(texts)}]}}'.encode()
            self._put(target, key, gzip.compress(content), **encryption)
            if target.validated:
                times = tuple(found[1] for text in texts if (found := _EVENT_TIME.search(text)))
                self._digest(target, region, LogFile(target.bucket, key, content, times))

    def _digest(self, target: LoggingTrail, region: str, file: LogFile) -> None:
        digest = self.signer.sign(target.arn, target.bucket, target.prefix, region, [file])
        if digest is not None:
            metadata = dict(digest.metadata)
            encryption = {"ServerSideEncryption": "AES256", "Metadata": metadata}
            self._put(target, digest.key, digest.body, **encryption)

    def _put(self, target: LoggingTrail, key: str, body: bytes, **more: object) -> None:
        self._account.client("s3").put_object(
            Bucket=target.bucket,
            Key=key,
            Body=body,
            ContentType="application/json",
            ContentEncoding="gzip",
            **more,
        )

    def _bucket_refusal(self, target: LoggingTrail, key: str) -> str:
        """Return why bucket or key do not let CloudTrail write, or nothing."""
        source = {"aws:SourceArn": target.arn}
        bucket = f"arn:{partition_of(self._account.region)}:s3:::{target.bucket}"
        put = {**source, "s3:x-amz-acl": "bucket-owner-full-control"}
        questions: list[tuple[str, str, Mapping[str, str]]] = [
            ("s3:GetBucketAcl", bucket, source),
            ("s3:PutObject", f"{bucket}/{key}", put),
        ]
        if target.kms_key:
            arn = key_arn(target.kms_key, self._account.region, self._account.id)
            encryption = {**source, "kms:EncryptionContext:aws:cloudtrail:arn": target.arn}
            questions.append(("kms:DescribeKey", arn, source))
            questions.append(("kms:GenerateDataKey", arn, encryption))
        for action, resource, context in questions:
            decision = self._authorizer.authorize_service(_SERVICE, action, resource, context)
            if not decision.allowed:
                policy = "key policy" if action.startswith("kms") else "bucket policy"
                return f"the {policy} does not let {_SERVICE} do {action} ({decision.reason})"
        return ""

    def to_logs(self, target: LoggingTrail, records: Sequence[Record]) -> None:
        """Write records into the trail's log group, if it has one."""
        if not target.log_group:
            return
        stream = self._stream()
        refusal = self._logs_refusal(target, stream)
        note_delivery(target.arn, "logs", refusal)
        self._say(target.arn, f"log group {target.log_group}", refusal)
        if refusal:
            return
        for _, text in records:
            self._account.logs.put(target.log_group, stream, text)

    def _logs_refusal(self, target: LoggingTrail, stream: str) -> str:
        """Return why the trail's role may not write to its log group, or nothing."""
        if not target.log_role:
            return "the trail names no role for it"
        resource = self._account.arn("logs", f"log-group:{target.log_group}:log-stream:{stream}")
        problem = self._authorizer.problem_of_service
        return problem(_SERVICE, target.log_role, LOG_WRITES, resource, {}) or ""

    def _say(self, trail: str, where: str, refusal: str) -> None:
        """Log a refusal once, until it changes."""
        if refusal and self._said.get((trail, where)) != refusal:
            _log.warning("CloudTrail delivers nothing to %s: %s", where, refusal)
        self._said[trail, where] = refusal

    def _stream(self) -> str:
        # The trail's home region, wherever the call was: AWS's role policy example relies on it.
        return f"{self._account.id}_CloudTrail_{self._account.region}"


def _object_key(prefix: str, account_id: str, region: str, now: datetime) -> str:
    unique = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(16))
    name = f"{account_id}_CloudTrail_{region}_{now:%Y%m%dT%H%MZ}_{unique}.json.gz"
    path = f"AWSLogs/{account_id}/CloudTrail/{region}/{now:%Y/%m/%d}/{name}"
    return f"{prefix.strip('/')}/{path}" if prefix else path
