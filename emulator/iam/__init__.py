"""IAM: policy evaluation, who a caller is, and what an API request asks leave for."""

from emulator.iam.authorizer import (
    ADMINISTRATOR_KEYS,
    Authorizer,
    CallerError,
    Principal,
    request_keys,
    service_query,
)
from emulator.iam.conditions import PolicyError
from emulator.iam.policy import Decision, Policy, Query, access_denied_message, evaluate

__all__ = [
    "ADMINISTRATOR_KEYS",
    "Authorizer",
    "CallerError",
    "Decision",
    "Policy",
    "PolicyError",
    "Principal",
    "Query",
    "access_denied_message",
    "evaluate",
    "request_keys",
    "service_query",
]
