"""Changes to moto 5.2.5, each with its reason. moto's files are never edited."""

import json
from typing import Any

import xmltodict
from moto.core.common_models import BaseModel
from moto.s3.responses import S3Response
from moto.wafv2 import exceptions as wafv2_exceptions
from moto.wafv2.models import FakeWebACL, WAFV2Backend, wafv2_backends
from moto.wafv2.responses import WAFV2Response

from emulator.patching import patch as _patch
from emulator.waf.capacity import capacity


@_patch(BaseModel, "__new__")
def _no_register(original: Any, cls: type, *args: Any, **kwargs: Any) -> Any:  # noqa: ARG001  # told nothing
    # For its dashboard moto lists every object that it ever made, each log event among them: memory
    # would grow with every request.
    return object.__new__(cls)


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
