"""What rules refer to by ARN, read from the applied configuration."""

from collections.abc import Callable

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from emulator.wire.documents import Document, JsonObject

# By the kind in an ARN: the operation that reads one, and what its answer calls it.
_READ_BY = {
    "ipset": ("get_ip_set", "IPSet"),
    "regexpatternset": ("get_regex_pattern_set", "RegexPatternSet"),
    "rulegroup": ("get_rule_group", "RuleGroup"),
}


def found(call: Callable[..., Document], key: str, **arguments: object) -> JsonObject | None:
    """Return `key` of an operation's answer; None when AWS WAF knows no such thing."""
    try:
        return call(**arguments).get(key)
    except ClientError as error:
        # An ARN may hold an id that none can have.
        if error.response["Error"]["Code"] in {
            "WAFNonexistentItemException",
            "ValidationException",
        }:
            return None
        raise


def entity(client: BaseClient, arn: str) -> JsonObject | None:
    """Look up a pattern set, IP set or rule group: `…:<scope>/<kind>/<name>/<id>`; None if none."""
    scope, kind, name, identifier = arn.split(":")[5].split("/")
    operation, key = _READ_BY[kind]
    return found(
        getattr(client, operation),
        key,
        Name=name,
        Scope="REGIONAL" if scope == "regional" else "CLOUDFRONT",
        Id=identifier,
    )
