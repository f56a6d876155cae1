"""AWS Managed Rules: the rules, actions and labels that AWS documents, with signatures of our own.

AWS publishes what each rule looks for and not how. SQL injection and cross-site scripting are
libinjection's; the rest are a few signatures around AWS's own examples. Address lists are empty.
Source: AWS WAF Developer Guide, "Baseline rule groups", "Use-case specific rule groups" and
"IP reputation rule groups".
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from emulator.waf.detectors import is_sqli, is_xss, remembered
from emulator.waf.fields import Field, Inspection, compile_field
from emulator.waf.statements import Statement, Test, sqli_detail
from emulator.wire.documents import JsonObject


@dataclass(frozen=True)
class ManagedRule:
    """One rule of a managed group; `label` is the part after the group's namespace."""

    name: str
    label: str
    statement: Statement
    action: str = "BLOCK"


@dataclass(frozen=True)
class ManagedGroup:
    """A managed rule group. `note` says how near to AWS's this one comes."""

    namespace: str
    rules: tuple[ManagedRule, ...]
    note: str


@dataclass(frozen=True)
class _Never:
    def matches(self, _: Inspection) -> bool:
        return False


@dataclass(frozen=True)
class _Absent:
    component: Field

    def matches(self, inspection: Inspection) -> bool:
        return not inspection.select(self.component).texts


@dataclass(frozen=True)
class _Larger:
    component: Field
    limit: int

    def matches(self, inspection: Inspection) -> bool:
        return any(len(text) > self.limit for text in inspection.select(self.component).texts)


@dataclass(frozen=True)
class _Scan:
    """A test on every reading of the components: as received and decoded, each text once."""

    components: tuple[Field, ...]
    test: Test
    describe: Callable[[bytes], JsonObject] | None = None

    def matches(self, inspection: Inspection) -> bool:
        for component in self.components:
            for text in inspection.readings(component):
                if self.test(text):
                    if self.describe is not None:
                        found = self.describe(text) | {"location": self.components[0].location}
                        inspection.details.append(found)
                    return True
        return False


_EVERYWHERE = {"MatchPattern": {"All": {}}, "OversizeHandling": "CONTINUE"}
_BODY = compile_field({"Body": {"OversizeHandling": "CONTINUE"}})
# The text of a JSON body after its escapes are undone: `\\u003cscript>` is a script all the same.
_JSON = compile_field({"JsonBody": _EVERYWHERE | {"MatchScope": "ALL"}})
_HEADERS = compile_field({"Headers": _EVERYWHERE | {"MatchScope": "ALL"}})
_COOKIES = compile_field({"Cookies": _EVERYWHERE | {"MatchScope": "VALUE"}})
_ARGUMENTS = compile_field({"AllQueryArguments": {}})
_QUERY = compile_field({"QueryString": {}})
_PATH = compile_field({"UriPath": {}})
_METHOD = compile_field({"Method": {}})


_HOST = compile_field({"SingleHeader": {"Name": "host"}})
_COOKIE = compile_field({"SingleHeader": {"Name": "cookie"}})
_USER_AGENT = compile_field({"SingleHeader": {"Name": "user-agent"}})


# Where a family of rules looks: suffix of the rule's name, suffix of its label, components.
_PLACES: Mapping[str, tuple[str, tuple[Field, ...]]] = {
    "BODY": ("Body", (_BODY, _JSON)),
    "COOKIE": ("Cookie", (_COOKIES,)),
    "HEADER": ("Header", (_HEADERS,)),
    "QUERYARGUMENTS": ("QueryArguments", (_ARGUMENTS,)),
    "QUERYSTRING": ("QueryString", (_QUERY,)),
    "URIPATH": ("URIPath", (_PATH,)),
}


def _family(
    name: str,
    test: Test,
    places: str,
    *,
    labels: Mapping[str, str] | None = None,
    describe: Callable[[bytes], JsonObject] | None = None,
) -> Iterator[ManagedRule]:
    """Make the rules that look for one thing in several places; `labels` are AWS's exceptions."""
    for place in places.split():
        suffix, components = _PLACES[place]
        label = f"{name}_{(labels or {}).get(place, suffix)}"
        yield ManagedRule(f"{name}_{place}", label, _Scan(components, test, describe))


def _search(*patterns: str) -> Test:
    search = re.compile(
        "|".join(f"(?:{pattern})" for pattern in patterns).encode(), re.IGNORECASE
    ).search
    return remembered(lambda text: search(text) is not None)


_bad_bot = _search(
    "nessus", "nmap", "nikto", "sqlmap", "masscan", "zgrab", "dirbuster", "gobuster", "wpscan",
    "acunetix", "netsparker", "openvas", "w3af", "havij", "zmeu", "morfeus",
)  # fmt: skip
_metadata_ssrf = _search(
    r"169\.254\.169\.254", r"latest/meta-data", r"latest/dynamic/instance-identity",
    r"fd00:ec2::254", "0xa9fea9fe", "2852039166", r"169\.254\.170\.2\b",
)  # fmt: skip
_traversal = _search(r"(?:\.\.[/\\]){2}", r"[/\\]\.\.[/\\]")
_remote_file = _search(r"(?:https?|ftps?|file)://(?:\d{1,3}\.){3}\d{1,3}")
_restricted_extension = _search(
    r"\.(?:log|ini|bak|old|swp|sql|conf|cfg|config|backup|pem|key|env|htaccess|htpasswd|mdb|dll)"
    r"(?:[/?;\s]|\Z)"
)
_java = _search(
    r"java\.lang\.(?:runtime|processbuilder)", r"getruntime\s*\(\s*\)", r"\.exec\s*\(\s*[\"']",
    r"class\.module\.classloader", r"\bprocessbuilder\s*\(", "ysoserial", r"\bro0ab[0-9a-z+/]{4}",
    r"\xac\xed\x00\x05", r"org\.apache\.commons\.collections\.functors", r"t\(java\.",
)  # fmt: skip
_react = _search(r"\$\d+:(?:__proto__|constructor)", "__proto__:then", r'"_formdata"\s*:')
_exploitable_path = _search(
    "(?:web|meta)-inf", r"/\.(?:git|svn|hg|aws|ssh|env)(?:[/?]|\Z)", r"/wp-config", r"/actuator/"
)
_localhost = _search(r"\A\s*(?:localhost|127\.\d+\.\d+\.\d+|\[::1\]|0\.0\.0\.0)(?::\d+)?\s*\Z")
_propfind = _search(r"\Apropfind\Z")
_sqli_extended = _search(
    r"\bunion\b(?:\s|/\*(?:[^*]|\*(?!/))*\*/)+(?:all\s+)?select\b",
    r";\s*(?:drop|truncate|alter)\s+(?:table|data)",
    r"\b(?:pg_)?sleep\s*\(\s*\d", r"\bbenchmark\s*\(\s*\d", r"\bwaitfor\s+delay\s*['\"]",
    r"\binformation_schema\.", r"\bxp_cmdshell\b", r"\bload_file\s*\(",
    r"\binto\s+(?:out|dump)file\b", r"['\"]\s*(?:or|and)\s+['\"]?\d+['\"]?\s*=\s*['\"]?\d",
    r"\bextractvalue\s*\(", r"\bupdatexml\s*\(",
)  # fmt: skip
_windows_commands = _search(
    r"(?:\|\|?|&&?|;)\s*(?:nslookup|cmd|powershell|ping|net|dir|type|ipconfig|whoami)\b",
    r"\bcmd(?:\.exe)?\s+/[ck]\b", r"[a-z]:\\windows\\",
)  # fmt: skip
_power_shell = _search(
    "invoke-(?:expression|webrequest|restmethod|command)", r"\biex\s*\(", "downloadstring",
    r"new-object\s+(?:system\.)?net\.webclient", r"-enc(?:odedcommand)?\s+[a-z0-9+/=]{16}",
)  # fmt: skip

_LOOKUP = re.compile(rb"\$\{[^${}]*[:-]([^${}:-]?)\}")
_JNDI = re.compile(rb"\$\{\s*(?:jndi\s*:|ctx\s*:|\$\{)")


def _log4j(text: bytes) -> bool:
    """Undo the nested lookups (`${lower:j}ndi`) that hide a JNDI lookup, then look for one."""
    if b"${" not in text:
        return False
    text = text.lower()
    for _ in range(8):
        if _JNDI.search(text):
            return True
        text, changed = _LOOKUP.subn(rb"\1", text)
        if not changed:
            return False
    return False


_NOTE_SIGNATURES = "AWS does not publish its signatures: a few around its examples replace them"
_NOTE_ADDRESSES = "AWS does not publish its address lists: they are empty"


def _addresses(*names: str, counted: str = "") -> tuple[ManagedRule, ...]:
    return tuple(
        ManagedRule(name, name, _Never(), "COUNT" if name == counted else "BLOCK") for name in names
    )


GROUPS: Mapping[str, ManagedGroup] = {
    "AWSManagedRulesCommonRuleSet": ManagedGroup(
        "core-rule-set",
        (
            ManagedRule("NoUserAgent_HEADER", "NoUserAgent_Header", _Absent(_USER_AGENT)),
            ManagedRule(
                "UserAgent_BadBots_HEADER",
                "BadBots_Header",
                _Scan((_USER_AGENT,), _bad_bot),
            ),
            ManagedRule(
                "SizeRestrictions_QUERYSTRING",
                "SizeRestrictions_QueryString",
                _Larger(_QUERY, 2048),
            ),
            ManagedRule(
                "SizeRestrictions_Cookie_HEADER",
                "SizeRestrictions_Cookie_Header",
                _Larger(_COOKIE, 10_240),
            ),
            ManagedRule("SizeRestrictions_BODY", "SizeRestrictions_Body", _Larger(_BODY, 8192)),
            ManagedRule(
                "SizeRestrictions_URIPATH", "SizeRestrictions_URIPath", _Larger(_PATH, 1024)
            ),
            *_family("EC2MetaDataSSRF", _metadata_ssrf, "BODY COOKIE URIPATH QUERYARGUMENTS"),
            *_family("GenericLFI", _traversal, "QUERYARGUMENTS URIPATH BODY"),
            *_family("RestrictedExtensions", _restricted_extension, "URIPATH QUERYARGUMENTS"),
            *_family("GenericRFI", _remote_file, "QUERYARGUMENTS BODY URIPATH"),
            # AWS does not fill in the match details of this group's script rules.
            *_family("CrossSiteScripting", is_xss, "COOKIE QUERYARGUMENTS BODY URIPATH"),
        ),
        _NOTE_SIGNATURES,
    ),
    "AWSManagedRulesKnownBadInputsRuleSet": ManagedGroup(
        "known-bad-inputs",
        (
            *_family("JavaDeserializationRCE", _java, "HEADER BODY URIPATH QUERYSTRING"),
            ManagedRule(
                "Host_localhost_HEADER",
                "Host_Localhost_Header",
                _Scan((_HOST,), _localhost),
            ),
            ManagedRule("PROPFIND_METHOD", "Propfind_Method", _Scan((_METHOD,), _propfind)),
            *_family("ExploitablePaths", _exploitable_path, "URIPATH"),
            *_family("Log4JRCE", _log4j, "HEADER QUERYSTRING BODY URIPATH"),
            *_family("ReactJSRCE", _react, "BODY"),
        ),
        _NOTE_SIGNATURES,
    ),
    "AWSManagedRulesSQLiRuleSet": ManagedGroup(
        "sql-database",
        (
            *_family("SQLi", is_sqli, "QUERYARGUMENTS", describe=sqli_detail("LOW")),
            *_family("SQLiExtendedPatterns", _sqli_extended, "QUERYARGUMENTS"),
            *_family("SQLi", is_sqli, "BODY", describe=sqli_detail("LOW")),
            *_family(
                "SQLiExtendedPatterns",
                _sqli_extended,
                "BODY HEADER URIPATH",
                labels={"URIPATH": "UriPath"},
            ),
            *_family("SQLi", is_sqli, "COOKIE URIPATH", describe=sqli_detail("LOW")),
        ),
        "SQL injection is libinjection's opinion; AWS's low and high sensitivity are the same here",
    ),
    # No module names it; AWS's log of its block is on record.
    "AWSManagedRulesWindowsRuleSet": ManagedGroup(
        "windows-os",
        (
            *_family(
                "WindowsShellCommands",
                _windows_commands,
                "HEADER QUERYARGUMENTS QUERYSTRING URIPATH BODY",
                labels={"URIPATH": "UriPath"},
            ),
            *_family("PowerShellCommands", _power_shell, "COOKIE QUERYARGUMENTS BODY"),
        ),
        _NOTE_SIGNATURES,
    ),
    "AWSManagedRulesAmazonIpReputationList": ManagedGroup(
        "amazon-ip-list",
        _addresses(
            "AWSManagedIPReputationList",
            "AWSManagedReconnaissanceList",
            "AWSManagedIPDDoSList",
            counted="AWSManagedIPDDoSList",
        ),
        _NOTE_ADDRESSES,
    ),
}
