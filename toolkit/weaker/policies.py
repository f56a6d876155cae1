"""What a changed policy newly allows, no longer denies, and no longer allows to what keeps watch.

Each statement is asked about itself: a request is made that it just matches, and both policies
decide (iam_policy). A pattern of actions or resources stands for itself, since only a pattern as
wide matches its text.
"""

from __future__ import annotations

import itertools
import json
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from iam_policy import Policy, PolicyError, Query, evaluate
from toolkit.weaker.plans import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ANYTHING = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}
# Policies of a caller who may do anything that nobody denies.
OPEN = (Policy(ANYTHING, "anything"),)
EMPTY = '{"Version": "2012-10-17", "Statement": []}'
NOBODY = "arn:aws:iam::999999999999:role/nobody"
# An ARN in place of an unknown one: it is compared with itself alone.
STAND_IN = "arn:aws:unknown:::after-apply"
# What writes the record of what happens, and tells people.
WATCH = (
    "cloudwatch:PutMetricData", "logs:CreateLogStream", "logs:PutLogEvents", "s3:PutObject",
    "sns:Publish",
)  # fmt: skip
# More requests of one statement than this tell nothing new.
MOST = 200
Statement = dict[str, Any]
Context = dict[str, str]


def compare(before: str, after: str, kind: str) -> Iterator[str]:
    """Yield a sentence for each statement that becomes weaker.

    `kind` is `identity`, `resource` or `trust`. A text that is no policy is compared as a text.
    """
    try:
        old, new = _read(before), _read(after)
        if old == new and before.count('"2012-10-17"') == after.count('"2012-10-17"'):
            return
        if "${" in before + after and before.count('"2012-10-17"') != after.count('"2012-10-17"'):
            yield "changes its version, and with it what its variables mean"
        _adopt(old, new)
        yield from _lost(old, new, kind)
        yield from _gained(old, new, kind)
        yield from _withheld(old, new, kind)
    except (PolicyError, ValueError, KeyError, TypeError) as error:
        yield f"changes in a way that cannot be judged here ({error}); read it"


def _read(text: str) -> list[Statement]:
    document = json.loads(text.replace(UNKNOWN, STAND_IN))
    statements = document["Statement"]
    return list(statements) if isinstance(statements, list) else [statements]


def _adopt(old: list[Statement], new: list[Statement]) -> None:
    """Take what is known after the apply alone as unchanged, where a statement keeps its id."""
    by_sid = {one.get("Sid"): one for one in old if one.get("Sid")}

    def adopt(there: Any, here: Any) -> Any:
        if isinstance(here, dict) and isinstance(there, dict):
            return {name: adopt(there.get(name), value) for name, value in here.items()}
        if STAND_IN in _several(here) and there is not None:
            known = [value for value in _several(here) if value != STAND_IN]
            return known + [value for value in _several(there) if value not in known]
        return here

    for at, one in enumerate(new):
        if one.get("Sid") in by_sid:
            new[at] = adopt(by_sid[one["Sid"]], one)


def _lost(old: list[Statement], new: list[Statement], kind: str) -> Iterator[str]:
    later = _policy(new, kind)
    for one in old:
        if one["Effect"] != "Deny" or one in new:
            continue
        own = _policy([one], kind)
        for query in _requests(one, new):
            if _denied(own, query, kind) and not _denied(later, query, kind):
                yield f"no longer denies {_described(one, query)}"
                break


def _gained(old: list[Statement], new: list[Statement], kind: str) -> Iterator[str]:
    earlier = _allows(old, kind)
    for one in new:
        if one["Effect"] != "Allow" or one in old:
            continue
        own = _allows([one], kind)
        for query in _requests(one, old):
            # What names somebody allows without a policy of theirs, as no word for an account does.
            if any(
                _allowed(own, query, kind, theirs) and not _allowed(earlier, query, kind, theirs)
                for theirs in (OPEN, ())
            ):
                yield f"newly allows {_described(one, query)}"
                break


def _withheld(old: list[Statement], new: list[Statement], kind: str) -> Iterator[str]:
    """Yield what services of AWS may no longer do, or a role no longer record."""
    later = _allows(new, kind)
    for one in old:
        if one["Effect"] != "Allow" or one in new:
            continue
        own = _allows([one], kind)
        for query in _requests(one, new):
            watches = (
                any(fnmatchcase(action.lower(), query.action.lower()) for action in WATCH)
                if kind == "identity"
                else query.principal.endswith(".amazonaws.com")
            )
            if not watches or STAND_IN in query.resource:
                continue
            if _allowed(own, query, kind) and not _allowed(later, query, kind):
                yield f"no longer allows {_described(one, query)}"
                break


def _policy(statements: list[Statement], kind: str, name: str = "it") -> Policy:
    # A federated principal is compared by its name, as a service is.
    renamed = [
        {
            element: _principals(value) if "Principal" in element else value
            for element, value in one.items()
        }
        for one in statements
    ]
    return Policy({"Version": "2012-10-17", "Statement": renamed}, name, kind)  # type: ignore[arg-type]


def _principals(value: Any) -> Any:
    if not isinstance(value, dict) or "Federated" not in value:
        return value
    services = [*_several(value.get("Service", [])), *map(_federated, _several(value["Federated"]))]
    return {**{k: v for k, v in value.items() if k != "Federated"}, "Service": services}


def _federated(name: str) -> str:
    return f"federated.{name}"


def _denied(policy: Policy, query: Query, kind: str) -> bool:
    if kind == "identity":
        found = evaluate(query, identity=[*OPEN, policy])
    else:
        found = evaluate(query, identity=OPEN, resource_policy=policy)
    return found.reason == "explicit_deny"


def _allows(statements: list[Statement], kind: str) -> Policy:
    return _policy([one for one in statements if one["Effect"] == "Allow"], kind)


def _allowed(policy: Policy, query: Query, kind: str, theirs: tuple[Policy, ...] = OPEN) -> bool:
    if kind == "identity":
        return evaluate(query, identity=[policy]).allowed
    return evaluate(
        query, identity=theirs, resource_policy=policy, resource_policy_decides=True
    ).allowed


def _described(statement: Statement, query: Query) -> str:
    sid = f" ({statement['Sid']})" if statement.get("Sid") else ""
    who = f" by {query.principal}" if query.principal != NOBODY else ""
    when = ", ".join(f"{key} = {value or '(empty)'}" for key, value in query.context.items())
    where = "any resource" if query.resource == "*" else query.resource
    return f"{query.action} on {where}{who}{f' when {when}' if when else ''}{sid}"


def _requests(statement: Statement, others: list[Statement]) -> Iterator[Query]:
    """Yield requests that a statement matches: each of its parts is met in every way once.

    Keys that it leaves open have values that conditions of the `others` are about.
    """
    parts: list[list[Any]] = [
        _values(statement, "Action", "elsewhere:Anything", others),
        _values(statement, "Resource", "arn:aws:elsewhere:::anything", others)
        if _has_resource(statement)
        else ["*"],
        _callers(statement),
        _open(list(_contexts(statement.get("Condition", {}))), others),
    ]
    # Each value of each part first: there are too many ways to put all of them together.
    in_turn = (
        itertools.product(*(part if part is every else part[:1] for part in parts))
        for every in parts
    )
    together = itertools.islice(itertools.product(*parts), MOST * 20)
    for action, resource, caller, context in itertools.chain(*in_turn, together):
        yield Query(action=action, resource=resource, context=context, principal=caller)


def _has_resource(statement: Statement) -> bool:
    return "Resource" in statement or "NotResource" in statement


def _values(statement: Statement, element: str, other: str, others: list[Statement]) -> list[str]:
    if element in statement:
        return _several(statement[element])
    # What the others leave out, this one may not.
    return [other, *(value for one in others for value in _several(one.get(f"Not{element}", [])))]


def _callers(statement: Statement) -> list[str]:
    if "Principal" not in statement:
        return [NOBODY]
    named = statement["Principal"]
    if named == "*":
        return [NOBODY]
    callers = []
    for sort, names in named.items():
        for name in _several(names):
            if name == "*":
                callers.append(NOBODY)
            elif sort == "AWS" and name.endswith(":root"):
                callers.append(name.replace(":root", ":role/anybody"))
            else:
                callers.append(_federated(name) if sort == "Federated" else name)
    return callers


def _contexts(conditions: Mapping[str, Any]) -> Iterator[Context]:
    """Yield contexts that meet all conditions; each condition is met in each way at least once."""
    ways = [
        list(_ways(operator, key, values))
        for operator, keys in conditions.items()
        for key, values in keys.items()
    ]
    if not all(ways):
        return  # A condition without any value is never met.
    first = [one[0] for one in ways]
    yield _joined(first)
    for at, each in enumerate(ways):
        for other in each[1:]:
            yield _joined([*first[:at], other, *first[at + 1 :]])


def _open(contexts: list[Context], others: list[Statement]) -> list[Context]:
    """Return the contexts, and the first one with each value that others compare its keys with."""
    more = [
        {key: value}
        for other in others
        for operator, keys in other.get("Condition", {}).items()
        for key, values in keys.items()
        for value in (*map(str, _several(values)), OTHER_ARN if "Arn" in operator else OTHER)
    ]
    return [*contexts, *({**contexts[0], **one} for one in more if contexts)]


def _joined(parts: list[Context]) -> Context:
    """Return one context; of conditions on the same key, a positive one decides the value."""
    context: Context = {}
    for part in parts:
        context.update(
            {
                key: value
                for key, value in part.items()
                if key not in context or value not in (OTHER_ARN, OTHER)
            }
        )
    return context


OTHER, OTHER_ARN = "something-else", "arn:aws:elsewhere:us-east-1:999999999999:something/else"


def _ways(operator: str, key: str, values: Any) -> Iterator[Context]:
    name = operator.lower().removeprefix("foranyvalue:")
    texts = [str(one).lower() if isinstance(one, bool) else str(one) for one in _several(values)]
    if name == "null":
        for text in texts:
            yield {} if text == "true" else {key: OTHER}
        return
    absent = name.startswith("forallvalues:") or "ifexists" in name or "not" in name
    if "not" in name:
        yield {key: OTHER_ARN if "arn" in name else "203.0.113.9" if "ip" in name else OTHER}
    elif "lessthan" in name or "greaterthan" in name:
        step = -1 if "less" in name else 1
        for text in texts:
            yield {key: str(float(text) + (0 if "equals" in name else step))}
    else:
        for text in texts:
            yield {key: text.partition("/")[0] if "ipaddress" in name else text}
    if absent:
        yield {}


def _several(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [value]
