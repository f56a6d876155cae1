"""Whether a caller may do what it asks for, by the applied policies."""

import logging
from collections.abc import Iterable
from datetime import UTC, datetime

from emulator.account import Account
from emulator.dynamodb.keys import leading_keys
from emulator.iam.applied import Applied, last
from emulator.iam.callers import Callers
from emulator.iam.decisions import Decisions, question
from emulator.iam.resources import Permission, permissions, roles_handed_on
from emulator.iam.tags import requested, resource_tags
from emulator.sts import web_identity
from emulator.wire.call import Call, Credential, Principal
from emulator.wire.errors import AwsError, CallerError
from emulator.wire.http import HttpRequest
from emulator.wire.partition import partition_of
from iam_policy import (
    Context,
    Decision,
    Policy,
    PolicyError,
    Query,
    access_denied_message,
    evaluate,
)
from iam_policy.regions import requested_region
from toolkit.conditions import sent

_log = logging.getLogger("emulator")

# Condition keys that a request's parameters fill: service, parameter, key.
_REQUEST_KEYS = (
    ("iam", "PermissionsBoundary", "iam:PermissionsBoundary"),
    ("iam", "PolicyArn", "iam:PolicyARN"),
    ("s3", "ACL", "s3:x-amz-acl"),
    ("sts", "ExternalId", "sts:ExternalId"),
    ("sts", "RoleSessionName", "sts:RoleSessionName"),
    ("sts", "SourceIdentity", "sts:SourceIdentity"),
)
_EVERYTHING = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}

_Keys = dict[str, str | list[str]]

LOG_WRITES = ("logs:CreateLogStream", "logs:PutLogEvents")
"""What whoever writes to a log group must be allowed to do with a stream of it."""


class Authorizer:
    """Decides for the applied account."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._callers = Callers(account)
        self._applied = Applied(account)

    def authenticate(self, signed: Credential | None) -> Principal:
        """Return who signed. Raises CallerError; see `Callers`."""
        return self._callers.authenticate(signed)

    def identify(self, call: Call) -> Principal:
        """Return who makes a call: who signed it, or whom its token names. Raises AwsError."""
        if web_identity.is_web_identity(call):
            account = self._account
            return web_identity.identify(call, account.client("iam"), account.id, account.region)
        return self.authenticate(call.credential)

    def policies_of(self, role_arn: str) -> tuple[tuple[Policy, ...], Policy | None]:
        """Return a role's policies and its boundary. Raises AwsError if there is no such role."""
        name = last(role_arn)
        try:
            role = self._applied.role(name)
        except CallerError as error:
            text = f"The role with name {name} cannot be found."
            raise AwsError(404, "NoSuchEntity", text) from error
        return role.identity, role.boundary

    # --- calls ----------------------------------------------------------------------------------

    def check(self, call: Call) -> None:
        """Pass a call that its principal may make. Raises CallerError for any other.

        Fails closed: an operation that is not known is refused.
        """
        caller = call.principal
        if caller.administrator:
            return
        if not call.operation:
            raise CallerError(
                "AccessDenied",
                f"User: {caller.arn} is not authorized: {call.method} {call.path}"
                f" is no operation of {call.service} that the emulator knows",
            )
        if (call.service, call.operation) == ("sts", "GetCallerIdentity"):
            return  # AWS: no permission is needed, nor can it be denied
        if web_identity.is_web_identity(call):
            self._check_trust(call)
            return
        context = dict(self.context(call))
        if call.service == "dynamodb" and (keys := leading_keys(call, self._account)):
            context["dynamodb:LeadingKeys"] = keys
        for permission in self.permissions(call):
            for resource in permission.resources:
                decision = self._authorize(caller, permission, resource, context)
                if not decision.allowed:
                    # The first resource is the one that AWS names.
                    named = permission.resources[0]
                    text = access_denied_message(decision, caller.arn, permission.action, named)
                    raise CallerError("AccessDenied", text)

    def _check_trust(self, call: Call) -> None:
        """Pass a token's bearer to whom the role's trust policy gives the role."""
        try:
            role = self._applied.role(last(call.params["RoleArn"]))
            query = Query(
                web_identity.ACTION,
                role.arn,
                {**request_keys(call.request), **web_identity.context(call)},
                call.principal.arn,
            )
            allowed = evaluate(query, identity=(), resource_policy=role.trust).allowed
        except (CallerError, PolicyError):
            allowed = False
        if not allowed:
            # On record in https://github.com/aws-actions/configure-aws-credentials/issues/318.
            raise CallerError("AccessDenied", f"Not authorized to perform {web_identity.ACTION}")

    def permissions(self, call: Call) -> list[Permission]:
        """Return the IAM actions that a call needs and the ARNs that each is needed on.

        Keys behind aliases and the paths of roles are looked up in the account.
        """
        found = permissions(call, self._account.id)
        if call.service == "kms":
            return [self._with_key_arns(call, permission) for permission in found]
        if call.service == "iam" and (name := call.params.get("RoleName")):
            return [
                self._with_role_path(name, permission)
                if ":role" in permission.resources[0]
                else permission
                for permission in found
            ]
        return found

    def _with_key_arns(self, call: Call, permission: Permission) -> Permission:
        """Put the key in place of its alias: operations on keys need permission on the key.

        Those on aliases need permission on both, and a change of one on the key that it leaves as
        well (AWS KMS Developer Guide, "Controlling access to aliases").
        """
        on_alias = call.operation in {"CreateAlias", "DeleteAlias", "UpdateAlias"}
        arns: list[str] = []
        for resource in permission.resources:
            if ":alias/" not in resource:
                arns.append(resource)
                continue
            key = self._applied.key_behind(resource)
            if on_alias:
                arns.append(resource)
            elif key is None:
                return Permission(permission.action, unknown=True)
            if key is not None and call.operation != "CreateAlias":
                arns.append(key)
        return Permission(permission.action, tuple(arns), permission.unknown)

    def _with_role_path(self, name: str, permission: Permission) -> Permission:
        try:
            return Permission(permission.action, (self._applied.role(name).arn,))
        except (CallerError, PolicyError):
            return permission

    @staticmethod
    def context(call: Call) -> Context:
        """Return the condition keys that the request itself carries."""
        context: _Keys = {
            "aws:RequestedRegion": requested_region(f"{call.service}:", call.region),
            **request_keys(call.request),
            **requested(call),
        }
        if roles_handed_on(call):
            context["iam:PassedToService"] = f"{call.service}.amazonaws.com"
        elif call.operation == "AddRoleToInstanceProfile":
            context["iam:PassedToService"] = "ec2.amazonaws.com"
        for service, name, key in _REQUEST_KEYS:
            if call.service == service and isinstance(call.params.get(name), str):
                context[key] = call.params[name]
        return context

    # --- single actions -------------------------------------------------------------------------

    def authorize(
        self, principal: Principal, action: str, resource: str, context: Context | None = None
    ) -> Decision:
        """Decide whether a principal may do this now."""
        return self._authorize(principal, Permission(action), resource, context or {})

    def authorize_key(self, principal: Principal, action: str, key: str) -> Decision:
        """Decide whether the key's policy lets a caller use it; it binds the administrator too."""
        if not principal.administrator:
            return self.authorize(principal, action, key)
        try:
            return evaluate(
                Query(action, key, _clock(datetime.now(UTC)), principal.arn),
                identity=(Policy(_EVERYTHING, "administrator"),),
                resource_policy=self._applied.of_resource(action, key),
                resource_policy_decides=True,
            )
        except (CallerError, PolicyError) as error:
            return Decision(False, "implicit_deny", str(error))

    def authorize_role(self, role_arn: str, action: str, resource: str) -> Decision:
        """Decide for a session of the role, as AWS services use it that assumed it."""
        session = self._session(role_arn, role_arn, "service")
        return self._authorize(session, Permission(action), resource, {})

    def authorize_service(
        self, service: str, action: str, resource: str, origin: Context
    ) -> Decision:
        """Decide for an AWS service: only the resource's own policy can let it in."""
        try:
            policy = self._applied.of_resource(action, resource)
            query = service_query(service, action, resource, origin)
            return evaluate(query, identity=(), resource_policy=policy)
        except (CallerError, PolicyError) as error:
            return Decision(False, "implicit_deny", str(error))

    def assume_by_service(self, role_arn: str, service: str, origin: Context) -> Principal:
        """Let an AWS service assume a role if the role trusts it. Raises CallerError if not.

        `origin` is where the request comes from; see `service_query`.
        """
        name = last(role_arn)
        try:
            role = self._applied.role(name)
        except PolicyError as error:
            raise CallerError("AccessDenied", f"role {name}: {error}") from error
        query = service_query(service, "sts:AssumeRole", role.arn, origin)
        decision = evaluate(query, identity=(), resource_policy=role.trust)
        if not decision.allowed:
            raise CallerError(
                "AccessDenied",
                f"{service} may not assume {role_arn}: its trust policy says no"
                f" ({decision.reason}, {decision.by})",
            )
        return self._session(role_arn, role.arn, service)

    def problem_of_service(
        self, service: str, role_arn: str, actions: Iterable[str], resource: str, origin: Context
    ) -> str | None:
        """Return what keeps a service from doing these things as a role; None if nothing does."""
        try:
            self.assume_by_service(role_arn, service, origin)
        except CallerError as error:
            return str(error)
        for action in actions:
            decision = self.authorize_role(role_arn, action, resource)
            if not decision.allowed:
                return f"{role_arn} may not {action} on {resource} ({decision.reason})"
        return None

    def _session(self, named: str, role_arn: str, session: str) -> Principal:
        name, account = last(named), self._account.id
        partition = partition_of(self._account.region)
        return Principal(
            arn=f"arn:{partition}:sts::{account}:assumed-role/{name}/{session}",
            account=account,
            type="AssumedRole",
            role_name=name,
            session_name=session,
            role_arn=role_arn,
        )

    def _authorize(
        self, principal: Principal, permission: Permission, resource: str, context: Context
    ) -> Decision:
        if principal.administrator:
            return Decision(True, "allowed", "administrator", "identity")
        if principal.type == "Unknown":
            return Decision(False, "implicit_deny", "the caller is not authenticated")
        now = datetime.now(UTC)
        known = self._account.snapshot("iam:decisions", Decisions).at(now)
        asked = question(principal, permission, resource, context)
        try:
            if asked not in known:
                known[asked] = self._decide(principal, permission, resource, context, now)
            return known[asked]
        except CallerError as error:
            return Decision(False, "implicit_deny", str(error))
        except PolicyError as error:
            _log.warning("refused %s to %s: %s", permission.action, principal.arn, error)
            return Decision(False, "implicit_deny", str(error))

    def _decide(
        self,
        principal: Principal,
        permission: Permission,
        resource: str,
        context: Context,
        now: datetime,
    ) -> Decision:
        role = self._applied.role(principal.role_name)
        full: _Keys = {
            **_clock(now),
            "aws:MultiFactorAuthPresent": "false",
            "aws:PrincipalAccount": principal.account,
            "aws:PrincipalArn": role.arn,
            "aws:PrincipalIsAWSService": "false",
            "aws:PrincipalType": "AssumedRole",
            "aws:RequestedRegion": requested_region(permission.action, self._account.region),
            "aws:SecureTransport": "true",  # plain HTTP on loopback is the substitute for TLS
            "aws:ViaAWSService": "false",
            **{f"aws:PrincipalTag/{key}": value for key, value in role.tags.items()},
            **context,
        }
        if principal.issued:
            full["aws:TokenIssueTime"] = _moment(principal.issued)
        if principal.user_id:
            full["aws:userid"] = principal.user_id
        if not permission.unknown and (owner := self._applied.owner(permission.action, resource)):
            full["aws:ResourceAccount"] = owner
        if not permission.unknown:
            full |= resource_tags(self._account, resource)
        decision = evaluate(
            Query(permission.action, resource, full, principal.arn),
            identity=role.identity,
            boundary=role.boundary,
            resource_policy=self._applied.of_resource(permission.action, resource),
            session=self._session_policies(principal),
            resource_policy_decides=_resource_decides(permission.action, resource),
            resource_unknown=permission.unknown,
        )
        if decision.allowed and self._applied.foreign(resource):
            # Another account's resource needs its owner's policy as well, which nobody here knows.
            by = f"{resource} is another account's"
            return Decision(False, "implicit_deny", by, "resource")
        return decision

    def _session_policies(self, principal: Principal) -> tuple[Policy, ...]:
        own = principal.session_policy
        inline = (Policy(own, "session policy"),) if own else ()
        return (*inline, *(self._applied.managed(arn) for arn in principal.session_policy_arns))


def service_query(service: str, action: str, resource: str, origin: Context) -> Query:
    """Ask for an AWS service, with the keys that AWS documents for this very call and no others.

    A key that merely seems likely would let a condition pass here that fails on AWS.
    """
    known = {"aws:SecureTransport": "true", **origin}
    return Query(action, resource, sent(service, action, known), service)


def request_keys(request: HttpRequest) -> _Keys:
    """Return the condition keys of any request, whatever it asks for."""
    keys: _Keys = {"aws:SourceIp": request.source_ip}
    if agent := request.header("user-agent"):
        keys["aws:UserAgent"] = agent
    return keys


def _clock(now: datetime) -> _Keys:
    return {"aws:CurrentTime": _moment(now), "aws:EpochTime": str(int(now.timestamp()))}


def _moment(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def _resource_decides(action: str, resource: str) -> bool:
    """Return whether the resource's own policy must agree: always for roles, and for KMS keys."""
    return action == "sts:AssumeRole" or (action.startswith("kms:") and ":key/" in resource)
