"""How a trail's deliveries went, for GetTrailStatus."""

import threading
import time

from emulator.wire.documents import JsonObject

_lock = threading.Lock()
_last: dict[str, dict[str, tuple[float, str]]] = {}

# API reference, GetTrailStatus: the error is the name of S3's or CloudWatch Logs' error.
_REFUSED = "AccessDenied"


def note_delivery(trail_arn: str, where: str, refusal: str) -> None:
    """Remember an attempt to deliver to "bucket" or "logs", and why it failed, if it did."""
    with _lock:
        _last.setdefault(trail_arn, {})[where] = (time.time(), refusal)


def delivery_status(trail_arn: str) -> JsonObject:
    """Return what GetTrailStatus says of a trail's deliveries."""
    with _lock:
        attempts = dict(_last.get(trail_arn, {}))
    shown: JsonObject = {}
    for where, prefix in (("bucket", "Latest"), ("logs", "LatestCloudWatchLogs")):
        if where not in attempts:
            continue
        when, refusal = attempts[where]
        if refusal:
            shown[f"{prefix}DeliveryError"] = _REFUSED
        else:
            shown[f"{prefix}DeliveryTime"] = when
    return shown


def forget(trail_arn: str) -> None:
    """Forget a trail that is gone."""
    with _lock:
        _last.pop(trail_arn, None)
