"""What Lambda says of the account: its limits and what is used of them."""

from collections.abc import Iterable

from botocore.client import BaseClient

from emulator.account import every
from emulator.wire.http import HttpResponse, json_response

# Lambda Developer Guide, "Lambda quotas": what an account has unless it was raised.
CONCURRENCY = 1_000
_STORAGE, _UNZIPPED, _ZIPPED = 80_530_636_800, 262_144_000, 52_428_800


def reserved(client: BaseClient, functions: Iterable[str]) -> int:
    """Return the concurrency that is reserved for these functions together."""
    return sum(
        client.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions", 0)
        for name in functions
    )


def settings(client: BaseClient) -> HttpResponse:
    """Answer GetAccountSettings."""
    functions = every(client, "list_functions", "Functions", FunctionVersion="ALL")
    names = {one["FunctionName"] for one in functions}
    return json_response(
        200,
        {
            "AccountLimit": {
                "TotalCodeSize": _STORAGE,
                "CodeSizeUnzipped": _UNZIPPED,
                "CodeSizeZipped": _ZIPPED,
                "ConcurrentExecutions": CONCURRENCY,
                "UnreservedConcurrentExecutions": CONCURRENCY - reserved(client, names),
            },
            "AccountUsage": {
                "TotalCodeSize": sum(one["CodeSize"] for one in functions),
                "FunctionCount": len(names),
            },
        },
    )
