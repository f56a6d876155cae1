"""What rules refer to by ARN, read from the applied configuration."""

from collections.abc import Callable

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from emulator.wire.documents import Document, JsonObject


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


_READ = {
    "ipset": ("get_ip_set", "IPSet"),
    "regexpatternset": ("get_regex_pattern_set", "RegexPatternSet"),
    "rulegroup": ("get_rule_group", "RuleGroup"),
}
# What a statement refers to by the ARN in it.
REFERENCED = {
    "IPSetReferenceStatement": "ipset",
    "RegexPatternSetReferenceStatement": "regexpatternset",
    "RuleGroupReferenceStatement": "rulegroup",
}


def referenced(client: BaseClient, kind: str, arn: str) -> JsonObject | None:
    """Return the set or rule group of an ARN, `…:<scope>/<kind>/<name>/<id>`, if any.

    Raises IndexError or ValueError for another ARN.
    """
    scope, named, name, identifier = arn.split(":")[5].split("/")
    if named != kind:
        raise ValueError(f"{arn} is no {kind}")
    call, key = _READ[kind]
    return found(
        getattr(client, call),
        key,
        Name=name,
        Scope="REGIONAL" if scope == "regional" else "CLOUDFRONT",
        Id=identifier,
    )
