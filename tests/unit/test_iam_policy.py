"""The evaluator decides as the IAM User Guide says AWS does: each rule once allowed, once not."""

import time
from typing import Any

import pytest

from iam_policy import Decision, Policy, PolicyError, Query, access_denied_message, evaluate
from iam_policy.conditions import Condition, Keys

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/chatbot-dev-execution"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/chatbot-dev-execution/chatbot-dev"
V2 = "2012-10-17"
GROUP = f"arn:aws:logs:us-east-2:{ACCOUNT}:log-group:/aws/lambda/chatbot-dev"


def policy(*statements: dict[str, Any], name: str = "p", kind: Any = "identity") -> Policy:
    return Policy({"Version": "2012-10-17", "Statement": list(statements)}, name, kind)


def allow(action: Any = "*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any = "*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def ask(
    action: str, resource: str = "*", context: dict[str, Any] | None = None, who: str = SESSION
) -> Query:
    return Query(action, resource, context or {}, who)


def allowed(query: Query, *policies: Policy, **layers: Any) -> bool:
    return evaluate(query, identity=policies, **layers).allowed


# --- actions and resources ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "action", "expected"),
    [
        ("logs:PutLogEvents", "logs:PutLogEvents", True),
        ("logs:PutLogEvents", "LOGS:putlogevents", True),
        ("logs:PutLogEvents", "logs:PutLogEvent", False),
        ("logs:Put*", "logs:PutRetentionPolicy", True),
        ("logs:Put*", "logs:DeleteLogGroup", False),
        ("logs:*Group", "logs:DeleteLogGroup", True),
        ("logs:?etLogEvents", "logs:GetLogEvents", True),
        ("logs:?etLogEvents", "logs:etLogEvents", False),
        ("*", "bedrock:InvokeModel", True),
        ("bedrock:*", "bedrock-mantle:CreateInference", False),
    ],
)
def test_action_patterns(pattern: str, action: str, expected: bool) -> None:
    assert allowed(ask(action), policy(allow(pattern))) is expected


@pytest.mark.parametrize(
    ("pattern", "resource", "expected"),
    [
        (GROUP, GROUP, True),
        (GROUP, GROUP.upper(), False),
        (f"{GROUP}:*", f"{GROUP}:log-stream:a/[1]b", True),
        (f"{GROUP}:*", f"{GROUP}-other:log-stream:a", False),
        ("arn:aws:logs:*", f"{GROUP}:log-stream:a", True),
        ("arn:aws:bedrock:us-*-2::model/*", "arn:aws:bedrock:us-x-2::model/m", True),
        # inside a component a wildcard stays inside it
        ("arn:aws:bedrock:u*2::model/*", "arn:aws:bedrock:u:2::model/m", False),
        ("arn:aws:s3:::b/*/x", "arn:aws:s3:::b/a:c/d/x", True),
        ("arn:aws:s3:::b/file?", "arn:aws:s3:::b/file1", True),
        ("arn:aws:s3:::b/file?", "arn:aws:s3:::b/file12", False),
        ("arn:aws:s3:::b/a.c", "arn:aws:s3:::b/abc", False),
    ],
)  # fmt: skip
def test_resource_patterns(pattern: str, resource: str, expected: bool) -> None:
    assert allowed(ask("a:B", resource), policy(allow(resource=pattern))) is expected


def test_not_action_and_not_resource_take_everything_else() -> None:
    fence = policy({"Effect": "Allow", "NotAction": ["iam:*"], "NotResource": ["arn:aws:s3:::b"]})
    assert allowed(ask("s3:GetObject", "arn:aws:s3:::c"), fence)
    assert not allowed(ask("iam:GetRole", "arn:aws:s3:::c"), fence)
    assert not allowed(ask("s3:GetObject", "arn:aws:s3:::b"), fence)


# --- layers --------------------------------------------------------------------------------


def test_nothing_is_allowed_without_a_statement() -> None:
    decision = evaluate(ask("a:B"), identity=[policy(allow("a:C"))])
    assert decision == Decision(False, "implicit_deny", "identity", "identity")


def test_the_statement_that_decided_is_named() -> None:
    decision = evaluate(ask("a:B"), identity=[policy(allow("a:B", Sid="One"), name="first")])
    assert decision == Decision(True, "allowed", "first/One", "identity")


@pytest.mark.parametrize("layer", ["identity", "boundary", "scps", "session", "resource_policy"])
def test_an_explicit_deny_wins_in_every_layer(layer: str) -> None:
    everything, no = policy(allow()), policy(allow(), deny("a:B", Sid="No"), name="no")
    if layer == "resource_policy":
        no = policy(deny("a:B", Principal="*", Sid="No"), name="no", kind="resource")
    layers: dict[str, Any] = {"identity": [everything]}
    layers[layer] = [everything, no] if layer in {"identity", "session"} else no
    if layer == "scps":
        layers[layer] = [[everything], [everything, no]]
    refused = evaluate(ask("a:B"), **layers)
    assert (refused.allowed, refused.reason, refused.by) == (False, "explicit_deny", "no/No")
    assert evaluate(ask("a:C"), **layers).allowed


@pytest.mark.parametrize("layer", ["boundary", "scps", "session"])
def test_a_limiting_layer_must_allow_too(layer: str) -> None:
    limit = policy(allow("a:B"))
    layers: dict[str, Any] = {layer: limit if layer == "boundary" else [limit]}
    if layer == "scps":  # of every level
        layers[layer] = [[policy(allow())], [limit]]
    assert allowed(ask("a:B"), policy(allow()), **layers)
    refused = evaluate(ask("a:C"), identity=[policy(allow())], **layers)
    assert (refused.reason, refused.source) == ("implicit_deny", layer.removesuffix("s"))
    # and it grants nothing by itself
    assert not allowed(ask("a:B"), **layers)


def resource_policy(principal: Any, **more: Any) -> Policy:
    return policy(allow("a:B", Principal=principal, **more), kind="resource")


@pytest.mark.parametrize(
    ("principal", "alone", "within_boundary_that_omits"),
    [
        ({"AWS": ROLE}, True, False),
        ({"AWS": SESSION}, True, True),
        ("*", True, True),
        ({"AWS": ["*"]}, True, True),
        ({"AWS": ACCOUNT}, False, False),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, False, False),
        ({"AWS": "arn:aws:iam::999999999999:root"}, False, False),
        ({"AWS": ROLE + "-other"}, False, False),
        ({"Service": "bedrock.amazonaws.com"}, False, False),
        ({"Federated": "cognito-identity.amazonaws.com"}, False, False),
    ],
)
def test_resource_policies_of_the_same_account(
    principal: Any, alone: bool, within_boundary_that_omits: bool
) -> None:
    granting = resource_policy(principal)
    assert allowed(ask("a:B"), resource_policy=granting) is alone
    other = policy(allow("a:Other"))
    assert (
        allowed(ask("a:B"), resource_policy=granting, boundary=other) is within_boundary_that_omits
    )


def test_a_role_with_a_path_is_known_by_its_principal_arn() -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/team/chatbot-dev-execution"
    query = ask("a:B", context={"aws:PrincipalArn": role})
    assert allowed(query, resource_policy=resource_policy({"AWS": role}))
    assert not allowed(query, resource_policy=resource_policy({"AWS": ROLE}))


def test_a_key_policy_must_agree_even_when_the_identity_policy_allows() -> None:
    yes = policy(allow())
    delegating = resource_policy({"AWS": ACCOUNT})
    assert not allowed(ask("a:B"), yes, resource_policy_decides=True)
    assert allowed(ask("a:B"), yes, resource_policy=delegating, resource_policy_decides=True)
    assert not allowed(ask("a:B"), resource_policy=delegating, resource_policy_decides=True)


def test_a_service_lives_by_the_resource_policy_alone() -> None:
    trail = "cloudtrail.amazonaws.com"
    granting = resource_policy(
        {"Service": trail}, Condition={"StringEquals": {"aws:SourceArn": "arn:x"}}
    )
    assert allowed(
        ask("a:B", context={"aws:SourceArn": "arn:x"}, who=trail), resource_policy=granting
    )
    assert not allowed(
        ask("a:B", context={"aws:SourceArn": "arn:y"}, who=trail), resource_policy=granting
    )
    assert not allowed(ask("a:B", who=trail), policy(allow()))


def test_not_principal_leaves_out_only_a_caller_named_in_full() -> None:
    def fence(*names: str) -> Policy:
        return policy(deny(NotPrincipal={"AWS": list(names)}), kind="resource")

    everything = policy(allow())
    assert allowed(ask("a:B"), everything, resource_policy=fence(ROLE, SESSION, ACCOUNT))
    assert not allowed(ask("a:B"), everything, resource_policy=fence(ROLE, SESSION))
    assert not allowed(ask("a:B"), everything, resource_policy=fence(ROLE + "x"))


def test_not_principal_never_leaves_out_a_caller_with_a_permissions_boundary() -> None:
    """IAM User Guide, "AWS JSON policy elements: NotPrincipal"."""
    fence = policy(deny(NotPrincipal={"AWS": [ROLE, SESSION, ACCOUNT]}), kind="resource")
    everything = policy(allow())
    assert allowed(ask("a:B"), everything, resource_policy=fence)
    assert not allowed(ask("a:B"), everything, resource_policy=fence, boundary=everything)


EMPTY: list[tuple[dict[str, Any], bool]] = [  # a statement with an empty part, and whether it holds
    (allow(action=[]), False),
    (allow(resource=[]), False),
    ({"Effect": "Allow", "NotAction": [], "Resource": "*"}, False),
    ({"Effect": "Allow", "Action": "*", "NotResource": []}, False),
    (allow(Condition={"StringEquals": {"k:x": []}}), False),
    (allow(Condition={"StringNotEquals": {"k:x": []}}), False),
    (allow(Condition={}), True),
    (deny(action=[]), False),
    (deny(resource=[]), False),
    ({"Effect": "Deny", "NotAction": [], "Resource": "*"}, True),
    ({"Effect": "Deny", "Action": "*", "NotResource": []}, True),
    (deny(Condition={"StringEquals": {"k:x": []}}), False),
    (deny(Condition={"StringNotEquals": {"k:x": []}}), True),
]


@pytest.mark.parametrize(("statement", "holds"), EMPTY)
def test_an_empty_list_is_read_on_the_safe_side(statement: dict[str, Any], holds: bool) -> None:
    if statement["Effect"] == "Allow":
        assert allowed(ask("a:B"), policy(statement)) is holds
    else:
        assert allowed(ask("a:B"), policy(allow()), policy(statement)) is not holds


def test_an_empty_document_takes_nothing_from_a_role_and_an_empty_principal_is_nobody() -> None:
    for statements in ([], [allow(action=[])]):
        assert allowed(ask("a:B"), policy(allow()), policy(*statements))
    nobody: dict[str, Any]
    for nobody in ({}, {"AWS": []}, {"Service": []}):
        own = policy(allow(Principal=nobody), kind="resource")
        assert not allowed(ask("a:B"), resource_policy=own)
        assert allowed(ask("a:B"), policy(allow()), resource_policy=own)
        fence = policy(deny(NotPrincipal=nobody), kind="resource")
        assert not allowed(ask("a:B"), policy(allow()), resource_policy=fence)


def test_an_unknown_resource_meets_every_deny_of_its_action_and_no_narrow_allow() -> None:
    both = policy(allow("a:*"), deny("a:Delete", "arn:aws:a:::one"))
    assert allowed(ask("a:Delete"), both)
    assert not allowed(ask("a:Delete"), both, resource_unknown=True)
    assert allowed(ask("a:Get"), both, resource_unknown=True)
    assert not allowed(ask("a:Get"), policy(allow("a:Get", GROUP)), resource_unknown=True)


# --- conditions ------------------------------------------------------------------------------


def holds(operator: str, value: Any, context: dict[str, Any]) -> bool:
    return Condition(operator, "k:x", value, variables=True).holds(Keys(context))


TABLE: list[tuple[str, Any, Any, Any]] = [  # operator, policy value, holds for, fails for
    ("StringEquals", "a*", "a*", "ab"),
    ("StringEquals", ["a", "b"], "b", "c"),
    ("StringNotEquals", ["a", "b"], "c", "b"),
    ("StringEqualsIgnoreCase", "Straße", "STRASSE", "x"),
    ("StringNotEqualsIgnoreCase", "A", "b", "a"),
    ("StringLike", "a*c?", "abcd", "abc"),
    ("StringLike", "${*}a", "*a", "ba"),
    ("StringNotLike", "a*", "b", "ab"),
    ("ArnEquals", "arn:aws:sns:*:1:t", "arn:aws:sns:eu:1:t", "arn:aws:sns:eu:2:t"),
    ("ArnLike", "arn:aws:s3:::b/*", "arn:aws:s3:::b/c:d", "arn:aws:s3:::c/d"),
    ("ArnLike", "arn:aws:b:r:1:g/x:*", "arn:aws:b:r:1:g/x:1", "arn:aws:b:r:1:g/x"),
    ("ArnLike", "arn:aws:b:r*:1:x", "arn:aws:b:r2:1:x", "arn:aws:b:r:2:1:x"),
    ("ArnNotEquals", "arn:aws:sns:*:1:t", "arn:aws:sns:eu:2:t", "arn:aws:sns:eu:1:t"),
    ("ArnNotLike", "arn:aws:s3:::b/*", "arn:aws:s3:::c/d", "arn:aws:s3:::b/c"),
    ("NumericEquals", "10", "10.0", "11"),
    ("NumericEquals", 10, "10", "ten"),
    ("NumericNotEquals", "10", "11", "10"),
    ("NumericLessThan", "10", "9", "10"),
    ("NumericLessThanEquals", "10", "10", "11"),
    ("NumericGreaterThan", "10", "11", "10"),
    ("NumericGreaterThanEquals", "10", "10", "9"),
    ("DateEquals", "2026-01-01T00:00:00Z", "1767225600", "2026-01-01T00:00:01Z"),
    ("DateNotEquals", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "2026-01-01T01:00:00+01:00"),
    ("DateLessThan", "2026-01-01", "2025-12-31T23:59:59Z", "2026-01-01T00:00:00Z"),
    ("DateLessThanEquals", "2026-01-01", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
    ("DateGreaterThan", "2026-01-01", "2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z"),
    ("DateGreaterThanEquals", "2026-01-01", "2026-01-01T00:00:00Z", "2025-01-01T00:00:00Z"),
    ("Bool", "true", "true", "false"),
    ("Bool", False, "FALSE", "true"),
    ("Bool", "true", "TRUE", "maybe"),
    ("Null", "true", None, "x"),
    ("Null", False, "x", None),
    ("Null", "true", [], ["x"]),
    ("BinaryEquals", "AQID", "AQID", "AQIE"),
    ("IpAddress", "10.0.0.0/8", "10.1.2.3", "11.0.0.1"),
    ("IpAddress", ["10.0.0.1", "2001:db8::/32"], "2001:db8::1", "2001:db9::1"),
    ("IpAddress", "0.0.0.0/0", "1.2.3.4", "::1"),
    ("NotIpAddress", "10.0.0.0/8", "11.0.0.1", "10.0.0.1"),
    ("stringequals", "a", "a", "b"),
]  # fmt: skip


@pytest.mark.parametrize(("operator", "value", "good", "bad"), TABLE)
def test_operators(operator: str, value: Any, good: Any, bad: Any) -> None:
    def context(given: Any) -> dict[str, Any]:
        return {} if given is None else {"K:X": given}  # keys are found whatever their case

    assert holds(operator, value, context(good))
    assert not holds(operator, value, context(bad))


def test_for_any_value_if_exists_of_an_absent_key_is_read_on_the_safe_side() -> None:
    """AWS's documents are silent: an Allow does not hold, a Deny does."""
    condition = {"ForAnyValue:StringEqualsIfExists": {"k:x": ["a"]}}
    absent, given, other = ask("a:B"), ask("a:B", context={"k:x": ["a"]}), {"k:x": ["b"]}
    granting = policy(allow(Condition=condition))
    assert not allowed(absent, granting)
    assert allowed(given, granting)
    fence = policy(deny(Condition=condition))
    assert not allowed(absent, policy(allow()), fence)
    assert allowed(ask("a:B", context=other), policy(allow()), fence)


NEGATED = ["StringNotEquals", "StringNotLike", "StringNotEqualsIgnoreCase"]


@pytest.mark.parametrize("operator", ["StringEquals", "StringLike", "StringEqualsIgnoreCase"])
def test_an_absent_key_fails_unless_if_exists(operator: str) -> None:
    assert not holds(operator, "a", {})
    assert holds(f"{operator}IfExists", "a", {})
    assert not holds(f"{operator}IfExists", "a", {"k:x": "b"})


@pytest.mark.parametrize(
    ("operator", "value"),
    [
        *((operator, "a") for operator in NEGATED),
        ("ArnNotLike", "arn:aws:s3:::b"),
        ("ArnNotEquals", "arn:aws:s3:::b"),
        ("NumericNotEquals", 1),
        ("DateNotEquals", "2026-01-01"),
        ("NotIpAddress", "10.0.0.0/8"),
    ],
)
def test_an_absent_key_satisfies_every_negated_operator(operator: str, value: Any) -> None:
    assert holds(operator, value, {})
    assert holds(f"{operator}IfExists", value, {})


@pytest.mark.parametrize(
    ("operator", "given", "expected"),
    [
        ("ForAllValues:StringEquals", ["a", "b"], True),
        ("ForAllValues:StringEquals", ["a", "z"], False),
        ("ForAllValues:StringEquals", None, True),
        ("ForAllValues:StringEquals", [], True),
        ("ForAllValues:StringEquals", "", True),
        ("ForAllValues:StringNotEquals", ["y", "z"], True),
        ("ForAllValues:StringNotEquals", ["a", "z"], False),
        ("ForAnyValue:StringEquals", ["a", "z"], True),
        ("ForAnyValue:StringEquals", ["y", "z"], False),
        ("ForAnyValue:StringEquals", None, False),
        ("ForAnyValue:StringNotEquals", ["a", "z"], True),
        ("ForAnyValue:StringNotEquals", ["a", "b"], False),
        ("ForAnyValue:StringNotEquals", None, False),
        ("StringEquals", ["z", "a"], True),
        ("StringNotEquals", ["z", "a"], False),
        ("StringNotEquals", ["y", "z"], True),
    ],
)
def test_many_values(operator: str, given: Any, expected: bool) -> None:
    context = {} if given is None else {"k:x": given}
    assert holds(operator, ["a", "b"], context) is expected


def test_conditions_are_joined_by_and_their_values_by_or() -> None:
    both = policy(
        allow(Condition={"StringEquals": {"k:x": ["1", "2"]}, "Bool": {"k:secure": "true"}})
    )
    assert allowed(ask("a:B", context={"k:x": "2", "k:secure": "true"}), both)
    assert not allowed(ask("a:B", context={"k:x": "2"}), both)
    assert not allowed(ask("a:B", context={"k:x": "3", "k:secure": "true"}), both)


# --- policy variables --------------------------------------------------------------------------


def test_a_variable_in_a_resource_is_the_callers_value_taken_literally() -> None:
    own = policy(allow(resource="arn:aws:s3:::home/${aws:username}/*"))
    assert allowed(ask("a:B", "arn:aws:s3:::home/ann/x", {"aws:UserName": "ann"}), own)
    assert not allowed(ask("a:B", "arn:aws:s3:::home/bob/x", {"aws:username": "ann"}), own)
    assert not allowed(ask("a:B", "arn:aws:s3:::home/bob/x", {"aws:username": "*"}), own)
    assert not allowed(ask("a:B", "arn:aws:s3:::home//x"), own)


def test_a_variable_without_value_uses_its_default_or_matches_nothing() -> None:
    keys = Keys({"k:x": "blue"})
    plain, default = "${aws:PrincipalTag/team}", "${aws:PrincipalTag/team, 'blue'}"
    for text, positive in ((plain, False), (default, True)):
        equals = Condition("StringEquals", "k:x", text, variables=True)
        differs = Condition("StringNotEquals", "k:x", text, variables=True)
        assert equals.holds(keys) is positive
        assert differs.holds(keys) is not positive


def test_a_variable_may_be_a_whole_arn() -> None:
    own = Condition("ArnEquals", "k:x", "${aws:PrincipalArn}", variables=True)
    assert own.holds(Keys({"k:x": ROLE, "aws:PrincipalArn": ROLE}))
    assert not own.holds(Keys({"k:x": ROLE, "aws:PrincipalArn": SESSION}))


def test_special_variables_are_plain_characters() -> None:
    odd = policy(allow(resource="arn:aws:s3:::b/${*}${?}${$}*"))
    assert allowed(ask("a:B", "arn:aws:s3:::b/*?$x"), odd)
    assert not allowed(ask("a:B", "arn:aws:s3:::b/abcx"), odd)


def test_a_many_valued_key_is_no_variable() -> None:
    own = Condition("StringEquals", "k:x", "${aws:TagKeys}", variables=True)
    assert not own.holds(Keys({"k:x": "a", "aws:TagKeys": ["a"]}))


def test_the_old_version_knows_no_variables() -> None:
    statement = allow(resource="arn:aws:s3:::${aws:username}")
    old = Policy({"Version": "2008-10-17", "Statement": statement}, "old")
    context = {"aws:username": "ann"}
    assert allowed(ask("a:B", "arn:aws:s3:::${aws:username}", context), old)
    assert not allowed(ask("a:B", "arn:aws:s3:::ann", context), old)


# --- documents ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ("{", "not JSON"),
        ("[]", "object"),
        ('{"Version":"2012-10-17"}', "Statement"),
        ('{"Version":"2013-01-01","Statement":[{}]}', "Version"),
        ('{"Statement":[{"Effect":"Allow","Effect":"Deny"}]}', "twice"),
        ({"Statement": [allow()], "Extra": 1}, "Extra"),
        ({"Statement": [{**allow(), "Condtion": {}}]}, "Condtion"),
        ({"Statement": [{**allow(), "Effect": "allow"}]}, "Effect"),
        ({"Statement": [{"Effect": "Allow", "Action": "a:B"}]}, "Resource"),
        ({"Statement": [{"Effect": "Allow", "Resource": "*"}]}, "Action"),
        ({"Statement": [{**allow(), "NotAction": "a:B"}]}, "both"),
        ({"Statement": [allow(action="InvokeModel")]}, "InvokeModel"),
        ({"Statement": [allow(action="bed*ck:InvokeModel")]}, "bed"),
        ({"Statement": [allow(resource="bucket")]}, "bucket"),
        ({"Version": V2, "Statement": [allow(resource="arn:aws:s3:::${aws:username")]}, "closed"),
        ({"Version": V2, "Statement": [allow(resource="arn:aws:s3:::${nonsense}")]}, "nonsense"),
        ({"Statement": [allow(Principal="*")]}, "Principal"),
        ({"Statement": [allow(Sid="A"), deny(Sid="A")]}, "twice"),
        ({"Statement": [allow(Condition={"StringMatches": {"k:x": "a"}})]}, "StringMatches"),
        ({"Statement": [allow(Condition={"StringEquals": "a"})]}, "StringEquals"),
        ({"Statement": [allow(Condition={"StringEquals": {"kx": "a"}})]}, "kx"),
        ({"Statement": [allow(Condition={"StringEquals": {"k:x": {"a": 1}}})]}, "k:x"),
        ({"Statement": [allow(Condition={"NumericEquals": {"k:x": "ten"}})]}, "ten"),
        ({"Statement": [allow(Condition={"DateLessThan": {"k:x": "soon"}})]}, "soon"),
        ({"Statement": [allow(Condition={"IpAddress": {"k:x": "10.0.0"}})]}, "10.0.0"),
        ({"Statement": [allow(Condition={"Bool": {"k:x": "yes"}})]}, "yes"),
        ({"Statement": [allow(Condition={"Null": {"k:x": "yes"}})]}, "Null"),
        ({"Statement": [allow(Condition={"NullIfExists": {"k:x": "true"}})]}, "Null"),
        ({"Statement": [allow(Condition={"ArnLike": {"k:x": "guardrail/*"}})]}, "ARN"),
        ({"Statement": [allow(Condition={"BinaryEquals": {"k:x": "?"}})]}, "base64"),
    ],
)
def test_malformed_documents_are_refused_with_the_reason(document: Any, complaint: str) -> None:
    with pytest.raises(PolicyError, match=complaint) as error:
        Policy(document, "broken")
    assert "broken" in str(error.value)


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        (allow(), "resource"),
        (allow(Principal={"AWS": "arn:aws:iam::123456789012:role/*"}), "resource"),
        (allow(Principal={"Service": "*"}), "resource"),
        (allow(Principal={"Robot": "x"}), "resource"),
        (allow(NotPrincipal={"AWS": ACCOUNT}), "resource"),
        (allow("sts:AssumeRole", Principal="*"), "trust"),
    ],
)
def test_malformed_principals_are_refused(statement: dict[str, Any], kind: str) -> None:
    with pytest.raises(PolicyError):
        policy(statement, kind=kind)


# --- the chatbot's own policies -------------------------------------------------------------------

MODEL = "anthropic.claude-haiku-4-5-20251001-v1:0"
PROFILE = f"arn:aws:bedrock:us-east-2:{ACCOUNT}:inference-profile/us.{MODEL}"
GUARDRAIL = f"arn:aws:bedrock:us-east-2:{ACCOUNT}:guardrail/abc123"
REGIONS = ("us-east-1", "us-east-2", "us-west-2")
EXECUTION = (
    policy(
        allow("bedrock:InvokeModel", PROFILE, Sid="Profile"),
        allow(
            "bedrock:InvokeModel",
            [f"arn:aws:bedrock:{region}::foundation-model/{MODEL}" for region in REGIONS],
            Sid="Models",
            Condition={"StringEquals": {"bedrock:InferenceProfileArn": PROFILE}},
        ),
        allow("bedrock:InvokeModel", f"arn:aws:bedrock:us-east-2:{ACCOUNT}:project/default"),
        name="model",
    ),
    policy(
        allow("bedrock:ApplyGuardrail", GUARDRAIL, Sid="Guardrail"),
        deny(
            ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"],
            "arn:aws:bedrock:*::foundation-model/*",
            Sid="OnlyWithGuardrail",
            Condition={"StringNotEquals": {"bedrock:GuardrailIdentifier": f"{GUARDRAIL}:1"}},
        ),
        name="guardrail",
    ),
)


def converse(
    *,
    model: str = MODEL,
    profile: str | None = PROFILE,
    region: str = "us-west-2",
    guardrail: str | None = f"{GUARDRAIL}:1",
) -> list[Decision]:
    """Ask as AWS does for Converse: the profile, the destination's model, the guardrail."""
    context: dict[str, Any] = {"aws:RequestedRegion": region}
    if profile:
        context["bedrock:InferenceProfileArn"] = profile
    if guardrail:
        context["bedrock:GuardrailIdentifier"] = guardrail
    questions = [("bedrock:InvokeModel", f"arn:aws:bedrock:{region}::foundation-model/{model}")]
    if profile:
        questions.append(("bedrock:InvokeModel", profile))
    if guardrail:
        arn = GUARDRAIL + guardrail.removeprefix(GUARDRAIL).partition(":")[0]
        questions.append(("bedrock:ApplyGuardrail", arn))
    return [evaluate(ask(a, r, context), identity=EXECUTION) for a, r in questions]


@pytest.mark.parametrize("region", REGIONS)
def test_converse_through_the_profile_with_the_guardrail_version_is_allowed(region: str) -> None:
    assert all(decision.allowed for decision in converse(region=region))


@pytest.mark.parametrize(
    "change",
    [
        {"guardrail": None},
        {"guardrail": GUARDRAIL},  # DRAFT has no suffix
        {"guardrail": f"{GUARDRAIL}:2"},
        {"guardrail": f"{GUARDRAIL}0:1"},
        {"model": "anthropic.claude-sonnet-4-5-20250929-v1:0"},
        {"profile": None},
        {"profile": PROFILE.replace("us.", "global.")},
        {"region": "eu-west-1"},
        {"region": "", "profile": PROFILE.replace("us.", "global.")},
    ],
)
def test_converse_in_any_other_way_is_refused(change: dict[str, Any]) -> None:
    assert not all(decision.allowed for decision in converse(**change))


@pytest.mark.parametrize("action", ["bedrock:Converse", "bedrock:InvokeModelWithResponseStream"])
def test_no_other_way_to_invoke_is_open(action: str) -> None:
    assert not allowed(ask(action, PROFILE), *EXECUTION)


# --- wording and speed ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "source", "ending"),
    [
        ("implicit_deny", "identity", "because no identity-based policy allows the a:B action"),
        ("implicit_deny", "boundary", "because no permissions boundary allows the a:B action"),
        ("implicit_deny", "session", "because no session policy allows the a:B action"),
        ("explicit_deny", "identity", "with an explicit deny in an identity-based policy"),
        ("explicit_deny", "scp", "with an explicit deny in a service control policy"),
    ],
)
def test_refusals_are_worded_as_by_aws(reason: Any, source: Any, ending: str) -> None:
    decision = Decision(False, reason, "p/S", source)
    message = access_denied_message(decision, SESSION, "a:B", GROUP)
    start = f"User: {SESSION} is not authorized to perform: a:B on resource: {GROUP}"
    assert message == f"{start} {ending}"


def test_every_published_action_can_be_asked_in_reasonable_time() -> None:
    query = ask("bedrock:InvokeModel", PROFILE, {"bedrock:GuardrailIdentifier": f"{GUARDRAIL}:1"})
    started = time.process_time()
    for _ in range(5_000):
        evaluate(query, identity=EXECUTION, boundary=EXECUTION[0])
    assert time.process_time() - started < 1.0  # 20,000 a second promised, 5,000 on a busy machine
