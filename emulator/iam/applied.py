"""The applied policies: those of roles, and those of buckets, keys and topics."""

from botocore.exceptions import ClientError

from emulator.account import Account
from emulator.wire.errors import CallerError
from iam_policy import Policy, PolicyError
from toolkit.role_policies import Role, managed_policy, read_role


class Applied:
    """Reads policies through the account's own APIs, each once until the next write."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def role(self, name: str) -> Role:
        """Return a role. Raises CallerError without one, PolicyError for a malformed policy."""
        return self._account.snapshot(f"iam:role:{name}", lambda: self._read_role(name))

    def _read_role(self, name: str) -> Role:
        iam = self._account.client("iam")
        try:
            return read_role(iam, name)
        except iam.exceptions.NoSuchEntityException as error:
            raise CallerError("AccessDenied", f"role {name} does not exist") from error

    def managed(self, arn: str) -> Policy:
        """Return the default version of a managed policy. Raises PolicyError without one."""
        iam = self._account.client("iam")
        try:
            return managed_policy(iam, arn)
        except iam.exceptions.NoSuchEntityException as error:
            raise PolicyError(f"policy {arn} does not exist here") from error

    def of_resource(self, action: str, resource: str) -> Policy | None:
        """Return the policy on a bucket, key, topic or role; other ones are not read."""
        if self.foreign(resource):
            return None
        if action == "sts:AssumeRole":
            return self.role(last(resource)).trust
        service, name = action.partition(":")[0], resource.split(":", 5)[-1]
        snapshot = self._account.snapshot
        if service == "s3" and resource.startswith("arn:"):
            bucket = name.split("/")[0]
            return snapshot(f"iam:bucket:{bucket}", lambda: self._of_bucket(bucket))
        if action in {"kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"} and "alias/" in name:
            return None  # an alias has no policy; its key needs permission as well
        if service == "kms" and name.startswith(("key/", "alias/")):
            key = name.removeprefix("key/")
            return snapshot(f"iam:key:{key}", lambda: self._of_key(key))
        if service == "sns" and resource.startswith("arn:"):
            return snapshot(f"iam:topic:{resource}", lambda: self._of_topic(resource))
        return None

    def foreign(self, resource: str) -> bool:
        """Return whether the resource is another account's, of which nothing is known here."""
        return account_in(resource) not in {"", "aws", self._account.id}

    def owner(self, action: str, resource: str) -> str | None:
        """Return the account that owns a resource, where AWS puts it in aws:ResourceAccount.

        None where it is not known, so that what is allowed or spared for one's own account is
        refused. EventBridge: AWS excepts PutEvents to some event buses, and excepted all of its
        actions before (IAM User Guide, "AWS global condition context keys").
        """
        service = action.partition(":")[0]
        if service == "events":
            return None
        if named := account_in(resource):
            return named if named.isdigit() else None
        own = self._account.id
        if resource == "*" or service == "apigateway":
            return own
        if service == "s3":
            bucket = resource.split(":", 5)[-1].split("/", maxsplit=1)[0]
            return own if action == "s3:CreateBucket" or bucket in self._buckets() else None
        return None

    def _buckets(self) -> frozenset[str]:
        def read() -> frozenset[str]:
            buckets = self._account.client("s3").list_buckets()["Buckets"]
            return frozenset(bucket["Name"] for bucket in buckets)

        return self._account.snapshot("iam:buckets", read)

    def key_behind(self, alias: str) -> str | None:
        """Return the ARN of the key behind an alias; None without such an alias."""
        kms = self._account.client("kms")
        try:
            return str(kms.describe_key(KeyId=alias)["KeyMetadata"]["Arn"])
        except kms.exceptions.NotFoundException:
            return None

    def _of_bucket(self, bucket: str) -> Policy | None:
        try:
            document = self._account.client("s3").get_bucket_policy(Bucket=bucket)["Policy"]
        except ClientError as error:
            if error.response["Error"]["Code"] in {"NoSuchBucketPolicy", "NoSuchBucket"}:
                return None
            raise
        return Policy(document, f"{bucket} bucket policy", "resource")

    def _of_key(self, key: str) -> Policy | None:
        kms = self._account.client("kms")
        try:
            key_id = kms.describe_key(KeyId=key)["KeyMetadata"]["KeyId"]
            document = kms.get_key_policy(KeyId=key_id, PolicyName="default")["Policy"]
        except kms.exceptions.NotFoundException:
            return None
        return Policy(document, f"{key_id} key policy", "resource")

    def _of_topic(self, topic: str) -> Policy | None:
        sns = self._account.client("sns")
        try:
            attributes = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
        except sns.exceptions.NotFoundException:
            return None
        return Policy(attributes["Policy"], f"{last(topic)} topic policy", "resource")


def last(arn: str) -> str:
    """Return what follows the last slash: a role's or policy's name without its path."""
    return arn.rpartition("/")[2]


def account_in(arn: str) -> str:
    """Return the account that an ARN names, or nothing."""
    parts = arn.split(":", 5)
    return parts[4] if len(parts) == 6 else ""
