"""Which IAM action an operation needs, where it is not called as the operation is.

Source: Service Authorization Reference, "Actions, resources, and condition keys" of each service.
"""

_PREFIXES = {
    "apigatewayv2": "apigateway",
    "bedrock-agent": "bedrock",
    "bedrock-agent-runtime": "bedrock",
    "bedrock-runtime": "bedrock",
    "elbv2": "elasticloadbalancing",
    "resourcegroupstaggingapi": "tag",
    "s3control": "s3",
    "sesv2": "ses",
    "stepfunctions": "states",
}

# A bucket's configurations have one action to read and one to change, whatever the operation.
_S3_CONFIGURATIONS = {
    f"{verb}Bucket{kind}Configuration{s}": f"{action}{kind}Configuration"
    for kind in (
        "Accelerate",
        "Analytics",
        "IntelligentTiering",
        "Inventory",
        "Lifecycle",
        "Metrics",
    )
    for verb, action in (("Delete", "Put"), ("Get", "Get"), ("List", "Get"), ("Put", "Put"))
    for s in ("", "s")
} | {
    f"{verb}Bucket{kind}": f"{action}{kind}Configuration"
    for kind in ("Encryption", "Lifecycle", "Replication")
    for verb, action in (("Delete", "Put"), ("Get", "Get"), ("Put", "Put"))
}

_ACTIONS: dict[str, dict[str, str]] = {
    "bedrock-agent-runtime": {"RetrieveAndGenerateStream": "RetrieveAndGenerate"},
    "bedrock-runtime": {
        "Converse": "InvokeModel",
        "ConverseStream": "InvokeModelWithResponseStream",
        "InvokeModelWithBidirectionalStream": "InvokeModel",
        "StartAsyncInvoke": "InvokeModel",
    },
    "budgets": {
        f"{verb}{kind}": "ViewBudget" if verb == "Describe" else "ModifyBudget"
        for verb, kinds in {
            "Create": ("Budget", "Notification", "Subscriber"),
            "Delete": ("Budget", "Notification", "Subscriber"),
            "Describe": (
                *("Budget", "Budgets", "BudgetNotificationsForAccount"),
                *("BudgetPerformanceHistory", "NotificationsForBudget"),
                "SubscribersForNotification",
            ),
            "Update": ("Budget", "Notification", "Subscriber"),
        }.items()
        for kind in kinds
    },
    "kms": {"ReEncrypt": "ReEncryptFrom"},
    "lambda": {
        "GetLayerVersionByArn": "GetLayerVersion",
        "Invoke": "InvokeFunction",
        "InvokeAsync": "InvokeFunction",
        "InvokeWithResponseStream": "InvokeFunction",
    },
    "s3": {
        **_S3_CONFIGURATIONS,
        "CompleteMultipartUpload": "PutObject",
        "CopyObject": "PutObject",
        "CreateMultipartUpload": "PutObject",
        "DeleteBucketCors": "PutBucketCORS",
        "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
        "DeleteBucketTagging": "PutBucketTagging",
        "DeleteObjects": "DeleteObject",
        "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
        "GetBucketNotificationConfiguration": "GetBucketNotification",
        "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
        "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
        "HeadBucket": "ListBucket",
        "HeadObject": "GetObject",
        "ListBuckets": "ListAllMyBuckets",
        "ListDirectoryBuckets": "ListAllMyBuckets",
        "ListMultipartUploads": "ListBucketMultipartUploads",
        "ListObjectVersions": "ListBucketVersions",
        "ListObjects": "ListBucket",
        "ListObjectsV2": "ListBucket",
        "ListParts": "ListMultipartUploadParts",
        "PutBucketNotificationConfiguration": "PutBucketNotification",
        "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
        "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
        "SelectObjectContent": "GetObject",
        "UploadPart": "PutObject",
        "UploadPartCopy": "PutObject",
    },
    "sns": {"PublishBatch": "Publish"},
}


def action_of(service: str, operation: str) -> str:
    """Return the action of an operation, both by botocore's names: as in "s3:PutObject"."""
    name = _ACTIONS.get(service, {}).get(operation, operation)
    return f"{_PREFIXES.get(service, service)}:{name}"
