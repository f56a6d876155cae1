"""IAM's policy evaluation, pure: no network, no clock, no account."""

from iam_policy.conditions import Context, PolicyError
from iam_policy.policy import (
    Decision,
    Policy,
    Query,
    access_denied_message,
    evaluate,
    missing_keys,
)

__all__ = [
    "Context",
    "Decision",
    "Policy",
    "PolicyError",
    "Query",
    "access_denied_message",
    "evaluate",
    "missing_keys",
]
