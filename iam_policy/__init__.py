"""IAM's policy evaluation, pure: no network, no clock, no account."""

from iam_policy.conditions import Context, PolicyError
from iam_policy.policy import Decision, Policy, access_denied_message, evaluate, missing_keys
from iam_policy.principals import Query

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
