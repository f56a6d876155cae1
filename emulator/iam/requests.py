"""Which API operation a request is, and which IAM action and resources that operation asks for.

Operations come from botocore's service models through moto's own router, so that what is
authorised is what moto will then execute. A request that could be read in two ways is none.
"""

import functools
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs, unquote

from emulator.wire.errors import WireProtocol
from emulator.wire.http import HttpRequest
from emulator.wire.partition import partition_of

_CREDENTIAL = re.compile(r"(?:AWS4-HMAC-SHA256)\s+.*?Credential=([^,\s]+)")
_RPC_PATH = re.compile(r"/service/[^/]+/operation/([A-Za-z]+)")


@dataclass(frozen=True)
class Credential:
    """What a Signature Version 4 says about its maker; the signature itself is not checked."""

    access_key_id: str
    region: str
    service: str
    token: str | None


@dataclass(frozen=True)
class ApiCall:
    """One recognised API request; `service` is botocore's name, `params` are as the SDK takes."""

    service: str
    operation: str
    protocol: WireProtocol
    endpoint_prefix: str
    region: str
    path: str
    method: str
    params: Mapping[str, Any] = field(repr=False)
    problem: str | None = None
    """Why the parameters could not be read; then `params` has those of the path alone."""

    @property
    def partition(self) -> str:
        """Return the partition that the call goes to: the first part of its ARNs."""
        return partition_of(self.region)


def credential(request: HttpRequest) -> Credential | None:
    """Return who signed the request; None when unsigned, or signed in two ways at once."""
    headers = [value for name, value in request.headers if name.lower() == "authorization"]
    query = parse_qs(request.query)
    scopes = query.get("X-Amz-Credential", [])
    if len(headers) + len(scopes) != 1:
        return None
    token: str | None
    if headers:
        found = _CREDENTIAL.match(headers[0])
        scope = found[1] if found else ""
        token = request.header("x-amz-security-token")
    else:
        scope = scopes[0]
        token = query.get("X-Amz-Security-Token", [None])[0]
    parts = scope.split("/")
    if len(parts) != 5 or parts[4] != "aws4_request":
        return None
    return Credential(parts[0], parts[2], parts[3].lower(), token)


# --- recognising the operation --------------------------------------------------------------

# Signing names that differ from botocore's service name, or that several services share.
_SERVICES: dict[str, tuple[str, ...]] = {
    "apigateway": ("apigateway", "apigatewayv2"),
    "bedrock": ("bedrock", "bedrock-runtime", "bedrock-agent", "bedrock-agent-runtime"),
    "elasticloadbalancing": ("elbv2",),
    "monitoring": ("cloudwatch",),
    "s3": ("s3", "s3control"),
    "ses": ("ses", "sesv2"),
    "states": ("stepfunctions",),
    "tagging": ("resourcegroupstaggingapi",),
}


@functools.cache
def _known_services() -> frozenset[str]:
    from botocore.loaders import Loader  # noqa: PLC0415  # slow to import, and only needed here

    return frozenset(Loader().list_available_services("service-2"))


def identify(request: HttpRequest, signed: Credential) -> ApiCall | None:
    """Return the operation that the request is; None when it is unknown or ambiguous."""
    if signed.service == "bedrock-mantle":
        return _mantle(request, signed)
    candidates = _SERVICES.get(signed.service, (signed.service,))
    if signed.service == "s3":
        candidates = ("s3control",) if request.path.startswith("/v20180820/") else ("s3",)
    for service in candidates:
        if service in _known_services() and (call := _identify(request, signed, service)):
            return call
    return None


def _identify(request: HttpRequest, signed: Credential, service: str) -> ApiCall | None:
    from moto.core.utils import get_service_model  # noqa: PLC0415  # loads moto

    from emulator.wire.parsing import parameters  # noqa: PLC0415  # loads moto

    if service == "bedrock-runtime" or request.path.endswith("/invocations"):
        # The emulator's own parts read any content as JSON; moto's router takes a form for a query.
        headers = [each for each in request.headers if each[0].lower() != "content-type"]
        request = replace(request, headers=tuple(headers))
    model = get_service_model(service)
    if model.protocol in {"rest-json", "rest-xml"}:
        found = _rest(request, service, model.protocol)
    else:
        found = _rpc(request, model)
    if found is None:
        return None
    operation, protocol, uri_params = found
    if operation not in model.operation_names:
        return None
    given = parameters(
        _moto_request(request, request.path),
        request.body,
        model.operation_model(operation),
        protocol,
        uri_params,
    )
    return ApiCall(
        service=service,
        operation=operation,
        protocol=protocol,
        endpoint_prefix=str(model.endpoint_prefix),
        region=signed.region,
        path=request.path,
        method=request.method,
        params=given.values,
        problem=given.problem,
    )


def _rpc(request: HttpRequest, model: Any) -> tuple[str, WireProtocol, dict[str, Any]] | None:
    """Read the operation's name off a header, parameter or path; all that are there must agree."""
    names: dict[str, WireProtocol] = {}
    prefix = model.metadata.get("targetPrefix")
    for name, value in request.headers:
        if name.lower() == "x-amz-target":
            before, _, operation = value.rpartition(".")
            # SDKs in Go leave out the package that the model's prefix begins with, as in
            # com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.
            if before not in {prefix, str(prefix).rpartition(".")[2]}:
                return None
            names[operation] = "json"
    form = _form(request)
    for action in [*parse_qs(request.query).get("Action", []), *form.get("Action", [])]:
        names.setdefault(action, "query")
    if path := _RPC_PATH.fullmatch(request.path):
        names.setdefault(path[1], "cbor")
    if len(names) != 1:
        return None
    operation, protocol = next(iter(names.items()))
    return operation, protocol, {}


def _form(request: HttpRequest) -> dict[str, list[str]]:
    content_type = request.header("content-type") or ""
    if not content_type.startswith("application/x-www-form-urlencoded"):
        return {}
    return parse_qs(request.body.decode("utf-8", "replace"), keep_blank_values=True)


def _rest(
    request: HttpRequest, service: str, protocol: WireProtocol
) -> tuple[str, WireProtocol, dict[str, Any]] | None:
    # moto lets these name the operation even where AWS routes by path.
    if request.header("x-amz-target") or "Action" in parse_qs(request.query):
        return None
    found = _route(request, service, request.path)
    decoded = unquote(request.path)
    if found is None:
        return None
    if decoded != request.path:
        # An encoded slash must not be one operation here and another to a router that decodes it.
        other = _route(request, service, decoded)
        if other is None or other[0] != found[0]:
            return None
    operation, uri_params = found
    return operation, protocol, uri_params


def _route(request: HttpRequest, service: str, path: str) -> tuple[str, dict[str, Any]] | None:
    from moto.core.routing import get_service_router  # noqa: PLC0415  # loads moto
    from werkzeug.exceptions import HTTPException  # noqa: PLC0415

    try:
        operation, params = get_service_router(service).match(_moto_request(request, path))
    except (HTTPException, NotImplementedError):
        return None
    return operation.name, params


def _moto_request(request: HttpRequest, path: str) -> Any:
    from moto.core.request import Request  # noqa: PLC0415  # loads moto

    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "PATH_INFO": unquote(path, "latin-1"),
        "RAW_URI": path,
        "QUERY_STRING": request.query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": request.header("host") or "localhost",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.body),
    }
    for name, value in request.headers:
        key = name.upper().replace("-", "_")
        environ[key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"] = value
    environ["CONTENT_LENGTH"] = str(len(request.body))
    return Request(environ)


def _mantle(request: HttpRequest, signed: Credential) -> ApiCall | None:
    """The OpenAI-compatible endpoint has no model in botocore; inference is what matters here."""
    if request.method != "POST" or not request.path.startswith(("/v1/", "/openai/", "/anthropic/")):
        return None
    return ApiCall(
        service="bedrock-mantle",
        operation="CreateInference",
        protocol="rest-json",
        endpoint_prefix="bedrock-mantle",
        region=signed.region,
        path=request.path,
        method=request.method,
        params={},
    )


# Services with one endpoint, in us-east-1.
GLOBAL_SERVICES = frozenset({"budgets", "iam", "organizations"})


def requested_region(action: str, region: str) -> str:
    """Return aws:RequestedRegion of an action that is asked for from a Region.

    Calls of IAM are always made to us-east-1 (IAM User Guide, "AWS global condition context keys").
    iam:PassRole is no call: it is asked along with one of another service.
    """
    is_global = action.partition(":")[0] in GLOBAL_SERVICES and action != "iam:PassRole"
    return "us-east-1" if is_global else region


# --- the action and its resources -----------------------------------------------------------


@dataclass(frozen=True)
class Target:
    """An action and the ARNs it is asked on; `unknown` says that "*" merely stands in for them."""

    action: str
    resources: tuple[str, ...] = ("*",)
    unknown: bool = False


_PREFIXES = {
    "apigatewayv2": "apigateway",
    "bedrock-agent": "bedrock",
    "bedrock-agent-runtime": "bedrock",
    "bedrock-runtime": "bedrock",
    "elbv2": "elasticloadbalancing",
    "resourcegroupstaggingapi": "tag",
    "s3control": "s3",
    "sesv2": "ses",
    "stepfunctions": "states",
}

# Where the IAM action is not called as the operation is (Service Authorization Reference).
_ACTIONS: dict[str, dict[str, str]] = {
    "bedrock-agent-runtime": {"RetrieveAndGenerateStream": "RetrieveAndGenerate"},
    "bedrock-runtime": {
        "Converse": "InvokeModel",
        "ConverseStream": "InvokeModelWithResponseStream",
        "InvokeModelWithBidirectionalStream": "InvokeModel",
        "StartAsyncInvoke": "InvokeModel",
    },
    "budgets": {
        "CreateBudget": "ModifyBudget",
        "CreateNotification": "ModifyBudget",
        "CreateSubscriber": "ModifyBudget",
        "DeleteBudget": "ModifyBudget",
        "DeleteNotification": "ModifyBudget",
        "DeleteSubscriber": "ModifyBudget",
        "DescribeBudget": "ViewBudget",
        "DescribeBudgetNotificationsForAccount": "ViewBudget",
        "DescribeBudgetPerformanceHistory": "ViewBudget",
        "DescribeBudgets": "ViewBudget",
        "DescribeNotificationsForBudget": "ViewBudget",
        "DescribeSubscribersForNotification": "ViewBudget",
        "UpdateBudget": "ModifyBudget",
        "UpdateNotification": "ModifyBudget",
        "UpdateSubscriber": "ModifyBudget",
    },
    "kms": {"ReEncrypt": "ReEncryptFrom"},
    "lambda": {
        "GetLayerVersionByArn": "GetLayerVersion",
        "Invoke": "InvokeFunction",
        "InvokeAsync": "InvokeFunction",
        "InvokeWithResponseStream": "InvokeFunction",
    },
    "s3": {
        "CompleteMultipartUpload": "PutObject",
        "CopyObject": "PutObject",
        "CreateMultipartUpload": "PutObject",
        "DeleteBucketAnalyticsConfiguration": "PutAnalyticsConfiguration",
        "DeleteBucketCors": "PutBucketCORS",
        "DeleteBucketEncryption": "PutEncryptionConfiguration",
        "DeleteBucketIntelligentTieringConfiguration": "PutIntelligentTieringConfiguration",
        "DeleteBucketInventoryConfiguration": "PutInventoryConfiguration",
        "DeleteBucketLifecycle": "PutLifecycleConfiguration",
        "DeleteBucketMetricsConfiguration": "PutMetricsConfiguration",
        "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
        "DeleteBucketReplication": "PutReplicationConfiguration",
        "DeleteBucketTagging": "PutBucketTagging",
        "DeleteObjects": "DeleteObject",
        "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
        "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
        "GetBucketAnalyticsConfiguration": "GetAnalyticsConfiguration",
        "GetBucketEncryption": "GetEncryptionConfiguration",
        "GetBucketIntelligentTieringConfiguration": "GetIntelligentTieringConfiguration",
        "GetBucketInventoryConfiguration": "GetInventoryConfiguration",
        "GetBucketLifecycle": "GetLifecycleConfiguration",
        "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
        "GetBucketMetricsConfiguration": "GetMetricsConfiguration",
        "GetBucketNotificationConfiguration": "GetBucketNotification",
        "GetBucketReplication": "GetReplicationConfiguration",
        "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
        "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
        "HeadBucket": "ListBucket",
        "HeadObject": "GetObject",
        "ListBucketAnalyticsConfigurations": "GetAnalyticsConfiguration",
        "ListBucketIntelligentTieringConfigurations": "GetIntelligentTieringConfiguration",
        "ListBucketInventoryConfigurations": "GetInventoryConfiguration",
        "ListBucketMetricsConfigurations": "GetMetricsConfiguration",
        "ListBuckets": "ListAllMyBuckets",
        "ListDirectoryBuckets": "ListAllMyBuckets",
        "ListMultipartUploads": "ListBucketMultipartUploads",
        "ListObjectVersions": "ListBucketVersions",
        "ListObjects": "ListBucket",
        "ListObjectsV2": "ListBucket",
        "ListParts": "ListMultipartUploadParts",
        "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
        "PutBucketAnalyticsConfiguration": "PutAnalyticsConfiguration",
        "PutBucketEncryption": "PutEncryptionConfiguration",
        "PutBucketIntelligentTieringConfiguration": "PutIntelligentTieringConfiguration",
        "PutBucketInventoryConfiguration": "PutInventoryConfiguration",
        "PutBucketLifecycle": "PutLifecycleConfiguration",
        "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
        "PutBucketMetricsConfiguration": "PutMetricsConfiguration",
        "PutBucketNotificationConfiguration": "PutBucketNotification",
        "PutBucketReplication": "PutReplicationConfiguration",
        "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
        "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
        "SelectObjectContent": "GetObject",
        "UploadPart": "PutObject",
        "UploadPartCopy": "PutObject",
    },
    "sns": {"PublishBatch": "Publish"},
}

_VERSIONED_OBJECT_ACTIONS = {
    "DeleteObject",
    "DeleteObjectTagging",
    "GetObject",
    "GetObjectAcl",
    "GetObjectAttributes",
    "GetObjectTagging",
    "PutObjectAcl",
    "PutObjectTagging",
}


# Where a call hands a role to a service, which needs iam:PassRole: the way to the role's ARN.
_HANDED_ON: dict[tuple[str, str], tuple[str, ...]] = {
    ("bedrock", "PutModelInvocationLoggingConfiguration"): (
        "loggingConfig",
        "cloudWatchConfig",
        "roleArn",
    ),
    ("cloudtrail", "CreateTrail"): ("CloudWatchLogsRoleArn",),
    ("cloudtrail", "UpdateTrail"): ("CloudWatchLogsRoleArn",),
    ("events", "PutRule"): ("RoleArn",),
    ("events", "PutTargets"): ("Targets", "RoleArn"),
    ("lambda", "CreateFunction"): ("Role",),
    ("lambda", "UpdateFunctionConfiguration"): ("Role",),
    ("logs", "PutDestination"): ("roleArn",),
    ("logs", "PutSubscriptionFilter"): ("roleArn",),
}


def roles_handed_on(call: ApiCall) -> list[str]:
    """Return the ARNs of the roles that the call lets a service act as."""
    found: list[Any] = [call.params]
    for name in _HANDED_ON.get((call.service, call.operation), ()):
        found = [one.get(name) for one in found if isinstance(one, Mapping)]
        found = [one for each in found for one in (each if isinstance(each, list) else [each])]
    if (call.service, call.operation) == ("apigateway", "UpdateAccount"):
        changes = call.params.get("patchOperations") or ()
        found = [one.get("value") for one in changes if one.get("path") == "/cloudwatchRoleArn"]
    return [role for role in found if isinstance(role, str) and role]


def targets(call: ApiCall, account: str) -> list[Target]:
    """Return every action that the call needs, the one that gives it its name first."""
    named = _named_targets(call, account)
    roles = roles_handed_on(call)
    if (call.service, call.operation) == ("iam", "AddRoleToInstanceProfile"):
        roles = [f"arn:{call.partition}:iam::{account}:role/{call.params.get('RoleName')}"]
    return [*named, *(Target("iam:PassRole", (role,)) for role in roles)]


def _named_targets(call: ApiCall, account: str) -> list[Target]:
    if call.service in {"apigateway", "apigatewayv2"}:
        # API Gateway's actions are the HTTP verbs, its resources the paths.
        arn = f"arn:{call.partition}:apigateway:{call.region}::{unquote(call.path)}"
        return [Target(f"apigateway:{call.method}", (arn,))]
    if call.service == "s3":
        return _s3(call)
    prefix = _PREFIXES.get(call.service, call.service)
    name = _ACTIONS.get(call.service, {}).get(call.operation, call.operation)
    find = _RESOURCES.get(call.service)
    resources = find(call, account) if find is not None else None
    if resources is None:
        return [Target(f"{prefix}:{name}", unknown=True)]
    return [Target(f"{prefix}:{name}", tuple(resources))]


def _s3(call: ApiCall) -> list[Target]:
    bucket, key = call.params.get("Bucket"), call.params.get("Key")
    name = _ACTIONS["s3"].get(call.operation, call.operation)
    if bucket is None:
        return [Target(f"s3:{name}")]
    if key is None and call.operation != "DeleteObjects":
        return [Target(f"s3:{name}", (f"arn:{call.partition}:s3:::{bucket}",))]
    if call.operation == "DeleteObjects":
        objects = (call.params.get("Delete") or {}).get("Objects") or []
        keys = [item.get("Key", "*") for item in objects] or ["*"]
        versioned = any(item.get("VersionId") for item in objects)
    else:
        keys = [key]
        versioned = bool(call.params.get("VersionId"))
    resources = tuple(f"arn:{call.partition}:s3:::{bucket}/{one}" for one in keys)
    if versioned and name in _VERSIONED_OBJECT_ACTIONS:
        stem, found, suffix = name.partition("Object")
        name = f"{stem}{found}Version{suffix}"
    result = [Target(f"s3:{name}", resources)]
    if call.params.get("BypassGovernanceRetention"):
        result.append(Target("s3:BypassGovernanceRetention", resources))
    if any(item.startswith(("ACL", "Grant")) for item in call.params) and name == "PutObject":
        result.append(Target("s3:PutObjectAcl", resources))
    if source := call.params.get("CopySource"):
        path = unquote(str(source)).split("?")[0].lstrip("/")
        result.append(Target("s3:GetObject", (f"arn:{call.partition}:s3:::{path}",)))
    return result


# Each finder returns ARNs, ["*"] for an action that has no resource, or None for "cannot tell".
_Finder = Callable[[ApiCall, str], "list[str] | None"]


def _text(params: Mapping[str, Any], *names: str) -> str | None:
    return next((params[n] for n in names if isinstance(params.get(n), str) and params[n]), None)


def _texts(params: Mapping[str, Any], *names: str) -> list[str]:
    for name in names:
        value = params.get(name)
        if isinstance(value, list) and value:
            return [str(one) for one in value]
        if isinstance(value, str) and value:
            return [value]
    return []


def _bedrock(call: ApiCall, account: str) -> list[str] | None:
    if arn := _text(call.params, "resourceARN", "resourceArn"):
        return [arn]
    if guardrail := _text(call.params, "guardrailIdentifier"):
        arn = f"arn:{call.partition}:bedrock:{call.region}:{account}:guardrail/{guardrail}"
        return [guardrail if guardrail.startswith("arn:") else arn]
    if call.operation.endswith(
        ("ModelInvocationLoggingConfiguration", "EnforcedGuardrailConfiguration")
    ) or call.operation in {"CreateGuardrail", "ListEnforcedGuardrailsConfiguration"}:
        return ["*"]
    return None


def model_arn(model_id: str, region: str, account: str) -> str:
    """Return the ARN that a Converse or InvokeModel call of this model id is asked on."""
    if model_id.startswith("arn:"):
        return model_id
    if model_id.count(".") > 1 and re.match(r"(global|[a-z]{2,4}|us-gov)\.[a-z0-9-]+\.", model_id):
        return f"arn:{partition_of(region)}:bedrock:{region}:{account}:inference-profile/{model_id}"
    return f"arn:{partition_of(region)}:bedrock:{region}::foundation-model/{model_id}"


def _bedrock_runtime(call: ApiCall, account: str) -> list[str] | None:
    if model := _text(call.params, "modelId"):
        return [model_arn(model, call.region, account)]
    return _bedrock(call, account)


def _mantle_resources(call: ApiCall, account: str) -> list[str]:
    return [f"arn:{call.partition}:bedrock-mantle:{call.region}:{account}:project/default"]


_GROUPLESS_LOGS = re.compile(
    r"(Describe|List|Put|Delete)(ResourcePolicies|ResourcePolicy|AccountPolicy|AccountPolicies"
    r"|Destinations|QueryDefinitions?|Queries|ExportTasks|ConfigurationTemplates)"
)


_LOG_GROUPS = (
    "logGroupName",
    "logGroupIdentifier",
    "logGroupNames",
    "logGroupIdentifiers",
    "logGroupArnList",
)


def _logs(call: ApiCall, account: str) -> list[str] | None:
    base = f"arn:{call.partition}:logs:{call.region}:{account}:log-group:"
    if arn := _text(call.params, "resourceArn"):
        return [arn.removesuffix(":*")]  # tagging is the exception that knows no suffix
    if call.operation == "DescribeLogGroups":
        return [f"{base}:log-stream:"]
    if _GROUPLESS_LOGS.fullmatch(call.operation):
        return ["*"]
    groups = [group for name in _LOG_GROUPS for group in _texts(call.params, name)]
    if not groups:
        return None
    names = [one.split(":log-group:")[-1].removesuffix(":*") for one in groups]
    stream = _text(call.params, "logStreamName") or ""
    # AWS asks group actions on "…:log-group:<name>:log-stream:" (its error messages show it), so a
    # policy needs the trailing ":*" (CloudWatch Logs User Guide, "Log group ARNs").
    return [f"{base}{name}:log-stream:{stream}" for name in names]


def _cloudtrail(call: ApiCall, account: str) -> list[str] | None:
    if arns := _texts(call.params, "ResourceId", "ResourceIdList", "ResourceArn"):
        return arns
    if call.operation in {"DescribeTrails", "ListTrails", "LookupEvents", "ListPublicKeys"}:
        return ["*"]
    name = _text(call.params, "Name", "TrailName")
    if name is None or call.operation.endswith(("Channel", "Dashboard", "EventDataStore")):
        return None
    return [
        name
        if name.startswith("arn:")
        else f"arn:{call.partition}:cloudtrail:{call.region}:{account}:trail/{name}"
    ]


_WAF_KINDS = {
    "WebACL": "webacl",
    "RegexPatternSet": "regexpatternset",
    "IPSet": "ipset",
    "RuleGroup": "rulegroup",
}


def _wafv2(call: ApiCall, account: str) -> list[str] | None:
    params = call.params
    logging_of = params.get("LoggingConfiguration")
    if isinstance(logging_of, Mapping) and (arn := _text(logging_of, "ResourceArn")):
        return [arn]
    arns = [
        str(params[name])
        for name in ("WebACLArn", "WebACLARN", "ResourceArn", "ResourceARN", "ARN")
        if params.get(name)
    ]
    if arns:
        return arns
    if call.operation.startswith(("List", "Describe", "CheckCapacity")):
        return ["*"]
    kind = next((arn for name, arn in _WAF_KINDS.items() if call.operation.endswith(name)), None)
    name = _text(params, "Name")
    if kind is None or name is None:
        return None
    scope = "global" if params.get("Scope") == "CLOUDFRONT" else "regional"
    # A set about to be made has no id yet; a pattern's "*" matches this literal one.
    path = f"{scope}/{kind}/{name}/{params.get('Id', '*')}"
    return [f"arn:{call.partition}:wafv2:{call.region}:{account}:{path}"]


def _iam(call: ApiCall, account: str) -> list[str] | None:
    base = f"arn:{call.partition}:iam::{account}:"
    path = str(call.params.get("Path") or "/")
    # AddRoleToInstanceProfile and AddUserToGroup are asked on what they change, not on the member.
    for kind, parameter in _IAM_KINDS:
        if name := _text(call.params, parameter):
            return [f"{base}{kind}{path}{name}"]
    if arn := _text(call.params, "PolicyArn", "PolicySourceArn", "Arn"):
        return [arn]
    if name := _text(call.params, "PolicyName"):
        return [f"{base}policy{path}{name}"]
    # These are of the caller, a user, or of a kind of thing that nobody here has.
    if call.operation.endswith("Tags") or call.operation in _IAM_OF_THE_CALLER:
        return None
    listed = call.operation.startswith(("List", "GetAccount", "GenerateCredential"))
    return ["*"] if listed else None


_IAM_KINDS = (
    ("instance-profile", "InstanceProfileName"),
    ("group", "GroupName"),
    ("role", "RoleName"),
    ("user", "UserName"),
)
_IAM_OF_THE_CALLER = frozenset(
    {
        "ListAccessKeys",
        "ListMFADevices",
        "ListSSHPublicKeys",
        "ListServiceSpecificCredentials",
        "ListSigningCertificates",
    }
)


def _sts(call: ApiCall, account: str) -> list[str] | None:
    if call.operation == "GetFederationToken":
        return [f"arn:{call.partition}:sts::{account}:federated-user/{call.params.get('Name')}"]
    if call.operation == "AssumeRoot":
        return None
    return [_text(call.params, "RoleArn") or "*"]


def _kms(call: ApiCall, account: str) -> list[str] | None:
    if call.operation == "ListAliases":
        return ["*"]  # also of one key
    names = [
        str(call.params[name])
        for name in ("AliasName", "KeyId", "TargetKeyId", "SourceKeyId", "DestinationKeyId")
        if call.params.get(name)
    ]
    if not names:
        listed = call.operation.startswith(("List", "CreateKey", "GenerateRandom"))
        return ["*"] if listed else None
    return [key_arn(name, call.region, account) for name in names]


def key_arn(name: str, region: str, account: str) -> str:
    """Return the ARN of a key that is named by ARN, id or alias, or the ARN of its alias."""
    if name.startswith("arn:"):
        return name
    kind = "" if name.startswith("alias/") else "key/"
    return f"arn:{partition_of(region)}:kms:{region}:{account}:{kind}{name}"


def _sns(call: ApiCall, account: str) -> list[str] | None:
    if arn := _text(call.params, "TopicArn", "TargetArn", "ResourceArn", "SubscriptionArn"):
        return [":".join(arn.split(":")[:6])]  # a subscription's topic
    plain = call.operation.startswith("List") or call.operation == "CreatePlatformApplication"
    if plain:
        return ["*"]
    if name := _text(call.params, "Name"):
        return [f"arn:{call.partition}:sns:{call.region}:{account}:{name}"]
    return None


def _events(call: ApiCall, account: str) -> list[str] | None:
    base = f"arn:{call.partition}:events:{call.region}:{account}:"
    if arn := _text(call.params, "ResourceARN"):
        return [arn]
    bus = (_text(call.params, "EventBusName") or "default").split("event-bus/")[-1]
    if call.operation == "PutEvents":
        buses = {entry.get("EventBusName", "default") for entry in call.params.get("Entries", [])}
        return [one if one.startswith("arn:") else f"{base}event-bus/{one}" for one in buses]
    if call.operation.endswith("EventBus"):
        return [f"{base}event-bus/{_text(call.params, 'Name') or 'default'}"]
    if not call.operation.endswith(("Rule", "Targets", "TargetsByRule")):
        plain = call.operation.startswith("List") and not call.operation.endswith("Accounts")
        return ["*"] if plain else None
    rule = _text(call.params, "Rule", "Name")
    return [f"{base}rule/{rule}" if bus == "default" else f"{base}rule/{bus}/{rule}"]


def _cloudwatch(call: ApiCall, account: str) -> list[str] | None:
    if arn := _text(call.params, "ResourceARN"):
        return [arn]
    if "MuteRule" in call.operation or "MetricStream" in call.operation:
        return None
    if alarms := _texts(call.params, "AlarmName", "AlarmNames"):
        base = f"arn:{call.partition}:cloudwatch:{call.region}:{account}:alarm:"
        return [f"{base}{name}" for name in alarms]
    if boards := _texts(call.params, "DashboardName", "DashboardNames"):
        return [f"arn:{call.partition}:cloudwatch::{account}:dashboard/{name}" for name in boards]
    if call.operation in {"DescribeAlarms", "DescribeAlarmHistory"}:
        return [f"arn:{call.partition}:cloudwatch:{call.region}:{account}:alarm:*"]
    plain = call.operation.startswith(("List", "Describe", "GetMetric", "PutMetricData"))
    return ["*"] if plain else None


def _lambda(call: ApiCall, account: str) -> list[str] | None:
    base = f"arn:{call.partition}:lambda:{call.region}:{account}:"
    if arn := _text(call.params, "Resource"):
        return [arn]
    if call.operation.endswith(("EventSourceMapping", "EventSourceMappings")):
        plain = call.operation in {"CreateEventSourceMapping", "ListEventSourceMappings"}
        return ["*"] if plain else [f"{base}event-source-mapping:{call.params.get('UUID')}"]
    if function := _text(call.params, "FunctionName"):
        parts = function.split(":function:")[-1].split(":")
        name = parts[0] if ":function:" in function or len(parts) < 3 else parts[-1]
        qualifier = _text(call.params, "Qualifier") or (parts[1] if len(parts) == 2 else None)
        whole = ("Invoke", "GetProvisioned", "PutProvisioned", "DeleteProvisioned")
        if call.operation.startswith(whole) and qualifier:
            name = f"{name}:{qualifier}"
        signing = _text(call.params, "CodeSigningConfigArn")
        return [f"{base}function:{name}", *([signing] if signing else [])]
    plain = call.operation in {"ListFunctions", "GetAccountSettings", "ListLayers"}
    return ["*"] if plain else None


def _xray(call: ApiCall, account: str) -> list[str] | None:  # noqa: ARG001  # one shape for all
    if call.operation.startswith(("Put", "GetSampling", "GetTrace", "BatchGet")):
        return ["*"]
    return None


def _budgets(call: ApiCall, account: str) -> list[str] | None:
    if call.operation == "DescribeBudgetActionsForAccount":
        return ["*"]
    budget = call.params.get("Budget") or call.params.get("NewBudget") or call.params
    name = _text(budget, "BudgetName") if isinstance(budget, Mapping) else None
    arn = f"arn:{call.partition}:budgets::{account}:budget/{name or '*'}"
    if call.operation == "CreateBudgetAction" or "ActionId" in call.params:
        return [f"{arn}/action/{call.params.get('ActionId', '*')}"]
    return [arn]


_RESOURCES: dict[str, _Finder] = {
    "bedrock": _bedrock,
    "bedrock-mantle": _mantle_resources,
    "bedrock-runtime": _bedrock_runtime,
    "budgets": _budgets,
    "cloudtrail": _cloudtrail,
    "cloudwatch": _cloudwatch,
    "events": _events,
    "iam": _iam,
    "kms": _kms,
    "lambda": _lambda,
    "logs": _logs,
    "sns": _sns,
    "sts": _sts,
    "wafv2": _wafv2,
    "xray": _xray,
}
