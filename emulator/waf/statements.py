"""Rule statements: does a request match?

Source: AWS WAF Developer Guide, "Using rule statements in AWS WAF".
"""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Protocol

from emulator.waf.detectors import MISSING, available, is_sqli, remembered, sql_tokens
from emulator.waf.fields import Field, Inspection, UnsupportedError, compile_field, to_bytes
from emulator.waf.patterns import compile_pattern
from emulator.waf.rates import RateCounter, RateCounters
from emulator.waf.transforms import TRANSFORMS, chain
from emulator.wire.documents import Document, JsonObject

Test = Callable[[bytes], bool]


class Statement(Protocol):
    """A compiled statement; it keeps nothing of a request."""

    def matches(self, inspection: Inspection) -> bool:
        """Return whether the request matches."""
        ...


@dataclass(frozen=True)
class TextMatch:
    """Any text of a component, transformed, passes the test."""

    component: Field
    transforms: tuple[str, ...]
    test: Test
    describe: Callable[[bytes], JsonObject] | None = None

    def matches(self, inspection: Inspection) -> bool:
        """Return whether the request matches."""
        selected = inspection.select(self.component)
        if selected.verdict is not None:
            return selected.verdict
        for index, text in enumerate(inspection.texts(self.component, self.transforms)):
            if self.test(text):
                if self.describe is not None:
                    detail = self.describe(text)
                    detail["location"] = self.component.location
                    if selected.names:
                        detail["matchedFieldName"] = selected.names[index]
                    inspection.details.append(detail)
                return True
        return False


@dataclass(frozen=True)
class AddressMatch:
    """The peer's address is in a set."""

    networks: tuple[IPv4Network | IPv6Network, ...]

    def matches(self, inspection: Inspection) -> bool:
        """Return whether the request matches."""
        address = ip_address(inspection.request.source_ip)
        return any(address in network for network in self.networks)


@dataclass(frozen=True)
class AllOf:
    """Every statement matches."""

    statements: tuple[Statement, ...]

    def matches(self, inspection: Inspection) -> bool:
        """Return whether the request matches."""
        return all(statement.matches(inspection) for statement in self.statements)


@dataclass(frozen=True)
class AnyOf:
    """At least one statement matches."""

    statements: tuple[Statement, ...]

    def matches(self, inspection: Inspection) -> bool:
        """Return whether the request matches."""
        return any(statement.matches(inspection) for statement in self.statements)


@dataclass(frozen=True)
class Not:
    """The statement does not match; what it found is no match detail."""

    statement: Statement

    def matches(self, inspection: Inspection) -> bool:
        """Return whether the request matches."""
        known = len(inspection.details)
        matched = self.statement.matches(inspection)
        del inspection.details[known:]
        return not matched


@dataclass(frozen=True)
class KeyPart:
    """One part of what a rate-based rule counts by; `read` gives None when the request lacks it."""

    kind: str
    name: str | None
    read: Callable[[Inspection], str | None]


@dataclass(frozen=True)
class RateMatch:
    """The request's aggregation instance is over its limit."""

    rule: str
    limit: int
    window: int
    key_type: str
    parts: tuple[KeyPart, ...]
    scope_down: Statement | None
    counter: RateCounter = field(compare=False)

    def matches(self, inspection: Inspection) -> bool:
        """Count the request and return whether it matches."""
        if self.scope_down is not None and not self.scope_down.matches(inspection):
            return False
        values = [part.read(inspection) for part in self.parts]
        record: JsonObject = {
            "rateBasedRuleId": self.rule,
            "rateBasedRuleName": self.rule,
            "limitKey": self.key_type,
            "maxRateAllowed": self.limit,
            "evaluationWindowSec": str(self.window),
        }
        if None in values:
            inspection.rates.append(record | {"rateBasedRuleId": "NO_EVALUATION_PERFORMED"})
            return False
        if self.key_type == "IP":
            record["limitValue"] = values[0]
        elif self.key_type == "CUSTOMKEYS":
            record["customValues"] = [
                {"key": part.kind, "value": (value or "")[:32]}
                | ({"name": part.name} if part.name else {})
                for part, value in zip(self.parts, values, strict=True)
            ]
        if not self.counter.is_over(tuple(values)):
            return False
        inspection.rates.append(record)  # "The list of rate-based rules that acted on the request"
        return True


@dataclass(frozen=True)
class Compiler:
    """Turns statements in boto3's shape into compiled ones.

    `rule` is the name of the statement's rule, `owner` what makes that name unique.
    """

    owner: str
    rule: str
    rates: RateCounters
    patterns_of: Callable[[str], Sequence[str]]
    addresses_of: Callable[[str], Sequence[str]]

    def compile(self, shape: Document) -> Statement:
        """Compile one statement.

        Raises:
            UnsupportedError, PatternError, KeyError, ValueError: what this emulator cannot do.
        """
        ((kind, options),) = shape.items()
        if kind not in _COMPILE:
            raise UnsupportedError(f"{kind} is not evaluated")
        return _COMPILE[kind](self, options)

    def _nested(self, options: Document) -> tuple[Statement, ...]:
        return tuple(self.compile(one) for one in options["Statements"])

    def _text(
        self,
        options: Document,
        test: Test,
        describe: Callable[[bytes], JsonObject] | None = None,
    ) -> TextMatch:
        if options.get("PreParseTextTransformations"):
            raise UnsupportedError("transformations before JSON parsing are not applied")
        try:
            transforms = chain(options["TextTransformations"])
        except KeyError as error:
            raise UnsupportedError(f"the text transformation {error} is not applied") from None
        return TextMatch(compile_field(options["FieldToMatch"]), transforms, test, describe)

    def size(self, options: Document) -> Statement:
        """Compile a size constraint."""
        compare = getattr(operator, options["ComparisonOperator"].lower())
        size = int(options["Size"])
        return self._text(options, lambda text: bool(compare(len(text), size)))

    def byte_match(self, options: Document) -> Statement:
        """Compile a string match."""
        wanted = options["SearchString"]
        wanted = wanted.encode() if isinstance(wanted, str) else bytes(wanted)
        word = re.compile(rb"(?<![A-Za-z0-9_])" + re.escape(wanted) + rb"(?![A-Za-z0-9_])")
        tests: Mapping[str, Test] = {
            "EXACTLY": lambda text: text == wanted,
            "STARTS_WITH": lambda text: text.startswith(wanted),
            "ENDS_WITH": lambda text: text.endswith(wanted),
            "CONTAINS": lambda text: wanted in text,
            "CONTAINS_WORD": lambda text: word.search(text) is not None,
        }
        return self._text(options, tests[options["PositionalConstraint"]])

    def regex(self, options: Document) -> Statement:
        """Compile a match against one pattern."""
        return self._patterns(options, [options["RegexString"]])

    def regex_set(self, options: Document) -> Statement:
        """Compile a match against a pattern set."""
        return self._patterns(options, self.patterns_of(options["ARN"]))

    def _patterns(self, options: Document, patterns: Sequence[str]) -> Statement:
        searches = [compile_pattern(pattern).search for pattern in patterns]
        test = remembered(lambda text: any(search(text) for search in searches))
        return self._text(options, test)

    def addresses(self, options: Document) -> Statement:
        """Compile a match against an IP set."""
        if options.get("IPSetForwardedIPConfig"):
            raise UnsupportedError("an IP set cannot be compared with the address in a header")
        return AddressMatch(tuple(map(ip_network, self.addresses_of(options["ARN"]))))

    def sqli(self, options: Document) -> Statement:
        """Compile an SQL injection match; libinjection knows no sensitivity levels."""
        if not available():
            raise UnsupportedError(MISSING)
        sensitivity = options.get("SensitivityLevel") or "LOW"
        return self._text(options, is_sqli, sqli_detail(sensitivity))

    def rate(self, options: Document) -> Statement:
        """Compile a rate-based statement."""
        limit = int(options["Limit"])
        window = int(options.get("EvaluationWindowSec") or 300)
        key_type = options.get("AggregateKeyType") or "IP"
        parts: tuple[KeyPart, ...] = ()
        if key_type == "IP":
            parts = (_key_part("IP", {}),)
        elif key_type == "FORWARDED_IP":
            raise UnsupportedError("a rate-based rule cannot count by the address in a header")
        elif key_type == "CUSTOM_KEYS":
            parts = tuple(
                _key_part(kind, key) for one in options["CustomKeys"] for kind, key in one.items()
            )
        scope_down = options.get("ScopeDownStatement")
        return RateMatch(
            rule=self.rule,
            limit=limit,
            window=window,
            key_type="CUSTOMKEYS" if key_type == "CUSTOM_KEYS" else key_type,
            parts=parts,
            scope_down=self.compile(scope_down) if scope_down else None,
            counter=self.rates.get(f"{self.owner}/{self.rule}", repr(options), limit, window),
        )


def sqli_detail(sensitivity: str) -> Callable[[bytes], JsonObject]:
    """Return what describes an SQL injection in a log record."""
    return lambda text: {
        "conditionType": "SQL_INJECTION",
        "sensitivityLevel": sensitivity,
        "matchedData": sql_tokens(text),
    }


def _key_part(kind: str, options: Document) -> KeyPart:
    """Compile one aggregation key of a rate-based rule."""
    if kind == "IP":
        return KeyPart("IP", None, lambda i: i.request.source_ip)
    if kind != "Header":
        raise UnsupportedError(f"a rate-based rule cannot count by {kind}")
    transforms = chain(options.get("TextTransformations") or ())
    name = options["Name"]

    def transformed(inspection: Inspection) -> str | None:
        text = next(iter(inspection.header(to_bytes(name.strip().lower()))), None)
        if text is None:
            return None
        for transform in transforms:
            text = TRANSFORMS[transform](text)
        return text.decode("latin-1")

    return KeyPart("HEADER", name, transformed)


_COMPILE: Mapping[str, Callable[[Compiler, Document], Statement]] = {
    "SizeConstraintStatement": Compiler.size,
    "ByteMatchStatement": Compiler.byte_match,
    "RegexMatchStatement": Compiler.regex,
    "RegexPatternSetReferenceStatement": Compiler.regex_set,
    "IPSetReferenceStatement": Compiler.addresses,
    "SqliMatchStatement": Compiler.sqli,
    "RateBasedStatement": Compiler.rate,
    "AndStatement": lambda compiler, options: AllOf(compiler._nested(options)),
    "OrStatement": lambda compiler, options: AnyOf(compiler._nested(options)),
    "NotStatement": lambda compiler, options: Not(compiler.compile(options["Statement"])),
}
