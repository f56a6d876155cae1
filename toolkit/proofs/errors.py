"""Why a proof is skipped, or fails before it is asked."""

from __future__ import annotations

CREDENTIALS = "it needs AWS credentials: name the environment with --env"

# How AWS's codes begin when it refuses whoever asks, and says nothing of what was asked about.
REFUSALS = (
    "403",
    "AccessDenied",
    "Authorization",
    "Expired",
    "Forbidden",
    "InvalidClientToken",
    "Throttling",
    "TooManyRequests",
    "Unauthorized",
    "UnrecognizedClient",
)


class CannotAskError(Exception):
    """A proof cannot be asked, and says nothing. The text says why."""


class RemovedError(Exception):
    """What a proof is about should be there, and is not. The text says what."""


def tells_nothing(error: Exception) -> bool:
    """Tell whether an error of boto3 says nothing of what is there.

    So it is when AWS was not reached, or answers that we may not look.
    """
    response = getattr(error, "response", None)
    if not isinstance(response, dict):
        return True
    return str(response.get("Error", {}).get("Code", "")).startswith(REFUSALS)
