"""Changes to moto 5.2.5, each with its reason. moto's files are never edited."""

import json
from typing import Any

import xmltodict
from moto.budgets.models import Budget
from moto.budgets.responses import BudgetsResponse
from moto.cloudwatch.models import CloudWatchBackend
from moto.core.common_models import BaseModel
from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket
from moto.s3.responses import S3Response
from moto.wafv2 import exceptions as wafv2_exceptions
from moto.wafv2.models import FakeWebACL, WAFV2Backend, wafv2_backends
from moto.wafv2.responses import WAFV2Response

from emulator.patching import add as _add
from emulator.patching import patch as _patch
from emulator.waf.capacity import capacity


@_patch(BaseModel, "__new__")
def _no_register(original: Any, cls: type, *args: Any, **kwargs: Any) -> Any:  # noqa: ARG001  # told nothing
    # For its dashboard moto lists every object that it ever made, each log event among them: memory
    # would grow with every request.
    return object.__new__(cls)


# AWS Budgets: moto lacks what the provider reads back, and what changes a budget.


def _budget(response: BudgetsResponse) -> Budget:
    account, name = response._get_param("AccountId"), response._get_param("BudgetName")
    response.backend.describe_budget(account, name)  # raises without one
    return response.backend.budgets[account][name]


def _notification(response: BudgetsResponse) -> Any:
    wanted = response._get_param("Notification")
    kept = _budget(response).notifications
    return next((one for one in kept if wanted.items() <= one.details.items()), None)


@_add(BudgetsResponse, "describe_subscribers_for_notification")
def _tell_subscribers(response: BudgetsResponse) -> str:
    found = _notification(response)
    return json.dumps({"Subscribers": found.subscribers if found else []})


@_add(BudgetsResponse, "update_budget")
def _update_budget(response: BudgetsResponse) -> str:
    account, wanted = response._get_param("AccountId"), response._get_param("NewBudget")
    response.backend.describe_budget(account, wanted["BudgetName"])
    response.backend.budgets[account][wanted["BudgetName"]].budget.update(wanted)
    return "{}"


_budget_tags: dict[str, dict[str, str]] = {}


@_patch(BudgetsResponse, "create_budget")
def _tag_new_budget(original: Any, response: BudgetsResponse) -> str:
    answer: str = original(response)
    arn = (
        f"arn:{response.partition}:budgets::{response._get_param('AccountId')}:"
        f"budget/{response._get_param('Budget')['BudgetName']}"
    )
    _budget_tags[arn] = {
        tag["Key"]: tag["Value"] for tag in response._get_param("ResourceTags") or ()
    }
    return answer


@_add(BudgetsResponse, "list_tags_for_resource")
def _tell_budget_tags(response: BudgetsResponse) -> str:
    tags = _budget_tags.get(response._get_param("ResourceARN"), {})
    return json.dumps(
        {"ResourceTags": [{"Key": key, "Value": value} for key, value in tags.items()]}
    )


@_add(BudgetsResponse, "tag_resource")
def _tag_budget(response: BudgetsResponse) -> str:
    tags = _budget_tags.setdefault(response._get_param("ResourceARN"), {})
    tags.update({tag["Key"]: tag["Value"] for tag in response._get_param("ResourceTags")})
    return "{}"


@_add(BudgetsResponse, "untag_resource")
def _untag_budget(response: BudgetsResponse) -> str:
    tags = _budget_tags.setdefault(response._get_param("ResourceARN"), {})
    for key in response._get_param("ResourceTagKeys"):
        tags.pop(key, None)
    return "{}"


# CloudWatch


@_patch(CloudWatchBackend, "get_filtered_metrics")
def _distinct_metrics(
    original: Any,  # noqa: ARG001  # compares each with each, and not their second dimension
    backend: CloudWatchBackend,
    metric_name: str,
    namespace: str,
    dimensions: list[dict[str, str]],
) -> list[Any]:
    found: dict[Any, Any] = {}
    for datum in backend.get_all_metrics():
        if datum.filter(namespace=namespace, name=metric_name, dimensions=dimensions):
            pairs = tuple(sorted((one.name, one.value) for one in datum.dimensions))
            found.setdefault((datum.namespace, datum.name, pairs), datum)
    return list(found.values())


# S3


@_patch(FakeBucket, "get_permission")
def _leave_policies_to_iam(original: Any, bucket: FakeBucket, action: Any, resource: Any) -> Any:  # noqa: ARG001  # asked for nothing
    # moto reads a bucket policy without its conditions: "deny what is not encrypted" denies all.
    # The emulator has evaluated the policy, conditions and all, before moto sees the request.
    return PermissionResult.NEUTRAL


# WAFv2


@_patch(wafv2_exceptions.WAFV2DuplicateItemException, "__init__")
def _name_of_duplicates(original: Any, error: Any) -> None:
    original(error)
    # The provider waits for this name and not for moto's.
    error.error_type = "WAFDuplicateItemException"
    error.description = json.dumps(
        {"__type": error.error_type, "message": json.loads(error.description)["message"]}
    )


@_patch(WAFV2Response, "update_web_acl")
def _replace_web_acl(original: Any, response: WAFV2Response) -> Any:
    # An update replaces the whole ACL. moto keeps what the request leaves out, so that a rule or a
    # custom response that was removed would go on working.
    answer = original(response)
    body = json.loads(response.body)
    acl = response.wafv2_backend.get_web_acl(None, body["Name"], body["Id"])
    if not body.get("Rules"):
        acl.rules = []
    acl.description = body.get("Description") or ""
    acl.association_config = body.get("AssociationConfig")
    acl.custom_response_bodies = body.get("CustomResponseBodies")
    acl.captcha_config = body.get("CaptchaConfig")
    acl.challenge_config = body.get("ChallengeConfig")
    acl.token_domains = body.get("TokenDomains")
    acl.data_protection_config = body.get("DataProtectionConfig")
    return answer


@_patch(WAFV2Response, "create_web_acl")
def _keep_data_protection(original: Any, response: WAFV2Response) -> Any:
    answer = original(response)
    body = json.loads(response.body)
    acl = response.wafv2_backend.wacls[json.loads(answer[2])["Summary"]["ARN"]]
    acl.data_protection_config = body.get("DataProtectionConfig")
    return answer


@_patch(FakeWebACL, "to_dict")
def _tell_data_protection_and_capacity(original: Any, acl: FakeWebACL) -> Any:
    known = original(acl) | {"DataProtectionConfig": acl.data_protection_config}
    # moto says 3 units whatever the rules are.
    groups = wafv2_backends[acl.account][acl.arn.split(":")[3]].rule_groups
    known["Capacity"] = capacity(known["Rules"], lambda arn: groups[arn].capacity)
    return {name: value for name, value in known.items() if value is not None}


class _InUseError(wafv2_exceptions.WAFv2ClientError):  # type: ignore[misc]  # moto has no types
    def __init__(self) -> None:
        super().__init__(
            "WAFAssociatedItemException",
            "AWS WAF couldn't perform the operation because your resource is being used by another"
            " resource or it's associated with another resource.",
        )


@_patch(WAFV2Backend, "associate_web_acl")
def _guard_by_one_web_acl(
    original: Any, backend: WAFV2Backend, web_acl_arn: str, resource_arn: str
) -> None:
    # A resource has one web ACL, the last; in moto the first would go on guarding it.
    original(backend, web_acl_arn, resource_arn)
    for acl in backend.wacls.values():
        if acl.arn != web_acl_arn and resource_arn in acl.associated_resources:
            acl.associated_resources.remove(resource_arn)


@_patch(WAFV2Backend, "delete_web_acl")
def _keep_a_web_acl_that_guards(
    original: Any, backend: WAFV2Backend, name: str, *rest: Any, **more: Any
) -> None:
    for acl in backend.wacls.values():
        if acl.name == name and any(map(backend._find_apigw_stage, acl.associated_resources)):
            raise _InUseError
    original(backend, name, *rest, **more)


def _keep_what_rules_use(operation: str) -> None:
    @_patch(WAFV2Backend, operation)
    def delete(original: Any, backend: WAFV2Backend, name: str, *rest: Any, **more: Any) -> None:
        kind = operation.removeprefix("delete_").replace("_", "")
        rules = [rule for acl in backend.wacls.values() for rule in acl.to_dict()["Rules"]]
        if f"/{kind}/{name}/" in json.dumps(rules):
            raise _InUseError
        original(backend, name, *rest, **more)


for _operation in ("delete_ip_set", "delete_regex_pattern_set", "delete_rule_group"):
    _keep_what_rules_use(_operation)


@_patch(S3Response, "_bucket_response_put")
def _tag_new_bucket_of_s3(
    original: Any, response: S3Response, request: Any, name: str, query: dict[str, Any]
) -> Any:
    # moto overlooks the tags that CreateBucket may bring along.
    answer = original(response, request, name, query)
    if query or not response.body:
        return answer
    found = xmltodict.parse(response.body, force_list=("Tag",)).get("CreateBucketConfiguration")
    tags = ((found or {}).get("Tags") or {}).get("Tag", [])
    if tags:
        response.backend.put_bucket_tagging(name, {tag["Key"]: tag["Value"] for tag in tags})
    return answer
