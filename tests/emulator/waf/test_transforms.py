"""Each text transformation does what AWS documents, in the order of its priority."""

import hashlib
from typing import Any

import pytest

from emulator.waf.transforms import TRANSFORMS, chain
from tests.emulator.waf.support import Edge, contains

CASES = [
    ("NONE", b"As \tIs", b"As \tIs"),
    ("COMPRESS_WHITE_SPACE", b"a\f\t\n\r\v\xa0 b   c", b"a b c"),
    ("COMPRESS_WHITE_SPACE", b"one two", b"one two"),
    ("HTML_ENTITY_DECODE", b"&lt;b&gt; &QuOt;x&quot; &#x41;&#66; &amp;", b'<b> "x" AB &'),
    ("HTML_ENTITY_DECODE", b"&nbsp;&NonBreakingSpace;&#160;", b"\xa0\xa0\xa0"),
    ("HTML_ENTITY_DECODE", b"&NewLine;&Tab;&lcub;&vert;&apos;&bsol;&sol;", b"\n\t{|'\\/"),
    ("HTML_ENTITY_DECODE", b"&#x20ac;", "€".encode()),
    ("HTML_ENTITY_DECODE", b"AT&T; &unknown; &#x110000;", b"AT&T; &unknown; &#x110000;"),
    ("LOWERCASE", "ABC É".encode(), "abc É".encode()),
    ("CMD_LINE", b"C^M\"D'.EX\\E ,/c  ;DIR (X)", b"cmd.exe/c dir(x)"),
    ("URL_DECODE", b"a%20b+c%2F%zz%4", b"a b c/%zz%4"),
    ("URL_DECODE", b"%2541", b"%41"),
    ("BASE64_DECODE", b"aGVsbG8gd29ybGQ=", b"hello world"),
    ("BASE64_DECODE", b"aGVs!bG8", b"hel"),
    ("BASE64_DECODE_EXT", b"a-G-V-s\nbG8", b"hello"),
    ("BASE64_DECODE_EXT", b"?", b""),
    ("HEX_DECODE", b"48656C6C6F", b"Hello"),
    ("HEX_DECODE", b"not hex", b"not hex"),
    ("MD5", b"abc", hashlib.md5(b"abc", usedforsecurity=False).digest()),
    ("REPLACE_COMMENTS", b"UN/* a */ION/**//**/x */ y /* open", b"UN ION  x */ y  "),
    ("ESCAPE_SEQ_DECODE", rb"\x41\0101\n\?\q\x4", b"AA\n?\\q\\x4"),
    ("SQL_HEX_DECODE", b"SELECT 0x414243, 0x4", b"SELECT ABC, 0x4"),
    ("CSS_DECODE", rb"ja\vascript", b"javascript"),
    ("CSS_DECODE", rb"\6a\61 v\00061 s \ff41", b"javas a"),
    ("JS_DECODE", rb"\u0041\uff41\x42\103\n\q", b"AaBC\nq"),
    ("JS_DECODE", rb"\u2041", b"A"),
    ("NORMALIZE_PATH", b"/a//b/./c/../d", b"/a/b/d"),
    ("NORMALIZE_PATH", b"../x/../y", b"../y"),
    ("NORMALIZE_PATH", b"/a/b/..", b"/a/"),
    ("NORMALIZE_PATH_WIN", rb"\a\b\..\c", b"/a/c"),
    ("REMOVE_NULLS", b"a\0b\0", b"ab"),
    ("REPLACE_NULLS", b"a\0b", b"a b"),
    ("URL_DECODE_UNI", b"%u0041%uff41%41+%u12", b"AaA %u12"),
    ("UTF8_TO_UNICODE", "é€x".encode() + b"\xff", b"%u00e9%u20acx\xff"),
]


@pytest.mark.parametrize(("name", "given", "expected"), CASES)
def test_a_transformation_rewrites_its_input(name: str, given: bytes, expected: bytes) -> None:
    assert TRANSFORMS[name](given) == expected


def test_every_transformation_that_terraform_accepts_is_known_and_tested() -> None:
    assert {name for name, _, _ in CASES} == set(TRANSFORMS)
    assert len(TRANSFORMS) == 21


@pytest.mark.parametrize("name", TRANSFORMS)
@pytest.mark.parametrize(
    "given", [b"", b"\\", b"%", b"%u", b"&#;", b"&#x", b"/*", b"0x", bytes(range(256)), b"\\u" * 99]
)
def test_no_input_breaks_a_transformation(name: str, given: bytes) -> None:
    assert isinstance(TRANSFORMS[name](given), bytes)


def test_transformations_run_from_the_lowest_priority_to_the_highest() -> None:
    shape = [
        {"Priority": 7, "Type": "LOWERCASE"},
        {"Priority": 0, "Type": "NONE"},
        {"Priority": 2, "Type": "BASE64_DECODE"},
    ]
    assert chain(shape) == ("BASE64_DECODE", "LOWERCASE")


def test_order_decides_whether_a_statement_matches(edge: Edge) -> None:
    body: dict[str, Any] = {"Body": {}}
    # "QQ==" is "A"; in lower case it is another text altogether.
    assert edge.matches(contains("a", body, "BASE64_DECODE", "LOWERCASE"), "QQ==")
    assert not edge.matches(contains("a", body, "LOWERCASE", "BASE64_DECODE"), "QQ==")


def test_a_transformation_that_is_not_known_leaves_the_rule_out_and_says_so(edge: Edge) -> None:
    edge.apply(
        {"Name": "new", "Statement": contains("a", {"Body": {}}, "SHA256"), "Action": {"Block": {}}}
    )
    assert edge.send("a").action == "ALLOW"
    assert edge.account.said == [
        "rule new is left out: the text transformation 'SHA256' is not applied"
    ]
