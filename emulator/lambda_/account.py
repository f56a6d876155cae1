"""What Lambda says of the account: its limits and what is used of them."""

from botocore.client import BaseClient

from emulator.wire.http import HttpResponse, json_response

# Lambda Developer Guide, "Lambda quotas": what an account has unless it was raised.
CONCURRENCY = 1_000
_STORAGE, _UNZIPPED, _ZIPPED = 80_530_636_800, 262_144_000, 52_428_800


def settings(client: BaseClient) -> HttpResponse:
    """Answer GetAccountSettings."""
    pages = client.get_paginator("list_functions").paginate(FunctionVersion="ALL")
    functions = [one for page in pages for one in page["Functions"]]
    names = {one["FunctionName"] for one in functions}
    reserved = sum(
        client.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions", 0)
        for name in names
    )
    return json_response(
        200,
        {
            "AccountLimit": {
                "TotalCodeSize": _STORAGE,
                "CodeSizeUnzipped": _UNZIPPED,
                "CodeSizeZipped": _ZIPPED,
                "ConcurrentExecutions": CONCURRENCY,
                "UnreservedConcurrentExecutions": CONCURRENCY - reserved,
            },
            "AccountUsage": {
                "TotalCodeSize": sum(one["CodeSize"] for one in functions),
                "FunctionCount": len(names),
            },
        },
    )
