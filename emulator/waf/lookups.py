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


def pattern_set(client: BaseClient, arn: str) -> JsonObject | None:
    """Return the regex pattern set of an ARN, `…:<scope>/regexpatternset/<name>/<id>`, if any.

    Raises IndexError or ValueError for another ARN.
    """
    scope, kind, name, identifier = arn.split(":")[5].split("/")
    if kind != "regexpatternset":
        raise ValueError(f"{arn} is no regex pattern set")
    return found(
        client.get_regex_pattern_set,
        "RegexPatternSet",
        Name=name,
        Scope="REGIONAL" if scope == "regional" else "CLOUDFRONT",
        Id=identifier,
    )
