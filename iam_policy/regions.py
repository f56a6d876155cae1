"""The Region that IAM sees in a call."""

GLOBAL_SERVICES = frozenset({"budgets", "iam", "organizations"})
"""Services with one endpoint, in us-east-1."""


def requested_region(action: str, region: str) -> str:
    """Return aws:RequestedRegion of an action that is called from a Region.

    Calls of IAM are always made to us-east-1 (IAM User Guide, "AWS global condition context keys").
    iam:PassRole is no call: it is checked along with one of another service.
    """
    is_global = action.partition(":")[0] in GLOBAL_SERVICES and action != "iam:PassRole"
    return "us-east-1" if is_global else region
