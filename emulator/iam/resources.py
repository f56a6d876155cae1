"""The ARNs that an operation needs permission on, as IAM policies name them.

Source: Service Authorization Reference, "Actions, resources, and condition keys" of each service.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from emulator.iam.actions import action_of
from emulator.iam.arns import key_arn, model_arn
from emulator.wire.call import Call
from emulator.wire.documents import Document


@dataclass(frozen=True)
class Permission:
    """An action and the ARNs it needs permission on; if `unknown`, "*" is their placeholder."""

    action: str
    resources: tuple[str, ...] = ("*",)
    unknown: bool = False


_LOGGING = "PutModelInvocationLoggingConfiguration"
# Where a call hands a role to a service, which needs iam:PassRole: the way to the role's ARN.
_HANDED_ON: dict[tuple[str, str], tuple[str, ...]] = {
    ("bedrock", _LOGGING): ("loggingConfig", "cloudWatchConfig", "roleArn"),
    ("cloudtrail", "CreateTrail"): ("CloudWatchLogsRoleArn",),
    ("cloudtrail", "UpdateTrail"): ("CloudWatchLogsRoleArn",),
    ("events", "PutRule"): ("RoleArn",),
    ("events", "PutTargets"): ("Targets", "RoleArn"),
    ("lambda", "CreateFunction"): ("Role",),
    ("lambda", "UpdateFunctionConfiguration"): ("Role",),
    ("logs", "PutDestination"): ("roleArn",),
    ("logs", "PutSubscriptionFilter"): ("roleArn",),
}


def roles_handed_on(call: Call) -> list[str]:
    """Return the ARNs of the roles that the call lets a service act as."""
    found: list[object] = [call.params]
    for name in _HANDED_ON.get((call.service, call.operation), ()):
        found = [one.get(name) for one in found if isinstance(one, Mapping)]
        found = [one for each in found for one in (each if isinstance(each, list) else [each])]
    if (call.service, call.operation) == ("apigateway", "UpdateAccount"):
        changes = call.params.get("patchOperations") or ()
        found = [one.get("value") for one in changes if one.get("path") == "/cloudwatchRoleArn"]
    return [role for role in found if isinstance(role, str) and role]


def permissions(call: Call, account: str) -> list[Permission]:
    """Return every action that the call needs, the one that gives it its name first."""
    roles = roles_handed_on(call)
    if (call.service, call.operation) == ("iam", "AddRoleToInstanceProfile"):
        roles = [f"arn:{call.partition}:iam::{account}:role/{call.params.get('RoleName')}"]
    passed = (Permission("iam:PassRole", (role,)) for role in roles)
    return [*_named_permissions(call, account), *passed]


def _named_permissions(call: Call, account: str) -> list[Permission]:
    if call.service in {"apigateway", "apigatewayv2"}:
        # API Gateway's actions are the HTTP verbs, its resources the paths.
        arn = f"arn:{call.partition}:apigateway:{call.region}::{unquote(call.path)}"
        return [Permission(f"apigateway:{call.method}", (arn,))]
    if call.service == "s3":
        return _s3(call)
    action = action_of(call.service, call.operation)
    find = _RESOURCES.get(call.service)
    resources = find(call, account) if find is not None else None
    if resources is None:
        return [Permission(action, unknown=True)]
    return [Permission(action, tuple(resources))]


# Their actions have another name when the request names a version of the object.
_VERSIONED_OBJECT_ACTIONS = {
    *("s3:DeleteObject", "s3:DeleteObjectTagging", "s3:GetObject", "s3:GetObjectAcl"),
    *("s3:GetObjectAttributes", "s3:GetObjectTagging", "s3:PutObjectAcl", "s3:PutObjectTagging"),
}


def _s3(call: Call) -> list[Permission]:
    bucket, key = call.params.get("Bucket"), call.params.get("Key")
    action = action_of("s3", call.operation)
    if bucket is None:
        return [Permission(action)]
    arn = f"arn:{call.partition}:s3:::{bucket}"
    if key is None and call.operation != "DeleteObjects":
        return [Permission(action, (arn,))]
    if call.operation == "DeleteObjects":
        objects = (call.params.get("Delete") or {}).get("Objects") or []
        keys = [item.get("Key", "*") for item in objects] or ["*"]
        versioned = any(item.get("VersionId") for item in objects)
    else:
        keys = [key]
        versioned = bool(call.params.get("VersionId"))
    resources = tuple(f"{arn}/{one}" for one in keys)
    named = action
    if versioned and action in _VERSIONED_OBJECT_ACTIONS:
        named = action.replace("Object", "ObjectVersion", 1)
    result = [Permission(named, resources)]
    if call.params.get("BypassGovernanceRetention"):
        result.append(Permission("s3:BypassGovernanceRetention", resources))
    if action == "s3:PutObject" and any(each.startswith(("ACL", "Grant")) for each in call.params):
        result.append(Permission("s3:PutObjectAcl", resources))
    if source := call.params.get("CopySource"):
        path = unquote(str(source)).split("?")[0].lstrip("/")
        result.append(Permission("s3:GetObject", (f"arn:{call.partition}:s3:::{path}",)))
    return result


# Each returns ARNs, ["*"] for an action that has no resource, or None where it is not known.
_Finder = Callable[[Call, str], "list[str] | None"]


def _text(params: Document, *names: str) -> str | None:
    return next((params[n] for n in names if isinstance(params.get(n), str) and params[n]), None)


def _texts(params: Document, *names: str) -> list[str]:
    for name in names:
        value = params.get(name)
        if isinstance(value, list) and value:
            return [str(one) for one in value]
        if isinstance(value, str) and value:
            return [value]
    return []


def _bedrock(call: Call, account: str) -> list[str] | None:
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


def _bedrock_runtime(call: Call, account: str) -> list[str] | None:
    if model := _text(call.params, "modelId"):
        return [model_arn(model, call.region, account)]
    return _bedrock(call, account)


def _mantle_resources(call: Call, account: str) -> list[str]:
    return [f"arn:{call.partition}:bedrock-mantle:{call.region}:{account}:project/default"]


_GROUPLESS_LOGS = re.compile(
    r"(Describe|List|Put|Delete)(ResourcePolicies|ResourcePolicy|AccountPolicy|AccountPolicies"
    r"|Destinations|QueryDefinitions?|Queries|ExportTasks|ConfigurationTemplates)"
)


_LOG_GROUPS = (
    *("logGroupName", "logGroupIdentifier", "logGroupNames", "logGroupIdentifiers"),
    "logGroupArnList",
)


def _logs(call: Call, account: str) -> list[str] | None:
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


def _cloudtrail(call: Call, account: str) -> list[str] | None:
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


def _wafv2(call: Call, account: str) -> list[str] | None:
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


def _iam(call: Call, account: str) -> list[str] | None:
    base = f"arn:{call.partition}:iam::{account}:"
    path = str(call.params.get("Path") or "/")
    # AddRoleToInstanceProfile and AddUserToGroup need it on what they change, not on the member.
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
_IAM_OF_THE_CALLER = {
    *("ListAccessKeys", "ListMFADevices", "ListSSHPublicKeys"),
    *("ListServiceSpecificCredentials", "ListSigningCertificates"),
}


def _sts(call: Call, account: str) -> list[str] | None:
    if call.operation == "GetFederationToken":
        return [f"arn:{call.partition}:sts::{account}:federated-user/{call.params.get('Name')}"]
    if call.operation == "AssumeRoot":
        return None
    return [_text(call.params, "RoleArn") or "*"]


def _kms(call: Call, account: str) -> list[str] | None:
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


def _sns(call: Call, account: str) -> list[str] | None:
    if arn := _text(call.params, "TopicArn", "TargetArn", "ResourceArn", "SubscriptionArn"):
        return [":".join(arn.split(":")[:6])]  # a subscription's topic
    plain = call.operation.startswith("List") or call.operation == "CreatePlatformApplication"
    if plain:
        return ["*"]
    if name := _text(call.params, "Name"):
        return [f"arn:{call.partition}:sns:{call.region}:{account}:{name}"]
    return None


def _dynamodb(call: Call, account: str) -> list[str] | None:
    base = f"arn:{call.partition}:dynamodb:{call.region}:{account}:table/"
    if arn := _text(call.params, "ResourceArn"):
        return [arn]
    if call.operation in {"DescribeEndpoints", "DescribeLimits", "ListTables"}:
        return ["*"]
    plain = ("Item", "Table", "TimeToLive", "ContinuousBackups", "Scan")
    if call.operation.endswith(plain) and (table := _text(call.params, "TableName")):
        return [table if table.startswith("arn:") else base + table]
    if call.operation == "Query" and (table := _text(call.params, "TableName")):
        index = _text(call.params, "IndexName")
        arn = table if table.startswith("arn:") else base + table
        return [f"{arn}/index/{index}" if index else arn]
    return None


def _events(call: Call, account: str) -> list[str] | None:
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


def _cloudwatch(call: Call, account: str) -> list[str] | None:
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


def _lambda(call: Call, account: str) -> list[str] | None:
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


def _xray(call: Call, account: str) -> list[str] | None:  # noqa: ARG001  # one shape for all
    if call.operation.startswith(("Put", "GetSampling", "GetTrace", "BatchGet")):
        return ["*"]
    return None


def _budgets(call: Call, account: str) -> list[str] | None:
    if call.operation == "DescribeBudgetActionsForAccount":
        return ["*"]
    if tagged := _text(call.params, "ResourceARN"):
        return [tagged]
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
    "dynamodb": _dynamodb,
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
