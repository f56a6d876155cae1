"""Callers are known by their keys, and may what all their policies say."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError
from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from emulator.iam import Authorizer, authorizer
from emulator.wire.call import UNKNOWN, Credential
from emulator.wire.errors import CallerError
from tests.emulator.conftest import Emulator
from tests.emulator.fake_account import ACCOUNT, REGION, captured_request
from tests.emulator.iam.asking import asked as asked_of
from tests.emulator.iam.asking import error_code, refused
from tests.emulator.iam.rig import ROLE, ROLE_ARN, SESSION_ARN, STREAM, Rig
from tests.emulator.shown import allow, deny, document, trust


@pytest.mark.parametrize("key", ["emulator", "rehearsal"])
def test_the_operators_keys_are_the_administrator(rig: Rig, key: str) -> None:
    principal = rig.authorizer.authenticate(Credential(key, REGION, "iam"))
    assert (principal.arn, principal.type) == (f"arn:aws:iam::{ACCOUNT}:root", "Root")
    assert rig.authorizer.authorize(principal, "iam:DeleteRole", "*").allowed
    request = captured_request("iam", "delete_role", key=key, RoleName=ROLE)
    assert refused(rig.authorizer, request) is None


def test_a_temporary_key_is_a_session_of_its_role(rig: Rig) -> None:
    principal = rig.principal
    assert principal.arn == SESSION_ARN
    assert (principal.role_name, principal.session_name) == (ROLE, "chatbot-dev")
    assert principal.user_id.endswith(":chatbot-dev")


def test_an_unknown_key_may_nothing(rig: Rig) -> None:
    with pytest.raises(CallerError) as error:
        rig.authorizer.authenticate(Credential("AKIAIOSFODNN7EXAMPLE", REGION, "logs"))
    assert error.value.code == "InvalidClientTokenId"
    assert not rig.authorizer.authorize(UNKNOWN, "logs:PutLogEvents", STREAM).allowed


def test_an_expired_key_may_nothing(rig: Rig) -> None:
    assert rig.allowed("logs:PutLogEvents", STREAM)
    (session,) = sts_backends[ACCOUNT]["aws"].assumed_roles
    session.expiration = datetime(2020, 1, 1)  # noqa: DTZ001  # as moto stores it
    fresh = Authorizer(rig.account)
    answer = refused(fresh, rig.request("logs", "describe_log_groups"))
    assert error_code(answer, "logs", "describe_log_groups") == "ExpiredTokenException"


def test_attached_inline_and_boundary_policies_are_all_asked(rig: Rig) -> None:
    assert rig.allowed("logs:PutLogEvents", STREAM)
    denied = rig.authorizer.authorize(rig.principal, "logs:DeleteLogGroup", STREAM)
    assert (denied.reason, denied.by) == ("explicit_deny", "chatbot-dev-deny-tampering/KeepLogs")
    outside = rig.authorizer.authorize(rig.principal, "xray:PutTraceSegments", "*")
    assert (outside.reason, outside.source) == ("implicit_deny", "boundary")
    absent = rig.authorizer.authorize(rig.principal, "kms:ListKeys", "*")
    assert (absent.reason, absent.source) == ("implicit_deny", "identity")


def test_a_changed_policy_counts_from_the_next_write_on(rig: Rig) -> None:
    assert not rig.allowed("s3:ListAllMyBuckets")
    rig.grant("s3", allow("s3:*"))
    assert rig.allowed("s3:ListAllMyBuckets")


def test_what_was_decided_in_one_second_is_decided_anew_in_the_next(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(now=lambda _: datetime(2026, 1, 1, tzinfo=UTC))
    monkeypatch.setattr(authorizer, "datetime", clock)
    until = {"DateLessThan": {"aws:CurrentTime": "2026-01-01T00:00:01Z"}}
    rig.grant("s3", allow("s3:*", Condition=until))
    assert rig.allowed("s3:ListAllMyBuckets")
    clock.now = lambda _: datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC)
    assert not rig.allowed("s3:ListAllMyBuckets")


def test_what_differs_in_any_condition_is_decided_apart(rig: Rig) -> None:
    rig.grant("s3", allow("s3:*", Condition={"StringEquals": {"aws:UserAgent": "known"}}))
    assert rig.allowed("s3:ListAllMyBuckets", **{"aws:UserAgent": "known"})
    assert not rig.allowed("s3:ListAllMyBuckets", **{"aws:UserAgent": "other"})
    assert not rig.allowed("s3:ListAllMyBuckets")


def test_a_deleted_role_may_nothing(rig: Rig) -> None:
    iam_backends[ACCOUNT]["aws"].roles.clear()
    rig.account.written()
    assert not rig.allowed("logs:PutLogEvents", STREAM)


def test_a_policy_that_cannot_be_decided_refuses_everything(rig: Rig) -> None:
    role = iam_backends[ACCOUNT]["aws"].get_role(ROLE)
    role.policies["odd"] = document(
        {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"Magic": {"k:x": "1"}}}
    )
    rig.account.written()
    decision = rig.authorizer.authorize(rig.principal, "logs:PutLogEvents", STREAM)
    assert not decision.allowed
    assert "Magic" in decision.by


def test_a_session_policy_limits_its_session(rig: Rig) -> None:
    only = document(allow("logs:Get*"))
    session = rig.account.client("sts").assume_role(
        RoleArn=ROLE_ARN, RoleSessionName="limited", Policy=only
    )["Credentials"]
    rig.key, rig.token = session["AccessKeyId"], session["SessionToken"]
    assert rig.allowed("logs:GetLogEvents", STREAM)
    assert not rig.allowed("logs:PutLogEvents", STREAM)


def test_session_policies_by_arn_limit_their_session(emulator: Emulator) -> None:
    allow_all = [allow("*")]
    role = emulator.role("limited-by-arn", allow_all)["Arn"]
    policy = emulator.client("iam").create_policy(
        PolicyName="limited-by-arn", PolicyDocument=document(allow("logs:*"))
    )["Policy"]["Arn"]
    inline = document(allow("kms:ListKeys"))
    credentials = emulator.client("sts").assume_role(
        RoleArn=role, RoleSessionName="me", PolicyArns=[{"arn": policy}], Policy=inline
    )["Credentials"]
    assert emulator.client("logs", credentials).describe_log_groups(limit=1)
    assert emulator.client("kms", credentials).list_keys(Limit=1)
    with pytest.raises(ClientError, match="because no session policy allows the iam:ListRoles"):
        emulator.client("iam", credentials).list_roles()


def test_an_external_id_tells_deputies_apart(emulator: Emulator) -> None:
    deputy = emulator.role("deputy", [allow("sts:AssumeRole")])
    role = emulator.client("iam").create_role(
        RoleName="with-external-id",
        AssumeRolePolicyDocument=trust(
            {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            StringEquals={"sts:ExternalId": "ours", "sts:RoleSessionName": "me"},
        ),
    )["Role"]["Arn"]
    sts = emulator.client("sts", deputy)
    assert sts.assume_role(RoleArn=role, RoleSessionName="me", ExternalId="ours")
    for session, given in (("me", {}), ("me", {"ExternalId": "theirs"}), ("you", {})):
        with pytest.raises(ClientError, match="AccessDenied"):
            sts.assume_role(RoleArn=role, RoleSessionName=session, **given)


def test_older_sessions_can_be_revoked(rig: Rig) -> None:
    assert rig.allowed("logs:PutLogEvents", STREAM)
    for moment, allowed in (("2024-01-01T00:00:00Z", True), ("2100-01-01T00:00:00Z", False)):
        condition = {"DateLessThan": {"aws:TokenIssueTime": moment}}
        rig.grant("AWSRevokeOlderSessions", deny("*", Condition=condition))
        assert rig.allowed("logs:PutLogEvents", STREAM) is allowed
    condition = {"Bool": {"aws:MultiFactorAuthPresent": "false"}}
    rig.grant("AWSRevokeOlderSessions", deny("*", Condition=condition))
    assert not rig.allowed("logs:PutLogEvents", STREAM)


def test_context_keys_of_the_caller_are_filled_in(rig: Rig) -> None:
    rig.grant(
        "own",
        allow(
            "s3:GetObject",
            "arn:aws:s3:::${aws:PrincipalTag/team}/*",
            Condition={
                "ArnEquals": {"aws:PrincipalArn": ROLE_ARN},
                "StringEquals": {"aws:PrincipalAccount": ACCOUNT, "aws:RequestedRegion": REGION},
                "Bool": {
                    "aws:PrincipalIsAWSService": "false",
                    "aws:SecureTransport": "true",
                    "aws:ViaAWSService": "false",
                },
                "StringLike": {"aws:userid": "*:chatbot-dev"},
                "DateGreaterThan": {"aws:CurrentTime": "2024-01-01T00:00:00Z"},
            },
        ),
    )
    assert rig.allowed("s3:GetObject", "arn:aws:s3:::blue/x")
    assert not rig.allowed("s3:GetObject", "arn:aws:s3:::red/x")
    assert not rig.allowed(
        "s3:GetObject", "arn:aws:s3:::blue/x", **{"aws:RequestedRegion": "us-west-2"}
    )


NOT_MINE = {"StringNotEquals": {"aws:ResourceAccount": [ACCOUNT]}}
DENY_UNLESS_MINE = deny("*", Condition=NOT_MINE)


def test_a_deny_unless_mine_spares_what_is_ours_and_nothing_else(rig: Rig) -> None:
    """AWS's own example of aws:ResourceAccount, with resources whose ARN names no account."""
    rig.widen_boundary()
    rig.grant("all", allow("*"))
    rig.grant("mine", DENY_UNLESS_MINE)
    s3 = rig.account.client("s3")
    s3.create_bucket(Bucket="ours", CreateBucketConfiguration={"LocationConstraint": REGION})
    rig.account.written()
    for action, resource in (
        ("s3:GetObject", "arn:aws:s3:::ours/x"),
        ("s3:ListBucket", "arn:aws:s3:::ours"),
        ("s3:CreateBucket", "arn:aws:s3:::new"),
        ("s3:ListAllMyBuckets", "*"),
        ("apigateway:GET", f"arn:aws:apigateway:{REGION}::/restapis/abc"),
        ("logs:PutLogEvents", STREAM),
    ):
        assert rig.allowed(action, resource), action
    for action, resource in (
        ("s3:GetObject", "arn:aws:s3:::theirs/x"),
        ("logs:PutLogEvents", STREAM.replace(ACCOUNT, "999999999999")),
        ("bedrock:InvokeModel", f"arn:aws:bedrock:{REGION}::foundation-model/m"),  # AWS's
        # AWS has excepted EventBridge from this key; what it sends today is not settled.
        ("events:PutRule", f"arn:aws:events:{REGION}:{ACCOUNT}:rule/x"),
    ):
        assert not rig.allowed(action, resource), action


def test_calls_of_iam_are_made_to_one_region(rig: Rig) -> None:
    rig.widen_boundary()
    rig.grant("all", allow("*"))
    here = {"StringNotEquals": {"aws:RequestedRegion": REGION}}
    rig.grant("fence", deny("*", Condition=here))
    assert rig.refuse("logs", "create_log_group", logGroupName="x") is None
    assert rig.refuse("iam", "get_role", RoleName=ROLE) is not None
    assert rig.allowed("iam:PassRole", ROLE_ARN)  # asked along with a call to the Region
    assert not rig.allowed("iam:GetRole", ROLE_ARN)


def test_another_accounts_resource_needs_its_owners_policy_too(rig: Rig) -> None:
    rig.grant("keys", allow("kms:*"))
    decision = rig.authorizer.authorize(
        rig.principal, "kms:Decrypt", f"arn:aws:kms:{REGION}:999999999999:key/1"
    )
    denied = (False, "implicit_deny", "resource")
    assert (decision.allowed, decision.reason, decision.source) == denied
    assert not rig.allowed("logs:PutLogEvents", STREAM.replace(ACCOUNT, "999999999999"))


def test_a_document_with_an_empty_list_takes_nothing_else_from_the_role(rig: Rig) -> None:
    rig.grant("kept", allow("*", Condition={"StringEquals": {"aws:PrincipalTag/team": []}}))
    assert rig.allowed("logs:PutLogEvents", STREAM)


def test_an_alias_is_asked_with_the_keys_that_it_leaves_and_gets(rig: Rig) -> None:
    kms = rig.account.client("kms")
    old, new = (kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2))
    kms.create_alias(AliasName="alias/ours", TargetKeyId=old)
    alias = f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/ours"

    def asked(operation: str, **given: str) -> tuple[str, set[str]] | None:
        found = asked_of(rig.authorizer, rig.request("kms", operation, **given))
        return found and (found[0], set(found[1]))

    update = asked("update_alias", AliasName="alias/ours", TargetKeyId=new)
    assert update == ("kms:UpdateAlias", {alias, old, new})
    assert asked("delete_alias", AliasName="alias/ours") == ("kms:DeleteAlias", {alias, old})
    create = asked("create_alias", AliasName="alias/other", TargetKeyId=new)
    assert create == ("kms:CreateAlias", {alias.replace("ours", "other"), new})
    assert asked("list_aliases", KeyId=new) == ("kms:ListAliases", {"*"})

    # The key's own policy can keep its alias on it, and cannot give the alias away.
    rig.grant("kms", allow("kms:*"))
    assert rig.refuse("kms", "delete_alias", AliasName="alias/ours") is None
    kept = document(allow("kms:Get*", Principal={"AWS": ROLE_ARN}))
    at = {"KeyId": old, "PolicyName": "default"}
    kms.put_key_policy(**at, Policy=kept, BypassPolicyLockoutSafetyCheck=True)
    rig.account.written()
    assert rig.refuse("kms", "delete_alias", AliasName="alias/ours") is not None


def test_a_bucket_policy_may_deny_what_the_role_allows(rig: Rig) -> None:
    rig.grant("s3", allow("s3:*"))
    s3 = rig.account.client("s3")
    s3.create_bucket(Bucket="trail", CreateBucketConfiguration={"LocationConstraint": REGION})
    assert rig.allowed("s3:DeleteObject", "arn:aws:s3:::trail/x")
    kept = deny("s3:DeleteObject", "arn:aws:s3:::trail/*", Principal="*")
    s3.put_bucket_policy(Bucket="trail", Policy=document(kept))
    rig.account.written()
    assert not rig.allowed("s3:DeleteObject", "arn:aws:s3:::trail/x")
    assert rig.allowed("s3:GetObject", "arn:aws:s3:::trail/x")


def test_a_key_policy_must_agree_and_an_alias_stands_for_its_key(rig: Rig) -> None:
    rig.grant("kms", allow("kms:*"))
    kms = rig.account.client("kms")
    closed = document(allow("kms:*", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:role/other"}))
    key = kms.create_key(Policy=closed)["KeyMetadata"]
    kms.create_alias(AliasName="alias/chatbot-dev", TargetKeyId=key["KeyId"])
    assert not rig.allowed("kms:DisableKey", key["Arn"])
    request = rig.request("kms", "describe_key", KeyId="alias/chatbot-dev")
    assert asked_of(rig.authorizer, request) == ("kms:DescribeKey", [key["Arn"]])
    account = document(allow("kms:*", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}))
    kms.put_key_policy(KeyId=key["KeyId"], PolicyName="default", Policy=account)
    rig.account.written()
    assert rig.allowed("kms:DisableKey", key["Arn"])


def test_a_role_is_assumed_only_if_it_trusts_the_caller(rig: Rig) -> None:
    rig.grant("sts", allow("sts:AssumeRole"))
    iam = rig.account.client("iam")
    iam.create_role(RoleName="open", AssumeRolePolicyDocument=trust({"AWS": ROLE_ARN}))
    iam.create_role(RoleName="shut", AssumeRolePolicyDocument=trust("x.amazonaws.com"))
    assert rig.allowed("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/open")
    assert not rig.allowed("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/shut")
    assert not rig.allowed("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/missing")
    assert not rig.allowed("sts:AssumeRole", "arn:aws:iam::999999999999:role/open")
