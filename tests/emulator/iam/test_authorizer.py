"""Callers are known by their keys, and refused in each service's own words."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from emulator.iam import Authorizer, service_query
from emulator.wire.call import UNKNOWN, Credential, Principal
from emulator.wire.errors import CallerError
from emulator.wire.http import HttpRequest, HttpResponse
from tests.emulator.conftest import Emulator
from tests.emulator.fake_cloud import ACCOUNT, REGION, FakeCloud, answered, captured_request
from tests.emulator.iam.asking import asked as asked_of
from tests.emulator.iam.asking import authenticated, refused

ROLE = "chatbot-dev-execution"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/{ROLE}"
SESSION_ARN = f"arn:aws:sts::{ACCOUNT}:assumed-role/{ROLE}/chatbot-dev"
STREAM = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/chatbot-dev:log-stream:s"


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust(service: str, **condition: Any) -> str:
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    return document({**statement, "Condition": condition} if condition else statement)


@dataclass
class Account:
    cloud: FakeCloud
    authorizer: Authorizer
    key: str
    token: str
    boundary_arn: str

    def request(self, service: str, operation: str, **parameters: Any) -> HttpRequest:
        return captured_request(service, operation, key=self.key, token=self.token, **parameters)

    def grant(self, name: str, *statements: dict[str, Any]) -> None:
        self.cloud.client("iam").put_role_policy(
            RoleName=ROLE, PolicyName=name, PolicyDocument=document(*statements)
        )
        self.cloud.bump()

    def widen_boundary(self) -> None:
        everything = document({"Effect": "Allow", "Action": "*", "Resource": "*"})
        self.cloud.client("iam").create_policy_version(
            PolicyArn=self.boundary_arn, PolicyDocument=everything, SetAsDefault=True
        )
        self.cloud.bump()

    def refuse(self, service: str, operation: str, **parameters: Any) -> HttpResponse | None:
        return refused(self.authorizer, self.request(service, operation, **parameters))

    @property
    def principal(self) -> Principal:
        return authenticated(self.authorizer, self.request("sts", "get_caller_identity")).principal

    def allowed(self, action: str, resource: str = "*", **context: str) -> bool:
        return self.authorizer.authorize(self.principal, action, resource, context).allowed


@pytest.fixture
def account() -> Iterator[Account]:
    with mock_aws():
        cloud = FakeCloud()
        iam = cloud.client("iam")
        boundary = iam.create_policy(
            PolicyName="chatbot-dev-boundary",
            PolicyDocument=document(
                {
                    "Effect": "Allow",
                    "Action": ["logs:*", "kms:*", "s3:*", "sts:*", "bedrock:*"],
                    "Resource": "*",
                }
            ),
        )["Policy"]["Arn"]
        iam.create_role(
            RoleName=ROLE,
            AssumeRolePolicyDocument=trust("lambda.amazonaws.com"),
            PermissionsBoundary=boundary,
            Tags=[{"Key": "team", "Value": "blue"}],
        )
        managed = iam.create_policy(
            PolicyName="chatbot-dev-deny-tampering",
            PolicyDocument=document(
                {
                    "Sid": "KeepLogs",
                    "Effect": "Deny",
                    "Action": ["logs:Delete*", "bedrock:UpdateGuardrail"],
                    "Resource": "*",
                }
            ),
        )["Policy"]["Arn"]
        iam.attach_role_policy(RoleName=ROLE, PolicyArn=managed)
        credentials = cloud.client("sts").assume_role(
            RoleArn=ROLE_ARN, RoleSessionName="chatbot-dev"
        )["Credentials"]
        made = Account(
            cloud,
            Authorizer(cloud),
            credentials["AccessKeyId"],
            credentials["SessionToken"],
            boundary,
        )
        made.grant(
            "logs",
            {
                "Effect": "Allow",
                "Action": ["logs:*", "xray:*"],
                "Resource": ["*"],
            },
        )
        yield made


# --- who ----------------------------------------------------------------------


@pytest.mark.parametrize("key", ["emulator", "rehearsal"])
def test_the_operators_keys_are_the_administrator(account: Account, key: str) -> None:
    principal = account.authorizer.authenticate(Credential(key, REGION, "iam"))
    assert (principal.arn, principal.type) == (f"arn:aws:iam::{ACCOUNT}:root", "Root")
    assert account.authorizer.authorize(principal, "iam:DeleteRole", "*").allowed
    request = captured_request("iam", "delete_role", key=key, RoleName=ROLE)
    assert refused(account.authorizer, request) is None


def test_a_temporary_key_is_a_session_of_its_role(account: Account) -> None:
    principal = account.principal
    assert principal.arn == SESSION_ARN
    assert (principal.role_name, principal.session_name) == (ROLE, "chatbot-dev")
    assert principal.user_id.endswith(":chatbot-dev")


def test_an_unknown_key_may_nothing(account: Account) -> None:
    with pytest.raises(CallerError) as error:
        account.authorizer.authenticate(Credential("AKIAIOSFODNN7EXAMPLE", REGION, "logs"))
    assert error.value.code == "InvalidClientTokenId"
    assert not account.authorizer.authorize(UNKNOWN, "logs:PutLogEvents", STREAM).allowed


def test_an_expired_key_may_nothing(account: Account) -> None:
    assert account.allowed("logs:PutLogEvents", STREAM)
    (session,) = sts_backends[ACCOUNT]["aws"].assumed_roles
    session.expiration = datetime(2020, 1, 1)  # noqa: DTZ001  # as moto stores it
    fresh = Authorizer(account.cloud)
    answer = refused(fresh, account.request("logs", "describe_log_groups"))
    assert error_code(answer, "logs", "describe_log_groups") == "ExpiredTokenException"


# --- what ---------------------------------------------------------------------


def test_attached_inline_and_boundary_policies_are_all_asked(account: Account) -> None:
    assert account.allowed("logs:PutLogEvents", STREAM)
    denied = account.authorizer.authorize(account.principal, "logs:DeleteLogGroup", STREAM)
    assert (denied.reason, denied.by) == ("explicit_deny", "chatbot-dev-deny-tampering/KeepLogs")
    outside = account.authorizer.authorize(account.principal, "xray:PutTraceSegments", "*")
    assert (outside.reason, outside.source) == ("implicit_deny", "boundary")
    absent = account.authorizer.authorize(account.principal, "kms:ListKeys", "*")
    assert (absent.reason, absent.source) == ("implicit_deny", "identity")


def test_a_changed_policy_counts_from_the_next_write_on(account: Account) -> None:
    assert not account.allowed("s3:ListAllMyBuckets")
    account.grant("s3", {"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
    assert account.allowed("s3:ListAllMyBuckets")


def test_a_deleted_role_may_nothing(account: Account) -> None:
    iam_backends[ACCOUNT]["aws"].roles.clear()
    account.cloud.bump()
    assert not account.allowed("logs:PutLogEvents", STREAM)


def test_a_policy_that_cannot_be_decided_refuses_everything(account: Account) -> None:
    role = iam_backends[ACCOUNT]["aws"].get_role(ROLE)
    role.policies["odd"] = document(
        {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"Magic": {"k:x": "1"}}}
    )
    account.cloud.bump()
    decision = account.authorizer.authorize(account.principal, "logs:PutLogEvents", STREAM)
    assert not decision.allowed
    assert "Magic" in decision.by


def test_a_session_policy_limits_its_session(account: Account) -> None:
    only = document({"Effect": "Allow", "Action": "logs:Get*", "Resource": "*"})
    session = account.cloud.client("sts").assume_role(
        RoleArn=ROLE_ARN, RoleSessionName="limited", Policy=only
    )["Credentials"]
    account.key, account.token = session["AccessKeyId"], session["SessionToken"]
    assert account.allowed("logs:GetLogEvents", STREAM)
    assert not account.allowed("logs:PutLogEvents", STREAM)


def test_session_policies_by_arn_limit_their_session(emulator: Emulator) -> None:
    allow_all = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
    role = emulator.role("limited-by-arn", allow_all)["Arn"]
    policy = emulator.client("iam").create_policy(
        PolicyName="limited-by-arn",
        PolicyDocument=document({"Effect": "Allow", "Action": "logs:*", "Resource": "*"}),
    )["Policy"]["Arn"]
    inline = document({"Effect": "Allow", "Action": "kms:ListKeys", "Resource": "*"})
    credentials = emulator.client("sts").assume_role(
        RoleArn=role, RoleSessionName="me", PolicyArns=[{"arn": policy}], Policy=inline
    )["Credentials"]
    assert emulator.client("logs", credentials).describe_log_groups(limit=1)
    assert emulator.client("kms", credentials).list_keys(Limit=1)
    with pytest.raises(ClientError, match="because no session policy allows the iam:ListRoles"):
        emulator.client("iam", credentials).list_roles()


def test_an_external_id_tells_deputies_apart(emulator: Emulator) -> None:
    deputy = emulator.role(
        "deputy", [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}]
    )
    role = emulator.client("iam").create_role(
        RoleName="with-external-id",
        AssumeRolePolicyDocument=document(
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                "Action": "sts:AssumeRole",
                "Condition": {
                    "StringEquals": {"sts:ExternalId": "ours", "sts:RoleSessionName": "me"}
                },
            }
        ),
    )["Role"]["Arn"]
    sts = emulator.client("sts", deputy)
    assert sts.assume_role(RoleArn=role, RoleSessionName="me", ExternalId="ours")
    for session, given in (("me", {}), ("me", {"ExternalId": "theirs"}), ("you", {})):
        with pytest.raises(ClientError, match="AccessDenied"):
            sts.assume_role(RoleArn=role, RoleSessionName=session, **given)


def test_older_sessions_can_be_revoked(account: Account) -> None:
    assert account.allowed("logs:PutLogEvents", STREAM)
    deny = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    for moment, allowed in (("2024-01-01T00:00:00Z", True), ("2100-01-01T00:00:00Z", False)):
        condition = {"DateLessThan": {"aws:TokenIssueTime": moment}}
        account.grant("AWSRevokeOlderSessions", {**deny, "Condition": condition})
        assert account.allowed("logs:PutLogEvents", STREAM) is allowed
    account.grant(
        "AWSRevokeOlderSessions",
        {**deny, "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}},
    )
    assert not account.allowed("logs:PutLogEvents", STREAM)


def test_context_keys_of_the_caller_are_filled_in(account: Account) -> None:
    account.grant(
        "own",
        {
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::${aws:PrincipalTag/team}/*",
            "Condition": {
                "ArnEquals": {"aws:PrincipalArn": ROLE_ARN},
                "StringEquals": {
                    "aws:PrincipalAccount": ACCOUNT,
                    "aws:RequestedRegion": REGION,
                },
                "Bool": {"aws:SecureTransport": "true"},
                "StringLike": {"aws:userid": "*:chatbot-dev"},
                "DateGreaterThan": {"aws:CurrentTime": "2024-01-01T00:00:00Z"},
            },
        },
    )
    assert account.allowed("s3:GetObject", "arn:aws:s3:::blue/x")
    assert not account.allowed("s3:GetObject", "arn:aws:s3:::red/x")
    assert not account.allowed(
        "s3:GetObject", "arn:aws:s3:::blue/x", **{"aws:RequestedRegion": "us-west-2"}
    )


DENY_UNLESS_MINE = {
    "Effect": "Deny",
    "Action": "*",
    "Resource": "*",
    "Condition": {"StringNotEquals": {"aws:ResourceAccount": [ACCOUNT]}},
}


def test_a_deny_unless_mine_spares_what_is_ours_and_nothing_else(account: Account) -> None:
    """AWS's own example of aws:ResourceAccount, with resources whose ARN names no account."""
    account.widen_boundary()
    account.grant("all", {"Effect": "Allow", "Action": "*", "Resource": "*"})
    account.grant("mine", DENY_UNLESS_MINE)
    s3 = account.cloud.client("s3")
    s3.create_bucket(Bucket="ours", CreateBucketConfiguration={"LocationConstraint": REGION})
    account.cloud.bump()
    for action, resource in (
        ("s3:GetObject", "arn:aws:s3:::ours/x"),
        ("s3:ListBucket", "arn:aws:s3:::ours"),
        ("s3:CreateBucket", "arn:aws:s3:::new"),
        ("s3:ListAllMyBuckets", "*"),
        ("apigateway:GET", f"arn:aws:apigateway:{REGION}::/restapis/abc"),
        ("logs:PutLogEvents", STREAM),
    ):
        assert account.allowed(action, resource), action
    for action, resource in (
        ("s3:GetObject", "arn:aws:s3:::theirs/x"),
        ("logs:PutLogEvents", STREAM.replace(ACCOUNT, "999999999999")),
        ("bedrock:InvokeModel", f"arn:aws:bedrock:{REGION}::foundation-model/m"),  # AWS's
        # AWS has excepted EventBridge from this key; what it sends today is not settled.
        ("events:PutRule", f"arn:aws:events:{REGION}:{ACCOUNT}:rule/x"),
    ):
        assert not account.allowed(action, resource), action


def test_calls_of_iam_are_made_to_one_region(account: Account) -> None:
    account.widen_boundary()
    account.grant("all", {"Effect": "Allow", "Action": "*", "Resource": "*"})
    here = {"StringNotEquals": {"aws:RequestedRegion": REGION}}
    account.grant("fence", {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": here})
    assert account.refuse("logs", "create_log_group", logGroupName="x") is None
    assert account.refuse("iam", "get_role", RoleName=ROLE) is not None
    assert account.allowed("iam:PassRole", ROLE_ARN)  # asked along with a call to the Region
    assert not account.allowed("iam:GetRole", ROLE_ARN)


def test_another_accounts_resource_needs_its_owners_policy_too(account: Account) -> None:
    account.grant("keys", {"Effect": "Allow", "Action": "kms:*", "Resource": "*"})
    decision = account.authorizer.authorize(
        account.principal, "kms:Decrypt", f"arn:aws:kms:{REGION}:999999999999:key/1"
    )
    assert (decision.allowed, decision.reason, decision.source) == (
        False,
        "implicit_deny",
        "resource",
    )
    assert not account.allowed("logs:PutLogEvents", STREAM.replace(ACCOUNT, "999999999999"))


def test_a_document_with_an_empty_list_takes_nothing_else_from_the_role(account: Account) -> None:
    condition: dict[str, Any] = {"StringEquals": {"aws:PrincipalTag/team": []}}
    empty = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}
    account.cloud.client("iam").put_role_policy(
        RoleName=ROLE, PolicyName="kept", PolicyDocument=document(empty)
    )
    account.cloud.bump()
    assert account.allowed("logs:PutLogEvents", STREAM)


def test_an_alias_is_asked_with_the_keys_that_it_leaves_and_gets(account: Account) -> None:
    kms = account.cloud.client("kms")
    old, new = (kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2))
    kms.create_alias(AliasName="alias/ours", TargetKeyId=old)
    alias = f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/ours"

    def asked(operation: str, **given: str) -> tuple[str, set[str]] | None:
        found = asked_of(account.authorizer, account.request("kms", operation, **given))
        return found and (found[0], set(found[1]))

    update = asked("update_alias", AliasName="alias/ours", TargetKeyId=new)
    assert update == ("kms:UpdateAlias", {alias, old, new})
    assert asked("delete_alias", AliasName="alias/ours") == ("kms:DeleteAlias", {alias, old})
    create = asked("create_alias", AliasName="alias/other", TargetKeyId=new)
    assert create == ("kms:CreateAlias", {alias.replace("ours", "other"), new})
    assert asked("list_aliases", KeyId=new) == ("kms:ListAliases", {"*"})

    # The key's own policy can keep its alias on it, and cannot give the alias away.
    account.grant("kms", {"Effect": "Allow", "Action": "kms:*", "Resource": "*"})
    assert account.refuse("kms", "delete_alias", AliasName="alias/ours") is None
    kept = {"Effect": "Allow", "Principal": {"AWS": ROLE_ARN}, "Action": "kms:Get*"}
    kms.put_key_policy(
        KeyId=old,
        PolicyName="default",
        Policy=document(kept | {"Resource": "*"}),
        BypassPolicyLockoutSafetyCheck=True,
    )
    account.cloud.bump()
    assert account.refuse("kms", "delete_alias", AliasName="alias/ours") is not None


def test_a_bucket_policy_may_deny_what_the_role_allows(account: Account) -> None:
    account.grant("s3", {"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
    s3 = account.cloud.client("s3")
    s3.create_bucket(Bucket="trail", CreateBucketConfiguration={"LocationConstraint": REGION})
    assert account.allowed("s3:DeleteObject", "arn:aws:s3:::trail/x")
    s3.put_bucket_policy(
        Bucket="trail",
        Policy=document(
            {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:DeleteObject",
                "Resource": "arn:aws:s3:::trail/*",
            }
        ),
    )
    account.cloud.bump()
    assert not account.allowed("s3:DeleteObject", "arn:aws:s3:::trail/x")
    assert account.allowed("s3:GetObject", "arn:aws:s3:::trail/x")


def test_a_key_policy_must_agree_and_an_alias_stands_for_its_key(account: Account) -> None:
    account.grant("kms", {"Effect": "Allow", "Action": "kms:*", "Resource": "*"})
    kms = account.cloud.client("kms")
    closed = document(
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/other"},
            "Action": "kms:*",
            "Resource": "*",
        }
    )
    key = kms.create_key(Policy=closed)["KeyMetadata"]
    kms.create_alias(AliasName="alias/chatbot-dev", TargetKeyId=key["KeyId"])
    assert not account.allowed("kms:DisableKey", key["Arn"])
    request = account.request("kms", "describe_key", KeyId="alias/chatbot-dev")
    assert asked_of(account.authorizer, request) == ("kms:DescribeKey", [key["Arn"]])
    kms.put_key_policy(
        KeyId=key["KeyId"],
        PolicyName="default",
        Policy=document(
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                "Action": "kms:*",
                "Resource": "*",
            }
        ),
    )
    account.cloud.bump()
    assert account.allowed("kms:DisableKey", key["Arn"])


def test_a_role_is_assumed_only_if_it_trusts_the_caller(account: Account) -> None:
    account.grant("sts", {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"})
    iam = account.cloud.client("iam")
    for name, principal in (("open", {"AWS": ROLE_ARN}), ("shut", {"Service": "x.amazonaws.com"})):
        iam.create_role(
            RoleName=name,
            AssumeRolePolicyDocument=document(
                {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
            ),
        )
    assert account.allowed("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/open")
    assert not account.allowed("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/shut")
    assert not account.allowed("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/missing")
    assert not account.allowed("sts:AssumeRole", "arn:aws:iam::999999999999:role/open")


# --- AWS services as callers --------------------------------------------------

LOGGING = f"arn:aws:iam::{ACCOUNT}:role/BedrockLoggingRole"
SOURCE = f"arn:aws:bedrock:{REGION}:{ACCOUNT}:*"
INVOCATIONS = (
    f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/bedrock/model-invocations"
    ":log-stream:aws/bedrock/modelinvocations"
)


def test_bedrock_assumes_its_logging_role_within_the_trust_policy(account: Account) -> None:
    account.cloud.client("iam").create_role(
        RoleName="BedrockLoggingRole",
        AssumeRolePolicyDocument=trust(
            "bedrock.amazonaws.com",
            StringEquals={"aws:SourceAccount": ACCOUNT},
            ArnLike={"aws:SourceArn": SOURCE},
        ),
    )
    account.cloud.client("iam").put_role_policy(
        RoleName="BedrockLoggingRole",
        PolicyName="write",
        PolicyDocument=document(
            {
                "Effect": "Allow",
                "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                "Resource": INVOCATIONS,
            }
        ),
    )
    source = SOURCE.replace("*", "model-invocation")
    bedrock = "bedrock.amazonaws.com"

    def assume(role: str, service: str, source_account: str, source_arn: str) -> Any:
        origin = {"aws:SourceAccount": source_account, "aws:SourceArn": source_arn}
        return account.authorizer.assume_by_service(role, service, origin)

    assert assume(LOGGING, bedrock, ACCOUNT, source).role_arn == LOGGING
    for service, source_account, source_arn in (
        ("lambda.amazonaws.com", ACCOUNT, source),
        (bedrock, "999999999999", source),
        (bedrock, ACCOUNT, source.replace(REGION, "eu-west-1")),
    ):
        with pytest.raises(CallerError, match="trust policy"):
            assume(LOGGING, service, source_account, source_arn)
    with pytest.raises(CallerError, match="does not exist"):
        assume(LOGGING + "x", bedrock, ACCOUNT, source)

    may = account.authorizer.authorize_role
    assert may(LOGGING, "logs:PutLogEvents", INVOCATIONS).allowed
    assert not may(LOGGING, "logs:PutLogEvents", STREAM).allowed
    assert not may(LOGGING + "x", "logs:PutLogEvents", INVOCATIONS).allowed


def test_a_service_sends_the_keys_of_the_list_and_no_other() -> None:
    origin = {"aws:SourceArn": "arn:x", "aws:SourceAccount": ACCOUNT, "s3:x-amz-acl": "private"}

    def keys(service: str, action: str) -> set[str]:
        return set(service_query(service, action, "arn:y", origin).context)

    cloudtrail = "cloudtrail.amazonaws.com"
    assert keys(cloudtrail, "sts:AssumeRole") == set()
    assert keys(cloudtrail, "s3:GetBucketAcl") == {"aws:SourceArn", "aws:SecureTransport"}
    assert keys("events.amazonaws.com", "sns:Publish") == {"aws:SecureTransport"}
    assert keys("events.amazonaws.com", "kms:GenerateDataKey") == set()
    assert keys("bedrock.amazonaws.com", "sts:AssumeRole") == {"aws:SourceAccount", "aws:SourceArn"}
    assert keys("apigateway.amazonaws.com", "lambda:InvokeFunction") == {"aws:SourceArn"}


def test_a_call_that_lacks_a_key_of_the_list_is_a_mistake_of_the_emulator() -> None:
    with pytest.raises(KeyError, match="aws:SourceArn"):
        service_query("cloudtrail.amazonaws.com", "s3:GetBucketAcl", "arn:aws:s3:::b", {})


# --- control-plane requests ---------------------------------------------------


def parsed(answer: HttpResponse | None, service: str, operation: str, **given: Any) -> ClientError:
    """Return the error that the SDK makes of the answer."""
    assert answer is not None
    with pytest.raises(ClientError) as error:
        answered(service, operation, answer, **given)
    return error.value


def error_code(answer: HttpResponse | None, service: str, operation: str, **given: Any) -> str:
    return str(parsed(answer, service, operation, **given).response["Error"]["Code"])


Refused = tuple[str, str, dict[str, Any], int, str]

REFUSED: list[Refused] = [
    ("logs", "delete_log_group", {"logGroupName": "g"}, 400, "AccessDeniedException"),
    ("bedrock", "get_guardrail", {"guardrailIdentifier": "g"}, 403, "AccessDeniedException"),
    ("lambda", "get_function", {"FunctionName": "f"}, 403, "AccessDeniedException"),
    ("iam", "delete_role", {"RoleName": "r"}, 403, "AccessDenied"),
    ("sns", "delete_topic", {"TopicArn": "arn:aws:sns:us-east-2:1:t"}, 403, "AccessDenied"),
    ("s3", "delete_bucket", {"Bucket": "trail"}, 403, "AccessDenied"),
    ("cloudwatch", "delete_alarms", {"AlarmNames": ["a"]}, 400, "AccessDeniedException"),
]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case[0])
def test_a_refusal_speaks_the_services_protocol(account: Account, case: Refused) -> None:
    service, operation, given, status, code = case
    answer = refused(account.authorizer, account.request(service, operation, **given))
    error = parsed(answer, service, operation, **given)
    assert error.response["Error"]["Code"] == code
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == status
    message = error.response["Error"]["Message"]
    assert message.startswith(f"User: {SESSION_ARN} is not authorized to perform: ")
    assert uuid.UUID(error.response["ResponseMetadata"]["RequestId"]).version == 4


def test_a_refusal_of_head_has_no_body(account: Account) -> None:
    answer = refused(account.authorizer, account.request("s3", "head_bucket", Bucket="trail"))
    assert answer is not None
    assert (answer.status, answer.body) == (403, b"")


def test_a_permitted_request_goes_on(account: Account) -> None:
    account.grant("logs", {"Effect": "Allow", "Action": "logs:*", "Resource": "*"})
    request = account.request("logs", "get_log_events", logGroupName="g", logStreamName="s")
    assert refused(account.authorizer, request) is None
    assert refused(account.authorizer, account.request("sts", "get_caller_identity")) is None


@pytest.mark.parametrize(
    ("service", "operation", "given", "code"),
    [
        ("logs", "describe_log_groups", {}, "UnrecognizedClientException"),
        ("bedrock", "list_guardrails", {}, "UnrecognizedClientException"),
        ("iam", "list_roles", {}, "InvalidClientTokenId"),
        ("s3", "list_buckets", {}, "InvalidAccessKeyId"),
    ],
)
def test_an_unknown_key_is_told_so(
    account: Account, service: str, operation: str, given: dict[str, Any], code: str
) -> None:
    request = captured_request(service, operation, key="AKIAUNKNOWN", **given)
    answer = refused(account.authorizer, request)
    assert error_code(answer, service, operation, **given) == code


def test_a_key_without_its_session_token_is_no_key(account: Account) -> None:
    for token in (None, "made-up"):
        request = captured_request("logs", "describe_log_groups", key=account.key, token=token)
        answer = refused(account.authorizer, request)
        assert error_code(answer, "logs", "describe_log_groups") == "UnrecognizedClientException"


def test_unsigned_and_unrecognised_requests_are_refused(account: Account) -> None:
    signed = account.request("logs", "describe_log_groups")
    unsigned = replace(signed, headers=(("X-Amz-Target", "Logs_20140328.DescribeLogGroups"),))
    answer = refused(account.authorizer, unsigned)
    assert answer is not None
    assert b"MissingAuthenticationTokenException" in answer.body
    invoke = HttpRequest("POST", "/2015-03-31/functions/f/invocations", "", (), b"{}", "127.0.0.1")
    answer = refused(account.authorizer, invoke)
    assert answer is not None
    assert answer.header("x-amzn-errortype") == "MissingAuthenticationTokenException"
    assert json.loads(answer.body)["message"] == "Missing Authentication Token"
    twice = replace(
        signed, headers=(*signed.headers, ("X-Amz-Target", "Logs_20140328.DeleteLogGroup"))
    )
    assert refused(account.authorizer, twice) is not None


PASSED: list[tuple[str, str, dict[str, Any], str]] = [
    (
        "lambda",
        "create_function",
        {"FunctionName": "f", "Role": LOGGING, "Code": {"ZipFile": b"x"}},
        "lambda.amazonaws.com",
    ),
    (
        "lambda",
        "update_function_configuration",
        {"FunctionName": "f", "Role": LOGGING},
        "lambda.amazonaws.com",
    ),
    (
        "cloudtrail",
        "update_trail",
        {"Name": "t", "CloudWatchLogsRoleArn": LOGGING},
        "cloudtrail.amazonaws.com",
    ),
    (
        "bedrock",
        "put_model_invocation_logging_configuration",
        {"loggingConfig": {"cloudWatchConfig": {"logGroupName": "g", "roleArn": LOGGING}}},
        "bedrock.amazonaws.com",
    ),
    (
        "events",
        "put_targets",
        {"Rule": "r", "Targets": [{"Id": "1", "Arn": "arn:a:b:c:d:e", "RoleArn": LOGGING}]},
        "events.amazonaws.com",
    ),
    (
        "apigateway",
        "update_account",
        {
            "patchOperations": [
                {"op": "replace", "path": "/cloudwatchRoleArn", "value": LOGGING}
            ]
        },
        "apigateway.amazonaws.com",
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", PASSED, ids=lambda case: f"{case[0]}-{case[1]}")
def test_a_role_is_handed_on_only_with_leave(
    account: Account, case: tuple[str, str, dict[str, Any], str]
) -> None:
    service, operation, given, receiver = case
    account.widen_boundary()
    everything_else = {"Effect": "Allow", "NotAction": "iam:PassRole", "Resource": "*"}
    account.grant("most", everything_else)
    request = account.request(service, operation, **given)
    answer = refused(account.authorizer, request)
    assert answer is not None
    assert f"iam:PassRole on resource: {LOGGING}".encode() in answer.body

    pass_role = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": LOGGING}
    for service_name, allowed in ((receiver, True), ("ec2.amazonaws.com", False)):
        condition = {"StringEquals": {"iam:PassedToService": service_name}}
        account.grant("pass", {**pass_role, "Condition": condition})
        assert (refused(account.authorizer, request) is None) is allowed


def test_every_action_of_a_request_is_asked(account: Account) -> None:
    account.grant(
        "s3", {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::out/*"}
    )
    put = account.request("s3", "put_object", Bucket="out", Key="k", Body=b"x")
    copy = account.request("s3", "copy_object", Bucket="out", Key="k", CopySource="secret/k")
    assert refused(account.authorizer, put) is None
    answer = refused(account.authorizer, copy)
    assert answer is not None
    assert b"s3:GetObject on resource: arn:aws:s3:::secret/k" in answer.body
