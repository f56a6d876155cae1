"""The evaluator decides as the IAM User Guide says AWS does: each rule once allowed, once not."""

import time
from typing import Any

import pytest

from iam_policy import Decision, Policy, PolicyError, Query, access_denied_message, evaluate

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
    arns = [f"arn:aws:bedrock:{at}::foundation-model/m" for at in ("us-east-1", "us-west-2")]
    same = {"StringEquals": {"bedrock:InferenceProfileArn": arns[0]}}
    other = {"StringNotEquals": {"bedrock:GuardrailIdentifier": "g:1"}}
    policies = (
        policy(allow("bedrock:InvokeModel", "arn:*"), allow("bedrock:*", arns, Condition=same)),
        policy(deny(["bedrock:InvokeModel", "bedrock:Converse"], arns[1], Condition=other)),
    )
    query = ask("bedrock:InvokeModel", arns[0], {"bedrock:GuardrailIdentifier": "g:1"})
    started = time.thread_time()
    for _ in range(5_000):
        evaluate(query, identity=policies, boundary=policies[0])
    assert time.thread_time() - started < 1.0  # 20,000 a second promised, 5,000 on a busy machine
