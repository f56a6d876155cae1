"""What AWS WAF's API refuses of a set, a rule group or a web ACL, and with which error.

Otherwise a rule that AWS would never have taken is applied here, and stops nothing.
"""

import ipaddress
import re
from collections.abc import Iterable, Iterator, Sequence

from botocore.client import BaseClient

from emulator.account import Account
from emulator.waf.capacity import capacity
from emulator.waf.lookups import REFERENCED, found, referenced
from emulator.waf.patterns import PatternError, validate_pattern
from emulator.wire.call import Call
from emulator.wire.documents import Document
from emulator.wire.errors import AwsError
from emulator.wire.http import HttpResponse, json_response
from toolkit import aws_facts

_DESTINATION = re.compile(
    r"arn:[\w-]+:(?:logs:.+:log-group:|firehose:.+:deliverystream/|s3:::)aws-waf-logs-.+"
)
_MAX_ADDRESSES = 10_000
_MAX_PATTERNS = 10
_MAX_CAPACITY = 5_000
"""AWS WAF quotas: addresses and patterns in a set, which cannot be raised, and capacity units of a
web ACL."""

_NO_ARN = (
    "The ARN isn't valid. A valid ARN begins with arn: and includes other information separated by"
    " colons or slashes."
)

_PATTERN_SETS = {"CreateRegexPatternSet", "UpdateRegexPatternSet"}
_ADDRESSES = {"CreateIPSet", "UpdateIPSet"}
_GROUPS = {"CreateRuleGroup", "UpdateRuleGroup"}
_RULES = {"CreateWebACL", "UpdateWebACL"}
_GROUP_STATEMENTS = {"ManagedRuleGroupStatement", "RuleGroupReferenceStatement"}


class _RefusalError(AwsError):
    def __init__(self, code: str, message: str, **members: str) -> None:
        super().__init__(400, code, message, members={"Message": message} | members)


def refuse(call: Call, account: Account) -> None:
    """Refuse what AWS WAF refuses. Raises AwsError."""
    if call.region != account.region:
        return
    operation, params = call.operation, call.params
    if operation == "PutLoggingConfiguration":
        _check_destination(params["LoggingConfiguration"])
    elif operation in _PATTERN_SETS:
        _check_patterns(params)
    elif operation in _ADDRESSES:
        _check_addresses(params, account.client("wafv2"))
    elif operation in _GROUPS:
        _check_group(params, account.client("wafv2"))
    elif operation in _RULES:
        _checked_capacity(params, account.client("wafv2"))
        _check_bodies(params)


def answer_capacity(call: Call, account: Account) -> HttpResponse | None:
    """Answer CheckCapacity in the account's own Region. Raises AwsError."""
    if call.region != account.region:
        return None
    units = _checked_capacity(call.params, account.client("wafv2"))
    return json_response(200, {"Capacity": units})


def _invalid(reason: str, field: str, parameter: str) -> _RefusalError:
    return _RefusalError(
        "WAFInvalidParameterException",
        f"Error reason: {reason}, field: {field}, parameter: {parameter}",
        Reason=reason,
        Field=field,
        Parameter=parameter,
    )


def _too_much(what: str) -> _RefusalError:
    return _RefusalError(
        "WAFLimitsExceededException",
        "AWS WAF couldn't perform the operation because you exceeded your resource limit. For"
        f" example, the maximum number of WebACL objects that you can create. Here: {what}",
    )


def _check_destination(logging: Document) -> None:
    destinations = logging["LogDestinationConfigs"]
    if len(destinations) != 1 or not _DESTINATION.fullmatch(destinations[0]):
        raise _invalid(_NO_ARN, "LOG_DESTINATION", ", ".join(destinations))


def _check_patterns(params: Document) -> None:
    patterns = [one["RegexString"] for one in params.get("RegularExpressionList") or ()]
    if len(patterns) > _MAX_PATTERNS:
        raise _too_much(f"a pattern set holds {_MAX_PATTERNS} patterns, and not {len(patterns)}")
    for pattern in patterns:
        _check_pattern(pattern, "REGEX_PATTERN_SET")


def _check_addresses(params: Document, client: BaseClient) -> None:
    addresses = params.get("Addresses") or ()
    if len(addresses) > _MAX_ADDRESSES:
        raise _too_much(f"an IP set holds {_MAX_ADDRESSES} addresses, and not {len(addresses)}")
    version = params.get("IPAddressVersion")
    if version is None:
        at = {key: params[key] for key in ("Name", "Id", "Scope")}
        known = found(client.get_ip_set, "IPSet", **at)
        if known is None:
            return  # moto refuses it
        version = known["IPAddressVersion"]
    for address in addresses:
        try:
            network = ipaddress.ip_network(address)
        except ValueError:
            network = None
        fits = network is not None and f"IPV{network.version}" == version
        if not fits or "/" not in address or address.endswith("/0"):
            reason = "The parameter contains formatting that is not valid."
            raise _invalid(reason, "IP_ADDRESS", address)


def _check_group(params: Document, client: BaseClient) -> None:
    """Refuse a rule group that holds a group, or needs more than the capacity that it has."""
    for rule in params.get("Rules") or ():
        if _GROUP_STATEMENTS & set(rule.get("Statement") or {}):
            reason = "A reference in your rule statement is not valid."
            raise _invalid(reason, "RULE_GROUP_REFERENCE_STATEMENT", "Statement")
    units, most = _checked_capacity(params, client), params.get("Capacity")
    if most is None:
        at = {key: params[key] for key in ("Name", "Id", "Scope")}
        most = (found(client.get_rule_group, "RuleGroup", **at) or {"Capacity": units})["Capacity"]
    if units > most:
        reason = "You exceeded the capacity limit for a rule group or web ACL."
        raise _invalid(reason, "RULE_GROUP", str(units))
    _check_bodies(params)


def _check_pattern(pattern: str, field: str) -> None:
    try:
        validate_pattern(pattern)
    except PatternError as error:
        reason = f"The parameter contains formatting that is not valid: {error}."
        raise _invalid(reason, field, pattern) from None


def _checked_capacity(params: Document, client: BaseClient) -> int:
    rules: Sequence[Document] = params.get("Rules") or ()
    for key in ("Name", "Priority"):
        values = [rule[key] for rule in rules]
        if len(set(values)) < len(values):
            reason = f"Each rule needs a {key.lower()} of its own."
            raise _invalid(reason, "RULE", key)
    for rule in rules:
        _check_action(rule)
        statements = list(_statements(rule.get("Statement") or {}))
        for kind, options in statements:
            _check_statement(kind, options, client)
        if any(kind in _GROUP_STATEMENTS for kind, _ in statements[1:]):
            reason = "A reference in your rule statement is not valid."
            raise _invalid(reason, "STATEMENT", "Statement")
    units = capacity(rules, lambda arn: _check_referenced("rulegroup", arn, client)["Capacity"])
    if units > _MAX_CAPACITY:
        raise _too_much(f"the rules need {units} capacity units, and {_MAX_CAPACITY} is the most")
    return units


def _statements(shape: Document) -> Iterator[tuple[str, Document]]:
    """Yield a statement and all that it holds."""
    if len(shape) != 1:
        reason = (
            "You have used none or multiple values for a field that requires exactly one value."
        )
        raise _invalid(reason, "STATEMENT", "Statement")
    ((kind, options),) = shape.items()
    yield kind, options
    nested: Iterable[Document] = options.get("Statements") or ()
    for key in ("Statement", "ScopeDownStatement"):
        if key in options:
            nested = [options[key]]
    for one in nested:
        yield from _statements(one)


def _check_action(rule: Document) -> None:
    """Refuse all but an action for a rule, and an override for one that runs a group."""
    runs_group = bool(_GROUP_STATEMENTS & set(rule.get("Statement") or {}))
    given = {key for key in ("Action", "OverrideAction") if rule.get(key)}
    if given != {"OverrideAction" if runs_group else "Action"}:
        reason = "A reference in your rule statement is not valid."
        raise _invalid(reason, "RULE", "Statement")


def _check_bodies(params: Document) -> None:
    bodies = params.get("CustomResponseBodies") or {}
    for rule in params.get("Rules") or ():
        block = (rule.get("Action") or {}).get("Block") or {}
        body = (block.get("CustomResponse") or {}).get("CustomResponseBodyKey")
        if body is not None and body not in bodies:
            reason = "The custom response body that your rule refers to does not exist."
            raise _invalid(reason, "CUSTOM_RESPONSE", body)


def _check_statement(kind: str, options: Document, client: BaseClient) -> None:
    if kind in {"AndStatement", "OrStatement"} and len(options["Statements"]) < 2:
        reason = (
            "You haven't met a minimum requirement for a threshold setting. Examples include a rule"
            " group capacity setting that's too low and an OR statement with fewer than two"
            " nested statements."
        )
        raise _invalid(reason, f"{kind.removesuffix('Statement').upper()}_STATEMENT", kind)
    if "RegexString" in options:
        _check_pattern(options["RegexString"], "STATEMENT")
    if kind in REFERENCED:
        _check_referenced(REFERENCED[kind], options["ARN"], client)
    managed = kind == "ManagedRuleGroupStatement" and options["VendorName"] == "AWS"
    if managed and options["Name"] not in aws_facts.managed_rule_groups():
        raise _nothing_there()


def _check_referenced(kind: str, arn: str, client: BaseClient) -> Document:
    try:
        thing = referenced(client, kind, arn)
    except (IndexError, ValueError):
        raise _invalid(_NO_ARN, "RESOURCE_ARN", arn) from None
    if thing is None:
        raise _nothing_there()
    return thing


def _nothing_there() -> _RefusalError:
    return _RefusalError(
        "WAFNonexistentItemException",
        "AWS WAF couldn't perform the operation because your resource doesn't exist.",
    )
