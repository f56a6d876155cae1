"""IAM and STS in moto 5.2.5, where they do not do what AWS does.

Sources: IAM API reference; IAM User Guide, "IAM and AWS STS quotas". Texts on record are marked.
"""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime

from moto.iam.exceptions import (
    DeleteConflictException,
    LimitExceededException,
    MalformedPolicyDocument,
    NotFoundException,
    ValidationError,
)
from moto.iam.models import AWSManagedPolicy, IAMBackend, Role
from moto.iam.policy_validation import IAMTrustPolicyDocumentValidator
from moto.sts.models import AssumedRole, STSBackend
from moto.sts.responses import TokenResponse

from emulator.patching import Moto, patch
from emulator.wire.partition import partition_of

_POLICY_CHARS, _ROLE_POLICY_CHARS, _ATTACHED = 6_144, 10_240, 10
_ARN = re.compile(r"arn:[^:\s]+:iam::(?:\d{12}|aws):policy/\S+")


# Policy documents


def _readable(document: str) -> None:
    try:
        json.loads(document)
    except (RecursionError, ValueError):
        raise MalformedPolicyDocument("This policy contains invalid Json") from None  # on record


def _size(document: str) -> int:
    """Return a policy's size as IAM counts it: without white space."""
    return len("".join(document.split()))


def _check_trust(document: str) -> None:
    _readable(document)
    IAMTrustPolicyDocumentValidator(document).validate()


@patch(IAMBackend, "update_assume_role_policy")
def _check_changed_trust(
    original: Moto, backend: IAMBackend, role_name: str, document: str
) -> None:
    backend.get_role(role_name)
    _check_trust(document)
    original(backend, role_name, document)


@patch(IAMBackend, "put_role_policy")
def _check_role_policy(
    original: Moto, backend: IAMBackend, role_name: str, policy_name: str, document: str
) -> None:
    others = backend.get_role(role_name).policies
    _readable(document)
    size = _size(document) + sum(_size(one) for name, one in others.items() if name != policy_name)
    if size > _ROLE_POLICY_CHARS:
        raise LimitExceededException(
            f"Maximum policy size of {_ROLE_POLICY_CHARS} bytes exceeded for role {role_name}"
        )
    original(backend, role_name, policy_name, document)


for _operation in ("create_policy", "create_policy_version"):

    @patch(IAMBackend, _operation)
    def _check_policy(
        original: Moto, backend: IAMBackend, *given: object, **named: object
    ) -> object:
        values = [*given, *named.values()]
        document = next(one for one in values if isinstance(one, str) and "{" in one)
        _readable(document)
        if _size(document) > _POLICY_CHARS:
            raise LimitExceededException(f"Cannot exceed quota for PolicySize: {_POLICY_CHARS}")
        return original(backend, *given, **named)


# Managed policies


def _know_aws_policy(backend: IAMBackend, arn: str) -> None:
    # moto knows all of AWS's own policies or none; all of them cost a second and 100 MB.
    if ":iam::aws:policy/" not in arn or arn in backend.managed_policies:
        return
    from moto.iam.aws_managed_policies import aws_managed_policies_data  # noqa: PLC0415  # 4 MB

    name = arn.rpartition("/")[2]
    data = json.loads(aws_managed_policies_data).get(name)
    if data is None:
        return
    policy = AWSManagedPolicy.from_data(name, backend.account_id, backend.region_name, data)
    if policy.arn == arn:
        backend.managed_policies[arn] = policy


def _roles_with(backend: IAMBackend, arn: str) -> Iterator[Role]:
    """Yield the roles that use a policy, as one of theirs or as their boundary."""
    for role in backend.get_roles():
        if arn in role.managed_policies or role.permissions_boundary_arn == arn:
            yield role


@patch(IAMBackend, "attach_role_policy")
def _attach_once(original: Moto, backend: IAMBackend, policy_arn: str, role_name: str) -> None:
    # moto counts what is attached again twice, and knows no quota.
    role = backend.get_role(role_name)
    _check_arn(policy_arn)
    _know_aws_policy(backend, policy_arn)
    if policy_arn in role.managed_policies:
        return
    if policy_arn in backend.managed_policies and len(role.managed_policies) >= _ATTACHED:
        raise LimitExceededException(f"Cannot exceed quota for PoliciesPerRole: {_ATTACHED}")
    original(backend, policy_arn, role_name)


def _check_arn(arn: str) -> None:
    if not _ARN.fullmatch(arn):
        raise ValidationError("Invalid ARN:  Could not be parsed!")  # on record


@patch(IAMBackend, "get_policy")
def _get_policy(original: Moto, backend: IAMBackend, policy_arn: str) -> object:
    _know_aws_policy(backend, policy_arn)
    if policy_arn not in backend.managed_policies:
        _check_arn(policy_arn)
        raise NotFoundException(f"Policy {policy_arn} was not found.")  # on record
    return original(backend, policy_arn)


@patch(IAMBackend, "delete_policy")
def _keep_a_policy_in_use(original: Moto, backend: IAMBackend, policy_arn: str) -> None:
    policy = backend.get_policy(policy_arn)
    if any(_roles_with(backend, policy_arn)):
        raise DeleteConflictException("Cannot delete a policy attached to entities.")
    if len(policy.versions) > 1:
        raise DeleteConflictException(
            "This policy has more than one version. Before you delete a policy, you must delete the"
            " policy's versions. The default version is deleted with the policy."
        )
    original(backend, policy_arn)


# Roles


@patch(IAMBackend, "get_role")
def _word_a_missing_role(original: Moto, backend: IAMBackend, role_name: str) -> Role:
    try:
        found: Role = original(backend, role_name)
    except NotFoundException:
        raise NotFoundException(f"The role with name {role_name} cannot be found.") from None
    return found


@patch(IAMBackend, "create_role")
def _check_new_role(original: Moto, backend: IAMBackend, *given: str, **named: str) -> Role:
    values = [*given, *named.values()]
    _check_trust(values[1])
    if boundary := values[3]:
        _check_boundary(backend, boundary)
    made: Role = original(backend, *given, **named)
    return made


@patch(IAMBackend, "put_role_permissions_boundary")
def _boundary_is_a_policy(
    original: Moto, backend: IAMBackend, role_name: str, permissions_boundary: str
) -> None:
    backend.get_role(role_name)
    _check_boundary(backend, permissions_boundary)
    original(backend, role_name, permissions_boundary)


def _check_boundary(backend: IAMBackend, arn: str) -> None:
    _know_aws_policy(backend, arn)
    if backend.policy_arn_regex.match(arn) and arn not in backend.managed_policies:
        raise NotFoundException(f"Scope ARN: {arn} does not exist or is not attachable.")


@patch(IAMBackend, "update_role")
def _change_what_is_given(
    original: Moto,  # noqa: ARG001  # it forgets what is left out
    backend: IAMBackend,
    role_name: str,
    role_description: str | None,
    max_session_duration: str | None,
) -> Role:
    role = backend.get_role(role_name)
    if role_description is not None:
        role.description = role_description
    if max_session_duration is not None:
        role.max_session_duration = max_session_duration
    return role


for _operation in ("get_role_policy", "delete_role_policy"):

    @patch(IAMBackend, _operation)
    def _word_a_missing_policy(
        original: Moto, backend: IAMBackend, role_name: str, policy_name: str
    ) -> object:
        if policy_name not in backend.get_role(role_name).policies:
            raise NotFoundException(f"The role policy with name {policy_name} cannot be found.")
        return original(backend, role_name, policy_name)


@patch(IAMBackend, "get_instance_profiles_for_role")
def _profiles_of_a_role(original: Moto, backend: IAMBackend, role_name: str) -> object:
    backend.get_role(role_name)
    return original(backend, role_name)


# Sessions


@patch(STSBackend, "get_caller_identity")
def _administrator_identity(
    original: Moto, backend: STSBackend, access_key_id: str, region: str
) -> tuple[str, str, str]:
    # moto names a user that does not exist, in an ARN that IAM would never issue.
    user_id, arn, account_id = original(backend, access_key_id, region)
    if arn.endswith(":user/moto"):
        return account_id, f"arn:{partition_of(region)}:iam::{account_id}:root", account_id
    return user_id, arn, account_id


@patch(AssumedRole, "__init__")
def _note_when_issued(original: Moto, role: AssumedRole, *args: object, **kw: object) -> None:
    original(role, *args, **kw)
    role.issued = datetime.now(UTC)


for _operation in ("assume_role", "assume_role_with_web_identity"):

    @patch(TokenResponse, _operation)
    def _keep_session_policies(original: Moto, response: TokenResponse) -> object:
        # moto forgets them, and the session could do more than it was given.
        answer = original(response)
        given = response._get_param("PolicyArns") or ()
        answer.result["Credentials"].policy_arns = tuple(each["arn"] for each in given)
        return answer
