"""The errors by which DynamoDB says that it cannot answer now, with the status of each.

Source: DynamoDB Developer Guide, "Error handling with DynamoDB".
"""

ERRORS = {
    "InternalServerError": (500, "The server encountered an internal error."),
    "ProvisionedThroughputExceededException": (400, "The table's throughput was exceeded."),
    "RequestLimitExceeded": (400, "The account's throughput limit was exceeded."),
    "ServiceUnavailable": (503, "The service is unavailable or busy."),
    "ThrottlingException": (400, "The rate of requests exceeds the allowed throughput."),
}
