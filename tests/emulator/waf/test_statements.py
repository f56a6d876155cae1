"""Every statement kind and request component: what matches, and what does not."""

from typing import Any

import pytest

from tests.emulator.waf.support import (
    IPS_ARN,
    NONE,
    SET_ARN,
    Edge,
    contains,
    json_values,
    rule,
    text,
)

BODY = {"Body": {"OversizeHandling": "CONTINUE"}}
PATH: dict[str, Any] = {"UriPath": {}}
UA = ("User-Agent", "tests")


def header(name: str) -> dict[str, Any]:
    return {"SingleHeader": {"Name": name}}


def bytes_match(constraint: str, wanted: str, component: Any = BODY) -> dict[str, Any]:
    return text(
        "ByteMatchStatement",
        component,
        SearchString=wanted.encode(),
        PositionalConstraint=constraint,
    )


@pytest.mark.parametrize(
    ("constraint", "matching", "other"),
    [
        ("EXACTLY", "BadBot", "BadBot "),
        ("STARTS_WITH", "BadBot 1", " BadBot"),
        ("ENDS_WITH", "a BadBot", "BadBot 1"),
        ("CONTAINS", "xBadBotx", "badbot"),
        ("CONTAINS_WORD", "-BadBot;", "BadBot1"),
        ("CONTAINS_WORD", "BadBot", "_BadBot"),
        ("CONTAINS_WORD", "BadBot;", "xBadBot;"),
        ("CONTAINS_WORD", ";BadBot", "Bad Bot"),
    ],
)
def test_byte_match(edge: Edge, constraint: str, matching: str, other: str) -> None:
    assert edge.matches(bytes_match(constraint, "BadBot"), matching)
    assert not edge.matches(bytes_match(constraint, "BadBot"), other)


@pytest.mark.parametrize(
    ("comparison", "sizes"),
    [("EQ", [5]), ("NE", [4, 6]), ("LT", [4]), ("LE", [4, 5]), ("GT", [6]), ("GE", [5, 6])],
)
def test_size_constraint(edge: Edge, comparison: str, sizes: list[int]) -> None:
    statement = text("SizeConstraintStatement", BODY, ComparisonOperator=comparison, Size=5)
    assert [size for size in (4, 5, 6) if edge.matches(statement, "x" * size)] == sizes


def test_size_is_measured_after_the_transformations(edge: Edge) -> None:
    def statement(*names: str) -> dict[str, Any]:
        return text("SizeConstraintStatement", BODY, *names, ComparisonOperator="GT", Size=3)

    assert edge.matches(statement(), "a    b")
    assert not edge.matches(statement("COMPRESS_WHITE_SPACE"), "a    b")


def test_regex_match(edge: Edge) -> None:
    statement = text("RegexMatchStatement", BODY, RegexString=r"ignore\s+\w+")
    assert edge.matches(statement, "please ignore this")
    assert not edge.matches(statement, "please ignore")


def test_regex_pattern_set(edge: Edge) -> None:
    edge.patterns("first", "second (?:pattern)?")
    statement = text("RegexPatternSetReferenceStatement", json_values(), "LOWERCASE", ARN=SET_ARN)
    assert edge.matches(statement, '{"message": "the SECOND one"}')
    assert edge.matches(statement, '{"message": "\\u0066irst"}')
    assert not edge.matches(statement, '{"second": "third"}')


def test_a_changed_pattern_set_is_seen_after_the_next_write(edge: Edge) -> None:
    edge.patterns("old")
    edge.apply(rule("set", text("RegexPatternSetReferenceStatement", BODY, ARN=SET_ARN)))
    assert edge.send("new").action == "ALLOW"
    edge.patterns("new")
    assert edge.send("new").action == "ALLOW"
    edge.account.written()
    assert edge.send("new").action == "BLOCK"


def test_a_pattern_that_aws_would_refuse_leaves_its_rule_out_and_says_so(edge: Edge) -> None:
    edge.apply(rule("bad", text("RegexMatchStatement", BODY, RegexString="(a)")))
    assert edge.send("a").action == "ALLOW"
    (said,) = edge.account.said
    assert said.startswith("rule bad is left out: capturing groups are not supported")


@pytest.mark.parametrize("sensitivity", ["LOW", "HIGH"])
def test_sqli(edge: Edge, sensitivity: str) -> None:
    statement = text("SqliMatchStatement", json_values(), SensitivityLevel=sensitivity)
    assert edge.matches(statement, "{\"message\": \"x' OR '1'='1\"}")
    assert not edge.matches(statement, '{"message": "Is it either this or that?"}')


def test_and_or_not(edge: Edge) -> None:
    a, b = contains("a", BODY), contains("b", BODY)
    both: dict[str, Any] = {"AndStatement": {"Statements": [a, b]}}
    either: dict[str, Any] = {"OrStatement": {"Statements": [a, b]}}
    assert [edge.matches(both, body) for body in ("ab", "a", "c")] == [True, False, False]
    assert [edge.matches(either, body) for body in ("ab", "a", "c")] == [True, True, False]
    no: dict[str, Any] = {"NotStatement": {"Statement": either}}
    assert [edge.matches(no, body) for body in ("ab", "a", "c")] == [False, False, True]


def test_a_missing_component_never_matches_so_its_negation_does(edge: Edge) -> None:
    empty = text("SizeConstraintStatement", header("x-none"), ComparisonOperator="GE", Size=0)
    assert not edge.matches(empty)
    assert edge.matches({"NotStatement": {"Statement": empty}})
    assert edge.matches(empty, headers=[("X-None", "")])


FORWARDED = {"HeaderName": "X-Client", "FallbackBehavior": "MATCH"}
MANY = [(f"x-{at}", "v") for at in range(201)]


@pytest.mark.parametrize(
    ("component", "parts"),
    [
        (header("X-Probe"), {"headers": [("x-PROBE", "needle")]}),
        (PATH, {"path": "/v1/needle"}),
        ({"QueryString": {}}, {"query": "a=needle"}),
        ({"AllQueryArguments": {}}, {"query": "x=1&y=needle"}),
        ({"Method": {}}, {"method": "needle"}),
        (BODY, {"body": "a needle"}),
        ({"Headers": {"MatchPattern": {"All": {}}, "MatchScope": "KEY"}},
         {"headers": [("x-needle", "1")]}),
        ({"Cookies": {"MatchPattern": {"All": {}}, "MatchScope": "VALUE"}},
         {"headers": [("Cookie", "a=1; id=needle")]}),
    ],
)  # fmt: skip
def test_a_component_is_found_where_it_is(
    edge: Edge, component: dict[str, Any], parts: dict[str, Any]
) -> None:
    assert edge.matches(contains("needle", component), **parts)
    assert not edge.matches(contains("needle", component))


@pytest.mark.parametrize(
    ("component", "parts"),
    [
        (header("X-Probe"), {"headers": [("X-Other", "needle")]}),
        ({"AllQueryArguments": {}}, {"query": "needle=1"}),
        ({"Headers": {"MatchPattern": {"All": {}}, "MatchScope": "KEY"}},
         {"headers": [("x-probe", "needle")]}),
    ],
)  # fmt: skip
def test_a_component_is_not_found_elsewhere(
    edge: Edge, component: dict[str, Any], parts: dict[str, Any]
) -> None:
    assert not edge.matches(contains("needle", component), **parts)


@pytest.mark.parametrize(
    ("component", "parts"),
    [
        ("Headers", {"headers": [*MANY, ("x-probe", "needle")]}),
        ("Headers", {"headers": [("x-long", "v" * 9000), ("x-probe", "needle")]}),
        ("Cookies", {"headers": [("Cookie", f"a={'v' * 9000}; b=needle")]}),
        ("Body", {"body": "v" * 16_384 + "needle"}),
    ],
)
@pytest.mark.parametrize(
    ("handling", "found"), [("CONTINUE", False), ("MATCH", True), ("NO_MATCH", False)]
)
def test_what_lies_past_the_limit_is_handled_as_the_statement_says(
    edge: Edge, component: str, parts: dict[str, Any], handling: str, *, found: bool
) -> None:
    options: dict[str, Any] = {"OversizeHandling": handling}
    if component != "Body":
        options |= {"MatchPattern": {"All": {}}, "MatchScope": "ALL"}
    assert edge.matches(contains("needle", {component: options}), **parts) is found


@pytest.mark.parametrize(("limit", "kilobytes"), [(None, 16), ("KB_32", 32), ("KB_64", 64)])
def test_the_inspection_limit_is_the_association_configs(
    edge: Edge, limit: str | None, kilobytes: int
) -> None:
    config = {"RequestBody": {"API_GATEWAY": {"DefaultSizeInspectionLimit": limit}}}
    acl = {"AssociationConfig": config} if limit else {}
    edge.apply(rule("needle", contains("needle", BODY)), **acl)
    inside = "x" * (kilobytes * 1024 - 6)
    assert edge.send(inside + "needle").action == "BLOCK"
    assert edge.send(inside + "xneedle").action == "ALLOW"


def test_waf_sees_the_request_as_api_gateway_presents_it(edge: Edge) -> None:
    host = "abc123.execute-api.us-east-2.amazonaws.com"
    local = [("Host", "127.0.0.1:4566"), ("X-Forwarded-For", "10.0.0.1")]
    sent: dict[str, Any] = {"headers": local}
    assert edge.matches(bytes_match("EXACTLY", host, header("host")), **sent)
    assert edge.matches(bytes_match("EXACTLY", "/v1/chat", PATH), **sent)
    forwarded = bytes_match("EXACTLY", "10.0.0.1, 203.0.113.9", header("x-forwarded-for"))
    assert edge.matches(forwarded, **sent)


@pytest.mark.parametrize(
    "statement",
    [
        {"UnheardOfStatement": {}},
        {"GeoMatchStatement": {"CountryCodes": ["FR"]}},
        {"RateBasedStatement": {"Limit": 10, "AggregateKeyType": "FORWARDED_IP",
                                "ForwardedIPConfig": FORWARDED}},
        {"LabelMatchStatement": {"Scope": "LABEL", "Key": "a"}},
        text("XssMatchStatement", BODY),
        text("SqliMatchStatement", {"UnheardOf": {}}),
        contains("a", {"SingleQueryArgument": {"Name": "q"}}),
        contains("a", {"Headers": {"MatchPattern": {"IncludedHeaders": ["x"]}}}),
        {"SizeConstraintStatement": {"FieldToMatch": BODY}},
        {"IPSetReferenceStatement": {"ARN": "any"}},
        {"IPSetReferenceStatement": {"ARN": IPS_ARN, "IPSetForwardedIPConfig": FORWARDED}},
        text("RegexPatternSetReferenceStatement", BODY, ARN="nonsense"),
        {"RateBasedStatement": {"Limit": 10, "CustomKeys": [{"ASN": {}}],
                                "AggregateKeyType": "CUSTOM_KEYS"}},
        text("SqliMatchStatement", BODY, PreParseTextTransformations=NONE),
    ],
)  # fmt: skip
def test_a_statement_that_cannot_be_evaluated_is_left_out_and_said(
    edge: Edge, statement: dict[str, Any]
) -> None:
    edge.apply(rule("odd", statement), rule("next", contains("bad", BODY)))
    assert edge.send("bad").terminating_rule == "next"
    (said,) = edge.account.said
    assert said.startswith("rule odd is left out: ")


@pytest.mark.parametrize(
    ("address", "matches"),
    [("192.0.2.7", True), ("192.0.3.7", False), ("2001:db8:1::9", True), ("2001:db8:2::9", False)],
)
def test_an_ip_set_holds_addresses_of_both_kinds(edge: Edge, address: str, matches: bool) -> None:
    edge.account.addresses = ["192.0.2.0/24", "2001:db8:1::/48"]
    statement = {"IPSetReferenceStatement": {"ARN": IPS_ARN}}
    assert edge.matches(statement, source_ip=address) is matches
    assert edge.matches({"NotStatement": {"Statement": statement}}, source_ip=address) != matches


def test_an_empty_ip_set_matches_nobody(edge: Edge) -> None:
    assert not edge.matches({"IPSetReferenceStatement": {"ARN": IPS_ARN}})
