"""IAM: who a caller is, what its policies let it do, and what a request needs permission for."""

from emulator.iam.authorizer import LOG_WRITES, Authorizer, request_keys, service_query

__all__ = ["LOG_WRITES", "Authorizer", "request_keys", "service_query"]
