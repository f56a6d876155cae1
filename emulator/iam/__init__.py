"""IAM: who a caller is, what its policies let it do, and what a request needs permission for."""

from emulator.iam.authorizer import LOG_WRITES, Authorizer, request_keys, service_query
from emulator.iam.callers import ADMINISTRATOR_KEYS

__all__ = ["ADMINISTRATOR_KEYS", "LOG_WRITES", "Authorizer", "request_keys", "service_query"]
