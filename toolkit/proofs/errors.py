"""Why a proof is skipped, or fails before it is asked."""

CREDENTIALS = "it needs AWS credentials: name the environment with --env"

# Error codes that are about the caller's permission and not about the resource.
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
    """A proof cannot be asked and is skipped. The text is the reason."""


class RemovedError(Exception):
    """A resource that a proof is about is missing, so the proof fails. The text names it."""


def tells_nothing(error: Exception) -> bool:
    """Return whether a boto3 error gives no information about the resource.

    So it is when AWS was not reached, or answers that we may not look.
    """
    response = getattr(error, "response", None)
    if not isinstance(response, dict):
        return True
    return str(response.get("Error", {}).get("Code", "")).startswith(REFUSALS)
