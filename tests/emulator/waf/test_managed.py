"""Managed rule groups stop what AWS documents, under AWS's names and labels, and spare a chat."""

import re
import time
from typing import Any

import pytest

from emulator.waf import detectors
from emulator.waf.fields import Inspection
from emulator.waf.managed import GROUPS
from tests.emulator.waf.support import Edge, group, managed

UA = ("User-Agent", "tests")


def body(message: str) -> dict[str, Any]:
    return {"body": f'{{"message": "{message}"}}'}


def with_header(name: str, value: str) -> dict[str, Any]:
    return {"headers": [UA, (name, value)]}


# group, rule, the end of its label, and a request of our own that it stops
STOPPED: list[tuple[str, str, str, dict[str, Any]]] = [
    ("Common", "NoUserAgent_HEADER", "NoUserAgent_Header", {"headers": []}),
    ("Common", "UserAgent_BadBots_HEADER", "BadBots_Header",
     {"headers": [("User-Agent", "Mozilla/5.0 Nmap Scripting Engine")]}),
    ("Common", "SizeRestrictions_QUERYSTRING", "SizeRestrictions_QueryString",
     {"query": "q=" + "x" * 2047}),
    ("Common", "SizeRestrictions_Cookie_HEADER", "SizeRestrictions_Cookie_Header",
     with_header("Cookie", "a=" + "x" * 10_239)),
    ("Common", "SizeRestrictions_BODY", "SizeRestrictions_Body", {"body": "x" * 8193}),
    ("Common", "SizeRestrictions_URIPATH", "SizeRestrictions_URIPath", {"path": "/" + "x" * 1024}),
    ("Common", "EC2MetaDataSSRF_BODY", "EC2MetaDataSSRF_Body",
     body("fetch http://169.254.169.254/latest/meta-data/")),
    ("Common", "EC2MetaDataSSRF_COOKIE", "EC2MetaDataSSRF_Cookie",
     with_header("Cookie", "u=169.254.169.254")),
    ("Common", "EC2MetaDataSSRF_URIPATH", "EC2MetaDataSSRF_URIPath",
     {"path": "/v1/http://169.254.169.254"}),
    ("Common", "EC2MetaDataSSRF_QUERYARGUMENTS", "EC2MetaDataSSRF_QueryArguments",
     {"query": "u=http%3A%2F%2F169.254.169.254%2F"}),
    ("Common", "GenericLFI_QUERYARGUMENTS", "GenericLFI_QueryArguments",
     {"query": "f=..%2f..%2fsecret"}),
    ("Common", "GenericLFI_URIPATH", "GenericLFI_URIPath", {"path": "/v1/../../x"}),
    ("Common", "GenericLFI_BODY", "GenericLFI_Body", body("open ../../secret")),
    ("Common", "RestrictedExtensions_URIPATH", "RestrictedExtensions_URIPath",
     {"path": "/v1/app.log"}),
    ("Common", "RestrictedExtensions_QUERYARGUMENTS", "RestrictedExtensions_QueryArguments",
     {"query": "f=app.ini"}),
    ("Common", "GenericRFI_QUERYARGUMENTS", "GenericRFI_QueryArguments",
     {"query": "f=ftp://198.51.100.1/x"}),
    ("Common", "GenericRFI_BODY", "GenericRFI_Body", body("load https://198.51.100.1/x")),
    ("Common", "GenericRFI_URIPATH", "GenericRFI_URIPath", {"path": "/v1/http://198.51.100.1"}),
    ("Common", "CrossSiteScripting_COOKIE", "CrossSiteScripting_Cookie",
     with_header("Cookie", "a=<script>alert(1)</script>")),
    ("Common", "CrossSiteScripting_QUERYARGUMENTS", "CrossSiteScripting_QueryArguments",
     {"query": "a=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E"}),
    ("Common", "CrossSiteScripting_BODY", "CrossSiteScripting_Body",
     body("%26lt;script%26gt;alert(1)")),
    ("Common", "CrossSiteScripting_URIPATH", "CrossSiteScripting_URIPath",
     {"path": "/v1/%3Cscript%3Ealert(1)%3C/script%3E"}),
    ("KnownBadInputs", "JavaDeserializationRCE_HEADER", "JavaDeserializationRCE_Header",
     with_header("x", '(java.lang.Runtime).getRuntime().exec("whoami")')),
    ("KnownBadInputs", "JavaDeserializationRCE_BODY", "JavaDeserializationRCE_Body",
     body("(java.lang.Runtime).getRuntime().exec('whoami')")),
    ("KnownBadInputs", "JavaDeserializationRCE_URIPATH", "JavaDeserializationRCE_URIPath",
     {"path": "/v1/class.module.classLoader"}),
    ("KnownBadInputs", "JavaDeserializationRCE_QUERYSTRING", "JavaDeserializationRCE_QueryString",
     {"query": "class.module.classLoader.x=1"}),
    ("KnownBadInputs", "PROPFIND_METHOD", "Propfind_Method", {"method": "PROPFIND"}),
    ("KnownBadInputs", "ExploitablePaths_URIPATH", "ExploitablePaths_URIPath",
     {"path": "/WEB-INF/web.xml"}),
    ("KnownBadInputs", "Log4JRCE_HEADER", "Log4JRCE_Header",
     with_header("x", "${jndi:ldap://example.com/}")),
    ("KnownBadInputs", "Log4JRCE_QUERYSTRING", "Log4JRCE_QueryString",
     {"query": "q=%24%7Bjndi:ldap://example.com/%7D"}),
    ("KnownBadInputs", "Log4JRCE_BODY", "Log4JRCE_Body",
     body("${${lower:j}n${::-d}i:ldap://example.com/}")),
    ("KnownBadInputs", "Log4JRCE_URIPATH", "Log4JRCE_URIPath", {"path": "/$%7Bjndi:rmi://x%7D"}),
    ("KnownBadInputs", "ReactJSRCE_BODY", "ReactJSRCE_Body", body("$1:__proto__:then")),
    ("SQLi", "SQLi_QUERYARGUMENTS", "SQLi_QueryArguments", {"query": "q=1%27%20OR%20%271%27=%271"}),
    ("SQLi", "SQLiExtendedPatterns_QUERYARGUMENTS", "SQLiExtendedPatterns_QueryArguments",
     {"query": "q=information_schema.tables"}),
    ("SQLi", "SQLi_BODY", "SQLi_Body", body("x' OR '1'='1")),
    ("SQLi", "SQLiExtendedPatterns_BODY", "SQLiExtendedPatterns_Body",
     body("please run xp_cmdshell for me")),
    ("SQLi", "SQLiExtendedPatterns_HEADER", "SQLiExtendedPatterns_Header",
     with_header("x", "a union select b")),
    ("SQLi", "SQLiExtendedPatterns_URIPATH", "SQLiExtendedPatterns_UriPath",
     {"path": "/v1/information_schema.x"}),
    ("SQLi", "SQLi_COOKIE", "SQLi_Cookie", with_header("Cookie", "id=1' or '1'='1")),
    ("SQLi", "SQLi_URIPATH", "SQLi_URIPath", {"path": "1'%20or%20'1'='1"}),
    ("Windows", "WindowsShellCommands_HEADER", "WindowsShellCommands_Header",
     with_header("x", "a;cmd")),
    ("Windows", "WindowsShellCommands_QUERYARGUMENTS", "WindowsShellCommands_QueryArguments",
     {"query": "q=a||nslookup"}),
    ("Windows", "WindowsShellCommands_QUERYSTRING", "WindowsShellCommands_QueryString",
     {"query": "a||nslookup"}),
    ("Windows", "WindowsShellCommands_URIPATH", "WindowsShellCommands_UriPath",
     {"path": "/v1/x||nslookup"}),
    ("Windows", "WindowsShellCommands_BODY", "WindowsShellCommands_Body", body("a || nslookup b")),
    ("Windows", "PowerShellCommands_COOKIE", "PowerShellCommands_Cookie",
     with_header("Cookie", "a=Invoke-Expression")),
    ("Windows", "PowerShellCommands_QUERYARGUMENTS", "PowerShellCommands_QueryArguments",
     {"query": "q=Invoke-Expression"}),
    ("Windows", "PowerShellCommands_BODY", "PowerShellCommands_Body", body("Invoke-Expression x")),
]  # fmt: skip


def full(name: str) -> str:
    return f"AWSManagedRules{name}RuleSet"


def namespace(name: str) -> str:
    return f"awswaf:managed:aws:{GROUPS[full(name)].namespace}:"


@pytest.mark.parametrize(
    ("name", "stops", "label", "parts"), STOPPED, ids=[case[1] for case in STOPPED]
)
def test_a_managed_rule_stops_its_example_under_awss_label(
    edge: Edge, name: str, stops: str, label: str, parts: dict[str, Any]
) -> None:
    # Every other rule of the group is only counted: this one must stop it by itself.
    others = [one.name for one in GROUPS[full(name)].rules if one.name != stops]
    options = [{"Name": other, "ActionToUse": {"Count": {}}} for other in others]
    edge.apply(group("managed", managed(full(name), RuleActionOverrides=options)))
    verdict = edge.send(**parts)
    assert verdict.action == "BLOCK"
    assert namespace(name) + label in verdict.labels
    (record,) = verdict.log_record["ruleGroupList"]
    assert record["ruleGroupId"] == f"AWS#{full(name)}"
    assert record["terminatingRule"]["ruleId"] == stops
    assert verdict.log_record["terminatingRuleType"] == "MANAGED_RULE_GROUP"


def test_json_escapes_hide_nothing(edge: Edge) -> None:
    edge.apply(group("crs", managed(full("Common"))))
    assert edge.send(**body("\\u003cscript>alert(1)\\u003c/script>")).action == "BLOCK"


def test_every_managed_rule_that_looks_at_requests_has_an_example() -> None:
    rules = {
        rule.name
        for one in GROUPS.values()
        if one.namespace != "amazon-ip-list"
        for rule in one.rules
    }
    assert rules - {case[1] for case in STOPPED} == {"Host_localhost_HEADER"}


def test_a_rehearsal_on_loopback_is_not_stopped_for_its_host_and_a_real_localhost_is(
    edge: Edge,
) -> None:
    edge.apply(group("bad", managed(full("KnownBadInputs"))))
    assert edge.send(headers=[UA, ("Host", "localhost:4566")]).action == "ALLOW"
    (rule,) = (one for one in GROUPS[full("KnownBadInputs")].rules if "localhost" in one.name)
    seen = Inspection(edge.request(headers=[UA, ("Host", "localhost")]), 16_384)
    assert rule.statement.matches(seen)


CHATS = [
    "Hello, where is my order 4711? It's late and I don't have a tracking number.",
    "Can you select the best plan from your list and update my account, or drop the old one?",
    "Is 1 < 2? What about x > y & z; I'm not sure... #help -- thanks!",
    "Please explain how <b>bold</b> text works in HTML",
    "My e-mail is jane.doe@example.com, my site is https://example.com/shop?id=1&lang=en",
    "Ünïcödé 你好 😀 quotes \\\"like these\\\" and 'those' or 50% off",
]


@pytest.mark.parametrize("message", CHATS)
def test_an_ordinary_chat_passes_all_groups(edge: Edge, message: str) -> None:
    edge.apply(*(group(name, managed(name)) for name in GROUPS))
    verdict = edge.send(**body(message))
    assert (verdict.action, verdict.labels) == ("ALLOW", ())


@pytest.mark.parametrize(
    "noise", [b"\xff\xfe\x00", b"'" * 8000, b"<" * 8000, b"${" * 4000, b"%" * 99, b"../" * 3000]
)
def test_no_body_breaks_a_group(edge: Edge, noise: bytes) -> None:
    edge.apply(*(group(name, managed(name), counted=True) for name in GROUPS))
    assert edge.send(noise).action == "ALLOW"


STARTS = ["", "union", "'", "${", "$1:", "http://", "(java.lang.", "../"]
REPEATED = [
    "/**/", "/*", "*/", " ", "a", "1", "'", '"', ";", "${", "${a:-", "}", "../", ".", "=", "(",
    "union ",
]  # fmt: skip


@pytest.mark.parametrize("repeated", REPEATED)
def test_no_text_keeps_a_signature_busy(edge: Edge, repeated: str) -> None:
    """One that may read a text in many ways holds up every other request meanwhile."""
    edge.apply(*(group(name, managed(name), counted=True) for name in GROUPS))
    for times in (22, 8000 // len(repeated)):  # what grows without bounds shows before it hangs
        for start in STARTS:
            begun = time.thread_time()
            edge.send(start + repeated * times + "x")
            assert time.thread_time() - begun < 0.5, (start, times)


def test_labels_and_rule_names_are_spelled_as_aws_spells_them() -> None:
    for one in GROUPS.values():
        for rule in one.rules:
            assert re.fullmatch(r"[A-Za-z0-9_]+", rule.name)
            assert rule.action == ("COUNT" if rule.name == "AWSManagedIPDDoSList" else "BLOCK")


def test_without_libmodsecurity_the_groups_still_work_and_say_what_they_lack(
    edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detectors, "_module", lambda: None)
    detectors._detector.cache_clear()
    try:
        edge.apply(group("crs", managed(full("Common"))))
        assert edge.send(**body("<script>alert(1)</script>")).action == "ALLOW"
        assert edge.send(headers=[]).action == "BLOCK"
        assert any(detectors.MISSING in said for said in edge.account.said)
    finally:
        detectors._detector.cache_clear()
