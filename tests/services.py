"""The services of AWS in which an environment has something, by botocore's names and IAM's."""

SERVICES = (
    "apigateway", "bedrock", "budgets", "cloudtrail", "cloudwatch", "dynamodb", "events", "iam",
    "kms", "lambda", "logs", "s3", "sns", "sts", "wafv2",
)  # fmt: skip

# The Service Authorization Reference's names of these, and of what the function reaches besides.
PREFIXES = (*SERVICES, "bedrock-mantle", "xray")
