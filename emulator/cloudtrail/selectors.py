"""Which records a trail wants: its Region, and its basic or advanced event selectors.

Source: CloudTrail User Guide, "Logging management events" and "Logging data events".
"""

from collections.abc import Callable
from dataclasses import dataclass

from emulator.wire.documents import Document
from iam_policy.regions import GLOBAL_SERVICES

_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "Equals": str.__eq__,
    "StartsWith": str.startswith,
    "EndsWith": str.endswith,
}


@dataclass(frozen=True)
class LoggingTrail:
    """A trail that is logging: what it selects and where it delivers."""

    arn: str
    bucket: str
    prefix: str
    kms_key: str
    log_group: str
    log_role: str
    validated: bool  # by digests
    region: str | None  # None: all of them
    selectors: tuple[Document, ...]
    advanced: tuple[Document, ...]

    def selects(self, record: Document) -> bool:
        """Return whether the trail wants this record."""
        is_global = record["eventSource"].partition(".")[0] in GLOBAL_SERVICES
        if self.region not in {None, record["awsRegion"]} and not is_global:
            return False
        if self.selectors:
            return any(_basic(selector, record) for selector in self.selectors)
        if self.advanced:
            return any(
                all(_field(one, record) for one in selector["FieldSelectors"])
                for selector in self.advanced
            )
        return bool(record["managementEvent"])


def _basic(selector: Document, record: Document) -> bool:
    if not record["managementEvent"] or not selector.get("IncludeManagementEvents", True):
        return False
    if record["eventSource"] in selector.get("ExcludeManagementEventSources", ()):
        return False
    wanted = selector.get("ReadWriteType", "All")
    return wanted == "All" or (wanted == "ReadOnly") is record["readOnly"]


def _field(selector: Document, record: Document) -> bool:
    resources = record.get("resources") or [{}]
    values = {
        "readOnly": str(record["readOnly"]).lower(),
        "resources.type": resources[0].get("type"),
        "resources.ARN": resources[0].get("ARN"),
        "userIdentity.arn": record["userIdentity"]["arn"],
    }
    name = selector["Field"]
    value = values[name] if name in values else record.get(name)
    for operator, test in _OPERATORS.items():
        wanted, unwanted = selector.get(operator, ()), selector.get(f"Not{operator}", ())
        if wanted and not (value is not None and any(test(value, one) for one in wanted)):
            return False
        if value is not None and any(test(value, one) for one in unwanted):
            return False
    return True


def logging_trail(trail: Document, chosen: Document) -> LoggingTrail:
    """Return a trail as DescribeTrails and GetEventSelectors return it."""
    group = trail.get("CloudWatchLogsLogGroupArn") or ""
    return LoggingTrail(
        arn=trail["TrailARN"],
        bucket=trail["S3BucketName"],
        prefix=trail.get("S3KeyPrefix") or "",
        kms_key=trail.get("KmsKeyId") or "",
        log_group=group.partition(":log-group:")[2].removesuffix(":*"),
        log_role=trail.get("CloudWatchLogsRoleArn") or "",
        validated=bool(trail.get("LogFileValidationEnabled")),
        region=None if trail.get("IsMultiRegionTrail") else trail.get("HomeRegion"),
        selectors=tuple(chosen.get("EventSelectors") or ()),
        advanced=tuple(chosen.get("AdvancedEventSelectors") or ()),
    )
