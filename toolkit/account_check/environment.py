"""What must be right before the account is asked: credentials, state bucket, origin, advice."""

from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from toolkit.account_check.asking import (
    DENIED,
    MISSING,
    PLACEHOLDER_BUCKET,
    Question,
    code,
    or_missing,
)
from toolkit.account_check.findings import Finding, failed, passed, warned
from toolkit.errors import ToolkitError

# The placeholders in envs/: AWS's example account and an example origin.
EXAMPLE_ACCOUNT = "111122223333"
EXAMPLE_HOST = "example.com"


def account(question: Question) -> Finding:
    """Check that the credentials belong to the account in allowed_account_ids."""
    settings = question.settings
    providers = f"envs/{question.env}/providers.tf"
    if not settings.account_ids:
        return failed(
            "allowed_account_ids names no account, so that Terraform would touch any",
            f'name the account in {providers}: allowed_account_ids = ["<12 digits>"]',
        )
    if EXAMPLE_ACCOUNT in settings.account_ids:
        return failed(
            f"allowed_account_ids still holds the placeholder {EXAMPLE_ACCOUNT}",
            f"edit placeholder 1 in {providers}; `aws sts get-caller-identity` prints your account",
        )
    try:
        caller = question.ask("sts", settings.bucket_region).get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        raise ToolkitError(
            f"AWS does not say who you are: {error}\n"
            "Sign in (`aws sso login`), or name a profile that works: AWS_PROFILE=…"
        ) from error
    if caller["Account"] not in settings.account_ids:
        return failed(
            f"you are {caller['Arn']}, and {providers} allows {', '.join(settings.account_ids)}",
            f"choose the right AWS_PROFILE, or correct {providers}",
        )
    return passed(f"{caller['Account']}, as {caller['Arn']}")


def state_bucket(question: Question) -> Finding:
    """Check that the state bucket belongs to the account and is versioned and private."""
    bucket, region = question.settings.bucket, question.settings.bucket_region
    make = f'make it as docs/operations.md, "State bucket", says: bucket {bucket} in {region}'
    if not bucket or bucket.startswith(PLACEHOLDER_BUCKET):
        return failed(
            f"the backend's bucket is {bucket or 'missing'}",
            f"edit placeholder 2 in envs/{question.env}/terraform.tf",
        )
    s3 = question.ask("s3", region)
    try:
        head = s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=question.settings.account_ids[0])
    except ClientError as error:
        if code(error) in MISSING:
            return failed(f"there is no bucket {bucket}", make)
        if code(error) in DENIED:
            return failed(
                f"bucket {bucket} is another account's, or you may not list it",
                f"choose another name, or ask for s3:ListBucket on {bucket}",
            )
        raise
    wrong = []
    if head.get("BucketRegion", region) != region:
        wrong.append(f"it is in {head['BucketRegion']}, and the backend says {region}")
    if s3.get_bucket_versioning(Bucket=bucket).get("Status") != "Enabled":
        wrong.append("it is not versioned: a broken state could not be taken back")
    if not or_missing(s3.get_bucket_encryption, Bucket=bucket):
        wrong.append("it has no default encryption")
    block = or_missing(s3.get_public_access_block, Bucket=bucket) or {}
    if not all(block.get("PublicAccessBlockConfiguration", {"none": False}).values()):
        wrong.append("public access is not blocked, and state holds API keys")
    return failed(f"{bucket}: " + "; ".join(wrong), make) if wrong else passed(bucket)


def origin(question: Question) -> Finding:
    """Check that the allowed origin is no longer the placeholder."""
    answers = question.plan.all("aws_api_gateway_gateway_response")
    header = "gatewayresponse.header.Access-Control-Allow-Origin"
    allowed = answers[0].values["response_parameters"][header].strip("'")
    host = urlsplit(allowed).hostname or ""
    if host == EXAMPLE_HOST or host.endswith(f".{EXAMPLE_HOST}"):
        return failed(
            f"allowed_origin is still the placeholder {allowed}",
            f"edit placeholder 3 in {question.main}: the origin that serves your page",
        )
    return passed(allowed)


def advice(question: Question) -> Finding:
    """Report the failed `check` blocks of the plan."""
    if question.plan.advice:
        return warned(" ".join(question.plan.advice), f"change {question.main}, or know why not")
    return passed("nothing to add")
