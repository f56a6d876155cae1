"""Conditions and policy variables hold as the IAM User Guide says."""

from typing import Any

import pytest

from iam_policy import Policy
from iam_policy.conditions import Condition, Keys
from tests.unit.test_iam_policy import ROLE, SESSION, allow, allowed, ask, deny, policy


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
    assert holds(operator, ["a", "b"], {} if given is None else {"k:x": given}) is expected


def test_conditions_are_joined_by_and_their_values_by_or() -> None:
    both = policy(
        allow(Condition={"StringEquals": {"k:x": ["1", "2"]}, "Bool": {"k:secure": "true"}})
    )
    assert allowed(ask("a:B", context={"k:x": "2", "k:secure": "true"}), both)
    assert not allowed(ask("a:B", context={"k:x": "2"}), both)
    assert not allowed(ask("a:B", context={"k:x": "3", "k:secure": "true"}), both)


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
