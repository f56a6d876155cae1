"""KMS in moto 5.2.5, where it does not do what AWS does.

Sources: KMS API reference; KMS Developer Guide, "Key states of AWS KMS keys" (which operation a key
in which state refuses) and "Default key policy".
"""

import fnmatch
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.kms import models, responses
from moto.kms.exceptions import NotAuthorizedException, NotFoundException, ValidationException
from moto.kms.models import Key, KmsBackend
from moto.kms.responses import KmsResponse

from emulator.patching import Moto, add, patch
from emulator.wire.documents import Document
from emulator.wire.errors import AwsError
from emulator.wire.http import strict_object
from iam_policy import Policy, PolicyError

_PENDING = "PendingDeletion"
_SHORTEST_WAIT, _LONGEST_WAIT = 7, 30  # days (API reference, ScheduleKeyDeletion)


def _key(response: KmsResponse, name: str = "KeyId") -> Key:
    """Return the key that an id or ARN names."""
    key_id = response._get_param(name)
    response._validate_cmk_id(key_id)
    found: Key = response.kms_backend.keys[response.kms_backend.get_key_id(key_id)]
    return found


def _refuse_state(key: Key, text: str) -> None:
    raise AwsError(400, "KMSInvalidStateException", f"{key.arn} {text}")


@patch(KmsResponse, "_validate_cmk_id")
def _quote_the_id(original: Moto, response: KmsResponse, key_id: str) -> None:
    try:
        original(response, key_id)
    except NotFoundException:
        if ":key/" in key_id or key_id.count("-") >= 4:
            raise
        raise NotFoundException(f"Invalid keyId '{key_id}'") from None


@patch(models, "generate_private_key")
def _no_pair_for_a_symmetric_key(original: Moto, key_spec: str) -> object:
    # moto makes it a pair for RSA, which takes a tenth of a second and is never read.
    return None if key_spec == "SYMMETRIC_DEFAULT" else original(key_spec)


# The emulator has evaluated the key policy, conditions and all, before moto sees the request; moto
# reads any Deny that could be about DescribeKey as one that is.
add(responses, "validate_policy")(lambda *_: None)


# Key policies


@patch(responses, "_assert_default_policy")
def _default_without_a_name(original: Moto, policy_name: str | None) -> None:
    # The name may be left out (API reference, PutKeyPolicy and GetKeyPolicy).
    if policy_name is not None:
        original(policy_name)


@patch(KmsResponse, "create_key")
def _check_new_policy(original: Moto, response: KmsResponse) -> object:
    _check_policy(response)
    return original(response)


@patch(KmsResponse, "put_key_policy")
def _check_changed_policy(original: Moto, response: KmsResponse) -> object:
    if _key(response).key_state == _PENDING:
        _refuse_state(_key(response), "is pending deletion.")
    _check_policy(response)
    return original(response)


def _check_policy(response: KmsResponse) -> None:
    """Refuse a policy that cannot be read, and one that would lock everybody out."""
    text = response._get_param("Policy")
    if text is None:
        return
    try:
        document = strict_object(text)
        Policy(document, "key policy", "resource")
    except (PolicyError, RecursionError, TypeError, ValueError) as error:
        raise AwsError(400, "MalformedPolicyDocumentException", str(error)) from error
    if not response._get_param("BypassPolicyLockoutSafetyCheck") and not _can_be_changed(document):
        raise AwsError(
            400,
            "MalformedPolicyDocumentException",
            "The new key policy will not allow you to update the key policy in the future.",
        )


def _can_be_changed(document: Document) -> bool:
    for statement in _list(document.get("Statement")):
        actions = [str(one).lower() for one in _list(statement.get("Action"))]
        principal = statement.get("Principal")
        people = principal == "*" or (isinstance(principal, dict) and "AWS" in principal)
        if (
            statement.get("Effect") == "Allow"
            and people
            and any(fnmatch.fnmatchcase("kms:putkeypolicy", action) for action in actions)
        ):
            return True
    return False


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


# States


@add(KmsResponse, "schedule_key_deletion")
def _schedule_deletion(response: KmsResponse) -> str:
    # moto takes no ARN, and schedules again what is scheduled.
    key, days = _key(response), response._get_param("PendingWindowInDays") or 30
    if not _SHORTEST_WAIT <= days <= _LONGEST_WAIT:
        raise ValidationException(
            f"The number of days must be between {_SHORTEST_WAIT} and {_LONGEST_WAIT}."
        )
    if key.key_state == _PENDING:
        _refuse_state(key, "is pending deletion.")
    key.enabled, key.key_state = False, _PENDING
    key.deletion_date = (datetime.now(UTC) + timedelta(days=days)).replace(tzinfo=None)
    return json.dumps(
        {
            "KeyId": key.arn,
            "DeletionDate": time.time() + days * 86_400,
            "KeyState": key.key_state,
            "PendingWindowInDays": days,
        }
    )


@add(KmsResponse, "cancel_key_deletion")
def _cancel_deletion(response: KmsResponse) -> str:
    key = _key(response)
    if key.key_state != _PENDING:
        _refuse_state(key, "is not pending deletion.")
    key.enabled, key.key_state, key.deletion_date = False, "Disabled", None
    return json.dumps({"KeyId": key.arn})


def _set_enabled(operation: str, *, enabled: bool) -> None:
    @add(KmsResponse, operation)
    def change(response: KmsResponse) -> str:
        key = _key(response)
        if key.key_state == _PENDING:
            _refuse_state(key, "is pending deletion.")
        key.enabled, key.key_state = enabled, "Enabled" if enabled else "Disabled"
        return "null"


_set_enabled("enable_key", enabled=True)
_set_enabled("disable_key", enabled=False)

for _operation in (
    "disable_key_rotation", "enable_key_rotation", "tag_resource", "untag_resource",
    "update_key_description",
):  # fmt: skip

    @patch(KmsResponse, _operation)
    def _leave_what_is_to_be_deleted(original: Moto, response: KmsResponse) -> object:
        key = _key(response)
        if key.key_state == _PENDING:
            _refuse_state(key, "is pending deletion.")
        if "rotation" in original.__name__ and key.key_state == "Disabled":
            raise AwsError(400, "DisabledException", f"{key.arn} is disabled.")
        return original(response)


@patch(KmsResponse, "enable_key_rotation")
def _keep_rotation_period(original: Moto, response: KmsResponse) -> str:
    answer: str = original(response)
    key = _key(response)
    key.rotation_period = response._get_param("RotationPeriodInDays") or 365
    key.rotates_from = time.time()
    return answer


@add(KmsResponse, "get_key_rotation_status")
def _show_rotation(response: KmsResponse) -> str:
    key = _key(response)
    on = key.key_rotation_status and key.key_state != _PENDING
    shown: dict[str, object] = {"KeyId": key.id, "KeyRotationEnabled": on}
    if on:
        shown["RotationPeriodInDays"] = key.rotation_period
        shown["NextRotationDate"] = key.rotates_from + key.rotation_period * 86_400
    return json.dumps(shown)


# Aliases


@patch(KmsResponse, "_set_alias")
def _check_alias(original: Moto, response: KmsResponse, update: bool = False) -> str:
    if response._get_param("AliasName").startswith("alias/aws/"):
        raise NotAuthorizedException
    key = _key(response, "TargetKeyId")
    if key.key_state == _PENDING:
        _refuse_state(key, "is pending deletion.")
    answer: str = original(response, update)
    now = time.time()
    alias = key.aliases[response._get_param("AliasName")]
    alias.created = getattr(alias, "created", now)
    alias.updated = now
    return answer


@patch(KmsResponse, "list_aliases")
def _show_dates(original: Moto, response: KmsResponse) -> str:
    shown = json.loads(original(response))
    dates = {
        alias.alias_arn: alias
        for key in response.kms_backend.keys.values()
        for alias in key.aliases.values()
        if hasattr(alias, "created")
    }
    for one in shown["Aliases"]:
        if alias := dates.get(one["AliasArn"]):
            one["CreationDate"], one["LastUpdatedDate"] = alias.created, alias.updated
    return json.dumps(shown)


@patch(KmsBackend, "delete_alias")
def _delete_by_name_or_arn(original: Moto, backend: KmsBackend, alias_name: str) -> None:
    original(backend, backend.get_alias_name(alias_name))
