"""IAM: who a caller is, what its policies let it do, and what a request needs permission for."""

from emulator.iam.authorizer import (
    ADMINISTRATOR_KEYS,
    Authorizer,
    CallerError,
    Principal,
    request_keys,
    service_query,
)

__all__ = [
    "ADMINISTRATOR_KEYS",
    "Authorizer",
    "CallerError",
    "Principal",
    "request_keys",
    "service_query",
]
