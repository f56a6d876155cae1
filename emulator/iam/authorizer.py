"""Who a caller is, what its policies say, and AWS's answer when they say no."""

import logging
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

from emulator.iam.requests import (
    ApiCall,
    Credential,
    Target,
    credential,
    identify,
    requested_region,
    roles_handed_on,
    targets,
)
from emulator.wire.errors import WireProtocol, service_error
from emulator.wire.http import HttpRequest, HttpResponse
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
from toolkit.conditions import sent

ADMINISTRATOR_KEYS = frozenset({"emulator", "rehearsal"})

_log = logging.getLogger("emulator")
_MAX_SESSIONS = 1000
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
_UNKNOWN_CALLER = "The security token included in the request is invalid."


class CloudView(Protocol):
    """What is needed of the account."""

    account_id: str
    region: str

    def client(self, service: str) -> Any:
        """Return a boto3 client with the operator's credentials."""

    def snapshot[T](self, key: str, build: Callable[[], T]) -> T:
        """Return a value that is built anew after each control-plane write."""


class CallerError(Exception):
    """The caller cannot be told, or may not become what it asks to be."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Principal:
    """Who makes a call."""

    arn: str
    account: str
    type: Literal["Root", "AssumedRole"]
    role_name: str = ""
    session_name: str = ""
    role_arn: str = ""
    user_id: str = ""
    access_key_id: str = ""
    issued: datetime | None = None

    @property
    def administrator(self) -> bool:
        """Say whether no policy limits this principal."""
        return self.type == "Root"


@dataclass(frozen=True)
class _Session:
    principal: Principal
    token: str
    expires: datetime
    policy: str | None
    policy_arns: tuple[str, ...]


@dataclass(frozen=True)
class _Role:
    arn: str
    tags: Mapping[str, str]
    identity: tuple[Policy, ...]
    boundary: Policy | None
    trust: Policy


class Authorizer:
    """Answers for the applied account: reads roles and policies through the IAM API."""

    def __init__(self, cloud: CloudView) -> None:
        self._cloud = cloud
        self._lock = threading.Lock()
        self._sessions: dict[str, _Session] = {}

    # --- who --------------------------------------------------------------------------------

    def principal(self, access_key_id: str) -> Principal:
        """Return whose key this is. Raise CallerError for an unknown or expired one."""
        if access_key_id in ADMINISTRATOR_KEYS:
            account = self._cloud.account_id
            return Principal(
                arn=f"arn:{partition_of(self._cloud.region)}:iam::{account}:root",
                account=account,
                type="Root",
                user_id=account,
                access_key_id=access_key_id,
            )
        return self._session(access_key_id).principal

    def authenticate(self, signed: Credential) -> Principal:
        """Return who signed. Raise CallerError for a key that is not used with its own token."""
        principal = self.principal(signed.access_key_id)
        if (
            not principal.administrator
            and signed.token != self._session(signed.access_key_id).token
        ):
            raise CallerError("InvalidClientTokenId", _UNKNOWN_CALLER)
        return principal

    def _session(self, access_key_id: str) -> _Session:
        session = self._sessions.get(access_key_id) or self._find_session(access_key_id)
        if session is None:
            raise CallerError("InvalidClientTokenId", _UNKNOWN_CALLER)
        if session.expires <= datetime.now(UTC):
            raise CallerError(
                "ExpiredToken", "The security token included in the request is expired"
            )
        return session

    def _find_session(self, access_key_id: str) -> _Session | None:
        """Look a temporary key up in moto's STS.

        In-process, because the API cannot tell: moto's GetCallerIdentity answers an unknown key
        with a made-up user, and names neither the expiry, nor the session policy, nor the role.
        """
        from moto.sts.models import sts_backends  # noqa: PLC0415  # only with the control plane

        backend = sts_backends[self._cloud.account_id][partition_of(self._cloud.region)]
        assumed = backend.get_assumed_role_from_access_key(access_key_id)
        if assumed is None:
            return None
        session = _Session(
            principal=Principal(
                arn=assumed.arn,
                account=self._cloud.account_id,
                type="AssumedRole",
                role_name=_last(assumed.role_arn),
                session_name=assumed.session_name,
                role_arn=assumed.role_arn,
                user_id=assumed.user_id,
                access_key_id=access_key_id,
                issued=getattr(assumed, "issued", None),
            ),
            token=assumed.session_token,
            expires=assumed.expiration.replace(tzinfo=UTC),
            policy=assumed.policy,
            policy_arns=getattr(assumed, "policy_arns", ()),
        )
        with self._lock:
            if len(self._sessions) >= _MAX_SESSIONS:
                del self._sessions[next(iter(self._sessions))]
            self._sessions[access_key_id] = session
        return session

    def _role(self, name: str) -> _Role:
        """Return a role with its policies compiled. Raise PolicyError if one is malformed."""
        return self._cloud.snapshot(f"iam:role:{name}", lambda: self._read_role(name))

    def policies_of(self, role_arn: str) -> tuple[tuple[Policy, ...], Policy | None]:
        """Return a role's policies and its boundary. Raise CallerError if there is no such role."""
        try:
            role = self._role(_last(role_arn))
        except CallerError as error:
            raise CallerError(
                "NoSuchEntity", f"The role with name {_last(role_arn)} cannot be found."
            ) from error
        return role.identity, role.boundary

    def _read_role(self, name: str) -> _Role:
        iam = self._cloud.client("iam")
        try:
            role = iam.get_role(RoleName=name)["Role"]
        except iam.exceptions.NoSuchEntityException as error:
            raise CallerError("AccessDenied", f"role {name} does not exist") from error
        attached = [
            policy["PolicyArn"]
            for page in iam.get_paginator("list_attached_role_policies").paginate(RoleName=name)
            for policy in page["AttachedPolicies"]
        ]
        inline = [
            policy
            for page in iam.get_paginator("list_role_policies").paginate(RoleName=name)
            for policy in page["PolicyNames"]
        ]
        identity = [self._managed(iam, arn) for arn in attached]
        for policy in inline:
            document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
            identity.append(Policy(document, policy))
        boundary = role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        return _Role(
            arn=role["Arn"],
            tags={tag["Key"]: tag["Value"] for tag in role.get("Tags", [])},
            identity=tuple(identity),
            boundary=self._managed(iam, boundary) if boundary else None,
            trust=Policy(role["AssumeRolePolicyDocument"], f"{name} trust", "trust"),
        )

    @staticmethod
    def _managed(iam: Any, arn: str) -> Policy:
        name = _last(arn)
        try:
            version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
            answer = iam.get_policy_version(PolicyArn=arn, VersionId=version)
        except iam.exceptions.NoSuchEntityException as error:
            raise PolicyError(f"policy {arn} is attached but does not exist here") from error
        return Policy(answer["PolicyVersion"]["Document"], name)

    # --- may they ---------------------------------------------------------------------------

    def authorize(
        self, access_key_id: str, action: str, resource: str, context: Context | None = None
    ) -> Decision:
        """Decide whether the key's owner may do this now; an unknown key may nothing."""
        return self._authorize(access_key_id, Target(action, (resource,)), context or {})

    def authorize_key(self, access_key_id: str, action: str, key: str) -> Decision:
        """Decide whether the key's policy lets a caller use it; it binds the administrator too."""
        try:
            principal = self.principal(access_key_id)
            if not principal.administrator:
                return self.authorize(access_key_id, action, key)
            return evaluate(
                Query(action, key, _clock(), principal.arn),
                identity=(Policy(_EVERYTHING, "administrator"),),
                resource_policy=self._resource_policy(action, key),
                resource_policy_decides=True,
            )
        except (CallerError, PolicyError) as error:
            return Decision(False, "implicit_deny", str(error))

    def _authorize(self, access_key_id: str, target: Target, context: Context) -> Decision:
        """Decide on all the target's resources: the first refusal is the answer."""
        decision = Decision(False, "implicit_deny", "no resource")
        try:
            principal = self.principal(access_key_id)
            if principal.administrator:
                return Decision(True, "allowed", "administrator", "identity")
            limits = self._session_policies(self._session(access_key_id))
            for resource in target.resources:
                decision = self._decide(principal, target, resource, context, limits)
                if not decision.allowed:
                    break
        except CallerError as error:
            return Decision(False, "implicit_deny", str(error))
        except PolicyError as error:
            _log.warning("refused %s: %s", target.action, error)
            return Decision(False, "implicit_deny", str(error))
        return decision

    def _session_policies(self, session: _Session) -> tuple[Policy, ...]:
        iam = self._cloud.client("iam") if session.policy_arns else None
        inline = (Policy(session.policy, "session policy"),) if session.policy else ()
        return (*inline, *(self._managed(iam, arn) for arn in session.policy_arns))

    def authorize_role(
        self, role_arn: str, action: str, resource: str, context: Context | None = None
    ) -> Decision:
        """Decide for a session of the role, as AWS services use it that assumed it."""
        name = _last(role_arn)
        account = self._cloud.account_id
        principal = Principal(
            arn=f"arn:{partition_of(self._cloud.region)}:sts::{account}:assumed-role/{name}/service",
            account=account,
            type="AssumedRole",
            role_name=name,
            role_arn=role_arn,
        )
        try:
            return self._decide(principal, Target(action), resource, context or {}, ())
        except (CallerError, PolicyError) as error:
            _log.warning("refused %s to role %s: %s", action, name, error)
            return Decision(False, "implicit_deny", str(error))

    def assume_by_service(self, role_arn: str, service: str, origin: Context) -> Principal:
        """Let an AWS service assume a role if the role trusts it. Raise CallerError if not.

        `origin` is where the request comes from; see `service_query`.
        """
        name = _last(role_arn)
        try:
            role = self._role(name)
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
        account, partition = self._cloud.account_id, partition_of(self._cloud.region)
        return Principal(
            arn=f"arn:{partition}:sts::{account}:assumed-role/{name}/{service}",
            account=account,
            type="AssumedRole",
            role_name=name,
            session_name=service,
            role_arn=role.arn,
        )

    def authorize_service(
        self, service: str, action: str, resource: str, origin: Context
    ) -> Decision:
        """Decide for an AWS service: only the resource's own policy can let it in."""
        try:
            policy = self._resource_policy(action, resource)
            query = service_query(service, action, resource, origin)
            return evaluate(query, identity=(), resource_policy=policy)
        except (CallerError, PolicyError) as error:
            return Decision(False, "implicit_deny", str(error))

    def _decide(
        self,
        principal: Principal,
        target: Target,
        resource: str,
        context: Context,
        session: tuple[Policy, ...],
    ) -> Decision:
        role = self._role(principal.role_name)
        full: dict[str, str | list[str]] = {
            **_clock(),
            "aws:MultiFactorAuthPresent": "false",
            "aws:PrincipalAccount": principal.account,
            "aws:PrincipalArn": role.arn,
            "aws:PrincipalIsAWSService": "false",
            "aws:PrincipalType": "AssumedRole",
            "aws:RequestedRegion": requested_region(target.action, self._cloud.region),
            "aws:SecureTransport": "true",  # plain HTTP on loopback stands in for TLS
            "aws:ViaAWSService": "false",
            **{f"aws:PrincipalTag/{key}": value for key, value in role.tags.items()},
            **context,
        }
        if principal.issued:
            full["aws:TokenIssueTime"] = _moment(principal.issued)
        if principal.user_id:
            full["aws:userid"] = principal.user_id
        if owner := self._owner(target, resource):
            full["aws:ResourceAccount"] = owner
        decision = evaluate(
            Query(target.action, resource, full, principal.arn),
            identity=role.identity,
            boundary=role.boundary,
            resource_policy=self._resource_policy(target.action, resource),
            session=session,
            resource_policy_decides=_resource_decides(target.action, resource),
            resource_unknown=target.unknown,
        )
        if decision.allowed and self._foreign(resource):
            # Another account's resource needs its owner's policy as well, which nobody here knows.
            by = f"{resource} is another account's"
            return Decision(False, "implicit_deny", by, "resource")
        return decision

    def _owner(self, target: Target, resource: str) -> str | None:
        """Return the account that owns what is asked for, where AWS tells policies of it.

        None where it is not known, so that what is allowed or spared for one's own account is
        refused. EventBridge: AWS excepts PutEvents to some event buses, and excepted all of its
        actions before (IAM User Guide, "AWS global condition context keys").
        """
        service = target.action.partition(":")[0]
        if service == "events" or target.unknown:
            return None
        if named := _account(resource):
            return named if named.isdigit() else None
        own = self._cloud.account_id
        if resource == "*" or service == "apigateway":
            return own
        if service == "s3":
            bucket = resource.split(":", 5)[-1].split("/", maxsplit=1)[0]
            made = target.action == "s3:CreateBucket" or bucket in self._buckets()
            return own if made else None
        return None

    def _buckets(self) -> frozenset[str]:
        def read() -> frozenset[str]:
            buckets = self._cloud.client("s3").list_buckets()["Buckets"]
            return frozenset(bucket["Name"] for bucket in buckets)

        return self._cloud.snapshot("iam:buckets", read)

    def _resource_policy(self, action: str, resource: str) -> Policy | None:
        """Return the policy on a bucket, key, topic or role; other ones are not read."""
        if self._foreign(resource):
            return None
        if action == "sts:AssumeRole":
            return self._role(_last(resource)).trust
        service, name = action.partition(":")[0], resource.split(":", 5)[-1]
        if service == "s3" and resource.startswith("arn:"):
            bucket = name.split("/")[0]
            return self._cloud.snapshot(f"iam:bucket:{bucket}", lambda: self._bucket_policy(bucket))
        if action in {"kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"} and "alias/" in name:
            return None  # an alias has no policy; its key is asked as well
        if service == "kms" and name.startswith(("key/", "alias/")):
            key = name.removeprefix("key/")
            return self._cloud.snapshot(f"iam:key:{key}", lambda: self._key_policy(key))
        if service == "sns" and resource.startswith("arn:"):
            return self._cloud.snapshot(
                f"iam:topic:{resource}", lambda: self._topic_policy(resource)
            )
        return None

    def _foreign(self, resource: str) -> bool:
        """Say whether the resource is another account's, of which nothing is known here."""
        return _account(resource) not in {"", "aws", self._cloud.account_id}

    def _bucket_policy(self, bucket: str) -> Policy | None:
        from botocore.exceptions import ClientError  # noqa: PLC0415  # loaded with the client

        try:
            document = self._cloud.client("s3").get_bucket_policy(Bucket=bucket)["Policy"]
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in {"NoSuchBucketPolicy", "NoSuchBucket"}:
                return None
            raise
        return Policy(document, f"{bucket} bucket policy", "resource")

    def _key_policy(self, key: str) -> Policy | None:
        kms = self._cloud.client("kms")
        try:
            key_id = kms.describe_key(KeyId=key)["KeyMetadata"]["KeyId"]
            document = kms.get_key_policy(KeyId=key_id, PolicyName="default")["Policy"]
        except kms.exceptions.NotFoundException:
            return None
        return Policy(document, f"{key_id} key policy", "resource")

    def _topic_policy(self, topic: str) -> Policy | None:
        sns = self._cloud.client("sns")
        try:
            attributes = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
        except sns.exceptions.NotFoundException:
            return None
        return Policy(attributes["Policy"], f"{_last(topic)} topic policy", "resource")

    # --- control-plane requests -------------------------------------------------------------

    def action_for_request(self, request: HttpRequest) -> tuple[str, list[str]] | None:
        """Return the IAM action and the resource ARNs of an AWS API request, as best known.

        None when the request is unsigned, of an unknown operation, or ambiguous.
        """
        signed = credential(request)
        call = identify(request, signed) if signed is not None else None
        if call is None:
            return None
        first = self._targets(call)[0]
        return first.action, list(first.resources)

    def _targets(self, call: ApiCall) -> list[Target]:
        found = targets(call, self._cloud.account_id)
        if call.service == "kms":
            return [self._with_key_arns(call, target) for target in found]
        if call.service == "iam" and (name := call.params.get("RoleName")):
            return [
                self._with_role_path(name, target) if ":role" in target.resources[0] else target
                for target in found
            ]
        return found

    def _with_key_arns(self, call: ApiCall, target: Target) -> Target:
        """Name the key that an alias stands for: operations on keys are asked on the key.

        Those on aliases are asked on both, and a change of one on the key that it leaves as well
        (AWS KMS Developer Guide, "Controlling access to aliases").
        """
        on_alias = call.operation in {"CreateAlias", "DeleteAlias", "UpdateAlias"}
        arns: list[str] = []
        for resource in target.resources:
            if ":alias/" not in resource:
                arns.append(resource)
                continue
            key = self._key_behind(resource)
            if on_alias:
                arns.append(resource)
            elif key is None:
                return Target(target.action, unknown=True)
            if key is not None and call.operation != "CreateAlias":
                arns.append(key)
        return Target(target.action, tuple(arns), target.unknown)

    def _key_behind(self, alias: str) -> str | None:
        kms = self._cloud.client("kms")
        try:
            key: str = kms.describe_key(KeyId=alias)["KeyMetadata"]["Arn"]
        except kms.exceptions.NotFoundException:
            return None
        return key

    def _with_role_path(self, name: str, target: Target) -> Target:
        try:
            return Target(target.action, (self._role(name).arn,))
        except (CallerError, PolicyError):
            return target

    def authorize_request(
        self, request: HttpRequest, call: ApiCall | None = None
    ) -> HttpResponse | None:
        """Return None for a request that may go on, else AWS's refusal in the service's protocol.

        `call` is the request as it was identified, where it was.
        Fails closed: no signature, an unknown key, or an operation that cannot be told is refused.
        """
        signed = credential(request)
        if signed is None:
            return _refusal(request, "MissingAuthenticationToken", "Missing Authentication Token")
        try:
            principal = self.authenticate(signed)
        except CallerError as error:
            return _refusal(request, error.code, str(error), signed)
        if principal.administrator:
            return None
        call = call or identify(request, signed)
        if call is None:
            message = (
                f"User: {principal.arn} is not authorized: {request.method} {request.path}"
                f" is no operation of {signed.service} that the emulator can tell apart"
            )
            return _refusal(request, "AccessDenied", message, signed)
        if call.service == "sts" and call.operation == "GetCallerIdentity":
            return None  # AWS: no permission is needed, nor can it be denied
        context = self.context(request, call)
        for target in self._targets(call):
            decision = self._authorize(signed.access_key_id, target, context)
            if not decision.allowed:
                resource = target.resources[0]
                message = access_denied_message(decision, principal.arn, target.action, resource)
                return _refusal(request, "AccessDenied", message, signed, call)
        return None

    @staticmethod
    def context(request: HttpRequest, call: ApiCall) -> Context:
        """Return the condition keys that the request itself carries."""
        context: dict[str, str | list[str]] = {
            "aws:RequestedRegion": requested_region(f"{call.service}:", call.region),
            **request_keys(request),
        }
        if roles_handed_on(call):
            context["iam:PassedToService"] = f"{call.service}.amazonaws.com"
        elif call.operation == "AddRoleToInstanceProfile":
            context["iam:PassedToService"] = "ec2.amazonaws.com"
        for service, name, key in _REQUEST_KEYS:
            if call.service == service and isinstance(call.params.get(name), str):
                context[key] = call.params[name]
        return context


def service_query(service: str, action: str, resource: str, origin: Context) -> Query:
    """Ask for an AWS service, with the keys that AWS documents for this very call and no others.

    A key that merely seems likely would let a condition pass here that fails on AWS.
    """
    known = {"aws:SecureTransport": "true", **origin}
    return Query(action, resource, sent(service, action, known), service)


def request_keys(request: HttpRequest) -> dict[str, str | list[str]]:
    """Return the condition keys of any request, whatever it asks for."""
    keys: dict[str, str | list[str]] = {"aws:SourceIp": request.source_ip}
    if agent := request.header("user-agent"):
        keys["aws:UserAgent"] = agent
    return keys


def _last(arn: str) -> str:
    """Return what follows the last slash: a role's or policy's name without its path."""
    return arn.rsplit("/", maxsplit=1)[-1]


def _account(arn: str) -> str:
    parts = arn.split(":", 5)
    return parts[4] if len(parts) == 6 else ""


def _clock() -> dict[str, str | list[str]]:
    now = datetime.now(UTC)
    return {"aws:CurrentTime": _moment(now), "aws:EpochTime": str(int(now.timestamp()))}


def _moment(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def _resource_decides(action: str, resource: str) -> bool:
    """Say whether the resource's own policy must agree: always for roles, and for KMS keys."""
    return action == "sts:AssumeRole" or (action.startswith("kms:") and ":key/" in resource)


# --- refusals in each protocol --------------------------------------------------------------

# code -> (JSON name, S3 code, S3 status, S3 message or None for the same)
_CODES: dict[str, tuple[str, str, int, str | None]] = {
    "AccessDenied": ("AccessDeniedException", "AccessDenied", 403, None),
    "ExpiredToken": (
        "ExpiredTokenException",
        "ExpiredToken",
        400,
        "The provided token has expired.",
    ),
    "InvalidClientTokenId": (
        "UnrecognizedClientException",
        "InvalidAccessKeyId",
        403,
        "The AWS Access Key Id you provided does not exist in our records.",
    ),
    "MissingAuthenticationToken": (
        "MissingAuthenticationTokenException",
        "AccessDenied",
        403,
        "Access Denied",
    ),
}

_LAMBDA_PATH = re.compile(r"/\d{4}-\d\d-\d\d/")  # its paths begin with the version of its API
_QUERY_SERVICES = frozenset({"autoscaling", "iam", "monitoring", "sns", "sts"})


def _refusal(
    request: HttpRequest,
    code: str,
    message: str,
    signed: Credential | None = None,
    call: ApiCall | None = None,
) -> HttpResponse:
    json_name, s3_code, s3_status, s3_message = _CODES[code]
    protocol: WireProtocol
    if call is not None:
        protocol = call.protocol
    elif request.header("x-amz-target"):
        protocol = "json"
    elif request.path.startswith("/service/"):
        protocol = "cbor"
    elif signed is not None and signed.service in _QUERY_SERVICES:
        protocol = "query"
    elif signed is None and _LAMBDA_PATH.match(request.path):
        protocol = "rest-json"
    else:
        protocol = "rest-xml" if signed is None or signed.service == "s3" else "rest-json"
    status, head = 400 if protocol in {"json", "cbor"} else 403, request.method == "HEAD"
    match protocol:
        case "query":
            return service_error(protocol, status, code, message, head=head)
        case "rest-xml":
            return service_error(protocol, s3_status, s3_code, s3_message or message, head=head)
        case _:
            return service_error(protocol, status, json_name, message, head=head)
