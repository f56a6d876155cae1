"""WAFv2 in moto 5.2.5, where it does not do what AWS does (WAFv2 API reference)."""

import json
import uuid

from moto.wafv2 import exceptions as wafv2_exceptions
from moto.wafv2.models import FakeIPSet, FakeWebACL, WAFV2Backend, wafv2_backends
from moto.wafv2.responses import WAFV2Response

from emulator.patching import Moto, add, patch
from emulator.waf.capacity import capacity
from emulator.wire.errors import AwsError


@patch(wafv2_exceptions.WAFV2DuplicateItemException, "__init__")
def _name_of_duplicates(original: Moto, error: wafv2_exceptions.WAFv2ClientError) -> None:
    original(error)
    # The provider waits for this name and not for moto's.
    error.error_type = "WAFDuplicateItemException"
    error.description = json.dumps(
        {"__type": error.error_type, "message": json.loads(error.description)["message"]}
    )


@patch(WAFV2Response, "update_web_acl")
def _replace_web_acl(original: Moto, response: WAFV2Response) -> object:
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


@patch(WAFV2Response, "create_web_acl")
def _keep_data_protection(original: Moto, response: WAFV2Response) -> object:
    answer = original(response)
    body = json.loads(response.body)
    acl = response.wafv2_backend.wacls[json.loads(answer[2])["Summary"]["ARN"]]
    acl.data_protection_config = body.get("DataProtectionConfig")
    return answer


@patch(FakeWebACL, "to_dict")
def _show_data_protection_and_capacity(original: Moto, acl: FakeWebACL) -> object:
    known = original(acl) | {"DataProtectionConfig": acl.data_protection_config}
    # moto says 3 units whatever the rules are.
    groups = wafv2_backends[acl.account][acl.arn.split(":")[3]].rule_groups
    known["Capacity"] = capacity(
        known["Rules"], lambda arn: int(groups[arn].capacity) if arn in groups else 0
    )
    return {name: value for name, value in known.items() if value is not None}


def _in_use() -> AwsError:
    return AwsError(
        400,
        "WAFAssociatedItemException",
        "AWS WAF couldn't perform the operation because your resource is being used by another"
        " resource or it's associated with another resource.",
    )


@patch(WAFV2Backend, "associate_web_acl")
def _guard_by_one_web_acl(
    original: Moto, backend: WAFV2Backend, web_acl_arn: str, resource_arn: str
) -> None:
    # moto guards a stage that is not there. A resource has one web ACL, the last; in moto the first
    # would go on guarding it.
    if ":apigateway:" in resource_arn and backend._find_apigw_stage(resource_arn) is None:
        raise wafv2_exceptions.WAFNonexistentItemException
    original(backend, web_acl_arn, resource_arn)
    for acl in backend.wacls.values():
        if acl.arn != web_acl_arn and resource_arn in acl.associated_resources:
            acl.associated_resources.remove(resource_arn)


@patch(WAFV2Backend, "delete_web_acl")
def _keep_a_web_acl_that_guards(
    original: Moto, backend: WAFV2Backend, name: str, *rest: object, **more: object
) -> None:
    for acl in backend.wacls.values():
        if acl.name == name and any(map(backend._find_apigw_stage, acl.associated_resources)):
            raise _in_use()
    original(backend, name, *rest, **more)


for _kind in ("ip_set", "regex_pattern_set", "rule_group"):

    @patch(WAFV2Backend, f"delete_{_kind}")
    def _keep_what_rules_use(
        original: Moto,
        backend: WAFV2Backend,
        name: str,
        *rest: object,
        kind: str = _kind.replace("_", ""),
        **more: object,
    ) -> None:
        owners = [*backend.wacls.values(), *backend.rule_groups.values()]
        rules = [rule for owner in owners for rule in owner.to_dict()["Rules"]]
        if f"/{kind}/{name}/" in json.dumps(rules):
            raise _in_use()
        original(backend, name, *rest, **more)


@patch(WAFV2Backend, "create_ip_set")
def _name_ip_sets_once(
    original: Moto, backend: WAFV2Backend, name: str, scope: str, *rest: object
) -> object:
    if any((one.name, one.scope) == (name, scope) for one in backend.ip_sets.values()):
        raise wafv2_exceptions.WAFV2DuplicateItemException
    return original(backend, name, scope, *rest)


for _method in ("__init__", "update"):

    @patch(FakeIPSet, _method)
    def _lock_by_a_whole_token(
        original: Moto, ip_set: FakeIPSet, *values: object, **more: object
    ) -> None:
        original(ip_set, *values, **more)
        ip_set.lock_token = str(uuid.uuid4())  # moto's has six characters, and AWS takes no such


@patch(WAFV2Response, "update_rule_group")
def _replace_rule_group(original: Moto, response: WAFV2Response) -> object:
    # As for a web ACL: what the request leaves out is gone.
    answer = original(response)
    body = json.loads(response.body)
    arns = [arn for arn in response.wafv2_backend.rule_groups if arn.endswith(f"/{body['Id']}")]
    for group in map(response.wafv2_backend.rule_groups.get, arns):
        group.rules = group.rules if body.get("Rules") else []
        group.description = body.get("Description") or ""
        group.custom_response_bodies = body.get("CustomResponseBodies")
    return answer


for _operation in ("list_tags_for_resource", "tag_resource", "untag_resource"):

    @patch(WAFV2Backend, _operation)
    def _tags_of_what_there_is(
        original: Moto, backend: WAFV2Backend, arn: str, *tags: object, **page: object
    ) -> object:
        # moto keeps tags of anything.
        if arn not in {
            *backend.wacls,
            *backend.regex_pattern_sets,
            *backend.ip_sets,
            *backend.rule_groups,
        }:
            raise wafv2_exceptions.WAFNonexistentItemException
        return original(backend, arn, *tags, **page)


@patch(WAFV2Backend, "put_logging_configuration")
def _log_what_there_is(
    original: Moto, backend: WAFV2Backend, arn: str, *settings: object
) -> object:
    if arn not in backend.wacls:
        raise wafv2_exceptions.WAFNonexistentItemException
    return original(backend, arn, *settings)


@add(WAFV2Response, "list_resources_for_web_acl")
def _list_resources(response: WAFV2Response) -> object:
    body = json.loads(response.body)
    acl = response.wafv2_backend.wacls.get(body["WebACLArn"])
    if acl is None:
        raise wafv2_exceptions.WAFNonexistentItemException
    kind = body.get("ResourceType", "APPLICATION_LOAD_BALANCER")
    found = acl.associated_resources if kind == "API_GATEWAY" else []
    return 200, {}, json.dumps({"ResourceArns": list(found)})
