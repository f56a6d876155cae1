"""CloudTrail: a record of each API call, delivered where the applied trails say.

Sources: CloudTrail User Guide, "CloudTrail record contents", "Finding your CloudTrail log files";
Amazon Bedrock User Guide, "Log Amazon Bedrock API calls using AWS CloudTrail".
"""

import base64
import gzip
import json
import logging
import re
import secrets
import string
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from emulator.bedrock.trace import recorded
from emulator.cloudtrail.digests import LogFile, Signer
from emulator.cloudtrail.history import History
from emulator.cloudtrail.status import note_delivery
from emulator.iam import Authorizer, CallerError, Principal
from emulator.iam.requests import GLOBAL_SERVICES, ApiCall, credential, identify, key_arn
from emulator.wire.http import HttpRequest, HttpResponse
from emulator.wire.partition import partition_of

_log = logging.getLogger("emulator")

_OWN_KEY = "emulator"  # the data plane's own calls are no one's API activity
_SERVICE = "cloudtrail.amazonaws.com"
_HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
_MAX_FIELD = 100 * 1024  # AWS's limit for requestParameters and for responseElements
_MAX_EVENTS = 10_000
_MAX_BUFFERED = 32 * 1024 * 1024
_EVENT_TIME = re.compile(r'"eventTime":"([^"]+)"')
_GUARDRAIL = "AWS::Bedrock::Guardrail"

_READS = ("BatchGet", "Describe", "Filter", "Get", "Head", "List", "Lookup", "Search", "Test")

# Data events: not recorded unless a trail asks, and here only ApplyGuardrail's can be asked for.
_DATA_EVENTS = {
    "cloudwatch": ("GetMetric", "ListMetrics", "PutMetricData"),
    "events": ("PutEvents",),
    "lambda": ("Invoke",),
    "logs": ("FilterLogEvents", "GetLogEvents", "GetLogRecord", "PutLogEvents"),
    "sns": ("Publish",),
    "xray": ("BatchGetTraces", "GetTrace", "GetSampling", "PutT"),
}

_INFERENCE = frozenset(
    {"Converse", "ConverseStream", "InvokeModel", "InvokeModelWithResponseStream"}
)


# Lambda's event names carry the date of the API's path and, some, a version.
_LAMBDA_V2 = frozenset(
    {
        "AddPermission",
        "GetFunction",
        "GetFunctionConfiguration",
        "GetPolicy",
        "RemovePermission",
        "TagResource",
        "UntagResource",
        "UpdateFunctionCode",
        "UpdateFunctionConfiguration",
    }
)

# Never recorded, whatever the service model says of them.
_NEVER = frozenset({"environment", "zipfile", "messages", "system", "body", "requestmetadata"})
_SECRET = frozenset({"secretaccesskey", "sessiontoken", "password", "secretstring", "tokencode"})

# API Gateway's model does not mark the value of an API key as sensitive.
_KEYS = re.compile(r"\w+(ApiKey|ApiKeys|UsagePlanKey)")


class CloudView(Protocol):
    """What is needed of the account."""

    account_id: str
    region: str

    def client(self, service: str) -> Any:
        """Return a boto3 client with the operator's credentials."""

    def snapshot[T](self, key: str, build: Callable[[], T]) -> T:
        """Return a value that is built anew after each control-plane write."""

    def log(self, group: str, stream: str, message: str) -> None:
        """Queue one event for a log group."""


@dataclass(frozen=True)
class _Target:
    """A trail that is logging: what it selects and where it delivers."""

    arn: str
    bucket: str
    prefix: str
    kms_key: str
    log_group: str
    log_role: str
    validated: bool  # by digests
    region: str | None  # None: all of them
    selectors: tuple[Mapping[str, Any], ...]
    advanced: tuple[Mapping[str, Any], ...]

    def selects(self, record: Mapping[str, Any]) -> bool:
        """Say whether the trail wants this record."""
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


def _basic(selector: Mapping[str, Any], record: Mapping[str, Any]) -> bool:
    if not record["managementEvent"] or not selector.get("IncludeManagementEvents", True):
        return False
    if record["eventSource"] in selector.get("ExcludeManagementEventSources", ()):
        return False
    wanted = selector.get("ReadWriteType", "All")
    return wanted == "All" or (wanted == "ReadOnly") is record["readOnly"]


def _field(selector: Mapping[str, Any], record: Mapping[str, Any]) -> bool:
    resources = record.get("resources") or [{}]
    values = {
        "readOnly": str(record["readOnly"]).lower(),
        "resources.type": resources[0].get("type"),
        "resources.ARN": resources[0].get("ARN"),
        "userIdentity.arn": record["userIdentity"]["arn"],
    }
    name = selector["Field"]
    value = values[name] if name in values else record.get(name)
    tests: dict[str, Callable[[str, str], bool]] = {
        "Equals": str.__eq__,
        "StartsWith": str.startswith,
        "EndsWith": str.endswith,
    }
    for operator, test in tests.items():
        wanted, unwanted = selector.get(operator, ()), selector.get(f"Not{operator}", ())
        if wanted and not (value is not None and any(test(value, one) for one in wanted)):
            return False
        if value is not None and any(test(value, one) for one in unwanted):
            return False
    return True


def _target(trail: Mapping[str, Any], chosen: Mapping[str, Any]) -> _Target:
    group = trail.get("CloudWatchLogsLogGroupArn") or ""
    return _Target(
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


@dataclass
class _Buffer:
    target: _Target
    records: list[tuple[str, str]] = field(default_factory=list)  # region, record as JSON
    size: int = 0


class Trail:
    """Records API calls for the trails that log, and delivers them every few seconds."""

    def __init__(
        self,
        cloud: CloudView,
        authorizer: Authorizer | None = None,
        *,
        flush_seconds: float = 5.0,
        on_records: Callable[[list[dict[str, Any]]], None] | None = None,
    ) -> None:
        """`flush_seconds` is the emulator's haste: AWS takes about five minutes.

        `on_records` gets every record that some trail selects: EventBridge has no others.
        """
        self._on_records = on_records
        self._events: list[dict[str, Any]] = []
        self._cloud = cloud
        self._authorizer = authorizer or Authorizer(cloud)
        self._flush_seconds = flush_seconds
        self._lock = threading.Lock()
        self._delivery = threading.Lock()
        self._targets: tuple[_Target, ...] | None = None
        self._version = 0
        self._buffers: dict[str, _Buffer] = {}
        self._dropped = 0
        self._said: dict[tuple[str, str], str] = {}
        self.history = History()
        self.signer = Signer(cloud.account_id, cloud.region)
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    # --- recording ---------------------------------------------------------------------------

    def record(
        self,
        request: HttpRequest,
        response: HttpResponse,
        *,
        request_id: str,
        principal: Principal,
        inference_region: str | None = None,
    ) -> None:
        """Note one answered API call. Never raises."""
        try:
            signed = credential(request)
            if signed is None or signed.access_key_id == _OWN_KEY:
                return
            about_trails = signed.service == "cloudtrail"
            targets = self._current()
            call = identify(request, signed)
            if call is None:
                return
            if about_trails and not _read_only(call.operation):
                # Both states: that logging was started or stopped is recorded, as on AWS.
                self._forget()
                targets = tuple({one.arn: one for one in (*self._current(), *targets)}.values())
            if _is_unrecorded(call):
                return
            made = _envelope(request, request_id, principal, self._cloud.account_id)
            made |= _particulars(call, response, self._cloud.account_id)
            if inference_region:
                made["additionalEventData"] = {"inferenceRegion": inference_region}
            self.history.note(made)
            self._keep(made, targets)
        except Exception:  # noqa: BLE001  # a call must not fail because it could not be written down
            _log.exception("CloudTrail could not record %s %s", request.method, request.path)

    def record_guardrail(
        self,
        request: HttpRequest,
        *,
        request_id: str,
        principal: Principal,
        guardrail_arn: str,
        guardrail_version: str,
        source: str,
        action: str,
        assessment: Mapping[str, Any],
    ) -> None:
        """Note that a guardrail was applied within a Converse call: a data event of its own."""
        targets = self._current()
        if not targets:
            return
        made = _envelope(request, request_id, principal, self._cloud.account_id)
        made |= {
            "eventSource": "bedrock.amazonaws.com",
            "eventName": "ApplyGuardrail",
            "awsRegion": self._cloud.region,
            "requestParameters": {
                "guardrailIdentifier": guardrail_arn.rpartition("/")[2],
                "guardrailVersion": guardrail_version,
                "source": source,
            },
            "responseElements": {"action": action, "assessments": [assessment]},
            **_data_event(guardrail_arn, self._cloud.account_id),
        }
        self._keep(made, targets)

    def _current(self) -> tuple[_Target, ...]:
        while True:
            targets, version = self._targets, self._version
            if targets is not None:
                return targets
            targets = self._read_trails()
            with self._lock:
                # What was read before a trail changed must not outlive the change.
                if version == self._version:
                    self._targets = targets
                    return targets

    def _forget(self) -> None:
        with self._lock:
            self._version += 1
            self._targets = None

    def _read_trails(self) -> tuple[_Target, ...]:
        client = self._cloud.client("cloudtrail")
        targets = []
        for trail in client.describe_trails(includeShadowTrails=False)["trailList"]:
            arn = trail["TrailARN"]
            if not client.get_trail_status(Name=arn)["IsLogging"]:
                continue
            targets.append(_target(trail, client.get_event_selectors(TrailName=trail["Name"])))
        return tuple(targets)

    def _keep(self, record: dict[str, Any], targets: Iterable[_Target]) -> None:
        wanting = [target for target in targets if target.selects(record)]
        if not wanting:
            return
        text = json.dumps(record, separators=(",", ":"), default=str)
        with self._lock:
            for target in wanting:
                buffer = self._buffers.setdefault(target.arn, _Buffer(target))
                if buffer.size + len(text) > _MAX_BUFFERED:
                    self._dropped += 1
                    continue
                buffer.target = target
                buffer.records.append((record["awsRegion"], text))
                buffer.size += len(text)
            if self._on_records is not None and len(self._events) < _MAX_EVENTS:
                self._events.append(record)
            if self._thread is None and not self._closing.is_set():
                self._thread = threading.Thread(target=self._run, name="cloudtrail", daemon=True)
                self._thread.start()

    # --- delivery ----------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._closing.wait(self._flush_seconds):
            self.flush()

    def flush(self) -> None:
        """Deliver what is buffered, now."""
        with self._delivery:
            with self._lock:
                buffers, self._buffers = self._buffers, {}
                events, self._events = self._events, []
                dropped, self._dropped = self._dropped, 0
            if dropped:
                _log.warning("CloudTrail dropped %d records: too many between deliveries", dropped)
            if self._on_records is not None:
                try:
                    self._on_records(events)
                except Exception:  # noqa: BLE001  # deliveries go on
                    _log.exception("CloudTrail's records could not be handed on")
            for buffer in buffers.values():
                for deliver in (self._to_bucket, self._to_logs):
                    try:
                        deliver(buffer)
                    except Exception:  # noqa: BLE001  # one destination must not stop the other
                        _log.exception("CloudTrail could not deliver for %s", buffer.target.arn)

    def close(self) -> None:
        """Deliver what is left and stop."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join(timeout=10)
        self.flush()

    def problem(self, settings: Mapping[str, Any]) -> str | None:
        """Return what would keep a trail of these settings from delivering, as AWS tries it."""
        region, account = self._cloud.region, self._cloud.account_id
        arn = settings.get("TrailARN") or (
            f"arn:{partition_of(region)}:cloudtrail:{region}:{account}:trail/{settings['Name']}"
        )
        target = _target({**settings, "TrailARN": arn}, {})
        key = _object_key(
            target.prefix, self._cloud.account_id, self._cloud.region, datetime.now(UTC)
        )
        refusal = self._bucket_refusal(target, key)
        if refusal:
            return "key" if refusal.startswith("the key") else "bucket"
        if not target.log_group:
            return None
        if self._trust_refusal(target):
            return "trust"
        named = self._cloud.client("logs").describe_log_groups(logGroupNamePrefix=target.log_group)
        if target.log_group not in {one["logGroupName"] for one in named["logGroups"]}:
            return "group"
        stream = f"{self._cloud.account_id}_CloudTrail_{self._cloud.region}"
        return "permissions" if self._logs_refusal(target, stream) else None

    def _to_bucket(self, buffer: _Buffer) -> None:
        target, account = buffer.target, self._cloud.account_id
        now = datetime.now(UTC)
        regions: dict[str, list[str]] = {}
        for region, text in buffer.records:
            regions.setdefault(region, []).append(text)
        for region, texts in regions.items():
            key = _object_key(target.prefix, account, region, now)
            refusal = self._bucket_refusal(target, key)
            note_delivery(target.arn, "bucket", refusal)
            self._say(target.arn, f"bucket {target.bucket}", refusal)
            if refusal:
                return
            encryption = {"ServerSideEncryption": "AES256"}
            if target.kms_key:
                encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": target.kms_key}
            content = f'{{"Records":[{",".join(texts)}]}}'.encode()
            self._put(target, key, gzip.compress(content), **encryption)
            if target.validated:
                times = tuple(found[1] for text in texts if (found := _EVENT_TIME.search(text)))
                self._digest(target, region, LogFile(target.bucket, key, content, times))

    def _digest(self, target: _Target, region: str, file: LogFile) -> None:
        digest = self.signer.sign(target.arn, target.bucket, target.prefix, region, [file])
        if digest is not None:
            metadata = dict(digest.metadata)
            encryption = {"ServerSideEncryption": "AES256", "Metadata": metadata}
            self._put(target, digest.key, digest.body, **encryption)

    def _put(self, target: _Target, key: str, body: bytes, **more: Any) -> None:
        self._cloud.client("s3").put_object(
            Bucket=target.bucket,
            Key=key,
            Body=body,
            ContentType="application/json",
            ContentEncoding="gzip",
            **more,
        )

    def _bucket_refusal(self, target: _Target, key: str) -> str:
        """Return why bucket or key do not let CloudTrail write, or nothing."""
        source = {"aws:SourceArn": target.arn}
        bucket = f"arn:{partition_of(self._cloud.region)}:s3:::{target.bucket}"
        put = {**source, "s3:x-amz-acl": "bucket-owner-full-control"}
        questions: list[tuple[str, str, Mapping[str, str]]] = [
            ("s3:GetBucketAcl", bucket, source),
            ("s3:PutObject", f"{bucket}/{key}", put),
        ]
        if target.kms_key:
            arn = key_arn(target.kms_key, self._cloud.region, self._cloud.account_id)
            encryption = {**source, "kms:EncryptionContext:aws:cloudtrail:arn": target.arn}
            questions.append(("kms:DescribeKey", arn, source))
            questions.append(("kms:GenerateDataKey", arn, encryption))
        for action, resource, context in questions:
            decision = self._authorizer.authorize_service(_SERVICE, action, resource, context)
            if not decision.allowed:
                policy = "key policy" if action.startswith("kms") else "bucket policy"
                return f"the {policy} does not let {_SERVICE} do {action} ({decision.reason})"
        return ""

    def _to_logs(self, buffer: _Buffer) -> None:
        target = buffer.target
        if not target.log_group:
            return
        # The trail's home region, wherever the call was: AWS's role policy example relies on it.
        stream = f"{self._cloud.account_id}_CloudTrail_{self._cloud.region}"
        refusal = self._logs_refusal(target, stream)
        note_delivery(target.arn, "logs", refusal)
        self._say(target.arn, f"log group {target.log_group}", refusal)
        if refusal:
            return
        for _, text in buffer.records:
            self._cloud.log(target.log_group, stream, text)

    def _trust_refusal(self, target: _Target) -> str:
        """Return why CloudTrail may not assume the trail's role, or nothing."""
        if not target.log_role:
            return "the trail names no role for it"
        try:
            self._authorizer.assume_by_service(target.log_role, _SERVICE, {})
        except CallerError as error:
            return str(error)
        return ""

    def _logs_refusal(self, target: _Target, stream: str) -> str:
        """Return why the trail's role may not write to its log group, or nothing."""
        if refusal := self._trust_refusal(target):
            return refusal
        region, account = self._cloud.region, self._cloud.account_id
        group = f"arn:{partition_of(region)}:logs:{region}:{account}:log-group:{target.log_group}"
        resource = f"{group}:log-stream:{stream}"
        for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
            decision = self._authorizer.authorize_role(target.log_role, action, resource)
            if not decision.allowed:
                return f"{target.log_role} may not {action} on {resource} ({decision.reason})"
        return ""

    def _say(self, trail: str, where: str, refusal: str) -> None:
        """Log a refusal once, until it changes."""
        if refusal and self._said.get((trail, where)) != refusal:
            _log.warning("CloudTrail delivers nothing to %s: %s", where, refusal)
        self._said[trail, where] = refusal


def _object_key(prefix: str, account: str, region: str, now: datetime) -> str:
    unique = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(16))
    name = f"{account}_CloudTrail_{region}_{now:%Y%m%dT%H%MZ}_{unique}.json.gz"
    path = f"AWSLogs/{account}/CloudTrail/{region}/{now:%Y/%m/%d}/{name}"
    return f"{prefix.strip('/')}/{path}" if prefix else path


# --- records -----------------------------------------------------------------------------------


def _read_only(operation: str) -> bool:
    return operation.startswith(_READS)


def _is_unrecorded(call: ApiCall) -> bool:
    """Say whether the call is a data event that no trail here can select."""
    if call.service == "s3":
        return call.params.get("Key") is not None or call.operation in {
            "DeleteObjects",
            "ListObjects",
            "ListObjectsV2",
            "ListObjectVersions",
        }
    if call.service == "bedrock-runtime":
        return call.operation not in _INFERENCE and call.operation != "ApplyGuardrail"
    return call.operation.startswith(_DATA_EVENTS.get(call.service, ("\0",)))


def _particulars(call: ApiCall, response: HttpResponse, account: str) -> dict[str, Any]:
    inference = call.service == "bedrock-runtime"
    read_only = _read_only(call.operation) and not inference
    record: dict[str, Any] = {
        "eventSource": "bedrock.amazonaws.com"
        if call.endpoint_prefix.startswith("bedrock")
        else f"{call.endpoint_prefix}.amazonaws.com",
        "eventName": _event_name(call),
        "awsRegion": "us-east-1" if call.service in GLOBAL_SERVICES else call.region,
        "requestParameters": _request_parameters(call),
        "responseElements": None,
        "readOnly": read_only,
        # As in the sample records: where the client believes to be. Here it came without TLS.
        "tlsDetails": {"clientProvidedHostHeader": _host(call)},
    }
    if response.status >= 400:
        record["errorCode"], record["errorMessage"] = _error(call, response)
    elif not read_only and not inference:
        record["responseElements"] = _response_elements(call, response)
    if call.operation == "ApplyGuardrail" and inference:
        identifier = str(call.params.get("guardrailIdentifier", ""))
        record["requestParameters"]["guardrailIdentifier"] = identifier.rpartition("/")[2]
        if response.status < 400:
            answer = json.loads(response.body)
            record["responseElements"] = {
                "action": answer.get("action"),
                "assessments": [recorded(one) for one in answer.get("assessments", ())],
            }
        arn = f"arn:{call.partition}:bedrock:{call.region}:{account}:guardrail/{identifier}"
        record |= _data_event(identifier if identifier.startswith("arn:") else arn, account)
    return record


def _envelope(
    request: HttpRequest, request_id: str, principal: Principal, account: str
) -> dict[str, Any]:
    return {
        "eventVersion": "1.11",
        "userIdentity": _identity(principal),
        "eventTime": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "sourceIPAddress": request.source_ip,
        "userAgent": (request.header("user-agent") or "")[:1024],
        "requestID": request_id,
        "eventID": str(uuid.uuid4()),
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account,
        "eventCategory": "Management",
    }


def _data_event(guardrail_arn: str, account: str) -> dict[str, Any]:
    return {
        "managementEvent": False,
        "eventCategory": "Data",
        "readOnly": True,
        "resources": [{"accountId": account, "type": _GUARDRAIL, "ARN": guardrail_arn}],
    }


def _identity(principal: Principal) -> dict[str, Any]:
    identity: dict[str, Any] = {
        "type": principal.type,
        "principalId": principal.user_id,
        "arn": principal.arn,
        "accountId": principal.account,
        "accessKeyId": principal.access_key_id,
    }
    if principal.type == "AssumedRole":
        issued = principal.issued or datetime.now(UTC)
        identity["sessionContext"] = {
            "sessionIssuer": {
                "type": "Role",
                "principalId": principal.user_id.partition(":")[0],
                "arn": principal.role_arn,
                "accountId": principal.account,
                "userName": principal.role_name,
            },
            "attributes": {
                "creationDate": f"{issued:%Y-%m-%dT%H:%M:%SZ}",
                "mfaAuthenticated": "false",
            },
        }
    return identity


def _host(call: ApiCall) -> str:
    region = "" if call.service in GLOBAL_SERVICES else f".{call.region}"
    return f"{call.endpoint_prefix}{region}.amazonaws.com"


def _event_name(call: ApiCall) -> str:
    if call.service != "lambda":
        return call.operation
    date = call.path.split("/")[1].replace("-", "")
    return f"{call.operation}{date}{'v2' if call.operation in _LAMBDA_V2 else ''}"


def _request_parameters(call: ApiCall) -> Any:
    if call.service == "bedrock-runtime":  # never a prompt
        names = ("modelId", "guardrailIdentifier", "guardrailVersion", "source")
        return {name: call.params[name] for name in names if name in call.params} or None
    shape = _operation(call).input_shape if call.service != "bedrock-mantle" else None
    return _bounded("requestParameters", _clean(call.params, shape, call))


def _response_elements(call: ApiCall, response: HttpResponse) -> Any:
    shape = _operation(call).output_shape
    if shape is None:
        return None
    parsed = _parse(call, response)
    parsed.pop("ResponseMetadata", None)
    return _bounded("responseElements", _clean(parsed, shape, call))


def _error(call: ApiCall, response: HttpResponse) -> tuple[str, str]:
    error = _parse(call, response).get("Error", {})
    code = str(error.get("Code") or response.status)
    # CloudTrail names a refusal AccessDenied where JSON services tell their caller …Exception.
    return code.replace("AccessDeniedException", "AccessDenied"), str(error.get("Message", ""))


def _operation(call: ApiCall) -> Any:
    from moto.core.utils import get_service_model  # noqa: PLC0415  # loads moto

    return get_service_model(call.service).operation_model(call.operation)


def _parse(call: ApiCall, response: HttpResponse) -> dict[str, Any]:
    """Read a response as the SDK does; what it cannot read, the record lacks."""
    from botocore.parsers import ResponseParserError, create_parser  # noqa: PLC0415

    protocol = "smithy-rpc-v2-cbor" if call.protocol == "cbor" else call.protocol
    given = {
        "status_code": response.status,
        "headers": {name.lower(): value for name, value in response.headers},
        "body": response.body,
    }
    try:
        shape = _operation(call).output_shape
        parsed: dict[str, Any] = create_parser(protocol).parse(given, shape)
    except (ResponseParserError, ValueError, KeyError, TypeError, AttributeError):
        return {}
    return parsed


def _clean(value: Any, shape: Any, call: ApiCall) -> Any:
    """Name members as CloudTrail does and hide what is sensitive, by AWS's own service model."""
    if shape is not None and shape.metadata.get("sensitive"):
        return _HIDDEN
    match value:
        case Mapping():
            structure = getattr(shape, "members", None)
            cleaned = {}
            for name, member in value.items():
                if structure is None:  # a map: its keys are data
                    cleaned[str(name)] = _clean(member, getattr(shape, "value", None), call)
                elif name.lower() in _NEVER:
                    continue
                elif name.lower() in _SECRET or (
                    name == "value" and _KEYS.fullmatch(call.operation)
                ):
                    cleaned[_camel(name)] = _HIDDEN
                elif call.service == "s3" and name == "Bucket":
                    cleaned["bucketName"] = member
                else:
                    cleaned[_camel(name)] = _clean(member, structure.get(name), call)
            return cleaned
        case list() | tuple():
            item = getattr(shape, "member", None)
            return [_clean(one, item, call) for one in value]
        case datetime():
            return f"{value:%Y-%m-%dT%H:%M:%SZ}"
        case bytes() | bytearray():
            return base64.b64encode(value).decode()
        case str() | int() | float() | bool() | None:
            return value
        case _:  # a stream
            return None


def _camel(name: str) -> str:
    return name[:1].lower() + name[1:]


def _bounded(name: str, value: Any) -> Any:
    if not value:
        return None
    size = len(json.dumps(value, default=str))
    if size <= _MAX_FIELD:
        return value
    return {"omitted": True, "originalSize": size, "reason": f"{name} too large"}
