"""IAM's policy simulator, answered by the evaluator that decides every call here.

Source: IAM API Reference, "SimulatePrincipalPolicy", "SimulateCustomPolicy". As there, a condition
finds only the keys that the caller gives, and a resource's own policy only if the caller gives it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from moto.core.serialize import QuerySerializer
from moto.core.utils import get_service_model

from emulator.iam.authorizer import Authorizer
from emulator.wire.call import Call
from emulator.wire.documents import Document, JsonObject
from emulator.wire.errors import AwsError
from emulator.wire.http import HttpResponse
from iam_policy import Decision, Policy, PolicyError, Query, evaluate, missing_keys

_DECISIONS = {
    "allowed": "allowed",
    "explicit_deny": "explicitDeny",
    "implicit_deny": "implicitDeny",
}
_STRICTEST = ("explicitDeny", "implicitDeny", "allowed")
_PAGE = 100


@dataclass(frozen=True)
class _Simulated:
    """Whose call is simulated, and under which policies."""

    caller: str
    identity: tuple[Policy, ...]
    boundary: Policy | None
    scps: tuple[tuple[Policy, ...], ...]
    resource: Policy | None
    context: Mapping[str, str | list[str]]


def answer(call: Call, authorizer: Authorizer) -> HttpResponse:
    """Answer SimulatePrincipalPolicy or SimulateCustomPolicy. Raises AwsError."""
    try:
        simulated = _simulated(call, authorizer)
    except PolicyError as error:
        raise AwsError(400, "InvalidInput", f"Invalid input: {error}") from error
    start = int(call.params.get("Marker") or 0)
    end = start + int(call.params.get("MaxItems") or _PAGE)
    actions = call.params["ActionNames"]
    resources = call.params.get("ResourceArns") or ["*"]
    result: JsonObject = {
        "EvaluationResults": [_result(simulated, each, resources) for each in actions[start:end]],
        "IsTruncated": end < len(actions),
    }
    if result["IsTruncated"]:
        result["Marker"] = str(end)
    return _serialized(call, result)


def _simulated(call: Call, authorizer: Authorizer) -> _Simulated:
    params = call.params
    source = str(params.get("PolicySourceArn") or "")
    nobody = f"arn:{call.partition}:iam::000000000000:role/simulated"
    caller = str(params.get("CallerArn") or source or nobody)
    identity: tuple[Policy, ...] = ()
    boundary: Policy | None = None
    if source:
        identity, boundary = authorizer.policies_of(source)
        excluded = set(params.get("PolicyExclusionList") or ())
        identity = tuple(policy for policy in identity if policy.name not in excluded)
    given = params.get("PermissionsBoundaryPolicyInputList") or ()
    if given:
        boundary = Policy(given[0], "PermissionsBoundaryPolicyInputList.1")
    resource = params.get("ResourcePolicy")
    return _Simulated(
        caller,
        (*identity, *_read(params.get("PolicyInputList") or (), "PolicyInputList")),
        boundary,
        tuple(
            tuple(_read(level.get("ServiceControlPolicyInputList") or (), f"level {number}"))
            for number, level in enumerate(params.get("OrderedOrganizationPolicyInputList") or ())
        ),
        Policy(resource, "ResourcePolicy", "resource") if resource else None,
        {
            str(entry["ContextKeyName"]): _value(entry)
            for entry in params.get("ContextEntries") or ()
        },
    )


def _read(documents: Iterable[str], name: str) -> list[Policy]:
    return [Policy(text, f"{name}.{number}") for number, text in enumerate(documents, 1)]


def _value(entry: Document) -> str | list[str]:
    values = [str(value) for value in entry.get("ContextKeyValues") or ()]
    several = str(entry.get("ContextKeyType", "string")).endswith("List")
    return values if several or len(values) != 1 else values[0]


def _result(simulated: _Simulated, action: str, resources: Sequence[str]) -> JsonObject:
    """Return an action's result: the strictest of those for each resource."""
    each = [_decided(simulated, action, resource) for resource in resources]
    decisions = [one["EvalResourceDecision"] for one in each]
    strictest = next(decision for decision in _STRICTEST if decision in decisions)
    deciding = [one for one in each if one["EvalResourceDecision"] == strictest]
    result: JsonObject = {
        "EvalActionName": action,
        # AWS gives the template of the action's resource, which nothing here knows.
        "EvalResourceName": "*",
        "EvalDecision": strictest,
        "MatchedStatements": _distinct(one["MatchedStatements"] for one in deciding),
        "MissingContextValues": _distinct(one["MissingContextValues"] for one in each),
    }
    if simulated.boundary is not None:
        details = [one["PermissionsBoundaryDecisionDetail"] for one in each]
        allowed = all(detail["AllowedByPermissionsBoundary"] for detail in details)
        result["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": allowed}
    if simulated.scps:
        allowed = all(
            _decide(simulated, action, resource).source != "scp" for resource in resources
        )
        result["OrganizationsDecisionDetail"] = {"AllowedByOrganizations": allowed}
    if list(resources) != ["*"]:
        result["ResourceSpecificResults"] = each
    return result


def _decided(simulated: _Simulated, action: str, resource: str) -> JsonObject:
    decision = _decide(simulated, action, resource)
    policies = [*simulated.identity, *([simulated.resource] if simulated.resource else [])]
    result: JsonObject = {
        "EvalResourceName": resource,
        "EvalResourceDecision": _DECISIONS[decision.reason],
        "MatchedStatements": _matched(decision),
        "MissingContextValues": missing_keys(_query(simulated, action, resource), policies),
    }
    if simulated.boundary is not None:
        within = evaluate(_query(simulated, action, resource), identity=(simulated.boundary,))
        result["PermissionsBoundaryDecisionDetail"] = {
            "AllowedByPermissionsBoundary": within.allowed
        }
    return result


def _query(simulated: _Simulated, action: str, resource: str) -> Query:
    return Query(action, resource, simulated.context, simulated.caller)


def _decide(simulated: _Simulated, action: str, resource: str) -> Decision:
    return evaluate(
        _query(simulated, action, resource),
        identity=simulated.identity,
        boundary=simulated.boundary,
        resource_policy=simulated.resource,
        scps=simulated.scps,
    )


def _matched(decision: Decision) -> list[dict[str, str]]:
    """Return the statement that decided, unless it is an organization's."""
    if decision.reason == "implicit_deny" or decision.source == "scp":
        return []
    return [{"SourcePolicyId": decision.by.partition("/")[0], "SourcePolicyType": "IAM Policy"}]


def _distinct[T](lists: Iterable[Iterable[T]]) -> list[T]:
    found: list[T] = []
    for each in lists:
        found += [one for one in each if one not in found]
    return found


def _serialized(call: Call, result: Document) -> HttpResponse:
    model = get_service_model(call.service).operation_model(call.operation)
    answered = QuerySerializer(model).serialize(result)
    headers = tuple((name, str(value)) for name, value in answered["headers"].items())
    body = answered["body"]
    return HttpResponse(
        answered["status_code"], headers, body.encode() if isinstance(body, str) else body
    )
