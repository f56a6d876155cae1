"""JSON bodies are taken apart as AWS documents, and no body breaks the parser."""

import time

import pytest

from emulator.waf.json_body import parse, pointer
from tests.emulator.waf.support import Edge, contains, json_values, text

NESTED = b'{"a": {"c": "d", "b": {"e": {"f": "g"}}}}'


@pytest.mark.parametrize(
    ("scope", "expected"), [("ALL", [b"e", b"f", b"g"]), ("KEY", [b"e", b"f"]), ("VALUE", [b"g"])]
)
def test_included_paths_give_what_the_developer_guide_says(
    scope: str, expected: list[bytes]
) -> None:
    assert parse(NESTED).select(scope, [pointer("/a/b")]) == expected


def test_pointers_reach_into_arrays_and_undo_their_escapes() -> None:
    document = parse(b'{"dogs": [{"name": "x"}, {"name": "y"}], "a/b": "z", "~": "t"}')
    assert document.select("VALUE", [pointer("/dogs/1/name"), pointer("/a~1b")]) == [b"y", b"z"]
    assert document.select("VALUE", [pointer("/~0")]) == [b"t"]


def test_escapes_numbers_and_literals_are_values() -> None:
    document = parse(rb'{"m": ["\u0069gnore \"x\" \ud83d\ude00\n", -1.5e3, true, null]}')
    texts = ['ignore "x" 😀\n'.encode(), b"-1.5e3", b"true", b"null"]
    assert document.select("VALUE", None) == texts


@pytest.mark.parametrize(
    "body",
    [
        b'{"key1":"value1""key2":"value2"}',
        b'{"key1":"value1","key2""value2"}',
        b'{"key1"::"value1","key2""value2"}',
    ],
)
def test_what_aws_parses_although_invalid_parses_here(body: bytes) -> None:
    document = parse(body)
    assert document.valid
    assert document.select("VALUE", None) == [b"value1", b"value2"]


BROKEN = {
    "duplicate keys": b'{"message": "good", "message": "bad"}',
    "duplicate keys, one escaped": b'{"message": "good", "\\u006dessage": "bad"}',
    "truncated": b'{"message": "good", "x": "ba',
    "truncated after a key": b'{"message": "good", "x"',
    "text as root": b'"bad"',
    "number as root": b"1",
    "trailing data": b'{"message": "good"} {"message": "bad"}',
    "mismatched brackets": b'{"message": ["good"}',
    "crossed brackets": b'{"message": ["good"}]',
    "key without a value": b'{"message": "good", "x": }',
    "key that is no string": b'{1: "good"}',
    "byte order mark": b'\xef\xbb\xbf{"message": "good"}',
    "UTF-16": '{"message": "good"}'.encode("utf-16"),
    "UTF-16 without a mark": '{"message": "good"}'.encode("utf-16-le"),
    "no UTF-8": b'{"message": "\xff"}',
    "NaN": b'{"message": NaN}',
    "unknown escape": b'{"message": "\\q"}',
    "lone surrogate": b'{"message": "\\ud800"}',
    "raw newline in a string": b'{"message": "a\nb"}',
    "single quotes": b"{'message': 'good'}",
    "only a space": b" ",
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN.keys())
def test_a_body_that_cannot_be_parsed_takes_the_fallback(edge: Edge, body: bytes) -> None:
    def matches(**more: str) -> bool:
        return edge.matches(contains("never there", json_values(**more)), body)

    assert matches(InvalidFallbackBehavior="MATCH")
    assert not matches(InvalidFallbackBehavior="NO_MATCH")


def test_evaluate_as_string_looks_at_the_whole_body(edge: Edge) -> None:
    component = json_values(InvalidFallbackBehavior="EVALUATE_AS_STRING")
    assert edge.matches(contains("rest", component), b'{"a": 1} the rest')
    assert not edge.matches(contains("other", component), b'{"a": 1} the rest')
    # A body that parses is never looked at as a string.
    assert not edge.matches(contains('"a"', component), b'{"a": 1}')


def test_without_a_fallback_only_what_stands_before_the_error_is_seen(edge: Edge) -> None:
    component = {"JsonBody": {"MatchPattern": {"All": {}}, "MatchScope": "VALUE"}}
    body = b'{"a": "early", "a": "late"}'
    assert edge.matches(contains("early", component), body)
    assert not edge.matches(contains("late", component), body)


def test_an_empty_body_is_a_missing_component_and_no_parsing_error(edge: Edge) -> None:
    assert not edge.matches(contains("x", json_values()), b"")


def test_an_array_as_root_is_inspected(edge: Edge) -> None:
    assert edge.matches(contains("bad", json_values()), b'["good", ["bad"]]')


@pytest.mark.parametrize("depth", [900, 5_000, 30_000])
def test_deep_nesting_is_read_quickly_and_without_recursion(depth: int) -> None:
    started = time.thread_time()
    for opening, closing in (b"[", b"]"), (b'{"a":', b"}"):
        document = parse(opening * depth + b'"x"' + closing * depth)
        assert document.valid
        assert document.select("VALUE", None) == [b"x"]
        assert document.select("VALUE", [pointer("/a/a/b")]) == []
        assert not parse(opening * depth).valid
    assert time.thread_time() - started < 5


def test_size_constraints_look_at_each_value(edge: Edge) -> None:
    statement = text("SizeConstraintStatement", json_values(), ComparisonOperator="GT", Size=4)
    assert edge.matches(statement, b'{"a": "12345"}')
    assert not edge.matches(statement, b'{"a": "1234", "b": "1234"}')


def test_a_body_over_the_limit_takes_its_oversize_handling(edge: Edge) -> None:
    body = b'{"a": "' + b"x" * 17_000 + b'", "b": "bad"}'
    assert edge.matches(contains("bad", json_values(OversizeHandling="MATCH")), body)
    assert not edge.matches(contains("bad", json_values(OversizeHandling="NO_MATCH")), body)
    # Cut off at the limit it is no longer JSON, so the fallback decides.
    goes_on = json_values(OversizeHandling="CONTINUE")
    assert edge.matches(contains("bad", goes_on), body)
    goes_on = json_values(OversizeHandling="CONTINUE", InvalidFallbackBehavior="NO_MATCH")
    assert not edge.matches(contains("bad", goes_on), body)
