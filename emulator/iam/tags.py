"""The condition keys that tags make, where a policy of ours may ask for them.

Sources: IAM User Guide, "Controlling access to AWS resources using tags"; API Gateway Developer
Guide, "API Gateway resources that can be tagged": what is below an API, a usage plan or a domain
inherits its tags.
"""

from collections.abc import Iterable, Mapping

from botocore.exceptions import ClientError, ParamValidationError

from emulator.account import Account
from emulator.wire.call import Call

_Tags = Mapping[str, str]


def requested(call: Call) -> dict[str, str | list[str]]:
    """Return aws:RequestTag/… and aws:TagKeys of what a call tags."""
    given = call.params.get("tags") or call.params.get("Tags") or {}
    tags = dict(given) if isinstance(given, Mapping) else _pairs(given)
    keys: dict[str, str | list[str]] = {f"aws:RequestTag/{k}": v for k, v in tags.items()}
    return {**keys, "aws:TagKeys": sorted(tags)} if tags else {}


def resource_tags(account: Account, resource: str) -> dict[str, str]:
    """Return aws:ResourceTag/… of an API, a key or a guardrail; nothing of other resources."""
    service, name = resource.split(":")[2:3], resource.split(":", 5)[-1]
    read = _READERS.get("".join(service))
    if read is None:
        return {}

    def tags() -> _Tags:
        try:
            return read(account, resource, name)
        except (ClientError, ParamValidationError):
            return {}  # it does not exist

    found = account.snapshot(f"iam:tags:{resource}", tags)
    return {f"aws:ResourceTag/{key}": value for key, value in found.items()}


def _key(account: Account, _: str, name: str) -> _Tags:
    if not name.startswith("key/"):
        return {}
    key = name.removeprefix("key/")
    return _pairs(account.client("kms").list_resource_tags(KeyId=key)["Tags"])


def _guardrail(account: Account, resource: str, name: str) -> _Tags:
    if not name.startswith("guardrail/"):
        return {}
    return _pairs(account.client("bedrock").list_tags_for_resource(resourceARN=resource)["tags"])


def _api(account: Account, _: str, name: str) -> _Tags:
    gateway = account.client("apigateway")
    match name.removeprefix(":").strip("/").split("/"):
        case ["restapis", api, "stages", stage]:
            own = gateway.get_stage(restApiId=api, stageName=stage).get("tags", {})
            return {**gateway.get_rest_api(restApiId=api).get("tags", {}), **own}
        case ["restapis", api, *_]:
            return dict(gateway.get_rest_api(restApiId=api).get("tags", {}))
        case ["usageplans", plan, *_]:
            return dict(gateway.get_usage_plan(usagePlanId=plan).get("tags", {}))
        case ["apikeys", key]:
            return dict(gateway.get_api_key(apiKey=key).get("tags", {}))
        case ["domainnames", domain, *_]:
            return dict(gateway.get_domain_name(domainName=domain).get("tags", {}))
    return {}


def _pairs(tags: Iterable[Mapping[str, str]]) -> dict[str, str]:
    found = {}
    for tag in tags:
        lower = {key.lower().removeprefix("tag"): value for key, value in tag.items()}
        found[lower["key"]] = lower["value"]
    return found


_READERS = {"apigateway": _api, "bedrock": _guardrail, "kms": _key}
